import type { Runtime } from '../shared/aws/runtime.ts';
import { parseRotationEvent } from '../shared/core/secret-rotation-events.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { runRotationStep } from '../shared/service/secret-rotation.ts';

/** One step of a rotation that Secrets Manager drives: createSecret, setSecret, testSecret or finishSecret. */
export function createSecretRotation(runtime: Runtime): Handler {
  return wrap('secret-rotation', runtime, (event, invocation) =>
    runRotationStep(runtime, invocation, parseRotationEvent(event)),
  );
}

export const handler = createSecretRotation(lambdaRuntime());
