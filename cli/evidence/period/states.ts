import { type KeyState, keyStates } from '../../../shared/core/evidence/key-state.ts';
import { DAY, formatDate, type Instant, parseDate } from '../../../shared/core/time.ts';
import type { Day, DayOfKey } from './day.ts';
import { instantOf } from './input.ts';
import { type KeyLife, seenKeys } from './key-lives.ts';
import { daysOf, type Period } from './period.ts';

/** What a run says of a key, or that none says it. */
export const statesOfDays = [...keyStates, 'not-known'] as const;
export type StateOfDay = (typeof statesOfDays)[number];
export type DaysByState = Record<StateOfDay, number>;

/** Days that follow each other, on which a key was in one state. */
export interface StateSpell {
  state: StateOfDay;
  firstDay: string;
  lastDay: string;
  days: number;
  /** The folder of the first day's run; null: of what is not known. */
  source: string | null;
  /** Of what is not known: why. */
  because: string | null;
}

export interface KeyInPeriod extends KeyLife {
  states: readonly StateSpell[];
  daysByState: DaysByState;
}

export interface DaysInPeriod {
  period: Period;
  days: readonly Day[];
  now: Instant;
}

/**
 * Every day of the period on which a key was there, by its state as the run of that day saw it. Nothing is guessed: a day
 * whose run does not say it is not known.
 */
export function withStates(lives: readonly KeyLife[], { period, days, now }: DaysInPeriod): KeyInPeriod[] {
  const byDate = new Map(days.map((day) => [day.date, day]));
  const seen = seenKeys(days);
  const dates = daysOf(period, now);
  return lives.map((life): KeyInPeriod => {
    const own = seen.get(life.accessKeyId) ?? new Map<string, DayOfKey>();
    const states = spellsOf(
      dates.flatMap((date) => stateOn(life, { date, day: byDate.get(date), key: own.get(date) })),
    );
    return { ...life, states, daysByState: sumOf(states) };
  });
}

/** Of all keys together. */
export function sumOf(states: readonly Pick<StateSpell, 'state' | 'days'>[]): DaysByState {
  const sum = { ...none };
  for (const { state, days } of states) sum[state] += days;
  return sum;
}

const none: DaysByState = {
  'before-due': 0,
  'hand-over': 0,
  due: 0,
  inactive: 0,
  held: 0,
  exempt: 0,
  frozen: 0,
  blocked: 0,
  'not-managed': 0,
  'not-known': 0,
};

type StateOn = Pick<StateSpell, 'state' | 'source' | 'because'> & { date: string };

function stateOn(
  life: KeyLife,
  { date, day, key }: { date: string; day: Day | undefined; key: DayOfKey | undefined },
): StateOn[] {
  const notKnown = (because: string): StateOn[] => [{ date, state: 'not-known', source: null, because }];
  if (day !== undefined && key !== undefined) {
    // Runs of an earlier version say of an active key no more than that.
    const state: KeyState | undefined = key.status === 'Active' ? key.state : 'inactive';
    return state === undefined
      ? notKnown('its run does not say it')
      : [{ date, state, source: day.folder, because: null }];
  }
  if (!wasThere(life, date)) return [];
  if (day === undefined) return notKnown('there is no run of that day');
  return day.isListed && !day.unlisted.has(life.userId) ? [] : notKnown('the keys of its user were not known');
}

/** It is not known to have been made after the day, or to have been gone before it. */
function wasThere({ changes }: KeyLife, date: string): boolean {
  const start = parseDate(date) ?? 0;
  const at = (what: 'created' | 'deleted'): Instant | undefined => {
    const told = changes.find((change) => change.what === what)?.told[0]?.at;
    return told === undefined ? undefined : instantOf(told);
  };
  const [createdAt, deletedAt] = [at('created'), at('deleted')];
  return (createdAt === undefined || createdAt < start + DAY) && (deletedAt === undefined || deletedAt >= start);
}

function spellsOf(found: readonly StateOn[]): StateSpell[] {
  const spells: StateSpell[] = [];
  for (const { date, ...now } of found) {
    const last = spells.at(-1);
    const isNext = last !== undefined && formatDate((parseDate(last.lastDay) ?? 0) + DAY) === date;
    if (isNext && last.state === now.state && last.because === now.because) {
      spells[spells.length - 1] = { ...last, lastDay: date, days: last.days + 1 };
    } else {
      spells.push({ ...now, firstDay: date, lastDay: date, days: 1 });
    }
  }
  return spells;
}
