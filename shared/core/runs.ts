import type { Settings } from './settings.ts';
import { DAY, formatInstant, type Instant, parseInstant } from './time.ts';

/*
 * Runs are not days: a schedule may be hourly or weekly, leave out weekends, or have missed a run. What happens once is
 * decided by the time between two runs, as they were scheduled: it has neither gap nor overlap.
 */

/** When a run was due, and when the one before it was. */
export interface RunTimes {
  previousAt: Instant;
  scheduledAt: Instant;
}

/** Of a run that knows of none before it: as if that had been as long ago as it may be. */
export function firstRun(scheduledAt: Instant, { runEveryDays }: Pick<Settings, 'runEveryDays'>): RunTimes {
  return { previousAt: scheduledAt - runEveryDays * DAY, scheduledAt };
}

/** The run after the one that is remembered. One that is repeated covers the same time again. */
export function runAfter(
  remembered: RunTimes | undefined,
  scheduledAt: Instant,
  settings: Pick<Settings, 'runEveryDays'>,
): RunTimes {
  if (remembered === undefined || remembered.scheduledAt > scheduledAt) return firstRun(scheduledAt, settings);
  if (remembered.scheduledAt === scheduledAt) return remembered;
  return { previousAt: remembered.scheduledAt, scheduledAt };
}

/** As a run is remembered, in a tag of the queue. */
export function formatRun({ scheduledAt, previousAt }: RunTimes): string {
  return `${formatInstant(scheduledAt)} ${formatInstant(previousAt)}`;
}

export function parseRun(text: string): RunTimes | undefined {
  const [scheduledAt, previousAt, ...rest] = text.split(' ').map(parseInstant);
  if (scheduledAt === undefined || previousAt === undefined || rest.length > 0) return undefined;
  return previousAt < scheduledAt ? { previousAt, scheduledAt } : undefined;
}

/** Weekly, where a tag remembers when it was last: half a day less, since no two runs are a week apart to the second. */
export const WEEKLY_DAYS = 6.5;
const WEEK = 7 * DAY;

/** Weekly, where nothing remembers: true in one of the runs of each week, another for each user. */
export function isWeeklyTurn(id: string, { previousAt, scheduledAt }: RunTimes): boolean {
  const weekOf = (at: Instant): number => Math.floor((at + (hashOf(id) % WEEK)) / WEEK);
  return weekOf(scheduledAt) !== weekOf(previousAt);
}

/**
 * Whether a run looks at the user exactly: one share of all in each period of `runEveryDays`, by hash of the UserId, so
 * that everybody was met after `exactSweepDays`.
 */
export function isInSweep(
  userId: string,
  { exactSweepDays, runEveryDays }: Pick<Settings, 'exactSweepDays' | 'runEveryDays'>,
  scheduledAt: Instant,
): boolean {
  return (runNumber(scheduledAt, runEveryDays) + hashOf(userId)) % Math.ceil(exactSweepDays / runEveryDays) === 0;
}

/** Runs within one period of `runEveryDays` have the same. */
export function runNumber(scheduledAt: Instant, runEveryDays: number): number {
  return Math.floor(scheduledAt / (runEveryDays * DAY));
}

/** A small stable hash (FNV-1a, 32 bits) that spreads users over time. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
