import { EventError } from '../../shared/core/errors.ts';
import { parse } from './credentials-file.ts';
import type { SharedFiles } from './shared-files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const SERVICES = { STS: 'sts', SECRETS_MANAGER: 'secrets_manager' };

/**
 * Refuses to go on while the calls would go elsewhere than to AWS: whoever answers them decides what is written. An
 * endpoint is taken from the command line only, where it is seen.
 */
export async function expectNoEndpoint(
  environment: Environment,
  files: SharedFiles,
  profiles: readonly string[],
): Promise<void> {
  if (environment.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true') return;
  const variables = ['', ...Object.keys(SERVICES).map((name) => `_${name}`)].map((name) => `AWS_ENDPOINT_URL${name}`);
  const variable = variables.find((name) => environment[name]);
  if (variable !== undefined) throw refused(`the environment variable ${variable}`);
  const services = servicesSections(files.config.text);
  for (const name of profiles) {
    const merged = {
      ...(await parse(files.config.text, 'config'))[name],
      ...(await parse(files.credentials.text, 'credentials'))[name],
    };
    if (merged.endpoint_url) throw refused(`endpoint_url of [${name}]`);
    if (merged.services && services.has(merged.services)) throw refused(`services of [${name}]: ${merged.services}`);
  }
}

/** Names of the sections `[services x]` with an endpoint for one of ours. */
function servicesSections(config: string): Set<string> {
  const found = new Set<string>();
  let [section, service] = ['', ''];
  for (const line of config.split(/\r?\n/)) {
    const header = /^\s*\[([^\]]*)\]/.exec(line)?.[1];
    if (header !== undefined) section = /^services\s+["']?(.+?)["']?$/.exec(header)?.[1] ?? '';
    const [, indent = '', name = '', value = ''] = /^(\s*)([\w-]+)\s*=\s*(\S*)/.exec(line) ?? [];
    if (name !== '' && indent === '') service = value === '' ? name : '';
    if (section !== '' && name === 'endpoint_url' && Object.values(SERVICES).includes(service)) found.add(section);
  }
  return found;
}

function refused(where: string): EventError {
  return new EventError(
    `${where} sends calls to an address that is not AWS, which could decide what is written into your file. ` +
      'Take it away for this run, or name the endpoint by --endpoint-url.',
  );
}
