import { WEEKLY_DAYS } from './runs.ts';
import type { KeyRecord, NoticeKind, SecretTags } from './secret-tags.ts';
import { DAY, HOUR, hasPassed, type Instant } from './time.ts';

/** Nothing is taken away by schedule less than this after its owner was told. */
export const NOTICE_MIN = 12 * HOUR;
const NOTICE_MAX_DAYS = 4;
/** Told so long before a deletion, and a run before it where runs are rarer. */
const DELETION_NOTICE_DAYS = 3;

/** Days before the end of the grace period on which a reminder is due. */
const REMINDER_DAYS = [7, 3, 1] as const;

/** What is to be taken away: a notice given at `at` or before was about something else. */
export interface Wanted extends KeyRecord {
  kind: NoticeKind;
}

/** How the owner was told: not at all, or too long ago; lately, so that it has to wait; or in time. */
export type NoticePeriod = { is: 'missing' } | { is: 'running'; until: Instant } | { is: 'in-force' };

/**
 * A notice lives as long as two runs and two days: a schedule that is a run late must not begin anew. It is in force
 * half a day after its publication, once the earliest day that it named has come.
 */
export function noticePeriodOf(
  { notice }: SecretTags,
  wanted: Wanted,
  runEveryDays: number,
  now: Instant,
): NoticePeriod {
  const oldest = Math.max(NOTICE_MAX_DAYS, 2 * runEveryDays + 2) * DAY;
  if (notice?.accessKeyId !== wanted.accessKeyId || notice.kind !== wanted.kind) return { is: 'missing' };
  if (notice.at <= wanted.at || now - notice.at > oldest) return { is: 'missing' };
  const until = Math.max(notice.at + NOTICE_MIN, notice.earliestAt);
  return now < until ? { is: 'running', until } : { is: 'in-force' };
}

/** From when on the owner is notified of a deletion at that instant. */
export function deletionNoticeFrom(deletableAt: Instant, runEveryDays: number): Instant {
  return deletableAt - Math.max(DELETION_NOTICE_DAYS, runEveryDays) * DAY;
}

/** 7, 3 and 1 days before the end, as far as they lie within the grace period. */
export function reminderInstants({ since, end }: { since: Instant; end: Instant }): Instant[] {
  return REMINDER_DAYS.map((days) => end - days * DAY).filter((at) => at > since);
}

/** A rotation by Secrets Manager that does not end is reported for each version when it is seen, and weekly. */
export function isStuckTold({ stuck }: SecretTags, versionId: string, now: Instant): boolean {
  return stuck?.versionId === versionId && !hasPassed(stuck.at, WEEKLY_DAYS, now);
}
