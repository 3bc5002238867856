import { describe, expect, it } from 'vitest';
import type { AccessKey, TransitionVerb } from '../../../shared/core/model.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../../shared/core/time.ts';
import {
  byHand,
  C,
  daysAgo,
  G,
  key,
  minutesAgo,
  NOW,
  O,
  P,
  record,
  S,
  type SecretOptions,
  versionOf,
} from '../../support/core/builders.ts';
import { answeredBy, aroundLimit, inShort, planOf } from '../../support/core/cases.ts';

const BEGUN = minutesAgo(60);
const N = O;
const old = key(C, { ageDays: 95 });
const fresh = key(N, { createdAt: BEGUN + SECOND });
const issue = { at: BEGUN, accessKeyIds: [C], versionId: versionOf(C) };

answeredBy('intent-past', [
  {
    name: 'an issue that left nothing is cleared',
    keys: [old],
    secret: { current: C, intent: issue },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'an issue whose key was stored but not made current is finished',
    keys: [old, fresh],
    secret: { current: C, pending: N, intent: issue },
    gives: 'act finished: finish O',
  },
  {
    name: 'an issue whose key is current but not announced is finished',
    keys: [old, fresh],
    secret: { current: N, previous: C, intent: issue },
    gives: 'act finished: finish O',
  },
  {
    name: 'an issue that was announced and recorded is cleared',
    keys: [old, fresh],
    secret: { current: N, previous: C, intent: issue, currentSince: { accessKeyId: N, at: BEGUN + MINUTE } },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'a first issue is finished when AWSCURRENT is on its key',
    keys: [fresh],
    secret: { current: N, intent: { at: BEGUN } },
    gives: 'act finished: finish O',
  },
  {
    name: 'a first issue is cleared when AWSCURRENT is on another key',
    keys: [old, fresh],
    secret: { current: C, pending: N, intent: { at: BEGUN, accessKeyIds: [C] } },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'an issue is cleared when a third version became current',
    keys: [fresh, key(S)],
    secret: { current: S, pending: N, intent: { ...issue, accessKeyIds: [C, S] } },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'an issue is cleared when its stored key was deactivated',
    keys: [old, { ...fresh, status: 'Inactive' }],
    secret: { current: C, pending: N, intent: issue },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'a stored key that IAM does not show is waited for while it is young',
    keys: [old],
    secret: { current: C, pending: N, intent: { ...issue, at: minutesAgo(9.9), deadlineAt: minutesAgo(1) } },
    gives: 'busy settling: none',
  },
  {
    name: 'a stored key that IAM does not show after ten minutes is gone',
    keys: [old],
    secret: { current: C, pending: N, intent: { ...issue, at: minutesAgo(10), deadlineAt: minutesAgo(1) } },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'two keys that may be the orphan are left to somebody',
    keys: [fresh, key(S, { createdAt: BEGUN + 2 * SECOND })],
    secret: { intent: { at: BEGUN } },
    gives: 'blocked two-orphans: announce-blocked O',
  },
  {
    name: 'an orphan that somebody deactivated first is recorded',
    keys: [old, { ...fresh, status: 'Inactive' }],
    secret: { current: C, intent: issue },
    gives: 'act orphan-deactivated: record-orphan O',
  },
  {
    name: 'a recorded orphan waits',
    keys: [old, { ...fresh, status: 'Inactive' }],
    secret: { current: C, intent: issue, deactivated: { accessKeyId: N, at: minutesAgo(30) } },
    gives: 'unchanged orphan-waiting: none',
  },
  {
    name: 'a recorded orphan that is Active again is a stranger, so the intent is cleared',
    keys: [old, fresh],
    secret: { current: C, intent: issue, deactivated: { accessKeyId: N, at: minutesAgo(30) } },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'a recorded orphan that was used since is a stranger',
    keys: [old, { ...key(N, { status: 'Inactive', usedAt: minutesAgo(50), usedBy: 'sts' }), createdAt: BEGUN }],
    secret: { current: C, intent: issue, deactivated: { accessKeyId: N, at: minutesAgo(55) } },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'a freeze does not stop the removal of an orphan',
    keys: [old, fresh],
    secret: { current: C, intent: issue },
    settings: { freeze: [[daysAgo(1), NOW + DAY]] },
    gives: 'act orphan-deactivated: deactivate-orphan O',
  },
  {
    name: 'a freeze does not stop the end of a transition that has begun',
    keys: [old, key(P, { status: 'Inactive' })],
    secret: { current: C, previous: P, intent: { verb: 'deactivate', accessKeyIds: [P] } },
    settings: { freeze: [[daysAgo(1), NOW + DAY]] },
    gives: 'act finished: finish P',
  },
]);

describe('every verb that died on the key', () => {
  const states: Record<string, { keys: AccessKey[]; secret: SecretOptions }> = {
    Active: { keys: [old, key(P, { ageDays: 185 })], secret: { current: C, previous: P } },
    Inactive: { keys: [old, key(P, { ageDays: 185, status: 'Inactive' })], secret: { current: C, previous: P } },
    gone: { keys: [old], secret: { current: C, previous: P } },
    current: { keys: [old, key(P)], secret: { current: P, previous: C } },
  };
  it.each<[TransitionVerb, string, string]>([
    ['deactivate', 'Active', 'clear-intent'],
    ['deactivate', 'Inactive', 'finish P'],
    ['deactivate', 'gone', 'finish P'],
    ['retire', 'Active', 'clear-intent'],
    ['retire', 'Inactive', 'finish P'],
    ['retire', 'gone', 'finish P'],
    ['delete', 'Active', 'clear-intent'],
    ['delete', 'Inactive', 'clear-intent'],
    ['delete', 'gone', 'finish P'],
    ['roll-back', 'Active', 'clear-intent P'],
    ['roll-back', 'Inactive', 'clear-intent'],
    ['roll-back', 'current', 'finish P'],
    ['roll-back', 'gone', 'clear-intent'],
    ['move-forward', 'Active', 'clear-intent'],
    ['move-forward', 'current', 'finish P'],
    ['move-forward', 'gone', 'clear-intent'],
  ])('%s of a key that is %s: %s', (verb, state, expected) => {
    const { keys, secret } = states[state] ?? { keys: [], secret: {} };
    const answer = planOf({ keys, secret: { ...secret, intent: { verb, accessKeyIds: [P] } } });
    expect(answer.check).toBe('intent-past');
    expect(inShort(answer).split(': ')[1]).toBe(expected);
  });

  it('a deactivation that is cleared takes the grace off first, so that no key is deactivated without notice', () => {
    const { keys, secret } = states.Active ?? { keys: [], secret: {} };
    const [step] = planOf({ keys, secret: { ...secret, intent: { verb: 'deactivate', accessKeyIds: [P] } } }).steps;
    expect(step).toMatchObject({ action: 'clear-intent', restartGrace: true, continues: true });
  });
});

describe('a roll-back that was interrupted', () => {
  const intent = { verb: 'roll-back', accessKeyIds: [P] } as const;
  it('reactivates nothing', () => {
    const secret = { current: C, previous: P, intent };
    const answer = planOf({ keys: [old, key(P, { ageDays: 185, status: 'Inactive' })], secret });
    expect(answer.steps).toMatchObject([{ action: 'clear-intent', continues: true }]);
  });
  it('is told of where the key is Active, and not current', () => {
    const answer = planOf({ keys: [old, key(P, { ageDays: 185 })], secret: { current: C, previous: P, intent } });
    expect(answer.steps).toMatchObject([{ action: 'clear-intent', tells: 'reactivated', accessKeyId: P }]);
  });
  it('is finished for a key that was never stored', () => {
    const answer = planOf({
      keys: [old, key(S, { ageDays: 185 })],
      secret: { current: C, intent: { ...intent, accessKeyIds: [S] } },
    });
    expect(inShort(answer)).toBe('act finished: finish S');
  });
});

describe('an intent that every run since should have seen to is not gone on with', () => {
  const begun = (days: number, verb: TransitionVerb, accessKeyIds: readonly string[]) => {
    const at = daysAgo(days);
    return { verb, at, deadlineAt: at + MINUTE, accessKeyIds, versionId: versionOf(C) };
  };
  const at = (days: number): Instant => daysAgo(days) + SECOND;

  it.each([
    [1, 3],
    [2, 5],
    [7, 15],
  ])('with a run every %i days, after %i', (runEveryDays, days) => {
    const shown = [days - 0.01, days].map((ago) => {
      const keys = [old, key(N, { createdAt: at(ago) })];
      const secret = { current: C, intent: begun(ago, 'issue', [C]) };
      return planOf({ keys, secret, settings: { runEveryDays } }).steps[0]?.action;
    });
    expect(shown).toEqual(['deactivate-orphan', 'clear-intent']);
  });

  it('but the announcement of a key that is current already is made up for', () => {
    const keys = [old, key(N, { createdAt: at(4) })];
    const answer = planOf({ keys, secret: { current: N, previous: C, intent: begun(4, 'issue', [C]) } });
    expect(inShort(answer)).toBe('act finished: finish O');
  });

  it('and a key that was stored, but not made current, is not', () => {
    const keys = [old, key(N, { createdAt: at(4) })];
    const answer = planOf({ keys, secret: { current: C, pending: N, intent: begun(4, 'issue', [C]) } });
    expect(inShort(answer)).toBe('act intent-cleared: clear-intent');
  });

  it('tells of what may be the leftover of an issue', () => {
    const keys = [old, key(N, { createdAt: at(4) })];
    const { steps } = planOf({ keys, secret: { current: C, intent: begun(4, 'issue', [C]) } });
    expect(steps).toMatchObject([{ action: 'clear-intent', tells: 'failed', accessKeyId: N }]);
  });

  it.each<[TransitionVerb]>([['deactivate'], ['retire'], ['delete'], ['roll-back'], ['move-forward']])('%s', (verb) => {
    const keys = verb === 'delete' ? [old] : [old, key(P, { ageDays: 185, status: 'Inactive' })];
    const secret = { current: C, previous: P, intent: begun(4, verb, [P]) };
    expect(planOf({ keys, secret }).steps[0]?.action).toBe('clear-intent');
  });
});

describe('an intent that is finished by hand', () => {
  const given = { keys: [old, fresh], secret: { current: C, pending: N, intent: issue } };
  it('is the issue that was asked for', () => {
    expect(planOf({ ...given, request: byHand({ action: 'rotate' }) }).steps[0]?.continues).toBe(false);
  });
  it('goes before any other command', () => {
    expect(planOf({ ...given, request: byHand({ action: 'confirm' }) }).steps[0]?.continues).toBe(true);
  });
});

describe('who counts as the orphan of an issue', () => {
  // The intent is not on a whole second: CreateDate is.
  const at = BEGUN + 789;
  const removed = 'act orphan-deactivated: deactivate-orphan O';
  const cleared = 'act intent-cleared: clear-intent';
  const withKey = (made: AccessKey, before: readonly string[] = [C]) =>
    inShort(planOf({ keys: [old, made], secret: { current: C, intent: { ...issue, at, accessKeyIds: before } } }));

  it.each<[string, AccessKey, string]>([
    ['made 5 s before the second of the intent', key(N, { createdAt: BEGUN - 5 * SECOND }), removed],
    ['made earlier than that', key(N, { createdAt: BEGUN - 5 * SECOND - 1 }), cleared],
    ['made 60 s after the intent', key(N, { createdAt: at + MINUTE }), removed],
    ['made later than that', key(N, { createdAt: at + MINUTE + 1 }), cleared],
    ['used by sts within 16 minutes', key(N, { createdAt: at, usedAt: at + 16 * MINUTE, usedBy: 'sts' }), removed],
    ['used by sts later', key(N, { createdAt: at, usedAt: at + 16 * MINUTE + 1, usedBy: 'sts' }), cleared],
    ['used by anything else', key(N, { createdAt: at, usedAt: at + SECOND, usedBy: 's3' }), cleared],
  ])('%s', (_, made, expected) => {
    expect(withKey(made)).toBe(expected);
  });

  it('a key that was there before is none', () => {
    expect(withKey(key(N, { createdAt: at }), [C, N])).toBe(cleared);
  });

  it('a key that a label names is none', () => {
    const secret = { current: C, stored: [N], intent: { ...issue, at } };
    expect(inShort(planOf({ keys: [old, fresh], secret }))).toBe('act finished: finish O');
  });

  it('never a key that we recorded as current: its label was taken off, and an old intent put back', () => {
    const current: SecretOptions = { currentSince: { accessKeyId: O, at: BEGUN + MINUTE }, intent: issue };
    const answer = planOf({ keys: [old, fresh], secret: { current: C, ...current } });
    expect(answer.steps.map(({ action }) => action)).not.toContain('deactivate-orphan');
    const exempt = { tags: { 'keyturn:exempt': 'true' } };
    expect(inShort(planOf({ keys: [old, fresh], secret: { current: C, ...current }, user: exempt }))).toBe(
      'unchanged exempt: none',
    );
  });

  it('only an issue leaves orphans', () => {
    const secret = { current: C, intent: { verb: 'delete', at, accessKeyIds: [G] } as const };
    expect(inShort(planOf({ keys: [old, fresh], secret }))).toBe('act finished: finish G');
  });
});

describe('the recovery of an orphan', () => {
  const keys = [old, key(N, { createdAt: daysAgo(1), status: 'Inactive' })];
  const recordedAt = NOW - 12 * HOUR;
  aroundLimit(
    'half a day after its record',
    NOW,
    {
      keys,
      secret: { current: C, intent: { ...issue, at: daysAgo(1) }, deactivated: { accessKeyId: N, at: recordedAt } },
    },
    ['unchanged orphan-waiting: none', 'act orphan-deleted: delete-orphan O'],
  );
  it('says from when on it is deleted', () => {
    const secret = { current: C, intent: { ...issue, at: daysAgo(1) }, deactivated: record(N, 0.1) };
    expect(planOf({ keys, secret }).steps[0]?.notBefore).toBe(daysAgo(0.1) + 12 * HOUR);
  });
});

answeredBy('intent-past', [
  {
    name: 'the label that was current already is not what an issue has stored',
    keys: [key(S)],
    secret: {
      current: G,
      intent: { at: minutesAgo(6), deadlineAt: minutesAgo(1), accessKeyIds: [S], versionId: versionOf(G) },
    },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'a young issue that has stored nothing is cleared, too',
    keys: [key(C)],
    secret: {
      current: C,
      intent: { at: minutesAgo(6), deadlineAt: minutesAgo(1), accessKeyIds: [C], versionId: versionOf(C) },
    },
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'recorded, but not current, its key is made current',
    keys: [key(C), key(O, { createdAt: minutesAgo(60) })],
    secret: {
      current: C,
      pending: O,
      currentSince: { at: minutesAgo(59), accessKeyId: O },
      intent: { accessKeyIds: [C], versionId: versionOf(C) },
    },
    gives: 'act finished: finish O',
  },
  {
    name: 'where no version is current, the schedule makes none',
    keys: [key(O, { createdAt: minutesAgo(60) })],
    secret: { pending: O, intent: {} },
    gives: 'act intent-cleared: clear-intent',
  },
]);
