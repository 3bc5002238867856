import { type Answer, type Step, step } from '../answer.ts';
import type { ReasonCode } from '../reasons.ts';
import { firstRun, isWeeklyTurn, WEEKLY_DAYS } from '../runs.ts';
import type { Situation } from '../situation.ts';
import { hasPassed } from '../time.ts';

interface BlockedOptions {
  accessKeyId?: string;
  /** False where no tag may be written; then it is announced in one run a week. */
  isRecordable?: boolean;
  /** What is done all the same. */
  also?: Step | undefined;
}

/**
 * A state that a person has to resolve. Announced when it begins and weekly; by hand it is only answered, since the
 * operator is reading.
 */
export function blocked(s: Situation, reason: ReasonCode, message: string, options: BlockedOptions = {}): Answer {
  const { accessKeyId, isRecordable = true, also } = options;
  const about = accessKeyId === undefined ? {} : { accessKeyId };
  const isDue = isRecordable ? isAnnouncementDue(s, reason, accessKeyId) : isTurn(s);
  const announce = step({ action: 'announce-blocked', ...about, isRecordable }, reason, message);
  const steps = [...(also === undefined ? [] : [also]), ...(isDue && !isByHand(s) ? [announce] : [])];
  const none = step({ action: 'none', ...about }, reason, message);
  return { status: 'blocked', reason, message, steps: steps.length === 0 ? [none] : steps };
}

/** Or by Secrets Manager, which is answered with an error and tries again and again. */
function isByHand({ request }: Situation): boolean {
  return request.origin === 'manual' || request.origin === 'managed';
}

/** Only a scheduled run knows the one before it. */
function isTurn({ request, state, settings, now }: Situation): boolean {
  return request.mayRepeat ?? isWeeklyTurn(state.user.userId, firstRun(now, settings));
}

/** A tag without a reason is of an earlier version: it was about this one, or the week will tell. */
function isAnnouncementDue({ tags, now }: Situation, reason: ReasonCode, accessKeyId: string | undefined): boolean {
  const { announced } = tags;
  if (announced?.event !== 'blocked' || announced.accessKeyId !== accessKeyId) return true;
  return (announced.reason ?? reason) !== reason || hasPassed(announced.at, WEEKLY_DAYS, now);
}
