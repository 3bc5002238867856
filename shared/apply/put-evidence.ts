import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { Aws } from '../aws/clients.ts';
import { s3Client } from '../aws/s3.ts';
import { isFailure } from '../core/errors.ts';

/** The bucket that evidence is kept in, and the account that it is expected to belong to. */
export interface EvidenceBucket {
  bucket: string;
  owner: string;
}

export interface EvidenceObject {
  key: string;
  body: string | Uint8Array;
}

const TRIES = 3;

/**
 * Puts one object where there is none: the only way in which evidence is written. `was-there` says that something is
 * under the key, our own bytes of a try whose answer was lost among them. Throws RotationError for all else.
 */
export async function putEvidence(
  aws: Pick<Aws, 'homeClientOf'>,
  { bucket, owner }: EvidenceBucket,
  { key, body }: EvidenceObject,
): Promise<'kept' | 'was-there'> {
  const s3 = s3Client(aws.homeClientOf);
  const command = new PutObjectCommand({
    Bucket: bucket,
    ExpectedBucketOwner: owner,
    Key: key,
    Body: Buffer.from(body),
    IfNoneMatch: '*',
    // A bucket with a default retention wants one, and S3 refuses a body that arrived otherwise than it was sent.
    ChecksumAlgorithm: 'SHA256',
    ContentType: contentTypeOf(key),
  });
  for (let left = TRIES; ; left--) {
    try {
      await s3.send(command);
      return 'kept';
    } catch (error) {
      if (isFailure(error, 'PreconditionFailed')) return 'was-there';
      // Two conditional puts at once: S3 asks for the same again.
      if (!isFailure(error, 'ConditionalRequestConflict') || left <= 1) throw error;
    }
  }
}

const contentTypes: Readonly<Record<string, string>> = {
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  gz: 'application/gzip',
};

function contentTypeOf(key: string): string {
  const [extension = ''] = key.split('.').slice(-1);
  return contentTypes[extension] ?? 'application/octet-stream';
}
