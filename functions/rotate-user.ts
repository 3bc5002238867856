import { rotateUser } from '../shared/aws/rotate-user.ts';
import { parseRotateUserEvent } from '../shared/core/events.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import type { Runtime } from '../shared/lambda/runtime.ts';

/** One user, now: `sls invoke -f rotate-user --data '{"userName":"alice"}'`. */
export function createRotateUser(runtime: Runtime): Handler {
  return wrap('rotate-user', runtime, (event, invocation) =>
    rotateUser(runtime, invocation, parseRotateUserEvent(event)),
  );
}

export const handler = createRotateUser(lambdaRuntime());
