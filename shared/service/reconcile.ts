import { apply, timeNeeded } from '../apply/apply.ts';
import { type Planned, situationOf } from '../apply/attempt.ts';
import { announceExposed, tellInDryRun } from '../apply/exposed.ts';
import type { Outcome, Pass } from '../apply/pass.ts';
import { asksLastUse } from '../apply/replan.ts';
import { readLimits, readListeners } from '../aws/limits.ts';
import { observeUser, type UserReference, withoutSecret } from '../aws/observe.ts';
import { type ActionName, phraseOf, type Step } from '../core/answer.ts';
import { toBeHeard } from '../core/checks/heard.ts';
import { aboutUser, RotationError } from '../core/errors.ts';
import { isAboutExposure } from '../core/exposure.ts';
import type { Request, UserState } from '../core/model.ts';
import { type Plan, plan, planFor } from '../core/plan.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { type Instant, SECOND } from '../core/time.ts';
import { countPass, countStep } from './count-pass.ts';
import { isBegunToday, unlessFleetRefuses } from './fleet-limits.ts';

/** What became of one user in one invocation. */
export interface Reconciled {
  status: 'planned' | 'changed' | 'unchanged' | 'blocked' | 'busy' | 'failed';
  reason: ReasonCode;
  message: string;
  plan: readonly Step[];
  outcomes: readonly Outcome[];
  /** As last observed; absent if the user no longer exists. */
  state?: UserState;
}

export interface ReconcileOptions {
  isDryRun: boolean;
}

/**
 * Observe, plan and apply are repeated at most so often: two exposed keys, the policy, what was interrupted, a slot to
 * be freed, the step itself, and a look at what came of it.
 */
const MOST_ROUNDS = 10;

/** What one look at the user led to. */
interface Round {
  steps: readonly Step[];
  outcomes: readonly Outcome[];
  /** There may be more to do: it takes another look. */
  goesOn: boolean;
}

/**
 * One user: observed, planned, one step applied, observed again while the plan says so. Throws a RotationError when AWS
 * refuses or does not answer; what was begun then is finished by a later pass.
 */
export async function reconcile(pass: Pass, reference: UserReference, options: ReconcileOptions): Promise<Reconciled> {
  const rounds: Round[] = [];
  let isBegun = false;
  for (;;) {
    const now = pass.runtime.clock();
    const state = await observe(pass, reference, { ...options, now });
    if (state === undefined) return userChanged(pass, reference, doneIn(rounds));
    const request = { ...pass.request, ...completedIn(rounds) };
    const planned = await lookElsewhere({ pass: { ...pass, request }, state, now });
    const allowed = await planWithLimits(planned);
    isBegun ||= isBegunToday(state, now);
    const answer = options.isDryRun || isBegun ? allowed : await unlessFleetRefuses(planned, allowed);
    logDecision(planned, answer);
    const isLast = rounds.length === MOST_ROUNDS - 1;
    const round = await act(planned, answer, { ...options, isLast });
    rounds.push(round);
    if (isLast || !round.goesOn) {
      const reconciled = conclude(options, answer, { ...doneIn(rounds), state });
      // A dry run and a question count nothing.
      if (!options.isDryRun) countPass(pass, reconciled);
      return reconciled;
    }
  }
}

/** Does what the plan says; what is settling outside the queue is waited out instead, if there is another look. */
async function act(planned: Planned, answer: Plan, options: ReconcileOptions & { isLast: boolean }): Promise<Round> {
  const { steps } = answer;
  if (options.isDryRun) {
    await tellExposed(planned, answer);
    return { steps, outcomes: [], goesOn: false };
  }
  if (!options.isLast && (await isWaitedOut(planned, answer))) return { steps: [], outcomes: [], goesOn: true };
  const outcomes = await applyAll(planned, steps);
  const isDone = outcomes.length > 0 && outcomes.every(({ result }) => result === 'done');
  return { steps, outcomes, goesOn: isDone && steps.at(-1)?.continues === true };
}

function doneIn(rounds: readonly Round[]): Done {
  return { plan: rounds.flatMap(({ steps }) => steps), outcomes: rounds.flatMap(({ outcomes }) => outcomes) };
}

/** What was asked for and is done, for the planner: it is not done twice. */
function completedIn(rounds: readonly Round[]): Pick<Request, 'completed'> {
  return rounds.some(({ steps }) => steps.at(-1)?.action === 'issue') ? { completed: { verb: 'issue' } } : {};
}

interface ObserveOptions extends ReconcileOptions {
  now: Instant;
}

/** What cannot be read keeps no exposed key Active: what IAM says is enough to deactivate it, and then the failure counts. */
async function observe(pass: Pass, reference: UserReference, options: ObserveOptions): Promise<UserState | undefined> {
  try {
    return await observeUser(pass.reader, reference, asksLastUse(pass, options.now));
  } catch (error) {
    if (isAboutExposure(pass.request)) await deactivateUnseen(pass, reference, options);
    throw error;
  }
}

/** Without the secret, and without what would write into it: whoever sees it again records what was done. */
async function deactivateUnseen({ stateKey: _, ...pass }: Pass, reference: UserReference, options: ObserveOptions) {
  const blind: Pass = { ...pass, reader: withoutSecret(pass.reader) };
  const state = await observeUser(blind.reader, reference, () => false);
  if (state === undefined) return;
  const planned = { pass: blind, state, now: options.now };
  const answer = planFor(situationOf(planned, options.now));
  if (answer.steps.every(({ action }) => action !== 'deactivate-exposed' && action !== 'announce-exposed')) return;
  logDecision(planned, answer);
  if (options.isDryRun) await tellExposed(planned, answer);
  else await applyAll(planned, answer.steps);
}

type Done = Pick<Reconciled, 'plan' | 'outcomes' | 'state'>;

/** Logged, since a message of the queue ends here without any other trace. */
function userChanged({ runtime, request }: Pass, { userName, userId }: UserReference, done: Done): Reconciled {
  const message = `User ${userName}${userId === undefined ? '' : ` (${userId})`} no longer exists; nothing was changed.`;
  const verdict = { status: 'unchanged', reason: 'user-changed' } as const;
  const { runId, origin } = request;
  runtime.log.info('Decided', { runId, origin, userName, userId, ...verdict, because: message });
  return { ...done, ...verdict, message };
}

/** A look into the fleet's other Regions costs a call in each, so only who would be issued to is looked for there. */
async function lookElsewhere(planned: Planned): Promise<Planned> {
  const { pass, state, now } = planned;
  const { regionsElsewhere } = pass.runtime;
  if (regionsElsewhere === undefined) return planned;
  const { steps } = planFor(situationOf(planned, now));
  if (steps.every(({ action }) => action !== 'issue')) return planned;
  const elsewhere = await regionsElsewhere(pass.settings, state.user);
  return { ...planned, pass: { ...pass, request: { ...pass.request, elsewhere } } };
}

/** What limits a step costs calls of its own, so each part of it is read only when such a step would be next. */
async function planWithLimits({ pass, state, now }: Planned): Promise<Plan> {
  const { settings, runtime, reader, request } = pass;
  const situation = situationOf({ pass, state }, now);
  const first = planFor(situation);
  const step = toBeHeard(situation, first);
  if (step === undefined) return first;
  const audience = await readListeners(runtime, settings);
  const isCounted = step.action === 'issue' || step.action === 'retire';
  const limits = isCounted ? await readLimits(reader, audience, now) : { audience };
  return plan(state, { ...request, limits }, settings, now);
}

/** Outside the queue, a fresh record of another run is waited out; in the queue the next message does that. */
async function isWaitedOut({ pass, now }: Planned, answer: Plan): Promise<boolean> {
  const until = answer.steps[0]?.notBefore;
  if (answer.reason !== 'settling' || pass.isQueued || until === undefined) return false;
  if (until - now > 90 * SECOND || until + 60 * SECOND > pass.deadlineAt) return false;
  await pass.runtime.sleep(until - now + SECOND);
  return true;
}

/** The one thing beside its digest that a dry run publishes. A person who asks reads the answer. */
async function tellExposed(planned: Planned, { steps: [step] }: Plan): Promise<void> {
  if (planned.pass.request.origin !== 'exposed') return;
  if (step?.action === 'deactivate-exposed') await tellInDryRun({ ...planned, step });
  if (step?.action === 'announce-exposed') await announceExposed({ ...planned, step });
}

async function applyAll(planned: Planned, steps: readonly Step[]): Promise<Outcome[]> {
  const { pass, state } = planned;
  const outcomes: Outcome[] = [];
  for (const step of steps) {
    if (pass.runtime.clock() + timeNeeded(step) > pass.deadlineAt) {
      const message = `Too little time is left to ${phraseOf(step)} for ${state.user.userName}; run it again.`;
      throw new RotationError(message, { isTransient: true, code: 'OutOfTime', userName: state.user.userName });
    }
    const outcome = await applyOne(planned, step);
    if (outcome !== undefined) outcomes.push(outcome);
  }
  return outcomes;
}

async function applyOne(planned: Planned, step: Step): Promise<Outcome | undefined> {
  try {
    const outcome = await apply(planned, step);
    if (outcome !== undefined) logOutcome(planned, outcome);
    return outcome;
  } catch (error) {
    const { userName, accountId } = planned.state.user;
    throw aboutUser(error, `Cannot ${phraseOf(step)} for ${userName}`, { userName, accountId, action: step.action });
  }
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
    message: `${message} Meanwhile the user was changed by someone else; run it again.`,
  };
}

function logDecision({ pass, state: { user } }: Planned, { check, status, reason, message, steps }: Plan): void {
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

function logOutcome({ pass: { runtime, request }, state: { user } }: Planned, outcome: Outcome): void {
  countStep(runtime.meter, outcome);
  runtime.log.info('Applied', { runId: request.runId, userName: user.userName, userId: user.userId, ...outcome });
}
