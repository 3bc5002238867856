import { type Input, optionalInteger, optionalText } from '../input.ts';
import type { OperationsOn } from '../service.ts';
import { type Bucket, type BucketStore, bucketFor, currentOf, type StoredVersion } from './s3-state.ts';
import type { S3Answer } from './s3-wire.ts';

const longestPage = 1_000;
const longestBucketPage = 10_000;

function pageLength({ environment: { pageSize } }: BucketStore, input: Input): number {
  return Math.min(optionalInteger(input, 'MaxKeys', 0, 2 ** 31) ?? longestPage, longestPage, pageSize ?? longestPage);
}

/** Keys in the order in which S3 lists them: by their bytes. */
function keysOf(bucket: Bucket, prefix: string): string[] {
  return [...bucket.versions.keys()].filter((key) => key.startsWith(prefix)).sort();
}

/** The part of a key up to the delimiter behind the prefix; undefined if there is none. */
function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

function summary({ key, at, etag, body, checksum }: StoredVersion) {
  return {
    Key: key,
    LastModified: new Date(at).toISOString(),
    ETag: etag,
    ChecksumAlgorithm: checksum?.[0].replace('x-amz-checksum-', '').toUpperCase(),
    Size: body?.length ?? 0,
    StorageClass: 'STANDARD',
  };
}

/** Items of a page, those behind a common prefix once as that prefix. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string, { Prefix, Delimiter }: Input) {
  const [prefix, delimiter] = [String(Prefix ?? ''), String(Delimiter ?? '')];
  const prefixes = new Set<string>();
  const alone = items.filter((item) => {
    const common = commonPrefix(keyOf(item), prefix, delimiter);
    if (common !== undefined) prefixes.add(common);
    return common === undefined;
  });
  return { alone, CommonPrefixes: [...prefixes].map((each) => ({ Prefix: each })) };
}

export const listOperations: OperationsOn<BucketStore> = {
  ListBuckets(store, input): S3Answer {
    const { accountId, pageSize = longestBucketPage } = store.environment;
    const prefix = optionalText(input, 'Prefix') ?? '';
    const region = optionalText(input, 'BucketRegion');
    const own = [...store.buckets.values()]
      .filter((bucket) => bucket.ownerId === accountId && bucket.name.startsWith(prefix))
      .filter((bucket) => region === undefined || bucket.region === region)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const from = Number(optionalText(input, 'ContinuationToken') ?? 0);
    const wanted = optionalInteger(input, 'MaxBuckets', 1, longestBucketPage);
    const end = from + Math.min(wanted ?? longestBucketPage, pageSize);
    const Bucket = own.slice(from, end).map((bucket) => ({
      Name: bucket.name,
      CreationDate: new Date(bucket.createdAt).toISOString(),
      BucketRegion: bucket.region,
    }));
    const ContinuationToken = end < own.length ? String(end) : undefined;
    return { xml: ['ListAllMyBucketsResult', { Owner: { ID: accountId }, Buckets: { Bucket }, ContinuationToken }] };
  },

  HeadBucket(store, input, context): S3Answer {
    const { region } = bucketFor(store, input, { action: 's3:ListBucket' }, context);
    return { headers: { 'x-amz-bucket-region': region } };
  },

  ListObjectsV2(store, input, context): S3Answer {
    const bucket = bucketFor(store, input, { action: 's3:ListBucket' }, context);
    const prefix = optionalText(input, 'Prefix') ?? '';
    const after = optionalText(input, 'ContinuationToken') ?? optionalText(input, 'StartAfter') ?? '';
    const all = keysOf(bucket, prefix).flatMap((key) => (key > after ? (currentOf(bucket, key) ?? []) : []));
    const items = all.slice(0, pageLength(store, input));
    const { alone, CommonPrefixes } = grouped(items, ({ key }) => key, input);
    const isTruncated = items.length < all.length;
    const content = {
      Name: bucket.name,
      Prefix: prefix,
      KeyCount: alone.length + CommonPrefixes.length,
      MaxKeys: longestPage,
      IsTruncated: isTruncated,
      Contents: alone.map(summary),
      CommonPrefixes,
      NextContinuationToken: isTruncated ? items.at(-1)?.key : undefined,
    };
    return { xml: ['ListBucketResult', content] };
  },

  ListObjectVersions(store, input, context): S3Answer {
    const bucket = bucketFor(store, input, { action: 's3:ListBucketVersions' }, context);
    const prefix = optionalText(input, 'Prefix') ?? '';
    const [keyMarker, versionMarker] = [optionalText(input, 'KeyMarker'), optionalText(input, 'VersionIdMarker')];
    // Newest first, within each key.
    const listed = keysOf(bucket, prefix).flatMap((key) => {
      const versions = (bucket.versions.get(key) ?? []).toReversed();
      return versions.map((version, index) => ({ version, isLatest: index === 0 }));
    });
    const begin = listed.findLastIndex(
      ({ version }) =>
        keyMarker !== undefined &&
        (version.key < keyMarker ||
          (version.key === keyMarker && (versionMarker === undefined || version.versionId === versionMarker))),
    );
    const rest = listed.slice(begin + 1);
    const items = rest.slice(0, pageLength(store, input));
    const { alone, CommonPrefixes } = grouped(items, ({ version }) => version.key, input);
    const shown = alone.map(({ version, isLatest }) => ({
      ...summary(version),
      VersionId: version.versionId,
      IsLatest: isLatest,
    }));
    const isMarker = (_: unknown, index: number) => alone[index]?.version.body === undefined;
    const isTruncated = items.length < rest.length;
    const last = items.at(-1)?.version;
    const content = {
      Name: bucket.name,
      Prefix: prefix,
      MaxKeys: longestPage,
      IsTruncated: isTruncated,
      Version: shown.filter((item, index) => !isMarker(item, index)),
      DeleteMarker: shown.filter(isMarker).map(({ Key, VersionId, IsLatest, LastModified }) => ({
        Key,
        VersionId,
        IsLatest,
        LastModified,
      })),
      CommonPrefixes,
      ...(isTruncated && { NextKeyMarker: last?.key, NextVersionIdMarker: last?.versionId }),
    };
    return { xml: ['ListVersionsResult', content] };
  },
};
