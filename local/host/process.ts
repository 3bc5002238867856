import { IAMClient } from '@aws-sdk/client-iam';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import type { Context } from 'aws-lambda';
import { createConfigRemediation } from '../../functions/config-remediation.ts';
import { createConfigRule } from '../../functions/config-rule.ts';
import { createExposedKey } from '../../functions/exposed-key.ts';
import { createRotateUser } from '../../functions/rotate-user.ts';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import { createSecretRotation } from '../../functions/secret-rotation.ts';
import { createAws } from '../../shared/aws/clients.ts';
import type { Facts, Runtime } from '../../shared/aws/runtime.ts';
import type { Handler } from '../../shared/lambda/handler.ts';
import type { LocalAws } from '../aws/aws.ts';
import { type FunctionName, functionCredentials, operatorCredentials } from '../aws/principals.ts';

interface FunctionOf {
  readonly create: (runtime: Runtime) => Handler;
  /** As in serverless.yml. */
  readonly timeoutMs: number;
}

const functions = {
  'scheduled-rotation': { create: createScheduledRotation, timeoutMs: 900_000 },
  'rotation-worker': { create: createRotationWorker, timeoutMs: 300_000 },
  'rotate-user': { create: createRotateUser, timeoutMs: 300_000 },
  'config-rule': { create: createConfigRule, timeoutMs: 900_000 },
  'config-remediation': { create: createConfigRemediation, timeoutMs: 300_000 },
  'secret-rotation': { create: createSecretRotation, timeoutMs: 300_000 },
  'exposed-key': { create: createExposedKey, timeoutMs: 300_000 },
} satisfies Record<FunctionName, FunctionOf>;

export function isFunctionName(name: string): name is FunctionName {
  return Object.hasOwn(functions, name);
}

export const functionNames: readonly string[] = Object.keys(functions);

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly facts: Facts;
}

export interface ProcessOptions {
  readonly aws: LocalAws;
  /** Where the local AWS listens: what AWS_ENDPOINT_URL is for deployed code. */
  readonly endpoint: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly onLog: (line: LogLine) => void;
}

/** The process was killed in the middle of an invocation; Lambda reports it, and nothing else happens. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied';
}

/** A warm Lambda environment of one function: it keeps its clients and connections from one invocation to the next. */
export interface Process {
  /** Rejects with what the handler throws, or with ProcessDied; then nothing of it ever runs again. */
  invoke(event: unknown): Promise<unknown>;
  readonly isDead: boolean;
}

const never = <T>() => new Promise<T>(() => {});
let runs = 0;

/** Starts a process of one function: the real handler and the real SDK, over HTTP, on the local clock. */
export function startProcess(name: FunctionName, options: ProcessOptions): Process {
  const { aws, onLog } = options;
  let isDead = false;
  let die: (error: Error) => void = () => {};
  const death = new Promise<never>((_, reject) => {
    die = reject;
  });
  death.catch(() => {});

  const own = sdkOptions(aws.region, options.endpoint, functionCredentials(name));
  const requestHandler = new IAMClient(own).config.requestHandler;
  const send = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = async (request, handlerOptions) => {
    if (isDead) return never();
    try {
      return await send(request, handlerOptions);
    } catch (error) {
      if (aws.calls.findLast(isAnswered)?.fault?.kind !== 'crash-after') throw error;
      isDead = true;
      die(new ProcessDied(`The process of ${name} was killed.`));
      return never();
    }
  };

  const log =
    (level: LogLine['level']) =>
    (message: string, facts: Facts = {}) =>
      onLog({ level, message, facts });
  const handler = functions[name].create({
    aws: createAws({ ...own, requestHandler, retryStrategy: new ConfiguredRetryStrategy(5, () => 0) }),
    environment: options.environment,
    clock: aws.clock.now,
    sleep: async (ms) => (isDead ? never() : aws.clock.advance(ms)),
    memory: { stateKeys: new Map(), audiences: new Map() },
    newRunId: () => `00000000-0000-4000-8000-${String(++runs).padStart(12, '0')}`,
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    meter: { add: () => {} },
  });

  return {
    get isDead() {
      return isDead;
    },
    invoke: (event) => Promise.race([handler(event, contextOf(aws, name)), death]),
  };
}

function isAnswered({ outcome }: { outcome: string }): boolean {
  return outcome !== 'pending';
}

/** What every client of the local AWS is made with; `endpoint` is the same as AWS_ENDPOINT_URL. */
export function sdkOptions(region: string, endpoint: string, credentials = operatorCredentials) {
  return { region, endpoint, credentials };
}

/** Lambda's context, with the time that the function has left on the local clock. */
function contextOf({ clock, region, accountId }: LocalAws, name: FunctionName): Context {
  const functionName = `keyturn-local-${name}`;
  const endsAt = clock.now() + functions[name].timeoutMs;
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
