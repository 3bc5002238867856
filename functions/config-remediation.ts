import type { Runtime } from '../shared/aws/runtime.ts';
import { parseRemediationEvent } from '../shared/core/config-events.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { remediate } from '../shared/service/config-remediation.ts';

/** A user whom AWS Config calls non-compliant, or `{"resourceId": "AIDA…"}`: enqueued if something is due. */
export function createConfigRemediation(runtime: Runtime): Handler {
  return wrap('config-remediation', runtime, (event, invocation) =>
    remediate(runtime, invocation, parseRemediationEvent(event)),
  );
}

export const handler = createConfigRemediation(lambdaRuntime());
