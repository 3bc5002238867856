import { DAY, formatDate, formatInstant, type Instant } from '../time.ts';

const WIDTH = 76;
/** SNS refuses a subject of 100 characters. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const SUBJECT_MAX = 99;

/** A part of an email. Only commands are indented by four spaces, and they are never wrapped. */
export type Block =
  | { heading: string }
  | { text: string }
  | { list: readonly string[] }
  | { rows: readonly (readonly [label: string, value: string])[] }
  | { command: readonly string[] };

export const heading = (title: string): Block => ({ heading: title });
export const text = (paragraph: string): Block => ({ text: paragraph });
export const command = (...lines: string[]): Block => ({ command: lines });

/** Plain text with a blank line between blocks. */
export function render(blocks: readonly Block[]): string {
  return `${blocks.map(renderBlock).join('\n\n')}\n`;
}

function renderBlock(block: Block): string {
  if ('heading' in block) return block.heading.toUpperCase();
  if ('text' in block) return wrap(block.text).join('\n');
  if ('list' in block) return block.list.map((item) => `- ${wrap(item, WIDTH - 2).join('\n  ')}`).join('\n');
  if ('command' in block) return block.command.map((line) => `    ${line}`).join('\n');
  const column = Math.max(...block.rows.map(([label]) => label.length)) + 2;
  const row = ([label, value]: readonly [string, string]): string =>
    `${label}:`.padEnd(column) + wrap(value, WIDTH - column).join(`\n${' '.repeat(column)}`);
  return block.rows.map(row).join('\n');
}

/** Words in lines; what stands between backticks stays in one piece, since it is typed as it stands. */
function wrap(paragraph: string, width = WIDTH): string[] {
  const lines: string[] = [];
  for (const word of clean(paragraph).match(/(?:`[^`]*`|\S)+/g) ?? []) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

/** Texts of AWS and of tags must not start a line of their own, let alone one that looks like a command. */
export function clean(value: string): string {
  return value.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
}

/** At most `length` UTF-16 units, with a mark where something was cut off. */
export function clamp(value: string, length: number): string {
  return value.length <= length ? value.toWellFormed() : `${value.slice(0, length - 4)} ...`.toWellFormed();
}

/** `[Keyturn] <words>: <about> (<account>)`: printable ASCII, below 100 characters; only the middle is ever cut. */
export function subjectLine(words: string, about: string, accountId: string): string {
  const start = `[Keyturn] ${ascii(words)}: `;
  const end = ` (${ascii(accountId)})`;
  const room = SUBJECT_MAX - start.length - end.length;
  const name = ascii(about);
  return start + (name.length <= room ? name : `${name.slice(0, room - 3)}...`) + end;
}

function ascii(value: string): string {
  return value.replace(/[^\x20-\x7e]/gu, '?');
}

/** `on 2026-04-10 (UTC), in 3 days`. */
export function when(at: Instant, now: Instant): string {
  if (at <= now) return 'now';
  return at - now < DAY ? `at ${minuteUtc(at)} or later` : `on ${formatDate(at)} (UTC), ${inDaysFrom(at, now)}`;
}

/** Counted on the calendar, so that it agrees with the two dates that the reader has before them. */
export function inDaysFrom(at: Instant, now: Instant): string {
  const days = Math.floor(at / DAY) - Math.floor(now / DAY);
  if (days <= 0) return 'today';
  return days === 1 ? 'tomorrow' : `in ${days} days`;
}

/** `2026-04-10 09:12 UTC`. */
export function minuteUtc(instant: Instant): string {
  return `${formatInstant(instant).slice(0, 16).replace('T', ' ')} UTC`;
}
