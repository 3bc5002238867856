import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  firstRun,
  formatRun,
  hashOf,
  isInSweep,
  isWeeklyTurn,
  parseRun,
  type RunTimes,
  runAfter,
} from '../../../shared/core/runs.ts';
import { DAY, HOUR, type Instant } from '../../../shared/core/time.ts';
import { NOW } from '../../support/core/builders.ts';

const START = Date.UTC(2026, 0, 1, 6);
const DAYS = 140;

/** Scheduled times of 140 days: hourly, twice a day, daily, on weekdays, every n days, or at random with missed runs. */
const schedules: Record<string, { runEveryDays: number; times: Instant[] }> = {
  hourly: { runEveryDays: 1, times: every(HOUR) },
  'twice a day': { runEveryDays: 1, times: every(12 * HOUR) },
  daily: { runEveryDays: 1, times: every(DAY) },
  'on weekdays': { runEveryDays: 3, times: every(DAY).filter((at) => new Date(at).getUTCDay() % 6 !== 0) },
  'every second day': { runEveryDays: 2, times: every(2 * DAY) },
  'every four days': { runEveryDays: 4, times: every(4 * DAY) },
  weekly: { runEveryDays: 7, times: every(7 * DAY) },
};

function every(step: number): Instant[] {
  return Array.from({ length: (DAYS * DAY) / step }, (_, n) => START + n * step);
}

/** Each run, with what it remembers of the one before. */
function runsOf({ runEveryDays, times }: { runEveryDays: number; times: readonly Instant[] }): RunTimes[] {
  let remembered: RunTimes | undefined;
  return times.map((at) => {
    remembered = runAfter(remembered && parseRun(formatRun(remembered)), at, { runEveryDays });
    return remembered;
  });
}

const names = Object.keys(schedules);
const scheduleOf = (name: string) => schedules[name] ?? { runEveryDays: 1, times: [] };

describe('the time that a run covers', () => {
  test('has neither gap nor overlap, whatever the schedule and whichever runs were missed', () => {
    const missed = fc.array(fc.nat(), { maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(...names), missed, fc.maxSafeNat(), (name, misses, offset) => {
        const { runEveryDays, times } = scheduleOf(name);
        const held = times.filter((_, n) => n === 0 || !misses.some((miss) => miss % times.length === n));
        const runs = runsOf({ runEveryDays, times: held });
        const first = runs[0]?.previousAt ?? 0;
        const at = first + (offset % ((runs.at(-1)?.scheduledAt ?? 0) - first));
        expect(runs.filter((run) => run.previousAt <= at && at < run.scheduledAt)).toHaveLength(1);
      }),
      { seed: 1 },
    );
  });

  test('is that of the run before it, if it is the same run again', () => {
    const before = { previousAt: NOW - 3 * DAY, scheduledAt: NOW };
    expect(runAfter(before, NOW, { runEveryDays: 1 })).toEqual(before);
  });

  test.each([2, 7])('is as long as it may be where none is remembered, or one to come (%d days)', (runEveryDays) => {
    const expected = { previousAt: NOW - runEveryDays * DAY, scheduledAt: NOW };
    expect(runAfter(undefined, NOW, { runEveryDays })).toEqual(expected);
    expect(runAfter({ previousAt: NOW, scheduledAt: NOW + 1 }, NOW, { runEveryDays })).toEqual(expected);
  });

  test.each(['', 'x y', '2026-03-10T12:00:00Z', '2026-03-10T12:00:00Z 2026-03-10T12:00:00Z', '1 2 3'])(
    'is not read from "%s"',
    (text) => {
      expect(parseRun(text)).toBeUndefined();
    },
  );
});

describe('what no tag remembers', () => {
  test.each(names)('comes up once a week: %s', (name) => {
    const runs = runsOf(scheduleOf(name));
    for (const id of Array.from({ length: 40 }, (_, n) => `AIDA${n}`)) {
      const turns = runs.filter((run) => isWeeklyTurn(id, run)).map(({ scheduledAt }) => scheduledAt);
      expect(turns.length).toBeGreaterThanOrEqual(DAYS / 7 - 1);
      expect(turns.length).toBeLessThanOrEqual(DAYS / 7 + 1);
      const gaps = turns.slice(1).map((at, n) => at - (turns[n] ?? 0));
      // Never later than the first run after a week.
      expect(Math.max(...gaps)).toBeLessThanOrEqual(11 * DAY);
    }
  });

  test('comes up on every day of the week, for one user or another', () => {
    const days = every(DAY).slice(0, 7);
    const ids = Array.from({ length: 700 }, (_, n) => `AIDA${String(n * 7_919).padStart(17, 'Q')}`);
    const met = days.map((at) => ids.filter((id) => isWeeklyTurn(id, firstRun(at, { runEveryDays: 1 }))).length);
    expect(met.reduce((sum, count) => sum + count)).toBe(700);
    for (const count of met) expect(Math.abs(count - 100)).toBeLessThan(40);
  });
});

describe('the exact sweep', () => {
  const ids = Array.from({ length: 3_000 }, (_, index) => `AIDA${String(index).padStart(17, 'X')}`);

  test.each(names)('meets everybody in 30 days or a run more: %s', (name) => {
    const { runEveryDays, times } = scheduleOf(name);
    const settings = { exactSweepDays: 30, runEveryDays };
    const until = START + 30 * DAY + runEveryDays * DAY;
    const runs = times.filter((at) => at < until);
    expect(ids.filter((id) => !runs.some((at) => isInSweep(id, settings, at)))).toEqual([]);
  });

  test.each([1, 2, 4, 7])('meets a like share in every period of %d days', (runEveryDays) => {
    const periods = Math.ceil(30 / runEveryDays);
    const settings = { exactSweepDays: 30, runEveryDays };
    for (let n = 0; n < periods; n++) {
      const met = ids.filter((id) => isInSweep(id, settings, START + n * runEveryDays * DAY));
      expect(Math.abs(met.length - ids.length / periods)).toBeLessThan(75);
    }
  });

  test('goes on at midnight UTC, where runs are daily', () => {
    const midnight = Date.UTC(2026, 2, 11);
    const on = (at: Instant) => ids.map((id) => isInSweep(id, { exactSweepDays: 2, runEveryDays: 1 }, at));
    expect(on(midnight - 1)).toEqual(on(NOW));
    expect(on(midnight)).toEqual(on(NOW).map((isMet) => !isMet));
  });
});

test('the hash of an ID is stable', () => {
  expect(hashOf('AIDAALICEALICEALICE00')).toBe(hashOf('AIDAALICEALICEALICE00'));
  expect(hashOf('')).toBe(0x811c9dc5);
});
