import type { LocalAws } from './aws.ts';
import type { Call, Fault, WireResponse } from './call.ts';
import { DAY } from './clock.ts';
import { type FaultRule, faultsByRule, parseFault } from './faults.ts';
import { type Input, isRecord } from './input.ts';

/** Runs one of the service's functions with an event. */
export type Invoke = (functionName: string, event: unknown) => Promise<unknown>;

/** The routes under `/_local/`, and the faults they have ordered. */
export interface Control {
  handle(method: string, path: string, body: string): Promise<WireResponse>;
  faultFor(call: Call): Fault | undefined;
}

/** The input of a control route is wrong; the message is a sentence that says what to send. */
class ControlError extends Error {
  override readonly name = 'ControlError';
}

function json(statusCode: number, value: unknown): WireResponse {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(value ?? null)}\n` };
}

function parse(body: string): unknown {
  if (body.trim() === '') return {};
  try {
    return JSON.parse(body);
  } catch {
    throw new ControlError('The body is not JSON.');
  }
}

function fields(value: unknown): Input {
  if (!isRecord(value)) throw new ControlError('The body must be a JSON object.');
  return value;
}

function textField(input: Input, name: string): string {
  const value = input[name];
  if (typeof value !== 'string' || value === '') throw new ControlError(`"${name}" must be a non-empty string.`);
  return value;
}

function setClock(aws: LocalAws, input: Input): void {
  const { now, advanceDays } = input;
  if (typeof now === 'string' && advanceDays === undefined) {
    const at = Date.parse(now);
    if (Number.isNaN(at)) throw new ControlError('"now" must be an instant in ISO 8601, like 2026-01-31T09:00:00Z.');
    aws.clock.set(at);
  } else if (typeof advanceDays === 'number' && now === undefined) {
    aws.clock.advance(advanceDays * DAY);
  } else {
    throw new ControlError('Send either {"now": "<ISO 8601>"} or {"advanceDays": <number>}.');
  }
}

function useKey(aws: LocalAws, input: Input): unknown {
  const accessKeyId = textField(input, 'accessKeyId');
  const use = { service: textField(input, 'service'), region: textField(input, 'region') };
  try {
    aws.iam.useKey(accessKeyId, use);
  } catch (error) {
    throw new ControlError(error instanceof Error ? error.message : 'The key cannot be used.');
  }
  return { accessKeyId, ...use };
}

function positive(rule: Input, name: string): number | undefined {
  const value = rule[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new ControlError(`"${name}" of a rule must be a whole number, 1 or more.`);
}

function optional(rule: Input, name: string): string | undefined {
  return rule[name] === undefined ? undefined : textField(rule, name);
}

function parseRule(value: unknown): FaultRule {
  const rule = fields(value);
  const fault = parseFault(rule.fault);
  if (fault === undefined) {
    throw new ControlError(
      'Each rule needs a "fault": {"kind": "crash-before" | "crash-after" | "lost-response" | "throttle"}, {"kind": "error", "status", "code"} or {"kind": "stale", "ms"}.',
    );
  }
  const [service, operation] = [optional(rule, 'service'), optional(rule, 'operation')];
  const [nth, times] = [positive(rule, 'nth'), positive(rule, 'times')];
  return {
    fault,
    ...(service !== undefined && { service }),
    ...(operation !== undefined && { operation }),
    ...(nth !== undefined && { nth }),
    ...(times !== undefined && { times }),
  };
}

function parseRules(value: unknown): FaultRule[] {
  const rules: unknown = isRecord(value) && 'rules' in value ? value.rules : value;
  if (!Array.isArray(rules)) throw new ControlError('Send a JSON list of fault rules; an empty list clears them.');
  return rules.map(parseRule);
}

/** Builds the control routes. Bad input answers 400 and a sentence, an unknown route 404. */
export function createControl(
  aws: LocalAws,
  invoke: Invoke | undefined,
  onReset: (() => void | Promise<void>) | undefined,
): Control {
  let faultFor = faultsByRule([]);

  const routes: Readonly<Record<string, (body: unknown) => unknown>> = {
    'GET /_local/clock': () => ({ now: new Date(aws.clock.now()).toISOString() }),
    'PUT /_local/clock'(body) {
      setClock(aws, fields(body));
      return { now: new Date(aws.clock.now()).toISOString() };
    },
    'POST /_local/faults'(body) {
      const rules = parseRules(body);
      faultFor = faultsByRule(rules);
      return { rules: rules.length };
    },
    'GET /_local/calls': () => aws.calls.map((call) => ({ ...call, at: new Date(call.at).toISOString() })),
    async 'POST /_local/reset'() {
      faultFor = faultsByRule([]);
      aws.reset();
      await onReset?.();
      return { now: new Date(aws.clock.now()).toISOString() };
    },
    'POST /_local/use-key': (body) => useKey(aws, fields(body)),
    'POST /_local/invoke'(body) {
      const input = fields(body);
      if (invoke === undefined) throw new ControlError('This local AWS was started without functions to invoke.');
      return invoke(textField(input, 'function'), input.event ?? {});
    },
  };

  return {
    faultFor: (call) => faultFor(call),
    async handle(method, path, body) {
      const route = routes[`${method} ${path}`];
      if (route === undefined) {
        return json(404, { message: `There is no ${method} ${path}. There are: ${Object.keys(routes).join(', ')}.` });
      }
      try {
        return json(200, await route(parse(body)));
      } catch (error) {
        if (error instanceof ControlError) return json(400, { message: error.message });
        // What an invoked function throws is its answer, in the form of Lambda's own error payload.
        const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
        return json(500, { errorType: name, errorMessage: message });
      }
    },
  };
}
