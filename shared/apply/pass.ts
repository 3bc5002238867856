import type { Reader } from '../aws/observe.ts';
import type { Facts, Invocation, Runtime } from '../aws/runtime.ts';
import { readStateKey } from '../aws/state-key.ts';
import type { ActionName } from '../core/answer.ts';
import { RotationError } from '../core/errors.ts';
import { siblingOf } from '../core/function-name.ts';
import type { UsedBy } from '../core/messages/build-message.ts';
import type { LastUsed, Request } from '../core/model.ts';
import type { RotationToken } from '../core/secret-rotation-events.ts';
import type { Settings } from '../core/settings.ts';
import { nothingVerified, type StateKey } from '../core/state-key.ts';
import type { Instant } from '../core/time.ts';

/** One invocation's work on one user: what it works with, and what bounds it. */
export interface Pass {
  runtime: Runtime;
  settings: Settings;
  request: Request;
  reader: Reader;
  /** Signs what is written into tags and labels; absent while KMS does not give it: then nothing is. */
  stateKey?: StateKey;
  /** The end of the function; the lease ends half a minute later. */
  deadlineAt: Instant;
  /** The queue serialises the passes over one user; a run outside it must first see whether another is at work. */
  isQueued: boolean;
  /** Instants that this invocation wrote into tags. `request.wroteAt` is this very set. */
  wroteAt: Set<Instant>;
  /** Exposed keys that this invocation has reported. `request.told` is this very set. */
  told: Set<string>;
  /** The transition that this invocation has announced and not yet taken off, for the log lines of its writes. */
  inFlight: { transitionId?: string };
  rotateUserFunction: string;
  /** Of a rotation step, for the one call that stores the key. */
  rotationToken?: RotationToken;
  /** In a fleet: asked last before a new rotation begins that nobody asked for by hand. It may be asked once. */
  mayBegin?: () => Promise<FleetRefusal | undefined>;
  /** Where CloudTrail lookups are switched on: what a reminder says about the use of the old key. */
  whoUses?: (accessKeyId: string, lastUsed: LastUsed) => Promise<UsedBy>;
  /** Added to what is announced about the user. Asked for only then: after the first write. */
  note?: () => Promise<string | undefined>;
}

/** Why the fleet as a whole lets no rotation begin now, as the planner would answer. */
export interface FleetRefusal {
  reason: 'breaker-open' | 'daily-limit';
  /** As a clause. */
  because: string;
}

/**
 * What became of a step: `done`; `busy`, somebody else has the lease; `changed`, the state is no longer what the step
 * was planned for; `lost`, another version became current first; `not-proven`, the new key never worked.
 */
export const results = ['done', 'busy', 'changed', 'lost', 'not-proven'] as const;
export type Result = (typeof results)[number];

export interface Outcome {
  action: ActionName;
  accessKeyId?: string;
  result: Result;
  transitionId: string;
}

type Asks = Pick<
  Request,
  'origin' | 'asked' | 'accessKeyId' | 'reportedAt' | 'mayIssue' | 'mayRepeat' | 'refusal' | 'rotation'
>;

/** A pass with a run of its own, and nothing written yet. Without the state key nothing is known, and nothing changed. */
export async function openPass(
  runtime: Runtime,
  settings: Settings,
  { runId, deadlineAt, functionName }: Invocation,
  { isQueued, ...asks }: Asks & Pick<Pass, 'isQueued'>,
): Promise<Pass> {
  const wroteAt = new Set<Instant>();
  const told = new Set<string>();
  const stateKey = await stateKeyOrNone(runtime, settings, runId);
  return {
    runtime,
    settings,
    reader: { aws: runtime.aws, settings, verifier: stateKey ?? nothingVerified },
    ...(stateKey === undefined ? {} : { stateKey }),
    deadlineAt,
    isQueued,
    wroteAt,
    told,
    inFlight: {},
    request: { ...asks, runId, wroteAt, told, ...(stateKey === undefined ? { isStateKeyMissing: true } : {}) },
    rotateUserFunction: siblingOf(functionName, 'rotate-user'),
  };
}

async function stateKeyOrNone(runtime: Runtime, settings: Settings, runId: string): Promise<StateKey | undefined> {
  try {
    return await readStateKey(runtime, settings);
  } catch (error) {
    if (!(error instanceof RotationError)) throw error;
    runtime.log.error('No state key', { runId, because: error.message });
    return undefined;
  }
}

/** One line for each write that AWS took, so that the log knows of it even if the pass dies right after. */
export function logWrite({ runtime, request, inFlight }: Pass, call: string, facts: Facts): void {
  runtime.log.info('Wrote', { call, runId: request.runId, ...inFlight, ...facts });
}
