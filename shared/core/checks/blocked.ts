import { type Answer, type Step, step } from '../answer.ts';
import type { User } from '../model.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Situation } from '../situation.ts';
import { DAY, hasPassed, type Instant } from '../time.ts';

const REPEAT_DAYS = 7;

interface BlockedOptions {
  accessKeyId?: string;
  /** False where no tag may be written; then it is announced on one weekday of the user's own. */
  isRecordable?: boolean;
  /** What is done all the same. */
  also?: Step | undefined;
}

/**
 * A state that somebody has to resolve. Announced when it begins and weekly; by hand it is only answered, since the
 * operator is reading.
 */
export function blocked(s: Situation, reason: ReasonCode, message: string, options: BlockedOptions = {}): Answer {
  const { accessKeyId, isRecordable = true, also } = options;
  const about = accessKeyId === undefined ? {} : { accessKeyId };
  const isDue = isRecordable ? isAnnouncementDue(s, reason, accessKeyId) : isWeekdayOf(s.state.user, s.now);
  const announce = step({ action: 'announce-blocked', ...about, isRecordable }, reason, message);
  const steps = [...(also === undefined ? [] : [also]), ...(isDue && !isByHand(s) ? [announce] : [])];
  const none = step({ action: 'none' }, reason, message);
  return { status: 'blocked', reason, message, steps: steps.length === 0 ? [none] : steps };
}

/** Or by Secrets Manager, which is answered with an error and tries again and again. */
function isByHand({ request }: Situation): boolean {
  return request.origin === 'manual' || request.origin === 'managed';
}

/** A tag without a reason is of an earlier version: it was about this one, or the week will tell. */
function isAnnouncementDue({ tags, now }: Situation, reason: ReasonCode, accessKeyId: string | undefined): boolean {
  const { announced } = tags;
  if (announced?.event !== 'blocked' || announced.accessKeyId !== accessKeyId) return true;
  return (announced.reason ?? reason) !== reason || hasPassed(announced.at, REPEAT_DAYS, now);
}

/** One day in seven, another for each user, for what cannot be remembered. */
export function isWeekdayOf({ userId }: Pick<User, 'userId'>, now: Instant): boolean {
  return Math.floor(now / DAY) % REPEAT_DAYS === hashOf(userId) % REPEAT_DAYS;
}

/** A small stable hash (FNV-1a, 32 bits) that spreads users over days. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
