import { EventError } from '../../shared/core/errors.ts';
import { SecretAccessKey } from '../../shared/core/redacted.ts';
import type { KeyPair } from './credentials-file.ts';
import { type FileKind, type Setting, sectionsOf, settingOf } from './ini.ts';
import type { SharedFiles } from './shared-files.ts';

/** A static key, and the section that holds it. */
export interface FoundKey {
  kind: 'key';
  file: FileKind;
  section: string;
  pair: KeyPair;
  /** Why it is another section than the one that was asked for. */
  followed: string[];
}

/** There is nothing to switch, and that is no fault. */
export interface NoKey {
  kind: 'no-key';
  message: string;
}

/** A profile may lead to a profile, and so on; the SDK itself sets no limit. */
const MOST_STEPS = 5;

/**
 * Where the static key lives that this profile comes down to, by the text of both files: the SDK would give the key but
 * not its place. Whatever has no key of its own, or one whose place is in doubt, is an EventError.
 */
export function findKey(files: SharedFiles, profile: string): FoundKey | NoKey {
  const followed: string[] = [];
  const seen: string[] = [];
  let name = profile;
  for (;;) {
    const has = lookUp(files, name);
    // As the SDK has it: a key counts before a role, but not in the profile that was asked for.
    const source = has('source_profile')?.value;
    const isRole = has('role_arn') !== undefined && source !== name;
    const isKey = has(ID) !== undefined || has(SECRET) !== undefined;
    if (isKey && (seen.length > 0 || !isRole)) return staticKey(files, name, followed);
    const leads = source !== undefined && source !== name;
    if (!leads) return withoutKey(files, name);
    seen.push(name);
    if (seen.includes(source)) {
      throw new EventError(`Profiles lead in a circle: ${[...seen, source].join(', ')}. Correct source_profile.`);
    }
    if (seen.length > MOST_STEPS) {
      throw new EventError(`[${profile}] leads through more than ${MOST_STEPS} profiles. Name the one with the key.`);
    }
    const how = isRole ? `assumes a role with the key of [${source}]` : `takes the key of [${source}]`;
    followed.push(`${name} ${how}; switching ${source}`);
    name = source;
  }
}

const ID = 'aws_access_key_id';
const SECRET = 'aws_secret_access_key';
const TOKEN = 'aws_session_token';

/** What counts of both files: of the credentials file, if it is in both. */
function lookUp(files: SharedFiles, section: string): (name: string) => (Setting & { file: FileKind }) | undefined {
  const kinds: FileKind[] = ['credentials', 'config'];
  const all = kinds.map((file) => ({ file, sections: sectionsOf(files[file].text, file) }));
  return (name) => {
    for (const { file, sections } of all) {
      const setting = settingOf(sections, section, name);
      if (setting !== undefined) return { ...setting, file };
    }
    return undefined;
  };
}

function staticKey(files: SharedFiles, section: string, followed: string[]): FoundKey {
  const has = lookUp(files, section);
  const at = ({ file, line }: { file: FileKind; line: number }): string => `${files[file].path}, line ${line}`;
  const [id, secret, token] = [has(ID), has(SECRET), has(TOKEN)];
  if (id === undefined || secret === undefined) {
    const there = id ?? secret;
    const where = there === undefined ? '' : `${at(there)}: `;
    throw new EventError(`${where}[${section}] has ${id === undefined ? `no ${ID}` : `no ${SECRET}`}. Add it there.`);
  }
  if (token !== undefined) {
    const behind = has('source_profile')?.value;
    const hint = behind === undefined ? 'Name the profile of the key behind it' : `The key behind it is in [${behind}]`;
    throw new EventError(`${at(token)}: beside ${TOKEN} the key of [${section}] is a temporary one. ${hint}.`);
  }
  if (id.file !== secret.file) {
    throw new EventError(
      `[${section}] has its ${ID} in ${at(id)}, and its ${SECRET} in ${at(secret)}. Put both into one file.`,
    );
  }
  const pair = { accessKeyId: id.value, secret: new SecretAccessKey(secret.value) };
  return { kind: 'key', file: id.file, section, pair, followed };
}

/** What the profile has instead, in the order in which the SDK asks. */
function withoutKey(files: SharedFiles, name: string): NoKey {
  const has = lookUp(files, name);
  const at = ({ file, line }: Setting & { file: FileKind }): string => `${files[file].path}, line ${line}`;
  for (const setting of ['web_identity_token_file', 'credential_source']) {
    const found = has(setting);
    if (found === undefined) continue;
    throw new EventError(`${at(found)}: [${name}] has ${setting}, so there is no access key to switch.`);
  }
  const program = has('credential_process');
  if (program !== undefined) {
    if (/get-secret-value[\s\S]*keyturn\//.test(program.value)) {
      return { kind: 'no-key', message: `[${name}] reads its key from the secret each time: it is always the newest.` };
    }
    throw new EventError(
      `${at(program)}: the key of [${name}] comes from credential_process. Switch it where that program keeps it.`,
    );
  }
  if (has('sso_session') !== undefined || has('sso_start_url') !== undefined) {
    return { kind: 'no-key', message: `[${name}] signs in through IAM Identity Center: there is no access key here.` };
  }
  if (has('login_session') !== undefined) {
    return {
      kind: 'no-key',
      message: `[${name}] signs in with \`aws login\`: there is no access key here. For a profile whose key no longer works: --read-with ${name}.`,
    };
  }
  const { credentials, config } = files;
  throw new EventError(
    `[${name}] has no access key in ${credentials.path} or ${config.path}. Name the profile by --profile.`,
  );
}
