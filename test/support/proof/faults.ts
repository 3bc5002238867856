import type { BeforeCall, Call, Fault } from '../../../local/aws/aws.ts';
import { MINUTE, SECOND } from '../../../local/aws/clock.ts';

/** One kind of fault: what happens to a call, and to how many tries of it. */
export interface FaultKind {
  readonly name: string;
  /** Undefined: this kind of fault does not exist for the call. */
  readonly of: (call: Call, tries: number) => Fault | undefined;
  /** The SDK of the suite tries three times. */
  readonly tries: number;
}

const always =
  (fault: Fault): FaultKind['of'] =>
  () =>
    fault;

/** Reads may be stale: ListSecrets up to five minutes, every other read up to ten seconds. */
export function staleRead({ mutating, service, operation }: Call): Fault | undefined {
  if (mutating || (service !== 'iam' && service !== 'secretsmanager')) return undefined;
  return { kind: 'stale', ms: operation === 'ListSecrets' ? 5 * MINUTE : 10 * SECOND };
}

/** The first try had its effect, and the last answer is a refusal: together they say nothing for certain. */
function lostThenThrottled(_call: Call, tried: number): Fault {
  return { kind: tried === 0 ? 'lost-response' : 'throttle' };
}

export const faultKinds: readonly FaultKind[] = [
  { name: 'crash before', of: always({ kind: 'crash-before' }), tries: 1 },
  { name: 'crash after', of: always({ kind: 'crash-after' }), tries: 1 },
  { name: 'lost response', of: always({ kind: 'lost-response' }), tries: 1 },
  { name: 'no answer', of: always({ kind: 'lost-response' }), tries: 3 },
  { name: 'throttle', of: always({ kind: 'throttle' }), tries: 3 },
  { name: 'error 500', of: always({ kind: 'error', status: 500, code: 'InternalFailure' }), tries: 3 },
  { name: 'stale read', of: staleRead, tries: 1 },
  { name: 'lost, then throttled', of: lostThenThrottled, tries: 3 },
];

/** Orders the fault for the n-th call of a caller and, as far as told, for the tries that repeat it. */
export function faultAt(n: number, { of, tries }: FaultKind): BeforeCall {
  let ordered: Call | undefined;
  return (call) => {
    if (call.n === n) ordered = call;
    const isRepeated = ordered !== undefined && call.operation === ordered.operation && call.n < n + tries;
    return isRepeated ? of(call, call.n - n) : undefined;
  };
}
