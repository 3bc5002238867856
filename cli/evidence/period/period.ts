import { EventError } from '../../../shared/core/errors.ts';
import { DAY, formatDate, type Instant, parseDate } from '../../../shared/core/time.ts';

/** Whole UTC days. */
export interface Period {
  name: string;
  from: Instant;
  /** The first instant after it. */
  to: Instant;
}

const LONGEST = 400;

/** `2026`, `2026-H1`, `2026-Q3`, `2026-07` or `2026-07-01/2026-09-30`: of days that have begun. */
export function parsePeriod(name: string, now: Instant): Period {
  const period = { name, ...bounds(name) };
  if (period.from > now) throw new EventError(`--period ${name}: it has not begun.`);
  if (period.to <= period.from) throw new EventError(`--period ${name}: its last day is before its first.`);
  if (period.to - period.from > LONGEST * DAY)
    throw new EventError(`--period ${name}: it is longer than ${LONGEST} days.`);
  return period;
}

function bounds(name: string): { from: Instant; to: Instant } {
  const [, first, last] = /^(\d{4}-\d{2}-\d{2})\/(\d{4}-\d{2}-\d{2})$/.exec(name) ?? [];
  const [from, through] = [parseDate(first ?? ''), parseDate(last ?? '')];
  if (from !== undefined && through !== undefined) return { from, to: through + DAY };
  const [, year, part, digit] = /^(\d{4})(?:-(?:([HQ])(\d)|\d{2}))?$/.exec(name) ?? [];
  const months = part === 'H' ? 6 : part === 'Q' ? 3 : name.length === 7 ? 1 : 12;
  const index = digit === undefined ? Number(name.slice(5, 7) || '1') : (Number(digit) - 1) * months + 1;
  if (year === undefined || index < 1 || index + months > 13) {
    throw new EventError(`--period ${name}: it is written 2026, 2026-H1, 2026-Q3, 2026-07 or 2026-07-01/2026-09-30.`);
  }
  return { from: Date.UTC(Number(year), index - 1), to: Date.UTC(Number(year), index - 1 + months) };
}

/** Every day of it, up to this instant. */
export function daysOf({ from, to }: Period, until: Instant): string[] {
  const days: string[] = [];
  for (let day = from; day < Math.min(to, until); day += DAY) days.push(formatDate(day));
  return days;
}

export function isWithin({ from, to }: Period, at: Instant): boolean {
  return at >= from && at < to;
}
