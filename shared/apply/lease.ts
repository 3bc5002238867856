import { describeSecret, observeAgain } from '../aws/observe.ts';
import type { Step } from '../core/answer.ts';
import { formatIntent, formatIssued } from '../core/format-secret-tags.ts';
import type { AccessKey, Secret, TransitionVerb, UserState } from '../core/model.ts';
import { ANY_TIME, parseSecretTags } from '../core/read-secret-tags.ts';
import { type Intent, secretTagNames } from '../core/secret-tags.ts';
import { versionWith } from '../core/secret-versions.ts';
import { formatInstant, type Instant, SECOND } from '../core/time.ts';
import { type Attempt, situationOf } from './attempt.ts';
import type { Pass } from './pass.ts';
import { STALE_READS, tagSecret, untagSecret } from './secret.ts';

/** After the function's own end, so that no call of it can come when the lease is over. */
const LEASE_SLACK = 30 * SECOND;
/**
 * What somebody who wrote at the same moment needs to be seen. Nothing else keeps two runs from each deactivating the
 * key that the other one leaves. Each may have read the secret as it was 10 s before, 3 s before it wrote; that write
 * may have taken 10 s; and the read that follows the wait may be 10 s old again.
 */
const OUTSIDE_WAIT = 35 * SECOND;
/** IAM's quota and the compare-and-swap exclude as well, and `CreateAccessKey` must come within 30 s of its intent. */
const OUTSIDE_WAIT_TO_ISSUE = 15 * SECOND;
/** A write comes at most this long after the lease was read back as ours. */
const READ_BACK_VALID = 10 * SECOND;
/**
 * An intent is written only on a read at most this old: on an older one it could overwrite a live lease, whose run
 * has waited and looked by then and would not look again.
 */
const READ_VALID = 3 * SECOND;

/** Our intent, and what is known of it. Nothing is written under it before `readBack`. */
export interface Lease {
  intent: Intent;
  transitionId: string;
  /** The intent that stood there before, to tell a read that is older than our write from somebody else's lease. */
  before: string | undefined;
  /** The secret as it was when the lease was last read. */
  secret: Secret;
  readBackAt: Instant;
}

/** A step for which the lease is ours. */
export interface Leased<S extends Step = Step> extends Attempt<S> {
  readonly state: UserState & { secret: Secret };
  readonly lease: Lease;
}

/** An intent of ours, before it has a time and a run. */
export interface NewIntent extends Pick<Intent, 'verb' | 'accessKeyIds'> {
  graceDays?: number | undefined;
  /** Written in the same call. */
  alsoTag?: Record<string, string>;
}

/** A secret as the caller has read it. */
interface Read<S = Secret | undefined> {
  secret: S;
  /** When the reading began: what came after it may have taken its time. */
  at: Instant;
}

/**
 * Writes the intent. Whoever comes from outside the queue then waits until others must have seen it. `busy`: an intent
 * has appeared since the plan was made.
 */
export async function acquire(attempt: Attempt, read: Read<Secret>, begun: NewIntent): Promise<Lease | 'busy'> {
  if (!(await isUnchanged(attempt, read))) return 'busy';
  const { pass } = attempt;
  const { alsoTag = {}, graceDays, ...what } = begun;
  const at = pass.runtime.clock();
  const versionId = versionWith(read.secret, 'AWSCURRENT');
  const given = {
    ...(versionId === undefined ? {} : { versionId }),
    ...(graceDays === undefined ? {} : { graceDays }),
  };
  const intent = { ...what, ...given, ...leaseOf(pass), at };
  return write(attempt, read.secret, { intent, alsoTag: { ...countedTag(pass, intent), ...alsoTag } });
}

/** By hand any number of keys may be retired; otherwise as many a day as are issued. */
function countedTag({ request: { origin } }: Pass, { verb, at }: Intent): Record<string, string> {
  const isCounted = verb === 'issue' || (verb === 'retire' && origin !== 'manual');
  return isCounted ? { [secretTagNames.issuedOn]: formatIssued({ day: at, origin }) } : {};
}

/** Takes over an intent whose deadline is past: ours from now on, begun when it was begun. `changed`: there is none. */
export async function takeOver(attempt: Attempt): Promise<Lease | 'busy' | 'changed'> {
  const { pass, state, now } = attempt;
  const { secret } = state;
  const { intent } = parseSecretTags({ ...secret?.tags }, now).tags;
  if (secret === undefined || intent === undefined) return 'changed';
  if (!(await isUnchanged(attempt, { secret, at: now }))) return 'busy';
  return write(attempt, secret, { intent: { ...intent, ...leaseOf(pass) }, alsoTag: {} });
}

/** Whether the intent still is what the plan was made on; a secret that was made since may carry somebody's already. */
async function isUnchanged({ pass, state }: Attempt, { secret, at }: Read<Secret>): Promise<boolean> {
  const isFresh = pass.runtime.clock() - at <= READ_VALID;
  const seen = isFresh ? secret : await describeSecret(pass.reader, secret.name);
  return seen?.tags[secretTagNames.doing] === state.secret?.tags[secretTagNames.doing];
}

function leaseOf(pass: Pass): Pick<Intent, 'runId' | 'deadlineAt'> {
  return { runId: pass.request.runId, deadlineAt: pass.deadlineAt + LEASE_SLACK };
}

async function write(
  { pass, state: { user } }: Attempt,
  secret: Secret,
  { intent, alsoTag }: { intent: Intent; alsoTag: Record<string, string> },
): Promise<Lease | 'busy'> {
  const transitionId = `${intent.verb}/${user.userId}/${formatInstant(intent.at)}`;
  const before = secret.tags[secretTagNames.doing];
  const lease = { intent, transitionId, before, secret, readBackAt: Number.NEGATIVE_INFINITY };
  const startedAt = pass.runtime.clock();
  pass.wroteAt.add(intent.at);
  pass.inFlight.transitionId = transitionId;
  await tagSecret(pass, secret, { [secretTagNames.doing]: formatIntent(intent), ...alsoTag });
  // Retries may have taken so long that another run announced, waited and read back before this arrived.
  if (pass.runtime.clock() - startedAt > READ_BACK_VALID) {
    await abandon(pass, lease);
    return 'busy';
  }
  if (!pass.isQueued) await pass.runtime.sleep(intent.verb === 'issue' ? OUTSIDE_WAIT_TO_ISSUE : OUTSIDE_WAIT);
  return lease;
}

/**
 * Reads the lease back, by `read` if the caller has just read the secret, and again while a read may be older than our
 * write. False: it is somebody else's, so nothing is touched.
 */
export async function readBack(pass: Pass, lease: Lease, read?: Read): Promise<boolean> {
  let { secret, at } = read ?? (await readSecret(pass, lease));
  for (const endsAt = pass.runtime.clock() + STALE_READS; !isSeen(lease, { secret, at }); ) {
    const isStale = secret?.tags[secretTagNames.doing] === lease.before;
    if (!isStale || pass.runtime.clock() >= endsAt) return false;
    await pass.runtime.sleep(2 * SECOND);
    ({ secret, at } = await readSecret(pass, lease));
  }
  return true;
}

async function readSecret({ runtime, reader }: Pass, lease: Lease): Promise<Read> {
  const at = runtime.clock();
  return { at, secret: await describeSecret(reader, lease.secret.name) };
}

/** True if the secret shows the lease as ours, which is then known as of that read. */
function isSeen(lease: Lease, { secret, at }: Read): boolean {
  if (secret === undefined) return false;
  if (parseSecretTags(secret.tags, ANY_TIME).tags.intent?.runId !== lease.intent.runId) return false;
  lease.secret = secret;
  lease.readBackAt = at;
  return true;
}

/** Before each further write: still ours, by a read at most ten seconds old. False: touch nothing more. */
export async function isStillOurs(pass: Pass, lease: Lease): Promise<boolean> {
  if (pass.runtime.clock() - lease.readBackAt <= READ_BACK_VALID) return true;
  return isSeen(lease, await readSecret(pass, lease));
}

/** Removes the intent, only while it is ours, and with it the tags that no longer mean anything. */
export async function release(pass: Pass, lease: Lease, ...alsoUntag: string[]): Promise<void> {
  if (await isStillOurs(pass, lease)) await untagSecret(pass, lease.secret, ...alsoUntag, secretTagNames.doing);
  delete pass.inFlight.transitionId;
}

/** The same for a transition that came to nothing: it does not count for the day on which it was begun. */
export async function abandon(pass: Pass, lease: Lease): Promise<void> {
  await release(pass, lease, ...countedBy(lease.intent.verb));
}

/** The tags by which a transition counts for the daily limit. */
export function countedBy(verb: TransitionVerb): string[] {
  return verb === 'issue' || verb === 'retire' ? [secretTagNames.issuedOn] : [];
}

/**
 * Removes an issue's intent, and with it the tags that no longer mean anything, only while fresh reads show no key that
 * it may have left behind: the facts that the planner judges by, last uses too. False: the intent stays.
 */
export async function settle({ pass, state: { user }, lease }: Leased, ...alsoUntag: string[]): Promise<boolean> {
  const orphansOf = (state: UserState): readonly AccessKey[] => situationOf({ pass, state }).orphans;
  const state = await observeAgain(pass.reader, user, (known, id) =>
    orphansOf(known).some(({ accessKeyId }) => accessKeyId === id),
  );
  if (orphansOf(state).length > 0) return false;
  const isOurs = isSeen(lease, { secret: state.secret, at: pass.runtime.clock() });
  if (isOurs) await untagSecret(pass, lease.secret, ...alsoUntag, secretTagNames.doing);
  delete pass.inFlight.transitionId;
  return isOurs;
}
