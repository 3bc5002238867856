// shared/core/evidence/page.ts, shared/core/evidence/page-parts.ts, shared/core/evidence/page-style.ts
import { expect, test } from 'vitest';
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
  expect(pageOf({ manifest, findings })).toContain(`<td>fail, since ${formatDate(NOW)}</td>`);
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
