import { DAY, formatDate, type Instant } from './time.ts';

/*
 * What keeps new keys from being issued today, as a clause: the planner says it of one user, the digest of everybody.
 */

export const breakerOpen = 'the three newest keys of the day did not work';

export function dayFull(issuedToday: number, maxNewRotationsPerDay: number): string {
  return `${issuedToday} rotations began today, and maxNewRotationsPerDay is ${maxNewRotationsPerDay}`;
}

/** A sentence: until when, and because of which of these. */
export function putOff(what: string, because: string, now: Instant): string {
  return `${what} postponed until ${formatDate(startOfTomorrow(now))}: ${because}.`;
}

/** When limits begin anew (UTC). */
export function startOfTomorrow(now: Instant): Instant {
  return (Math.floor(now / DAY) + 1) * DAY;
}
