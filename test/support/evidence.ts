import type { LocalAws } from '../../local/aws/aws.ts';
import type { NewBucket } from '../../local/aws/s3/s3.ts';
import { denialsAsked } from '../../shared/core/evidence/bucket-policy.ts';
import type { EvidenceSettings } from '../../shared/core/evidence/evidence-settings.ts';

export const evidenceBucket = 'keyturn-test-evidence';

/** A bucket as the stack makes it, but for who may put where. */
export function addEvidenceBucket(aws: LocalAws, more: Partial<NewBucket> = {}): EvidenceSettings {
  const settings: EvidenceSettings = {
    ...{ bucket: evidenceBucket, owner: aws.accountId, accountId: aws.accountId, homeAccountId: aws.accountId },
    ...{ lock: { mode: 'governance', days: 400 }, expireDays: 0, signingKeyArn: '' },
    trailLogGroupName: '',
  };
  const anybody = denialsAsked({ ...settings, partition: 'aws', roleSuffix: '' }).filter(
    ({ Sid }) => Sid !== 'OnlyTheRecorder' && Sid !== 'OnlyTheCollector' && Sid !== 'NowhereElse',
  );
  const { settings: own, ...rest } = more;
  const lifecycle = { Rule: { ID: 'abort-uploads', Status: 'Enabled', Filter: {} } };
  const bucket = { name: evidenceBucket, objectLock: { mode: 'GOVERNANCE' as const, days: 400 } };
  aws.s3.addBucket({ ...bucket, policy: { Statement: anybody }, ...rest, settings: { lifecycle, ...own } });
  return settings;
}

/** Its whole policy: by it the functions alone put anything. */
export function deployedPolicy({ accountId }: LocalAws) {
  const place = { bucket: evidenceBucket, partition: 'aws', homeAccountId: accountId, roleSuffix: '' };
  return { Statement: denialsAsked({ ...place, lock: { mode: 'governance', days: 400 }, expireDays: 0 }) };
}

/** What the stack tells the functions that keep evidence. */
export function evidenceEnvironment(settings: EvidenceSettings): Record<string, string> {
  const { bucket, owner, accountId, signingKeyArn, trailLogGroupName } = settings;
  return {
    KEYTURN_EVIDENCE_BUCKET: bucket,
    KEYTURN_EVIDENCE_BUCKET_OWNER: owner,
    KEYTURN_EVIDENCE_ACCOUNT_ID: accountId,
    KEYTURN_EVIDENCE_SIGNING_KEY_ARN: signingKeyArn,
    KEYTURN_EVIDENCE_TRAIL_LOG_GROUP: trailLogGroupName,
    KEYTURN_VERSION: '0.0.0',
  };
}
