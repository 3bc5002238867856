import type { WireRequest, WireResponse } from '../call.ts';
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import { escapeXml } from '../query-protocol.ts';

// S3 speaks REST with XML: the operation is method, path and query; parameters are in path, query and headers.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html

/** What an operation answers: headers, and a body of bytes, of text or of XML below one root. */
export interface S3Answer {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly bytes?: Uint8Array;
  readonly xml?: readonly [root: string, content: Readonly<Record<string, unknown>>];
}

const queryNames: Readonly<Record<string, string>> = {
  prefix: 'Prefix',
  delimiter: 'Delimiter',
  'start-after': 'StartAfter',
  'continuation-token': 'ContinuationToken',
  'max-keys': 'MaxKeys',
  'max-buckets': 'MaxBuckets',
  'bucket-region': 'BucketRegion',
  'key-marker': 'KeyMarker',
  'version-id-marker': 'VersionIdMarker',
  versionId: 'VersionId',
};

const headerNames: Readonly<Record<string, string>> = {
  'if-none-match': 'IfNoneMatch',
  'content-type': 'ContentType',
  'content-md5': 'ContentMD5',
  'x-amz-checksum-sha256': 'ChecksumSHA256',
  'x-amz-checksum-crc32': 'ChecksumCRC32',
  'x-amz-checksum-mode': 'ChecksumMode',
  'x-amz-sdk-checksum-algorithm': 'ChecksumAlgorithm',
  'x-amz-expected-bucket-owner': 'ExpectedBucketOwner',
  'x-amz-bypass-governance-retention': 'BypassGovernanceRetention',
};

/** Operations on a bucket that are told by one name in the query. */
const subresources: Readonly<Record<string, string>> = {
  versions: 'ListObjectVersions',
  versioning: 'GetBucketVersioning',
  encryption: 'GetBucketEncryption',
  publicAccessBlock: 'GetPublicAccessBlock',
  policyStatus: 'GetBucketPolicyStatus',
  policy: 'GetBucketPolicy',
  lifecycle: 'GetBucketLifecycleConfiguration',
  'object-lock': 'GetObjectLockConfiguration',
};

const ofObjects: Readonly<Record<string, string>> = {
  PUT: 'PutObject',
  GET: 'GetObject',
  HEAD: 'HeadObject',
  DELETE: 'DeleteObject',
};

/** `bucket.s3.eu-west-1.amazonaws.com/key` and `localhost/bucket/key` name the same. */
function placeOf({ path, headers }: WireRequest): { Bucket: string; Key: string } {
  const inHost = /^(.+)\.(?:s3[.-][a-z0-9.-]*amazonaws\.com|localhost)(?::\d+)?$/.exec(headers.host ?? '')?.[1];
  const parts = decodeURIComponent(path).replace(/^\//, '').split('/');
  const Bucket = inHost ?? parts.shift() ?? '';
  return { Bucket, Key: parts.join('/') };
}

function operationOf({ method, query }: WireRequest, { Bucket, Key }: { Bucket: string; Key: string }) {
  if (Key !== '') return ofObjects[method];
  if (Bucket === '') return method === 'GET' ? 'ListBuckets' : undefined;
  if (method === 'HEAD') return 'HeadBucket';
  if (method !== 'GET') return undefined;
  const named = Object.entries(subresources).find(([name]) => name in query)?.[1];
  return named ?? ('list-type' in query ? 'ListObjectsV2' : undefined);
}

/** Operation and parameters of a request to S3; undefined if it is none that is known here. */
export function parseS3(request: WireRequest): { operation: string; input: Input } | undefined {
  const place = placeOf(request);
  const operation = operationOf(request, place);
  if (operation === undefined) return undefined;
  const inQuery = Object.entries(request.query).flatMap(([name, value]) => {
    const known = queryNames[name];
    return known === undefined ? [] : [[known, typeof value === 'object' ? value?.[0] : value]];
  });
  const inHeaders = Object.entries(headerNames).map(([header, name]) => [name, request.headers[header]]);
  const body = operation === 'PutObject' ? { Body: bytesOf(request.body) } : {};
  const given = Object.fromEntries([...inQuery, ...inHeaders].filter(([, value]) => value !== undefined));
  return { operation, input: { ...given, ...body, ...(place.Bucket !== '' && place) } };
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

/** Lists are elements of the same name one after another; undefined is left out. */
function xmlOf(name: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map((item) => xmlOf(name, item)).join('');
  const content =
    typeof value === 'object'
      ? Object.entries(value)
          .map(([key, item]) => xmlOf(key, item))
          .join('')
      : escapeXml(String(value));
  return `<${name}>${content}</${name}>`;
}

export function s3Response(output: unknown, requestId: string, at: number): WireResponse {
  const answer: S3Answer = typeof output === 'object' && output !== null ? output : {};
  const { statusCode = 200, headers = {}, bytes, xml } = answer;
  const given = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const type = xml === undefined ? {} : { 'content-type': 'application/xml' };
  return {
    statusCode,
    headers: {
      'x-amz-request-id': requestId,
      date: new Date(at).toUTCString(),
      ...type,
      ...Object.fromEntries(given),
    },
    ...(bytes !== undefined && { bytes }),
    body: xml === undefined ? (answer.body ?? '') : `<?xml version="1.0" encoding="UTF-8"?>\n${xmlOf(...xml)}`,
  };
}

/** A HEAD has no body, so that its errors have no code either: the status alone says it. */
export function s3Error(operation: string, error: AwsError, requestId: string): WireResponse {
  const { status, code, message } = error;
  const region = error instanceof WrongRegion ? { 'x-amz-bucket-region': error.region } : {};
  const body = xmlOf('Error', { Code: code, Message: message, RequestId: requestId });
  return {
    statusCode: status,
    headers: { 'x-amz-request-id': requestId, 'content-type': 'application/xml', ...region },
    body: operation.startsWith('Head') ? '' : body,
  };
}

/** The bucket is elsewhere: the answer names where. */
export class WrongRegion extends AwsError {
  readonly region: string;
  constructor(region: string) {
    super(
      301,
      'PermanentRedirect',
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    );
    this.region = region;
  }
}
