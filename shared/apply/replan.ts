import { type AsksLastUse, observeAgain } from '../aws/observe.ts';
import type { Step } from '../core/answer.ts';
import { isLastUseAsked } from '../core/last-use.ts';
import type { UserState } from '../core/model.ts';
import { planFor } from '../core/plan.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import type { Instant } from '../core/time.ts';
import { type Attempt, situationOf } from './attempt.ts';
import type { Pass } from './pass.ts';

/** Reads again what the step depends on, and plans again: the fresh state, if the answer still holds the same step. */
export async function stillPlanned(attempt: Attempt): Promise<UserState | undefined> {
  const { pass, state, now } = attempt;
  const fresh = await observeAgain(pass.reader, state.user, asksLastUse(pass, now));
  return isStillPlanned(attempt, fresh) ? fresh : undefined;
}

/** Asks for a last use only where the plan of this pass may depend on it. */
export function asksLastUse(pass: Pass, now: Instant): AsksLastUse {
  return (state, accessKeyId) => isLastUseAsked(situationOf({ pass, state }, now), accessKeyId);
}

/** The same by a state that the caller has read. */
export function isStillPlanned({ pass, step, now }: Attempt, state: UserState): boolean {
  const { steps } = planFor(situationOf({ pass, state }, now));
  return steps.some((other) => other.action === step.action && keyOf(other) === keyOf(step));
}

/** The state with that intent in the place of ours: as it was when the step was planned. */
export function withIntent(state: UserState, intent: string | undefined): UserState {
  if (state.secret === undefined) return state;
  const { [secretTagNames.doing]: _, ...tags } = state.secret.tags;
  const planned = intent === undefined ? tags : { ...tags, [secretTagNames.doing]: intent };
  return { ...state, secret: { ...state.secret, tags: planned } };
}

function keyOf(step: Step): string | undefined {
  return 'accessKeyId' in step ? step.accessKeyId : undefined;
}
