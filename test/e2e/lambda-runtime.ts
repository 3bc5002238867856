/**
 * Lambda's side of an invocation: imports the handler once, then answers each JSON line on stdin with one on a pipe.
 * What the function prints goes to its log, as on Lambda. launcher.py starts one process for each function.
 */

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { env, stdin } from 'node:process';
import { createInterface } from 'node:readline';

interface Invocation {
  event: unknown;
  requestId: string;
  /** How far the clock of the emulated AWS is ahead of this machine's. */
  aheadMs: number;
}

let aheadMs = 0;
const RealDate = Date;

/** The machine that a function runs on shares AWS's clock: only "now" moves, timers stay as they are. */
class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [ShiftedDate.now()] : given) as [number]));
  }
  static override now(): number {
    return RealDate.now() + aheadMs;
  }
}
globalThis.Date = ShiftedDate as DateConstructor;

const answers = createWriteStream('', { fd: Number(env.E2E_ANSWERS_FD) });
const { LAMBDA_TASK_ROOT = '', _HANDLER = '', AWS_LAMBDA_FUNCTION_NAME: functionName = '' } = env;
const [, module = '', name = ''] = /^(.*)\.(\w+)$/.exec(_HANDLER) ?? [];
const timeoutMs = Number(env.E2E_TIMEOUT_SECONDS) * 1000;
const loaded: Record<string, (event: unknown, context: object) => Promise<unknown>> = await import(
  join(LAMBDA_TASK_ROOT, `${module}.js`)
);

async function invoke({ event, requestId, aheadMs: ahead }: Invocation): Promise<object> {
  aheadMs = ahead;
  const endsAt = performance.now() + timeoutMs;
  const context = {
    functionName,
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => endsAt - performance.now(),
  };
  try {
    const handler = loaded[name];
    if (handler === undefined) throw new Error(`${_HANDLER} is not a function`);
    return { result: (await handler(event, context)) ?? null };
  } catch (error) {
    const {
      name: errorType,
      message: errorMessage,
      stack = '',
    } = error instanceof Error ? error : new Error('unknown');
    return { error: { errorType, errorMessage, trace: stack.split('\n') } };
  }
}

for await (const line of createInterface({ input: stdin })) {
  answers.write(`${JSON.stringify(await invoke(JSON.parse(line) as Invocation))}\n`);
}
