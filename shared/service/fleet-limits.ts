import type { Planned } from '../apply/attempt.ts';
import type { FleetRefusal } from '../apply/pass.ts';
import { wait } from '../core/answer.ts';
import { putOff } from '../core/limits.ts';
import type { UserState } from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import { parseSecretTags } from '../core/read-secret-tags.ts';
import { formatDate, type Instant } from '../core/time.ts';

/**
 * The answer, unless it begins a rotation that the fleet does not let begin now. Asked last, since a yes costs a ticket:
 * what the account's own limits refuse takes none. What an exposed key is owed is never limited.
 */
export async function unlessFleetRefuses({ pass, state, now }: Planned, answer: Plan): Promise<Plan> {
  const { mayBegin, request } = pass;
  const isLimited = request.origin === 'schedule' || request.origin === 'config';
  const isIssue = answer.steps.some(({ action, reason }) => action === 'issue' && reason !== 'exposed');
  if (mayBegin === undefined || !isLimited || !isIssue) return answer;
  const refusal: FleetRefusal | undefined = await mayBegin();
  if (refusal === undefined) return answer;
  const message = putOff(`The rotation of ${state.user.userName} is`, refusal.because, now);
  return { check: answer.check, ...wait(refusal.reason, message) };
}

/** A rotation that was begun today has its ticket, also if it was interrupted and is begun anew. */
export function isBegunToday({ secret }: UserState, now: Instant): boolean {
  const { issuedOn } = parseSecretTags(secret?.tags ?? {}, now).tags;
  return issuedOn !== undefined && formatDate(issuedOn) === formatDate(now);
}
