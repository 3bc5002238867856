import { observeAgain } from '../aws/observe.ts';
import type { Step } from '../core/answer.ts';
import { type Announcement, type Recording, tell } from './announce.ts';
import { type Attempt, outcome } from './attempt.ts';
import {
  abandon,
  acquire,
  isStillOurs,
  type Lease,
  type Leased,
  type NewIntent,
  readBack,
  release,
  takeOver,
} from './lease.ts';
import type { Outcome, Result } from './pass.ts';
import { asksLastUse, isStillPlanned, stillPlanned, withIntent } from './replan.ts';
import { ensureSecret, tagSecret } from './secret.ts';

/**
 * Acts without a lease, on what touches no key, or cannot wait for one: the step is performed on the state as read again,
 * if it is still planned. What performs it returns the `transitionId` of what it announced.
 */
export async function unleased<S extends Step>(
  attempt: Attempt<S>,
  perform: (fresh: Attempt<S>) => Promise<string | undefined>,
): Promise<Outcome> {
  const state = await stillPlanned(attempt);
  if (state === undefined) return outcome(attempt, 'changed');
  return outcome(attempt, 'done', await perform({ ...attempt, state }));
}

/** How a step ends that was performed under a lease. */
export interface Ending {
  /** Absent: no one has to know of it. */
  announcement?: Announcement;
  /** Writes what is remembered, with the tag that remembers the announcement; by default that tag alone. */
  record?: Recording;
  /** Tags that come off with the intent. */
  alsoUntag?: readonly string[];
  /** Instead of taking the intent off. */
  release?: () => Promise<Result>;
}

/**
 * Acts under a lease: the intent is written, or taken over from whoever was interrupted; read back; and everything is
 * read and planned again before the step is performed. A result instead of an ending leaves the intent as it is.
 */
export async function leased<S extends Step>(
  attempt: Attempt<S>,
  intent: NewIntent | 'interrupted',
  perform: (ours: Leased<S>) => Promise<Ending | Result>,
): Promise<Outcome> {
  const lease = intent === 'interrupted' ? await takeOver(attempt) : await begin(attempt, intent);
  if (typeof lease === 'string') return outcome(attempt, lease);
  const ours = await readAgain(attempt, lease, intent === 'interrupted' ? lease.before : undefined);
  // What another run began is not over because the plan for it has changed.
  if (ours === 'changed' && intent !== 'interrupted') await abandon(attempt.pass, lease);
  if (typeof ours === 'string') return outcome(attempt, ours, lease.transitionId);
  const ending = await perform(ours);
  const result = typeof ending === 'string' ? ending : await conclude(ours, ending);
  return outcome(attempt, result, lease.transitionId);
}

async function begin(attempt: Attempt, intent: NewIntent): Promise<Lease | 'busy'> {
  const secret = await ensureSecret(attempt.pass, attempt.state);
  return acquire(attempt, { secret, at: attempt.now }, intent);
}

/**
 * `busy`: the lease is somebody else's; `changed`: the step is no longer planned. `standing` is the intent that was there
 * when it was.
 */
async function readAgain<S extends Step>(
  attempt: Attempt<S>,
  lease: Lease,
  standing: string | undefined,
): Promise<Leased<S> | 'busy' | 'changed'> {
  const { pass, state, now } = attempt;
  const at = pass.runtime.clock();
  const read = await observeAgain(pass.reader, state.user, asksLastUse(pass, now));
  if (!(await readBack(pass, lease, { secret: read.secret, at }))) return 'busy';
  const fresh = { ...read, secret: lease.secret };
  if (!isStillPlanned(attempt, withIntent(fresh, standing))) return 'changed';
  // The reads may have been slow; a run that has taken the lease meanwhile relies on what we have not done yet.
  if (!(await isStillOurs(pass, lease))) return 'busy';
  return { ...attempt, state: fresh, lease };
}

/** Publish, then record, then take the intent off: a crash in between only repeats the message, under the same id. */
export async function conclude(ours: Leased, ending: Ending): Promise<Result> {
  const { pass, state, lease } = ours;
  const { announcement, record = (told) => tagSecret(pass, state.secret, told), alsoUntag = [] } = ending;
  if (announcement !== undefined) {
    await tell(ours, { ...announcement, transitionId: lease.transitionId }, record);
  }
  if (ending.release !== undefined) return ending.release();
  await release(pass, lease, ...alsoUntag);
  return 'done';
}
