import type { SecretTags } from './secret-tags.ts';
import { DAY, type Instant } from './time.ts';

/** New keys that failed in a row, after which no more is issued that UTC day. */
const FAILURES = 3;

/**
 * The circuit breaker: true while the newest keys of the day all never worked. Whatever else fails is
 * about one user: a refusal says nothing of the keys of others. An issue that is still in flight says nothing yet.
 */
export function isBreakerOpen(secrets: readonly SecretTags[], now: Instant): boolean {
  const startOfDay = Math.floor(now / DAY) * DAY;
  const ends = secrets
    .flatMap(({ currentSince, announced, issuedOn }) => {
      const hasFailed =
        announced?.event === 'failed' && announced.reason === 'not-proven' && announced.at >= startOfDay;
      if (hasFailed) return [{ at: announced.at, hasFailed }];
      // A grace period that merely began again is no issue.
      const isIssued = issuedOn === startOfDay && currentSince !== undefined && currentSince.at >= startOfDay;
      return isIssued ? [{ at: currentSince.at, hasFailed: false }] : [];
    })
    .toSorted((a, b) => b.at - a.at)
    .slice(0, FAILURES);
  return ends.length === FAILURES && ends.every(({ hasFailed }) => hasFailed);
}
