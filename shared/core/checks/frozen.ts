import { type Answer, wait } from '../answer.ts';
import { freezeEnd } from '../freeze.ts';
import type { Situation } from '../situation.ts';
import { formatDate, type Instant } from '../time.ts';

/** In a freeze nothing is issued, deactivated or deleted, except by hand; an exposed key has its own check. */
export function frozenUntil({ settings, now, request }: Situation): Instant | undefined {
  return request.asked !== undefined && isCommand(request.asked.action) ? undefined : freezeEnd(settings, now);
}

function isCommand(action: string): boolean {
  return action !== 'plan' && action !== 'status';
}

export function frozen(until: Instant, instead: string): Answer {
  return wait('frozen', `${instead}, but changes are frozen until ${formatDate(until)}.`, until);
}
