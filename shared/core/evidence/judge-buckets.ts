import { formatInstant, type Instant } from '../time.ts';
import type { FindingFacts, Verdict } from './finding.ts';
import { accountResource } from './judge-root.ts';
import { type EvidenceLimits, type Judgement, notKnown } from './judgement.ts';
import type { BucketEncryption, SeenBucket, Snapshot } from './snapshot.ts';

/** Since then S3 encrypts every new object; what was stored before may not be. */
const ALWAYS_SINCE: Instant = Date.UTC(2023, 0, 5);

/** One answer a bucket; one for the account, where the list could not be read. */
export function judgeBuckets({ accountId, at, buckets }: Snapshot, limits: EvidenceLimits): Judgement[] {
  const control = 'bucket-encryption' as const;
  if (!buckets.isSeen) {
    const resource = accountResource(accountId);
    return [{ control, parts: [accountId], resource, verdict: notKnown(buckets), asOf: at }];
  }
  return buckets.value.map((bucket): Judgement => {
    const { name, region } = bucket;
    const resource = { type: 's3-bucket' as const, id: name, arn: `arn:aws:s3:::${name}`, accountId, region };
    return { control, parts: ['bucket', name], resource, verdict: encryptionOf(bucket, limits), asOf: at };
  });
}

function encryptionOf({ name, createdAt, encryption }: SeenBucket, { bucketEncryption }: EvidenceLimits): Verdict {
  if (!encryption.isSeen) return notKnown(encryption);
  const made = { createdAt: formatInstant(createdAt), asked: bucketEncryption };
  if (encryption.value === 'gone') {
    const sentence = `Bucket ${name} was deleted while the account was looked at.`;
    return { status: 'not-applicable', reason: 'gone', sentence, facts: made };
  }
  if (encryption.value === 'none') {
    const sentence = `Bucket ${name} has no default encryption.`;
    return { status: 'fail', reason: 'no-default-encryption', sentence, facts: made };
  }
  const { algorithm, kmsKeyId, bucketKey, blockedTypes } = encryption.value;
  const facts: FindingFacts = { ...made, algorithm, kmsKeyId: kmsKeyId ?? null, bucketKey, blockedTypes };
  const older =
    createdAt < ALWAYS_SINCE ? ' Objects stored before 2023-01-05 may be unencrypted: S3 Inventory tells.' : '';
  const how = `Bucket ${name} encrypts by ${algorithm}${kmsKeyId === undefined ? '' : ` with ${kmsKeyId}`}`;
  if (isAsAsked(encryption.value, bucketEncryption)) {
    return { status: 'pass', reason: 'encrypted-as-asked', sentence: `${how}.${older}`, facts };
  }
  const asked = bucketEncryption === 'kms' ? 'by KMS' : 'by a KMS key of the customer';
  return { status: 'fail', reason: 'other-encryption', sentence: `${how}, not ${asked}.${older}`, facts };
}

/** Without a key ID it is AWS's own key. Both layers of DSSE are of KMS. */
function isAsAsked({ algorithm, kmsKeyId }: BucketEncryption, asked: EvidenceLimits['bucketEncryption']): boolean {
  if (asked === 'any') return true;
  const isKms = algorithm === 'aws:kms' || algorithm === 'aws:kms:dsse';
  if (asked === 'kms') return isKms;
  return isKms && kmsKeyId !== undefined && !/(^|\/)aws\/s3$/.test(kmsKeyId);
}
