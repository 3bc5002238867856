// shared/core/evidence/page.ts, shared/core/evidence/page-parts.ts, shared/core/evidence/page-since.ts, shared/core/evidence/page-style.ts
import { expect, test } from 'vitest';
import type { Finding } from '../../../../shared/core/evidence/finding.ts';
import type { Manifest } from '../../../../shared/core/evidence/manifest.ts';
import { pageOf } from '../../../../shared/core/evidence/page.ts';
import { type Snapshot, seen } from '../../../../shared/core/evidence/snapshot.ts';
import { DAY, formatDate } from '../../../../shared/core/time.ts';
import { NOW } from '../../../support/core/builders.ts';
import { denied, findingsOf, seenBucket, seenKey, seenUser, withKeys } from '../../../support/core/snapshots.ts';

const manifest: Manifest = {
  schemaVersion: 1,
  runId: '11111111-1111-4111-8111-111111111111',
  accountId: '111122223333',
  trigger: 'schedule',
  function: 'keyturn-test-evidence-collector',
  version: '0.0.0',
  startedAt: '2026-03-10T02:00:11.000Z',
  endedAt: '2026-03-10T02:00:24.000Z',
  isComplete: false,
  parameters: { bucketEncryption: 'any' },
  calls: { 'iam:ListAccessKeys': 3 },
  population: { users: 1, buckets: null },
  counts: {},
  problems: ['Something <odd>.'],
  files: [],
};
const users = (list: ReturnType<typeof seenUser>[]) => ({ users: seen(list) });
const page = (more: Partial<Snapshot>) => pageOf({ manifest, findings: findingsOf(more) });

test('what is not known stands before everything else, and the page says that it is incomplete', () => {
  const html = page({ buckets: seen([seenBucket('payroll', { encryption: denied })]) });
  expect(html).toMatch(/INCOMPLETE: 1 of \d+ not known/);
  expect(html.indexOf('payroll')).toBeLessThan(html.indexOf('2 Controls'));
  expect(html.indexOf('Something &lt;odd&gt;.')).toBeLessThan(html.indexOf('2 Controls'));
  expect(page({})).toContain(': Complete');
  expect(page({})).toContain(', by schedule, run ');
  expect(pageOf({ manifest: { ...manifest, trigger: 'hand' }, findings: [] })).toContain(', by hand, run ');
});

test('it has no script, asks for nothing, and shows names as they are written', () => {
  const html = page({ users: seen([seenUser('<script>"\u202Ex', withKeys(seenKey(1, { ageDays: 100 })))]) });
  expect(html).not.toMatch(/<script|src=|url\(|@import|https?:/);
  expect(html).toContain("default-src 'none'; style-src 'unsafe-inline'");
  expect(html).toContain('&lt;script&gt;&quot;&amp;#x202e;x');
  expect(html).toContain('Something &lt;odd&gt;.');
});

test('a status is a word and a sign beside its pattern', () => {
  expect(page({})).toContain('<span class="status pass"><span class="swatch"></span>✓ Pass');
});

test('long lists are cut, and say where they go on; the page stays below 300 kB', () => {
  const users = Array.from({ length: 800 }, (_, n) => seenUser(`u${n}`, withKeys(seenKey(n, { ageDays: 100 }))));
  const html = page({ users: seen(users) });
  expect(html).toContain('And 300 more in the CSV files.');
  expect(html.length).toBeLessThan(300_000);
});

test('what was known before it was not is told beside it', () => {
  const console = seen({ hasPassword: true, hasMfa: false, basis: 'exact' as const, readAt: NOW });
  const before = findingsOf({ users: seen([seenUser('ann', { console })]) });
  const findings = findingsOf({ users: seen([seenUser('ann', { console: denied })]), at: NOW + DAY }, before);
  expect(pageOf({ manifest, findings })).toContain(`<td>fail, since ${formatDate(NOW)}, not known before</td>`);
});

test('an exemption is listed, with its end and who approved it, and stays a failure', () => {
  const exempt = (name: string, tags: Record<string, string>) =>
    seenUser(name, withKeys(seenKey(name.length, { ageDays: 100 })), { 'keyturn:exempt-reason': 'vendor', ...tags });
  const html = page({
    users: seen([
      exempt('ann', { 'keyturn:exempt': 'true' }),
      exempt('carl', { 'keyturn:exempt': '2026-12-31', 'keyturn:exempt-approved-by': 'sam' }),
    ]),
  });
  expect(html).toContain('◇ Accepted 2');
  expect(html).toMatch(/<td>vendor<\/td><td>without an end<\/td><td>not known<\/td><td><\/td><td>tag<\/td>/);
  expect(html).toMatch(/<td>vendor<\/td><td>2026-12-31<\/td><td>/);
  expect(html).not.toContain('An accepted failure stays a failure');
  expect(page({})).toContain('None. An accepted failure stays a failure.');
});

test('what is otherwise than in the run before is told: new failures first, and no more than fits', () => {
  const keyOf = (ageDays: number) => ({ users: seen([seenUser('<b>', withKeys(seenKey(1, { ageDays })))]) });
  const compared = (now: Partial<Snapshot>, before: readonly Finding[]) =>
    pageOf({ manifest, findings: findingsOf(now, before), before: { findings: before, head: undefined } });
  const html = compared(keyOf(100), findingsOf(keyOf(10)));
  expect(html).toMatch(/✕ Fail<\/span><\/td><td>New failure<\/td><td>&lt;b&gt;, AKIA\w+<\/td><td>key-age: Access key/);
  expect(compared(keyOf(10), findingsOf(keyOf(100)))).toContain('<td></td><td>Settled</td>');
  expect(compared(keyOf(10), findingsOf({}))).toMatch(/<td>New user<\/td>.*\n.*<td>New access key<\/td>/);
  expect(compared({}, findingsOf(keyOf(10)))).toMatch(/<td>User gone<\/td>.*\n.*<td>Access key gone<\/td>/);
  expect(compared(keyOf(10), findingsOf(keyOf(10)))).toContain('run before</h2><p>None.</p>');
  expect(page({})).toContain('There is no run before this one');
  const many = users(Array.from({ length: 150 }, (_, n) => seenUser(`u${n}`, withKeys(seenKey(n)))));
  expect(compared(many, findingsOf({}))).toContain('And 100 more in findings.json.gz of both runs.');
});

test('a percentage has its denominators, of MFA that of all users as well', () => {
  const access = (hasPassword: boolean, hasMfa: boolean) => ({
    console: seen({ hasPassword, hasMfa, basis: 'exact' as const, readAt: NOW }),
  });
  const html = page(users([seenUser('a', access(true, true)), seenUser('b', access(true, false)), seenUser('c')]));
  expect(html).toContain(
    '50 % of users with a password (1 of 2). Of all users 66.7 % (2 of 3) have a password, and 33.3 % (1 of 3) a password and MFA.',
  );
  expect(html).toContain('<td>100 % (1 of 1)</td>');
});

test('what the population is compared with, each call that failed, and each file and the digest before are on the page', () => {
  const found = { users: 4, usersInReport: 5, usersMadeSinceReport: 1, usersGoneSinceReport: 2, buckets: 3 };
  const files = [{ name: 'users.csv', sha256: 'a'.repeat(64), bytes: 12 }];
  const errors = { 'iam:ListAccessKeys': 2 };
  const head = { key: '111122223333/chain/0000000122.jsonl', number: 122, sha256: 'b'.repeat(64) };
  const more = { population: found, files, errors, role: 'keyturn-evidence-collector-x' };
  const html = pageOf({ manifest: { ...manifest, ...more }, findings: [], before: { findings: [], head } });
  expect(html).toContain(
    'Users: 5 in the credential report, 4 in IAM, 4 rows in users.csv; made since the report: 1, gone since: 2.',
  );
  expect(html).toContain('<td>iam:ListAccessKeys</td><td>3</td><td>2</td>');
  expect(html).toContain('role keyturn-evidence-collector-x, with');
  expect(html).toContain(`<td>users.csv</td><td>${'a'.repeat(64)}</td><td>12</td>`);
  expect(html).toContain(`It follows ${head.key}, whose SHA-256 is ${head.sha256}`);
  expect(html).toContain('head -1 0000000123.jsonl');
  expect(page({})).toContain('It is the first of its chain.');
  expect(page({})).toContain('cannot be compared');
});

test('where every key that is too old has been replaced, it says what would end that', () => {
  const handOver = { newAccessKeyId: 'AKIANEW', sentence: 'Goes tomorrow.', until: null };
  const findings = findingsOf({ users: seen([seenUser('ann', withKeys(seenKey(1, { ageDays: 100 })))]) });
  const replaced = findings.map((each) => (each.control.id === 'key-age' ? { ...each, handOver } : each));
  const html = pageOf({ manifest, findings: replaced });
  expect(html).toContain('of which Keyturn is about to end 1');
  expect(html).toContain('<td>Goes tomorrow.</td>');
  expect(html).toContain('with rotateAheadDays = 22 none would be');
  expect(pageOf({ manifest, findings })).not.toContain('rotateAheadDays');
});
