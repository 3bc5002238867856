import { GetBucketEncryptionCommand, paginateListBuckets, type S3Client } from '@aws-sdk/client-s3';
import { isFailure } from '../../core/errors.ts';
import type { BucketEncryption, Seen, SeenBucket } from '../../core/evidence/snapshot.ts';
import { listed, present } from '../../core/present.ts';
import type { Aws } from '../clients.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { required } from '../observe.ts';
import { s3Client } from '../s3.ts';
import { type Inspection, tryRead } from './try-read.ts';

/** No bulk form exists: one call a bucket. */
const CONCURRENCY = 8;

/** Every general purpose bucket of the account; directory, table and vector buckets are in other lists. */
export async function seeBuckets(inspection: Inspection): Promise<Seen<SeenBucket[]>> {
  const found = await tryRead(inspection, () => listBuckets(inspection.aws));
  if (!found.isSeen) return found;
  const clients = clientsByRegion(inspection.aws);
  const read = async (bucket: Omit<SeenBucket, 'encryption'>): Promise<SeenBucket> => {
    const encryption = await tryRead(inspection, () => encryptionOf(clients(bucket.region), bucket.name));
    return { ...bucket, encryption };
  };
  return { isSeen: true, value: await mapConcurrently(found.value, read, CONCURRENCY) };
}

async function listBuckets(aws: Aws): Promise<Omit<SeenBucket, 'encryption'>[]> {
  const client = s3Client(aws.clientOf);
  const buckets: Omit<SeenBucket, 'encryption'>[] = [];
  // Without a length of pages the answer has no Regions.
  for await (const { Buckets = [] } of paginateListBuckets({ client, pageSize: 1_000 }, { MaxBuckets: 1_000 })) {
    for (const { Name, BucketRegion, CreationDate } of Buckets) {
      buckets.push({
        name: required(Name, 's3:ListAllMyBuckets', 'Name'),
        region: BucketRegion ?? 'us-east-1',
        createdAt: required(CreationDate, 's3:ListAllMyBuckets', 'CreationDate').getTime(),
      });
    }
  }
  return buckets;
}

/** A bucket answers in its own Region alone; where the list was wrong about it, once more where S3 says. */
function clientsByRegion(aws: Aws): (region: string) => S3Client {
  const clients = new Map<string, S3Client>();
  return (region) => {
    const client = clients.get(region) ?? s3Client(aws.clientOf, { region, followRegionRedirects: true });
    clients.set(region, client);
    return client;
  };
}

async function encryptionOf(s3: S3Client, name: string): Promise<BucketEncryption | 'gone' | 'none'> {
  try {
    const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket: name }));
    const rule = ServerSideEncryptionConfiguration?.Rules?.[0];
    const byDefault = rule?.ApplyServerSideEncryptionByDefault;
    if (byDefault?.SSEAlgorithm === undefined) return 'none';
    return {
      algorithm: byDefault.SSEAlgorithm,
      ...present({ kmsKeyId: byDefault.KMSMasterKeyID }),
      bucketKey: rule?.BucketKeyEnabled === true,
      blockedTypes: listed(rule?.BlockedEncryptionTypes?.EncryptionType),
    };
  } catch (error) {
    if (isFailure(error, 'NoSuchBucket')) return 'gone';
    if (isFailure(error, 'ServerSideEncryptionConfigurationNotFoundError')) return 'none';
    throw error;
  }
}
