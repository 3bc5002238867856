import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../../shared/core/time.ts';
import { age, inWords, lastUse } from '../../../shared/core/words.ts';
import { C, key, NOW } from '../../support/core/builders.ts';

describe('words', () => {
  it('days are counted as the calendar does, in UTC', () => {
    expect(inWords(NOW + 2 * DAY + 1, NOW)).toBe('in 2 days (2026-03-12)');
    expect(inWords(NOW + 7 * DAY - 1, NOW)).toBe('in 7 days (2026-03-17)');
    expect(inWords(NOW + 12 * HOUR, NOW)).toBe('in 1 day (2026-03-11)');
    expect(inWords(NOW + DAY, NOW)).toBe('in 1 day (2026-03-11)');
    expect(inWords(NOW, NOW)).toBe('today (2026-03-10)');
    expect(inWords(NOW - DAY, NOW)).toBe('now (2026-03-09)');
  });
  it('a key from the future is 0 days old', () => {
    expect(age({ createdAt: NOW + DAY }, NOW)).toBe('0 days');
    expect(age({ createdAt: NOW - DAY }, NOW)).toBe('1 day');
  });
  it('no record of a use is not "never used"', () => {
    expect(lastUse(key(C))).toBe('no recorded use');
    expect(lastUse(key(C, { usedAt: NOW, usedBy: 'sts' }))).toBe(
      'last used 2026-03-10T12:00:00.000Z by sts in eu-west-1',
    );
  });
});
