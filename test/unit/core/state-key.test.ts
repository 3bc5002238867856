// Tests of shared/core/state-key.ts.

import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asRecorded, asRecordedIn, createStateKey, MacKey, nothingVerified } from '../../../shared/core/state-key.ts';

const material = (text: string) => new MacKey(Buffer.from(text.padEnd(32, '.')).toString('base64'));
const first = { epoch: 1, key: material('first') };
const second = { epoch: 2, key: material('second') };
const fields = ['keyturn/state/1', 'arn', 'AIDA', 'keyturn:hold', '2027-01-01'];

describe('a MAC', () => {
  it('is one character of epoch and 128 bits, in letters that a tag and a label may hold', () => {
    expect(createStateKey(first).sign(fields)).toMatch(/^1[\w-]{22}$/);
    expect(createStateKey({ ...first, epoch: 35 }).sign(fields)).toMatch(/^z[\w-]{22}$/);
  });

  it('is valid for the very fields that were signed, and for no others', () => {
    const key = createStateKey(first);
    const anyFields = fc.array(fc.string(), { maxLength: 5 });
    fc.assert(
      fc.property(anyFields, anyFields, (signed, claimed) => {
        expect(key.verifies(claimed, key.sign(signed))).toBe(JSON.stringify(signed) === JSON.stringify(claimed));
      }),
      { seed: 1 },
    );
  });

  it.each<[string, (mac: string) => string]>([
    ['cut', (mac) => mac.slice(0, -1)],
    ['longer', (mac) => `${mac}A`],
    ['of another epoch', (mac) => `2${mac.slice(1)}`],
    ['empty', () => ''],
    ['changed in its last letter', (mac) => mac.slice(0, -1) + (mac.endsWith('A') ? 'Q' : 'A')],
  ])('is not valid %s', (_, change) => {
    const key = createStateKey(first);
    expect(key.verifies(fields, change(key.sign(fields)))).toBe(false);
  });

  it('is valid by another key of the same epoch only if it is the same key', () => {
    const mac = createStateKey(first).sign(fields);
    expect(createStateKey({ epoch: 1, key: material('other') }).verifies(fields, mac)).toBe(false);
    expect(createStateKey({ epoch: 1, key: material('first') }).verifies(fields, mac)).toBe(true);
  });
});

describe('an epoch', () => {
  it('signs, and the one before it is still believed', () => {
    const next = createStateKey(second, first);
    expect(next.sign(fields)).toMatch(/^2/);
    expect(next.verifies(fields, createStateKey(first).sign(fields))).toBe(true);
    expect(next.verifies(fields, createStateKey(second).sign(fields))).toBe(true);
  });

  it('before the one before is not', () => {
    const third = createStateKey({ epoch: 3, key: material('third') }, second);
    expect(third.verifies(fields, createStateKey(first).sign(fields))).toBe(false);
  });
});

it('the key is seen nowhere', () => {
  const key = material('first');
  const printed = [`${key}`, JSON.stringify({ key }), inspect({ key }, { depth: 5 }), inspect(createStateKey(first))];
  for (const text of printed) expect(text).not.toContain(key.reveal());
});

it('what the epoch before signed is believed, and known to be of that epoch', () => {
  const old = createStateKey(first).sign(fields);
  const key = createStateKey(second, first);
  expect([key.verifies(fields, old), key.isCurrent(old), key.isCurrent(key.sign(fields))]).toEqual([true, false, true]);
});

it('without the key a reader may take what is written for true, or nothing', () => {
  const mac = createStateKey(first).sign(fields);
  expect([asRecorded.verifies([], mac), asRecorded.verifies([], 'run')]).toEqual([true, false]);
  expect(nothingVerified.verifies(fields, mac)).toBe(false);
});

it('such a reader tells the epochs apart as who has the key does', () => {
  const [older, newer] = [createStateKey(first).sign(fields), createStateKey(second, first).sign(fields)];
  const verdicts = (epoch: number) =>
    [older, newer].map((mac) => [asRecordedIn(epoch).verifies([], mac), asRecordedIn(epoch).isCurrent(mac)]);
  expect(verdicts(1)).toEqual([
    [true, true],
    [false, false],
  ]);
  expect(verdicts(2)).toEqual([
    [true, false],
    [true, true],
  ]);
  expect(verdicts(3)).toEqual([
    [false, false],
    [true, false],
  ]);
});
