import { describe, expect, test } from 'vitest';
import { alsoChanged, changedSince, isOpen } from '../../../../shared/core/evidence/changed-findings.ts';
import type { Accepted, Finding, HandOver } from '../../../../shared/core/evidence/finding.ts';
import { seen } from '../../../../shared/core/evidence/snapshot.ts';
import { NOW } from '../../../support/core/builders.ts';
import {
  accepted,
  denied,
  findingsOf,
  seenBucket,
  seenKey,
  seenUser,
  withKeys,
} from '../../../support/core/snapshots.ts';

const access = (hasMfa: boolean) => ({
  console: seen({ hasPassword: true, hasMfa, basis: 'exact' as const, readAt: NOW }),
});
const usersOf = (...list: ReturnType<typeof seenUser>[]) =>
  findingsOf({ users: seen(list) }).filter(({ control }) => control.id === 'mfa-console');
const safe = usersOf(seenUser('bob', access(true)));
const unsafe = usersOf(seenUser('bob', access(false)));
const unknown = usersOf(seenUser('bob', { console: denied }));
const gone = usersOf();
const said = (before: readonly Finding[], now: readonly Finding[]) =>
  changedSince(before, now).map(
    ({ control, resource, from, to, isWorse }) =>
      `${isWorse ? 'worse' : 'settled'}: ${control} ${resource} ${from} ${to}`,
  );
const decided = (findings: readonly Finding[], decision: { accepted?: Accepted; handOver?: HandOver }) =>
  findings.map((finding) => (finding.status === 'fail' ? { ...finding, ...decision } : finding));
const handOver: HandOver = { newAccessKeyId: 'AKIANEW', sentence: 'It is replaced.', until: null };

describe('what changed between two runs', () => {
  test.each([
    ['nothing', unsafe, unsafe, []],
    ['a pass that fails', safe, unsafe, ['worse: mfa-console bob pass fail']],
    ['a failure of somebody new', gone, unsafe, ['worse: mfa-console bob none fail']],
    ['a failure that passes', unsafe, safe, ['settled: mfa-console bob fail pass']],
    ['a failure whose user is gone', unsafe, gone, ['settled: mfa-console bob fail none']],
    ['what is not known any more', safe, unknown, ['worse: mfa-console bob pass error']],
    ['what is known again', unknown, safe, ['settled: mfa-console bob error pass']],
    ['what is known again, and fails', unknown, unsafe, ['worse: mfa-console bob error fail']],
    ['a failure that somebody accepts', unsafe, decided(unsafe, { accepted }), ['settled: mfa-console bob fail fail']],
    ['an acceptance that ends', decided(unsafe, { accepted }), unsafe, ['worse: mfa-console bob fail fail']],
    ['a failure that Keyturn ends', safe, decided(unsafe, { handOver }), []],
    ['a pass of somebody new', gone, safe, []],
  ])('%s', (_, before, now, expected) => {
    expect(said(before, now)).toEqual(expected);
  });

  test('names a key by its owner and its end, and the worse come first', () => {
    const old = seenKey(1, { ageDays: 100 });
    const before = findingsOf({
      users: seen([seenUser('ci')]),
      buckets: seen([seenBucket('b', { encryption: seen('none') })]),
    });
    const now = findingsOf({ users: seen([seenUser('ci', withKeys(old))]), buckets: seen([seenBucket('b')]) });
    expect(said(now, before)).toEqual(['worse: bucket-encryption b pass fail', 'settled: key-age ci …0001 fail none']);
    expect(said(before, now)).toEqual(['worse: key-age ci …0001 none fail', 'settled: bucket-encryption b fail pass']);
  });

  test('nothing settles where nobody could be read, and it is told when that is over', () => {
    const blind = findingsOf({ users: denied });
    expect(said(unsafe, blind).filter((line) => line.startsWith('settled'))).toEqual([]);
    expect(said(unsafe, blind)).toContain('worse: mfa-console 111122223333 none error');
    expect(changedSince(blind, safe).find(({ control }) => control === 'mfa-console')).toMatchObject({
      ...{ resource: '111122223333', to: 'none', isWorse: false, sentence: 'It is known again.' },
    });
  });

  test('a change of a key that is no longer looked at has not settled', () => {
    const [finding] = unsafe.filter(({ status }) => status === 'fail');
    if (finding === undefined) throw new Error('nothing fails');
    const change: Finding = { ...finding, resource: { ...finding.resource, type: 'key-change' } };
    expect(said([change], [])).toEqual([]);
    const { userName: _, ...nameless } = finding.resource;
    const key: Finding = { ...finding, resource: { ...nameless, type: 'iam-access-key', id: 'AKIAEXAMPLE7F3Q' } };
    expect(said([key], [])).toEqual(['settled: mfa-console …7F3Q fail none']);
  });
});

test('of what was perhaps never told, what has changed again is told as it is now', () => {
  const earlier = changedSince(gone, usersOf(seenUser('bob', access(false)), seenUser('eve', access(false))));
  const all = alsoChanged(earlier, changedSince(unsafe, safe));
  expect(all.map(({ resource, to }) => `${resource} ${to}`)).toEqual(['eve fail', 'bob pass']);
  expect(alsoChanged([], earlier)).toEqual(earlier);
});

test('what asks for somebody is not known or fails, and nobody has decided it', () => {
  expect([...unsafe, ...unknown].filter(isOpen).map(({ status }) => status)).toEqual(['fail', 'error']);
  expect(decided(unsafe, { accepted }).filter(isOpen)).toEqual([]);
});
