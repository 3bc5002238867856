import { describe, expect, it } from 'vitest';
import type { AccessKey } from '../../../shared/core/model.ts';
import { keyIdOf, storedKeyOf } from '../../../shared/core/secret-versions.ts';
import { assess, type Situation } from '../../../shared/core/situation.ts';
import { DAY, MINUTE } from '../../../shared/core/time.ts';
import {
  byHand,
  C,
  daysAgo,
  G,
  key,
  minutesAgo,
  NOW,
  notice,
  O,
  P,
  RUN,
  record,
  request,
  S,
  type SecretOptions,
  settings,
  user,
  versionOf,
} from '../../support/core/builders.ts';
import { answeredBy, aroundLimit, inShort, planOf } from '../../support/core/cases.ts';

// States that lie next to each other and differ in one fact: each of these tests kills a mutant that others let live.

const inactive = { status: 'Inactive' } as const;
const young = key(C, { ageDays: 5 });
const heldUntil = NOW + 5 * DAY;
const found = (accessKeyId: string) => request({ origin: 'exposed', accessKeyId });

answeredBy('exposed-key', [
  {
    name: 'deactivated and not yet told of, it is told of first',
    keys: [key(C, { ageDays: 5, ...inactive })],
    secret: { current: C },
    request: found(C),
    gives: 'act exposed: deactivate-exposed C',
  },
  {
    name: 'of somebody who deactivated it, and of a hold, it is recorded all the same',
    keys: [key(C, { ageDays: 5, ...inactive })],
    secret: { current: C, deactivated: record(C, 1), hold: heldUntil },
    request: found(C),
    gives: 'act exposed: deactivate-exposed C',
  },
  {
    name: 'the live intent of anybody does not keep it Active',
    keys: [young],
    secret: { current: C, doing: { at: NOW - MINUTE, accessKeyIds: [C] } },
    request: found(C),
    gives: 'act exposed: deactivate-exposed C',
  },
]);

answeredBy('busy', [
  {
    name: 'the live intent of somebody else keeps an exposed key from being replaced',
    keys: [key(C, { ageDays: 5, ...inactive })],
    secret: { current: C, exposed: { at: daysAgo(1), accessKeyIds: [C] }, doing: { at: NOW - MINUTE } },
    request: found(C),
    gives: 'busy busy: none',
  },
  {
    name: 'and any other pass from everything',
    keys: [young],
    secret: { current: C, doing: { at: NOW - MINUTE, runId: RUN, accessKeyIds: [C] } },
    request: { completed: { verb: 'issue' } },
    gives: 'busy busy: none',
  },
]);

const maybeOrphans = [S, O].map((id) => key(id, { createdAt: minutesAgo(60) }));

answeredBy('left-alone', [
  {
    name: 'of two keys that may be the orphan of a held user none is touched',
    keys: maybeOrphans,
    secret: { doing: {}, hold: heldUntil },
    gives: 'unchanged held: none',
  },
]);

const crashed = (options: SecretOptions): SecretOptions => ({ current: C, ...options });

answeredBy('intent-past', [
  {
    name: 'the label that was current already is not what an issue has stored',
    keys: [key(S)],
    secret: {
      current: G,
      doing: { at: minutesAgo(6), deadlineAt: minutesAgo(1), accessKeyIds: [S], versionId: versionOf(G) },
    },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'a young issue that has stored nothing is cleared, too',
    keys: [key(C)],
    secret: crashed({
      doing: { at: minutesAgo(6), deadlineAt: minutesAgo(1), accessKeyIds: [C], versionId: versionOf(C) },
    }),
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'recorded, but not current, its key is made current',
    keys: [key(C), key(O, { createdAt: minutesAgo(60) })],
    secret: crashed({
      pending: O,
      currentSince: { at: minutesAgo(59), accessKeyId: O },
      doing: { accessKeyIds: [C], versionId: versionOf(C) },
    }),
    gives: 'act finished: finish O',
  },
  {
    name: 'where no version is current, the schedule makes none',
    keys: [key(O, { createdAt: minutesAgo(60) })],
    secret: { pending: O, doing: {} },
    gives: 'act intent-cleared: clear-intent',
  },
]);

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

answeredBy('superseded', [
  {
    name: 'a freeze stops a deactivation, and no reminder takes its place',
    keys: [key(C, { ageDays: 30, usedDaysAgo: 1 }), key(P, { ageDays: 120 })],
    secret: { current: C, previous: P, currentSince: record(C, 30) },
    settings: { freeze: [[daysAgo(1), NOW + DAY]] },
    gives: 'unchanged frozen: none',
  },
  {
    name: 'at the hard limit, quiet and switched, it is the end of the grace all the same',
    keys: [key(C, { ageDays: 30, usedDaysAgo: 1 }), key(P, { ageDays: 120 })],
    secret: {
      current: C,
      previous: P,
      currentSince: record(C, 30),
      notice: notice('deactivation', P, 1),
    },
    gives: 'act grace-over: deactivate P',
  },
]);

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

answeredBy('nothing-due', [
  {
    name: 'an Inactive stranger beside a young one is in nobody’s way',
    keys: [key(S, { ageDays: 5 }), key(O, { ageDays: 50, ...inactive })],
    gives: 'unchanged nothing-due: none',
  },
]);

answeredBy('asked-by-hand', [
  {
    name: 'confirm, of two keys of the same second',
    keys: [key(C, { ageDays: 5 }), key(P, { ageDays: 5 })],
    secret: { current: C, previous: P, currentSince: record(C, 4) },
    request: byHand({ action: 'confirm' }),
    gives: 'act confirmed: confirm C',
  },
  {
    name: 'confirm, at the very instant of the announcement',
    keys: [key(C, { ageDays: 5 }), key(P)],
    secret: { current: C, previous: P, currentSince: record(C, 4), confirmed: record(C, 4) },
    request: byHand({ action: 'confirm' }),
    gives: 'unchanged confirmed: none',
  },
  {
    name: 'confirm, before anything was announced',
    keys: [key(C, { ageDays: 5 }), key(P)],
    secret: { current: C, previous: P, confirmed: record(C, 4) },
    request: byHand({ action: 'confirm' }),
    gives: 'unchanged confirmed: none',
  },
  {
    name: 'rollback, to a key of the same second',
    keys: [key(C, { ageDays: 5 }), key(P, { ageDays: 5 })],
    secret: { current: C, previous: P },
    request: byHand({ action: 'rollback' }),
    gives: 'act rolled-back: roll-back P',
  },
]);

describe('a situation', () => {
  const situation = (keys: readonly AccessKey[], secret: SecretOptions): Situation =>
    assess(user({ keys, secret }), request(), settings(), NOW);
  const roles = ({ keys }: Situation): string[] => keys.map(({ accessKeyId, role }) => `${accessKeyId.at(4)} ${role}`);

  it('tells a pending key from a previous one', () => {
    const keys = [key(C), key(P)];
    expect(roles(situation(keys, { current: C, previous: P }))).toEqual(['C current', 'P previous']);
    expect(roles(situation(keys, { current: C, pending: P }))).toEqual(['C current', 'P pending']);
  });

  it('finds the current key wherever its label comes', () => {
    const versions = { [versionOf(P)]: [P, 'AWSPREVIOUS'], [versionOf(C)]: [C, 'AWSCURRENT'] };
    const { current, currentKeyId } = situation([key(P), key(C)], { as: { versions } });
    expect([current?.accessKeyId, currentKeyId]).toEqual([C, C]);
  });

  it('counts no recovery for a key that is Active', () => {
    const [view] = situation([key(S)], { deactivated: record(S, 1) }).keys;
    expect(view).toMatchObject({ record: 'deactivated' });
    expect(view).not.toHaveProperty('inactiveSince');
  });

  it('leaves an orphan one that was last used when it was recorded', () => {
    const recorded = minutesAgo(50);
    const orphan = key(O, { createdAt: minutesAgo(60), ...inactive, usedAt: recorded, usedBy: 'sts' });
    const secret = { doing: { accessKeyIds: [S] }, deactivated: { at: recorded, accessKeyId: O } };
    expect(roles(situation([key(S), orphan], secret))).toEqual(['S stranger', 'O orphan']);
  });

  it('takes what was announced when the second of two keys was made for being about both', () => {
    const keys = [key(S, { ageDays: 95, usedDaysAgo: 3 }), key(O, { ageDays: 5, usedDaysAgo: 4 })];
    const secret = { currentSince: record(O, 5) };
    const given = { keys, secret, settings: { onBlocked: 'retire-least-used' } } as const;
    expect(inShort(planOf(given))).toBe('act reminder-due: remind S');
  });
});

describe('the key of a version', () => {
  it('is the one whose label it carries, not the first of the user', () => {
    const state = user({ keys: [key(C), key(P)], secret: { current: C, pending: P } });
    expect(storedKeyOf(state, versionOf(P))).toMatchObject({ accessKeyId: P });
  });
  it('is none without a secret', () => {
    expect(keyIdOf(undefined, versionOf(P))).toBeUndefined();
  });
});
