import { describe, expect, it } from 'vitest';
import type { Limits } from '../../../shared/core/model.ts';
import { DAY } from '../../../shared/core/time.ts';
import { byHand, C, daysAgo, key, NOW, P, record, request, S } from '../../support/core/builders.ts';
import { answeredBy, type Given, inShort, planOf } from '../../support/core/cases.ts';

const frozenNow = { freeze: [[daysAgo(1), NOW + DAY]] } satisfies { freeze: [number, number][] };
const inactive = { status: 'Inactive' } as const;
const due = key(C, { ageDays: 90 });
const announcedFor = (accessKeyId: string, days: number) => ({ currentSince: record(accessKeyId, days) });
const retireUnused = { user: { tags: { 'keyturn:unused': 'retire' } } };

answeredBy('row-12-superseded', [
  {
    name: 'an older P is on the ladder',
    keys: [key(C, { ageDays: 1 }), key(P, { ageDays: 91 })],
    secret: { current: C, previous: P, ...announcedFor(C, 1) },
    gives: 'unchanged in-grace: none',
  },
  {
    name: 'an older S is on the ladder',
    keys: [key(C, { ageDays: 1 }), key(S, { ageDays: 91 })],
    secret: { current: C, ...announcedFor(C, 1) },
    gives: 'unchanged in-grace: none',
  },
  {
    name: 'an S of the same second counts as older',
    keys: [key(C, { ageDays: 1 }), key(S, { ageDays: 1 })],
    secret: { current: C, ...announcedFor(C, 1) },
    gives: 'unchanged in-grace: none',
  },
  {
    name: 'a P of the same second counts as older',
    keys: [key(C, { ageDays: 1 }), key(P, { ageDays: 1 })],
    secret: { current: C, previous: P, ...announcedFor(C, 1) },
    gives: 'unchanged in-grace: none',
  },
  {
    name: 'the grace is started when nobody was told',
    keys: [key(C, { ageDays: 1 }), key(P, { ageDays: 91 })],
    secret: { current: C, previous: P },
    gives: 'act grace-restarted: start-grace C',
  },
  {
    name: 'the grace is started anew when its tag names another key',
    keys: [key(C, { ageDays: 1 }), key(P, { ageDays: 91 })],
    secret: { current: C, previous: P, ...announcedFor(P, 60) },
    gives: 'act grace-restarted: start-grace C',
  },
  {
    name: 'reminders go on in a freeze',
    keys: [key(C, { ageDays: 5 }), key(P, { ageDays: 91 })],
    secret: { current: C, previous: P, ...announcedFor(C, 5) },
    settings: frozenNow,
    gives: 'act reminder-due: remind P',
  },
  {
    name: 'a freeze stops the deactivation',
    keys: [key(C, { ageDays: 11, usedDaysAgo: 0 }), key(P, { ageDays: 101 })],
    secret: {
      current: C,
      previous: P,
      ...announcedFor(C, 11),
      announced: { event: 'reminder', at: daysAgo(1), accessKeyId: P },
    },
    settings: frozenNow,
    gives: 'unchanged frozen: none',
  },
  {
    name: 'a key on the ladder is not replaced although it is due',
    keys: [key(C, { ageDays: 95 }), key(P, { ageDays: 200 })],
    secret: { current: C, previous: P, ...announcedFor(C, 1) },
    gives: 'unchanged in-grace: none',
  },
]);

it('row 12 leaves a newer stranger beside a young current key alone', () => {
  expect(planOf({ keys: [key(C, { ageDays: 5 }), key(S, { ageDays: 4 })], secret: { current: C } }).check).toBe(
    'row-17-nothing-due',
  );
});

answeredBy('row-13-unused-retired', [
  {
    name: 'a due key that nobody uses is retired where its user wants that',
    keys: [key(C, { ageDays: 180, usedDaysAgo: 90 })],
    secret: { current: C },
    ...retireUnused,
    gives: 'act unused: retire C',
  },
  {
    name: 'or the operator',
    keys: [key(S, { ageDays: 90 })],
    settings: { unused: 'retire' },
    gives: 'act unused: retire S',
  },
  {
    name: 'a freeze stops it',
    keys: [key(S, { ageDays: 90 })],
    settings: { unused: 'retire', ...frozenNow },
    gives: 'unchanged frozen: none',
  },
]);

answeredBy('row-14-current-gone', [
  {
    name: 'the other key is replaced when it is due',
    keys: [key(S, { ageDays: 90 })],
    secret: { current: C },
    gives: 'act current-gone: issue',
  },
  {
    name: 'but not again within graceDays',
    keys: [key(S, { ageDays: 90 })],
    secret: { current: C, issuedOn: daysAgo(9) },
    gives: 'unchanged issued-lately: none',
  },
  {
    name: 'and again after graceDays',
    keys: [key(S, { ageDays: 90 })],
    secret: { current: C, issuedOn: daysAgo(10) },
    gives: 'act current-gone: issue',
  },
  {
    name: 'a freeze stops it',
    keys: [key(S, { ageDays: 90 })],
    secret: { current: C },
    settings: frozenNow,
    gives: 'unchanged frozen: none',
  },
]);

answeredBy('row-15-due', [
  { name: 'a stranger is replaced when due', keys: [key(S, { ageDays: 90 })], gives: 'act due: issue' },
  { name: 'C is replaced when due', keys: [due], secret: { current: C }, gives: 'act due: issue' },
  {
    name: 'an earlier issue does not put it off: that is for row 14',
    keys: [due],
    secret: { current: C, issuedOn: daysAgo(1) },
    gives: 'act due: issue',
  },
  {
    name: 'an unused key is replaced unless somebody prefers otherwise',
    keys: [key(C, { ageDays: 180, usedDaysAgo: 170 })],
    secret: { current: C },
    gives: 'act due: issue',
  },
  {
    name: 'a used key is replaced although unused ones are retired',
    keys: [key(C, { ageDays: 180, usedDaysAgo: 89 })],
    secret: { current: C },
    ...retireUnused,
    gives: 'act due: issue',
  },
  {
    name: 'a freeze stops it',
    keys: [due],
    secret: { current: C },
    settings: frozenNow,
    gives: 'unchanged frozen: none',
  },
]);

describe('what stops only issuing, for schedule and Config', () => {
  const open: Limits = { hasSubscription: true, issuedToday: 24, isBreakerOpen: false };
  const stops: [string, Limits, string][] = [
    ['nothing', open, 'act due: issue'],
    ['a subscription that is not required', { ...open, hasSubscription: undefined }, 'act due: issue'],
    ['no subscription', { ...open, hasSubscription: false }, 'unchanged no-subscription: none'],
    ['the daily limit', { ...open, issuedToday: 25 }, 'unchanged daily-limit: none'],
    ['the circuit breaker', { ...open, isBreakerOpen: true }, 'unchanged breaker-open: none'],
  ];
  describe.each(['schedule', 'config'] as const)('%s', (origin) => {
    it.each(stops)('%s', (_, limits, gives) => {
      expect(inShort(planOf({ keys: [due], secret: { current: C }, request: { origin, limits } }))).toBe(gives);
    });
    it('rotation by Secrets Manager itself', () => {
      const given = { keys: [due], secret: { current: C, as: { rotationEnabled: true } }, request: { origin } };
      expect(inShort(planOf(given))).toBe('unchanged managed-rotation: none');
    });
  });

  const closed: Limits = { hasSubscription: false, issuedToday: 999, isBreakerOpen: true };
  const secret = { current: C, as: { rotationEnabled: true } };
  it.each([
    [
      'an issue by hand',
      request({ origin: 'manual', asked: { action: 'rotate' }, limits: closed }),
      'act asked: issue',
    ],
  ])('none of them stops %s', (_, asked, gives) => {
    expect(inShort(planOf({ keys: [due], secret, request: asked }))).toBe(gives);
  });

  it('none of them stops the replacement of an exposed key', () => {
    const exposed = { at: daysAgo(1), accessKeyIds: [C] };
    const given = { keys: [key(C, inactive)], secret: { ...secret, exposed }, request: request({ limits: closed }) };
    expect(inShort(planOf(given))).toBe('act exposed: issue');
  });

  it.each<[string, Given, string]>([
    [
      'a deletion',
      {
        keys: [due, key(P, { ageDays: 200, ...inactive })],
        secret: { ...secret, previous: P, deactivated: record(P, 10) },
      },
      'act recovery-over: delete P',
    ],
    [
      'a deactivation',
      {
        keys: [key(C, { ageDays: 11, usedDaysAgo: 0 }), key(P, { ageDays: 101 })],
        secret: {
          ...secret,
          previous: P,
          ...announcedFor(C, 11),
          announced: { event: 'reminder', at: daysAgo(1), accessKeyId: P },
        },
      },
      'act grace-over: deactivate P',
    ],
    ['a retirement', { keys: [key(C, { ageDays: 180 })], secret, ...retireUnused }, 'act unused: retire C'],
    [
      'a move forward',
      { keys: [key(C, { ageDays: 130 }), key(P, { ageDays: 40 })], secret: { ...secret, previous: P } },
      'act newer-key-stored: move-forward P',
    ],
  ])('none of them stops %s', (_, given, gives) => {
    expect(inShort(planOf({ ...given, request: { limits: closed } }))).toBe(gives);
  });
});

describe('when no grace is left between an issue and the deactivation', () => {
  it.each<[string, Given, boolean]>([
    ['by the settings', { settings: { graceDays: 0 } }, true],
    ['by the tag of the user', { user: { tags: { 'keyturn:grace-days': '0' } } }, true],
    ['by request', { request: byHand({ action: 'rotate', graceDays: 0 }) }, true],
    ['not by default', {}, false],
    [
      'not when a request asks for a grace',
      { settings: { graceDays: 0 }, request: byHand({ action: 'rotate', graceDays: 5 }) },
      false,
    ],
  ])('the same run goes on: %s', (_, given, continues) => {
    const [step] = planOf({ keys: [due], secret: { current: C }, ...given }).steps;
    expect(step).toMatchObject({ action: 'issue', continues });
  });
});

answeredBy('row-17-nothing-due', [
  { name: 'a young key is left alone', keys: [key(S)], gives: 'unchanged nothing-due: none' },
  {
    name: 'a young key beside a gone current key is left alone',
    keys: [key(S)],
    secret: { current: C },
    gives: 'unchanged nothing-due: none',
  },
  {
    name: 'two young strangers are left alone',
    keys: [key(S), key(P)],
    gives: 'unchanged nothing-due: none',
  },
]);

it('row 17 says when the next key is due', () => {
  const [step] = planOf({ keys: [key(S, { ageDays: 20 }), key(P, { ageDays: 30 })] }).steps;
  expect(step?.notBefore).toBe(NOW + 60 * DAY);
});
