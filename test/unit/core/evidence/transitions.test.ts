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

test('each repeat is counted, and what any of them says differently is reported', () => {
  const at = (minute: number) => `2026-11-28T06:0${minute}:00.000Z`;
  const repeats = [record({ at: at(5), reason: 'by-hand' }), record({ at: at(6), newAccessKeyId: 'AKIAOTHER' })];
  expect(transitionsOf([...repeats, record()])).toMatchObject([
    { at: Date.parse(message.at), repeats: 2, contradictions: ['newAccessKeyId', 'reason'] },
  ]);
});

test('transitions are in order of time, those of one moment by the names of their records', () => {
  const told = ['c', 'a', 'b'].map((name) => ({ ...record({ transitionId: name }), key: name }));
  const first = { ...record({ transitionId: 'd', at: '2026-11-27T06:00:00.000Z' }), key: 'd' };
  for (const records of [
    [...told, first],
    [first, ...told.toReversed()],
  ]) {
    expect(transitionsOf(records).map(({ key }) => key)).toEqual(['d', 'a', 'b', 'c']);
  }
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
