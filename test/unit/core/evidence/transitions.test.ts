// shared/core/evidence/transitions.ts
import { expect, test } from 'vitest';
import { hashOf } from '../../../../shared/core/evidence/chain.ts';
import { transitionsOf } from '../../../../shared/core/evidence/transitions.ts';

const message = {
  event: 'issued',
  transitionId: 'issued/AIDA/1',
  accountId: '111122223333',
  at: '2026-11-28T06:00:20.000Z',
  reason: 'too-old',
  newAccessKeyId: 'AKIANEW',
};

function record(more: object = {}) {
  const body = JSON.stringify({ ...message, ...more });
  return { key: `k/${hashOf(body)}`, sha256: hashOf(body), body };
}

test('messages about one transition are one, told first when it was first told', () => {
  const later = record({ at: '2026-11-28T06:05:00.000Z' });
  expect(transitionsOf([later, record(), record()])).toMatchObject([
    { event: 'issued', at: Date.parse(message.at), repeats: 1, contradictions: [] },
  ]);
});

test('the same transition of another account, and another event of it, are others', () => {
  expect(transitionsOf([record(), record({ accountId: '444455556666' }), record({ event: 'failed' })])).toHaveLength(3);
});

test('what repeats say differently is reported', () => {
  const other = record({ at: '2026-11-28T06:05:00.000Z', newAccessKeyId: 'AKIAOTHER' });
  expect(transitionsOf([record(), other])).toMatchObject([
    { contradictions: ['newAccessKeyId'], record: { newAccessKeyId: 'AKIANEW' } },
  ]);
});

test('alarms, digests and what is no JSON tell of no transition', () => {
  expect(
    transitionsOf([
      { key: 'a', sha256: 'a', body: 'x' },
      { key: 'b', sha256: 'b', body: '{"AlarmName":"x"}' },
    ]),
  ).toEqual([]);
  expect(transitionsOf([record({ at: 'yesterday' })])).toEqual([]);
});
