// local/aws/s3/s3.ts, local/aws/s3/s3-state.ts, local/aws/s3/s3-objects.ts, local/aws/s3/s3-lists.ts,
// local/aws/s3/s3-wire.ts, local/aws/s3/bucket-settings.ts

import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { createLocalAws, type LocalAws, type LocalAwsOptions } from '../../../local/aws/aws.ts';
import { DAY } from '../../../local/aws/clock.ts';
import { operatorCredentials } from '../../../local/aws/principals.ts';
import type { NewBucket } from '../../../local/aws/s3/s3.ts';
import { startServer } from '../../../local/aws/server.ts';
import { refusal } from './clients.ts';

// s3-wire.ts, s3-state.ts, s3-objects.ts, s3-lists.ts and bucket-settings.ts, by the real client.

const Bucket = 'evidence';
const config = { region: 'eu-west-1', maxAttempts: 1, credentials: operatorCredentials };

function setUp(bucket: Partial<NewBucket> = { isVersioned: true }, options: LocalAwsOptions = {}) {
  const aws = createLocalAws(options);
  aws.s3.addBucket({ name: Bucket, ...bucket });
  const { requestHandler } = aws.connect('test');
  const s3 = new S3Client({ ...config, requestHandler });
  return { aws, requestHandler, s3, put: putTo(s3) };
}

function putTo(s3: S3Client) {
  return (Key: string, Body = Key, more: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
}

const versionsIn = (aws: LocalAws, key: string) => aws.s3.versions(Bucket).filter((version) => version.key === key);

test('what is put is got again, with its checksum, and shown by HEAD', async () => {
  const { s3, put } = setUp();
  const { VersionId, ChecksumSHA256 } = await put('a/b', 'größer', {
    ChecksumAlgorithm: 'SHA256',
    ContentType: 'text/plain',
  });
  expect(ChecksumSHA256).toBe(createHash('sha256').update('größer').digest('base64'));
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'a/b' }));
  expect(await got.Body?.transformToString()).toBe('größer');
  expect(got).toMatchObject({ VersionId, ChecksumSHA256, ContentType: 'text/plain', ContentLength: 8 });
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'a/b', ChecksumMode: 'ENABLED' }));
  expect(head).toMatchObject({ VersionId, ChecksumSHA256, ContentLength: 8 });
  expect((await refusal(s3.send(new GetObjectCommand({ Bucket, Key: 'a' })))).name).toBe('NoSuchKey');
  expect((await refusal(s3.send(new HeadObjectCommand({ Bucket, Key: 'a' })))).name).toBe('NotFound');
});

test('it works over a socket, in bytes', async () => {
  const { aws } = setUp();
  const server = await startServer(aws);
  const s3 = new S3Client({ ...config, endpoint: server.url });
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  await s3.send(new PutObjectCommand({ Bucket, Key: 'bytes', Body: bytes, ChecksumAlgorithm: 'SHA256' }));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'bytes' }));
  expect(await Body?.transformToByteArray()).toEqual(bytes);
  await server.close();
});

test('a checksum that is not the body’s is refused', async () => {
  const { put, aws } = setUp();
  const wrong = createHash('sha256').update('other').digest('base64');
  expect((await refusal(put('a', 'a', { ChecksumSHA256: wrong }))).name).toBe('BadDigest');
  expect((await refusal(put('a', 'a', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }))).name).toBe('BadDigest');
  expect(aws.s3.versions(Bucket)).toEqual([]);
});

test('a conditional put is refused while there is one, and goes through over a delete marker', async () => {
  const { s3, put, aws } = setUp();
  const first = { IfNoneMatch: '*' };
  await put('a', '1', first);
  expect((await refusal(put('a', '2', first))).name).toBe('PreconditionFailed');
  await put('a', '3');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  await put('a', '4', first);
  expect(versionsIn(aws, 'a').map(({ body }) => body && Buffer.from(body).toString())).toEqual([
    '1',
    '3',
    undefined,
    '4',
  ]);
});

test('without versions the newest takes the place of the one before', async () => {
  const { s3, put, aws } = setUp({});
  await put('a', '1');
  await put('a', '2');
  expect(versionsIn(aws, 'a')).toHaveLength(1);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  expect(versionsIn(aws, 'a')).toEqual([]);
});

test('a locked version stays, unless somebody who may passes a governance lock', async () => {
  const { s3, put, aws } = setUp({ objectLock: { mode: 'GOVERNANCE', days: 400 } });
  const { VersionId } = await put('a', 'a', { ChecksumAlgorithm: 'SHA256' });
  const remove = (more = {}) => s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', VersionId, ...more }));
  expect((await refusal(remove())).name).toBe('AccessDenied');
  await remove({ BypassGovernanceRetention: true });
  expect(aws.s3.versions(Bucket)).toEqual([]);
});

test.each([
  ['compliance', { objectLock: { mode: 'COMPLIANCE', days: 1 } }],
  [
    'governance, with a policy that denies the bypass',
    {
      objectLock: { mode: 'GOVERNANCE', days: 1 },
      policy: {
        Statement: [
          {
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:BypassGovernanceRetention',
            Resource: `arn:aws:s3:::${Bucket}/*`,
          },
        ],
      },
    },
  ],
] as const)('nobody passes a lock of %s before its end', async (_, bucket) => {
  const { s3, put, aws } = setUp(bucket);
  const { VersionId } = await put('a', 'a', { ChecksumAlgorithm: 'SHA256' });
  const remove = () =>
    s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', VersionId, BypassGovernanceRetention: true }));
  expect((await refusal(remove())).name).toBe('AccessDenied');
  aws.clock.advance(DAY);
  await remove();
  expect(aws.s3.versions(Bucket)).toEqual([]);
});

test('a lock wants a checksum', async () => {
  const { aws, requestHandler } = setUp({ objectLock: { mode: 'GOVERNANCE', days: 1 } });
  const s3 = new S3Client({ ...config, requestHandler, requestChecksumCalculation: 'WHEN_REQUIRED' });
  expect((await refusal(putTo(s3)('a'))).name).toBe('InvalidRequest');
  expect(aws.s3.versions(Bucket)).toEqual([]);
});

test('a policy may demand the condition, and say who puts where', async () => {
  const policy = {
    Statement: [
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${Bucket}/*`,
        Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
      },
      { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', NotResource: [`arn:aws:s3:::${Bucket}/in/*`] },
    ],
  };
  const { put } = setUp({ policy });
  await put('in/a', 'a', { IfNoneMatch: '*' });
  expect((await refusal(put('in/b'))).name).toBe('AccessDenied');
  expect((await refusal(put('out/a', 'a', { IfNoneMatch: '*' }))).name).toBe('AccessDenied');
});

test('lists come in pages, in the order of keys', async () => {
  const { s3, put } = setUp({ isVersioned: true }, { pageSize: 2 });
  for (const key of ['c', 'a/2', 'b', 'a/1', 'a/3']) await put(key);
  const list = async (more = {}) => {
    const { Contents, NextContinuationToken, CommonPrefixes } = await s3.send(
      new ListObjectsV2Command({ Bucket, ...more }),
    );
    return {
      keys: Contents?.map(({ Key }) => Key),
      next: NextContinuationToken,
      prefixes: CommonPrefixes?.map(({ Prefix }) => Prefix),
    };
  };
  expect(await list()).toMatchObject({ keys: ['a/1', 'a/2'], next: 'a/2' });
  expect(await list({ ContinuationToken: 'a/2' })).toMatchObject({ keys: ['a/3', 'b'] });
  expect(await list({ ContinuationToken: 'b' })).toEqual({ keys: ['c'], next: undefined, prefixes: undefined });
  expect(await list({ Prefix: 'a/', StartAfter: 'a/1' })).toMatchObject({ keys: ['a/2', 'a/3'] });
  expect(await list({ Delimiter: '/', MaxKeys: 1 })).toMatchObject({ keys: undefined, prefixes: ['a/'] });
});

test('versions and markers are listed newest first, in pages', async () => {
  const { s3, put } = setUp({ isVersioned: true }, { pageSize: 2 });
  await put('a', '1');
  await put('a', '22');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  await put('b');
  const seen: string[] = [];
  let marker = {};
  for (;;) {
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket, ...marker }));
    for (const { Key, IsLatest } of page.DeleteMarkers ?? []) seen.push(`${Key} marker ${IsLatest}`);
    for (const { Key, IsLatest, Size } of page.Versions ?? []) seen.push(`${Key} ${Size} ${IsLatest}`);
    if (!page.IsTruncated) break;
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
  expect(seen).toEqual(['a marker true', 'a 2 false', 'a 1 false', 'b 1 true']);
});

test('buckets are listed with their Regions, and are met only there, by their owner’s number', async () => {
  const { aws, s3 } = setUp();
  aws.s3.addBucket({ name: 'elsewhere', region: 'us-east-1' });
  aws.s3.addBucket({ name: 'theirs', ownerId: '999999999999' });
  const { Buckets } = await s3.send(new ListBucketsCommand({}));
  expect(Buckets?.map(({ Name, BucketRegion }) => [Name, BucketRegion])).toEqual([
    ['elsewhere', 'us-east-1'],
    [Bucket, 'eu-west-1'],
  ]);
  const elsewhere = await refusal(s3.send(new GetBucketEncryptionCommand({ Bucket: 'elsewhere' })));
  expect(elsewhere.name).toBe('PermanentRedirect');
  const wrong = new ListObjectsV2Command({ Bucket: 'theirs', ExpectedBucketOwner: aws.accountId });
  expect((await refusal(s3.send(wrong))).name).toBe('AccessDenied');
  await s3.send(new HeadBucketCommand({ Bucket: 'theirs', ExpectedBucketOwner: '999999999999' }));
  expect((await refusal(s3.send(new ListObjectsV2Command({ Bucket: 'nowhere' })))).name).toBe('NoSuchBucket');
});

test('a bucket’s settings are as AWS makes them, or as they were given', async () => {
  const policy = { Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::none/*' }] };
  const { s3, aws } = setUp({ objectLock: { mode: 'GOVERNANCE', days: 400 }, policy });
  const at = { Bucket };
  expect(await s3.send(new GetBucketVersioningCommand(at))).toMatchObject({ Status: 'Enabled' });
  expect(await s3.send(new GetObjectLockConfigurationCommand(at))).toMatchObject({
    ObjectLockConfiguration: {
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 400 } },
    },
  });
  expect(await s3.send(new GetBucketEncryptionCommand(at))).toMatchObject({
    ServerSideEncryptionConfiguration: {
      Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false }],
    },
  });
  expect(await s3.send(new GetPublicAccessBlockCommand(at))).toMatchObject({
    PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
  });
  expect(await s3.send(new GetBucketPolicyStatusCommand(at))).toMatchObject({ PolicyStatus: { IsPublic: false } });
  expect((await s3.send(new GetBucketPolicyCommand(at))).Policy).toBe(JSON.stringify(policy));
  expect((await refusal(s3.send(new GetBucketLifecycleConfigurationCommand(at)))).name).toBe(
    'NoSuchLifecycleConfiguration',
  );
  aws.s3.addBucket({ name: 'plain' });
  expect((await refusal(s3.send(new GetBucketPolicyCommand({ Bucket: 'plain' })))).name).toBe('NoSuchBucketPolicy');
});

test('who tampers needs no permission, and leaves what a tamperer leaves', async () => {
  const { aws, put } = setUp({ objectLock: { mode: 'COMPLIANCE', days: 400 } });
  await put('a', 'a', { ChecksumAlgorithm: 'SHA256' });
  aws.s3.put(Bucket, 'a', 'forged');
  aws.s3.put(Bucket, 'a', undefined);
  expect(versionsIn(aws, 'a')).toHaveLength(3);
  aws.s3.destroy(Bucket, 'a');
  expect(versionsIn(aws, 'a')).toEqual([]);
});
