import { type Call, type Fault, type ServiceName, speaksJson } from './call.ts';
import { AwsError } from './errors.ts';
import { isRecord } from './input.ts';

/** Each service's own way to say "too fast". */
export function throttled(service: ServiceName): AwsError {
  if (service === 's3') return new AwsError(503, 'SlowDown', 'Please reduce your request rate.');
  if (service === 'organizations') {
    return new AwsError(400, 'TooManyRequestsException', 'AWS Organizations is busy. Please try again later.');
  }
  return new AwsError(400, speaksJson(service) ? 'ThrottlingException' : 'Throttling', 'Rate exceeded');
}

/** An order for faults: which calls, beginning with the n-th that fits, how many times. */
export interface FaultRule {
  readonly service?: string;
  readonly operation?: string;
  /** 1 is the next call that fits. */
  readonly nth?: number;
  /** 1 unless told. */
  readonly times?: number;
  readonly fault: Fault;
}

/** Answers, for each call in turn, the fault that the first fitting rule orders. */
export function faultsByRule(rules: readonly FaultRule[]): (call: Call) => Fault | undefined {
  const counters = rules.map((rule) => ({ rule, seen: 0 }));
  return (call) => {
    let ordered: Fault | undefined;
    for (const counter of counters) {
      const { service, operation, nth = 1, times = 1, fault } = counter.rule;
      if (service !== undefined && service !== call.service) continue;
      if (operation !== undefined && operation !== call.operation) continue;
      counter.seen++;
      if (counter.seen >= nth && counter.seen < nth + times) ordered ??= fault;
    }
    return ordered;
  };
}

const simpleKinds = ['crash-before', 'crash-after', 'lost-response', 'throttle'] as const;

/** Reads a fault from JSON; undefined if it is none. */
export function parseFault(value: unknown): Fault | undefined {
  if (!isRecord(value)) return undefined;
  const simple = simpleKinds.find((kind) => kind === value.kind);
  if (simple !== undefined) return { kind: simple };
  if (value.kind === 'stale' && typeof value.ms === 'number') return { kind: 'stale', ms: value.ms };
  if (value.kind === 'error' && typeof value.status === 'number' && typeof value.code === 'string') {
    const message = typeof value.message === 'string' ? { message: value.message } : {};
    return { kind: 'error', status: value.status, code: value.code, ...message };
  }
  return undefined;
}
