// Tests of shared/core/refusals.ts.

import { describe, expect, test } from 'vitest';
import { aboutUser, RotationError } from '../../../shared/core/errors.ts';
import { causeOf, commonRefusal, describeRefusal, type Tried } from '../../../shared/core/refusals.ts';
import { DAY, MINUTE } from '../../../shared/core/time.ts';
import { C, daysAgo, minutesAgo, NOW } from '../../support/core/builders.ts';

const CAUSE = 'iam:CreateAccessKey/AccessDenied';
const refused = (userName: string, at = minutesAgo(5), cause = CAUSE): Tried => ({
  userName,
  tags: { announced: { event: 'failed', at, reason: 'refused', cause } },
});
const issued = (userName: string, at = minutesAgo(60)): Tried => ({
  userName,
  tags: { issuedOn: Math.floor(at / DAY) * DAY, currentSince: { at, accessKeyId: C } },
});
const named = (...tried: Tried[]) => commonRefusal(tried, NOW)?.userNames;

describe('a refusal is everybody’s', () => {
  test('from three users on', () => {
    expect(named(refused('a'), refused('b'))).toBeUndefined();
    expect(commonRefusal([refused('a'), refused('b'), refused('c')], NOW)).toEqual({
      cause: CAUSE,
      userNames: ['a', 'b', 'c'],
    });
  });

  test('if at least half of those tried met it', () => {
    const three = [refused('a'), refused('b'), refused('c')];
    const healthy = (count: number) => Array.from({ length: count }, (_, n) => issued(`x${n}`));
    expect(named(...three, ...healthy(3))).toHaveLength(3);
    expect(named(...three, ...healthy(4))).toBeUndefined();
    // Who was issued a key the day before was not tried with them.
    expect(named(...three, ...healthy(4), issued('long-ago', daysAgo(2)))).toBeUndefined();
    expect(named(...three, ...Array.from({ length: 9 }, (_, n) => issued(`x${n}`, daysAgo(2))))).toHaveLength(3);
  });

  test('until somebody is issued a key', () => {
    const three = [refused('a'), refused('b'), refused('c')];
    expect(named(...three, issued('d', minutesAgo(4)))).toBeUndefined();
    const restarted = { userName: 'd', tags: { issuedOn: daysAgo(60), currentSince: { at: NOW, accessKeyId: C } } };
    expect(named(...three, restarted)).toHaveLength(3);
  });

  test('if it is the same call, and the same answer', () => {
    expect(named(refused('a'), refused('b'), refused('c', NOW, 'iam:CreateAccessKey/LimitExceeded'))).toBeUndefined();
  });

  test('for a week', () => {
    const two = [refused('a', daysAgo(7) + 1), refused('b')];
    expect(named(...two, refused('c', daysAgo(7) + 1))).toHaveLength(3);
    expect(named(...two, refused('c', daysAgo(7)))).toBeUndefined();
  });

  test('and no other failure is', () => {
    const failed = (userName: string): Tried => ({
      userName,
      tags: { announced: { event: 'failed', at: NOW - MINUTE, reason: 'not-proven' } },
    });
    expect(named(failed('a'), failed('b'), failed('c'))).toBeUndefined();
  });
});

test('it is told with the number and the first names', () => {
  const userNames = ['a', 'b', 'c', 'd', 'e'];
  expect(describeRefusal({ cause: CAUSE, userNames })).toBe(
    'AWS refuses iam:CreateAccessKey (AccessDenied) for every user tried: 5 users, a, b, c and 2 more',
  );
});

describe('the cause', () => {
  const refusal = new RotationError('no', { action: 'iam:CreateAccessKey', code: 'AccessDenied' });
  test('is the call that was refused, whatever step it was part of', () => {
    expect(causeOf(refusal)).toBe(CAUSE);
    expect(causeOf(aboutUser(refusal, 'Cannot issue', { action: 'issue' }))).toBe(CAUSE);
  });

  test('is none of what may pass, of what is uncertain, and of what AWS did not say', () => {
    expect(causeOf(new RotationError('x', { action: 'iam:GetUser', isTransient: true }))).toBeUndefined();
    expect(causeOf(new RotationError('x', { action: 'iam:GetUser', isDefinite: false }))).toBeUndefined();
    expect(causeOf(new RotationError('x', { action: 'issue' }))).toBeUndefined();
    expect(causeOf(new Error('x'))).toBeUndefined();
  });

  test('fits into a tag', () => {
    const odd = new RotationError('x', {
      action: 'iam:CreateAccessKey',
      code: `Odd code, (of AWS) ${'x'.repeat(100)}`,
    });
    expect(causeOf(odd)).toMatch(/^[\w.:/-]{80}$/);
  });
});
