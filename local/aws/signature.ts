import type { WireRequest } from './call.ts';
import { hmac, sha256 } from './sha256.ts';

// Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// Written by that page, and not with the SDK's own signer, which would only agree with itself.

const digest = (data: string | Uint8Array): string => sha256(data).toString('hex');

function encode(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalPath(path: string): string {
  // Every service but S3 signs the path encoded once more than it is sent.
  return path.split('/').map(encode).join('/') || '/';
}

function canonicalQuery(query: WireRequest['query']): string {
  return Object.entries(query)
    .flatMap(([name, value]) => [value ?? ''].flat().map((item) => `${encode(name)}=${encode(item)}`))
    .sort()
    .join('&');
}

/**
 * Whether the request's signature was made with this secret access key. The signed date is taken as it is: callers
 * sign with the machine's clock, which has nothing to do with the local one.
 */
export function hasValidSignature(request: WireRequest, secretAccessKey: string): boolean {
  const authorization = request.headers.authorization ?? '';
  const scope = /Credential=[^/]+\/((\d+)\/([^/]+)\/([^/]+)\/aws4_request)/.exec(authorization);
  const signedHeaders = /SignedHeaders=([^,\s]+)/.exec(authorization)?.[1];
  const signature = /Signature=([0-9a-f]+)/.exec(authorization)?.[1];
  const [, fullScope, date, region, service] = scope ?? [];
  if (!fullScope || !date || !region || !service || !signedHeaders || !signature) return false;

  const headers = signedHeaders
    .split(';')
    .map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`)
    .join('');
  const canonical = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    headers,
    signedHeaders,
    digest(request.body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'] ?? '', fullScope, digest(canonical)].join('\n');
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service), 'aws4_request');
  return hmac(key, toSign).toString('hex') === signature;
}
