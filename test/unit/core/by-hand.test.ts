// shared/core/checks/by-hand.ts

import { describe, expect, it } from 'vitest';
import { DAY } from '../../../shared/core/time.ts';
import { byHand, C, daysAgo, G, key, NOW, P, record, request, S } from '../../support/core/builders.ts';
import { answeredBy, inShort, planOf } from '../../support/core/cases.ts';

const young = key(C, { ageDays: 5 });
const older = key(P, { ageDays: 95 });
const inactive = { status: 'Inactive' } as const;
const both = { keys: [young, older], secret: { current: C, previous: P, currentSince: record(C, 5) } };
const alone = { keys: [young], secret: { current: C } };
const frozenNow = { freeze: [[daysAgo(1), NOW + DAY]] } satisfies { freeze: [number, number][] };

describe('plan and status', () => {
  it.each(['plan', 'status'] as const)('%s answers what the schedule would do', (action) => {
    const schedule = planOf({ ...both, settings: frozenNow });
    expect(planOf({ ...both, settings: frozenNow, request: byHand({ action }) })).toEqual(schedule);
    const due = { keys: [key(C, { ageDays: 95 })], secret: { current: C } };
    expect(planOf({ ...due, settings: frozenNow, request: byHand({ action }) }).reason).toBe('frozen');
    expect(inShort(planOf({ ...due, request: byHand({ action }) }))).toBe('act due: issue');
  });
});

describe('rotate', () => {
  const rotate = byHand({ action: 'rotate' });
  const naming = (accessKeyId: string) => byHand({ action: 'rotate', accessKeyId });

  answeredBy('asked-by-hand', [
    { name: 'issues although nothing is due', ...alone, request: rotate, gives: 'act asked: issue' },
    { name: 'issues a first key', keys: [], request: rotate, gives: 'act asked: issue' },
    {
      name: 'issues beside the only key when that one is named',
      ...alone,
      request: naming(C),
      gives: 'act asked: issue',
    },
    {
      name: 'issues when the only key was deactivated by somebody',
      keys: [key(C, inactive)],
      secret: { current: C },
      request: rotate,
      gives: 'act asked: issue',
    },
    { name: 'issues in a freeze', ...alone, request: rotate, settings: frozenNow, gives: 'act asked: issue' },
    { name: 'refuses with two keys', ...both, request: rotate, gives: 'blocked two-keys: none' },
    {
      name: 'deactivates the key to give up at once',
      ...both,
      request: naming(P),
      gives: 'act given-up: deactivate P',
    },
    {
      name: 'also when that is the newer one, and in a freeze',
      ...both,
      request: naming(C),
      settings: frozenNow,
      gives: 'act given-up: deactivate C',
    },
    {
      name: 'refuses to give up the only Active key',
      keys: [young, key(P, { ageDays: 95, ...inactive })],
      secret: { current: C, previous: P },
      request: naming(C),
      gives: 'blocked only-active-key: none',
    },
    {
      name: 'records a key to give up that is Inactive already',
      keys: [young, key(P, { ageDays: 95, ...inactive })],
      secret: { current: C, previous: P },
      request: naming(P),
      gives: 'act inactive-seen: record-inactive P',
    },
    {
      name: 'waits for a key to give up that was recorded',
      keys: [young, key(P, { ageDays: 95, ...inactive })],
      secret: { current: C, previous: P, deactivated: record(P, 4) },
      request: naming(P),
      gives: 'unchanged recovery: none',
    },
    { name: 'refuses a key that is not there', ...both, request: naming(G), gives: 'blocked no-such-key: none' },
    {
      name: 'refuses a key that is not there for a user with one key, too',
      ...alone,
      request: naming(G),
      gives: 'blocked no-such-key: none',
    },
  ]);

  it('carries the grace that was asked for', () => {
    expect(planOf({ ...alone, request: byHand({ action: 'rotate', graceDays: 3 }) }).steps[0]).toMatchObject({
      action: 'issue',
      graceDays: 3,
    });
    expect(planOf({ ...alone, request: rotate }).steps[0]).not.toHaveProperty('graceDays');
  });
  it('answers when the given-up key is deleted, to be run again then', () => {
    expect(planOf({ ...both, request: naming(P) }).steps[0]).toMatchObject({
      notBefore: NOW + 10 * DAY,
      continues: false,
    });
  });
  it('answers when the slot is free, if it will be', () => {
    const keys = [young, key(P, { ageDays: 95, ...inactive })];
    const secret = { current: C, previous: P, deactivated: record(P, 4) };
    expect(planOf({ keys, secret, request: rotate }).steps[0]?.notBefore).toBe(NOW + 6 * DAY);
  });
  it('names both keys, their use and the way out when it refuses', () => {
    const { message } = planOf({ ...both, request: rotate });
    for (const part of [C, P, 'active', '95 days', 'no recorded use', 'accessKeyId']) expect(message).toContain(part);
  });
  it('goes on with the rest of the chain once its issue is done', () => {
    const currentSince = { ...record(C, 0.01), graceDays: 0 };
    const given = { ...both, secret: { ...both.secret, currentSince } };
    const done = byHand({ action: 'rotate', graceDays: 0 }, { completed: { verb: 'issue' } });
    expect(inShort(planOf({ ...given, request: done }))).toBe('act no-grace: deactivate P');
    expect(inShort(planOf({ ...given, request: done, settings: frozenNow }))).toBe('act no-grace: deactivate P');
  });
});

describe('confirm', () => {
  const confirm = byHand({ action: 'confirm' });
  answeredBy('asked-by-hand', [
    { name: 'records the switch', ...both, request: confirm, gives: 'act confirmed: confirm C' },
    {
      name: 'records it for a stranger that is superseded, too',
      keys: [young, key(S, { ageDays: 95 })],
      secret: { current: C, currentSince: record(C, 5) },
      request: confirm,
      gives: 'act confirmed: confirm C',
    },
    {
      name: 'says when that is known already',
      ...both,
      secret: { ...both.secret, confirmed: record(C, 1) },
      request: confirm,
      gives: 'unchanged confirmed: none',
    },
    {
      name: 'records it anew when it was said of a former life of the key',
      ...both,
      secret: { ...both.secret, confirmed: record(C, 60) },
      request: confirm,
      gives: 'act confirmed: confirm C',
    },
    {
      name: 'records it when it was said of another key',
      ...both,
      secret: { ...both.secret, confirmed: record(P, 1) },
      request: confirm,
      gives: 'act confirmed: confirm C',
    },
    { name: 'refuses without an old key', ...alone, request: confirm, gives: 'blocked nothing-to-confirm: none' },
    {
      name: 'refuses when the old key is Inactive',
      keys: [young, key(P, { ageDays: 95, ...inactive })],
      secret: { current: C, previous: P },
      request: confirm,
      gives: 'blocked nothing-to-confirm: none',
    },
    {
      name: 'refuses when the current key is Inactive',
      keys: [key(C, { ageDays: 5, ...inactive }), older],
      secret: { current: C, previous: P },
      request: confirm,
      gives: 'blocked nothing-to-confirm: none',
    },
    {
      name: 'refuses when the other key is newer',
      keys: [young, key(S, { ageDays: 1 })],
      secret: { current: C },
      request: confirm,
      gives: 'blocked nothing-to-confirm: none',
    },
    {
      name: 'refuses without a secret',
      keys: [young, older],
      request: confirm,
      gives: 'blocked nothing-to-confirm: none',
    },
  ]);
});

describe('hold', () => {
  const until = (days: number) => byHand({ action: 'hold', holdUntil: Date.UTC(2026, 2, 10 + days) });
  const held = { hold: Date.UTC(2026, 2, 20) };
  answeredBy('asked-by-hand', [
    { name: 'writes a hold', ...alone, request: until(10), gives: 'act hold-written: hold' },
    {
      name: 'writes it for a user without a secret',
      keys: [young],
      request: until(10),
      gives: 'act hold-written: hold',
    },
    {
      name: 'moves a hold',
      ...alone,
      secret: { current: C, ...held },
      request: until(12),
      gives: 'act hold-written: hold',
    },
    {
      name: 'says when it is there already',
      ...alone,
      secret: { current: C, ...held },
      request: until(10),
      gives: 'unchanged held: none',
    },
    {
      name: 'lifts it with a past date',
      ...alone,
      secret: { current: C, ...held },
      request: until(-1),
      gives: 'act hold-lifted: hold',
    },
    {
      name: 'lifts it with the date of today, which is over at its start',
      ...alone,
      secret: { current: C, ...held },
      request: until(0),
      gives: 'act hold-lifted: hold',
    },
    { name: 'says when there is none to lift', ...alone, request: until(-1), gives: 'unchanged not-held: none' },
  ]);
  it('is over at the very start of its date', () => {
    const given = { ...alone, secret: { current: C, ...held }, request: until(10) };
    expect(inShort(planOf({ ...given, now: held.hold }))).toBe('act hold-lifted: hold');
  });
  it('carries the date that was asked for, and none when it is lifted', () => {
    expect(planOf({ ...alone, request: until(10) }).steps[0]).toMatchObject({ holdUntil: Date.UTC(2026, 2, 20) });
    const lift = planOf({ ...alone, secret: { current: C, ...held }, request: until(-1) }).steps[0];
    expect(lift).not.toHaveProperty('holdUntil');
  });
});

describe('rollback', () => {
  const rollback = byHand({ action: 'rollback' });
  answeredBy('asked-by-hand', [
    { name: 'goes back to the previous key', ...both, request: rollback, gives: 'act rolled-back: roll-back P' },
    {
      name: 'goes back to one that was deactivated',
      keys: [young, key(P, { ageDays: 95, ...inactive })],
      secret: { current: C, previous: P, deactivated: record(P, 3) },
      request: rollback,
      gives: 'act rolled-back: roll-back P',
    },
    {
      name: 'goes back to one that was never stored',
      keys: [young, key(S, { ageDays: 95 })],
      secret: { current: C },
      request: rollback,
      gives: 'act rolled-back: roll-back S',
    },
    {
      name: 'goes back in a freeze',
      ...both,
      request: rollback,
      settings: frozenNow,
      gives: 'act rolled-back: roll-back P',
    },
    { name: 'refuses without an older key', ...alone, request: rollback, gives: 'blocked nothing-to-roll-back: none' },
    {
      name: 'refuses to go back to a newer key',
      keys: [young, key(P, { ageDays: 1 })],
      secret: { current: C, previous: P },
      request: rollback,
      gives: 'blocked nothing-to-roll-back: none',
    },
    {
      name: 'refuses without a current key',
      keys: [older],
      secret: { previous: P, current: C },
      request: rollback,
      gives: 'blocked nothing-to-roll-back: none',
    },
  ]);
  it('holds for 30 days, counted from the next midnight', () => {
    expect(planOf({ ...both, request: rollback }).steps[0]).toMatchObject({ holdUntil: Date.UTC(2026, 3, 10) });
  });
  it('holds as long as told', () => {
    const holdUntil = NOW + 5 * DAY;
    expect(planOf({ ...both, request: byHand({ action: 'rollback', holdUntil }) }).steps[0]).toMatchObject({
      holdUntil,
    });
  });
  it('says that AWSCURRENT is not moved to a key that was never stored', () => {
    const given = { keys: [young, key(S, { ageDays: 95 })], secret: { current: C }, request: rollback };
    expect(planOf(given).message).toContain('AWSCURRENT is not moved');
    expect(planOf({ ...both, request: rollback }).message).toContain('AWSCURRENT moves back');
  });
});

describe('retire', () => {
  const retire = (accessKeyId?: string) => byHand({ action: 'retire', ...(accessKeyId && { accessKeyId }) });
  answeredBy('asked-by-hand', [
    { name: 'deactivates the only key at once', ...alone, request: retire(), gives: 'act retired-by-hand: retire C' },
    {
      name: 'deactivates it in a freeze',
      ...alone,
      request: retire(),
      settings: frozenNow,
      gives: 'act retired-by-hand: retire C',
    },
    { name: 'deactivates the one that is named', ...both, request: retire(C), gives: 'act retired-by-hand: retire C' },
    { name: 'refuses to choose', ...both, request: retire(), gives: 'blocked key-not-named: none' },
    { name: 'refuses a user without a key', keys: [], request: retire(), gives: 'blocked key-not-named: none' },
    { name: 'refuses a key that is not there', ...alone, request: retire(G), gives: 'blocked no-such-key: none' },
    {
      name: 'records a key that is Inactive already',
      keys: [key(C, inactive)],
      secret: { current: C },
      request: retire(),
      gives: 'act inactive-seen: record-inactive C',
    },
  ]);
});

it('an answer by hand never publishes that somebody is blocked', () => {
  const request = byHand({ action: 'status' });
  const given = { keys: [key(C, inactive)], secret: { current: C }, request };
  expect(inShort(planOf(given))).toBe('blocked current-inactive: none');
});

it('what was asked for is read from the request, not from its origin', () => {
  expect(inShort(planOf({ ...alone, request: request({ origin: 'manual' }) }))).toBe('unchanged nothing-due: none');
});

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
