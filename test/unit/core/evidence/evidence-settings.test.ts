import { expect, test } from 'vitest';
import { parseEvidenceSettings } from '../../../../shared/core/evidence/evidence-settings.ts';

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
    expireDays: 0,
    signingKeyArn: '',
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
])('a wrong value names its variable: %s', (name, value) => {
  expect(() => parseEvidenceSettings({ ...given, [name]: value })).toThrow(`Cannot start: ${name}: must be`);
});
