import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isFailure } from '../../core/errors.ts';
import {
  type ChainEnd,
  type ChainFile,
  chainKey,
  chainNumber,
  follows,
  parseChainFile,
} from '../../core/evidence/chain.ts';
import type { Aws } from '../clients.ts';
import { required } from '../observe.ts';
import { s3Client } from '../s3.ts';

/** The evidence of a bucket as it is read: one client, and the account that the bucket is expected to belong to. */
export interface EvidenceReader {
  s3: S3Client;
  bucket: string;
  /** Undefined: whoever it belongs to, for somebody who verifies a bucket that they were given. */
  owner: string | undefined;
}

/** Of the deployment, whichever account its evidence is about. */
export function evidenceReader(aws: Pick<Aws, 'homeClientOf'>, place: Omit<EvidenceReader, 's3'>): EvidenceReader {
  return { s3: s3Client(aws.homeClientOf), ...place };
}

export function placeOf({ bucket, owner }: EvidenceReader): { Bucket: string; ExpectedBucketOwner?: string } {
  return { Bucket: bucket, ...(owner !== undefined && { ExpectedBucketOwner: owner }) };
}

/** What is known of a key from its versions: how many, and whether a delete marker lies over them. */
export interface KeyVersions {
  count: number;
  isDeleted: boolean;
}

/** Every key below a prefix that ever had a version which is still there, delete markers among them. */
export async function listVersions(reader: EvidenceReader, prefix: string): Promise<Map<string, KeyVersions>> {
  const found = new Map<string, KeyVersions>();
  const note = (named: string | undefined, isDeleted: boolean): void => {
    const key = required(named, 's3:ListBucketVersions', 'Key');
    const { count, isDeleted: before } = found.get(key) ?? { count: 0, isDeleted: false };
    found.set(key, { count: count + 1, isDeleted: before || isDeleted });
  };
  let from: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (from !== undefined) {
    const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({
      ...placeOf(reader),
      Prefix: prefix,
      ...from,
    });
    const page: ListObjectVersionsCommandOutput = await reader.s3.send(command);
    for (const { Key } of page.Versions ?? []) note(Key, false);
    for (const { Key, IsLatest } of page.DeleteMarkers ?? []) note(Key, IsLatest === true);
    from = nextOf(page);
  }
  return found;
}

/** The SDK has no paginator for versions. */
function nextOf({ IsTruncated, NextKeyMarker, NextVersionIdMarker }: ListObjectVersionsCommandOutput) {
  if (IsTruncated !== true || NextKeyMarker === undefined) return undefined;
  return {
    KeyMarker: NextKeyMarker,
    ...(NextVersionIdMarker !== undefined && { VersionIdMarker: NextVersionIdMarker }),
  };
}

/** Keys below a prefix, in order. */
export async function listKeys(reader: EvidenceReader, prefix: string, limit?: number): Promise<string[]> {
  const keys: string[] = [];
  const more = limit === undefined ? {} : { MaxKeys: limit };
  for await (const { Contents = [] } of paginateListObjectsV2(
    { client: reader.s3 },
    { ...placeOf(reader), Prefix: prefix, ...more },
  )) {
    keys.push(...Contents.map(({ Key }) => required(Key, 's3:ListBucket', 'Key')));
    if (limit !== undefined && keys.length >= limit) break;
  }
  return keys;
}

/** The records of one UTC day, `2026-11-27`. */
export async function listDay(reader: EvidenceReader, accountId: string, day: string): Promise<string[]> {
  return listKeys(reader, `${accountId}/records/${day.replaceAll('-', '/')}/`);
}

/** The bytes under a key, or undefined if nothing is there. */
export async function readObject(reader: EvidenceReader, key: string): Promise<Uint8Array | undefined> {
  try {
    const { Body } = await reader.s3.send(new GetObjectCommand({ ...placeOf(reader), Key: key }));
    return await Body?.transformToByteArray();
  } catch (error) {
    if (isFailure(error, 'NoSuchKey')) return undefined;
    throw error;
  }
}

/** The SHA-256 that S3 keeps beside an object, in hex; undefined where it has none. */
export async function storedHash(reader: EvidenceReader, key: string): Promise<string | undefined> {
  const command = new HeadObjectCommand({ ...placeOf(reader), Key: key, ChecksumMode: 'ENABLED' });
  const { ChecksumSHA256 } = await reader.s3.send(command);
  return ChecksumSHA256 === undefined ? undefined : Buffer.from(ChecksumSHA256, 'base64').toString('hex');
}

async function readChainFile(reader: EvidenceReader, key: string): Promise<ChainFile | undefined> {
  const body = await readObject(reader, key);
  return body === undefined ? undefined : parseChainFile(key, Buffer.from(body).toString('utf8'));
}

/** Where the chain of an account ends, and what is not as it should be below `chain/`. */
export interface ChainFound extends ChainEnd {
  /** Deleted, written twice, or no part of the chain: sentences. */
  problems: string[];
}

/**
 * The newest digest that follows the one before it. Versions are asked for, so that a digest which somebody has covered
 * is not passed over. Two reads on an ordinary day.
 */
export async function headOf(reader: EvidenceReader, accountId: string): Promise<ChainFound> {
  const versions = await listVersions(reader, `${accountId}/chain/`);
  const numbers = [...versions.keys()].flatMap((key) => chainNumber(key) ?? []);
  const problems = [...versions].flatMap(([key, { count, isDeleted }]) => {
    if (isDeleted) return [`${key} has a delete marker.`];
    if (count > 1) return [`${key} has ${count} versions.`];
    return chainNumber(key) === undefined ? [`${key} is no digest.`] : [];
  });
  const newestFirst = numbers.toSorted((a, b) => b - a);
  let oldest: ChainFile | undefined;
  for (const number of newestFirst) {
    const key = chainKey(accountId, number);
    const file = await readChainFile(reader, key);
    const before = file?.digest.previous?.key;
    const previous = before === undefined ? undefined : await readChainFile(reader, before);
    if (file !== undefined && follows(file, previous)) return { head: file, used: numbers, problems };
    // After the lifecycle has taken all before it, a digest stands alone.
    oldest = file ?? oldest;
    problems.push(`${key} does not go on from a digest before it.`);
  }
  return { head: oldest, used: numbers, problems };
}
