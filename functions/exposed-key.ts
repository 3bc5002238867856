import type { Runtime } from '../shared/aws/runtime.ts';
import { parseExposureEvent } from '../shared/core/events.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { handleExposure } from '../shared/service/exposed-key.ts';

/** Access keys that AWS Health reports as exposed: replaced and deactivated at once. */
export function createExposedKey(runtime: Runtime): Handler {
  return wrap('exposed-key', runtime, (event, invocation) =>
    handleExposure(runtime, invocation, parseExposureEvent(event)),
  );
}

export const handler = createExposedKey(lambdaRuntime());
