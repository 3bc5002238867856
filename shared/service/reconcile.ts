import { apply, timeNeeded } from '../apply/apply.ts';
import { announceExposed, tellInDryRun } from '../apply/exposed.ts';
import type { Outcome, Pass } from '../apply/pass.ts';
import { asksLastUse } from '../apply/replan.ts';
import { readLimits, readListeners } from '../aws/limits.ts';
import { observeUser, type UserReference, withoutSecret } from '../aws/observe.ts';
import type { MetricName } from '../aws/runtime.ts';
import type { ActionName, Step } from '../core/answer.ts';
import { toBeHeard } from '../core/checks/heard.ts';
import { aboutUser, RotationError } from '../core/errors.ts';
import { isAboutExposure } from '../core/exposure.ts';
import type { Completed, Request, UserState } from '../core/model.ts';
import { type Plan, plan, planFor } from '../core/plan.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { assess } from '../core/situation.ts';
import { type Instant, SECOND } from '../core/time.ts';

/** What became of one user in one invocation. */
export interface Reconciled {
  status: 'planned' | 'changed' | 'unchanged' | 'blocked' | 'busy' | 'failed';
  reason: ReasonCode;
  message: string;
  plan: readonly Step[];
  outcomes: readonly Outcome[];
  /** As last observed; absent when the user is not there any more. */
  state?: UserState;
}

export interface ReconcileOptions {
  isDryRun: boolean;
}

/**
 * Observe, plan and apply are repeated at most so often: two exposed keys, the policy, what was interrupted, a slot to
 * be freed, the step itself, and a look at what came of it.
 */
const MOST_STEPS = 10;

/**
 * One user: observed, planned, one step applied, observed again while the plan says so. Throws a RotationError when AWS
 * refuses or does not answer; what was begun then is finished by a later pass.
 */
export async function reconcile(pass: Pass, reference: UserReference, options: ReconcileOptions): Promise<Reconciled> {
  const outcomes: Outcome[] = [];
  const steps: Step[] = [];
  let completed: Completed | undefined;
  let state: UserState | undefined;
  for (let left = MOST_STEPS; ; left--) {
    const now = pass.runtime.clock();
    state = await observe(pass, reference, options, now);
    if (state === undefined) return userChanged(pass, reference, { plan: steps, outcomes });
    const request: Request = { ...pass.request, ...(completed === undefined ? {} : { completed }) };
    const answer = await planWithLimits(pass, state, request, now);
    logDecision(pass, state, answer);
    if (!options.isDryRun && (await isWaitedOut(pass, answer, now, left))) continue;
    steps.push(...answer.steps);
    if (options.isDryRun) await tellExposed(pass, state, answer);
    const applied = await applyAll({ ...pass, request }, state, options.isDryRun ? [] : answer.steps, now);
    outcomes.push(...applied);
    const last = answer.steps.at(-1);
    const isDone = applied.length > 0 && applied.every(({ result }) => result === 'done');
    if (!isDone || !last?.continues || left <= 1) {
      return counted(pass, options, conclude(options, answer, { plan: steps, outcomes, state }));
    }
    completed = completedBy(last, completed);
  }
}

/** What cannot be read keeps no exposed key Active: what IAM says is enough to deactivate it, and then the failure counts. */
async function observe(
  pass: Pass,
  reference: UserReference,
  options: ReconcileOptions,
  now: Instant,
): Promise<UserState | undefined> {
  try {
    return await observeUser(pass.reader, reference, asksLastUse(pass, now));
  } catch (error) {
    if (isAboutExposure(pass.request)) await deactivateUnseen(pass, reference, options, now);
    throw error;
  }
}

/** Without the secret, and without what would write into it: whoever sees it again records what was done. */
async function deactivateUnseen(
  { stateKey: _, ...pass }: Pass,
  reference: UserReference,
  { isDryRun }: ReconcileOptions,
  now: Instant,
): Promise<void> {
  const blind: Pass = { ...pass, reader: withoutSecret(pass.reader) };
  const state = await observeUser(blind.reader, reference, () => false);
  if (state === undefined) return;
  const answer = plan(state, blind.request, blind.settings, now);
  if (answer.steps.every(({ action }) => action !== 'deactivate-exposed' && action !== 'announce-exposed')) return;
  logDecision(blind, state, answer);
  if (isDryRun) await tellExposed(blind, state, answer);
  else await applyAll(blind, state, answer.steps, now);
}

type Done = Pick<Reconciled, 'plan' | 'outcomes' | 'state'>;

/** Logged, since a message of the queue ends here without any other trace. */
function userChanged({ runtime, request }: Pass, { userName, userId }: UserReference, done: Done): Reconciled {
  const message = `User ${userName}${userId === undefined ? '' : ` (${userId})`} is not there any more: nothing is done.`;
  const verdict = { status: 'unchanged', reason: 'user-changed' } as const;
  const { runId, origin } = request;
  runtime.log.info('Decided', { runId, origin, userName, userId, ...verdict, because: message });
  return { ...done, ...verdict, message };
}

/** What limits a step costs calls of its own, so each part of it is read only when such a step would be next. */
async function planWithLimits(pass: Pass, state: UserState, request: Request, now: Instant): Promise<Plan> {
  const { settings, runtime, reader } = pass;
  const situation = assess(state, request, settings, now);
  const first = planFor(situation);
  const step = toBeHeard(situation, first);
  if (step === undefined) return first;
  const audience = await readListeners(runtime, settings);
  const isCounted = step.action === 'issue' || step.action === 'retire';
  const limits = isCounted ? await readLimits(reader, audience, now) : { audience };
  return plan(state, { ...request, limits }, settings, now);
}

/** Outside the queue a fresh record of somebody else is waited out; in the queue the next message does that. */
async function isWaitedOut(pass: Pass, answer: Plan, now: Instant, left: number): Promise<boolean> {
  const until = answer.steps[0]?.notBefore;
  if (answer.reason !== 'settling' || pass.isQueued || until === undefined || left <= 1) return false;
  if (until - now > 90 * SECOND || until + 60 * SECOND > pass.deadlineAt) return false;
  await pass.runtime.sleep(until - now + SECOND);
  return true;
}

/** The one thing beside its digest that a dry run publishes. A question is asked by somebody who reads the answer. */
async function tellExposed(pass: Pass, state: UserState, { steps: [first] }: Plan): Promise<void> {
  if (pass.request.origin !== 'exposed') return;
  if (first?.action === 'deactivate-exposed') await tellInDryRun({ pass, state, step: first, now: pass.runtime.clock() });
  if (first?.action === 'announce-exposed') await announceExposed({ pass, state, step: first });
}

async function applyAll(pass: Pass, state: UserState, steps: readonly Step[], now: Instant): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of steps) {
    if (pass.runtime.clock() + timeNeeded(step) > pass.deadlineAt) {
      const message = `Too little time is left to ${step.action} for ${state.user.userName}; run it again.`;
      throw new RotationError(message, { isTransient: true, code: 'OutOfTime', userName: state.user.userName });
    }
    const outcome = await applyOne(pass, state, step, now);
    if (outcome !== undefined) outcomes.push(outcome);
  }
  return outcomes;
}

async function applyOne(pass: Pass, state: UserState, step: Step, now: Instant): Promise<Outcome | undefined> {
  try {
    const outcome = await apply({ pass, state, now }, step);
    if (outcome !== undefined) logOutcome(pass, state, outcome);
    return outcome;
  } catch (error) {
    const { userName, accountId } = state.user;
    throw aboutUser(error, `Cannot ${step.action} for ${userName}`, { userName, accountId, action: step.action });
  }
}

function completedBy(step: Step, before: Completed | undefined): Completed | undefined {
  if (step.action === 'issue') return { verb: 'issue' };
  return before;
}

function conclude({ isDryRun }: ReconcileOptions, last: Plan, done: Done): Reconciled {
  const { reason, message, status } = last;
  const failed = done.outcomes.find(({ result }) => result !== 'done');
  if (isDryRun && status === 'act') return { ...done, status: 'planned', reason, message };
  if (failed !== undefined) return { ...done, ...shortfall(failed, last) };
  const isChanged = done.outcomes.some(({ action }) => !saysOnly.includes(action));
  if (status === 'act' || (isChanged && status === 'unchanged')) return { ...done, status: 'changed', reason, message };
  return { ...done, status, reason, message };
}

const saysOnly: readonly ActionName[] = ['announce-blocked', 'announce-exposed'];

function shortfall({ result }: Outcome, { message }: Plan): Pick<Reconciled, 'status' | 'reason' | 'message'> {
  if (result === 'not-proven') {
    return { status: 'failed', reason: 'not-proven', message: `${message} The new key never worked and was deleted.` };
  }
  return {
    status: 'busy',
    reason: 'busy',
    message: `${message} Somebody else changed the user meanwhile; run it again.`,
  };
}

function logDecision(pass: Pass, { user }: UserState, { check, status, reason, message, steps }: Plan): void {
  const actions = steps.map(({ action }) => action);
  const { runId, origin } = pass.request;
  pass.runtime.log.info('Decided', {
    runId,
    origin,
    userName: user.userName,
    userId: user.userId,
    check,
    status,
    reason,
    because: message,
    actions,
  });
}

/** Which metric counts a step that was done. */
const metricOf: Readonly<Partial<Record<ActionName, MetricName>>> = {
  issue: 'Rotated',
  deactivate: 'Deactivated',
  'deactivate-exposed': 'Deactivated',
  retire: 'Deactivated',
  delete: 'Deleted',
  postpone: 'Postponed',
};

function logOutcome({ runtime, request }: Pass, { user }: UserState, outcome: Outcome): void {
  const metric = metricOf[outcome.action];
  if (metric !== undefined && outcome.result === 'done') runtime.meter.add(metric, 1);
  runtime.log.info('Applied', { runId: request.runId, userName: user.userName, userId: user.userId, ...outcome });
}

/** Metrics of how it ended; a dry run and a question count nothing. */
function counted({ runtime: { meter } }: Pass, { isDryRun }: ReconcileOptions, reconciled: Reconciled): Reconciled {
  if (isDryRun) return reconciled;
  if (reconciled.status === 'blocked') meter.add('Blocked', 1);
  if (reconciled.status === 'failed') meter.add('Failed', 1);
  if (reconciled.reason === 'breaker-open') meter.add('BreakerOpen', 1);
  return reconciled;
}
