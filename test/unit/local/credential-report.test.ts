// local/aws/iam/credential-report.ts

import {
  GenerateCredentialReportCommand,
  GetCredentialReportCommand,
  type IAMClient,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { refusal, setUp } from './clients.ts';

const hour = 3_600_000;

async function reportOf(iam: IAMClient): Promise<Record<string, string>[]> {
  for (;;) {
    const { State } = await iam.send(new GenerateCredentialReportCommand({}));
    if (State === 'COMPLETE') break;
  }
  const { Content } = await iam.send(new GetCredentialReportCommand({}));
  const [header = [], ...rows] = Buffer.from(Content ?? [])
    .toString()
    .split('\n')
    .map((line) => line.split(','));
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i] ?? ''])));
}

test('a report is started, in progress, complete', async () => {
  const { iam } = setUp();
  expect((await refusal(iam.send(new GetCredentialReportCommand({})))).type).toBe(
    'CredentialReportNotPresentException',
  );
  const started = await iam.send(new GenerateCredentialReportCommand({}));
  expect(started.State).toBe('STARTED');
  expect(started.Description).toBe('No report exists. Starting a new report generation task');
  expect((await refusal(iam.send(new GetCredentialReportCommand({})))).type).toBe('CredentialReportNotReadyException');
  expect((await iam.send(new GenerateCredentialReportCommand({}))).State).toBe('INPROGRESS');
  expect((await iam.send(new GenerateCredentialReportCommand({}))).State).toBe('COMPLETE');
});

test('a caller that waits a second between polls sees COMPLETE at the second', async () => {
  const { aws, iam } = setUp();
  await iam.send(new GenerateCredentialReportCommand({}));
  aws.clock.advance(1_000);
  expect((await iam.send(new GenerateCredentialReportCommand({}))).State).toBe('COMPLETE');
});

test('a report is reused for four hours, and then made anew', async () => {
  const { aws, iam } = setUp();
  expect(await reportOf(iam)).toHaveLength(1);
  aws.iam.addUser({ userName: 'alice' });
  aws.clock.advance(4 * hour - 10_000);
  expect(await reportOf(iam)).toHaveLength(1);
  aws.clock.advance(10_000);
  expect((await refusal(iam.send(new GetCredentialReportCommand({})))).type).toBe('CredentialReportExpiredException');
  expect(await reportOf(iam)).toHaveLength(2);
});

test('the first row is the root account and shows its key', async () => {
  const { aws, iam } = setUp();
  aws.iam.setRootKey(true);
  expect((await reportOf(iam))[0]).toMatchObject({
    user: '<root_account>',
    arn: 'arn:aws:iam::111122223333:root',
    password_enabled: 'not_supported',
    access_key_1_active: 'true',
    access_key_2_active: 'false',
  });
});

test('a row has the 23 columns of AWS, and N/A where there is no key', async () => {
  const { aws, iam } = setUp();
  aws.iam.addUser({ userName: 'alice', createdAt: Date.UTC(2025, 5, 1), mfaActive: true });
  const row = (await reportOf(iam))[1] ?? {};
  expect(Object.keys(row)).toHaveLength(23);
  expect(row).toMatchObject({
    user: 'alice',
    user_creation_time: '2025-06-01T00:00:00+00:00',
    mfa_active: 'true',
    access_key_1_active: 'false',
    access_key_1_last_rotated: 'N/A',
    access_key_2_last_used_service: 'N/A',
    additional_credentials_info: 'N/A',
  });
});

test('slots are not in order of creation, and a single key may be in the second', async () => {
  const { aws, iam } = setUp();
  for (let i = 0; i < 40; i++) {
    aws.iam.addUser({ userName: `two${i}`, keys: [{ ageDays: 90 }, { ageDays: 10 }] });
    aws.iam.addUser({ userName: `one${i}`, keys: [{ ageDays: 90 }] });
  }
  const rows = await reportOf(iam);
  const older = rows
    .filter((row) => row.user?.startsWith('two'))
    .map((row) => (row.access_key_1_last_rotated ?? '') < (row.access_key_2_last_rotated ?? ''));
  const second = rows.filter((row) => row.user?.startsWith('one')).map((row) => row.access_key_2_active);
  expect(new Set(older)).toEqual(new Set([true, false]));
  expect(new Set(second)).toEqual(new Set(['true', 'false']));
});

test('last_rotated restarts when a key is toggled to Active, and an inactive key keeps its own', async () => {
  const { aws, iam } = setUp();
  const { keys } = aws.iam.addUser({
    userName: 'alice',
    keys: [{ ageDays: 100 }, { ageDays: 50, status: 'Inactive' }],
  });
  const toggle = { UserName: 'alice', AccessKeyId: keys[0]?.accessKeyId };
  await iam.send(new UpdateAccessKeyCommand({ ...toggle, Status: 'Inactive' }));
  await iam.send(new UpdateAccessKeyCommand({ ...toggle, Status: 'Active' }));
  const row = (await reportOf(iam))[1] ?? {};
  const slots = [1, 2].map((n) => [row[`access_key_${n}_active`], row[`access_key_${n}_last_rotated`]]);
  expect(slots).toContainEqual(['true', '2026-01-01T00:00:00+00:00']);
  expect(slots).toContainEqual(['false', '2025-11-12T00:00:00+00:00']);
});

test('the date of the last use has a granularity of 15 minutes', async () => {
  const { aws, iam } = setUp();
  const at = Date.UTC(2025, 11, 31, 10, 44, 59);
  aws.iam.addUser({
    userName: 'alice',
    keys: [{ lastUsed: { at, service: 's3', region: 'us-east-1' } }],
  });
  const row = (await reportOf(iam))[1] ?? {};
  expect([row.access_key_1_last_used_date, row.access_key_2_last_used_date]).toContain('2025-12-31T10:30:00+00:00');
});
