import type { Step } from '../core/answer.ts';
import type { UserState } from '../core/model.ts';
import { type Instant, SECOND } from '../core/time.ts';
import { keepBooks } from './bookkeeping.ts';
import { deactivateExposed } from './exposed.ts';
import { issue } from './issue.ts';
import { removeOrphan, removeUnrecorded } from './orphan.ts';
import type { Outcome, Pass } from './pass.ts';
import { issuePending } from './pending-key.ts';
import { resume, transition } from './transitions.ts';

/**
 * Applies one step of a plan, after reading again what it depends on. The only way in which anything is changed: nothing
 * outside this folder makes a mutating call. Throws a RotationError when AWS refuses or does not answer.
 */
export async function apply(pass: Pass, state: UserState, step: Step, now: Instant): Promise<Outcome | undefined> {
  switch (step.action) {
    case 'none':
      return undefined;
    case 'issue':
      return step.versionId === undefined
        ? issue(pass, state, step, now)
        : issuePending(pass, state, step, now, step.versionId);
    case 'finish':
    case 'clear-intent':
      return resume(pass, state, step, now);
    case 'deactivate-orphan':
    case 'record-orphan':
    case 'delete-orphan':
      return removeOrphan(pass, state, step, now);
    case 'deactivate-unrecorded':
      return removeUnrecorded(pass, state, step, now);
    case 'deactivate-exposed':
      return deactivateExposed(pass, state, step, now);
    case 'deactivate':
    case 'retire':
    case 'delete':
    case 'roll-back':
    case 'move-forward':
      return transition(pass, state, step, now);
    default:
      return keepBooks(pass, state, step, now);
  }
}

/** The longest that a step takes from its first call to its last; nothing is started that cannot finish in time. */
export function timeNeeded(step: Step): number {
  if (step.action === 'none') return 0;
  // 15 or 35 s to be seen, 12 s for stale reads, 40 s for the proof, and the calls with their retries.
  return step.action === 'issue' ? 120 * SECOND : 80 * SECOND;
}
