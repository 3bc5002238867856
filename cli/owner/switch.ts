import { fromIni } from '@aws-sdk/credential-providers';
import { ConflictError, EventError, isFailure, RotationError } from '../../shared/core/errors.ts';
import { SecretAccessKey } from '../../shared/core/redacted.ts';
import { MINUTE, SECOND } from '../../shared/core/time.ts';
import { type KeyPair, parse, replaceKey } from './credentials-file.ts';
import { placesOf } from './hints.ts';
import { identify, withMfa } from './identify.ts';
import { sectionsOf, settingOf } from './ini.ts';
import { prove } from './prove.ts';
import type { Outcome, Present, SwitchRequest, Tools } from './request.ts';
import { isRolledBack, oldKeyUntil, readFacts, readPair, type SecretFacts } from './secret.ts';
import { readSharedFiles } from './shared-files.ts';
import { expectWritable } from './writable.ts';
import { writeEdited } from './write.ts';

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
