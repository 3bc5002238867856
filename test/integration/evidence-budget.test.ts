// shared/service/evidence-collector.ts: how many calls a run makes, and that each of the bucket's names its owner.
import { beforeAll, expect, test } from 'vitest';
import { collect, createCollectorWorld } from '../support/collector.ts';
import { evidenceBucket } from '../support/evidence.ts';
import { DAY } from '../support/world.ts';

const [USERS, WITH_KEYS, BUCKETS] = [100, 60, 50];
const account = createCollectorWorld();
const { aws } = account.world;
let first: Map<string, number>;
let ordinary: Map<string, number>;

beforeAll(async () => {
  const lastUsed = { at: aws.clock.now(), service: 's3', region: aws.region };
  for (let n = 0; n < USERS; n++) {
    const keys = n < WITH_KEYS ? [{ ageDays: n, lastUsed }] : [];
    aws.iam.addUser({ userName: `user-${n}`, keys });
  }
  for (let n = 0; n < BUCKETS; n++) aws.s3.addBucket({ name: `bucket-${n}` });
  ({ calls: first } = await collect(account));
  aws.clock.advance(DAY);
  ({ calls: ordinary } = await collect(account));
});

const LISTS = 'iam:ListAccessKeys';
const BUCKET = 's3:GetBucketEncryption';
const perUnit = (calls: Map<string, number>) => (calls.get(LISTS) ?? 0) + (calls.get(BUCKET) ?? 0);
const total = (calls: Map<string, number>) => [...calls.values()].reduce((sum, count) => sum + count, 0);

test('each bucket costs one call, and the list of keys of a user one in thirty days after the first', () => {
  // The own bucket is one of them, and is asked for once more.
  for (const calls of [first, ordinary]) expect(calls.get(BUCKET)).toBe(BUCKETS + 2);
  expect(first.get(LISTS)).toBe(WITH_KEYS);
  expect(ordinary.get(LISTS)).toBeLessThanOrEqual(Math.ceil(WITH_KEYS / 30) + 3);
});

test('an ordinary day of 1,000 users, 600 with keys, and 500 buckets stays below 620 calls', () => {
  const fixed = total(ordinary) - perUnit(ordinary);
  // 1,000 users are still one page, their secrets ten, and twenty of 600 lists of keys are read again.
  expect(fixed + 10 + 502 + 20 + 12).toBeLessThanOrEqual(620);
});

test('every call of the own bucket names the account that it is expected to belong to', () => {
  const calls = aws.calls.filter(({ service, input }) => service === 's3' && input.Bucket === evidenceBucket);
  expect(calls.length).toBeGreaterThan(30);
  const without = calls.filter(({ input }) => input.ExpectedBucketOwner !== aws.accountId);
  // As any bucket of the account it is asked how it encrypts, by the list of all.
  expect(without.map(({ operation }) => operation)).toEqual(['GetBucketEncryption', 'GetBucketEncryption']);
});
