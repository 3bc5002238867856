import type { Step } from '../core/answer.ts';
import { SECOND } from '../core/time.ts';
import type { Planned } from './attempt.ts';
import { keepBooks } from './bookkeeping.ts';
import { deactivateExposed } from './exposed.ts';
import { issue } from './issue.ts';
import { removeOrphan, removeUnrecorded } from './orphan.ts';
import type { Outcome } from './pass.ts';
import { resume } from './resume.ts';
import { transition } from './transitions.ts';

/**
 * Applies one step of a plan, after reading again what it depends on. The only way in which anything is changed: nothing
 * outside this folder makes a mutating call. Throws a RotationError when AWS refuses or does not answer.
 */
export async function apply(planned: Planned, step: Step): Promise<Outcome | undefined> {
  switch (step.action) {
    case 'none':
      return undefined;
    case 'issue':
      return issue({ ...planned, step });
    case 'finish':
    case 'clear-intent':
      return resume({ ...planned, step });
    case 'deactivate-orphan':
    case 'record-orphan':
    case 'delete-orphan':
      return removeOrphan({ ...planned, step });
    case 'deactivate-unrecorded':
      return removeUnrecorded({ ...planned, step });
    case 'deactivate-exposed':
      return deactivateExposed({ ...planned, step });
    case 'deactivate':
    case 'retire':
    case 'delete':
    case 'roll-back':
    case 'move-forward':
      return transition({ ...planned, step });
    default:
      return keepBooks({ ...planned, step });
  }
}

/** The longest that a step takes from its first call to its last; nothing is started that cannot finish in time. */
export function timeNeeded(step: Step): number {
  if (step.action === 'none') return 0;
  // 15 or 35 s to be seen, 12 s for stale reads, 40 s for the proof, and the calls with their retries.
  return step.action === 'issue' ? 120 * SECOND : 80 * SECOND;
}
