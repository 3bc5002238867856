import type { Step } from '../../core/answer.ts';
import type { UserState } from '../../core/model.ts';
import { planFor } from '../../core/plan.ts';
import { secretTagNames } from '../../core/secret-tags.ts';
import { assess } from '../../core/situation.ts';
import type { Instant } from '../../core/time.ts';
import { observeAgain } from '../observe.ts';
import type { Pass } from '../pass.ts';

/**
 * Reads again what the step depends on, and plans again: the fresh state, if the answer still holds the same step.
 * `doing` is the tag to plan with in place of our own intent: what stood there when the step was planned.
 */
export async function stillPlanned(
  pass: Pass,
  state: UserState,
  step: Step,
  now: Instant,
  doing: string | undefined,
): Promise<UserState | undefined> {
  const fresh = await observeAgain(pass.runtime.aws, pass.settings, state.user);
  return isStillPlanned(pass, withDoing(fresh, doing), step, now) ? fresh : undefined;
}

/** The same by a state that the caller has read. */
export function isStillPlanned(pass: Pass, state: UserState, step: Step, now: Instant): boolean {
  const { steps } = planFor(assess(state, pass.request, pass.settings, now));
  return steps.some((other) => other.action === step.action && keyOf(other) === keyOf(step));
}

/** The state as it would be with that intent in the place of ours. */
export function withDoing(state: UserState, doing: string | undefined): UserState {
  if (state.secret === undefined) return state;
  const { [secretTagNames.doing]: _, ...tags } = state.secret.tags;
  const planned = doing === undefined ? tags : { ...tags, [secretTagNames.doing]: doing };
  return { ...state, secret: { ...state.secret, tags: planned } };
}

function keyOf(step: Step): string | undefined {
  return 'accessKeyId' in step ? step.accessKeyId : undefined;
}
