import { fromIni } from '@aws-sdk/credential-providers';
import { ConflictError, EventError, isFailure, RotationError } from '../../shared/core/errors.ts';
import { SecretAccessKey } from '../../shared/core/redacted.ts';
import { secretNameOf } from '../../shared/core/secret-name.ts';
import { type Instant, MINUTE, SECOND } from '../../shared/core/time.ts';
import type { Asker } from '../ui/ask.ts';
import type { Caller, Calls, CredentialSource } from './calls.ts';
import type { Marker } from './command.ts';
import { type KeyPair, parse, replaceKey } from './credentials-file.ts';
import { type Place, placesOf } from './hints.ts';
import { type FileKind, sectionsOf, settingOf } from './ini.ts';
import { prove } from './prove.ts';
import { isRolledBack, oldKeyUntil, readFacts, readPair, type SecretFacts, type Wanted } from './secret.ts';
import { readSharedFiles, type SharedFiles } from './shared-files.ts';
import { type Disk, expectWritable, writeEdited } from './write.ts';

/** Where the present key is: in a section of a file, or nowhere that could be written. */
export interface Present {
  pair: KeyPair;
  place: { kind: FileKind; path: string; section: string } | undefined;
}

export interface SwitchRequest {
  present: Present;
  files: SharedFiles;
  region: string;
  isCheck: boolean;
  isProfileOnly: boolean;
  secretId: string | undefined;
  userName: string | undefined;
  mfaSerial: string | undefined;
  /** Who reads the secret, if not the present key. */
  reader: { profile: string; as: CredentialSource } | undefined;
  workingDirectory: string;
  /** Of the command that is to run afterwards. */
  marker: Marker | undefined;
}

export const steps = [
  ...['found', 'identified', 'described', 'compared', 'fetched', 'proved'],
  ...['locked', 'read', 'prepared', 'written', 'read-back', 'hinted', 'ran'],
] as const;

export interface Tools {
  calls: Calls;
  ask: Pick<Asker, 'confirm' | 'hidden'>;
  disk: Disk;
  now(): Instant;
  sleep(ms: number): Promise<void>;
  /** Told after each step; a test ends the process there. */
  onStep?(step: (typeof steps)[number]): void | Promise<void>;
}

export interface Outcome {
  status: 'switched' | 'newest' | 'waits';
  userName: string | undefined;
  accountId: string;
  from: string;
  to: string;
  /** In the environment of the command, if no file was written. */
  pair: KeyPair | undefined;
  file: string | undefined;
  sections: string[];
  alsoIn: Place[];
  currentSince: Instant | undefined;
  oldKeyUntil: Instant | undefined;
  /** A use of the new key before this instant is not taken for the owner's. */
  confirmedAfter: Instant | undefined;
  isRolledBack: boolean;
  isHandedOn: boolean;
  warnings: string[];
}

/**
 * The whole switch, but for the command that follows. IAM is never changed, and the new key is in the secret before it
 * begins: so wherever it stops, one pair that works is in the file, and it may be run again.
 */
export async function switchKey(request: SwitchRequest, tools: Tools): Promise<Outcome> {
  const { present, isCheck } = request;
  const { calls, onStep } = tools;
  if (!isCheck) await preflight(request);
  await onStep?.('found');
  const { wanted, expected, as } = await identify(request, tools);
  await onStep?.('identified');
  const reader = await withMfa(request, tools, as);
  let facts = await readFacts(calls, reader, wanted, tools.now());
  await onStep?.('described');
  const outcome = (status: Outcome['status'], more: Partial<Outcome> = {}): Outcome => ({
    ...{ status, userName: expected.userName, accountId: wanted.accountId },
    ...{ from: present.pair.accessKeyId, to: facts.current.accessKeyId },
    ...{ pair: undefined, file: present.place?.path, sections: [], alsoIn: [], warnings: [] },
    ...timesOf(facts),
    ...more,
  });
  if (facts.current.accessKeyId === present.pair.accessKeyId) return outcome('newest');
  if (isCheck) return outcome('waits');
  await expectKnown(present.pair.accessKeyId, facts, tools);
  await onStep?.('compared');
  let pair: KeyPair | undefined;
  for (let tries = 0; pair === undefined; tries++) {
    if (tries > 0) facts = await readFacts(calls, reader, wanted, tools.now());
    if (tries === MOST_READS) throw new ConflictError(`${facts.name} changes all the time. Run it again later.`);
    pair = await readPair(calls, reader, facts, { ...wanted, now: tools.now() });
  }
  await onStep?.('fetched');
  const { userName } = await prove(calls, pair, { ...expected, userId: facts.userId }, tools);
  await onStep?.('proved');
  if (present.place === undefined) {
    const alsoIn = await placesOf(present.pair.accessKeyId, request.files, request.workingDirectory);
    return outcome('switched', { pair, userName, alsoIn });
  }
  const written = await writeAndReadBack({ ...request, place: present.place }, tools, pair);
  const { credentials, config } = request.files;
  const files = await readSharedFiles({ credentials: credentials.path, config: config.path });
  const alsoIn = await placesOf(present.pair.accessKeyId, files, request.workingDirectory);
  await onStep?.('hinted');
  return outcome('switched', { ...written, userName, alsoIn });
}

const MOST_READS = 3;

function timesOf(facts: SecretFacts) {
  const since = facts.tags.currentSince;
  const currentSince = since?.accessKeyId === facts.current.accessKeyId ? since.at : undefined;
  return {
    currentSince,
    confirmedAfter: currentSince === undefined ? undefined : currentSince + CONFIRMED_AFTER,
    ...{ oldKeyUntil: oldKeyUntil(facts), isRolledBack: isRolledBack(facts), isHandedOn: facts.isHandedOn },
  };
}

/** Uses of a key up to then may be the service's own proof of it. */
const CONFIRMED_AFTER = 15 * MINUTE;

/** Whatever would stop the write, before anybody is asked for anything. */
async function preflight({ present: { place, pair }, files, isProfileOnly }: SwitchRequest): Promise<void> {
  if (place === undefined) return;
  await expectWritable(place.path);
  const to = { accessKeyId: 'AKIAPREFLIGHT2222222', secret: new SecretAccessKey('preflight/preflight') };
  const { kind, path, section } = place;
  const only = isProfileOnly ? { only: section } : {};
  await replaceKey(files[kind].text, { kind, path, oldId: pair.accessKeyId, to, ...only });
}

interface Identified {
  wanted: Wanted;
  expected: { accountId: string; userId: string; userName: string | undefined };
  as: CredentialSource;
}

/** Whose key it is: by the key itself, or, if it works no more, by the secret that somebody else reads. */
async function identify(request: SwitchRequest, { calls }: Tools): Promise<Identified> {
  const { present, reader, region, secretId, userName } = request;
  const { accessKeyId, secret } = present.pair;
  if (reader === undefined) {
    const as = { accessKeyId, secretAccessKey: secret.reveal() };
    const caller = await presentCaller(calls, accessKeyId, as);
    const { accountId, partition, userId } = caller;
    if (caller.userName === undefined) {
      throw new EventError(
        `${accessKeyId} is the key of ${caller.arn}, which is no IAM user: Keyturn has none for it.`,
      );
    }
    const wanted = { secretId: secretId ?? secretNameOf('keyturn', userId), accountId, partition, region, userId };
    return { as, wanted, expected: { accountId, userId, userName: caller.userName } };
  }
  const { as, profile } = reader;
  const caller = await calls.callerIdentity(as);
  const isUser = caller.userName !== undefined;
  if (secretId === undefined && !isUser) {
    throw new EventError(
      `--read-with ${profile}: ${caller.arn} is not the user whose key it is. Name the secret and the user: --secret, --user.`,
    );
  }
  const accountId = await accountOf(calls, reader, { accessKeyId, caller });
  const { partition, userId } = caller;
  if (secretId !== undefined) {
    const wanted = { secretId, accountId, partition, region, userId: undefined };
    return { as, wanted, expected: { accountId, userId: '', userName } };
  }
  const wanted = { secretId: secretNameOf('keyturn', userId), accountId, partition, region, userId };
  return { as, wanted, expected: { accountId, userId, userName: userName ?? caller.userName } };
}

/** An owner may lack the permission: then it is their own account, where the labels of their secret must know the key. */
async function accountOf(
  calls: Calls,
  { as }: { as: CredentialSource },
  { accessKeyId, caller }: { accessKeyId: string; caller: Caller },
): Promise<string> {
  try {
    return await calls.accountOfKey(as, accessKeyId);
  } catch (error) {
    if (caller.userName === undefined || !isFailure(error, 'AccessDenied')) throw error;
    return caller.accountId;
  }
}

async function presentCaller(calls: Calls, accessKeyId: string, as: CredentialSource): Promise<Caller> {
  try {
    return await calls.callerIdentity(as);
  } catch (error) {
    const isDead = isFailure(error, 'InvalidClientTokenId');
    if (!isDead && !isFailure(error, 'SignatureDoesNotMatch')) throw error;
    const why = isDead ? 'no longer works' : 'does not fit the secret access key beside it';
    throw new RotationError(
      `The present key ${accessKeyId} ${why}. Read the new one as somebody who may: sign in by \`aws login --profile signin\`, and add --read-with signin.`,
    );
  }
}

/** Only to read: a session of the old key must never be what anything else depends on. */
async function withMfa(
  { mfaSerial }: SwitchRequest,
  { calls, ask }: Tools,
  as: CredentialSource,
): Promise<CredentialSource> {
  if (mfaSerial === undefined) return as;
  const code = await ask.hidden(`Code of ${mfaSerial}`, 'a terminal');
  return calls.sessionWithMfa(as, mfaSerial, code);
}

/** A key that the secret knows nothing of may be newer than what is in it, or another user's. */
async function expectKnown(
  accessKeyId: string,
  { knownIds, name, current }: SecretFacts,
  { ask }: Tools,
): Promise<void> {
  if (knownIds.includes(accessKeyId)) return;
  const question = `${name} does not know the present key ${accessKeyId}. Replace it by ${current.accessKeyId}?`;
  if (!(await ask.confirm(question, 'a terminal for this one run'))) {
    throw new EventError('Nothing was changed.');
  }
}

type Placed = SwitchRequest & { place: NonNullable<Present['place']> };
type Put = Pick<Outcome, 'file' | 'sections' | 'warnings'>;

/** Another program may put the old text back right after: then once more. */
const MOST_WRITES = 5;

async function writeAndReadBack(request: Placed, tools: Tools, pair: KeyPair): Promise<Put> {
  const { place, present, marker, isProfileOnly } = request;
  const oldId = present.pair.accessKeyId;
  const only = isProfileOnly ? { only: place.section } : {};
  if ((await marker?.lastRun()) === undefined) await marker?.note(oldId);
  const put: Put = { file: place.path, sections: [], warnings: [] };
  for (let tries = 0; tries < MOST_WRITES; tries++) {
    const written = await writeEdited(place.path, {
      disk: tools.disk,
      onStep: (step) => tools.onStep?.(step),
      async edit(text) {
        const now = settingOf(sectionsOf(text, place.kind), place.section, 'aws_access_key_id')?.value;
        if (now === pair.accessKeyId) return undefined;
        if (now !== oldId) {
          throw new ConflictError(`[${place.section}] of ${place.path} was changed meanwhile. Run it again.`);
        }
        return replaceKey(text, { kind: place.kind, path: place.path, oldId, to: pair, ...only });
      },
    });
    if (written !== undefined) {
      put.sections = [...new Set([...put.sections, ...written.sections])];
      put.warnings = [...new Set([...put.warnings, ...written.warnings])];
    }
    if ((await readBack(request, tools, pair)) !== oldId) {
      await tools.onStep?.('read-back');
      return put;
    }
  }
  throw new ConflictError(`Another program keeps writing the old key into ${place.path}. Stop it, and run it again.`);
}

/** As any other program reads it; and a use of the new key by its owner. Returns the key ID that is there. */
async function readBack({ place, files }: Placed, { calls, sleep }: Tools, pair: KeyPair): Promise<string> {
  const { section } = place;
  const paths = { filepath: files.credentials.path, configFilepath: files.config.path };
  const now = await readSharedFiles({ credentials: paths.filepath, config: paths.configFilepath });
  const sections = {
    ...(await parse(now.config.text, 'config'))[section],
    ...(await parse(now.credentials.text, 'credentials'))[section],
  };
  const { aws_access_key_id: accessKeyId = '', aws_secret_access_key: secretAccessKey = '' } = sections;
  if (accessKeyId !== pair.accessKeyId) return accessKeyId;
  // The SDK would take on the role of a section that has both.
  const as = sections.role_arn
    ? { accessKeyId, secretAccessKey }
    : fromIni({ profile: section, ignoreCache: true, ...paths });
  for (let tries = 1; ; tries++) {
    try {
      await calls.callerIdentity(as);
      return accessKeyId;
    } catch (error) {
      if (!(error instanceof RotationError)) throw error;
      const { code, isDefinite, isTransient, message } = error;
      // One answer of IAM may still be older than the one that proved it.
      const isYoung = isTransient || isFailure(error, 'InvalidClientTokenId');
      if (!isYoung || tries === MOST_USES) {
        const text = `The new key is in [${section}] and was proven, but read from there it fails: ${message}`;
        throw new RotationError(text, { code, isDefinite, isTransient });
      }
      await sleep(USE_PAUSE);
    }
  }
}

const MOST_USES = 5;
const USE_PAUSE = 2 * SECOND;
