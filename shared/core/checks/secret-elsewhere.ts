import type { Answer } from '../answer.ts';
import { inAnotherRegion } from '../secret-elsewhere.ts';
import type { Situation } from '../situation.ts';
import { blocked } from './blocked.ts';

/**
 * The answer, unless it issues a key to a user whose secret is in another Region of the fleet: they would get a second one,
 * and nobody would look after the first. Nothing is recorded, since the place for it would be a secret here.
 */
export function unlessElsewhere(s: Situation, answer: Answer): Answer {
  const { elsewhere = [] } = s.request;
  if (elsewhere.length === 0 || answer.steps.every(({ action }) => action !== 'issue')) return answer;
  return blocked(s, 'secret-elsewhere', inAnotherRegion(s.state.user, s.settings, elsewhere), { isRecordable: false });
}
