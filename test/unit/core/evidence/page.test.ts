// shared/core/evidence/page.ts, shared/core/evidence/page-style.ts
import { expect, test } from 'vitest';
import type { Manifest } from '../../../../shared/core/evidence/manifest.ts';
import { pageOf } from '../../../../shared/core/evidence/page.ts';
import { type Snapshot, seen } from '../../../../shared/core/evidence/snapshot.ts';
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
  expect(page({})).toContain(': Complete');
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
