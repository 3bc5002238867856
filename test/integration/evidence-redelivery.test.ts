import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documents } from '../../cli/evidence/documents.ts';
import { dayOfRecord, hashInName } from '../../shared/core/evidence/record-name.ts';
import { keepRecord } from '../../shared/service/evidence-recorder.ts';
import { evidenceBucket } from '../support/evidence.ts';
import { copyTo, createKeptAccount } from '../support/kept-period.ts';
import { keyturn } from '../support/terminal.ts';

/*
 * SQS delivers at least once. What comes again after midnight is kept under another day, so one text has two names; it is
 * still one message.
 */

const kept = createKeptAccount({ KEYTURN_GRACE_DAYS: '2', KEYTURN_QUIET_DAYS: '0', KEYTURN_RECOVERY_DAYS: '2' });
const { aws, runtime } = kept.world;
const objects = () => aws.s3.versions(evidenceBucket);
let folder: string;

/** From 1 January 2026 the key of `alice` is replaced; an alarm rings; what was told is told again on the next day. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyturn-redelivery-'));
  aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 89 }] });
  const alarm = { AlarmName: 'keyturn-test-errors', NewStateValue: 'ALARM' };
  const rung = JSON.stringify({ ...alarm, StateChangeTime: '2026-01-02T08:00:00.000+0000' });
  const keep = (body: string) => keepRecord(runtime('evidence-recorder'), kept.settings, { body, messageId: 'x' });
  for (let day = 1; day <= 11; day++) {
    const told = aws.sns.published.slice(-1).map(({ message }) => message.default ?? '');
    for (const body of [...told, ...(day === 2 || day === 3 ? [rung] : [])]) await keep(body);
    await kept.day();
  }
  await copyTo(folder, kept.world);
});
afterAll(() => rm(folder, { recursive: true }));

const now = Date.parse('2026-03-01T00:00:00Z');

test('a message that comes again after midnight stands under two days', () => {
  const hashes = objects().flatMap(({ key }) => hashInName(key) ?? []);
  expect(hashes.length).toBeGreaterThan(new Set(hashes).size);
});

test('a report counts it once, by the record of its first day', async () => {
  const args = ['evidence', 'report', folder, '--period', '2026-01-01/2026-01-07', '--json'];
  const { code, stdout } = await keyturn(args, { now });
  const { records, gaps, rotations, keys } = documents.report.parse(JSON.parse(stdout));
  expect([code, records, rotations.length]).toEqual([0, { transitions: 7, repeats: 0 }, 1]);
  expect(gaps.filter(({ kind }) => kind === 'alarm')).toMatchObject([{ from: '2026-01-02T08:00:00.000Z' }]);
  const told = keys.flatMap(({ changes }) => changes.flatMap((change) => change.told));
  const ofRecords = told.filter(({ source }) => source === 'record');
  expect(ofRecords).toHaveLength(3);
  for (const { at, reference } of ofRecords) expect(dayOfRecord(reference)).toBe(at.slice(0, 10));
});

test('verify checks every object, and says of none that it is too many', async () => {
  const { code, stdout } = await keyturn(['verify', folder, '--json'], { now });
  expect(code).toBe(0);
  const [account] = JSON.parse(stdout).accounts;
  // What came last waits for its day to be over.
  const wrong = account.verdicts.filter(({ word }: { word: string }) => word !== 'UNCHAINED');
  expect([account.result, wrong]).toEqual(['valid', []]);
});

test('a change has one record and one event, in every run', () => {
  const runs = objects().filter(({ key }) => key.endsWith('findings.json.gz'));
  const changes = runs.flatMap(({ key, body }) => {
    const { findings } = documents.run.parse(JSON.parse(gunzipSync(body ?? '').toString('utf8')));
    return findings.filter(({ control }) => control.id === 'changes-reconciled').map((finding) => ({ key, finding }));
  });
  expect(new Set(changes.map(({ finding }) => finding.status))).toEqual(new Set(['pass']));
  const names = changes.map(({ key, finding }) => `${key} ${finding.id}`);
  expect(names.length).toBe(new Set(names).size);
});
