import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { functionNames } from '../../scripts/build.ts';
import type { Template } from './template.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SLS = join(ROOT, 'node_modules/serverless/bin/serverless.js');
const run = promisify(execFile);

export interface Packaged {
  template: Template;
  zips: Map<string, Buffer>;
}

/**
 * What `npm run package` makes. Once for all test files of a run. With parameters of its own its functions are those of
 * the default, bundled once: no parameter changes their code.
 */
export async function packageStack(params: Record<string, string> = {}): Promise<Packaged> {
  return read(join(await packaged(params), '.serverless'));
}

async function packaged(params: Record<string, string>): Promise<string> {
  const isDefault = Object.keys(params).length === 0;
  const bundled = isDefault ? undefined : join(await packaged({}), 'dist');
  const name = createHash('sha256')
    .update(JSON.stringify(Object.entries(params).sort()))
    .digest('hex');
  return once(name, (directory) => makePackages(directory, params, bundled));
}

/** A directory of this run of vitest. Whoever asks first fills it, and the others wait. */
async function once(name: string, fill: (directory: string) => Promise<void>): Promise<string> {
  const directory = join(inject('packages'), name);
  const isFirst = (await mkdir(directory, { recursive: true })) !== undefined;
  const answer = join(inject('packages'), `${name}.answer`);
  if (isFirst) {
    await fill(directory).then(
      () => writeFile(answer, ''),
      (error: unknown) => writeFile(answer, `${error}\n${outputOf(error)}`),
    );
  }
  while (!existsSync(answer)) await setTimeout(100);
  const failure = await readFile(answer, 'utf8');
  if (failure !== '') throw new Error(failure);
  return directory;
}

/** A package takes both cores for seconds, so parameters that do not meet share one: what the account has already. */
export const FROM_ELSEWHERE = {
  stateKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/given',
  topicKmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/of-the-topic',
  alarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:on-call',
  permissionsBoundaryArn: 'arn:aws:iam::111122223333:policy/boundary',
  configRuleName: 'our-own',
  schedule: 'cron(0 6 ? * MON *)',
  runEveryDays: '7',
};

/** What a second stack of the account, with a rule of its own, is given. */
export const SECOND_STACK = {
  roleSuffix: '-team-a',
  createConfigRule: 'true',
  remediationConcurrency: '2',
  schedule: 'cron(0 6 ? * MON-FRI *)',
  runEveryDays: '3',
};

/** The hub of a fleet. */
export const FLEET = { fleet: join(ROOT, 'test/package/fleet.yml') };

/** osls says what is wrong where it says everything else. */
function outputOf(error: unknown): string {
  return error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
}

/** The default once more, in a directory of its own. */
export async function packageAgain(): Promise<Packaged> {
  const directory = await mkdtemp(join(inject('packages'), 'again-'));
  await makePackages(directory, {});
  return read(join(directory, '.serverless'));
}

/** Others may be using `dist` and `.serverless`. No AWS credentials, and nothing else of the caller's. */
async function makePackages(directory: string, params: Record<string, string>, bundled?: string): Promise<void> {
  for (const source of ['serverless.yml', 'resources', 'package.json']) {
    await cp(join(ROOT, source), join(directory, source), { recursive: true });
  }
  // No node_modules: osls would search it for each function.
  await symlink(join(ROOT, 'scripts'), join(directory, 'scripts'));
  if (bundled !== undefined) await useBundled(directory, bundled);
  const options = Object.entries(params).map(([name, value]) => `--param=${name}=${value}`);
  // What osls compiles into its home serves every package of this run.
  const { NODE_COMPILE_CACHE } = process.env;
  const env = {
    PATH: dirname(process.execPath),
    HOME: inject('packages'),
    AWS_REGION: 'eu-west-1',
    NODE_COMPILE_CACHE,
  };
  await run(process.execPath, [SLS, 'package', ...options], { cwd: directory, env }).catch((error: unknown) => {
    // What osls has to say is on its standard output.
    const said = typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : '';
    throw new Error(said, { cause: error });
  });
}

/** The plugin of serverless.yml, but that it finds `dist` filled. */
async function useBundled(directory: string, bundled: string): Promise<void> {
  await cp(bundled, join(directory, 'dist'), { recursive: true });
  await symlink(join(ROOT, 'test/package'), join(directory, 'plugins'));
  const file = join(directory, 'serverless.yml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('./scripts/build.ts', './plugins/bundled-plugin.ts'));
}

async function read(directory: string): Promise<Packaged> {
  const template = await readFile(join(directory, 'cloudformation-template-update-stack.json'), 'utf8');
  const zips = new Map<string, Buffer>();
  for (const name of await functionNames()) zips.set(name, await readFile(join(directory, `${name}.zip`)));
  return { template: JSON.parse(template) as Template, zips };
}
