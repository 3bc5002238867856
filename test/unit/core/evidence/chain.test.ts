import { expect, test } from 'vitest';
import {
  chainKey,
  chainNumber,
  daysToClose,
  firstOpenDay,
  follows,
  hashOf,
  parseChainFile,
} from '../../../../shared/core/evidence/chain.ts';
import { accountId, bucketInMemory } from './evidence.ts';

test('a key holds the number alone', () => {
  expect(chainKey(accountId, 123)).toBe('111122223333/chain/0000000123.jsonl');
  expect(chainNumber(chainKey(accountId, 123))).toBe(123);
  for (const key of ['111122223333/chain/123.jsonl', '111122223333/chain/0000000000.jsonl', '111122223333/runs/x']) {
    expect(chainNumber(key)).toBeUndefined();
  }
});

test('a digest is two lines that can be checked by hand', () => {
  const { run, current } = bucketInMemory();
  const { key, line, sha256 } = run(0);
  expect(current(key).split('\n')).toHaveLength(3);
  expect(current(key).startsWith(`${line}\n{"signature":"`)).toBe(true);
  expect(hashOf(current(key))).toBe(sha256);
  expect(hashOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test.each([
  ['no JSON', 'x\ny\n'],
  ['one line', '{"schemaVersion":1}\n'],
  ['a later schema', '{"schemaVersion":2}\n{"signature":null}\n'],
])('what is no digest is none: %s', (_, body) => {
  expect(parseChainFile(chainKey(accountId, 1), body)).toBeUndefined();
});

test('a digest follows the one whose hash it names, and no other', () => {
  const { run } = bucketInMemory();
  const [first, second, third] = [run(0), run(1), run(2)];
  expect(follows(first, undefined)).toBe(true);
  expect(follows(second, first)).toBe(true);
  expect(follows(third, first)).toBe(false);
  expect(follows(second, undefined)).toBe(false);
  expect(follows(second, { ...first, sha256: hashOf('other') })).toBe(false);
  expect(follows({ ...second, key: third.key, number: 3 }, first)).toBe(false);
});

test('a day is closed from an hour after its end, and each once', () => {
  const at = (time: string): number => Date.parse(time);
  expect(daysToClose('2026-11-27', at('2026-11-28T00:59:59.999Z'))).toEqual([]);
  expect(daysToClose('2026-11-27', at('2026-11-28T01:00:00.000Z'))).toEqual(['2026-11-27']);
  expect(daysToClose('2026-11-25', at('2026-11-28T02:00:00.000Z'))).toEqual(['2026-11-25', '2026-11-26', '2026-11-27']);
  expect(daysToClose('2026-11-28', at('2026-11-28T02:00:00.000Z'))).toEqual([]);
  expect(daysToClose('31 February', at('2026-11-28T02:00:00.000Z'))).toEqual([]);
  expect(firstOpenDay({ closedThrough: '2026-12-31' })).toBe('2027-01-01');
  expect(firstOpenDay({ closedThrough: null })).toBeUndefined();
});
