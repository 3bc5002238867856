import { DAY, formatDate, type Instant } from '../../shared/core/time.ts';

/** `97 d`. */
export function ageInDays(since: Instant, now: Instant): string {
  return `${Math.max(0, Math.floor((now - since) / DAY))} d`;
}

/** By calendar days in UTC: `today`, `yesterday`, `3 d ago`. No date means that no use was recorded, not that there was none. */
export function usedWhen(at: Instant | undefined, now: Instant): string {
  if (at === undefined) return 'no record';
  const days = Math.floor(now / DAY) - Math.floor(at / DAY);
  if (days <= 0) return 'today';
  return days === 1 ? 'yesterday' : `${days} d ago`;
}

/** `2026-12-05 (7 days left)`. */
export function dateAndLeft(at: Instant, now: Instant): string {
  const days = Math.ceil((at - now) / DAY);
  const left = days > 0 ? `${days} ${days === 1 ? 'day' : 'days'} left` : 'over';
  return `${formatDate(at)} (${left})`;
}
