import { parsePolicy } from '../policies/resource-policy.ts';
import { createRandom, hash } from '../random.ts';
import type { UserDirectory } from '../secrets-manager/secret-policies.ts';
import { type Environment, type Operations, operationsOn } from '../service.ts';
import { settingOperations } from './bucket-settings.ts';
import { listOperations } from './s3-lists.ts';
import { objectOperations } from './s3-objects.ts';
import { addVersion, type Bucket, type BucketStore, type StoredVersion } from './s3-state.ts';

/** A bucket as somebody made it; what is not said is as AWS makes one. */
export interface NewBucket {
  readonly name: string;
  readonly region?: string;
  readonly ownerId?: string;
  readonly isVersioned?: boolean;
  readonly objectLock?: Bucket['objectLock'];
  /** A document, or the value that it is the JSON of. */
  readonly policy?: unknown;
  readonly settings?: Bucket['settings'];
}

/** S3 as this service uses it. https://docs.aws.amazon.com/AmazonS3/latest/API/ */
export interface S3 {
  readonly operations: Operations;
  /** A new bucket, or the same with other settings: what is in it stays. */
  addBucket(bucket: NewBucket): void;
  removeBucket(name: string): void;
  /** Every version and marker in the bucket, by key, oldest first. */
  versions(bucket: string): StoredVersion[];
  /** What somebody does who is stopped by no policy and no lock: it is no call. Undefined puts a delete marker. */
  put(bucket: string, key: string, body: string | Uint8Array | undefined): void;
  /** Likewise: every version of the key is gone. */
  destroy(bucket: string, key: string): void;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html and access-control-block-public-access.html */
const asMade: Bucket['settings'] = {
  encryption: { Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false } },
  publicAccessBlock: {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  },
};

/** Its version IDs are of its own, so that they leave the identifiers of the other services as they are. */
export function createS3(environment: Environment, users: UserDirectory, seed: number): S3 {
  const random = createRandom(hash(`s3 ${seed}`));
  const store: BucketStore = { environment: { ...environment, random }, buckets: new Map() };

  function existing(name: string): Bucket {
    const bucket = store.buckets.get(name);
    if (bucket === undefined) throw new Error(`The local AWS has no bucket ${name}.`);
    return bucket;
  }

  return {
    operations: operationsOn(store, { ...objectOperations, ...listOperations, ...settingOperations }),
    addBucket({ name, region, ownerId, isVersioned, objectLock, policy, settings = {} }) {
      const document = typeof policy === 'string' ? policy : JSON.stringify(policy);
      const before = store.buckets.get(name);
      store.buckets.set(name, {
        name,
        region: region ?? environment.region,
        ownerId: ownerId ?? environment.accountId,
        createdAt: before?.createdAt ?? environment.clock.now(),
        isVersioned: isVersioned ?? objectLock !== undefined,
        objectLock,
        policy: policy === undefined ? undefined : parsePolicy(document, users.userIdOf),
        settings: { ...asMade, ...settings },
        versions: before?.versions ?? new Map(),
      });
    },
    removeBucket: (name) => void store.buckets.delete(name),
    versions: (name) => [...existing(name).versions].flatMap(([, versions]) => versions),
    put(name, key, body) {
      const at = environment.clock.now();
      addVersion(store, existing(name), { key, at, body: typeof body === 'string' ? Buffer.from(body) : body });
    },
    destroy: (name, key) => void existing(name).versions.delete(key),
  };
}
