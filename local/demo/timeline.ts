import { DAY } from '../aws/clock.ts';
import type { Happening } from './chronicle.ts';
import { inShort } from './words.ts';

/** One line of the timeline, without its colours. */
export interface Line {
  readonly at: number;
  readonly userName: string;
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'warning' | 'bad' | 'faint';
}

/** What an undisturbed rotation consists of. */
const routineReasons = ['due', 'reminder-due', 'grace-over', 'recovery-over'];
const routineEvents = ['switched'];
/** Repeated daily or weekly: told once for each user. */
const repeated = ['postponed', 'blocked', 'retry', 'confirm'];
/** Said once, with nothing that follows from it. */
const asides = ['dry-run', 'fault', 'digest'];
/** After something unusual, the ordinary events of that user are part of the story for so many days. */
const storyDays: Readonly<Record<string, number>> = { retry: 2, crash: 4, date: 3, held: 2, freeze: 2 };
const otherStoryDays = 34;
/** The user whose first rotation is told step by step, as the example of all others. */
const example = 'alice';
const exampleDays = 30;

/**
 * What a person wants to read of a year: whatever is out of the ordinary, with what follows from it; one rotation step
 * by step; the ordinary ones counted by month. `all` keeps every line.
 */
export function timeline(happenings: readonly Happening[], firstDay: number, all = false): Line[] {
  if (all) return happenings.map(lineOf);
  const isTold = createEditor(firstDay);
  const lines: Line[] = [];
  for (const month of byMonth(happenings)) {
    const told = month.filter(isTold);
    lines.push(...told.map(lineOf));
    const routine = month.filter((happening) => !told.includes(happening));
    const last = month.at(-1);
    if (last !== undefined && routine.length > 0) lines.push(summaryOf(routine, last.at));
  }
  const issued = happenings.filter(({ event, at }) => event === 'issued' && at < firstDay + DAY);
  const place = lines.findIndex(({ at }) => at >= (issued[0]?.at ?? 0));
  return merge(lines.toSpliced(place, 0, ...firstIssues(issued)));
}

/** Decides, in the order of events, which of them are told one by one. */
function createEditor(firstDay: number): (happening: Happening) => boolean {
  const stories = new Map<string, number>();
  const told = new Set<string>();
  const everybody = '-';
  return ({ at, event, reason, userId = everybody, userName }) => {
    if (userName === example && at < firstDay + exampleDays * DAY) return true;
    const isRoutine = routineReasons.includes(reason ?? '') || routineEvents.includes(event);
    const isAgain = repeated.includes(event) && told.has(`${userId} ${event}`);
    const storyEnd = Math.max(stories.get(userId) ?? 0, stories.get(everybody) ?? 0);
    if (isRoutine || isAgain) return at < storyEnd && event !== 'reminder' && !isAgain;
    told.add(`${userId} ${event}`);
    const days = storyDays[event] ?? otherStoryDays;
    if (!asides.includes(event)) stories.set(userId, Math.max(storyEnd, at + days * DAY));
    return true;
  };
}

function byMonth(happenings: readonly Happening[]): Happening[][] {
  const months = new Map<string, Happening[]>();
  for (const happening of happenings) {
    const month = new Date(happening.at).toISOString().slice(0, 7);
    months.set(month, [...(months.get(month) ?? []), happening]);
  }
  return [...months.values()];
}

function lineOf(happening: Happening): Line {
  return { at: happening.at, userName: happening.userName ?? '', text: inShort(happening), tone: toneOf(happening) };
}

function toneOf({ event, actor }: Happening): Line['tone'] {
  if (['outage', 'blocked', 'crash', 'failed', 'error', 'fault'].includes(event)) return 'bad';
  if (['postponed', 'retry', 'orphan-removed', 'reactivated'].includes(event)) return 'warning';
  if (event === 'issued' || event === 'switched') return 'good';
  return actor === 'keyturn' ? 'plain' : 'faint';
}

/** On its first day the service meets everybody whose key is old already. */
function firstIssues(issued: readonly Happening[]): Line[] {
  const [first] = issued;
  if (first === undefined) return [];
  const users = issued.map(({ userName, replacedDays }) => `${userName} (${replacedDays})`);
  const text = `have keys of 90 days and more, so each gets a new one: ${users.join(', ')}`;
  return [{ at: first.at, userName: `${issued.length} users`, text, tone: 'good' }];
}

/** The ordinary rest of a month in one line. */
function summaryOf(routine: readonly Happening[], at: number): Line {
  const count = (event: string) => routine.filter((happening) => happening.event === event).length;
  const users = new Set(routine.map(({ userId }) => userId)).size;
  const name = new Date(at).toLocaleString('en', { month: 'long', timeZone: 'UTC' });
  const text =
    `the rest of ${name} is routine: ${count('issued')} keys issued, ${count('deactivated')} deactivated, ` +
    `${count('deleted')} deleted, ${count('reminder')} reminders`;
  return { at, userName: `${users} users`, text, tone: 'faint' };
}

/** The same words about several users in a row become one line. */
function merge(lines: readonly Line[]): Line[] {
  const groups: Line[][] = [];
  for (const line of lines) {
    const group = groups.at(-1);
    const isSame = group?.[0]?.text === line.text && line.at - group[0].at < DAY / 24;
    if (isSame) group?.push(line);
    else groups.push([line]);
  }
  return groups.flatMap(([first, ...others]) => {
    if (first === undefined || others.length === 0) return first ?? [];
    const names = [first, ...others].map(({ userName }) => userName).join(', ');
    return { ...first, userName: `${others.length + 1} users`, text: `${first.text} (${names})` };
  });
}
