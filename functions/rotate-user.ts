import type { Runtime } from '../shared/aws/runtime.ts';
import { parseRotateUserEvent } from '../shared/core/events.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { rotateUser } from '../shared/service/rotate-user.ts';

/** One user, now: `sls invoke -f rotate-user --data '{"userName":"alice"}'`. */
export function createRotateUser(runtime: Runtime): Handler {
  return wrap('rotate-user', runtime, (event, invocation) =>
    rotateUser(runtime, invocation, parseRotateUserEvent(event)),
  );
}

export const handler = createRotateUser(lambdaRuntime());
