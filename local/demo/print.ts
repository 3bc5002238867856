import { styleText } from 'node:util';
import { DAY } from '../aws/clock.ts';
import type { Row, Totals } from './report.ts';
import type { Line } from './timeline.ts';

/** Where the output goes; colours only on a terminal, and never with NO_COLOR. */
export type Output = NodeJS.WritableStream & { readonly columns?: number };

type Style = Parameters<typeof styleText>[0];

const styles: Readonly<Record<Line['tone'], Style>> = {
  plain: 'reset',
  good: 'green',
  warning: 'yellow',
  bad: 'red',
  faint: 'dim',
};
const nameWidth = 15;
/** One mistake breaks the same rule again and again. */
const shownViolations = 25;
const indent = ' '.repeat(5 + 12 + nameWidth + 1);

export function paint(style: Style, text: string, stream: Output): string {
  return style === 'reset' ? text : styleText(style, text, { stream });
}

/** Day, date, user and words; long words go on below themselves. */
export function printTimeline(lines: readonly Line[], firstDay: number, out: Output): void {
  const width = Math.max(60, Math.min(out.columns ?? 132, 160) - indent.length);
  let lastDay: number | undefined;
  out.write(`${paint('bold', ` day  date        ${'user'.padEnd(nameWidth)} what happened`, out)}\n`);
  for (const { at, userName, text, tone } of lines) {
    const day = Math.floor((at - firstDay) / DAY);
    const when =
      day === lastDay ? ' '.repeat(16) : `${String(day).padStart(4)}  ${new Date(at).toISOString().slice(0, 10)}`;
    lastDay = day;
    const [first = '', ...rest] = wrap(text, width);
    out.write(`${when}  ${userName.padEnd(nameWidth)} ${paint(styles[tone], first, out)}\n`);
    for (const more of rest) out.write(`${indent}${paint(styles[tone], more, out)}\n`);
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 1 <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Of a table: its title, and what stands in it; numbers stand on the right. */
export type Column<T> = readonly [title: string, value: (row: T) => string | number, isLeft?: boolean];

const columns: readonly Column<Row>[] = [
  ['user', (row) => row.userName, true],
  ['rotated', (row) => row.rotations || '-'],
  ['deactivated', (row) => row.deactivated || '-'],
  ['deleted', (row) => row.deleted || '-'],
  ['put off', (row) => row.postponed || '-'],
  ['blocked', (row) => row.blocked || '-'],
  ['outage', (row) => row.outageDays || '-'],
  ['oldest', (row) => (row.oldestDays === undefined ? '-' : row.oldestDays)],
  ['at the end', (row) => row.state, true],
  ['who', (row) => row.about, true],
];

export function printTable(rows: readonly Row[], out: Output): void {
  printColumns(columns, rows, out);
  out.write(
    'oldest: days of the oldest active key on the last day. A replaced key stays active in its grace period of 10 days.\n',
  );
  out.write('outage: days on which the owner needed a key and had none that worked.\n');
}

/** A line for each row, cut off where a terminal ends. */
export function printColumns<T>(columns: readonly Column<T>[], rows: readonly T[], out: Output): void {
  const cells = rows.map((row) => columns.map(([, value]) => String(value(row))));
  const widths = columns.map(([title], i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, i) => (columns[i]?.[2] ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const cut = (line: string) => (out.columns === undefined ? line : line.slice(0, out.columns - 1));
  out.write(`${paint('bold', cut(lineOf(columns.map(([title]) => title))), out)}\n`);
  for (const row of cells) out.write(`${cut(lineOf(row))}\n`);
}

/** What is counted: of a year over HTTP unless told. */
export interface TotalWords {
  readonly runs: string;
  readonly calls: string;
}

const ofYear: TotalWords = { runs: 'daily runs', calls: 'calls to AWS over HTTP' };

export function printTotals(totals: Totals, out: Output, words: TotalWords = ofYear): void {
  const { runs, issued, deactivated, deleted, messages, deadLetters, calls, mutating, callsByService, wallMs } = totals;
  const services = Object.entries(callsByService).map(([service, count]) => `${service} ${number(count)}`);
  out.write(
    [
      `${runs} ${words.runs}: ${issued} keys issued, ${deactivated} deactivated, ${deleted} deleted; ` +
        `${messages} messages published, ${deadLetters} dead letters.`,
      `${number(calls)} ${words.calls} (${services.join(', ')}), ${number(mutating)} of them writes, ` +
        `in ${(wallMs / 1000).toFixed(1)} s.`,
      '',
    ].join('\n'),
  );
  printVerdict(totals, out);
}

/** Whether everything held that must always hold; if not: what, whose, when, after which call. */
export function printVerdict(
  { violations, checkedCalls }: Pick<Totals, 'violations' | 'checkedCalls'>,
  out: Output,
): void {
  if (violations.length === 0) {
    const verdict = `Checked after each of ${number(checkedCalls)} calls: no one was locked out by surprise, no secret was seen, every change was announced.`;
    out.write(`${paint('green', verdict, out)}\n`);
    return;
  }
  out.write(
    `${paint('red', `${violations.length} ${violations.length === 1 ? 'violation' : 'violations'} of what must always hold:`, out)}\n`,
  );
  for (const { at, userName, what, where } of violations.slice(0, shownViolations)) {
    out.write(`  ${new Date(at).toISOString()}  ${userName}: ${what} Found at ${where}.\n`);
  }
}

function number(value: number): string {
  return value.toLocaleString('en');
}
