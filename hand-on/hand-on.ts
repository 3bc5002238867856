import { TagResourceCommand } from '@aws-sdk/client-secrets-manager';
import { isFailure, messageOf } from '../shared/core/errors.ts';
import { formatHandedOn, type HandedOn } from '../shared/core/hand-on.ts';
import { secretTagNames } from '../shared/core/secret-tags.ts';
import { DAY, formatInstant, type Instant, MINUTE, SECOND } from '../shared/core/time.ts';
import { redeploy, writeParameters, writeSecret } from './destinations/aws.ts';
import { HalfWritten, writeGitHub } from './destinations/github.ts';
import { type Destination, describeDestination, type EcsDestination, hashOf } from './hand-on-file.ts';
import { type HandOnReason, tell } from './messages.ts';
import type { Pair } from './pair.ts';
import type { HandOnRun, HandOnRuntime } from './runtime.ts';
import { describe, readPair, type Source } from './source.ts';

/** Of one user. `later`: a service is deployed again when its hour is over. */
export type HandOnOutcome = 'handed-on' | 'unchanged' | 'not-mine' | 'later' | 'moving' | { failed: HandOnReason };

export interface HandOnAsked {
  secretId: string;
  /** What the event named: a read that shows another version may be stale. */
  versionId?: string;
  /** Everything is written again, whatever the tag says. */
  force?: boolean;
}

const SETTLING = MINUTE;
const POLL = 5 * SECOND;
/** How often the label may move under one invocation: the event of its last move starts another. */
const MOST_ROUNDS = 4;
/** How often the schedule comes. */
export const EVERY = 15 * MINUTE;

/**
 * Carries the current key of one user to its destinations. The only state is the tag `keyturn:handed-on`: `writing` of
 * this key stands there before anything is written, `done` only after everything. A crash anywhere begins again at the
 * first step and writes the same values once more; a roll-back is seen because the tag no longer says `done`. Two at
 * once must not be: the function has one instance.
 */
export async function handOn(runtime: HandOnRuntime, run: HandOnRun, asked: HandOnAsked): Promise<HandOnOutcome> {
  let source = await settled(runtime, asked);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const destinations = source === undefined ? undefined : destinationsOf(runtime, source);
    if (source === undefined || destinations === undefined) return 'not-mine';
    const outcome = await once({ runtime, run, source, destinations }, asked.force === true, round > 0);
    if (outcome !== 'moving') return outcome;
    source = await describe(runtime, asked.secretId);
  }
  return 'moving';
}

export function destinationsOf({ file }: HandOnRuntime, { userName }: Pick<Source, 'userName'>) {
  return Object.hasOwn(file.users, userName) ? file.users[userName] : undefined;
}

/** An event may be older than what is true by now, and a read may be older than the event. */
async function settled(runtime: HandOnRuntime, { secretId, versionId }: HandOnAsked): Promise<Source | undefined> {
  let source = await describe(runtime, secretId);
  for (let waited = 0; versionId !== undefined && waited < SETTLING; waited += POLL) {
    if (source === undefined || source.current?.versionId === versionId) return source;
    if (destinationsOf(runtime, source) === undefined) return source;
    await runtime.sleep(POLL);
    source = await describe(runtime, secretId);
  }
  return source;
}

interface Work {
  runtime: HandOnRuntime;
  run: HandOnRun;
  source: Source;
  destinations: readonly Destination[];
}

async function once(work: Work, force: boolean, isAgain: boolean): Promise<HandOnOutcome> {
  const { runtime, source, destinations } = work;
  const { handedOn, current } = source;
  if (current === undefined) return 'unchanged';
  const wanted = { accessKeyId: current.accessKeyId, hash: hashOf(destinations), stack: runtime.file.domain };
  const isOurs = handedOn === undefined || handedOn.stack === wanted.stack;
  const isSame =
    handedOn !== undefined && isOurs && handedOn.accessKeyId === wanted.accessKeyId && handedOn.hash === wanted.hash;
  if (isSame && handedOn.state === 'done' && !force && !isAgain) return 'unchanged';
  const now = runtime.clock();
  // What was left half-done goes on under its own instant; by hand it is a new hand-on.
  const isLeft = isSame && handedOn.state === 'writing' && !force;
  const tag: HandedOn = { ...wanted, state: 'writing', at: isLeft ? handedOn.at : now };
  if (!isOurs && !force) return fail(work, source.changedAt, 'other-stack', `It was written by ${handedOn?.stack}.`);
  const { waitsUntil = 0 } = source;
  if (now < waitsUntil) {
    const places = destinations.map(describeDestination).join(', ');
    return fail(
      work,
      source.changedAt,
      'hand-on-waits',
      `Until ${formatInstant(waitsUntil)}. Destinations: ${places}.`,
    );
  }
  const pair = await readPair(runtime, source);
  if (pair === 'moved') return 'moving';
  if (pair === 'denied')
    return fail(work, source.changedAt, 'not-a-reader', 'secretsmanager:GetSecretValue was denied.');
  if (pair === 'differs')
    return fail(work, source.changedAt, 'secret-differs', `Its label names ${current.accessKeyId}.`);
  if (!(await write(work, tag))) {
    return fail(work, source.changedAt, 'not-a-reader', 'secretsmanager:TagResource was denied.');
  }
  return carry(work, tag, pair);
}

/** False if the secret's policy does not let this role do it: then nothing has been written anywhere. */
async function write({ runtime, source }: Work, tag: HandedOn): Promise<boolean> {
  try {
    const Tags = [{ Key: secretTagNames.handedOn, Value: formatHandedOn(tag) }];
    await runtime.aws.secrets.send(new TagResourceCommand({ SecretId: source.arn, Tags }));
    return true;
  } catch (error) {
    if (isFailure(error, 'AccessDenied')) return false;
    throw error;
  }
}

async function carry(work: Work, tag: HandedOn, pair: Pair): Promise<HandOnOutcome> {
  const { runtime, source, destinations } = work;
  const failures: { destination: Destination; error: unknown }[] = [];
  for (const destination of destinations) {
    try {
      await writeTo(work, destination, { tag, pair });
    } catch (error) {
      failures.push({ destination, error });
    }
  }
  // What loads the key would load half of it.
  const services = failures.length > 0 ? [] : destinations.filter((each): each is EcsDestination => 'ecs' in each);
  let isLater = false;
  for (const destination of services) {
    try {
      if ((await redeploy(runtime, destination, tag)) === 'later') isLater = true;
    } catch (error) {
      failures.push({ destination, error });
    }
  }
  const after = await describe(runtime, source.arn);
  if (after?.current?.versionId !== source.current?.versionId) return 'moving';
  if (failures.length > 0) {
    const isHalf = failures.some(({ error }) => error instanceof HalfWritten);
    const said = failures.map(({ destination, error }) => `${describeDestination(destination)}: ${messageOf(error)}`);
    return fail(work, tag.at, isHalf ? 'handed-on-half' : 'destination-failed', said.join(' '));
  }
  if (isLater) return 'later';
  if (!(await write(work, { ...tag, state: 'done' }))) {
    return fail(work, tag.at, 'not-a-reader', 'secretsmanager:TagResource was denied.');
  }
  const places = destinations.map(describeDestination).join(', ');
  await tell(runtime, source, { event: 'handed-on', reason: 'handed-on', message: `Written: ${places}.` });
  runtime.log.info('Handed on', { userName: source.userName, accessKeyId: tag.accessKeyId });
  return 'handed-on';
}

async function writeTo({ runtime, run }: Work, destination: Destination, { tag, pair }: { tag: HandedOn; pair: Pair }) {
  if ('secret' in destination) await writeSecret(runtime, destination, { pair, tag });
  else if ('github' in destination) await writeGitHub(runtime, destination, { pair, deadlineAt: run.deadlineAt });
  else if (!('ecs' in destination)) await writeParameters(runtime, destination, pair);
}

/** Told of when it fails first, and then once a day: `since` is when this hand-on began, or what it waits for changed. */
async function fail(work: Work, since: Instant, reason: HandOnReason, message: string): Promise<HandOnOutcome> {
  const { runtime, run, source } = work;
  const now = runtime.clock();
  const isDaily = Math.floor((now - since) / DAY) !== Math.floor((now - since - EVERY) / DAY);
  runtime.log.error('Not handed on', { userName: source.userName, reason, because: message });
  if (!run.isScheduled || isDaily) await tell(runtime, source, { event: 'hand-on-failed', reason, message });
  return { failed: reason };
}
