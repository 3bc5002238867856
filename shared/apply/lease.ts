import { describeSecret } from '../aws/observe.ts';
import { formatDoing } from '../core/format-secret-tags.ts';
import type { Secret, TransitionVerb, UserState } from '../core/model.ts';
import { ANY_TIME, parseSecretTags } from '../core/read-secret-tags.ts';
import { type Doing, secretTagNames } from '../core/secret-tags.ts';
import { formatInstant, type Instant, SECOND } from '../core/time.ts';
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
 * An intent is written only on a read at most this old: on an older one it could overwrite a live lease, whose holder
 * has waited and looked by then and would not look again.
 */
const READ_VALID = 3 * SECOND;

/** The transition in flight, announced by this invocation. Nothing is written under it before `confirm`. */
export interface Lease {
  doing: Doing;
  transitionId: string;
  /** The intent that stood there before, to tell a read that is older than our write from somebody else's lease. */
  before: string | undefined;
  /** The secret as it was when the lease was last read. */
  secret: Secret;
  readBackAt: Instant;
}

export interface Intent {
  verb: TransitionVerb;
  accessKeyIds: readonly string[];
  versionId?: string;
  graceDays?: number;
}

/**
 * Announces a transition. Whoever comes from outside the queue then waits until others must have seen it. Undefined: an
 * intent has appeared since the plan was made. `readAt`: when the secret was read, or earlier.
 */
export async function takeLease(
  pass: Pass,
  state: UserState,
  secret: Secret,
  intent: Intent,
  readAt: Instant,
  alsoTag: Record<string, string> = {},
): Promise<Lease | undefined> {
  if (!(await isUnchanged(pass, state, secret, readAt))) return undefined;
  const at = pass.runtime.clock();
  return write(pass, state, secret, { ...intent, ...leaseOf(pass), at }, alsoTag);
}

/** Takes over an intent whose deadline is past: ours from now on, begun when it was begun. */
export async function takeOver(
  pass: Pass,
  state: UserState,
  secret: Secret,
  doing: Doing,
  readAt: Instant,
): Promise<Lease | undefined> {
  if (!(await isUnchanged(pass, state, secret, readAt))) return undefined;
  return write(pass, state, secret, { ...doing, ...leaseOf(pass) }, {});
}

/** Whether `doing` still is what the plan was made on; a secret that was made since may carry somebody's already. */
async function isUnchanged(pass: Pass, state: UserState, secret: Secret, readAt: Instant): Promise<boolean> {
  const isFresh = pass.runtime.clock() - readAt <= READ_VALID;
  const seen = isFresh ? secret : await describeSecret(pass.reader, secret.name);
  return seen?.tags[secretTagNames.doing] === state.secret?.tags[secretTagNames.doing];
}

function leaseOf(pass: Pass): Pick<Doing, 'runId' | 'deadlineAt'> {
  return { runId: pass.request.runId, deadlineAt: pass.deadlineAt + LEASE_SLACK };
}

async function write(
  pass: Pass,
  { user }: UserState,
  secret: Secret,
  doing: Doing,
  alsoTag: Record<string, string>,
): Promise<Lease | undefined> {
  const transitionId = `${doing.verb}/${user.userId}/${formatInstant(doing.at)}`;
  const before = secret.tags[secretTagNames.doing];
  const lease = { doing, transitionId, before, secret, readBackAt: Number.NEGATIVE_INFINITY };
  const startedAt = pass.runtime.clock();
  pass.wroteAt.add(doing.at);
  pass.inFlight.transitionId = transitionId;
  await tagSecret(pass, secret, { [secretTagNames.doing]: formatDoing(doing), ...alsoTag });
  // Retries may have taken so long that somebody else announced, waited and read back before this arrived.
  if (pass.runtime.clock() - startedAt > READ_BACK_VALID) {
    await abandon(pass, lease);
    return undefined;
  }
  if (!pass.isQueued) await pass.runtime.sleep(doing.verb === 'issue' ? OUTSIDE_WAIT_TO_ISSUE : OUTSIDE_WAIT);
  return lease;
}

/** A secret as the caller has read it. */
interface Read {
  secret: Secret | undefined;
  /** When the reading began: what came after it may have taken its time. */
  at: Instant;
}

/**
 * Reads the lease back, by `read` if the caller has just read the secret, and again while a read may be older than our
 * write. False: it is somebody else's, so nothing is touched.
 */
export async function confirm(pass: Pass, lease: Lease, read?: Read): Promise<boolean> {
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
  if (parseSecretTags(secret.tags, ANY_TIME).tags.doing?.runId !== lease.doing.runId) return false;
  lease.secret = secret;
  lease.readBackAt = at;
  return true;
}

/** Before each further write: still ours, by a read at most ten seconds old. False: touch nothing more. */
export async function holds(pass: Pass, lease: Lease): Promise<boolean> {
  if (pass.runtime.clock() - lease.readBackAt <= READ_BACK_VALID) return true;
  return isSeen(lease, await readSecret(pass, lease));
}

/** Takes the intent off, only while it is ours; with it, tags that have nothing to say any more. */
export async function release(pass: Pass, lease: Lease, ...alsoUntag: string[]): Promise<void> {
  if (await holds(pass, lease)) await untagSecret(pass, lease.secret, ...alsoUntag, secretTagNames.doing);
  delete pass.inFlight.transitionId;
}

/** The same for a transition that came to nothing: it does not count for the day on which it was begun. */
export async function abandon(pass: Pass, lease: Lease): Promise<void> {
  await release(pass, lease, ...countedBy(lease.doing.verb));
}

/** The tags by which a transition counts for the daily limit. */
export function countedBy(verb: TransitionVerb): string[] {
  return verb === 'issue' || verb === 'retire' ? [secretTagNames.issuedOn] : [];
}

/** The same by a secret that was read just now. False: it is not ours to take off. */
export async function releaseBy(
  pass: Pass,
  lease: Lease,
  secret: Secret | undefined,
  ...alsoUntag: string[]
): Promise<boolean> {
  const isOurs = isSeen(lease, { secret, at: pass.runtime.clock() });
  if (isOurs) await untagSecret(pass, lease.secret, ...alsoUntag, secretTagNames.doing);
  delete pass.inFlight.transitionId;
  return isOurs;
}
