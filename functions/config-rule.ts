import type { Runtime } from '../shared/aws/runtime.ts';
import { parseRuleEvent } from '../shared/core/config-events.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { evaluateRule } from '../shared/service/config-rule.ts';

/** The AWS Config custom rule: judges the age of every user's access keys, and changes nothing. */
export function createConfigRule(runtime: Runtime): Handler {
  return wrap('config-rule', runtime, (event, invocation) => evaluateRule(runtime, invocation, parseRuleEvent(event)));
}

export const handler = createConfigRule(lambdaRuntime());
