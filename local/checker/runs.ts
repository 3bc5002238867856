import type { Secret } from '../aws/secrets-manager/secret-state.ts';
import type { Invocation } from './expectations.ts';
import type { Look } from './look.ts';

/** One invocation, with what it can know and what it has done. */
export interface Run extends Invocation {
  /** By UserId: everybody as they were when it began. */
  readonly begun: ReadonlyMap<string, Look>;
  /** By UserId: the tags of state that none of ours had written when it began. */
  readonly forged: ReadonlyMap<string, readonly string[]>;
  /** By UserId: the secret as it was last read, and after how many calls of all. */
  readonly reads: Map<string, { readonly secret: Secret | undefined; readonly n: number }>;
  /** When the lease was last seen as its own. */
  leaseSeenAt: number | undefined;
  /** Under which it writes its intents. */
  runId: string | undefined;
  /** Of the intent that it has written. */
  transitionId: string | undefined;
}

export function beginRun(invocation: Invocation, begun: Run['begun'], forged: Run['forged']): Run {
  const unknown = { leaseSeenAt: undefined, runId: undefined, transitionId: undefined };
  return { ...invocation, begun, forged, reads: new Map(), ...unknown };
}
