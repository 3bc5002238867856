import type { Secret, TransitionVerb, UserState } from '../../core/model.ts';
import { ANY_TIME, type Doing, formatDoing, parseSecretTags, secretTagNames } from '../../core/secret-tags.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { describeSecret } from '../observe.ts';
import type { Pass } from '../pass.ts';
import { STALE_READS, tagSecret, untagSecret } from './secret.ts';

/** After the function's own end, so that no call of it can come when the lease is over. */
const LEASE_SLACK = 30 * SECOND;
/** What somebody who wrote at the same moment needs to be seen. */
const OUTSIDE_WAIT = 15 * SECOND;
/** A write comes at most this long after the lease was read back as ours. */
const READ_BACK_VALID = 10 * SECOND;

/** The transition in flight, which this invocation has announced and read back as its own. */
export interface Lease {
  doing: Doing;
  transitionId: string;
  /** The secret as it was when the lease was last read back. */
  secret: Secret;
  readBackAt: Instant;
}

export interface Intent {
  verb: TransitionVerb;
  accessKeyIds: readonly string[];
  versionId?: string;
  graceDays?: number;
}

/** Announces a transition. Undefined: somebody else's intent is there. */
export async function takeLease(
  pass: Pass,
  state: UserState,
  secret: Secret,
  intent: Intent,
  alsoTag: Record<string, string> = {},
): Promise<Lease | undefined> {
  const at = pass.runtime.clock();
  return write(pass, state, secret, { ...intent, ...leaseOf(pass), at }, alsoTag);
}

/** Takes over an intent whose deadline is past: ours from now on, begun when it was begun. */
export async function takeOver(pass: Pass, state: UserState, secret: Secret, doing: Doing): Promise<Lease | undefined> {
  return write(pass, state, secret, { ...doing, ...leaseOf(pass) }, {});
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
  const before = secret.tags[secretTagNames.doing];
  pass.wroteAt.add(doing.at);
  await tagSecret(pass, secret, { [secretTagNames.doing]: formatDoing(doing), ...alsoTag });
  if (!pass.isQueued) await pass.runtime.sleep(OUTSIDE_WAIT);
  const lease = {
    doing,
    transitionId: `${doing.verb}/${user.userId}/${new Date(doing.at).toISOString()}`,
    secret,
    readBackAt: 0,
  };
  return (await readBack(pass, lease, before)) ? lease : undefined;
}

/** Reads the lease back, again while the read may be older than our write. */
async function readBack(pass: Pass, lease: Lease, before: string | undefined): Promise<boolean> {
  for (const endsAt = pass.runtime.clock() + STALE_READS; ; await pass.runtime.sleep(2 * SECOND)) {
    const secret = await describeSecret(pass.runtime.aws, lease.secret.name);
    if (secret !== undefined && isOurs(lease, secret)) {
      lease.secret = secret;
      lease.readBackAt = pass.runtime.clock();
      return true;
    }
    const isStale = secret?.tags[secretTagNames.doing] === before;
    if (!isStale || pass.runtime.clock() >= endsAt) return false;
  }
}

function isOurs({ doing }: Lease, secret: Secret): boolean {
  return parseSecretTags(secret.tags, ANY_TIME).tags.doing?.runId === doing.runId;
}

/** Before each write: still ours, by a read at most ten seconds old. False: touch nothing more. */
export async function holds(pass: Pass, lease: Lease): Promise<boolean> {
  if (pass.runtime.clock() - lease.readBackAt <= READ_BACK_VALID) return true;
  return readAgain(pass, lease);
}

/** The same by a secret that was read just now; a read that does not show the lease may be too old, and is repeated. */
export async function holdsBy(pass: Pass, lease: Lease, secret: Secret): Promise<boolean> {
  if (!isOurs(lease, secret)) return readAgain(pass, lease);
  lease.secret = secret;
  lease.readBackAt = pass.runtime.clock();
  return true;
}

/** The same by a read made now; it also refreshes `lease.secret`. */
export async function readAgain(pass: Pass, lease: Lease): Promise<boolean> {
  const secret = await describeSecret(pass.runtime.aws, lease.secret.name);
  if (secret === undefined || !isOurs(lease, secret)) return false;
  lease.secret = secret;
  lease.readBackAt = pass.runtime.clock();
  return true;
}

/** Takes the intent off, only while it is ours, by a read made now of which `mayRelease` approves. */
export async function release(
  pass: Pass,
  lease: Lease,
  mayRelease: (secret: Secret) => boolean = () => true,
): Promise<void> {
  if (!(await readAgain(pass, lease)) || !mayRelease(lease.secret)) return;
  await untagSecret(pass, lease.secret, secretTagNames.doing);
}
