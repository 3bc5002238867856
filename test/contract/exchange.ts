import type { Fault, ServiceName, WireResponse } from '../../local/aws/call.ts';
import { child, parseForm, parseXml, readTree, type Tree } from './query-form.ts';
import {
  type Operation,
  type ServiceModel,
  type ServiceModels,
  type ShapeReference,
  shapeOf,
} from './service-model.ts';
import { checkShape, type Report } from './shapes.ts';

/** One request as the SDK handed it over, and what came back; no response where the connection broke. */
export interface Exchange {
  readonly request: {
    readonly method: string;
    readonly path: string;
    /** Header names in lower case. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  readonly response: WireResponse | undefined;
  /** What a test had ordered to go wrong: an error that it made up is not checked. */
  readonly fault: Fault | undefined;
}

export interface Violation {
  readonly service: string;
  readonly operation: string;
  readonly side: 'request' | 'response';
  readonly path: string;
  readonly problem: string;
}

export interface Verdict {
  readonly service: string;
  readonly operation: string;
  /** AWS said yes. */
  readonly isSuccess: boolean;
  readonly violations: readonly Violation[];
}

/**
 * Codes that any operation may answer with and the models do not repeat.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
 */
const commonErrors: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  query: {
    AccessDenied: [403],
    InvalidClientTokenId: [403],
    SignatureDoesNotMatch: [403],
    Throttling: [400],
    ValidationError: [400],
  },
  json: {
    AccessDeniedException: [400],
    InvalidSignatureException: [400],
    ThrottlingException: [400],
    UnrecognizedClientException: [400, 403],
    ValidationException: [400],
  },
};

function scopeOf(exchange: Exchange): string {
  const scope = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(
    exchange.request.headers.authorization ?? '',
  );
  const [, name = 'unsigned'] = scope ?? [];
  return name === 'monitoring' ? 'cloudwatch' : name;
}

function isService(models: ServiceModels, name: string): name is ServiceName {
  return Object.hasOwn(models, name);
}

function operationName({ request }: Exchange, { metadata }: ServiceModel, report: Report): string {
  if (metadata.protocol === 'query') {
    const form = parseForm(request.body);
    if (child(form, 'Version') !== metadata.apiVersion) report('Version', `is not ${metadata.apiVersion}`);
    const action = child(form, 'Action');
    return typeof action === 'string' ? action : '';
  }
  const target = request.headers['x-amz-target'] ?? '';
  const at = target.lastIndexOf('.');
  // botocore writes the full name of CloudTrail's service, SDK v3 its last part; AWS answers both.
  const prefix = metadata.targetPrefix ?? '';
  const isTarget = [prefix, prefix.split('.').at(-1)].includes(target.slice(0, at));
  if (!isTarget) report('x-amz-target', `is ${target}`);
  return target.slice(at + 1);
}

function checkJson(model: ServiceModel, shape: ShapeReference | undefined, text: string, report: Report): void {
  const value: unknown = JSON.parse(text === '' ? '{}' : text);
  if (shape !== undefined) checkShape(shape, value, shape.shape, { model, form: 'json', report });
  else if (Object.keys(value ?? {}).length > 0) report('body', 'has members although the operation has none');
}

interface QueryBody {
  readonly shape: ShapeReference | undefined;
  readonly tree: Tree;
  readonly numbered: boolean;
}

function checkQuery(model: ServiceModel, { shape, tree, numbered }: QueryBody, report: Report): void {
  if (shape === undefined) {
    if (tree.length > 0) report('body', 'has members although the operation has none');
    return;
  }
  const value = readTree(shape, tree, shape.shape, { model, report, numbered });
  checkShape(shape, value, shape.shape, { model, form: 'query', report });
}

function checkRequest({ request }: Exchange, model: ServiceModel, operation: Operation, report: Report): void {
  const { method, requestUri } = operation.http;
  if (request.method !== method) report('method', `is ${request.method}, not ${method}`);
  if (request.path !== requestUri) report('path', `is ${request.path}, not ${requestUri}`);
  const { protocol, jsonVersion } = model.metadata;
  const wanted = protocol === 'query' ? 'application/x-www-form-urlencoded' : `application/x-amz-json-${jsonVersion}`;
  const contentType = request.headers['content-type'] ?? 'absent';
  if (contentType.split(';')[0] !== wanted) report('content-type', `is ${contentType}, not ${wanted}`);
  if (protocol === 'json') {
    checkJson(model, operation.input, request.body, report);
    return;
  }
  const form = parseForm(request.body);
  const tree = typeof form === 'string' ? form : form.filter(([name]) => name !== 'Action' && name !== 'Version');
  checkQuery(model, { shape: operation.input, tree, numbered: true }, report);
}

function checkErrorCode(
  { code, status }: { code: string; status: number },
  model: ServiceModel,
  operation: Operation,
  report: Report,
): void {
  const declared = (operation.errors ?? []).map((reference) => {
    const { error } = shapeOf(model, reference);
    return { code: error?.code ?? reference.shape, status: error?.httpStatusCode };
  });
  const found = declared.find((error) => error.code === code);
  const common = commonErrors[model.metadata.protocol]?.[code];
  if (found === undefined && common === undefined) {
    report('error', `${code} is neither declared for the operation nor common to all`);
  } else if (found === undefined ? !common?.includes(status) : (found.status ?? 400) !== status) {
    report('error', `${code} has the HTTP status ${status}, not ${found?.status ?? (found ? 400 : common)}`);
  }
}

function checkJsonResponse(response: WireResponse, model: ServiceModel, operation: Operation, report: Report): void {
  const wanted = `application/x-amz-json-${model.metadata.jsonVersion}`;
  if (response.headers['content-type'] !== wanted) report('content-type', `is not ${wanted}`);
  if (response.statusCode === 200) {
    checkJson(model, operation.output, response.body, report);
    return;
  }
  const error: { __type?: string; message?: string } = JSON.parse(response.body);
  if (typeof error.message !== 'string') report('error', 'has no message');
  const code = error.__type?.split('#').at(-1) ?? 'no __type';
  checkErrorCode({ code, status: response.statusCode }, model, operation, report);
}

function checkXmlResponse(response: WireResponse, model: ServiceModel, operation: Operation, report: Report): void {
  if (response.headers['content-type'] !== 'text/xml') report('content-type', 'is not text/xml');
  const { name, namespace, tree } = parseXml(response.body);
  if (namespace !== model.metadata.xmlNamespace) report('xmlns', `is ${namespace}`);
  const isError = response.statusCode !== 200;
  const wanted = isError ? 'ErrorResponse' : `${operation.name}Response`;
  if (name !== wanted) report('body', `is the element ${name}, not ${wanted}`);
  if (isError) {
    const code = child(child(tree, 'Error') ?? '', 'Code');
    const message = child(child(tree, 'Error') ?? '', 'Message');
    if (typeof message !== 'string') report('error', 'has no message');
    checkErrorCode({ code: String(code), status: response.statusCode }, model, operation, report);
    return;
  }
  const { output } = operation;
  const result = output?.resultWrapper === undefined ? '' : child(tree, output.resultWrapper);
  if (result === undefined) report('body', `has no element ${output?.resultWrapper}`);
  checkQuery(model, { shape: output, tree: result ?? '', numbered: false }, report);
  const expected = output?.resultWrapper === undefined ? 1 : 2;
  if (child(tree, 'ResponseMetadata') === undefined || tree.length > expected) report('body', 'has wrong elements');
}

/** Holds one request and its response against AWS's model of the operation. */
export function checkExchange(models: ServiceModels, exchange: Exchange): Verdict {
  const violations: Violation[] = [];
  const service = scopeOf(exchange);
  const isSuccess = exchange.response?.statusCode === 200;
  let operation = '';
  const reportOn =
    (side: 'request' | 'response'): Report =>
    (path, problem) =>
      violations.push({ service, operation, side, path, problem });
  const report = reportOn('request');
  if (!isService(models, service)) {
    report('authorization', 'names no service that is in use');
    return { service, operation, isSuccess, violations };
  }
  const model = models[service];
  operation = operationName(exchange, model, report);
  const described = model.operations[operation];
  if (described === undefined) {
    report('operation', 'does not exist');
    return { service, operation, isSuccess, violations };
  }
  checkRequest(exchange, model, described, report);
  const { response, fault } = exchange;
  const isInvented = fault?.kind === 'error' && response?.statusCode === fault.status;
  if (response !== undefined && !isInvented) {
    const check = model.metadata.protocol === 'query' ? checkXmlResponse : checkJsonResponse;
    check(response, model, described, reportOn('response'));
  }
  return { service, operation, isSuccess, violations };
}

/** `iam:TagUser request TagUserRequest.Tags: has 51 members, at most 50 are allowed` */
export function describeViolation({ service, operation, side, path, problem }: Violation): string {
  return `${service}:${operation} ${side} ${path}: ${problem}`;
}
