// Tests of shared/core/checks/due.ts, shared/core/checks/issue.ts, shared/core/checks/heard.ts and
// shared/core/limits.ts.

import { describe, expect, it } from 'vitest';
import type { Limits, Secret } from '../../../shared/core/model.ts';
import { DAY, HOUR } from '../../../shared/core/time.ts';
import { byHand, C, daysAgo, G, key, NOW, notice, O, P, record, request, S } from '../../support/core/builders.ts';
import { answeredBy, type Given, inShort, planOf } from '../../support/core/cases.ts';

const frozenNow = { freeze: [[daysAgo(1), NOW + DAY]] } satisfies { freeze: [number, number][] };
const inactive = { status: 'Inactive' } as const;
const due = key(C, { ageDays: 90 });
const announcedFor = (accessKeyId: string, days: number) => ({ currentSince: record(accessKeyId, days) });
const retireUnused = { user: { tags: { 'keyturn:unused': 'retire' } } };

answeredBy('unused-retired', [
  {
    name: 'a due key that nobody uses is retired where its user wants that',
    keys: [key(C, { ageDays: 180, usedDaysAgo: 90 })],
    secret: { current: C, notice: notice('retirement', C, 1) },
    ...retireUnused,
    gives: 'act unused: retire C',
  },
  {
    name: 'or the operator',
    keys: [key(S, { ageDays: 90 })],
    secret: { notice: notice('retirement', S, 1) },
    settings: { unused: 'retire' },
    gives: 'act unused: retire S',
  },
  {
    name: 'whose owner is told before',
    keys: [key(S, { ageDays: 90 })],
    settings: { unused: 'retire' },
    gives: 'act retirement-soon: remind S',
  },
  {
    name: 'half a day before',
    keys: [key(S, { ageDays: 90 })],
    secret: { notice: notice('retirement', S, 0.49) },
    settings: { unused: 'retire' },
    gives: 'unchanged notice-running: none',
  },
  {
    name: 'by a notice that is not too old',
    keys: [key(S, { ageDays: 100 })],
    secret: { notice: notice('retirement', S, 4.01) },
    settings: { unused: 'retire' },
    gives: 'act retirement-soon: remind S',
  },
  {
    name: 'and so many a day as are issued',
    keys: [key(S, { ageDays: 90 })],
    secret: { notice: notice('retirement', S, 1) },
    settings: { unused: 'retire' },
    request: { limits: { audience: undefined, issuedToday: 25, isBreakerOpen: false } },
    gives: 'unchanged daily-limit: none',
  },
  {
    name: 'by the share of its run',
    keys: [key(S, { ageDays: 90 })],
    secret: { notice: notice('retirement', S, 1) },
    settings: { unused: 'retire' },
    request: { mayIssue: false },
    gives: 'unchanged daily-limit: none',
  },
  {
    name: 'failed proofs of new keys are no reason against it',
    keys: [key(S, { ageDays: 90 })],
    secret: { notice: notice('retirement', S, 1) },
    settings: { unused: 'retire' },
    request: { limits: { audience: undefined, issuedToday: 0, isBreakerOpen: true } },
    gives: 'act unused: retire S',
  },
  {
    name: 'a freeze stops it',
    keys: [key(S, { ageDays: 90 })],
    settings: { unused: 'retire', ...frozenNow },
    gives: 'unchanged frozen: none',
  },
]);

answeredBy('current-gone', [
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

answeredBy('due', [
  { name: 'a stranger is replaced when due', keys: [key(S, { ageDays: 90 })], gives: 'act due: issue' },
  { name: 'C is replaced when due', keys: [due], secret: { current: C }, gives: 'act due: issue' },
  {
    name: 'an earlier issue does not put it off: that is for a current key that is gone',
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
  const open: Limits = { audience: { kind: 'everything' }, issuedToday: 24, isBreakerOpen: false };
  const stops: [string, Limits, string][] = [
    ['nothing', open, 'act due: issue'],
    ['a subscription that is not required', { ...open, audience: undefined }, 'act due: issue'],
    ['no subscription', { ...open, audience: { kind: 'counted', confirmed: 0 } }, 'unchanged no-subscription: none'],
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

  const closed: Limits = { audience: { kind: 'counted', confirmed: 0 }, issuedToday: 999, isBreakerOpen: true };
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

  const takesAway: [string, Given, string, string][] = [
    [
      'a deletion',
      {
        keys: [due, key(P, { ageDays: 200, ...inactive })],
        secret: { ...secret, previous: P, deactivated: record(P, 10), notice: notice('deletion', P, 1) },
      },
      'act recovery-over: delete P',
      'deleted',
    ],
    [
      'a deactivation',
      {
        keys: [key(C, { ageDays: 11, usedDaysAgo: 0 }), key(P, { ageDays: 101 })],
        secret: { ...secret, previous: P, ...announcedFor(C, 11), notice: notice('deactivation', P, 1) },
      },
      'act grace-over: deactivate P',
      'deactivated',
    ],
    [
      'a deactivation without grace',
      {
        keys: [key(C, { ageDays: 1 }), key(P, { ageDays: 101 })],
        secret: { ...secret, previous: P, ...announcedFor(C, 1) },
        settings: { graceDays: 0 },
      },
      'act no-grace: deactivate P',
      'deactivated',
    ],
    [
      'a retirement',
      { keys: [key(C, { ageDays: 180 })], secret: { ...secret, notice: notice('retirement', C, 1) }, ...retireUnused },
      'act unused: retire C',
      'retired',
    ],
    [
      'a record of what somebody else deactivated',
      { keys: [due, key(S, { ageDays: 200, ...inactive })], secret },
      'act inactive-seen: record-inactive S',
      'inactive-seen',
    ],
    [
      'a notice',
      { keys: [key(C, { ageDays: 5 }), key(P, { ageDays: 95 })], secret: { ...secret, ...announcedFor(C, 5) } },
      'act reminder-due: remind P',
      'reminder',
    ],
    [
      'a postponement',
      {
        keys: [key(C, { ageDays: 11 }), key(P, { ageDays: 101, usedDaysAgo: 0 })],
        secret: { ...secret, ...announcedFor(C, 11) },
      },
      'act still-in-use: postpone P',
      'postponed',
    ],
  ];
  it.each<[string, Given, string]>([
    ...takesAway.map(([name, given, gives]): [string, Given, string] => [name, given, gives]),
    [
      'a move forward',
      { keys: [key(C, { ageDays: 130 }), key(P, { ageDays: 40 })], secret: { ...secret, previous: P } },
      'act newer-key-stored: move-forward P',
    ],
  ])('limits of issuing alone do not stop %s', (name, given, gives) => {
    const full = name === 'a retirement' ? 0 : 999;
    const limits: Limits = { audience: { kind: 'everything' }, issuedToday: full, isBreakerOpen: true };
    expect(inShort(planOf({ ...given, request: { limits } }))).toBe(gives);
  });

  describe('nothing is taken away unheard', () => {
    const only = (filter: Record<string, string[]>): Limits['audience'] => ({
      kind: 'filtered',
      subscriptions: [
        { subscriptionArn: 'arn:aws:sns:::x', filter: { policy: JSON.stringify(filter), scope: 'MessageAttributes' } },
      ],
    });
    const by = (audience: Limits['audience'], origin: 'schedule' | 'config' | 'manual' = 'schedule') => ({
      request: { origin, limits: { audience, issuedToday: 0, isBreakerOpen: false } },
    });
    it.each(takesAway)('%s waits until somebody would hear of it', (_, given, gives, event) => {
      const unheard = 'unchanged notice-undeliverable: none';
      for (const origin of ['schedule', 'config'] as const) {
        expect(inShort(planOf({ ...given, ...by({ kind: 'counted', confirmed: 0 }, origin) }))).toBe(unheard);
        expect(inShort(planOf({ ...given, ...by(only({ userName: ['bob'] }), origin) }))).toBe(unheard);
        expect(inShort(planOf({ ...given, ...by(only({ userName: ['alice'] }), origin) }))).toBe(gives);
        expect(inShort(planOf({ ...given, ...by(only({ event: [event] }), origin) }))).toBe(gives);
        expect(inShort(planOf({ ...given, ...by(only({ event: ['digest'] }), origin) }))).toBe(unheard);
      }
      expect(inShort(planOf({ ...given, ...by(undefined) }))).toBe(gives);
      expect(inShort(planOf({ ...given, ...by({ kind: 'counted', confirmed: 0 }, 'manual') }))).toBe(gives);
    });
    it('an issue is asked about this user, too', () => {
      const given = { keys: [due], secret: { current: C } };
      expect(inShort(planOf({ ...given, ...by(only({ userName: ['bob'] })) }))).toBe('unchanged no-subscription: none');
      expect(inShort(planOf({ ...given, ...by(only({ userName: ['alice'] })) }))).toBe('act due: issue');
    });
    it.each<[string, Given, string]>([
      [
        'our own orphan',
        { keys: [key(S, { createdAt: NOW - HOUR })], secret: { intent: {} } },
        'act orphan-deactivated: deactivate-orphan S',
      ],
      [
        'what IAM shows to be done',
        { keys: [due, key(P, inactive)], secret: { current: C, intent: { verb: 'deactivate', accessKeyIds: [P] } } },
        'act finished: finish P',
      ],
      [
        'the deletion of an exposed key',
        {
          keys: [key(C, { ageDays: 9 }), key(P, { ageDays: 100, ...inactive })],
          secret: { current: C, deactivated: record(P, 10), exposed: { at: daysAgo(10), accessKeyIds: [P] } },
        },
        'act recovery-over: delete P',
      ],
    ])('%s waits for nobody', (_, given, gives) => {
      expect(inShort(planOf({ ...given, ...by({ kind: 'counted', confirmed: 0 }) }))).toBe(gives);
    });
  });

  describe('the share of a run', () => {
    const given = { keys: [due], secret: { current: C } };
    const limits = { ...open, issuedToday: 99 };
    it.each([
      ['does not ask the day again', { mayIssue: true, limits }, 'act due: issue'],
      [
        'asks the breaker',
        { mayIssue: true, limits: { ...limits, isBreakerOpen: true } },
        'unchanged breaker-open: none',
      ],
      ['asks who hears', { mayIssue: true, limits: { ...limits, audience: undefined } }, 'act due: issue'],
      ['without one, nothing is issued', { mayIssue: false }, 'unchanged daily-limit: none'],
    ])('%s', (_, asks, gives) => {
      expect(inShort(planOf({ ...given, request: asks }))).toBe(gives);
    });
    it('everything else is done without one', () => {
      for (const [name, away, gives] of takesAway.filter(([, { settings: set }]) => set?.graceDays !== 0)) {
        if (name !== 'a retirement') expect(inShort(planOf({ ...away, request: { mayIssue: false } }))).toBe(gives);
      }
    });
  });

  describe('a rotation by Secrets Manager that never begins', () => {
    const managed = (ageDays: number, more: Partial<Secret> = {}): Given => ({
      keys: [key(C, { ageDays })],
      secret: { current: C, as: { rotationEnabled: true, ...more } },
    });
    it('is given a day, and then announced weekly', () => {
      expect(inShort(planOf(managed(90.9)))).toBe('unchanged managed-rotation: none');
      expect(inShort(planOf(managed(91)))).toBe('blocked managed-rotation: announce-blocked C');
      const told = (days: number) => ({
        announced: { event: 'blocked', at: daysAgo(days), accessKeyId: C, reason: 'managed-rotation' },
      });
      const again = (days: number) => {
        const given = managed(337);
        return inShort(planOf({ ...given, secret: { ...given.secret, ...told(days) } }));
      };
      expect(again(3)).toBe('blocked managed-rotation: none');
      expect(again(7)).toBe('blocked managed-rotation: announce-blocked C');
    });
    it('is left to the message about a stuck one, once it has begun', () => {
      const given = managed(337);
      expect(inShort(planOf({ ...given, secret: { ...given.secret, pending: G } }))).not.toContain('announce-blocked');
    });
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

answeredBy('nothing-due', [
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

it('where nothing is due, it is said when the next key is', () => {
  const [step] = planOf({ keys: [key(S, { ageDays: 20 }), key(P, { ageDays: 30 })] }).steps;
  expect(step?.notBefore).toBe(NOW + 60 * DAY);
});

answeredBy('nothing-due', [
  {
    name: 'an Inactive stranger beside a young one is in nobody’s way',
    keys: [key(S, { ageDays: 5 }), key(O, { ageDays: 50, ...inactive })],
    gives: 'unchanged nothing-due: none',
  },
]);
