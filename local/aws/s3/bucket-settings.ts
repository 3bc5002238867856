import { AwsError } from '../errors.ts';
import { isPublic } from '../policies/resource-policy.ts';
import type { CallContext, OperationsOn } from '../service.ts';
import { type Bucket, type BucketStore, bucketFor } from './s3-state.ts';
import type { S3Answer } from './s3-wire.ts';

type Content = Readonly<Record<string, unknown>>;

interface Setting {
  readonly action: string;
  readonly root: string;
  /** Undefined where the bucket has none. */
  readonly of: (bucket: Bucket) => Content | undefined;
  /** The code of the 404 that AWS answers then. */
  readonly absent: string;
}

const settings: Readonly<Record<string, Setting>> = {
  GetBucketVersioning: {
    action: 's3:GetBucketVersioning',
    root: 'VersioningConfiguration',
    of: ({ isVersioned }) => (isVersioned ? { Status: 'Enabled' } : {}),
    absent: 'NoSuchBucket',
  },
  GetBucketEncryption: {
    action: 's3:GetEncryptionConfiguration',
    root: 'ServerSideEncryptionConfiguration',
    of: (bucket) => bucket.settings.encryption,
    absent: 'ServerSideEncryptionConfigurationNotFoundError',
  },
  GetPublicAccessBlock: {
    action: 's3:GetBucketPublicAccessBlock',
    root: 'PublicAccessBlockConfiguration',
    of: (bucket) => bucket.settings.publicAccessBlock,
    absent: 'NoSuchPublicAccessBlockConfiguration',
  },
  GetBucketPolicyStatus: {
    action: 's3:GetBucketPolicyStatus',
    root: 'PolicyStatus',
    of: ({ policy }) => (policy === undefined ? undefined : { IsPublic: isPublic(policy) }),
    absent: 'NoSuchBucketPolicy',
  },
  GetBucketLifecycleConfiguration: {
    action: 's3:GetLifecycleConfiguration',
    root: 'LifecycleConfiguration',
    of: (bucket) => bucket.settings.lifecycle,
    absent: 'NoSuchLifecycleConfiguration',
  },
  GetObjectLockConfiguration: {
    action: 's3:GetBucketObjectLockConfiguration',
    root: 'ObjectLockConfiguration',
    of: lockOf,
    absent: 'ObjectLockConfigurationNotFoundError',
  },
};

function lockOf({ objectLock }: Bucket): Content | undefined {
  if (objectLock === undefined) return undefined;
  if (objectLock === 'without-default') return { ObjectLockEnabled: 'Enabled' };
  const { mode, days } = objectLock;
  return { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: mode, Days: days } } };
}

function noSuch(code: string): AwsError {
  return new AwsError(404, code, 'The specified configuration does not exist.');
}

/** What is asked about a bucket itself. */
export const settingOperations: OperationsOn<BucketStore> = {
  ...Object.fromEntries(
    Object.entries(settings).map(([operation, { action, root, of, absent }]) => [
      operation,
      (store: BucketStore, input: Content, context: CallContext): S3Answer => {
        const content = of(bucketFor(store, input, { action }, context));
        if (content === undefined) throw noSuch(absent);
        return { xml: [root, content] };
      },
    ]),
  ),

  GetBucketPolicy(store, input, context): S3Answer {
    const { policy } = bucketFor(store, input, { action: 's3:GetBucketPolicy' }, context);
    if (policy === undefined) throw noSuch('NoSuchBucketPolicy');
    return { headers: { 'content-type': 'application/json' }, body: policy.document };
  },
};
