import { IAMClient } from '@aws-sdk/client-iam';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import type { Context } from 'aws-lambda';
import { type ClientOptions, createAws } from '../../shared/aws/clients.ts';
import type { Facts, MetricName, Runtime } from '../../shared/aws/runtime.ts';
import type { Fleet } from '../../shared/core/fleet/fleet.ts';
import { present } from '../../shared/core/present.ts';
import { CallerCrashed, type LocalAws } from '../aws/aws.ts';
import type { Connection } from '../aws/connection.ts';
import { operatorCredentials } from '../aws/principals.ts';
import { nothingLookedUp, sdkOptions } from './sdk-options.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly facts: Facts;
}

type RequestHandler = IAMClient['config']['requestHandler'];

/** How a process reaches the local AWS. */
export interface Line {
  readonly requestHandler: RequestHandler;
  readonly endpoint?: string;
  /** How often a call is tried, without a pause: the SDK's own delays would be real seconds. */
  readonly tries: number;
  /** Whether a call that failed so ended the process that made it. */
  readonly isDeath: (error: unknown) => boolean;
}

/** Without a socket, by a connection of the process's own, whose faults are its alone. */
export function directLine({ requestHandler }: Connection): Line {
  return { requestHandler, tries: 3, isDeath: (error) => error instanceof CallerCrashed };
}

/** Over HTTP; `endpoint` is what AWS_ENDPOINT_URL is for deployed code. A fault ends the socket of the call it is for. */
export function httpLine(aws: LocalAws, endpoint: string): Line {
  const { requestHandler } = new IAMClient(sdkOptions(aws.region, endpoint)).config;
  const isDeath = () => aws.calls.findLast(({ outcome }) => outcome !== 'pending')?.fault?.kind === 'crash-after';
  return { requestHandler, endpoint, tries: 5, isDeath };
}

export interface RuntimeOptions {
  readonly aws: LocalAws;
  readonly line: Line;
  /** The operator's unless told. */
  readonly credentials?: NonNullable<ClientOptions['credentials']>;
  readonly environment: Readonly<Record<string, string>>;
  readonly onLog: (line: LogLine) => void;
  readonly onMetric?: (name: MetricName, value: number) => void;
  /** Moves the local clock unless told. */
  readonly sleep?: (ms: number) => Promise<void>;
  /** The accounts that the deployment looks after. */
  readonly fleet?: Fleet;
}

let runs = 0;

/** What a handler is made with: the real SDK on the local clock. No two invocations have the same run ID. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const { aws, onLog, onMetric, sleep, credentials = operatorCredentials } = options;
  const { requestHandler, endpoint, tries } = options.line;
  const log =
    (level: LogLine['level']) =>
    (message: string, facts: Facts = {}): void =>
      onLog({ level, message, facts });
  return {
    aws: createAws({
      ...nothingLookedUp,
      region: aws.region,
      credentials,
      requestHandler,
      retryStrategy: new ConfiguredRetryStrategy(tries, () => 0),
      ...(endpoint !== undefined && { endpoint }),
    }),
    environment: options.environment,
    clock: aws.clock.now,
    sleep: sleep ?? (async (ms) => aws.clock.advance(ms)),
    memory: { stateKeys: new Map(), audiences: new Map() },
    newRunId: () => `00000000-0000-4000-8000-${String(++runs).padStart(12, '0')}`,
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    meter: { add: (name, value) => onMetric?.(name, value) },
    ...present({ fleet: options.fleet }),
  };
}

/** Lambda's context, with the time that the function has left on the local clock. */
export function contextOf({ clock, region, accountId }: LocalAws, functionName: string, timeoutMs: number): Context {
  const endsAt = clock.now() + timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
    memoryLimitInMB: '256',
    awsRequestId: '11111111-2222-4333-8444-555555555555',
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => endsAt - clock.now(),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}
