// cli/commands/evidence-report.ts, cli/commands/sample.ts, cli/evidence/asked.ts, cli/evidence/period/report.ts,
// cli/evidence/period/sample.ts, cli/evidence/period/page.ts

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documents } from '../../cli/evidence/documents.ts';
import type { PeriodReport } from '../../cli/evidence/period/report.ts';
import { keepRecord } from '../../shared/service/evidence-recorder.ts';
import { evidenceBucket } from '../support/evidence.ts';
import { copyTo, createKeptAccount } from '../support/kept-period.ts';
import { keyturn } from '../support/terminal.ts';
import { DAY } from '../support/world.ts';

const kept = createKeptAccount({
  KEYTURN_GRACE_DAYS: '2',
  KEYTURN_QUIET_DAYS: '0',
  KEYTURN_RECOVERY_DAYS: '2',
});
const { aws } = kept.world;
let folder: string;

/** From 1 January 2026: `alice` becomes due, is rotated, and her old key is taken away; on 3 and 4 January nobody looks. */
beforeAll(async () => {
  const digest = { schemaVersion: 1, event: 'digest', accountId: aws.accountId, at: '2026-01-01T06:00:00.000Z' };
  const record = { body: JSON.stringify(digest), messageId: 'x' };
  await keepRecord(kept.world.runtime('evidence-recorder'), kept.settings, record);
  folder = await mkdtemp(join(tmpdir(), 'keyturn-period-'));
  aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 89 }] });
  aws.iam.addUser({ userName: '<b>bob', keys: [{ ageDays: 5 }], passwordEnabled: true });
  aws.iam.addUser({ userName: 'vendor', keys: [{ ageDays: 88 }], tags: { 'keyturn:exempt': '2026-12-31' } });
  for (let day = 1; day <= 13; day++) {
    await kept.day({ isCollected: day !== 3 && day !== 4 });
  }
  await copyTo(folder, kept.world);
});
afterAll(() => rm(folder, { recursive: true }));

const period = '2026-01-01/2026-01-08';
const now = Date.parse('2026-03-01T00:00:00Z');

async function reported(of: string, ...more: string[]): Promise<{ code: number; report: PeriodReport }> {
  const { code, stdout, stderr } = await keyturn(['evidence', 'report', folder, '--period', of, '--json', ...more], {
    now,
  });
  if (stdout === '') throw new Error(stderr);
  const report: unknown = JSON.parse(stdout);
  // Field for field as docs/evidence.schema.json has it.
  expect(documents.report.parse(report)).toEqual(report);
  return { code, report: documents.report.parse(report) };
}

describe('the report of a period', () => {
  test('says what is not there before anything else', async () => {
    const { code, report } = await reported(period);
    expect(code).toBe(0);
    expect(report.chain).toMatchObject({ result: 'valid', first: { sequence: 1 } });
    expect(report.days).toMatchObject({ expected: 8, withEvidence: 6, byHand: 6, incomplete: 0 });
    expect(report.gaps.find(({ kind }) => kind === 'no-evidence')).toMatchObject({
      from: '2026-01-03',
      to: '2026-01-04',
    });
    expect(report.gaps.find(({ kind }) => kind === 'no-scan')).toMatchObject({ from: '2026-01-02', to: '2026-01-08' });
    expect(new Set(report.gaps.map(({ kind }) => kind))).toEqual(new Set(['no-evidence', 'by-hand', 'no-scan']));
  });

  test('tells the life of a key with the source of every date', async () => {
    const { report } = await reported(period);
    const [rotation] = report.rotations;
    expect(report.rotations).toMatchObject([
      { userName: 'alice', onTime: false, recordSha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(rotation?.eventIds.length).toBeGreaterThan(0);
    const old = report.keys.find(({ accessKeyId }) => accessKeyId === rotation?.oldAccessKeyId);
    const sources = old?.changes.map(({ what, told }) => [what, told.map(({ source }) => source)]);
    expect(sources).toEqual([
      ['created', ['reading']],
      ['deactivated', ['cloudtrail', 'record', 'days']],
      ['deleted', ['cloudtrail', 'record', 'days']],
    ]);
    const made = report.keys.find(({ accessKeyId }) => accessKeyId === rotation?.newAccessKeyId);
    expect(made?.changes[0]?.told.map(({ source }) => source)).toEqual(['cloudtrail', 'record', 'reading']);
    expect(made?.changes.every(({ disagree }) => !disagree)).toBe(true);
  });

  test('says where the old key stood on each day, and what the gap hides', async () => {
    const { report } = await reported(period);
    const old = report.keys.find(({ accessKeyId }) => accessKeyId === report.rotations[0]?.oldAccessKeyId);
    expect(old?.states.map(({ state, firstDay, lastDay }) => [state, firstDay.slice(8), lastDay.slice(8)])).toEqual([
      ['before-due', '01', '01'],
      ['hand-over', '02', '02'],
      ['not-known', '03', '04'],
      ['inactive', '05', '05'],
    ]);
    const vendor = report.keys.find(({ userName }) => userName === 'vendor');
    expect(vendor?.daysByState).toMatchObject({ exempt: 6, 'not-known': 2, 'before-due': 0 });
  });

  test('counts what came late, and what was accepted', async () => {
    const { report } = await reported(period);
    expect(report.due).toMatchObject({ onTime: 0, late: 1, notDone: 1 });
    expect(report.due.keys.find(({ userName }) => userName === 'vendor')).toMatchObject({
      outcome: 'not-done',
      reason: 'exempt',
    });
    expect(report.exceptions).toMatchObject([{ resource: /vendor/, until: '2026-12-31', ended: 'in use at the end' }]);
    expect(report.mfa.at(-1)).toMatchObject({ date: '2026-01-08', with: 0, without: 1, notKnown: 0, users: 3 });
    expect(report.people).toMatchObject([{ userName: '<b>bob', daysWith: 0, daysWithout: 6, daysNotKnown: 0 }]);
    expect(report.keyAge.overLimitKeyDays).toBeGreaterThan(0);
    expect(
      report.findings.find(({ control, resource }) => control === 'key-age' && /alice/.test(resource)),
    ).toMatchObject({ settledDay: expect.stringMatching(/^2026-01-/) });
  });

  test('is the same bytes whoever makes it, and whenever', async () => {
    const args = ['evidence', 'report', folder, '--period', period, '--json'];
    const first = await keyturn(args, { now });
    const later = await keyturn(args, { now: now + 30 * DAY });
    expect(later.stdout).toBe(first.stdout);
  });

  test('is written as a page, JSON and CSV', async () => {
    const out = join(folder, '..', `${folder}-out`);
    const { stdout, stderr } = await keyturn(['evidence', 'report', folder, '--period', period, '--out', out], {
      now,
    });
    expect(stdout).toMatch(/^due keys {3}0 on time, 1 late, 1 not done$/m);
    expect(stderr).toContain('index.html');
    const page = await readFile(join(out, 'index.html'), 'utf8');
    expect(page).toContain('&lt;b&gt;bob');
    expect(page).not.toContain('<b>bob');
    expect((await readFile(join(out, 'rotations.csv'), 'utf8')).split('\r\n')).toHaveLength(3);
    const { stdout: json } = await keyturn(['evidence', 'report', folder, '--period', period, '--json'], { now });
    expect(await readFile(join(out, 'report.json'), 'utf8')).toBe(json);
    await rm(out, { recursive: true });
  });

  test('is preliminary until a digest is four days younger', async () => {
    const { report } = await reported('2026-01-09/2026-01-12');
    expect([report.isPreliminary, report.days.expected]).toEqual([true, 4]);
    expect((await reported(period)).report.isPreliminary).toBe(false);
  });
});

describe('evidence that was touched', () => {
  const target = (): string =>
    aws.s3.versions(evidenceBucket).find(({ key }) => /20260102T.*findings/.test(key))?.key ?? '';

  test('is said first, is not used, and ends with 3', async () => {
    const file = join(folder, target());
    const before = await readFile(file);
    await writeFile(file, 'forged');
    const { code, report } = await reported(period);
    await writeFile(file, before);
    expect(code).toBe(3);
    expect(report.chain.result).toBe('invalid');
    expect(report.gaps[0]).toMatchObject({ kind: 'chain', from: '2026-01-02', reference: target() });
    expect(report.gaps.find(({ kind }) => kind === 'not-used')).toMatchObject({ from: '2026-01-02' });
    expect(report.days.withEvidence).toBe(5);
  });
});

describe('a sample', () => {
  const sample = (...args: string[]) => keyturn(['sample', folder, '--period', period, ...args], { now });

  test('is the same for the same seed, with the record and the events of each', async () => {
    const { code, stdout, stderr } = await sample('--seed', 'auditor', '--size', '5');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^userName,.*\r\nalice,AKIA/);
    expect(stdout).toContain('/records/2026/01/');
    expect(stderr).toContain('1 of 1 rotations');
    expect((await sample('--seed', 'auditor')).stdout).toBe(stdout);
    expect(JSON.parse((await sample('--seed', 'x', '--json')).stdout)).toMatchObject({ seed: 'x', population: 1 });
  });
});

test('before the first digest there is no report, and a day before it is a gap', async () => {
  const { code, stderr } = await keyturn(['evidence', 'report', folder, '--period', '2025-12'], { now });
  expect([code, stderr]).toEqual([64, expect.stringContaining('--period 2025-12: evidence begins on 2026-01-01.')]);
  const { report } = await reported('2025-12-30/2026-01-05');
  expect(report.gaps.filter(({ kind }) => kind === 'no-evidence')).toMatchObject([
    { from: '2025-12-30', to: '2025-12-31', what: 'evidence begins on 2026-01-01' },
    { from: '2026-01-03', to: '2026-01-04', what: 'no finished run that can be used' },
  ]);
});

test.each([
  ['2026-13', /it is written/],
  ['2026-Q5', /it is written/],
  ['2027', /has not begun/],
  ['2026-01-05/2026-01-01', /last day is before its first/],
  ['2024-01-01/2025-12-31', /longer than 400 days/],
])('the period %s is wrong usage', async (period, says) => {
  const { code, stderr } = await keyturn(['evidence', 'report', folder, '--period', period], { now });
  expect([code, stderr]).toEqual([64, expect.stringMatching(says)]);
});

test('an account of which there is no evidence is wrong usage', async () => {
  const args = ['evidence', 'report', folder, '--period', period, '--account', '444455556666'];
  expect(await keyturn(args, { now })).toMatchObject({ code: 64, stderr: expect.stringContaining('111122223333') });
});
