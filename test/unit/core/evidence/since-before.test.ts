import { expect, test } from 'vitest';
import type { Finding } from '../../../../shared/core/evidence/finding.ts';
import { sinceBefore } from '../../../../shared/core/evidence/since-before.ts';
import { type Snapshot, seen } from '../../../../shared/core/evidence/snapshot.ts';
import { denied, findingsOf, seenBucket, seenKey, seenUser, withKeys } from '../../../support/core/snapshots.ts';

const compare = (before: Partial<Snapshot>, now: Partial<Snapshot>) => {
  const old = findingsOf(before);
  const said = Object.entries(sinceBefore(findingsOf(now, old), old)).flatMap(([what, found]) =>
    found.map(({ control, resource }: Finding) => `${what} ${control.id} ${resource.userName ?? resource.id}`),
  );
  return said.toSorted();
};
const young = () => seenUser('ann', withKeys(seenKey(1)));
const old = () => seenUser('ann', withKeys(seenKey(1, { ageDays: 100 })));
const users = (...list: ReturnType<typeof seenUser>[]) => ({ users: seen(list) });

test('a failure is new, and settles when it passes or its resource is gone', () => {
  expect(compare(users(young()), users(old()))).toEqual(['newFailures key-age ann']);
  expect(compare(users(old()), users(young()))).toEqual(['settled key-age ann']);
  expect(compare(users(old()), users(seenUser('ann')))).toEqual(['goneKeys key-age ann', 'settled key-age ann']);
  expect(compare(users(old()), users(old()))).toEqual([]);
});

test('users and their keys come and go', () => {
  expect(compare(users(), users(young()))).toEqual(['newKeys key-age ann', 'newUsers mfa-console ann']);
  expect(compare(users(young()), users())).toEqual(['goneKeys key-age ann', 'goneUsers mfa-console ann']);
});

test('what was not read came from nowhere, and went nowhere', () => {
  expect(compare(users(old()), { users: denied })).toEqual([]);
  expect(compare({ users: denied }, users(young()))).toEqual([]);
  expect(compare(users(old()), users(seenUser('ann', { keys: denied })))).toEqual([]);
  expect(compare(users(seenUser('ann', { keys: denied })), users(young()))).toEqual([]);
  const bucket = (encryption: typeof denied | ReturnType<typeof seenBucket>['encryption']) => ({
    buckets: seen([seenBucket('b', { encryption })]),
  });
  expect(compare(bucket(seen('none')), bucket(denied))).toEqual([]);
});

test('a failure that was not known in between is no new one', () => {
  const failing = { buckets: seen([seenBucket('b', { encryption: seen('none') })]) };
  const first = findingsOf(failing);
  const second = findingsOf({ buckets: seen([seenBucket('b', { encryption: denied })]) }, first);
  expect(sinceBefore(findingsOf(failing, second), second).newFailures).toEqual([]);
});
