import { createConfigRemediation } from '../../functions/config-remediation.ts';
import { createConfigRule } from '../../functions/config-rule.ts';
import { createEvidenceCollector } from '../../functions/evidence-collector.ts';
import { createEvidenceRecorder } from '../../functions/evidence-recorder.ts';
import { createExposedKey } from '../../functions/exposed-key.ts';
import { createRotateUser } from '../../functions/rotate-user.ts';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import { createSecretRotation } from '../../functions/secret-rotation.ts';
import type { Runtime } from '../../shared/aws/runtime.ts';
import type { Handler } from '../../shared/lambda/handler.ts';
import { type FunctionName, functionCredentials } from '../aws/principals.ts';
import { contextOf, createRuntime, type Line, type RuntimeOptions } from './runtime.ts';

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
  'evidence-recorder': { create: createEvidenceRecorder, timeoutMs: 30_000 },
  'evidence-collector': { create: createEvidenceCollector, timeoutMs: 900_000 },
} satisfies Record<FunctionName, FunctionOf>;

export function isFunctionName(name: string): name is FunctionName {
  return Object.hasOwn(functions, name);
}

export const functionNames: readonly string[] = Object.keys(functions);

export interface ProcessOptions extends Omit<RuntimeOptions, 'credentials'> {
  /** What the names of functions begin with; `keyturn-local`. */
  readonly stack?: string;
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

/** Starts a process of one function: the real handler and the real SDK, on the local clock, with a death that is one. */
export function startProcess(name: FunctionName, options: ProcessOptions): Process {
  const { aws, onLog, stack = 'keyturn-local', sleep = async (ms) => aws.clock.advance(ms) } = options;
  const life = createLife(name);
  const { create, timeoutMs } = functions[name];
  const handler = create(
    createRuntime({
      ...options,
      line: mortal(options.line, life),
      credentials: functionCredentials(name),
      // The dead neither log nor let time pass.
      onLog: (line) => life.isOver || onLog(line),
      sleep: async (ms) => (life.isOver ? never() : sleep(ms)),
    }),
  );
  return {
    get isDead() {
      return life.isOver;
    },
    invoke: (event) => Promise.race([handler(event, contextOf(aws, `${stack}-${name}`, timeoutMs)), life.death]),
  };
}

/** A warm process of each function that was invoked. The invocation after a death finds another. */
export interface Fleet {
  invoke(name: FunctionName, event: unknown): Promise<unknown>;
  /** All of them are gone, as after a deployment. */
  clear(): void;
}

export function createFleet(start: (name: FunctionName) => Process): Fleet {
  const processes = new Map<FunctionName, Process>();
  return {
    invoke(name, event) {
      const warm = processes.get(name);
      const process = warm === undefined || warm.isDead ? start(name) : warm;
      processes.set(name, process);
      return process.invoke(event);
    },
    clear: () => processes.clear(),
  };
}

interface Life {
  isOver: boolean;
  /** Rejects when the process dies. */
  readonly death: Promise<never>;
  end(): void;
}

function createLife(name: FunctionName): Life {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  return {
    isOver: false,
    death: promise,
    end() {
      this.isOver = true;
      reject(new ProcessDied(`The process of ${name} was killed.`));
    },
  };
}

/** The same line, which ends the life of the process with a call that kills it; the dead hear no answer and no error. */
function mortal(line: Line, life: Life): Line {
  const { requestHandler } = line;
  const send = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = async (request, options) => {
    if (life.isOver) return never();
    try {
      return await send(request, options);
    } catch (error) {
      if (!line.isDeath(error)) throw error;
      life.end();
      return never();
    }
  };
  return line;
}
