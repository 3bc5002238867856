import { describe, expect, it } from 'vitest';
import { keyAges } from '../../../shared/core/key-ages.ts';
import type { Triage } from '../../../shared/core/triage/triage.ts';
import { daysAgo, NOW, settings, USER } from '../../support/core/builders.ts';

function user(days: number | undefined, verdict: Partial<Triage> = {}, tags: Record<string, string> = {}) {
  const age = days === undefined ? {} : { oldestActiveAt: daysAgo(days) };
  return {
    scanned: { user: { ...USER, tags } },
    verdict: { isDue: false, reason: 'nothing-due', ...verdict, ...age } as Triage,
  };
}

const ages = (...users: ReturnType<typeof user>[]) => keyAges(users, settings(), NOW);

describe('the ages of access keys', () => {
  it('are of the oldest, and of whichever has to go first', () => {
    expect(ages(user(10), user(95), user(80))).toEqual({ oldestActiveKeyDays: 95, daysToNearestDeadline: 15 });
  });

  it('let a user have a limit and a grace period of their own', () => {
    const lenient = user(120, {}, { 'keyturn:max-age-days': '180' });
    const strict = user(40, {}, { 'keyturn:max-age-days': '40', 'keyturn:grace-days': '5' });
    expect(ages(lenient)).toEqual({ oldestActiveKeyDays: 120, daysToNearestDeadline: 80 });
    expect(ages(lenient, strict)).toEqual({ oldestActiveKeyDays: 120, daysToNearestDeadline: 15 });
  });

  it('count from when a replacement is issued, if that is ahead of the limit', () => {
    const ahead = settings({ rotateAheadDays: 22 });
    expect(keyAges([user(60)], ahead, NOW)?.daysToNearestDeadline).toBe(28);
  });

  it('are negative once a key is overdue, and never from the future', () => {
    expect(ages(user(113))?.daysToNearestDeadline).toBe(-3);
    expect(ages(user(-1))).toEqual({ oldestActiveKeyDays: 0, daysToNearestDeadline: 110 });
  });

  it('leave out whom somebody decided to leave alone, but not who is blocked', () => {
    expect(ages(user(400, { reason: 'exempt' }), user(300, { reason: 'held' }))).toBeUndefined();
    expect(ages(user(200, { isDue: true, reason: 'tags-invalid' }))?.oldestActiveKeyDays).toBe(200);
  });

  it('are unknown without an Active key', () => {
    expect(ages()).toBeUndefined();
    expect(ages(user(undefined))).toBeUndefined();
  });
});
