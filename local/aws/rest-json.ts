import type { WireRequest, WireResponse } from './call.ts';
import type { AwsError } from './errors.ts';
import { type Input, isRecord } from './input.ts';

// AWS REST JSON: the operation is method and path, parameters are in path, query, headers and body.
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html

interface Route {
  readonly operation: string;
  readonly method: string;
  /** Its groups are the parameters in the path. */
  readonly path: RegExp;
  /** Parameters in headers, by name of the header in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The parameter that is the whole body; otherwise the body is a JSON object of parameters. */
  readonly payload?: string;
}

/** The service model of Lambda, as far as this service calls it. */
const routes: readonly Route[] = [
  { operation: 'GetAccountSettings', method: 'GET', path: /^\/2016-08-19\/account-settings\/?$/ },
  {
    operation: 'Invoke',
    method: 'POST',
    path: /^\/2015-03-31\/functions\/(?<FunctionName>[^/]+)\/invocations$/,
    headers: { 'x-amz-invocation-type': 'InvocationType' },
    payload: 'Payload',
  },
  {
    operation: 'GetFunctionConfiguration',
    method: 'GET',
    path: /^\/2015-03-31\/functions\/(?<FunctionName>[^/]+)\/configuration$/,
  },
  { operation: 'ListEventSourceMappings', method: 'GET', path: /^\/2015-03-31\/event-source-mappings\/?$/ },
  {
    operation: 'UpdateEventSourceMapping',
    method: 'PUT',
    path: /^\/2015-03-31\/event-source-mappings\/(?<UUID>[^/]+)$/,
  },
];

/** Operation and parameters of a request to Lambda; undefined if it is none that is known here. `parse` reads JSON. */
export function parseRest(
  request: WireRequest,
  body: string,
  parse: (body: string) => Input,
): { operation: string; input: Input } | undefined {
  for (const { operation, method, path, headers = {}, payload } of routes) {
    const match = request.method === method ? path.exec(request.path) : null;
    if (match === null) continue;
    const inPath = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]);
    const inQuery = Object.entries(request.query).map(([name, value]) => [
      name,
      typeof value === 'object' ? value?.[0] : value,
    ]);
    const inHeaders = Object.entries(headers).map(([header, name]) => [name, request.headers[header]]);
    const inBody = payload === undefined ? Object.entries(parse(body)) : [[payload, body]];
    return { operation, input: Object.fromEntries([...inBody, ...inQuery, ...inHeaders, ...inPath]) };
  }
  return undefined;
}

/** The status that the model gives to what went well. */
const accepted = ['UpdateEventSourceMapping'];

/** Writes a result: that of an invocation is what the function answered, and headers. */
export function restResponse(operation: string, output: unknown, requestId: string): WireResponse {
  const headers = { 'content-type': 'application/json', 'x-amzn-requestid': requestId };
  const statusCode = accepted.includes(operation) ? 202 : 200;
  if (operation !== 'Invoke' || !isRecord(output)) return { statusCode, headers, body: JSON.stringify(output ?? {}) };
  const { Payload, ExecutedVersion, FunctionError } = output;
  const failed: Record<string, string> =
    FunctionError === undefined ? {} : { 'x-amz-function-error': String(FunctionError) };
  return {
    statusCode,
    headers: { ...headers, 'x-amz-executed-version': String(ExecutedVersion), ...failed },
    body: String(Payload),
  };
}

export function restError({ status, code, message }: AwsError, requestId: string): WireResponse {
  // The models of REST services have no ValidationError.
  const name = code === 'ValidationError' ? 'InvalidParameterValueException' : code;
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, 'x-amzn-errortype': name },
    body: JSON.stringify({ Type: status < 500 ? 'User' : 'Service', Message: message }),
  };
}
