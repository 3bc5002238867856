import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { ClientMaker } from './clients.ts';

/** Operations that are permitted by another name: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html */
const ACTIONS = {
  GetBucketEncryption: 'GetEncryptionConfiguration',
  GetBucketLifecycleConfiguration: 'GetLifecycleConfiguration',
  GetObjectLockConfiguration: 'GetBucketObjectLockConfiguration',
  GetPublicAccessBlock: 'GetBucketPublicAccessBlock',
  HeadObject: 'GetObject',
  ListBuckets: 'ListAllMyBuckets',
  ListObjectVersions: 'ListBucketVersions',
  ListObjectsV2: 'ListBucket',
};

/** A client of S3 whose failures name the permission that is missing. */
export function s3Client(
  clientOf: ClientMaker,
  options: Pick<S3ClientConfig, 'region' | 'followRegionRedirects'> = {},
) {
  return clientOf((given) => new S3Client({ ...given, ...options }), ACTIONS);
}
