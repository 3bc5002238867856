// shared/core/evidence/key-state.ts
import { describe, expect, test } from 'vitest';
import { judgeEvidence } from '../../../../shared/core/evidence/judge.ts';
import { keyStates } from '../../../../shared/core/evidence/key-state.ts';
import { type SeenUser, seen } from '../../../../shared/core/evidence/snapshot.ts';
import { DAY } from '../../../../shared/core/time.ts';
import {
  C,
  daysAgo,
  key,
  NOW,
  O,
  P,
  S,
  type SecretOptions,
  secret,
  settings,
  USER,
} from '../../../support/core/builders.ts';
import { denied, evidenceLimits, seenUser, snapshotOf, withKeys } from '../../../support/core/snapshots.ts';

interface Case {
  keys: ReturnType<typeof key>[];
  secret?: SecretOptions;
  tags?: Record<string, string>;
  settings?: Parameters<typeof settings>[0];
}

/** Of each key, in their order: its state, and what Keyturn answers about its user. */
function statesOf(of: Case): string[] {
  const keys = of.keys.map(({ lastUsed, ...rest }) => {
    const use = seen({ ...(lastUsed && { lastUsed }), basis: 'exact' as const, readAt: NOW });
    return { ...rest, use };
  });
  const user: SeenUser = {
    ...seenUser('a', withKeys(...keys)),
    user: { ...USER, tags: of.tags ?? {} },
    ...(of.secret && { secret: secret(of.secret) }),
  };
  const measures = { settings: settings(of.settings), limits: evidenceLimits, now: NOW };
  return judgeEvidence(snapshotOf({ users: seen([user]) }), [], measures)
    .filter(({ control }) => control.id === 'key-age')
    .map(({ facts }) => `${facts.state} ${facts.answer}`);
}

const replaced = { current: C, previous: P, currentSince: { accessKeyId: C, at: daysAgo(5) } };
const first = { current: C, currentSince: replaced.currentSince };
const pair = [key(P, { ageDays: 95, usedDaysAgo: 1 }), key(C, { ageDays: 5 })];
const frozen = { freeze: [[daysAgo(1), NOW + DAY]] } satisfies { freeze: [number, number][] };

describe('where a key stands', () => {
  test.each<[string, Case, string[]]>([
    ['young', { keys: [key(S)] }, ['before-due nothing-due']],
    ['old, and about to be replaced', { keys: [key(S, { ageDays: 90 })] }, ['due due']],
    ['ahead of its limit', { keys: [key(S, { ageDays: 70 })], settings: { rotateAheadDays: 22 } }, ['due due']],
    ['replaced', { keys: pair, secret: replaced }, ['hand-over reminder-due', 'before-due reminder-due']],
    [
      'replaced for the first time',
      { keys: [key(S, { ageDays: 95, usedDaysAgo: 1 }), key(C, { ageDays: 5 })], secret: first },
      ['hand-over reminder-due', 'before-due reminder-due'],
    ],
    ['inactive', { keys: [key(S, { status: 'Inactive' })] }, ['inactive no-active-key']],
    ['of a user on hold', { keys: pair, secret: { ...replaced, hold: NOW + DAY } }, ['held held', 'held held']],
    [
      'of a hold that is over',
      { keys: [key(C)], secret: { current: C, hold: daysAgo(1) } },
      ['before-due nothing-due'],
    ],
    ['of an exempt user', { keys: [key(S)], tags: { 'keyturn:exempt': '2026-12-31' } }, ['exempt exempt']],
    [
      'of an exempt user, and inactive',
      {
        keys: [key(S, { status: 'Inactive' })],
        tags: { 'keyturn:exempt': '2026-12-31' },
      },
      ['inactive exempt'],
    ],
    ['due in a freeze', { keys: [key(S, { ageDays: 90 })], settings: frozen }, ['frozen frozen']],
    ['young in a freeze', { keys: [key(S)], settings: frozen }, ['before-due nothing-due']],
    [
      'beside another, both slots taken',
      { keys: [key(S, { ageDays: 90 }), key(O)] },
      ['blocked slots-taken', 'blocked slots-taken'],
    ],
    [
      'of a user with a tag that does not parse',
      { keys: [key(S)], tags: { 'keyturn:exmpt': 'true' } },
      ['blocked tags-invalid'],
    ],
    [
      'of another status',
      { keys: [key(S, { status: 'Expired' }), key(O)] },
      ['inactive status-unknown', 'blocked status-unknown'],
    ],
    [
      'of a user whom Keyturn leaves out',
      { keys: [key(S, { ageDays: 90 })], settings: { userPathPrefix: '/ci/' } },
      ['not-managed null'],
    ],
  ])('%s', (_, of, says) => {
    expect(statesOf(of)).toEqual(says);
    for (const state of says) expect(keyStates).toContain(state.split(' ')[0]);
  });

  test('is not said where the keys could not be listed', () => {
    const user = seenUser('a', { keys: denied });
    const measures = { settings: settings(), limits: evidenceLimits, now: NOW };
    const [finding] = judgeEvidence(snapshotOf({ users: seen([user]) }), [], measures).filter(
      ({ control }) => control.id === 'key-age',
    );
    expect(finding).toMatchObject({ status: 'error', facts: {} });
  });
});
