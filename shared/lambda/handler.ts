import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { callsMade, type Invocation, type Runtime } from '../aws/runtime.ts';
import { messageOf } from '../core/errors.ts';

export type Handler = (event: unknown, context: Context) => Promise<unknown>;

/**
 * What every handler shares: an invocation of its own, one log line for an error with its facts and never its event,
 * and the metrics of the run. The error goes on to Lambda, whose retries, alarms and dead-letter queues depend on it.
 */
export function wrap(
  name: string,
  runtime: Runtime,
  run: (event: unknown, invocation: Invocation) => Promise<unknown>,
): Handler {
  const base = async (event: unknown, context: Context): Promise<unknown> => {
    const startedAt = runtime.clock();
    const callsBefore = callsMade(runtime);
    const { functionName } = context;
    const deadlineAt = startedAt + context.getRemainingTimeInMillis();
    try {
      return await run(event, { runId: runtime.newRunId(), startedAt, deadlineAt, functionName });
    } finally {
      runtime.meter.add('AwsCalls', callsMade(runtime) - callsBefore);
    }
  };
  const handler = middy(base).onError(({ error }) => {
    runtime.log.error('Failed', { function: name, error: error?.name, reason: messageOf(error) });
  });
  return async (event, context) => handler(event, context);
}
