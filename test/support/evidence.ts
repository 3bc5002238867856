import type { LocalAws } from '../../local/aws/aws.ts';
import type { NewBucket } from '../../local/aws/s3/s3.ts';
import type { EvidenceSettings } from '../../shared/core/evidence/evidence-settings.ts';

export const evidenceBucket = 'keyturn-test-evidence';

/** A bucket as the stack makes it, but for who may put where. */
export function addEvidenceBucket(aws: LocalAws, more: Partial<NewBucket> = {}): EvidenceSettings {
  const Resource = `arn:aws:s3:::${evidenceBucket}/*`;
  const deny = { Effect: 'Deny', Principal: '*', Resource };
  const policy = {
    Statement: [
      {
        ...deny,
        Action: 's3:PutObject',
        Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
      },
      { ...deny, Action: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'] },
    ],
  };
  aws.s3.addBucket({ name: evidenceBucket, objectLock: { mode: 'GOVERNANCE', days: 400 }, policy, ...more });
  return {
    bucket: evidenceBucket,
    owner: aws.accountId,
    accountId: aws.accountId,
    expireDays: 0,
    signingKeyArn: '',
  };
}

/** What the stack tells the functions that keep evidence. */
export function evidenceEnvironment(settings: EvidenceSettings): Record<string, string> {
  const { bucket, owner, accountId, signingKeyArn } = settings;
  return {
    KEYTURN_EVIDENCE_BUCKET: bucket,
    KEYTURN_EVIDENCE_BUCKET_OWNER: owner,
    KEYTURN_EVIDENCE_ACCOUNT_ID: accountId,
    KEYTURN_EVIDENCE_SIGNING_KEY_ARN: signingKeyArn,
    KEYTURN_VERSION: '0.0.0',
  };
}
