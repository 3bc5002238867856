/** Milliseconds since the epoch, UTC. A number, so that every limit is one subtraction. */
export type Instant = number;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** True from `n` days after `since` on: the one form that every limit has. */
export function hasPassed(since: Instant, days: number, now: Instant): boolean {
  return now - since >= days * DAY;
}

/** ISO 8601 with milliseconds, UTC, as written in tags and messages. */
export function formatInstant(instant: Instant): string {
  return new Date(instant).toISOString();
}

const isoInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;

/** The instant, or undefined for anything that is not exactly an ISO 8601 instant in UTC. */
export function parseInstant(text: string): Instant | undefined {
  if (!isoInstant.test(text)) return undefined;
  const instant = Date.parse(text);
  // Date.parse takes 31 February for 3 March, and 24:00 for the next day.
  return Number.isNaN(instant) || !formatInstant(instant).startsWith(text.slice(0, 19)) ? undefined : instant;
}

/** The same of `20260101T060000Z`, as names of objects have it. */
export function parseCompactInstant(text: string): Instant | undefined {
  return parseInstant(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** The instant that the ID of a transition ends with, `issued/AIDA…/2026-01-01T06:00:00.000Z`, if it does. */
export function instantAtEnd(transitionId: string): Instant | undefined {
  return parseInstant(transitionId.slice(transitionId.lastIndexOf('/') + 1));
}

/** `YYYY-MM-DD`, UTC. */
export function formatDate(instant: Instant): string {
  return formatInstant(instant).slice(0, 10);
}

/** Midnight UTC at the start of the day, or undefined for a day that does not exist (31 February is not 3 March). */
export function parseDate(text: string): Instant | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const instant = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(instant) || formatDate(instant) !== text ? undefined : instant;
}

/** Days with at most one decimal, for people: `10`, `2.5`. */
export function inDays(ms: number): string {
  return String(Math.round((ms / DAY) * 10) / 10);
}
