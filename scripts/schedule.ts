import { DAY } from '../shared/core/time.ts';

const DAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTH_NAMES = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS_BY_UNIT: Readonly<Record<string, number>> = { minute: 1 / 1_440, hour: 1 / 24, day: 1 };
/** 28 years, after which months and weekdays go round. */
const FIRST_DAY = Date.UTC(2024, 0, 1);
const DAYS = 28 * 365 + 7;

/**
 * The longest time between two runs of an EventBridge Scheduler expression, in whole days, rounded up: 3 for weekdays,
 * 1 for anything more often than daily, infinite for `at`, which runs once. Undefined if it cannot be told: with a year,
 * or for no expression.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function longestGapDays(expression: string): number | undefined {
  const [, kind, inner = ''] = /^(rate|cron)\((.*)\)$/.exec(expression.trim()) ?? [];
  if (kind === 'rate') return ofRate(inner);
  if (kind === 'cron') return ofCron(inner);
  return /^at\(.+\)$/.test(expression.trim()) ? Number.POSITIVE_INFINITY : undefined;
}

function ofRate(text: string): number | undefined {
  const [, count, unit = ''] = /^\s*(\d+)\s+(minute|hour|day)s?\s*$/.exec(text) ?? [];
  const days = DAYS_BY_UNIT[unit];
  return days === undefined || Number(count) === 0 ? undefined : Math.max(1, Math.ceil(Number(count) * days - 1e-9));
}

/** Of the days only: several runs on one day shorten a gap by less than a day. */
function ofCron(text: string): number | undefined {
  const fields = text.trim().split(/\s+/);
  const [, , dayOfMonth = '', month = '', dayOfWeek = '', year] = fields;
  if (fields.length !== 6 || year !== '*') return undefined;
  const inMonth = daysOf(dayOfMonth, ofMonth);
  const months = valuesOf(month, 1, 12, MONTH_NAMES);
  const inWeek = daysOf(dayOfWeek, ofWeek);
  if (inMonth === undefined || months === undefined || inWeek === undefined) return undefined;
  const runs: number[] = [];
  for (let day = 0; day < DAYS; day++) {
    const date = new Date(FIRST_DAY + day * DAY);
    if (months.has(date.getUTCMonth() + 1) && inMonth(date) && inWeek(date)) runs.push(day);
  }
  const next = [...runs.slice(1), (runs[0] ?? 0) + DAYS];
  return runs.length === 0 ? undefined : Math.max(...runs.map((day, index) => (next[index] ?? day) - day));
}

type OnDay = (date: Date) => boolean;

/** The days that one of the items of a field is about. */
function daysOf(field: string, read: (item: string) => OnDay | undefined): OnDay | undefined {
  const items = field.split(',').map(read);
  return items.includes(undefined) ? undefined : (date) => items.some((item) => item?.(date));
}

/** `L` is the last day, `15W` the weekday nearest to the 15th in its month. */
function ofMonth(item: string): OnDay | undefined {
  if (item === 'L') return (date) => date.getUTCDate() === lastOfMonth(date);
  const [, near] = /^(\d+)W$/.exec(item) ?? [];
  const days = valuesOf(near ?? item, 1, 31, []);
  if (days === undefined) return undefined;
  return near === undefined
    ? (date) => days.has(date.getUTCDate())
    : (date) => date.getUTCDate() === weekdayNear(date, Number(near));
}

/** `L` is Saturday, `6L` the last Friday of the month, `6#2` its second. */
function ofWeek(item: string): OnDay | undefined {
  const [, name, last, nth] = /^(\w+?)(?:(L)|#([1-5]))$/.exec(item) ?? [];
  const days = item === 'L' ? new Set([7]) : valuesOf(name ?? item, 1, 7, DAY_NAMES);
  if (days === undefined) return undefined;
  return (date) => {
    const day = date.getUTCDate();
    const isNth = nth === undefined || Math.ceil(day / 7) === Number(nth);
    return days.has(date.getUTCDay() + 1) && isNth && (last === undefined || day + 7 > lastOfMonth(date));
  };
}

function lastOfMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

function weekdayNear(date: Date, day: number): number {
  const weekday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day)).getUTCDay();
  if (weekday === 6) return day === 1 ? 3 : day - 1;
  if (weekday === 0) return day === lastOfMonth(date) ? day - 2 : day + 1;
  return day;
}

/** The values that a field lets through: `*`, `?`, lists, ranges (also over the end: FRI-MON), steps. */
function valuesOf(field: string, first: number, last: number, names: readonly string[]): Set<number> | undefined {
  const values = new Set<number>();
  const numberOf = (text: string): number => {
    const named = names.indexOf(text.toUpperCase());
    return named >= 0 ? named + first : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  };
  for (const item of field.split(',')) {
    const [, range = '', step = '1'] = /^([^/]+)(?:\/(\d+))?$/.exec(item) ?? [];
    const isAny = range === '*' || range === '?';
    const [from = '', to] = range.split('-');
    const start = isAny ? first : numberOf(from);
    // `3/2` begins at 3 and goes on to the end.
    const end = isAny || (to === undefined && item.includes('/')) ? last : numberOf(to ?? from);
    const isKnown = [start, end].every((value) => value >= first && value <= last) && Number(step) > 0;
    if (!isKnown) return undefined;
    const length = end >= start ? end - start : end - start + (last - first + 1);
    for (let offset = 0; offset <= length; offset += Number(step)) {
      values.add(((start - first + offset) % (last - first + 1)) + first);
    }
  }
  return values;
}
