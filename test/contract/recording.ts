import type { BeforeCall, LocalAws, WireResponse } from '../../local/aws/aws.ts';
import type { Connection, SdkRequest } from '../../local/aws/connection.ts';
import type { Exchange } from './exchange.ts';

function bytesToText(body: unknown): string {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  return typeof body === 'string' ? body : '';
}

function requestOf({ method, path, headers, body }: SdkRequest): Exchange['request'] {
  const lowerCase = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { method, path, headers: lowerCase, body: bytesToText(body) };
}

/** Notes every request that passes through the connection's handler, also those whose answer never arrives. */
function record(connection: Connection, exchanges: Exchange[]): Connection {
  const inner = connection.requestHandler;
  const handle: typeof inner.handle = async (request) => {
    const before = connection.calls.length;
    const answer = inner.handle(request);
    // The local AWS notes a call before it waits for anything, so the newest one is the one just begun.
    const call = connection.calls.length > before ? connection.calls.at(-1) : undefined;
    let response: WireResponse | undefined;
    try {
      const answered = await answer;
      const { statusCode, headers, body } = answered.response;
      response = { statusCode, headers, body: bytesToText(body) };
      return answered;
    } finally {
      exchanges.push({ request: requestOf(request), response, fault: call?.fault });
    }
  };
  return Object.assign(connection, { requestHandler: { ...inner, handle } });
}

/** From here on, every connection to this local AWS is recorded. */
export function recordConnections(aws: LocalAws, exchanges: Exchange[]): void {
  const connect = aws.connect.bind(aws);
  Object.assign(aws, { connect: (name: string, before?: BeforeCall) => record(connect(name, before), exchanges) });
}
