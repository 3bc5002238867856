/** One request as it goes over the wire, whichever way it came (socket or SDK request handler). */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[] | null>>;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** The answer to one request, ready to be written. */
export interface WireResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  /** In place of the text, an object of S3: it reaches the SDK as a stream. */
  readonly bytes?: Uint8Array;
}

export type ServiceName =
  | 'iam'
  | 'sts'
  | 'secretsmanager'
  | 'sns'
  | 'sqs'
  | 'config'
  | 'cloudtrail'
  | 'kms'
  | 'lambda'
  | 'cloudwatch'
  | 'logs'
  | 's3'
  | 'organizations'
  | 'ssm'
  | 'ecs';

/** Those of the JSON protocol spell the errors that all services share otherwise than the query services do. */
export function speaksJson(service: ServiceName): boolean {
  return [
    'secretsmanager',
    'sqs',
    'config',
    'cloudtrail',
    'kms',
    'lambda',
    'cloudwatch',
    'logs',
    'organizations',
    'ssm',
    'ecs',
  ].includes(service);
}

/** What can go wrong with one call. A crash or a lost response is thrown; the others are answers of AWS. */
export type Fault =
  | { readonly kind: 'crash-before' }
  | { readonly kind: 'crash-after' }
  | { readonly kind: 'lost-response' }
  | { readonly kind: 'throttle' }
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly message?: string }
  | { readonly kind: 'stale'; readonly ms: number };

/** Asked before each call of a connection: what goes wrong with it. */
export type BeforeCall = (call: Call) => Fault | undefined | Promise<Fault | undefined>;

/** One call as AWS saw it. `input` never holds a secret value. */
export interface Call {
  /** 1-based within the connection. */
  readonly n: number;
  readonly caller: string;
  readonly service: ServiceName;
  readonly operation: string;
  /** The one that it was signed for. */
  readonly region: string | undefined;
  readonly input: Readonly<Record<string, unknown>>;
  /** Milliseconds on the local clock. */
  readonly at: number;
  /** An IAM or Secrets Manager write; credential reports, queue and topic calls are not. */
  readonly mutating: boolean;
  /** `pending` until the call has been answered, then `ok` or the error code. */
  outcome: string;
  fault?: Fault;
}

export type CallListener = (call: Call) => void;

/** The process that made the call is dead; nothing it tries from here on reaches AWS. */
export class CallerCrashed extends Error {
  override readonly name = 'CallerCrashed';
  constructor(caller: string) {
    super(`The caller ${caller} has crashed (a fault ordered from the local AWS).`);
  }
}

/** The connection broke after AWS had done what it was asked. `code` is what makes the SDK treat it as transient. */
export class ConnectionReset extends Error {
  override readonly name = 'ConnectionReset';
  readonly code = 'ECONNRESET';
  constructor() {
    super('read ECONNRESET (a fault ordered from the local AWS)');
  }
}
