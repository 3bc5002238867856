// shared/core/evidence/tables.ts, shared/core/evidence/csv.ts, shared/core/evidence/summary.ts
import { describe, expect, test } from 'vitest';
import { csvOf } from '../../../../shared/core/evidence/csv.ts';
import { mfaKindOf, seen } from '../../../../shared/core/evidence/snapshot.ts';
import { summaryOf } from '../../../../shared/core/evidence/summary.ts';
import { tablesOf } from '../../../../shared/core/evidence/tables.ts';
import { NOW } from '../../../support/core/builders.ts';
import {
  denied,
  findingsOf,
  seenBucket,
  seenKey,
  seenUser,
  snapshotOf,
  withKeys,
} from '../../../support/core/snapshots.ts';

describe('a CSV file', () => {
  test.each(['=cmd|x', '+1', '-2', '@SUM(A1)', '\tx', '\rx'])('makes %j no formula, and says so', (name) => {
    const [, row] = csvOf(['a', 'b'], [[name, 'x']]).split(/(?<=\n)/);
    expect(row).toMatch(/^"?'/);
    expect(row).toMatch(/,x,a\r\n$/);
  });

  test('quotes what must be quoted, and leaves empty what is not known', () => {
    expect(csvOf(['a', 'b', 'c'], [['x,"y"', undefined, ['1', '2']]])).toBe('a,b,c,escaped\r\n"x,""y""",,1 2,\r\n');
  });
});

const access = { hasPassword: true, hasMfa: true, basis: 'exact' as const, readAt: NOW };
const account = {
  users: seen([
    seenUser('=cmd', { console: denied, ...withKeys(seenKey(1)) }),
    seenUser('bob', { console: seen(access), mfaKind: 'virtual' }),
  ]),
  buckets: seen([seenBucket('a'), seenBucket('b', { encryption: denied })]),
};
const tables = tablesOf({ snapshot: snapshotOf(account), findings: findingsOf(account), userPathPrefix: '/' });
const rows = (name: string): string[] => (tables[name] ?? '').trimEnd().split('\r\n').slice(1);

test('there is one row a user, a key, a bucket and a trail', () => {
  expect(['users.csv', 'keys.csv', 'buckets.csv', 'trails.csv'].map((name) => rows(name).length)).toEqual([2, 1, 2, 1]);
  expect(rows('users.csv')[0]).toContain(",'=cmd,");
  expect(rows('users.csv')[0]).toContain(',error,denied,');
  expect(rows('buckets.csv')[1]).toContain('AccessDenied');
});

test('a user has the kind of their device, and a trail all three answers', () => {
  const header = (name: string) => (tables[name] ?? '').split('\r\n')[0]?.split(',') ?? [];
  const cell = (name: string, column: string, row = 0) => rows(name)[row]?.split(',')[header(name).indexOf(column)];
  expect([cell('users.csv', 'mfaActive', 1), cell('users.csv', 'mfaKind', 1)]).toEqual(['true', 'virtual']);
  // Nobody could be asked.
  expect(cell('users.csv', 'mfaKind')).toBe('');
  const controls = ['trail-covers-all', 'trail-validation', 'trail-delivering'];
  expect(controls.map((control) => cell('trails.csv', control))).toEqual(['pass', 'pass', 'pass']);
});

test.each<[string | undefined, Parameters<typeof mfaKindOf>]>([
  ['virtual', [seen({ ...access, hasMfa: true }), seen(true)]],
  ['other', [seen({ ...access, hasMfa: true }), seen(false)]],
  [undefined, [seen({ ...access, hasMfa: true }), denied]],
  ['none', [seen({ ...access, hasMfa: false }), denied]],
  ['none', [seen({ ...access, hasPassword: false, hasMfa: false, basis: 'report' }), seen(false)]],
  // Of whom has no password, nobody asks for devices.
  [undefined, [seen({ ...access, hasPassword: false, hasMfa: false }), seen(false)]],
  ['virtual', [denied, seen(true)]],
  [undefined, [denied, seen(false)]],
])('the kind of a device is %s', (expected, [found, isVirtual]) => {
  expect(mfaKindOf(found, isVirtual)).toBe(expected);
});

test('of lists that were refused there are the columns alone', () => {
  const unknown = { users: denied, buckets: denied, trails: denied };
  const made = tablesOf({ snapshot: snapshotOf(unknown), findings: findingsOf(unknown), userPathPrefix: '/' });
  for (const name of ['users.csv', 'keys.csv', 'buckets.csv', 'trails.csv']) {
    expect((made[name] ?? '').split('\r\n')).toEqual([expect.stringMatching(/,escaped$/), '']);
  }
  const keyless = { users: seen([seenUser('ann', { keys: denied })]) };
  const one = tablesOf({ snapshot: snapshotOf(keyless), findings: findingsOf(keyless), userPathPrefix: '/' });
  expect([one['users.csv'], one['keys.csv']].map((text) => text?.trimEnd().split('\r\n').length)).toEqual([2, 1]);
});

test('whatever is accepted stands in a table of its own', () => {
  const tags = { 'keyturn:exempt': '2026-12-31', 'keyturn:exempt-reason': 'vendor' };
  const own = { users: seen([seenUser('ann', withKeys(seenKey(1, { ageDays: 100 })), tags)]) };
  const made = tablesOf({ snapshot: snapshotOf(own), findings: findingsOf(own), userPathPrefix: '/' });
  const [header, ...accepted] = (made['exceptions.csv'] ?? '').trimEnd().split('\r\n');
  expect(header).toBe('control,resource,because,approvedBy,approvedAt,source,eventId,until,escaped');
  expect(accepted).toEqual([`key-age,${seenKey(1).accessKeyId},vendor,,,tag,,2026-12-31,`]);
  expect(rows('exceptions.csv')).toEqual([]);
});

test('there is no percentage where something is not known', () => {
  const byControl = new Map(summaryOf(findingsOf(account)).map((summary) => [summary.control, summary]));
  expect(byControl.get('mfa-console')).toMatchObject({
    population: 2,
    pass: 1,
    error: 1,
    percent: null,
    denominator: 1,
  });
  expect(byControl.get('key-age')).toMatchObject({ pass: 1, percent: 100, denominator: 1 });
  expect(byControl.get('exemption-dated')).toMatchObject({ percent: null, denominator: 0, notApplicable: 2 });
});
