const DAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTH_NAMES = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS_BY_UNIT: Readonly<Record<string, number>> = { minute: 1 / 1_440, hour: 1 / 24, day: 1 };
const DAY_MS = 86_400_000;
/** 28 years, after which months and weekdays go round. */
const FIRST_DAY = Date.UTC(2024, 0, 1);
const DAYS = 28 * 365 + 7;

/**
 * The longest time between two runs of an EventBridge Scheduler expression, in whole days, rounded up: 3 for weekdays,
 * 1 for anything more often than daily. Undefined if it cannot be told: `at`, a year, `L`, `W`, `#`, or no expression.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function longestGapDays(expression: string): number | undefined {
  const [, kind, inner = ''] = /^(rate|cron)\((.*)\)$/.exec(expression.trim()) ?? [];
  if (kind === 'rate') return ofRate(inner);
  if (kind === 'cron') return ofCron(inner);
  return undefined;
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
  const inMonth = valuesOf(dayOfMonth, 1, 31, []);
  const months = valuesOf(month, 1, 12, MONTH_NAMES);
  const inWeek = valuesOf(dayOfWeek, 1, 7, DAY_NAMES);
  if (inMonth === undefined || months === undefined || inWeek === undefined) return undefined;
  const runs: number[] = [];
  for (let day = 0; day < DAYS; day++) {
    const date = new Date(FIRST_DAY + day * DAY_MS);
    const isRun = inMonth.has(date.getUTCDate()) && months.has(date.getUTCMonth() + 1);
    if (isRun && inWeek.has(date.getUTCDay() + 1)) runs.push(day);
  }
  const next = [...runs.slice(1), (runs[0] ?? 0) + DAYS];
  return runs.length === 0 ? undefined : Math.max(...runs.map((day, index) => (next[index] ?? day) - day));
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
