import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import {
  type EvidenceReader,
  type KeyVersions,
  listKeys,
  listVersions,
  readObject,
} from '../../shared/aws/evidence/bucket.ts';
import { s3Client } from '../../shared/aws/s3.ts';
import { isFailure, RotationError } from '../../shared/core/errors.ts';
import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { connect } from '../deployed.ts';

/** Where evidence is: a bucket, or a folder that somebody has copied it to. */
export interface Place {
  /** Every key that is there, in order. */
  keys: readonly string[];
  /** Undefined where there are none to be seen: in a folder, or by somebody who may not list them. */
  versions: ReadonlyMap<string, KeyVersions> | undefined;
  /** There are versions, and they may not be listed. */
  hidesVersions: boolean;
  /** Undefined if it may not be read. */
  read(key: string): Promise<Uint8Array | undefined>;
}

export interface PlaceOptions extends SignInOptions {
  /** The account that the bucket is expected to belong to. */
  bucketOwner?: string;
}

/** Opens `s3://bucket` with the caller's own credentials; a folder needs none. Throws where there is nothing to be read. */
export async function openPlace(context: Context, given: string, options: PlaceOptions): Promise<Place> {
  const bucket = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/.exec(given)?.[1];
  const place = bucket === undefined ? await openFolder(given) : await openBucket(context, bucket, options);
  if (place.keys.some((key) => key.includes('/chain/'))) return place;
  throw new RotationError(`${given}: there is no evidence, since nothing lies below <account>/chain/.`);
}

async function openFolder(folder: string): Promise<Place> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new RotationError(`${folder}: there is no such folder; a bucket is written s3://name.`);
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const keys = files.map((file) => relative(folder, file).replaceAll(sep, '/')).sort();
  return { keys, versions: undefined, hidesVersions: false, read: (key) => readFile(join(folder, ...key.split('/'))) };
}

async function openBucket(context: Context, bucket: string, options: PlaceOptions): Promise<Place> {
  const { aws } = await connect(context, options);
  // A bucket says itself in which Region it is.
  const s3 = s3Client(aws.clientOf, { followRegionRedirects: true });
  const reader: EvidenceReader = { s3, bucket, owner: options.bucketOwner };
  const versions = await listVersions(reader, '').catch((error: unknown) => {
    if (isFailure(error, 'AccessDenied')) return undefined;
    throw error;
  });
  const keys =
    versions === undefined
      ? await listKeys(reader, '')
      : [...versions].filter(([, { isDeleted }]) => !isDeleted).map(([key]) => key);
  const read = async (key: string): Promise<Uint8Array | undefined> => {
    try {
      return await readObject(reader, key);
    } catch (error) {
      if (isFailure(error, 'AccessDenied') && !key.includes('/chain/')) return undefined;
      throw error;
    }
  };
  return { keys, versions, hidesVersions: versions === undefined, read };
}

/** The accounts whose evidence is there: every key begins with its own. */
export function accountsIn({ keys }: Place): string[] {
  return [...new Set(keys.flatMap((key) => /^(\d{12})\/chain\//.exec(key)?.[1] ?? []))];
}
