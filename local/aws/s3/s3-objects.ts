import { AwsError } from '../errors.ts';
import { type Input, optionalText, text } from '../input.ts';
import type { CallContext, OperationsOn } from '../service.ts';
import {
  addVersion,
  type BucketStore,
  bucketFor,
  currentOf,
  denied,
  mayPassTheLock,
  type StoredVersion,
  verifiedChecksum,
} from './s3-state.ts';
import type { S3Answer } from './s3-wire.ts';

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html

function bodyOf({ Body }: Input): Uint8Array {
  return Body instanceof Uint8Array ? Body : new Uint8Array();
}

/** The version that is asked for: the newest unless it is named. */
function versionFor(store: BucketStore, input: Input, context: CallContext): StoredVersion {
  const key = text(input, 'Key');
  const versionId = optionalText(input, 'VersionId');
  const action = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
  const bucket = bucketFor(store, input, { action, key }, context);
  if (versionId === undefined) {
    const found = currentOf(bucket, key);
    if (found === undefined) throw new AwsError(404, 'NoSuchKey', 'The specified key does not exist.');
    return found;
  }
  const found = bucket.versions.get(key)?.find((version) => version.versionId === versionId);
  if (found === undefined) throw new AwsError(404, 'NoSuchVersion', 'The specified version does not exist.');
  if (found.body !== undefined) return found;
  throw new AwsError(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
}

function headersOf(version: StoredVersion, { ChecksumMode }: Input): Record<string, string | undefined> {
  const { body, checksum, lock } = version;
  const shown = ChecksumMode === 'ENABLED' && checksum !== undefined ? [checksum] : [];
  return {
    ...Object.fromEntries(shown),
    ...(shown.length > 0 && { 'x-amz-checksum-type': 'FULL_OBJECT' }),
    'content-length': String(body?.length ?? 0),
    'content-type': version.contentType,
    etag: version.etag,
    'last-modified': new Date(version.at).toUTCString(),
    'x-amz-version-id': version.versionId === 'null' ? undefined : version.versionId,
    'x-amz-server-side-encryption': 'AES256',
    'x-amz-object-lock-mode': lock?.mode,
    'x-amz-object-lock-retain-until-date': lock === undefined ? undefined : new Date(lock.until).toISOString(),
  };
}

export const objectOperations: OperationsOn<BucketStore> = {
  PutObject(store, input, context): S3Answer {
    const key = text(input, 'Key');
    const ifNoneMatch = optionalText(input, 'IfNoneMatch');
    const facts = {
      's3:ObjectCreationOperation': 'true',
      ...(ifNoneMatch !== undefined && { 's3:if-none-match': ifNoneMatch }),
    };
    const bucket = bucketFor(store, input, { action: 's3:PutObject', key, facts }, context);
    const body = bodyOf(input);
    const checksum = verifiedChecksum(input, body);
    if (typeof bucket.objectLock === 'object' && checksum === undefined && input.ContentMD5 === undefined) {
      const message =
        'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters';
      throw new AwsError(400, 'InvalidRequest', message);
    }
    if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
      throw new AwsError(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented');
    }
    // A delete marker counts as nothing there.
    if (ifNoneMatch === '*' && currentOf(bucket, key) !== undefined) {
      throw new AwsError(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    }
    const contentType = optionalText(input, 'ContentType');
    const added = addVersion(store, bucket, {
      key,
      at: context.now,
      body,
      checksum,
      ...(contentType !== undefined && { contentType }),
    });
    const shown = headersOf(added, { ChecksumMode: 'ENABLED' });
    return {
      headers: {
        etag: shown.etag,
        'x-amz-version-id': shown['x-amz-version-id'],
        'x-amz-server-side-encryption': 'AES256',
        ...(checksum !== undefined && { [checksum[0]]: checksum[1], 'x-amz-checksum-type': 'FULL_OBJECT' }),
      },
    };
  },

  GetObject(store, input, context): S3Answer {
    const version = versionFor(store, input, context);
    return { headers: headersOf(version, input), bytes: version.body ?? new Uint8Array() };
  },

  HeadObject: (store, input, context): S3Answer => ({
    headers: headersOf(versionFor(store, input, context), input),
  }),

  DeleteObject(store, input, context): S3Answer {
    const key = text(input, 'Key');
    const versionId = optionalText(input, 'VersionId');
    const action = versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
    const bucket = bucketFor(store, input, { action, key }, context);
    if (versionId === undefined) {
      const marker = addVersion(store, bucket, { key, at: context.now, body: undefined });
      const shown = bucket.isVersioned ? { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker.versionId } : {};
      return { statusCode: 204, headers: shown };
    }
    const versions = bucket.versions.get(key) ?? [];
    const found = versions.find((version) => version.versionId === versionId);
    if (found?.lock !== undefined && context.now < found.lock.until) {
      const isPassed = found.lock.mode === 'GOVERNANCE' && input.BypassGovernanceRetention === 'true';
      if (!isPassed || !mayPassTheLock(bucket, key, context)) {
        throw denied(context, action, `arn:aws:s3:::${bucket.name}/${key}`, 'because object protected by object lock.');
      }
    }
    bucket.versions.set(
      key,
      versions.filter((version) => version !== found),
    );
    return { statusCode: 204, headers: { 'x-amz-version-id': versionId } };
  },
};
