import type { Runtime } from '../shared/aws/runtime.ts';
import { parseCollectorEvent } from '../shared/core/evidence/collector-event.ts';
import { parseCollecting } from '../shared/core/evidence/evidence-settings.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { collectEvidence } from '../shared/service/evidence-collector.ts';

/** Evidence of the account, daily and by `{}`: what was seen, how it was judged, and the digest that chains it. */
export function createEvidenceCollector(runtime: Runtime): Handler {
  return wrap('evidence-collector', runtime, (event, invocation) => {
    const request = parseCollectorEvent(event);
    return collectEvidence(runtime, invocation, request, parseCollecting(runtime.environment));
  });
}

export const handler = createEvidenceCollector(lambdaRuntime());
