export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The only source of time inside the local AWS. Milliseconds since the epoch. */
export interface Clock {
  now(): number;
  set(ms: number): void;
  advance(ms: number): void;
}

/** A clock that stands still between calls, or, with `ticking`, also runs with the machine's clock. */
export function createClock(start: number, ticking = false): Clock {
  let base = start;
  let startedAt = Date.now();
  const elapsed = () => (ticking ? Date.now() - startedAt : 0);
  return {
    now: () => base + elapsed(),
    set(ms) {
      base = ms;
      startedAt = Date.now();
    },
    advance(ms) {
      base += ms;
    },
  };
}

/** IAM keeps and returns dates in whole seconds. */
export function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** `2026-01-01T00:00:00Z`: the form of dates in AWS's XML answers. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
