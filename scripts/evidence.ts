import { type AskedOfBucket, denialsAsked } from '../shared/core/evidence/bucket-policy.ts';

/** Values that only CloudFormation knows. */
const [PARTITION, ACCOUNT] = [`\${AWS::Partition}`, `\${AWS::AccountId}`];

/**
 * The policy that a bucket of another account is to have: what is denied to everybody in a bucket of the stack, and what
 * the roles of this account may do. For `Fn::Sub`.
 */
export function bucketPolicyElsewhere({
  bucket,
  roleSuffix,
  lock,
}: Omit<AskedOfBucket, 'partition' | 'homeAccountId' | 'expireDays'>): string {
  const asked = { bucket, roleSuffix, lock, partition: PARTITION, homeAccountId: ACCOUNT, expireDays: 0 };
  const arn = `arn:${PARTITION}:s3:::${bucket}`;
  const allow = (
    Sid: string,
    role: string,
    Action: string | readonly string[],
    Resource: string | readonly string[],
  ) => ({
    Sid,
    Effect: 'Allow',
    Principal: { AWS: `arn:${PARTITION}:iam::${ACCOUNT}:role/keyturn/keyturn-${role}${roleSuffix}` },
    Action,
    Resource,
  });
  const below = (folder: string) => `${arn}/????????????/${folder}/*`;
  const Statement = [
    ...denialsAsked(asked),
    allow('RecorderKeeps', 'evidence-recorder', 's3:PutObject', below('records')),
    allow('CollectorKeeps', 'evidence-collector', 's3:PutObject', ['chain', 'runs', 'tests'].map(below)),
    allow('CollectorReads', 'evidence-collector', 's3:GetObject', `${arn}/*`),
    allow('CollectorSees', 'evidence-collector', seen, arn),
  ];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

/** What the collector asks about the bucket that it writes to (SeeOwnBucket in resources/evidence.yml). */
const seen = [
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketPolicy',
  's3:GetBucketPolicyStatus',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketVersioning',
  's3:GetLifecycleConfiguration',
  's3:ListBucket',
  's3:ListBucketVersions',
];

/** What whoever deploys must know before it is done. */
export function evidenceNotes(stack: Readonly<Record<string, unknown>>): string[] {
  const { keepEvidence, evidenceBucket = '', evidenceBucketOwner = '', evidenceLockMode, evidenceLockDays } = stack;
  if (String(keepEvidence) !== 'true') return [];
  return [
    ...(evidenceLockMode === 'compliance' && evidenceBucket === ''
      ? [
          `Note: evidenceLockMode is compliance: for ${evidenceLockDays} days no one can delete what is kept, not even root.`,
        ]
      : []),
    ...(evidenceBucketOwner === ''
      ? []
      : [
          `Note: the bucket ${evidenceBucket} is of ${evidenceBucketOwner}: put the policy there that is the output EvidenceBucketPolicyToPut.`,
        ]),
  ];
}
