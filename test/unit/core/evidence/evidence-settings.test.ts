import { expect, test } from 'vitest';
import { parseCollecting, parseEvidenceSettings } from '../../../../shared/core/evidence/evidence-settings.ts';

const given = {
  KEYTURN_EVIDENCE_BUCKET: 'keyturn-dev-evidence',
  KEYTURN_EVIDENCE_BUCKET_OWNER: '111122223333',
  KEYTURN_EVIDENCE_ACCOUNT_ID: '111122223333',
};

test('what is not given is off or empty', () => {
  expect(parseEvidenceSettings({ ...given, KEYTURN_EVIDENCE_SIGNING_KEY_ARN: '' })).toEqual({
    bucket: 'keyturn-dev-evidence',
    owner: '111122223333',
    accountId: '111122223333',
    homeAccountId: '111122223333',
    lock: { mode: 'governance', days: 400 },
    expireDays: 0,
    signingKeyArn: '',
    trailLogGroupName: '',
  });
  expect(parseEvidenceSettings({ ...given, KEYTURN_EVIDENCE_EXPIRE_DAYS: '1100' }).expireDays).toBe(1_100);
});

test('without a bucket evidence is off', () => {
  for (const KEYTURN_EVIDENCE_BUCKET of ['', undefined]) {
    expect(() => parseEvidenceSettings({ ...given, KEYTURN_EVIDENCE_BUCKET })).toThrow(
      'Evidence is off: deploy with keepEvidence=true.',
    );
  }
});

test.each([
  ['KEYTURN_EVIDENCE_BUCKET', 's3://bucket'],
  ['KEYTURN_EVIDENCE_BUCKET_OWNER', 'me'],
  ['KEYTURN_EVIDENCE_ACCOUNT_ID', '1'],
  ['KEYTURN_EVIDENCE_EXPIRE_DAYS', 'never'],
  ['KEYTURN_EVIDENCE_SIGNING_KEY_ARN', 'alias/x'],
  ['KEYTURN_EVIDENCE_TRAIL_LOG_GROUP', 'arn:aws:logs:x'],
])('a wrong value names its variable: %s', (name, value) => {
  expect(() => parseEvidenceSettings({ ...given, [name]: value })).toThrow(`Cannot start: ${name}: must be`);
});

test('the collector is told how to judge, and which version it is', () => {
  const { settings, limits, version } = parseCollecting({ ...given, KEYTURN_VERSION: '1.4.0' });
  expect([settings.bucket, limits, version]).toEqual([
    'keyturn-dev-evidence',
    { bucketEncryption: 'any', unusedCredentialDays: 45 },
    '1.4.0',
  ]);
  const stricter = { KEYTURN_BUCKET_ENCRYPTION: 'customer-key', KEYTURN_UNUSED_CREDENTIAL_DAYS: '90' };
  expect(parseCollecting({ ...given, ...stricter, KEYTURN_VERSION: '1.4.0' }).limits).toEqual({
    bucketEncryption: 'customer-key',
    unusedCredentialDays: 90,
  });
});

test.each([
  ['KEYTURN_BUCKET_ENCRYPTION', 'AES256'],
  ['KEYTURN_UNUSED_CREDENTIAL_DAYS', '0'],
  ['KEYTURN_UNUSED_CREDENTIAL_DAYS', 'never'],
  ['KEYTURN_VERSION', ''],
])('a wrong value for the collector names its variable: %s = "%s"', (name, value) => {
  expect(() => parseCollecting({ ...given, KEYTURN_VERSION: '1.4.0', [name]: value })).toThrow(
    `Cannot start: ${name}: `,
  );
});
