import type { ServiceName, WireRequest, WireResponse } from './call.ts';
import { AwsError } from './errors.ts';
import { type Input, isRecord } from './input.ts';
import { parseQueryBody, toXml } from './query-protocol.ts';
import { parseRest, restError, restResponse } from './rest-json.ts';
import { parseS3, s3Error, s3Response } from './s3/s3-wire.ts';

/** A request, understood: which operation of which service, signed by which key for which Region. */
export interface ParsedRequest {
  readonly service: ServiceName;
  readonly operation: string;
  readonly input: Input;
  readonly region: string | undefined;
  readonly accessKeyId: string | undefined;
}

type Protocol =
  | { readonly kind: 'query'; readonly namespace: string }
  | { readonly kind: 'json'; readonly contentType: string; readonly errorPrefix: string }
  | { readonly kind: 'rest' }
  | { readonly kind: 's3' };

// One protocol per service, as each service model in botocore and the SDK declares it.
const protocols: Readonly<Record<ServiceName, Protocol>> = {
  iam: { kind: 'query', namespace: 'https://iam.amazonaws.com/doc/2010-05-08/' },
  sts: { kind: 'query', namespace: 'https://sts.amazonaws.com/doc/2011-06-15/' },
  sns: { kind: 'query', namespace: 'http://sns.amazonaws.com/doc/2010-03-31/' },
  sqs: { kind: 'json', contentType: 'application/x-amz-json-1.0', errorPrefix: 'com.amazonaws.sqs#' },
  secretsmanager: { kind: 'json', contentType: 'application/x-amz-json-1.1', errorPrefix: '' },
  config: { kind: 'json', contentType: 'application/x-amz-json-1.1', errorPrefix: '' },
  cloudtrail: { kind: 'json', contentType: 'application/x-amz-json-1.1', errorPrefix: '' },
  kms: { kind: 'json', contentType: 'application/x-amz-json-1.1', errorPrefix: '' },
  lambda: { kind: 'rest' },
  cloudwatch: { kind: 'json', contentType: 'application/x-amz-json-1.0', errorPrefix: 'com.amazonaws.cloudwatch#' },
  s3: { kind: 's3' },
  logs: { kind: 'json', contentType: 'application/x-amz-json-1.1', errorPrefix: '' },
  organizations: { kind: 'json', contentType: 'application/x-amz-json-1.1', errorPrefix: '' },
  ssm: { kind: 'json', contentType: 'application/x-amz-json-1.1', errorPrefix: '' },
  ecs: { kind: 'json', contentType: 'application/x-amz-json-1.1', errorPrefix: '' },
};

const serviceOfTarget: Readonly<Record<string, ServiceName>> = {
  AmazonSQS: 'sqs',
  secretsmanager: 'secretsmanager',
  StarlingDoveService: 'config',
  CloudTrail_20131101: 'cloudtrail',
  TrentService: 'kms',
  AWSOrganizationsV20161128: 'organizations',
  GraniteServiceVersion20100801: 'cloudwatch',
  Logs_20140328: 'logs',
  AmazonSSM: 'ssm',
  AmazonEC2ContainerServiceV20141113: 'ecs',
};
const serviceOfVersion: Readonly<Record<string, ServiceName>> = {
  '2010-05-08': 'iam',
  '2011-06-15': 'sts',
  '2010-03-31': 'sns',
};

function isServiceName(name: string | undefined): name is ServiceName {
  return name !== undefined && Object.hasOwn(protocols, name);
}

function bodyText(body: string | Uint8Array): string {
  if (typeof body === 'string') return body;
  // Over the same memory: the SDK's own JSON bytes warn when `Buffer.from(body)` asks them for their text.
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
}

function parseJsonBody(body: string): Input {
  try {
    const value: unknown = JSON.parse(body === '' ? '{}' : body);
    if (isRecord(value)) return value;
  } catch {
    // Falls through: text that is no JSON and JSON that is no object get the same answer.
  }
  throw new AwsError(400, 'SerializationException', 'The request body is not a JSON object.');
}

/**
 * Finds service and operation. The service comes from the credential scope of the signature
 * (`AKIA…/20260101/eu-west-1/iam/aws4_request`); an unsigned request is known by its target header or API version.
 */
export function parseRequest(request: WireRequest): ParsedRequest {
  const scope = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request/.exec(request.headers.authorization ?? '');
  // Some clients write the full name of the service: `com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents`.
  const [targetService, targetOperation] = (request.headers['x-amz-target'] ?? '').split('.').slice(-2);
  const signed = { accessKeyId: scope?.[1], region: scope?.[2] };
  const body = bodyText(request.body);

  if (targetService && targetOperation) {
    const service = serviceOfTarget[targetService];
    if (service === undefined) throw unknownService(scope?.[3] ?? targetService);
    return { service, operation: targetOperation, input: parseJsonBody(body), ...signed };
  }
  const rest = scope?.[3] === 'lambda' ? parseRest(request, body, parseJsonBody) : undefined;
  if (rest !== undefined) return { service: 'lambda', ...rest, ...signed };
  const object = scope?.[3] === 's3' ? parseS3(request) : undefined;
  if (object !== undefined) return { service: 's3', ...object, ...signed };
  const { Action, Version, ...input } = parseQueryBody(body);
  const service = scope?.[3] ?? serviceOfVersion[String(Version)];
  if (!isServiceName(service) || typeof Action !== 'string') throw unknownService(service);
  return { service, operation: Action, input, ...signed };
}

function unknownService(name: string | undefined): AwsError {
  return new AwsError(
    400,
    'UnknownService',
    `The local AWS has no service ${name ?? 'that fits this request'}; it has ${Object.keys(protocols).join(', ')}.`,
  );
}

/** What is answered, and when. */
interface Answered {
  readonly service: ServiceName;
  readonly operation: string;
  readonly requestId: string;
  readonly at: number;
}

/** Writes a result the way the service does. */
export function successResponse({ service, operation, requestId, at }: Answered, output: unknown): WireResponse {
  const protocol = protocols[service];
  if (protocol.kind === 's3') return s3Response(output, requestId, at);
  if (protocol.kind === 'rest') return restResponse(operation, output, requestId);
  if (protocol.kind === 'json') {
    // TagResource and its like answer with an empty body in AWS JSON; `{}` is accepted alike by all clients.
    return jsonResponse(200, protocol.contentType, requestId, JSON.stringify(output ?? {}));
  }
  const result = output === undefined ? '' : toXml(`${operation}Result`, output);
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  return xmlResponse(
    200,
    requestId,
    `<${operation}Response xmlns="${protocol.namespace}">${result}${metadata}</${operation}Response>`,
  );
}

/** Writes an error the way the service does, so that SDKs find the exception class of its model. */
export function errorResponse(
  { service, operation, requestId }: Partial<Answered> & Pick<Answered, 'requestId'>,
  error: AwsError,
): WireResponse {
  const protocol = protocols[service ?? 'sts'];
  if (protocol.kind === 's3') return s3Error(operation ?? '', error, requestId);
  if (protocol.kind === 'rest') return restError(error, requestId);
  if (protocol.kind === 'json') {
    const code = error.code === 'ValidationError' ? 'ValidationException' : error.code;
    const response = jsonResponse(
      error.status,
      protocol.contentType,
      requestId,
      JSON.stringify({ __type: `${protocol.errorPrefix}${code}`, message: error.message }),
    );
    // SQS was a query service once; clients of that time read the old code from this header.
    // https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
    if (error.queryCode !== undefined) {
      response.headers['x-amzn-query-error'] = `${error.queryCode};${error.status < 500 ? 'Sender' : 'Receiver'}`;
    }
    return response;
  }
  const type = error.status < 500 ? 'Sender' : 'Receiver';
  const body = toXml('Error', { Type: type, Code: error.code, Message: error.message });
  return xmlResponse(
    error.status,
    requestId,
    `<ErrorResponse xmlns="${protocol.namespace}">${body}<RequestId>${requestId}</RequestId></ErrorResponse>`,
  );
}

function jsonResponse(statusCode: number, contentType: string, requestId: string, body: string): WireResponse {
  return { statusCode, headers: { 'content-type': contentType, 'x-amzn-requestid': requestId }, body };
}

function xmlResponse(statusCode: number, requestId: string, body: string): WireResponse {
  return { statusCode, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body };
}
