import type { KeyRecord, NoticeKind, SecretTags } from './secret-tags.ts';
import { DAY, HOUR, type Instant } from './time.ts';

/** Nothing is taken away by schedule less than this after its owner was told. */
export const NOTICE_MIN = 12 * HOUR;
const NOTICE_MAX_DAYS = 4;
/** Told so long before a deletion, and a run before it where runs are rarer. */
const DELETION_NOTICE_DAYS = 3;

/** What is to be taken away: a notice given at `at` or before was about something else. */
export interface Wanted extends KeyRecord {
  kind: NoticeKind;
}

/** How the owner was told: not at all, or too long ago; lately, so that it has to wait; or in time. */
export type Noticed = { is: 'missing' } | { is: 'running'; until: Instant } | { is: 'in-force' };

/**
 * A notice lives as long as two runs and two days: a schedule that is a run late must not begin anew. It is in force
 * half a day after its publication, once the earliest day that it named has come.
 */
export function noticed({ notice }: SecretTags, wanted: Wanted, runEveryDays: number, now: Instant): Noticed {
  const oldest = Math.max(NOTICE_MAX_DAYS, 2 * runEveryDays + 2) * DAY;
  if (notice?.accessKeyId !== wanted.accessKeyId || notice.kind !== wanted.kind) return { is: 'missing' };
  if (notice.at <= wanted.at || now - notice.at > oldest) return { is: 'missing' };
  const until = Math.max(notice.at + NOTICE_MIN, notice.earliestAt);
  return now < until ? { is: 'running', until } : { is: 'in-force' };
}

/** From when on the owner is told of a deletion at that instant. */
export function deletionNoticeFrom(deletableAt: Instant, runEveryDays: number): Instant {
  return deletableAt - Math.max(DELETION_NOTICE_DAYS, runEveryDays) * DAY;
}
