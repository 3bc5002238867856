import type { SecretTags } from './secret-tags.ts';
import { DAY, type Instant } from './time.ts';

/** Failed issues in a row after which no more is issued that UTC day. */
const FAILURES = 3;

/**
 * The circuit breaker: true while the newest issues of the day all ended in a failure. Of the secrets with an issue
 * intent of today, those whose issue is still in flight say nothing yet.
 */
export function isBreakerOpen(issuedToday: readonly SecretTags[], now: Instant): boolean {
  const startOfDay = Math.floor(now / DAY) * DAY;
  const ends = issuedToday
    .flatMap(({ currentSince, announced }) => {
      if (currentSince !== undefined && currentSince.at >= startOfDay)
        return [{ at: currentSince.at, hasFailed: false }];
      const hasFailed = announced?.event === 'failed' && announced.at >= startOfDay;
      return hasFailed ? [{ at: announced.at, hasFailed }] : [];
    })
    .toSorted((a, b) => b.at - a.at)
    .slice(0, FAILURES);
  return ends.length === FAILURES && ends.every(({ hasFailed }) => hasFailed);
}
