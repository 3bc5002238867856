import { createServices, type Elsewhere, type Membership, type Services } from './account-services.ts';
import { authenticate, authorize, rejected } from './authenticate.ts';
import type { ServiceName, WireRequest, WireResponse } from './call.ts';
import { type BeforeCall, type Call, CallerCrashed, type CallListener, ConnectionReset } from './call.ts';
import { type Clock, createClock } from './clock.ts';
import { type Connection, createConnection, startCall } from './connection.ts';
import { AwsError } from './errors.ts';
import { throttled } from './faults.ts';
import { requestsOf } from './iam/asked-of-iam.ts';
import { authorizeSession } from './iam/assumed-session.ts';
import { operatorOf } from './principals.ts';
import { createRandom } from './random.ts';
import type { SecretsManager } from './secrets-manager/secrets-manager.ts';
import type { Environment, Operations, Principal } from './service.ts';
import { errorResponse, type ParsedRequest, parseRequest, successResponse } from './wire.ts';

export type { BeforeCall, Call, Fault, WireRequest, WireResponse } from './call.ts';
export { CallerCrashed, ConnectionReset } from './call.ts';
export type { Connection } from './connection.ts';

export interface LocalAwsOptions {
  /** Start of the local clock in ms; 2026-01-01T00:00:00Z. */
  readonly now?: number;
  /** Lets the local clock also run with the machine's, for callers outside this process. */
  readonly ticking?: boolean;
  readonly accountId?: string;
  readonly region?: string;
  /** What the names of the functions' roles end in, after `keyturn-<function>`. */
  readonly roleSuffix?: string;
  /** Of every identifier and secret: the same seed and the same calls give the same ones. */
  readonly seed?: number;
  /** The clock moves this much at each call; 20. */
  readonly latencyMs?: number;
  /** A new access key authenticates only after this; 8000. */
  readonly propagationMs?: number;
  /** Upper limit of every page, to make short lists page. */
  readonly pageSize?: number;
  /** What makes the account one of several. */
  readonly membership?: Membership;
}

/** One AWS account in memory: in one Region, but for its secrets. */
export interface LocalAws extends Services {
  readonly accountId: string;
  readonly region: string;
  /** What is kept in that Region; `secrets` in this one. */
  secretsIn(region: string): SecretsManager;
  /** Regions with secrets, beside this one. */
  readonly otherRegions: readonly string[];
  /** From now on the Region knows nobody of this account, as one that is not enabled. */
  disableRegion(region: string): void;
  readonly clock: Clock;
  /** Every call of every connection, oldest first. */
  readonly calls: Call[];
  /** Answers one request. Throws CallerCrashed or ConnectionReset where a fault orders it, and nothing else. */
  handle(request: WireRequest, connection?: Connection): Promise<WireResponse>;
  /** A caller of its own: its own count of calls, and `before` to order a fault for each. */
  connect(name: string, before?: BeforeCall): Connection;
  /** Runs after every single call, also a failed one, when its effect is there. Returns how to stop. */
  onCall(listener: CallListener): () => void;
  /** Back to an empty account at the first instant; connections and listeners stay. */
  reset(): void;
}

/** What a call meets. A reset replaces the services and their operations. */
interface Account {
  readonly clock: Clock;
  readonly operator: Principal;
  readonly latencyMs: number;
  readonly calls: Call[];
  readonly listeners: Set<CallListener>;
  environment: Environment;
  services: Services;
  operations: Readonly<Record<ServiceName, Operations>>;
  elsewhere: Elsewhere;
  requests: number;
}

function endpointOf(request: WireRequest): string {
  const host = request.headers.host ?? 'localhost';
  return `${/^(127\.|localhost|\[::1\])/.test(host) ? 'http' : 'https'}://${host}`;
}

interface Asked {
  readonly request: WireRequest;
  readonly parsed: ParsedRequest;
  readonly call: Call;
}

function perform(account: Account, { request, parsed, call }: Asked): unknown {
  const { services, operations, clock, operator } = account;
  const { fault } = call;
  if (fault?.kind === 'throttle') throw throttled(parsed.service);
  if (fault?.kind === 'error') throw new AwsError(fault.status, fault.code, fault.message ?? fault.code);
  const at = clock.now();
  if (account.elsewhere.disabled.has(parsed.region ?? '')) throw rejected(parsed.service);
  const principal = authenticate(services.iam, request, parsed, operator, at);
  authorize(parsed, principal);
  const secrets = secretsFor(account, parsed);
  authorizeRole(account, secrets, parsed, at);
  const known = parsed.service === 'secretsmanager' ? secrets.operations : operations[parsed.service];
  const operation = known[parsed.operation];
  if (operation === undefined) {
    const message = `The local AWS does not implement ${parsed.service}:${parsed.operation}.`;
    throw new AwsError(400, 'InvalidAction', message);
  }
  // Only reads can be stale; a write is always decided on the state as it is.
  const asOf = fault?.kind === 'stale' && !call.mutating ? at - fault.ms : undefined;
  return operation(parsed.input, { now: at, asOf, principal, region: parsed.region, endpoint: endpointOf(request) });
}

/** Those of the Region that the call was signed for. */
function secretsFor({ services, environment, elsewhere }: Account, { region = environment.region }: ParsedRequest) {
  return region === environment.region ? services.secrets : elsewhere.in(region);
}

/** Of whoever has taken a role here: all others may do what they are not denied. */
function authorizeRole(
  { services, environment }: Account,
  secrets: SecretsManager,
  parsed: ParsedRequest,
  now: number,
) {
  const session = services.iam.state.assumed.get(parsed.accessKeyId ?? '');
  if (session === undefined) return;
  const { iam } = services;
  const region = parsed.service === 'secretsmanager' ? (parsed.region ?? environment.region) : environment.region;
  const belongings = { environment: { ...environment, region }, iam: iam.state, secrets: secrets.state };
  authorizeSession(iam.state, session, { service: parsed.service, requests: requestsOf(belongings, parsed), now });
}

/** A promise only where something of ours runs inside the call: Lambda's Invoke. */
function answer(account: Account, asked: Asked, requestId: string): WireResponse | Promise<WireResponse> {
  const { parsed, call } = asked;
  const { service, operation } = parsed;
  const answered = { service, operation, requestId, at: account.clock.now() };
  const done = (output: unknown): WireResponse => {
    call.outcome = 'ok';
    return successResponse(answered, output);
  };
  const refused = (error: unknown): WireResponse => {
    if (!(error instanceof AwsError)) throw error;
    call.outcome = error.code;
    return errorResponse(answered, error);
  };
  try {
    const output = perform(account, asked);
    return output instanceof Promise ? output.then(done, refused) : done(output);
  } catch (error) {
    return refused(error);
  }
}

async function handle(account: Account, request: WireRequest, connection: Connection): Promise<WireResponse> {
  const { clock, calls, listeners } = account;
  if (connection.isCrashed) throw new CallerCrashed(connection.name);
  account.requests++;
  const requestId = `00000000-0000-4000-8000-${String(account.requests).padStart(12, '0')}`;
  clock.advance(account.latencyMs);
  let parsed: ParsedRequest;
  try {
    parsed = parseRequest(request);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return errorResponse({ requestId }, error);
  }
  const call = startCall(connection, parsed, clock.now());
  calls.push(call);
  const fault = await connection.before?.(call);
  if (fault !== undefined) call.fault = fault;
  // Somebody may have let the caller die while `before` was waiting.
  if (connection.isCrashed || fault?.kind === 'crash-before') {
    connection.isCrashed = true;
    call.outcome = 'CallerCrashed';
    throw new CallerCrashed(connection.name);
  }
  const answered = answer(account, { request, parsed, call }, requestId);
  // All others are answered in one go, as they always were.
  const response = answered instanceof Promise ? await answered : answered;
  if (fault?.kind === 'crash-after') connection.isCrashed = true;
  for (const listener of listeners) listener(call);
  if (fault?.kind === 'crash-after') throw new CallerCrashed(connection.name);
  if (fault?.kind === 'lost-response') throw new ConnectionReset();
  return response;
}

/** A new, empty account. Everything in it is deterministic, given the options and the order of calls. */
export function createLocalAws(options: LocalAwsOptions = {}): LocalAws {
  const { now = Date.UTC(2026, 0, 1), seed = 1, latencyMs = 20, propagationMs = 8_000 } = options;
  const { accountId = '111122223333', region = 'eu-west-1', roleSuffix = '' } = options;
  const clock = options.membership?.clock ?? createClock(now, options.ticking);
  const build = () => {
    const random = createRandom(seed);
    const environment = { accountId, region, roleSuffix, clock, random, pageSize: options.pageSize };
    return { ...createServices(environment, { propagationMs, seed, membership: options.membership }), environment };
  };
  const calls: Call[] = [];
  const listeners = new Set<CallListener>();
  const operator = operatorOf(accountId);
  const account: Account = { ...build(), clock, operator, latencyMs, calls, listeners, requests: 0 };
  const answerTo = (request: WireRequest, connection: Connection) => handle(account, request, connection);
  const anonymous = createConnection('anonymous', undefined, answerTo);
  const aws: LocalAws = {
    ...account.services,
    accountId,
    region,
    secretsIn: (where) => (where === region ? aws.secrets : account.elsewhere.in(where)),
    get otherRegions() {
      return [...account.elsewhere.regions.keys()];
    },
    disableRegion: (where) => void account.elsewhere.disabled.add(where),
    clock,
    calls,
    handle: (request, connection = anonymous) => answerTo(request, connection),
    connect: (name, before) => createConnection(name, before, answerTo),
    onCall(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reset() {
      clock.set(now);
      Object.assign(account, build());
      Object.assign(aws, account.services);
      calls.length = 0;
      anonymous.calls.length = 0;
    },
  };
  return aws;
}
