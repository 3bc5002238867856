import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ConflictError,
  EventError,
  isFailure,
  messageOf,
  RotationError,
  SettingsError,
} from '../../../shared/core/errors.ts';
import { reasons } from '../../../shared/core/reasons.ts';
import { SecretAccessKey } from '../../../shared/core/redacted.ts';
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
import { age, inWords, lastUse } from '../../../shared/core/words.ts';
import { C, key, NOW } from '../../support/core/builders.ts';

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

describe('a secret access key', () => {
  const value = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const secret = new SecretAccessKey(value);
  it.each<[string, () => string]>([
    ['toString', () => secret.toString()],
    ['String', () => String(secret)],
    ['a template literal', () => `${secret}`],
    ['concatenation', () => `x${[secret].join()}`],
    ['JSON', () => JSON.stringify({ secret, list: [secret] })],
    ['inspect', () => inspect({ secret }, { depth: 9, showHidden: true, getters: true })],
    ['inspect as a property of an error', () => inspect(Object.assign(new Error('no'), { secret }))],
    ['a spread', () => JSON.stringify({ ...secret })],
    ['its own property names', () => JSON.stringify(Reflect.ownKeys(secret).map(String))],
    ['a structured clone', () => inspect(structuredClone({ ...secret }))],
  ])('does not print by %s', (_, print) => {
    expect(print()).not.toContain(value);
  });
  it('prints as [redacted]', () => {
    expect([`${secret}`, String(secret), JSON.stringify(secret), inspect(secret)]).toEqual([
      '[redacted]',
      '[redacted]',
      '"[redacted]"',
      '[redacted]',
    ]);
  });
  it('is given only when asked for', () => {
    expect(secret.reveal()).toBe(value);
  });
});

describe('errors', () => {
  it.each([SettingsError, EventError, ConflictError, RotationError])('%o says its name and keeps its cause', (Kind) => {
    const cause = new Error('why');
    const error = new Kind('what', { cause, userName: 'alice', accountId: '1' });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(Kind.name);
    expect(error.cause).toBe(cause);
    expect(error.facts).toEqual({ userName: 'alice', accountId: '1' });
    expect(new Kind('what')).not.toHaveProperty('cause');
  });
  it('AWS’s names match with and without their ending', () => {
    const refused = new RotationError('no', { code: 'NoSuchEntityException' });
    expect(isFailure(refused, 'NoSuchEntity')).toBe(true);
    expect(isFailure(refused, 'NoSuchEntityException')).toBe(true);
    expect(isFailure(refused, 'NoSuch')).toBe(false);
    expect(isFailure(new Error('NoSuchEntity'), 'NoSuchEntity')).toBe(false);
  });
  it('AWS’s refusal is definite and lasting unless told otherwise', () => {
    expect(new RotationError('no')).toMatchObject({ isDefinite: true, isTransient: false, code: 'RotationFailed' });
    expect(new RotationError('no', { isDefinite: false, isTransient: true })).toMatchObject({
      isDefinite: false,
      isTransient: true,
    });
  });
  it('anything thrown has a sentence', () => {
    expect([new Error('a'), 'b', 3].map(messageOf)).toEqual(['a', 'b', '3']);
  });
});

it('every reason is a kebab-case word with a sentence and what to do', () => {
  for (const [reason, { says, todo }] of Object.entries(reasons)) {
    expect(reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(says).toMatch(/^[A-Z`].*\.$/);
    expect(todo).toMatch(/^[A-Z`].*\.$/);
  }
});
