import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import { createConfigRemediation } from '../../../functions/config-remediation.ts';
import { createExposedKey } from '../../../functions/exposed-key.ts';
import { createRotateUser } from '../../../functions/rotate-user.ts';
import { createRotationWorker } from '../../../functions/rotation-worker.ts';
import { createScheduledRotation } from '../../../functions/scheduled-rotation.ts';
import { createSecretRotation } from '../../../functions/secret-rotation.ts';
import { type BeforeCall, CallerCrashed } from '../../../local/aws/aws.ts';
import { functionCredentials } from '../../../local/aws/principals.ts';
import { createAws } from '../../../shared/aws/clients.ts';
import type { Facts } from '../../../shared/aws/runtime.ts';
import type { Handler } from '../../../shared/lambda/handler.ts';
import { contextOf, type World } from '../world.ts';

export type FunctionName = keyof typeof factories;

/** How an invocation ended. A process that died did nothing more after its last call, not even a log line. */
export type Ending =
  | { readonly kind: 'answered'; readonly answer: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'died' };

export interface ProcessOptions {
  readonly name: string;
  readonly before?: BeforeCall | undefined;
  /** Instead of moving the clock: how a schedule makes a sleeper wait for its turn. */
  readonly sleep?: (ms: number) => Promise<void>;
}

export interface Process {
  invoke(event: unknown): Promise<Ending>;
}

const factories = {
  'rotation-worker': createRotationWorker,
  'rotate-user': createRotateUser,
  'exposed-key': createExposedKey,
  'config-remediation': createConfigRemediation,
  'scheduled-rotation': createScheduledRotation,
  'secret-rotation': createSecretRotation,
};
const never = <T>(): Promise<T> => new Promise<T>(() => {});
let runs = 0;

/** One Lambda environment: the real handler and the real SDK, on the local clock, with a death that is one. */
export function startProcess(world: World, functionName: FunctionName, options: ProcessOptions): Process {
  const { aws } = world;
  let isDead = false;
  let die: () => void = () => {};
  const death = new Promise<Ending>((resolve) => {
    die = () => resolve({ kind: 'died' });
  });
  const { requestHandler } = aws.connect(options.name, options.before);
  const send = requestHandler.handle;
  requestHandler.handle = async (request) => {
    if (isDead) return never();
    try {
      return await send(request);
    } catch (error) {
      if (!(error instanceof CallerCrashed)) throw error;
      isDead = true;
      die();
      return never();
    }
  };
  const log =
    (level: string) =>
    (message: string, facts: Facts = {}): void => {
      if (!isDead) world.logged.push(JSON.stringify({ level, message, ...facts }));
    };
  const handler: Handler = factories[functionName]({
    aws: createAws({
      region: aws.region,
      credentials: functionCredentials(functionName),
      requestHandler,
      retryStrategy: new ConfiguredRetryStrategy(3, () => 0),
    }),
    environment: world.environment,
    clock: aws.clock.now,
    sleep: options.sleep ?? (async (ms) => aws.clock.advance(ms)),
    memory: { stateKeys: new Map(), audiences: new Map() },
    newRunId: () => `00000000-0000-4000-9000-${String(++runs).padStart(12, '0')}`,
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    meter: { add: () => {} },
  });
  const run = async (event: unknown): Promise<Ending> => {
    try {
      const answer = await handler(event, contextOf(world, functionName));
      world.shown.push(answer);
      return { kind: 'answered', answer };
    } catch (error) {
      world.shown.push(error);
      return { kind: 'threw', error };
    }
  };
  return { invoke: (event) => Promise.race([run(event), death]) };
}
