import { describe } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../shared/core/time.ts';
import { C, key, NOW, P } from '../../support/core/builders.ts';
import { aroundLimit } from '../../support/core/cases.ts';

describe('60 seconds for reads to settle', () => {
  const given = { keys: [key(C, { ageDays: 95 })], secret: { current: C, announced: { event: 'issued', at: NOW } } };
  aroundLimit('after a record', NOW + MINUTE, given, ['busy settling: none', 'act due: issue']);
});

describe('the lease', () => {
  const secret = { current: C, doing: { at: NOW - HOUR, deadlineAt: NOW, accessKeyIds: [C] } };
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
