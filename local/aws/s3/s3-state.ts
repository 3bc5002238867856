import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { DAY } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { type Input, optionalText, text } from '../input.ts';
import type { ResourcePolicy } from '../policies/resource-policy.ts';
import { evaluate } from '../policies/resource-policy.ts';
import { type CallContext, callerArn, type Environment } from '../service.ts';
import { WrongRegion } from './s3-wire.ts';

/** One version of an object, or a delete marker: that has no body. */
export interface StoredVersion {
  readonly key: string;
  readonly versionId: string;
  readonly at: number;
  readonly body: Uint8Array | undefined;
  readonly contentType: string;
  readonly etag: string;
  /** Header and value of the checksum that came with it. */
  readonly checksum: readonly [string, string] | undefined;
  readonly lock: { readonly mode: LockMode; readonly until: number } | undefined;
}

export type LockMode = 'GOVERNANCE' | 'COMPLIANCE';

export interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly ownerId: string;
  readonly createdAt: number;
  readonly isVersioned: boolean;
  /** Object Lock needs versioning. With days, each new version is locked for so many. */
  readonly objectLock: { readonly mode: LockMode; readonly days: number } | 'without-default' | undefined;
  readonly policy: ResourcePolicy | undefined;
  /** The other settings as XML below their roots, by what names them in the query: `encryption`. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** By key, oldest first. */
  readonly versions: Map<string, StoredVersion[]>;
}

/** The buckets of an account, and those of other accounts that it may use. */
export interface BucketStore {
  readonly environment: Environment;
  readonly buckets: Map<string, Bucket>;
}

export function denied(context: CallContext, action: string, resource: string, why: string): AwsError {
  const caller = callerArn(context.principal);
  return new AwsError(
    403,
    'AccessDenied',
    `User: ${caller} is not authorized to perform: ${action} on resource: "${resource}" ${why}`,
  );
}

/** What S3 tells a policy of a request, beside what every service does. */
interface Asked {
  readonly action: string;
  readonly key?: string;
  readonly facts?: Readonly<Record<string, string>>;
}

/** The bucket that a request names, if it is here, its owner's, and its policy denies nothing. */
export function bucketFor({ buckets }: BucketStore, input: Input, asked: Asked, context: CallContext): Bucket {
  const name = text(input, 'Bucket');
  const bucket = buckets.get(name);
  if (bucket === undefined) throw new AwsError(404, 'NoSuchBucket', 'The specified bucket does not exist');
  const { action, key, facts } = asked;
  const resource = `arn:aws:s3:::${name}${key === undefined ? '' : `/${key}`}`;
  const owner = optionalText(input, 'ExpectedBucketOwner');
  if (owner !== undefined && owner !== bucket.ownerId) throw new AwsError(403, 'AccessDenied', 'Access Denied');
  if (isDenied(bucket, { action, resource, facts }, context)) {
    throw denied(context, action, resource, 'with an explicit deny in a resource-based policy');
  }
  if (context.region !== undefined && context.region !== bucket.region) throw new WrongRegion(bucket.region);
  return bucket;
}

function isDenied(
  { policy }: Bucket,
  { action, resource, facts = {} }: { action: string; resource: string; facts?: Asked['facts'] },
  { principal, now }: CallContext,
): boolean {
  const context = { 'aws:SecureTransport': 'true', ...facts };
  return evaluate(policy, { principal, action, resource, now, context }) === 'denied';
}

/** Whether the bucket's policy lets the caller pass a governance lock. */
export function mayPassTheLock(bucket: Bucket, key: string, context: CallContext): boolean {
  const resource = `arn:aws:s3:::${bucket.name}/${key}`;
  return !isDenied(bucket, { action: 's3:BypassGovernanceRetention', resource }, context);
}

/** The newest version; a marker counts as none. */
export function currentOf(bucket: Bucket, key: string): StoredVersion | undefined {
  const newest = bucket.versions.get(key)?.at(-1);
  return newest?.body === undefined ? undefined : newest;
}

/** Adds a version as the bucket keeps them: without versioning it takes the place of the one before. */
export function addVersion(
  { environment: { random } }: BucketStore,
  bucket: Bucket,
  added: Pick<StoredVersion, 'key' | 'at' | 'body'> & Partial<StoredVersion>,
): StoredVersion {
  const { objectLock, isVersioned } = bucket;
  const { key, at, body } = added;
  const isLocked = body !== undefined && typeof objectLock === 'object';
  const version: StoredVersion = {
    contentType: 'application/octet-stream',
    checksum: undefined,
    etag: `"${createHash('md5')
      .update(body ?? '')
      .digest('hex')}"`,
    lock: isLocked ? { mode: objectLock.mode, until: at + objectLock.days * DAY } : undefined,
    ...added,
    versionId: isVersioned ? random.text(32) : 'null',
  };
  const before = isVersioned ? (bucket.versions.get(key) ?? []) : [];
  if (!isVersioned && body === undefined) bucket.versions.delete(key);
  else bucket.versions.set(key, [...before, version]);
  return version;
}

/** Every checksum that came with a body must be the body's. Header and value of the one to be kept. */
export function verifiedChecksum(input: Input, body: Uint8Array): readonly [string, string] | undefined {
  const checks = [
    ['ContentMD5', 'content-md5', (): Buffer => createHash('md5').update(body).digest()],
    ['ChecksumSHA256', 'x-amz-checksum-sha256', (): Buffer => createHash('sha256').update(body).digest()],
    ['ChecksumCRC32', 'x-amz-checksum-crc32', (): Buffer => crc32Of(body)],
  ] as const;
  let kept: readonly [string, string] | undefined;
  for (const [name, header, digest] of checks) {
    const given = optionalText(input, name);
    if (given === undefined) continue;
    if (given !== digest().toString('base64')) {
      throw new AwsError(400, 'BadDigest', `The ${header} you specified did not match what we received.`);
    }
    if (name !== 'ContentMD5') kept = [header, given];
  }
  return kept;
}

function crc32Of(body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes;
}
