// Tests of shared/core/checks/exposed.ts and shared/core/exposure.ts.

import { describe, expect, it } from 'vitest';
import type { RequestOrigin } from '../../../shared/core/model.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../shared/core/time.ts';
import { byHand, C, daysAgo, G, key, minutesAgo, NOW, O, P, record, request, S } from '../../support/core/builders.ts';
import { answeredBy, type Given, inShort, planOf } from '../../support/core/cases.ts';

const found = (accessKeyId: string) => request({ origin: 'exposed', accessKeyId });
const compromised = (accessKeyId?: string) =>
  byHand({ action: 'rotate', compromised: true, ...(accessKeyId === undefined ? {} : { accessKeyId }) });
const inactive = { status: 'Inactive' } as const;
const young = key(C, { ageDays: 5, usedDaysAgo: 0 });
const old = key(P, { ageDays: 95, usedDaysAgo: 0 });
const alone: Given = { keys: [young], secret: { current: C } };
const both: Given = { keys: [young, old], secret: { current: C, previous: P, currentSince: record(C, 5) } };
const frozenNow = { freeze: [[daysAgo(1), NOW + DAY]] } satisfies { freeze: [number, number][] };
const hold = NOW + 5 * DAY;
const exposed = { at: minutesAgo(60), accessKeyIds: [C] };
const taken: Given = { keys: [key(C, { ageDays: 5, ...inactive })], secret: { current: C, exposed } };
const replaced: Given = {
  keys: [key(C, { ageDays: 5, ...inactive }), key(O, { createdAt: minutesAgo(50) })],
  secret: { current: O, previous: C, exposed, currentSince: { at: minutesAgo(49), accessKeyId: O } },
};

const deactivated = 'act exposed: deactivate-exposed C';

answeredBy('exposed-key', [
  { name: 'is deactivated before it is replaced', ...alone, request: found(C), gives: deactivated },
  {
    name: 'is deactivated, not the key that nobody could read by it',
    ...alone,
    keys: [young, key(S)],
    request: found(C),
    gives: deactivated,
  },
  {
    name: 'is deactivated while KMS gives no state key',
    ...alone,
    secret: { as: {} },
    request: { ...found(C), isStateKeyMissing: true },
    gives: deactivated,
  },
  {
    name: 'is deactivated while another run has the user',
    ...alone,
    secret: { current: C, intent: { at: minutesAgo(1) } },
    request: found(C),
    gives: deactivated,
  },
  {
    name: 'is deactivated while reads settle',
    ...alone,
    secret: { current: C, announced: { event: 'issued', at: NOW - SECOND } },
    request: found(C),
    gives: deactivated,
  },
  {
    name: 'is deactivated in spite of a hold',
    ...alone,
    secret: { current: C, hold },
    request: found(C),
    gives: deactivated,
  },
  { name: 'is deactivated in spite of a freeze', ...alone, settings: frozenNow, request: found(C), gives: deactivated },
  {
    name: 'is deactivated where a tag of the user does not parse',
    ...alone,
    user: { tags: { 'keyturn:exempt': 'perhaps' } },
    request: found(C),
    gives: deactivated,
  },
  {
    name: 'is deactivated where a tag of the secret does not parse',
    ...alone,
    secret: { current: C, raw: { 'keyturn:deactivated': 'x' } },
    request: found(C),
    gives: deactivated,
  },
  {
    name: 'is deactivated beside a secret of somebody else',
    ...alone,
    secret: { current: C, as: { isMade: false } },
    request: found(C),
    gives: deactivated,
  },
  {
    name: 'is deactivated beside a secret that is being deleted',
    ...alone,
    secret: { current: C, as: { deletedAt: daysAgo(1) } },
    request: found(C),
    gives: deactivated,
  },
  {
    name: 'is deactivated with a status that nobody knows',
    ...alone,
    keys: [key(C, { status: 'Expired' })],
    request: found(C),
    gives: deactivated,
  },
  {
    name: 'is deactivated beside a key with a status that nobody knows',
    ...alone,
    keys: [young, key(S, { status: 'Expired' })],
    request: found(C),
    gives: deactivated,
  },
  {
    name: 'is deactivated in its grace, before the key that it could read',
    ...both,
    request: found(P),
    gives: 'act exposed: deactivate-exposed P',
  },
  {
    name: 'is recorded if somebody else deactivated it',
    ...alone,
    keys: [key(C, inactive)],
    request: found(C),
    gives: deactivated,
  },
  {
    name: 'is told of though an exemption keeps it as it is',
    ...alone,
    user: { tags: { 'keyturn:exempt': 'true' } },
    request: found(C),
    gives: 'act exempt: announce-exposed C',
  },
  {
    name: 'by hand is deactivated, too',
    ...alone,
    request: compromised(),
    gives: 'act compromised: deactivate-exposed C',
  },
  {
    name: 'by hand is deactivated beside another Active one',
    ...both,
    settings: {
      ownersRead: false,
      readerArns: [{ arn: 'arn:aws:iam::123456789012:role/r', users: [], paths: [], handOn: false }],
    },
    request: compromised(P),
    gives: 'act compromised: deactivate-exposed P',
  },
  {
    name: 'by hand is deactivated in spite of a hold',
    ...alone,
    secret: { current: C, hold },
    request: compromised(),
    gives: 'act compromised: deactivate-exposed C',
  },
  {
    name: 'by hand never passes an exemption',
    ...alone,
    user: { tags: { 'keyturn:exempt': 'true' } },
    request: compromised(),
    gives: 'act exempt: announce-exposed C',
  },
]);

describe('what an exposed key could read is exposed too:', () => {
  const afterP: Given = { ...both, keys: [young, key(P, { ageDays: 95, ...inactive })] };
  const P_TAKEN = { at: minutesAgo(60), accessKeyIds: [P] };

  it('the current key, when the old one is exposed in its grace', () => {
    const given = { ...afterP, secret: { ...both.secret, exposed: P_TAKEN }, request: found(P) };
    expect(inShort(planOf(given))).toBe(deactivated);
  });

  it('also for the schedule, which goes on from the tag', () => {
    expect(inShort(planOf({ ...afterP, secret: { ...both.secret, exposed: P_TAKEN } }))).toBe(deactivated);
  });

  it('a version stored while it was Active, if it is Inactive by its record since', () => {
    const secret = { ...both.secret, deactivated: record(P, 1), exposed: { at: daysAgo(1), accessKeyIds: [P] } };
    expect(inShort(planOf({ ...afterP, secret }))).toBe(deactivated);
  });

  it('not one stored after that', () => {
    const secret = { ...both.secret, deactivated: record(P, 6), exposed: { at: daysAgo(6), accessKeyIds: [P] } };
    expect(inShort(planOf({ ...afterP, secret, request: found(P) }))).toBe('unchanged exposed: none');
  });

  it.each([
    [4_999, true],
    [5_000, false],
  ])('created %i ms after it was seen Inactive: %s', (ms, isExposed) => {
    const keys = [key(C, inactive), key(O, { createdAt: exposed.at + ms })];
    const secret = { current: O, previous: C, exposed, currentSince: { at: minutesAgo(49), accessKeyId: O } };
    const expected = isExposed ? 'act exposed: deactivate-exposed O' : 'unchanged exposed: none';
    expect(inShort(planOf({ keys, secret, request: found(C) }))).toBe(expected);
  });

  it('not a key that is not stored', () => {
    const secret = { current: P, exposed: P_TAKEN };
    expect(inShort(planOf({ ...afterP, secret, request: found(P) }))).toBe('unchanged exposed: none');
  });

  it('nothing, where owners do not read', () => {
    const reader = { arn: 'arn:aws:iam::123456789012:role/r', users: [], paths: [], handOn: false };
    const given = { ...both, settings: { ownersRead: false, readerArns: [reader] }, request: found(P) };
    expect(inShort(planOf(given))).toBe('act exposed: deactivate-exposed P');
  });

  it('a replacement after which it was found Active again', () => {
    const [, replacement] = replaced.keys ?? [];
    const again = { ...replaced, keys: [young, replacement ?? young] };
    expect(inShort(planOf(again))).toBe(deactivated);
    const then = { ...replaced.secret, exposed: { at: minutesAgo(10), accessKeyIds: [C] } };
    expect(inShort(planOf({ ...replaced, secret: then }))).toBe('act exposed: deactivate-exposed O');
  });
});

it.each<RequestOrigin>(['schedule', 'config', 'exposed', 'manual'])(
  'a key that was exposed and is Active again is deactivated by any origin: %s',
  (origin) => {
    const { keys = [], secret = {} } = replaced;
    const given = { keys: [young, ...keys.slice(1)], secret, request: request({ origin, accessKeyId: G }) };
    expect(inShort(planOf(given))).toBe(deactivated);
  },
);

describe('what could be read with it, and was deactivated by a run that died then', () => {
  const died: Given = {
    keys: [key(C, { ageDays: 5, ...inactive }), key(P, { ageDays: 95, ...inactive })],
    secret: {
      current: C,
      previous: P,
      exposed: { at: minutesAgo(60), accessKeyIds: [P] },
      deactivated: { at: minutesAgo(60), accessKeyId: P },
    },
  };

  it('is told of and recorded, by whoever comes', () => {
    expect(inShort(planOf({ ...died, request: found(P) }))).toBe('act exposed: deactivate-exposed C');
    expect(inShort(planOf(died))).toBe('act exposed: deactivate-exposed C');
  });

  it('is left as it is where that cannot be recorded: it would be told of in each run', () => {
    const foreign = { ...died.secret, as: { isMade: false } };
    expect(inShort(planOf({ ...died, secret: foreign }))).toContain('blocked secret-foreign');
  });

  it('is not told of twice', () => {
    const recorded = { ...died.secret, exposed: { at: minutesAgo(60), accessKeyIds: [P, C] } };
    expect(inShort(planOf({ ...died, secret: recorded }))).toBe('act exposed-slot: delete P');
  });
});

it('a deactivation that AWS refused is tried by every run, and nothing is issued before', () => {
  const secret = { current: C, exposed: { ...exposed, isStillActive: true } } as const;
  expect(inShort(planOf({ ...alone, secret }))).toBe(deactivated);
  expect(inShort(planOf({ ...taken, secret }))).toBe(deactivated);
  expect(inShort(planOf({ ...taken, secret, request: request({ told: new Set([C]) }) }))).toBe('act exposed: issue');
});

it('one that a tag names comes before what it could have read, in whatever order IAM lists them', () => {
  const known = key(P, { ageDays: 50, status: 'Inactive' });
  const secret = { current: C, previous: P, exposed: { ...exposed, accessKeyIds: [P], isStillActive: true } } as const;
  for (const keys of [
    [known, young],
    [young, known],
  ]) {
    expect(inShort(planOf({ keys, secret }))).toBe('act exposed: deactivate-exposed P');
  }
});

it('an exempt user is told of once in a run, and then left alone', () => {
  const user = { tags: { 'keyturn:exempt': 'true' } };
  const again = { ...found(C), told: new Set([C]) };
  expect(inShort(planOf({ ...alone, user, request: again }))).toBe('unchanged exempt: none');
});

it('what may not be recorded is told of once in a run, and then its user is blocked by name', () => {
  const given: Given = { ...taken, secret: { current: C, as: { isMade: false } }, request: found(C) };
  expect(inShort(planOf(given))).toBe(deactivated);
  const again = planOf({ ...given, request: { ...found(C), told: new Set([C]) } });
  expect(`${again.status} ${again.reason}`).toBe('blocked secret-foreign');
});

it('names no leftover as the one to use: its secret access key is nowhere', () => {
  const intent = { at: minutesAgo(60), accessKeyIds: [C] };
  const leftover = key(O, { createdAt: minutesAgo(60) });
  const answer = planOf({ keys: [young, leftover], secret: { current: C, intent }, request: found(C) });
  expect(inShort(answer)).toBe(deactivated);
  expect(answer.message).toContain('no key is left to work with');
});

answeredBy('exposed-replacement', [
  { name: 'is issued once the key is Inactive and recorded', ...taken, request: found(C), gives: 'act exposed: issue' },
  { name: 'is issued by the schedule, to a user who has no Active key', ...taken, gives: 'act exposed: issue' },
  { name: 'is issued in spite of a hold', ...taken, secret: { ...taken.secret, hold }, gives: 'act exposed: issue' },
  { name: 'is issued in spite of a freeze', ...taken, settings: frozenNow, gives: 'act exposed: issue' },
  {
    name: 'is issued where nobody would hear of it',
    ...taken,
    request: request({ limits: { audience: { kind: 'counted', confirmed: 0 }, issuedToday: 99, isBreakerOpen: true } }),
    gives: 'act exposed: issue',
  },
  {
    name: 'is issued in spite of managed rotation',
    ...taken,
    secret: { ...taken.secret, as: { rotationEnabled: true } },
    gives: 'act exposed: issue',
  },
  {
    name: 'is issued to a user whose exposed key is gone',
    keys: [],
    secret: { current: C, exposed },
    gives: 'act exposed: issue',
  },
  {
    name: 'is not issued to whom a key is left to work with',
    ...taken,
    keys: [...(taken.keys ?? []), key(S)],
    request: found(C),
    gives: 'unchanged exposed: none',
  },
  {
    name: 'is issued by hand all the same, into the slot of the exposed key',
    ...taken,
    keys: [...(taken.keys ?? []), key(S)],
    request: compromised(C),
    gives: 'act exposed-slot: delete C',
  },
  { name: 'is issued by hand', ...taken, request: compromised(C), gives: 'act compromised: issue' },
  { name: 'is not issued twice', ...replaced, request: found(C), gives: 'unchanged exposed: none' },
  { name: 'is not issued twice by hand', ...replaced, request: compromised(C), gives: 'unchanged compromised: none' },
  {
    name: 'takes the slot of the exposed key, not of another Inactive one',
    ...taken,
    keys: [...(taken.keys ?? []), key(S, inactive)],
    gives: 'act exposed-slot: delete C',
  },
  {
    name: 'takes the slot of the one that is not current',
    keys: [key(C, inactive), key(P, { ...inactive, ageDays: 95 })],
    secret: { current: C, previous: P, exposed: { at: minutesAgo(60), accessKeyIds: [C, P] } },
    gives: 'act exposed-slot: delete P',
  },
  {
    name: 'waits for somebody where both slots are taken by others',
    keys: [key(S, inactive), key(O, inactive)],
    secret: { exposed },
    gives: 'blocked two-keys: announce-blocked',
  },
]);

it('a key that somebody took away long before it was exposed is not replaced', () => {
  const secret = { inactiveSeen: record(S, 3), exposed: { at: daysAgo(3), accessKeyIds: [S] } };
  expect(inShort(planOf({ keys: [key(S, inactive)], secret }))).toBe('unchanged recovery: none');
});

it('the replacement waits for an issue that was interrupted, and goes on after it', () => {
  const secret = { ...taken.secret, intent: { at: minutesAgo(60), accessKeyIds: [C] } };
  const answer = planOf({ ...taken, secret, request: found(C) });
  expect(`${answer.check} ${inShort(answer)}`).toBe('intent-past act intent-cleared: clear-intent');
  expect(answer.steps[0]?.continues).toBe(true);
});

it('once it is replaced, a hold holds again', () => {
  expect(inShort(planOf({ ...replaced, secret: { ...replaced.secret, hold } }))).toBe('unchanged held: none');
});

it.each([false, true])('a rollback to it is refused, with force %s', (force) => {
  const given = { ...replaced, request: byHand({ action: 'rollback', force }) };
  expect(inShort(planOf(given))).toBe('blocked rollback-to-exposed: none');
});

it.each([
  ['two keys, and neither is named', compromised(), 'blocked key-not-named: none'],
  ['a key that the user does not have', compromised(G), 'blocked no-such-key: none'],
])('by hand it is refused for %s', (_, asked, gives) => {
  expect(inShort(planOf({ ...both, request: asked }))).toBe(gives);
});

it('it is deleted before its time as soon as another key is due', () => {
  const [gone] = taken.keys ?? [];
  const given = (ageDays: number): Given => ({ ...taken, keys: [gone ?? young, key(S, { ageDays })] });
  expect(inShort(planOf(given(80)))).toBe('unchanged recovery: none');
  expect(inShort(planOf(given(90)))).toBe('act exposed-slot: delete C');
  expect(inShort(planOf({ ...given(90), settings: frozenNow }))).toBe('unchanged recovery: none');
  expect(inShort(planOf({ ...given(10), request: byHand({ action: 'rotate' }) }))).toBe('act exposed-slot: delete C');
});

it('its use after the record does not keep it', () => {
  const keys = [key(C, { ...inactive, usedAt: minutesAgo(59) }), ...(replaced.keys ?? []).slice(1)];
  const secret = { ...replaced.secret, exposed: { at: minutesAgo(60), accessKeyIds: [C] } };
  expect(inShort(planOf({ keys, secret }))).toBe('unchanged recovery: none');
});

describe('the tag comes off', () => {
  const gone = (at: number): Given => ({
    keys: [key(O, { ageDays: 1 })],
    secret: { current: O, exposed: { at, accessKeyIds: [C] }, currentSince: { at: at + 60_000, accessKeyId: O } },
  });
  const at = NOW - 37 * HOUR;

  it('when its keys are gone and no session of theirs can be left', () => {
    expect(inShort(planOf(gone(at)))).toBe('act exposure-over: end-exposure');
    expect(planOf(gone(at)).steps[0]?.continues).toBe(true);
  });

  it('not a millisecond before, nor while one of them is there, nor while its user is owed a key', () => {
    expect(inShort(planOf(gone(at + 1)))).toBe('unchanged nothing-due: none');
    const there = { ...gone(at), keys: [key(O, { ageDays: 1 }), key(C, inactive)] };
    expect(inShort(planOf(there))).toBe('unchanged recovery: none');
    expect(inShort(planOf({ keys: [], secret: { exposed: { at, accessKeyIds: [C] } } }))).toBe('act exposed: issue');
  });

  it('and the policy follows it', () => {
    const left = { ...gone(at).secret, raw: { 'keyturn:policy': '0'.repeat(32) } };
    expect(inShort(planOf({ ...gone(at + DAY), secret: left }))).toBe('act policy-put: put-policy');
    const inExposure = { ...left, exposed: { at: minutesAgo(60), accessKeyIds: [C] } };
    expect(inShort(planOf({ ...taken, secret: inExposure, request: found(C) }))).toBe('act policy-put: put-policy');
  });
});

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
    secret: { current: C, deactivated: record(C, 1), hold },
    request: found(C),
    gives: 'act exposed: deactivate-exposed C',
  },
  {
    name: 'the live intent of anybody does not keep it Active',
    keys: [young],
    secret: { current: C, intent: { at: NOW - MINUTE, accessKeyIds: [C] } },
    request: found(C),
    gives: 'act exposed: deactivate-exposed C',
  },
]);
