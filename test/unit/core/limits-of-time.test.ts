// Tests of shared/apply/lease.ts and shared/core/breaker.ts: and every other limit that is a number of seconds or days,
// on both sides.

import { describe, expect, it } from 'vitest';
import { isBreakerOpen } from '../../../shared/core/breaker.ts';
import type { SecretTags } from '../../../shared/core/secret-tags.ts';
import { DAY, HOUR, MINUTE } from '../../../shared/core/time.ts';
import { C, key, NOW, P } from '../../support/core/builders.ts';
import { aroundLimit } from '../../support/core/cases.ts';

describe('60 seconds for reads to settle', () => {
  const given = { keys: [key(C, { ageDays: 95 })], secret: { current: C, announced: { event: 'issued', at: NOW } } };
  aroundLimit('after a record', NOW + MINUTE, given, ['busy settling: none', 'act due: issue']);
});

describe('the lease', () => {
  const secret = { current: C, intent: { at: NOW - HOUR, deadlineAt: NOW, accessKeyIds: [C] } };
  aroundLimit('until its deadline', NOW, { keys: [key(C)], secret }, [
    'busy busy: none',
    'act intent-cleared: clear-intent',
  ]);
});

describe('dates are exclusive and UTC', () => {
  const day = Date.UTC(2026, 2, 20);
  const keys = [key(C, { ageDays: 95 })];
  aroundLimit('a hold', day, { keys, secret: { current: C, hold: day } }, ['unchanged held: none', 'act due: issue']);
  aroundLimit('an exemption', day, { keys, user: { tags: { 'keyturn:exempt': '2026-03-20' } } }, [
    'unchanged exempt: none',
    'act due: issue',
  ]);
  aroundLimit('the end of a freeze', day, { keys, settings: { freeze: [[NOW, day]] } }, [
    'unchanged frozen: none',
    'act due: issue',
  ]);
  aroundLimit('the beginning of a freeze', day, { keys, settings: { freeze: [[day, day + DAY]] } }, [
    'act due: issue',
    'unchanged frozen: none',
  ]);
  aroundLimit(
    'at most once in graceDays after the day of the last issue',
    day,
    {
      keys,
      secret: { current: P, issuedOn: day - 10 * DAY },
    },
    ['unchanged issued-lately: none', 'act current-gone: issue'],
  );
});

describe('the circuit breaker', () => {
  const failed = (reason: string, minutes: number, more: SecretTags = {}): SecretTags => ({
    ...more,
    announced: { event: 'failed', at: NOW - minutes * MINUTE, reason },
  });
  const issuedOn = Math.floor(NOW / DAY) * DAY;
  const issued = (minutes: number): SecretTags => ({
    issuedOn,
    currentSince: { accessKeyId: C, at: NOW - minutes * MINUTE },
    announced: { event: 'issued', at: NOW - minutes * MINUTE },
  });
  const unproven = [1, 2, 3].map((minutes) => failed('not-proven', minutes));

  it.each<[string, SecretTags[], boolean]>([
    ['three keys that never worked', unproven, true],
    ['two of them', unproven.slice(1), false],
    ['three refusals', [1, 2, 3].map((minutes) => failed('failed', minutes, { issuedOn })), false],
    ['a refusal among them', [...unproven.slice(1), failed('failed', 1)], false],
    ['a newer key that works', [...unproven, issued(0)], false],
    ['an older key that works', [...unproven, issued(9)], true],
    ['a grace that merely began again', [...unproven, { currentSince: { accessKeyId: C, at: NOW } }], true],
    ['three of yesterday', [1, 2, 3].map((days) => failed('not-proven', days * 24 * 60)), false],
  ])('%s', (_, tags, isOpen) => {
    expect(isBreakerOpen(tags, NOW)).toBe(isOpen);
  });
});
