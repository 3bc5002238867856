// Tests of shared/core/checks/due.ts: `slotsTaken`, and whose grace period makes room.

import { describe, expect, it } from 'vitest';
import type { AccessKey } from '../../../shared/core/model.ts';
import { DAY } from '../../../shared/core/time.ts';
import { C, daysAgo, G, key, NOW, notice, O, P, record, S } from '../../support/core/builders.ts';
import { answeredBy, aroundLimit, inShort, planOf } from '../../support/core/cases.ts';

const frozenNow = { freeze: [[daysAgo(1), NOW + DAY]] } satisfies { freeze: [number, number][] };
const announcedFor = (accessKeyId: string, days: number) => ({ currentSince: record(accessKeyId, days) });
const two = [key(C, { ageDays: 95, usedDaysAgo: 1 }), key(S, { ageDays: 50, usedDaysAgo: 30 })];
const retireLeastUsed = { onBlocked: 'retire-least-used' } as const;

answeredBy('slots-taken', [
  {
    name: 'two Active keys that do not replace each other block a rotation',
    keys: two,
    secret: { current: C },
    gives: 'blocked slots-taken: announce-blocked C',
  },
  {
    name: 'without a secret, too',
    keys: [key(P, { ageDays: 10 }), key(S, { ageDays: 95 })],
    gives: 'blocked slots-taken: announce-blocked S',
  },
  {
    name: 'also when the current key is gone',
    keys: [key(P, { ageDays: 10 }), key(S, { ageDays: 95 })],
    secret: { current: C },
    gives: 'blocked slots-taken: announce-blocked S',
  },
  {
    name: 'where the least used key is retired, the one that stays is announced first',
    keys: two,
    secret: { current: C },
    settings: retireLeastUsed,
    gives: 'act grace-restarted: start-grace C',
  },
  {
    name: 'then the grace period of the other runs',
    keys: two,
    secret: { current: C, ...announcedFor(C, 3) },
    settings: retireLeastUsed,
    gives: 'act reminder-due: remind S',
  },
  {
    name: 'a least used key that is in use is only reported',
    keys: [key(C, { ageDays: 95, usedDaysAgo: 0 }), key(S, { ageDays: 50, usedDaysAgo: 1 })],
    secret: { current: C },
    settings: retireLeastUsed,
    gives: 'blocked slots-taken: announce-blocked C',
  },
  {
    name: 'the key that was announced stays, even if the other one is used meanwhile and quiet again',
    keys: [key(C, { ageDays: 95, usedDaysAgo: 30 }), key(S, { ageDays: 50, usedDaysAgo: 3 })],
    secret: { current: C, ...announcedFor(C, 3) },
    settings: retireLeastUsed,
    gives: 'act reminder-due: remind S',
  },
  {
    name: 'a freeze stops the deactivation',
    keys: two,
    secret: {
      current: C,
      ...announcedFor(C, 11),
      notice: notice('deactivation', S, 1),
    },
    settings: { ...retireLeastUsed, ...frozenNow },
    gives: 'unchanged frozen: none',
  },
]);

describe('onBlocked retire-least-used', () => {
  it('never deactivates the key that is not quiet, not even at the hard limit', () => {
    const keys = [key(C, { ageDays: 130, usedDaysAgo: 0 }), key(S, { ageDays: 90, usedDaysAgo: 1 })];
    const secret = { current: C, ...announcedFor(C, 40), notice: notice('deactivation', S, 1) };
    expect(inShort(planOf({ keys, secret, settings: retireLeastUsed }))).toBe(
      'blocked slots-taken: announce-blocked C',
    );
  });

  const afterGrace = {
    keys: two,
    secret: { current: C, ...announcedFor(C, 11), notice: notice('deactivation', S, 1) },
    settings: retireLeastUsed,
  };

  it('deactivates the other after the grace', () => {
    expect(planOf(afterGrace).steps).toMatchObject([{ action: 'deactivate', accessKeyId: S }]);
  });

  it('gives that deactivation a reason code of its own', () => {
    expect(planOf(afterGrace).reason).toBe('least-used');
    const zero = { ...afterGrace, settings: { ...retireLeastUsed, graceDays: 0 } };
    expect(planOf(zero).reason).toBe('least-used');
  });

  it('ends at the hard limit, although the key that stays is not used either', () => {
    const keys = [key(C, { ageDays: 130, usedDaysAgo: 40 }), key(S, { ageDays: 90, usedDaysAgo: 50 })];
    const given = (days: number, since: number) =>
      inShort(
        planOf({
          keys,
          secret: { current: C, ...announcedFor(C, since), notice: notice('deactivation', S, days) },
          settings: retireLeastUsed,
        }),
      );
    expect(given(1, 20)).toBe('act least-used: deactivate S');
    expect(given(0.5, 19.5)).toBe('unchanged not-switched: none');
    expect(given(5, 20)).toBe('act reminder-due: remind S');
    expect(given(5, 19)).toBe('act reminder-due: remind S');
  });

  it('takes the clock of an announcement older than the stranger for what it is: about another key', () => {
    const secret = { current: C, ...announcedFor(C, 94) };
    expect(inShort(planOf({ keys: two, secret, settings: retireLeastUsed }))).toBe(
      'act grace-restarted: start-grace C',
    );
  });

  it('keeps the key that is used, not the one whose announcement is older than the other key', () => {
    const keys = [key(C, { ageDays: 95, usedDaysAgo: 40 }), key(S, { ageDays: 50, usedDaysAgo: 0 })];
    const secret = { current: C, ...announcedFor(C, 94) };
    expect(inShort(planOf({ keys, secret, settings: retireLeastUsed }))).toBe('act grace-restarted: start-grace S');
  });
});

answeredBy('slots-taken', [
  {
    name: 'C gone and two Active keys is no reason to issue',
    keys: [key(S, { ageDays: 95 }), key(P, { ageDays: 10 })],
    secret: { current: G },
    gives: 'blocked slots-taken: announce-blocked S',
  },
  {
    name: 'of two that were never used the newer stays',
    keys: [key(S, { ageDays: 95 }), key(O, { ageDays: 20 })],
    settings: { onBlocked: 'retire-least-used' },
    gives: 'act grace-restarted: start-grace O',
  },
  {
    name: 'also in the other order',
    keys: [key(O, { ageDays: 20 }), key(S, { ageDays: 95 })],
    settings: { onBlocked: 'retire-least-used' },
    gives: 'act grace-restarted: start-grace O',
  },
]);

describe('the least used key', () => {
  const two = (quietSince: number): AccessKey[] => [
    key(C, { ageDays: 95, usedAt: NOW + 3 * DAY }),
    key(S, { ageDays: 50, usedAt: quietSince }),
  ];
  aroundLimit(
    'has to be quiet',
    NOW + 2 * DAY,
    { keys: two(NOW), secret: { current: C }, settings: { onBlocked: 'retire-least-used' } },
    ['blocked slots-taken: announce-blocked C', 'act grace-restarted: start-grace C'],
  );
});
