import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  dayOfRecord,
  eventOfRecord,
  hashInName,
  type Keeper,
  nameRecord,
} from '../../../../shared/core/evidence/record-name.ts';

const keeper: Keeper = {
  accountId: '111122223333',
  isKnown: (accountId) => accountId === '444455556666',
  now: Date.UTC(2026, 10, 28, 6, 1),
};
const message = {
  schemaVersion: 1,
  event: 'issued',
  transitionId: 'issued/AIDAEXAMPLE000000001/2026-11-28T06:00:14.123Z',
  accountId: '111122223333',
  userId: 'AIDAEXAMPLE000000001',
  at: '2026-11-28T06:00:20.000Z',
};

function keyOf(document: unknown): string {
  const body = typeof document === 'string' ? document : JSON.stringify(document);
  const naming = nameRecord(body, keeper);
  if (naming.kind === 'foreign') return 'foreign';
  const sha256 = createHash('sha256').update(body).digest('hex');
  expect(hashInName(naming.key)).toBe(sha256);
  return naming.key.replace(sha256, '#');
}

describe('a record is named', () => {
  test.each([
    [
      'after event, user and transition',
      message,
      '111122223333/records/2026/11/28/issued_AIDAEXAMPLE000000001_20261128T060014123Z.#.json',
    ],
    [
      'below the account it is about',
      { ...message, accountId: '444455556666' },
      '444455556666/records/2026/11/28/issued_AIDAEXAMPLE000000001_20261128T060014123Z.#.json',
    ],
    [
      'after its own instant, where the transition has none',
      { ...message, transitionId: 'x' },
      '111122223333/records/2026/11/28/issued_AIDAEXAMPLE000000001_20261128T060020000Z.#.json',
    ],
    [
      'after the account, where it is about no user',
      { schemaVersion: 1, event: 'digest', accountId: '111122223333', at: '2026-11-28T06:00:20.000Z' },
      '111122223333/records/2026/11/28/digest_account_20261128T060020000Z.#.json',
    ],
    [
      'after an alarm',
      { AlarmName: 'keyturn-dev-errors', StateChangeTime: '2026-11-28T06:00:20.000+0000' },
      '111122223333/records/2026/11/28/alarm_keyturn-dev-errors_20261128T060020000Z.#.json',
    ],
  ])('%s', (_, document, key) => {
    expect(keyOf(document)).toBe(key);
  });

  test.each([
    ['a later schema that says nothing of a time', { schemaVersion: 9, event: 'issued' }],
    ['an event that is not known', { ...message, event: '../../x' }],
    ['a user who is none', { ...message, userId: '../AIDA' }],
    ['an account that is not ours', { ...message, accountId: '999999999999' }],
    ['an account that is a path', { ...message, accountId: '111122223333/chain' }],
    ['an alarm with another name', { AlarmName: 'keyturn-a b/../c', StateChangeTime: '2026-11-28T06:00:20.000+0000' }],
  ])('after its hash alone where it is not as it should be: %s', (_, document) => {
    expect(keyOf(document)).toBe('111122223333/records/2026/11/28/other_#.json');
  });
});

test.each([['text'], ['{"AlarmName":"theirs","StateChangeTime":"2026-11-28T06:00:20.000+0000"}'], ['{"a":1}'], ['[]']])(
  'what is neither ours nor about us is foreign: %s',
  (body) => {
    expect(keyOf(body)).toBe('foreign');
  },
);

test('only the name of a record says a hash', () => {
  expect(hashInName('111122223333/records/2026/11/28/issued_x.json')).toBeUndefined();
  expect(hashInName(`111122223333/runs/x/manifest.${'a'.repeat(64)}.json`)).toBeUndefined();
});

test('a name tells its day and its event', () => {
  const key = '111122223333/records/2026/11/27/orphan-removed_AIDAX_20261127T060014123Z.abc.json';
  expect([dayOfRecord(key), eventOfRecord(key)]).toEqual(['2026-11-27', 'orphan-removed']);
  expect([dayOfRecord('x'), eventOfRecord('x')]).toEqual([undefined, undefined]);
});
