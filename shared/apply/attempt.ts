import type { Step } from '../core/answer.ts';
import type { UserState } from '../core/model.ts';
import { assess, type Situation } from '../core/situation.ts';
import type { Instant } from '../core/time.ts';
import type { Outcome, Pass, Result } from './pass.ts';

/** A user as observed, and when the plan for them was made. */
export interface Planned {
  readonly pass: Pass;
  readonly state: UserState;
  readonly now: Instant;
}

/** One step of that plan, being applied. What performs it gets it with the state as it was read again. */
export interface Attempt<S extends Step = Step> extends Planned {
  readonly step: S;
}

export type StepOf<Name extends Step['action']> = Extract<Step, { action: Name }>;

/** How the state stands to the request, settings and time; the time of the call, unless one is given. */
export function situationOf(
  { pass, state }: Pick<Planned, 'pass' | 'state'>,
  now: Instant = pass.runtime.clock(),
): Situation {
  return assess(state, pass.request, pass.settings, now);
}

export function outcome({ step }: Pick<Attempt, 'step'>, result: Result, transitionId = '-'): Outcome {
  const about = 'accessKeyId' in step && step.accessKeyId !== undefined ? { accessKeyId: step.accessKeyId } : {};
  return { action: step.action, result, transitionId, ...about };
}
