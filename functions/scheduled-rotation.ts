import type { Runtime } from '../shared/aws/runtime.ts';
import { parseScheduledEvent } from '../shared/core/events.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { runScheduled } from '../shared/service/scheduled-rotation.ts';

/** The daily run over the account. With `{"dryRun": true}` it shows what it would do. */
export function createScheduledRotation(runtime: Runtime): Handler {
  return wrap('scheduled-rotation', runtime, (event, invocation) =>
    runScheduled(runtime, invocation, parseScheduledEvent(event)),
  );
}

export const handler = createScheduledRotation(lambdaRuntime());
