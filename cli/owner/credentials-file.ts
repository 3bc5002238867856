import { isDeepStrictEqual } from 'node:util';
import { externalDataInterceptor, loadSharedConfigFiles } from '@smithy/core/config';
import { EventError } from '../../shared/core/errors.ts';
import type { SecretAccessKey } from '../../shared/core/redacted.ts';
import { type FileKind, type Section, type Setting, sectionsOf } from './ini.ts';

export interface KeyPair {
  accessKeyId: string;
  secret: SecretAccessKey;
}

export interface Edit {
  kind: FileKind;
  /** How messages call the file. */
  path: string;
  oldId: string;
  to: KeyPair;
  /** Narrows it to this section. */
  only?: string;
}

export interface Edited {
  text: string;
  /** Those whose key was changed. */
  sections: string[];
}

/**
 * The text with the new pair wherever a section holds the old key: only the two values change, every other character
 * stays. What cannot be edited without a guess is an EventError that names the line. What comes out is parsed by the
 * SDK's own parser, as what went in was, and must differ in nothing else.
 */
export async function replaceKey(text: string, edit: Edit): Promise<Edited> {
  const { kind, path, oldId, to, only } = edit;
  const sections = sectionsOf(text, kind);
  const found = sections.filter(
    ({ name, settings }) =>
      (only === undefined || name === only) && settings.some((each) => isNamed(each, ID) && each.value === oldId),
  );
  if (found.length === 0) throw new EventError(`${path}: no section holds ${oldId}.`);
  const pairs = found.map((section) => pairOf(section, sections, path));
  const values = pairs.flatMap(({ id, secret }) => [
    { ...id, value: to.accessKeyId },
    { ...secret, value: to.secret.reveal() },
  ]);
  let edited = text;
  for (const { start, end, value } of values.toSorted((a, b) => b.start - a.start)) {
    edited = edited.slice(0, start) + value + edited.slice(end);
  }
  const names = found.map(({ name }) => name);
  await expectOnlyThose(text, edited, { ...edit, names });
  return { text: edited, sections: names };
}

const ID = 'aws_access_key_id';
const SECRET = 'aws_secret_access_key';
const TOKENS = ['aws_session_token', 'aws_security_token'];

/** Other tools than the SDK do not heed case. */
const isNamed = ({ name }: Setting, wanted: string): boolean => name.toLowerCase() === wanted;

/** Where the two values of a section are; refuses what parsers do not agree about. */
function pairOf(section: Section, all: readonly Section[], path: string): { id: Setting; secret: Setting } {
  const { name, settings, line } = section;
  const refuse = (at: number, why: string) =>
    new EventError(`${path}, line ${at}: ${why}. Correct [${name}] by hand, and run it again.`);
  const twice = all.filter((other) => other.name === name);
  if (twice.length > 1) throw refuse(twice[1]?.line ?? line, `the section [${name}] is there twice`);
  const [id, secondId] = settings.filter((each) => isNamed(each, ID));
  const [secret, secondSecret] = settings.filter((each) => isNamed(each, SECRET));
  const second = secondId ?? secondSecret;
  if (second !== undefined) throw refuse(second.line, `${second.name} is there twice`);
  const token = settings.find((each) => TOKENS.some((wanted) => isNamed(each, wanted)));
  if (token !== undefined) throw refuse(token.line, `beside ${token.name} the key is a temporary one`);
  if (id === undefined || secret === undefined) throw refuse(id?.line ?? line, `${SECRET} is not in the same section`);
  for (const { name: key, line: at, indent } of [id, secret]) {
    const next = Math.min(...[...section.indents.keys()].filter((other) => other > at));
    const deeper = (section.indents.get(next) ?? 0) > indent;
    if (deeper) throw refuse(next, `it is indented, so that some programs take it for the rest of ${key}`);
  }
  return { id, secret };
}

/** What rules about lines forget, the parser that programs use does not. */
async function expectOnlyThose(before: string, after: string, edit: Edit & { names: string[] }): Promise<void> {
  const { kind, path, to, names } = edit;
  const wanted = structuredClone(await parse(before, kind));
  for (const name of names) {
    const settings = wanted[name];
    if (settings?.[ID] === undefined || settings[SECRET] === undefined) throw misread(path);
    settings[ID] = to.accessKeyId;
    settings[SECRET] = to.secret.reveal();
  }
  if (!isDeepStrictEqual(await parse(after, kind), wanted)) throw misread(path);
}

function misread(path: string): EventError {
  return new EventError(
    `${path}: to change the key alone is not possible, as the AWS SDK reads this file. Change it by hand.`,
  );
}

type Parsed = Record<string, Record<string, string | undefined>>;

/** By the SDK, which takes files only: it lets their content be given beforehand. */
export async function parse(text: string, kind: FileKind): Promise<Parsed> {
  const files = externalDataInterceptor.getFileRecord();
  const name = 'keyturn: a text';
  const nothing = 'keyturn: nothing';
  files[name] = Promise.resolve(text);
  files[nothing] = Promise.resolve('');
  try {
    const [filepath, configFilepath] = kind === 'credentials' ? [name, nothing] : [nothing, name];
    const { credentialsFile, configFile } = await loadSharedConfigFiles({ filepath, configFilepath });
    return { ...(kind === 'credentials' ? credentialsFile : configFile) };
  } finally {
    delete files[name];
    delete files[nothing];
  }
}

/** The text of the bytes; throws an EventError for any encoding but UTF-8 without a mark. */
export function decode(bytes: Uint8Array, path: string): string {
  const [first, second, third] = bytes;
  const isMarked =
    (first === 0xef && second === 0xbb && third === 0xbf) ||
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff);
  try {
    if (!isMarked && !bytes.includes(0)) return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Said below.
  }
  throw new EventError(`${path} is not plain UTF-8; PowerShell's ">" writes such files. Save it as UTF-8 without BOM.`);
}
