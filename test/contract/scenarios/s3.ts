import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  type DeleteObjectCommandInput,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { scenario } from '../scenario.ts';
import type { Side } from '../side.ts';

const Bucket = 'keyturn-contract';
const Key = 'a/1';

const versioned = (side: Side) => side.bucket({ name: Bucket, isVersioned: true });
const locked = (side: Side) => side.bucket({ name: Bucket, lockDays: 1 });

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64');

async function put({ s3 }: Side, more: Partial<PutObjectCommandInput> = {}) {
  const done = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'one', ChecksumAlgorithm: 'SHA256', ...more }));
  return { ETag: done.ETag, ChecksumSHA256: done.ChecksumSHA256, VersionId: done.VersionId };
}

/** Versions are called at random: whether there is one. */
async function puts(side: Side, more: Partial<PutObjectCommandInput> = {}) {
  const { VersionId, ...done } = await put(side, more);
  return { ...done, isVersion: VersionId !== undefined };
}

async function get({ s3 }: Side, more: Partial<GetObjectCommandInput> = {}) {
  const { Body, ETag, ContentType, ChecksumSHA256 } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { text: await Body?.transformToString(), ETag, ContentType, ChecksumSHA256 };
}

async function remove({ s3 }: Side, more: Partial<DeleteObjectCommandInput> = {}) {
  const { DeleteMarker, VersionId } = await s3.send(new DeleteObjectCommand({ Bucket, Key, ...more }));
  return { DeleteMarker, VersionId };
}

async function versions({ s3 }: Side) {
  const { Versions = [], DeleteMarkers = [], IsTruncated } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  return {
    versions: Versions.map(({ Key, ETag, IsLatest, Size }) => ({ Key, ETag, IsLatest, Size })),
    markers: DeleteMarkers.map(({ Key, IsLatest }) => ({ Key, IsLatest })),
    IsTruncated,
  };
}

async function list({ s3 }: Side, more: Partial<ListObjectsV2CommandInput> = {}) {
  const page = await s3.send(new ListObjectsV2Command({ Bucket, ...more }));
  return {
    keys: page.Contents?.map(({ Key, Size, ETag }) => ({ Key, Size, ETag })),
    prefixes: page.CommonPrefixes?.map(({ Prefix }) => Prefix),
    count: page.KeyCount,
    isTruncated: page.IsTruncated,
    token: page.NextContinuationToken,
  };
}

async function four(side: Side): Promise<void> {
  await versioned(side);
  for (const each of ['b/3', 'a/2', 'a/1', 'c']) await put(side, { Key: each });
}

/** Two versions under a delete marker: their IDs. */
async function covered(side: Side) {
  await versioned(side);
  const first = await put(side);
  await put(side, { Body: 'two' });
  return { first: first.VersionId, marker: (await remove(side)).VersionId };
}

async function lockedVersion(side: Side) {
  await locked(side);
  return (await put(side)).VersionId;
}

const objects = [
  scenario('PutObject', { given: versioned, call: (side) => puts(side), after: (side) => get(side) }),
  scenario('PutObject into no bucket', { call: (side) => puts(side) }),
  scenario('PutObject where nothing is', {
    given: versioned,
    call: (side) => puts(side, { IfNoneMatch: '*' }),
    after: versions,
  }),
  scenario('PutObject where something is', {
    given: async (side) => {
      await versioned(side);
      await put(side);
    },
    call: (side) => puts(side, { IfNoneMatch: '*', Body: 'two' }),
    after: versions,
  }),
  scenario('PutObject where a delete marker is', {
    given: covered,
    call: (side) => puts(side, { IfNoneMatch: '*' }),
    after: versions,
  }),
  scenario('PutObject with its checksum', {
    given: versioned,
    call: (side) => puts(side, { ChecksumSHA256: sha256('one') }),
    after: (side) => get(side, { ChecksumMode: 'ENABLED' }),
  }),
  scenario('PutObject with the checksum of something else', {
    given: versioned,
    call: (side) => puts(side, { ChecksumSHA256: sha256('two') }),
    after: versions,
  }),
  scenario('PutObject into the bucket of another account', {
    given: versioned,
    call: (side) => puts(side, { ExpectedBucketOwner: '999999999999' }),
    after: versions,
  }),
  scenario('GetObject that is not there', { given: versioned, call: (side) => get(side) }),
  scenario('GetObject under a delete marker', { given: covered, call: (side) => get(side) }),
  scenario('GetObject, a version under a delete marker', {
    given: covered,
    call: (side, { first }) => get(side, { VersionId: first }),
  }),
  scenario('GetObject, a delete marker', {
    given: covered,
    call: (side, { marker }) => get(side, { VersionId: marker }),
  }),
  scenario('HeadObject', {
    given: async (side) => {
      await versioned(side);
      await put(side);
    },
    call: async ({ s3 }) => {
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      return { ETag: head.ETag, ChecksumSHA256: head.ChecksumSHA256, ContentLength: head.ContentLength };
    },
  }),
  scenario('HeadObject that is not there', {
    given: versioned,
    call: ({ s3 }) => s3.send(new HeadObjectCommand({ Bucket, Key })),
  }),
  scenario('DeleteObject puts a marker', {
    given: async (side) => {
      await versioned(side);
      await put(side);
    },
    call: async (side) => (await remove(side)).DeleteMarker,
    after: versions,
  }),
  scenario('DeleteObject of a version that is locked', {
    given: lockedVersion,
    call: async (side, VersionId) => (await remove(side, { VersionId })).DeleteMarker,
    after: versions,
  }),
  scenario('DeleteObject of a version that is locked, by who may pass', {
    given: lockedVersion,
    call: async (side, VersionId) => (await remove(side, { VersionId, BypassGovernanceRetention: true })).DeleteMarker,
    after: versions,
  }),
];

const lists = [
  scenario('ListObjectVersions, markers among them', { given: covered, call: versions }),
  scenario('ListObjectsV2', { given: four, call: (side) => list(side) }),
  scenario('ListObjectsV2 below a prefix', { given: four, call: (side) => list(side, { Prefix: 'a/' }) }),
  scenario('ListObjectsV2 of nothing', { given: versioned, call: (side) => list(side) }),
  scenario('ListObjectsV2 by folders', { given: four, call: (side) => list(side, { Delimiter: '/' }) }),
  scenario('ListObjectsV2 by pages', {
    given: four,
    call: async (side) => {
      const { token, ...first } = await list(side, { MaxKeys: 3 });
      const { token: more, ...second } = await list(side, { MaxKeys: 3, ContinuationToken: token });
      return [first, second, more];
    },
  }),
  scenario('ListBuckets', {
    given: versioned,
    call: async ({ s3 }) =>
      (await s3.send(new ListBucketsCommand({ MaxBuckets: 10 }))).Buckets?.map(({ Name, BucketRegion }) => ({
        Name,
        BucketRegion,
      })),
  }),
];

const settings = [
  scenario('HeadBucket', {
    given: versioned,
    call: async ({ s3 }) => (await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion,
  }),
  scenario('HeadBucket that is not there', { call: ({ s3 }) => s3.send(new HeadBucketCommand({ Bucket })) }),
  scenario('GetBucketVersioning', {
    given: versioned,
    call: ({ s3 }) => s3.send(new GetBucketVersioningCommand({ Bucket })),
  }),
  scenario('GetBucketVersioning of a bucket without', {
    given: (side) => side.bucket({ name: Bucket }),
    call: ({ s3 }) => s3.send(new GetBucketVersioningCommand({ Bucket })),
  }),
  scenario('GetBucketEncryption of a new bucket', {
    given: versioned,
    call: ({ s3 }) => s3.send(new GetBucketEncryptionCommand({ Bucket })),
  }),
  scenario('GetPublicAccessBlock of a new bucket', {
    given: versioned,
    call: ({ s3 }) => s3.send(new GetPublicAccessBlockCommand({ Bucket })),
  }),
  scenario('GetBucketPolicy of a bucket without', {
    given: versioned,
    call: ({ s3 }) => s3.send(new GetBucketPolicyCommand({ Bucket })),
  }),
  scenario('GetBucketPolicyStatus of a bucket without a policy', {
    given: versioned,
    call: ({ s3 }) => s3.send(new GetBucketPolicyStatusCommand({ Bucket })),
  }),
  scenario('GetBucketLifecycleConfiguration of a bucket without', {
    given: versioned,
    call: ({ s3 }) => s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
  }),
  scenario('GetObjectLockConfiguration', {
    given: locked,
    call: ({ s3 }) => s3.send(new GetObjectLockConfigurationCommand({ Bucket })),
  }),
  scenario('GetObjectLockConfiguration of a bucket without', {
    given: versioned,
    call: ({ s3 }) => s3.send(new GetObjectLockConfigurationCommand({ Bucket })),
  }),
];

/** The bucket of evidence: one put under each key, versions, markers, the lock, and what says how it is kept. */
export const s3Scenarios = [...objects, ...lists, ...settings];
