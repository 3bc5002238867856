// cli/evidence/period/input.ts
import { describe, expect, test } from 'vitest';
import { periodInput } from '../../../cli/evidence/period/input.ts';
import { parsePeriod } from '../../../cli/evidence/period/period.ts';
import { chainKey } from '../../../shared/core/evidence/chain.ts';
import { type Asked, worst } from '../../../shared/core/evidence/verdict.ts';
import { DAY } from '../../../shared/core/time.ts';
import { accountId, asked, bucketInMemory, start } from '../core/evidence/evidence.ts';

const period = parsePeriod('2026-07-01/2026-07-03', start + 60 * DAY);
type Bucket = ReturnType<typeof bucketInMemory>;

/** A report about the first three of these days goes by the digest of the eighth. */
function tenDays(...args: Parameters<typeof bucketInMemory>): Bucket {
  const bucket = bucketInMemory(...args);
  for (let day = 0; day < 10; day++) bucket.run(day);
  return bucket;
}

function inputOf({ evidence }: Bucket, more: Partial<Asked> = {}) {
  return periodInput({ evidence: evidence(), kept: new Map() }, { period, roleSuffix: '' }, { ...asked, ...more });
}
const resultOf = (...args: Parameters<typeof inputOf>) => worst(inputOf(...args).verdicts);
const headsOf = ({ chainFiles }: Bucket) => chainFiles().map(({ number, sha256 }) => ({ number, sha256 }));

describe('a chain that is signed', () => {
  test('is not checked without its public key, and valid with it', () => {
    const bucket = tenDays();
    expect(inputOf(bucket).chained).toHaveLength(8);
    expect(resultOf(bucket)).toBe('unknown');
    expect(resultOf(bucket, { isSignedBy: bucket.isSignedBy })).toBe('true');
    expect(resultOf(bucket, { isSignedBy: () => false })).toBe('wrong');
  });

  test('only after the period is spoken for by what was signed then', () => {
    const bucket = bucketInMemory();
    for (let day = 0; day < 8; day++) bucket.run(day, null);
    expect(resultOf(bucket)).toBe('true');
    expect(resultOf(bucket, { isSignedBy: bucket.isSignedBy })).toBe('wrong');
    bucket.run(8);
    expect(resultOf(bucket, { isSignedBy: bucket.isSignedBy })).toBe('true');
  });
});

describe('a head that was published', () => {
  test('after the period proves what is before it, also where the first digests have expired', () => {
    const bucket = tenDays(40);
    const { isSignedBy } = bucket;
    const heads = headsOf(bucket).slice(-1);
    for (const key of [...bucket.versions.keys()]) {
      if (/chain\/000000000[12]|2026070[12]T|2026\/0(?:6\/30|7\/01)/.test(key)) bucket.versions.delete(key);
    }
    const now = start + 60 * DAY;
    expect(resultOf(bucket, { now, isSignedBy })).toBe('true');
    const words = (more: Partial<Asked>) => inputOf(bucket, { now, ...more }).verdicts.map(({ word }) => word);
    expect(words({})).toContain('NOT CHECKED');
    expect(words({ heads, isSignedBy })).not.toContain('NOT CHECKED');
  });

  test('shows that the end was cut off, and that all was made anew', () => {
    const bucket = tenDays();
    const heads = headsOf(bucket).slice(-1);
    const { isSignedBy } = bucket;
    bucket.versions.delete(chainKey(accountId, 10));
    const words = (more: Partial<Asked>) => inputOf(bucket, { isSignedBy, ...more }).verdicts.map(({ word }) => word);
    expect(words({})).toEqual([]);
    expect(words({ heads })).toEqual(['TRUNCATED']);
    expect(words({ heads: [{ number: 3, sha256: '0'.repeat(64) }] })).toEqual(['REWRITTEN']);
  });
});
