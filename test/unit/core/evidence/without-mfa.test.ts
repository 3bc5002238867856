import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../shared/core/evidence/finding.ts';
import { judgeEvidence } from '../../../../shared/core/evidence/judge.ts';
import { seen } from '../../../../shared/core/evidence/snapshot.ts';
import { mfaTurns } from '../../../../shared/core/evidence/without-mfa.ts';
import { DAY, formatDate, HOUR } from '../../../../shared/core/time.ts';
import { DEFAULTS, NOW } from '../../../support/core/builders.ts';
import { denied, evidenceLimits, seenUser, snapshotOf } from '../../../support/core/snapshots.ts';

const FIRST = Math.floor(NOW / DAY) * DAY + 2 * HOUR;
const people = (count: number) => Array.from({ length: count }, (_, n) => `p${n}`);
const access = (hasMfa: boolean, at: number) =>
  seen({ hasPassword: true, hasMfa, basis: 'exact' as const, readAt: at });

/** Runs on these instants, of people of whom each run says whether they have a device; who was told on which day. */
function told(
  runs: readonly { at: number; names?: readonly string[]; has?: boolean | 'unknown'; isTold?: boolean }[],
): string[][] {
  let before: { findings: readonly Finding[]; startedAt?: number; untold: string[] } = { findings: [], untold: [] };
  return runs.map(({ at, names = ['bob'], has = false, isTold = true }) => {
    const users = names.map((name) => seenUser(name, { console: has === 'unknown' ? denied : access(has, at) }));
    const measures = { settings: DEFAULTS, limits: evidenceLimits, now: at };
    const findings = judgeEvidence(snapshotOf({ at, users: seen(users) }), before.findings, measures);
    const turns = mfaTurns(findings, before, at).told;
    before = { findings, startedAt: at, untold: isTold ? [] : turns.map(({ userId }) => userId) };
    return turns.map(({ userName, day }) => `${userName} ${Math.round((day - FIRST) / DAY)}`);
  });
}

const daily = (days: number) => Array.from({ length: days }, (_, n) => ({ at: FIRST + n * DAY }));
const daysOf = (runs: readonly string[][]) => runs.flatMap((turns, n) => (turns.length > 0 ? [n] : []));

describe('a person without MFA is told', () => {
  test('on the day it is seen, after a week, and every thirty days from then on', () => {
    expect(daysOf(told(daily(100)))).toEqual([0, 7, 37, 67, 97]);
  });

  test('once a day, however many runs there are', () => {
    const runs = daily(9).flatMap(({ at }) => [{ at }, { at: at + HOUR }, { at: at + 9 * HOUR }]);
    expect(daysOf(told(runs))).toEqual([0, 21]);
  });

  test('after an outage, for the day that was missed, once', () => {
    const runs = told([0, 1, 20, 21, 36, 40].map((day) => ({ at: FIRST + day * DAY })));
    expect(runs).toEqual([['bob 0'], [], ['bob 7'], [], [], ['bob 37']]);
  });

  test('not again because a day was not known, and anew when the device is given up', () => {
    const run = (day: number, has: boolean | 'unknown') => ({ at: FIRST + day * DAY, has });
    expect(daysOf(told([run(0, false), run(1, 'unknown'), run(2, false), run(3, true), run(4, false)]))).toEqual([
      0, 4,
    ]);
  });

  test('on the same day still, if a second run is the first that sees it', () => {
    const runs = [{ at: FIRST, has: true }, { at: FIRST + HOUR }, { at: FIRST + DAY }];
    expect(daysOf(told(runs))).toEqual([1]);
  });

  test('again for the same day, if SNS refused', () => {
    const runs = told([{ at: FIRST, isTold: false }, { at: FIRST + DAY }, { at: FIRST + 2 * DAY }]);
    expect(runs).toEqual([['bob 0'], ['bob 0'], []]);
  });

  test('with 24 others at most; the rest are named', () => {
    const users = people(30).map((name) => seenUser(name, { console: access(false, FIRST) }));
    const measures = { settings: DEFAULTS, limits: evidenceLimits, now: FIRST };
    const findings = judgeEvidence(snapshotOf({ at: FIRST, users: seen(users) }), [], measures);
    const turns = mfaTurns(findings, { findings: [], untold: [] }, FIRST);
    expect([turns.told.length, turns.left.length]).toEqual([25, 5]);
    expect([...turns.told.map(({ userName }) => userName), ...turns.left].toSorted()).toEqual(people(30).toSorted());
    // Whoever was left out is not left out for ever.
    const later = mfaTurns(findings, { findings, untold: [], startedAt: FIRST }, FIRST + 7 * DAY);
    expect(later.left).not.toEqual(turns.left);
    expect(later.told[0]?.since).toBe(Date.parse(formatDate(FIRST)));
  });

  test('never, where somebody has accepted that', () => {
    const measures = { settings: DEFAULTS, limits: evidenceLimits, now: FIRST };
    const why = { because: 'break-glass', approvedBy: 'Ann', until: formatDate(FIRST + 30 * DAY) };
    const exceptions = [{ control: 'mfa-console' as const, resource: 'bob', ...why }];
    const users = seen([seenUser('bob', { console: access(false, FIRST) })]);
    const findings = judgeEvidence(snapshotOf({ at: FIRST, users }), [], { ...measures, exceptions });
    expect(mfaTurns(findings, { findings: [], untold: ['x'] }, FIRST)).toEqual({ told: [], left: [] });
  });
});
