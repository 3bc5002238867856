import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { LocalAws } from './aws.ts';
import { CallerCrashed, ConnectionReset, type WireRequest, type WireResponse } from './call.ts';
import type { Connection } from './connection.ts';
import { createControl, type Invoke } from './control.ts';

export interface ServerOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Runs a function for `POST /_local/invoke`. */
  readonly invoke?: Invoke;
  /** Runs after `POST /_local/reset` has emptied the account, to fill it again. */
  readonly onReset?: () => void | Promise<void>;
}

/** The name by which every call over a socket is noted. */
export const HTTP = 'http';

export interface LocalServer {
  readonly url: string;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function wireRequest(request: IncomingMessage, body: Uint8Array): WireRequest {
  const [path = '/', search = ''] = (request.url ?? '/').split('?');
  const query: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(search)) query[name] = [...(query[name] ?? []), value];
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return { method: request.method ?? 'GET', path, query, headers, body };
}

/**
 * The local AWS on loopback: all services on one port, told apart by the signature's scope, beside the control routes
 * under `/_local/`. A crash or lost response ordered by a fault destroys the socket of that one request.
 */
export async function startServer(aws: LocalAws, options: ServerOptions = {}): Promise<LocalServer> {
  const control = createControl(aws, options.invoke, async () => {
    connection.calls.length = 0;
    await options.onReset?.();
  });
  const connection = aws.connect(HTTP, control.faultFor);
  return listen(connection, options.port, (wire) =>
    wire.path.startsWith('/_local/')
      ? control.handle(wire.method, wire.path, Buffer.from(wire.body).toString('utf8'))
      : aws.handle(wire, connection),
  );
}

/** Answers requests over loopback, whoever answers them. */
export async function listen(
  connection: Connection,
  port: number | undefined,
  answer: (wire: WireRequest) => Promise<WireResponse>,
): Promise<LocalServer> {
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { statusCode, headers, bytes, body } = await answer(wireRequest(request, await bodyOf(request)));
    response.writeHead(statusCode, headers);
    response.end(bytes ?? body);
  }

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      if (error instanceof CallerCrashed || error instanceof ConnectionReset) {
        // Processes outside cannot be told apart, so a crash ends one request and not all that follow.
        connection.isCrashed = false;
        request.socket.destroy();
        return;
      }
      response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(error instanceof Error ? `${error.stack}\n` : 'Unknown error\n');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const taken = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // SDK clients keep their connections alive, which would hold the server open.
        server.closeAllConnections();
      }),
  };
}
