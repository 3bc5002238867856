import { expect, it } from 'vitest';
import { DAY, MINUTE } from '../../../shared/core/time.ts';
import { byHand, C, daysAgo, G, key, NOW, notice, O, P, record, S } from '../../support/core/builders.ts';
import { answeredBy, inShort, planOf } from '../../support/core/cases.ts';

const manualPlan = byHand({ action: 'plan' });
const frozenNow = { freeze: [[daysAgo(1), NOW + DAY]] } satisfies { freeze: [number, number][] };
const young = key(C, { ageDays: 5 });
const due = key(C, { ageDays: 95 });
const inactive = { status: 'Inactive' } as const;

answeredBy('key-gone', [
  {
    name: 'a previous label whose key is gone is taken off',
    keys: [young],
    secret: { current: C, previous: P },
    gives: 'act key-gone: forget P',
  },
  {
    name: 'a label without a stage whose key is gone is taken off',
    keys: [young],
    secret: { current: C, stored: [G] },
    gives: 'act key-gone: forget G',
  },
  {
    name: 'a deactivated record whose key is gone is taken off',
    keys: [young],
    secret: { current: C, deactivated: record(G, 3) },
    gives: 'act key-gone: forget G',
  },
  {
    name: 'an inactive-seen record whose key is gone is taken off',
    keys: [young],
    secret: { current: C, inactiveSeen: record(G, 3) },
    gives: 'act key-gone: forget G',
  },
  {
    name: 'a record of the current key that is gone is taken off, its label stays',
    keys: [key(S)],
    secret: { current: C, deactivated: record(C, 3) },
    gives: 'act key-gone: forget C',
  },
  {
    name: 'a freeze does not stop it',
    keys: [young],
    secret: { current: C, previous: P },
    settings: frozenNow,
    gives: 'act key-gone: forget P',
  },
]);

it('the label of a gone key stays on AWSCURRENT, since AWSCURRENT can never be taken off', () => {
  expect(planOf({ keys: [key(S)], secret: { current: C } }).check).toBe('nothing-due');
});

answeredBy('reactivated', [
  {
    name: 'a key that we deactivated and somebody reactivated gets a new grace',
    keys: [young, key(P, { ageDays: 100 })],
    secret: { current: C, previous: P, deactivated: record(P, 3) },
    gives: 'act reactivated: restart-grace P',
  },
  {
    name: 'a key that was seen inactive and is Active again gets a new grace',
    keys: [young, key(S, { ageDays: 100 })],
    secret: { current: C, inactiveSeen: record(S, 3) },
    gives: 'act reactivated: restart-grace S',
  },
  {
    name: 'the current key, too',
    keys: [young],
    secret: { current: C, deactivated: record(C, 3) },
    gives: 'act reactivated: restart-grace C',
  },
  {
    name: 'a freeze does not stop it',
    keys: [young, key(P, { ageDays: 100 })],
    secret: { current: C, previous: P, deactivated: record(P, 3) },
    settings: frozenNow,
    gives: 'act reactivated: restart-grace P',
  },
]);

answeredBy('newer-stored-key', [
  {
    name: 'a newer stored key becomes current again after the hold of a rollback',
    keys: [key(C, { ageDays: 130 }), key(P, { ageDays: 40 })],
    secret: { current: C, previous: P },
    gives: 'act newer-key-stored: move-forward P',
  },
  {
    name: 'a pending key counts as stored',
    keys: [key(C, { ageDays: 130 }), key(P, { ageDays: 40 })],
    secret: { current: C, pending: P },
    gives: 'act newer-key-stored: move-forward P',
  },
  {
    name: 'a freeze stops it',
    keys: [key(C, { ageDays: 130 }), key(P, { ageDays: 40 })],
    secret: { current: C, previous: P },
    settings: frozenNow,
    gives: 'unchanged frozen: none',
  },
]);

it('a newer stored key is Active, and made at least a second later', () => {
  const current = key(C, { ageDays: 100 });
  const check = (given: Parameters<typeof planOf>[0]) => planOf(given).check;
  expect(check({ keys: [current, key(S, { ageDays: 40 })], secret: { current: C } })).toBe('slots-taken');
  expect(check({ keys: [current, key(P, { ageDays: 40, ...inactive })], secret: { current: C, previous: P } })).toBe(
    'inactive-unrecorded',
  );
  expect(check({ keys: [current, key(P, { ageDays: 100 })], secret: { current: C, previous: P } })).toBe('superseded');
});

answeredBy('recovering', [
  {
    name: 'P waits for its deletion',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 6) },
    gives: 'unchanged recovery: none',
  },
  {
    name: 'three days before, its owner is told',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 7) },
    gives: 'act deletion-soon: remind P',
  },
  {
    name: 'or a run before, where runs are rarer',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 5) },
    settings: { runEveryDays: 5 },
    gives: 'act deletion-soon: remind P',
  },
  {
    name: 'once',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 9), notice: notice('deletion', P, 2, daysAgo(-1)) },
    gives: 'unchanged recovery: none',
  },
  {
    name: 'told too long ago, its owner is told again',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 12), notice: notice('deletion', P, 4.01) },
    gives: 'act deletion-soon: remind P',
  },
  {
    name: 'told before it was deactivated, too',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 10), notice: notice('deletion', P, 10) },
    gives: 'act deletion-soon: remind P',
  },
  {
    name: 'told that it would be deactivated, too',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 10), notice: notice('deactivation', P, 1) },
    gives: 'act deletion-soon: remind P',
  },
  {
    name: 'told less than half a day ago, it waits',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 12), notice: notice('deletion', P, 0.4) },
    gives: 'unchanged recovery: none',
  },
  {
    name: 'what was promised outlives the setting',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: {
      current: C,
      previous: P,
      deactivated: { ...record(P, 9), recoveryDays: 10 },
      notice: notice('deletion', P, 1),
    },
    settings: { recoveryDays: 1 },
    gives: 'unchanged recovery: none',
  },
  {
    name: 'of a key that somebody else deactivated, too',
    keys: [young, key(S, { ageDays: 100, ...inactive })],
    secret: { current: C, inactiveSeen: { ...record(S, 9), recoveryDays: 10 }, notice: notice('deletion', S, 1) },
    settings: { recoveryDays: 1 },
    gives: 'unchanged recovery: none',
  },
  {
    name: 'a setting that has grown holds, too',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: {
      current: C,
      previous: P,
      deactivated: { ...record(P, 11), recoveryDays: 10 },
      notice: notice('deletion', P, 1),
    },
    settings: { recoveryDays: 20 },
    gives: 'unchanged recovery: none',
  },
  {
    name: 'nobody needs to be told of an exposed key',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 10), exposed: { at: daysAgo(10), accessKeyIds: [P] } },
    gives: 'act recovery-over: delete P',
  },
  {
    name: 'a use within a minute of the record is no use after it',
    keys: [young, key(P, { ageDays: 100, ...inactive, usedAt: daysAgo(10) + MINUTE })],
    secret: { current: C, previous: P, deactivated: record(P, 10), notice: notice('deletion', P, 1) },
    gives: 'act recovery-over: delete P',
  },
  {
    name: 'P is deleted after the recovery period',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 10), notice: notice('deletion', P, 1) },
    gives: 'act recovery-over: delete P',
  },
  {
    name: 'S that was seen inactive is deleted after the recovery period',
    keys: [young, key(S, { ageDays: 100, ...inactive })],
    secret: { current: C, inactiveSeen: record(S, 10), notice: notice('deletion', S, 1) },
    gives: 'act recovery-over: delete S',
  },
  {
    name: 'C that we deactivated is deleted while another key is Active',
    keys: [key(C, inactive), key(S)],
    secret: { current: C, deactivated: record(C, 10), notice: notice('deletion', C, 1) },
    gives: 'act recovery-over: delete C',
  },
  {
    name: 'the retired only key is deleted',
    keys: [key(C, inactive)],
    secret: { current: C, deactivated: record(C, 10), notice: notice('deletion', C, 1) },
    gives: 'act recovery-over: delete C',
  },
  {
    name: 'nothing is deleted while no key is Active',
    keys: [key(C, inactive), key(S, inactive)],
    secret: { current: C, deactivated: record(C, 10), notice: notice('deletion', C, 1) },
    gives: 'blocked none-active: announce-blocked C',
  },
  {
    name: 'a freeze stops the deletion',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 10), notice: notice('deletion', P, 1) },
    settings: frozenNow,
    gives: 'unchanged frozen: none',
  },
  {
    name: 'a due C waits for its slot',
    keys: [due, key(P, { ageDays: 190, ...inactive })],
    secret: { current: C, previous: P, deactivated: record(P, 1) },
    gives: 'unchanged recovery: none',
  },
]);

answeredBy('current-inactive', [
  {
    name: 'C that somebody deactivated blocks',
    keys: [key(C, inactive)],
    secret: { current: C },
    gives: 'blocked current-inactive: announce-blocked C',
  },
  {
    name: 'C that was only seen inactive blocks, however long ago: only what we did ourselves is recovering',
    keys: [key(C, inactive), key(S)],
    secret: { current: C, inactiveSeen: record(C, 300) },
    gives: 'blocked current-inactive: announce-blocked C',
  },
  {
    name: 'C that was used after we deactivated it was toggled by somebody, and blocks',
    keys: [key(C, { ...inactive, usedDaysAgo: 5 }), key(S)],
    secret: { current: C, deactivated: record(C, 20) },
    gives: 'blocked current-inactive: announce-blocked C',
  },
  {
    name: 'it is not announced again within the week',
    keys: [key(C, inactive)],
    secret: { current: C, announced: { event: 'blocked', at: daysAgo(6.5) + 1, accessKeyId: C } },
    gives: 'blocked current-inactive: none',
  },
  {
    name: 'it is announced again after a week',
    keys: [key(C, inactive)],
    secret: { current: C, announced: { event: 'blocked', at: daysAgo(6.5), accessKeyId: C } },
    gives: 'blocked current-inactive: announce-blocked C',
  },
  {
    name: 'another key that was blocked is another announcement',
    keys: [key(C, inactive)],
    secret: { current: C, announced: { event: 'blocked', at: daysAgo(1), accessKeyId: P } },
    gives: 'blocked current-inactive: announce-blocked C',
  },
  {
    name: 'another reason is another announcement',
    keys: [key(C, inactive)],
    secret: { current: C, announced: { event: 'blocked', at: daysAgo(1), accessKeyId: C, reason: 'slots-taken' } },
    gives: 'blocked current-inactive: announce-blocked C',
  },
  {
    name: 'the same reason is not',
    keys: [key(C, inactive)],
    secret: { current: C, announced: { event: 'blocked', at: daysAgo(1), accessKeyId: C, reason: 'current-inactive' } },
    gives: 'blocked current-inactive: none',
  },
  {
    name: 'by hand it is only answered',
    keys: [key(C, inactive)],
    secret: { current: C },
    request: manualPlan,
    gives: 'blocked current-inactive: none',
  },
]);

answeredBy('none-active', [
  { name: 'a user without a key gets none', keys: [], gives: 'unchanged no-active-key: none' },
  {
    name: 'a user with two Inactive keys of their own gets none',
    keys: [key(S, { ageDays: 95, ...inactive }), key(P, { ageDays: 400, ...inactive })],
    gives: 'unchanged no-active-key: none',
  },
  {
    name: 'a user whose current key is gone and whose other key is Inactive gets none',
    keys: [key(S, { ageDays: 95, ...inactive })],
    secret: { current: C },
    gives: 'unchanged no-active-key: none',
  },
]);

answeredBy('inactive-unrecorded', [
  {
    name: 'P found Inactive beside an Active C is recorded',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P },
    gives: 'act inactive-seen: record-inactive P',
  },
  {
    name: 'P newer than C, too',
    keys: [young, key(P, { ageDays: 1, ...inactive })],
    secret: { current: C, previous: P },
    gives: 'act inactive-seen: record-inactive P',
  },
  {
    name: 'an older S beside an Active C, too',
    keys: [young, key(S, { ageDays: 100, ...inactive })],
    secret: { current: C },
    gives: 'act inactive-seen: record-inactive S',
  },
  {
    name: 'S of the same second as C counts as older',
    keys: [young, key(S, { ageDays: 5, ...inactive })],
    secret: { current: C },
    gives: 'act inactive-seen: record-inactive S',
  },
  {
    name: 'a newer S takes the slot of a due C, so it is recorded',
    keys: [due, key(S, { ageDays: 1, ...inactive })],
    secret: { current: C },
    gives: 'act inactive-seen: record-inactive S',
  },
  {
    name: 'S takes the slot of another S that is due',
    keys: [key(P, { ageDays: 95 }), key(S, { ageDays: 1, ...inactive })],
    gives: 'act inactive-seen: record-inactive S',
  },
  {
    name: 'a use more than a minute after the record ends it',
    keys: [young, key(P, { ageDays: 100, ...inactive, usedAt: daysAgo(10) + MINUTE + 1 })],
    secret: { current: C, previous: P, deactivated: record(P, 10) },
    gives: 'act inactive-seen: record-inactive P',
  },
  {
    name: 'a record that its key was used after does not count',
    keys: [young, key(P, { ageDays: 100, ...inactive, usedDaysAgo: 2 })],
    secret: { current: C, previous: P, deactivated: record(P, 3) },
    gives: 'act inactive-seen: record-inactive P',
  },
  {
    name: 'a freeze does not stop it',
    keys: [young, key(P, { ageDays: 100, ...inactive })],
    secret: { current: C, previous: P },
    settings: frozenNow,
    gives: 'act inactive-seen: record-inactive P',
  },
]);

it('a newer inactive stranger is left alone while nothing is due', () => {
  const given = { keys: [young, key(S, { ageDays: 1, ...inactive })], secret: { current: C } };
  expect(inShort(planOf(given))).toBe('unchanged nothing-due: none');
});

answeredBy('recovering', [
  {
    name: 'an Active key before it hides no key in its recovery',
    keys: [key(S), key(O, inactive)],
    secret: { inactiveSeen: record(O, 20), notice: notice('deletion', O, 1) },
    gives: 'act recovery-over: delete O',
  },
  {
    name: 'a use at the very instant of the record is no use after it',
    keys: [key(C), key(P, { ...inactive, usedAt: daysAgo(20) })],
    secret: { current: C, previous: P, deactivated: record(P, 20), notice: notice('deletion', P, 1) },
    gives: 'act recovery-over: delete P',
  },
]);

answeredBy('current-inactive', [
  {
    name: 'a newer stored key does not take the place of an Inactive C',
    keys: [key(C, { ageDays: 50, ...inactive }), key(P, { ageDays: 10 })],
    secret: { current: C, previous: P },
    gives: 'blocked current-inactive: announce-blocked C',
  },
]);
