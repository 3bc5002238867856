import { deletionNoticeFrom } from './notice-period.ts';
import { graceDaysOf } from './promises.ts';
import type { Situation } from './situation.ts';
import { DAY } from './time.ts';

/**
 * Whether any check may ask when this key was last used; each answer costs a call. A last use that was not read looks
 * like none, so this must never be false for a key that could be found quiet or unused by it.
 */
export function isLastUseAsked(s: Situation, accessKeyId: string): boolean {
  const key = s.keys.find((candidate) => candidate.accessKeyId === accessKeyId);
  const { origin } = s.request;
  if (key === undefined || origin === 'manual' || origin === 'managed' || isInterrupted(s)) return true;
  if (!key.isActive)
    return key.deletableAt === undefined || s.now >= deletionNoticeFrom(key.deletableAt, s.settings.runEveryDays);
  const others = s.keys.filter((candidate) => candidate !== key && candidate.isActive);
  if (others.length === 0) return key.isDue;
  // The current key beside the one it replaces: only the end of the grace period asks whether it is in use.
  const isReplacement = key.role === 'current' && others.every(({ createdAt }) => createdAt <= key.createdAt);
  return !isReplacement || isGraceOver(s, accessKeyId);
}

/** An intent of another run: which key it left behind is known by its use. */
function isInterrupted({ tags: { intent }, request }: Situation): boolean {
  return intent !== undefined && (intent.verb === 'issue' || intent.runId !== request.runId);
}

function isGraceOver({ tags, settings, now }: Situation, accessKeyId: string): boolean {
  const { currentSince, confirmed } = tags;
  if (confirmed?.accessKeyId === accessKeyId) return true;
  if (currentSince?.accessKeyId !== accessKeyId) return false;
  return now - currentSince.at >= graceDaysOf(currentSince, settings) * DAY;
}
