import { type Answer, act } from '../answer.ts';
import { isAboutExposed } from '../exposure.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Situation } from '../situation.ts';

/** The one way to answer "issue": without grace, and for an exposed key, the same run goes on to the deactivation. */
export function issueAnswer(s: Situation, reason: ReasonCode, message: string): Answer {
  const graceDays = s.request.asked?.graceDays;
  const continues = (graceDays ?? s.settings.graceDays) === 0 || isAboutExposed(s);
  const action = { action: 'issue', ...(graceDays === undefined ? {} : { graceDays }) } as const;
  return act(action, reason, message, { continues });
}
