// shared/core/evidence/exceptions.ts, shared/core/evidence/read-exceptions.ts, scripts/exceptions.ts, scripts/yaml-file.ts
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addExceptions, exceptionNotes, readExceptionsFile } from '../../../../scripts/exceptions.ts';
import { type Exception, hasEnded } from '../../../../shared/core/evidence/exceptions.ts';
import { judgeEvidence } from '../../../../shared/core/evidence/judge.ts';
import { readExceptions } from '../../../../shared/core/evidence/read-exceptions.ts';
import { seen } from '../../../../shared/core/evidence/snapshot.ts';
import { DAY, SECOND } from '../../../../shared/core/time.ts';
import { exceptionsBeside } from '../../../../shared/lambda/lambda-runtime.ts';
import { DEFAULTS, NOW } from '../../../support/core/builders.ts';
import { denied, evidenceLimits, seenBucket, seenUser, snapshotOf } from '../../../support/core/snapshots.ts';

const own: Exception = {
  ...{ control: 'mfa-console', resource: 'glass', because: 'Break glass, sealed', approvedBy: 'Ann' },
  until: '2099-12-31',
};
const access = seen({ hasPassword: true, hasMfa: false, basis: 'exact' as const, readAt: NOW });
const account = snapshotOf({
  users: seen([seenUser('glass', { console: access }), seenUser('bob', { console: access })]),
  buckets: seen([seenBucket('sealed', { encryption: denied })]),
});
const judged = (...exceptions: Exception[]) =>
  judgeEvidence(account, [], { settings: DEFAULTS, limits: evidenceLimits, exceptions, now: NOW });
const find = (exceptions: Exception[], id: string) =>
  judged(...exceptions).find((finding) => finding.id.startsWith(id));

describe('an exception', () => {
  test('never makes a pass: a failure stays one, accepted, with who, why and until when', () => {
    const finding = find([{ ...own, ticket: 'SEC-1' }], 'mfa-console/AIDAGLASS');
    expect(finding).toMatchObject({
      status: 'fail',
      accepted: {
        until: '2099-12-31',
        because: 'Break glass, sealed (SEC-1)',
        approvedBy: 'Ann',
        approvedAt: null,
        eventId: null,
        source: 'file',
      },
    });
    expect(find([own], 'mfa-console/AIDABOB')).toMatchObject({ status: 'fail', accepted: null });
  });

  test('may accept that something is not known, which it stays', () => {
    const sealed: Exception = { ...own, control: 'bucket-encryption', resource: 'sealed' };
    expect(find([sealed], 'bucket-encryption/bucket/sealed')).toMatchObject({
      ...{ status: 'error', accepted: { source: 'file' } },
    });
    expect(find([], 'bucket-encryption/bucket/sealed')).toMatchObject({ status: 'error', accepted: null });
  });

  test('of what passes says nothing about it, and is listed itself', () => {
    const idle: Exception = { ...own, control: 'root-keys', resource: '111122223333' };
    expect(find([idle], 'root-keys/')).toMatchObject({ status: 'pass', accepted: null });
    expect(find([idle], 'exemption-dated/file/root-keys')).toMatchObject({ status: 'pass', reason: 'dated' });
  });

  test('that is over accepts nothing, and fails itself; its last day counts', () => {
    const until = '2026-01-01';
    const last = Date.UTC(2026, 0, 2) - SECOND;
    expect([hasEnded({ until }, last), hasEnded({ until }, last + SECOND)]).toEqual([false, true]);
    const over = { ...own, until: '2020-01-01' };
    expect(find([over], 'mfa-console/AIDAGLASS')).toMatchObject({ status: 'fail', accepted: null });
    expect(find([over], 'exemption-dated/file')).toMatchObject({ status: 'fail', reason: 'ended' });
  });

  test.each<[string, object, string]>([
    ['an unknown control', { control: 'mfa' }, '0.control'],
    ['no end', { until: undefined }, '0.until'],
    ['an end that is no date', { until: 'soon' }, '0.until'],
    ['an end too far away', { until: '2099-12-31' }, '0.until'],
    ['no reason', { because: '' }, '0.because'],
    ['nobody who approved', { approvedBy: undefined }, '0.approvedBy'],
    ['another field', { untill: '2026-01-01' }, '0'],
  ])('with %s is refused, with the field', (_, more, field) => {
    const result = readExceptions([{ ...own, until: '2026-12-31', ...more }], Date.UTC(2026, 5, 1));
    expect('problems' in result && result.problems.map(({ path }) => path.join('.'))).toEqual([field]);
  });
});

describe('the file', () => {
  let folder: string;
  const write = (text: string) => writeFile(join(folder, 'evidence-exceptions.yml'), text);
  const now = Date.UTC(2026, 5, 1);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'exceptions-'));
    await mkdir(join(folder, 'evidence-collector'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const one = `- control: mfa-console
  resource: glass
  because: sealed
  approvedBy: Ann
  until: 2026-05-31
`;

  test('that is not there, or is empty, excepts nothing, and nothing is put beside the bundle', async () => {
    expect(await readExceptionsFile(join(folder, 'nowhere'), now)).toEqual([]);
    await write('# none yet\n');
    await addExceptions(folder, await readExceptionsFile(folder, now));
    const module = pathToFileURL(join(folder, 'evidence-collector', 'index.js')).href;
    expect(exceptionsBeside(module)).toEqual([]);
  });

  test('is taken though one of it is over, which is said, and the function reads it as it was', async () => {
    await write(one);
    const exceptions = await readExceptionsFile(folder, now);
    expect(exceptionNotes(exceptions, now)).toEqual([
      'Note: evidence-exceptions.yml: The exception of glass from mfa-console ended on 2026-05-31.',
    ]);
    expect(exceptionNotes(exceptions, now - DAY)).toEqual([]);
    await addExceptions(folder, exceptions);
    const module = pathToFileURL(join(folder, 'evidence-collector', 'index.js')).href;
    expect(exceptionsBeside(module)).toEqual(exceptions);
    expect(await readFile(join(folder, 'evidence-collector', 'exceptions.json'), 'utf8')).toMatch(/\n$/);
  });

  test('is refused with the line and the field', async () => {
    await write(one.replace('mfa-console', 'mfa'));
    await expect(readExceptionsFile(folder, now)).rejects.toThrow(
      /^Cannot read the exceptions: evidence-exceptions\.yml:1: 0\.control: /,
    );
    await write(one + one);
    await expect(readExceptionsFile(folder, now)).rejects.toThrow(
      'Cannot read the exceptions: evidence-exceptions.yml:7: 1.resource: is here twice.',
    );
    await write('- [');
    await expect(readExceptionsFile(folder, now)).rejects.toThrow(/evidence-exceptions\.yml:1: /);
  });
});
