import type { Step } from '../../shared/core/answer.ts';
import { asScheduled, type User, type UserState } from '../../shared/core/model.ts';
import { type Plan, plan } from '../../shared/core/plan.ts';
import type { Settings } from '../../shared/core/settings.ts';
import { DAY, HOUR, type Instant, SECOND } from '../../shared/core/time.ts';
import { effectOf, madeUpId } from './effects.ts';

/*
 * The planner, run forward: one run a day, each step taking effect as planned. What is assumed of people stands in
 * `assumptions`, for the page.
 */

export const assumptions: readonly string[] = [
  'a run takes place every day at this time, with these settings, and carries out its plan',
  'owners use a new key from the day after it is issued, and no old key from then on; a key that was in use stays in use until then',
  'no one changes anything by hand, and AWS refuses nothing',
];

/** What would happen to a user on one day. */
export interface Foreseen {
  at: Instant;
  step: Step;
}

/** One user's days. */
export interface Forecast {
  user: User;
  /** As observed, before the first run. */
  before: UserState;
  /** What the first run says, done or not. */
  first: Plan;
  /** The state after each run, the first one included. */
  states: readonly { at: Instant; state: UserState }[];
  events: readonly Foreseen[];
}

/** As many rounds a pass has at most. */
const ROUNDS = 10;
/** A write comes a moment after its run began. */
const WRITTEN_AFTER = 10 * SECOND;

interface Walker {
  before: UserState;
  state: UserState;
  first?: Plan;
  states: { at: Instant; state: UserState }[];
  events: Foreseen[];
  /** Nothing can be said of what comes after a step that needs somebody, or that is not foreseen here. */
  isOver: boolean;
  /** Key IDs that are made up. */
  made: number;
}

/** Every user for so many days, those with the oldest key first each day: they share the daily limit. */
export function forecast(states: readonly UserState[], settings: Settings, from: Instant, days: number): Forecast[] {
  const walkers = states.map((state): Walker => {
    return { before: state, state, states: [], events: [], isOver: false, made: 0 };
  });
  for (let day = 0; day <= days; day++) {
    const now = from + day * DAY;
    let issuedToday = 0;
    for (const walker of walkers.toSorted((a, b) => oldestOf(a) - oldestOf(b))) {
      if (day > 0) walker.state = withUses(walker.state, settings, now);
      issuedToday += pass(walker, settings, now, issuedToday);
      walker.states.push({ at: now, state: walker.state });
    }
  }
  return walkers.flatMap(({ before, first, states: seen, events }) =>
    first === undefined ? [] : { user: before.user, before, first, states: seen, events },
  );
}

function oldestOf({ state: { keys } }: Walker): Instant {
  return Math.min(...keys.filter(({ status }) => status === 'Active').map(({ createdAt }) => createdAt));
}

/** Whoever worked with the newest key lately goes on; one that was made here is used from its second day on. */
function withUses(state: UserState, settings: Settings, now: Instant): UserState {
  const active = state.keys.filter(({ status }) => status === 'Active').toSorted((a, b) => b.createdAt - a.createdAt);
  const [newest] = active;
  const since = Math.max(...state.keys.map(({ lastUsed }) => lastUsed?.at ?? 0));
  if (newest === undefined || now - since > settings.unusedDays * DAY) return state;
  const lastUsed = {
    at: now - HOUR,
    service: newest.lastUsed?.service ?? 's3',
    region: newest.lastUsed?.region ?? '-',
  };
  return { ...state, keys: state.keys.map((key) => (key === newest ? { ...key, lastUsed } : key)) };
}

/** One user's pass on one day. Returns how many keys it issued or retired. */
function pass(walker: Walker, settings: Settings, now: Instant, issuedToday: number): number {
  const wroteAt = new Set([now + WRITTEN_AFTER]);
  let limited = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const limits = { audience: undefined, issuedToday: issuedToday + limited, isBreakerOpen: false };
    const answer = plan(walker.state, { ...asScheduled, wroteAt, limits }, settings, now);
    walker.first ??= answer;
    const [step] = answer.steps;
    if (walker.isOver || step === undefined || step.action === 'none') return limited;
    walker.events.push({ at: now, step });
    const newKeyId = madeUpId(++walker.made);
    const after = effectOf({ state: walker.state, step, settings, at: now + WRITTEN_AFTER, newKeyId });
    if (after === undefined) walker.isOver = true;
    else walker.state = after;
    if (step.action === 'issue' || step.action === 'retire') limited++;
    if (!step.continues) return limited;
  }
  return limited;
}
