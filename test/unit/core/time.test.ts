import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DAY,
  formatDate,
  formatInstant,
  HOUR,
  hasPassed,
  inDays,
  parseDate,
  parseInstant,
} from '../../../shared/core/time.ts';
import { NOW } from '../../support/core/builders.ts';

describe('instants and dates', () => {
  const instants = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
  it('are read as they were written', () => {
    fc.assert(
      fc.property(instants, (instant) => {
        expect(parseInstant(formatInstant(instant))).toBe(instant);
        expect(parseDate(formatDate(instant))).toBe(Math.floor(instant / DAY) * DAY);
      }),
      { seed: 1 },
    );
  });
  it.each([
    '',
    '2026-03-10',
    '2026-03-10T12:00:00',
    '2026-03-10T12:00Z',
    '2026-03-10T12:00:00+00:00',
    '2026-13-10T12:00:00Z',
    '2026-02-31T12:00:00Z',
    '2026-03-10T24:00:00Z',
    ' 2026-03-10T12:00:00Z',
  ])('"%s" is no instant', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
  it.each(['', '2026-02-29', '2026-02-31', '2026-13-01', '2026-00-01', '26-01-01', '2026-1-1', '2026-01-01Z'])(
    '"%s" is no date',
    (text) => {
      expect(parseDate(text)).toBeUndefined();
    },
  );
  it('a leap day is one', () => {
    expect(parseDate('2028-02-29')).toBe(Date.UTC(2028, 1, 29));
    expect(parseInstant('2028-02-29T00:00:00Z')).toBe(Date.UTC(2028, 1, 29));
  });
  it('a limit is reached exactly when its days have passed', () => {
    expect(hasPassed(NOW - 1.5 * DAY + 1, 1.5, NOW)).toBe(false);
    expect(hasPassed(NOW - 1.5 * DAY, 1.5, NOW)).toBe(true);
  });
  it('days are said with at most one decimal', () => {
    expect([0, HOUR, 12 * HOUR, DAY, 2.54 * DAY].map(inDays)).toEqual(['0', '0', '0.5', '1', '2.5']);
  });
});
