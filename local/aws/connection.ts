import { Readable } from 'node:stream';
import type { BeforeCall, Call, WireRequest, WireResponse } from './call.ts';
import { type Input, isRecord } from './input.ts';
import type { ParsedRequest } from './wire.ts';

/** What the SDK hands to a request handler; the parts that are read. */
export interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: WireRequest['query'];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Fits `requestHandler` of every SDK v3 client: no socket, the same bytes. */
export interface SdkRequestHandler {
  handle(request: SdkRequest): Promise<{ response: SdkResponse }>;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
  destroy(): void;
  readonly metadata: { readonly handlerProtocol: string };
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | Readable;
}

/** One caller of the local AWS: a process, as AWS sees it. */
export interface Connection {
  readonly name: string;
  readonly calls: Call[];
  readonly requestHandler: SdkRequestHandler;
  readonly before: BeforeCall | undefined;
  /** Set by a crash; every later call fails, as those of a dead process never come. */
  isCrashed: boolean;
}

type Handle = (request: WireRequest, connection: Connection) => Promise<WireResponse>;

/** A caller whose SDK clients reach the local AWS through `requestHandler`. */
export function createConnection(name: string, before: BeforeCall | undefined, handle: Handle): Connection {
  const connection: Connection = {
    name,
    calls: [],
    before,
    isCrashed: false,
    requestHandler: {
      async handle(request) {
        const { statusCode, headers, body, bytes } = await handle(wireRequest(request), connection);
        const stream = bytes === undefined ? Buffer.from(body) : Readable.from([bytes]);
        return { response: { statusCode, headers, body: stream } };
      },
      updateHttpClientConfig() {},
      httpHandlerConfigs: () => ({}),
      destroy() {},
      metadata: { handlerProtocol: 'http/1.1' },
    },
  };
  return connection;
}

function wireRequest({ method, path, query = {}, headers, body }: SdkRequest): WireRequest {
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new TypeError('The local AWS takes request bodies as text or bytes; no operation of it streams.');
  }
  const lowerCase: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) lowerCase[name.toLowerCase()] = value;
  return { method, path, query, headers: lowerCase, body: body ?? '' };
}

/** Secret, or, as the bytes of an object, long. */
const secretFields = ['SecretString', 'SecretBinary', 'RotationToken', 'Body'];

/** The parameters as they may be shown: without secret values, and without the token that lets a rotation write one. */
function recordedInput(input: Input): Input {
  if (!secretFields.some((name) => name in input)) return input;
  const shown = Object.entries(input).map(([name, value]) => [
    name,
    secretFields.includes(name) ? '[redacted]' : value,
  ]);
  const result: unknown = Object.fromEntries(shown);
  return isRecord(result) ? result : {};
}

const readVerbs = /^(Simulate|Get|List|Describe|Generate)/;

/** Notes a call that begins. */
export function startCall(connection: Connection, parsed: ParsedRequest, at: number): Call {
  const { service, operation, region } = parsed;
  const call: Call = {
    ...{ n: connection.calls.length + 1, caller: connection.name },
    ...{ service, operation, region, input: recordedInput(parsed.input), at },
    mutating: (service === 'iam' || service === 'secretsmanager') && !readVerbs.test(operation),
    outcome: 'pending',
  };
  connection.calls.push(call);
  return call;
}
