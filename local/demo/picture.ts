import { legendOf } from '../../picture/legend.ts';
import { looks } from '../../picture/looks.ts';
import { markOf, marks } from '../../picture/marks.ts';
import { style } from '../../picture/style.ts';
import { definitions, title } from '../../picture/svg.ts';
import { escapeHtml } from '../../shared/core/html.ts';
import { DAY, HOUR } from '../aws/clock.ts';
import type { Happening } from './chronicle.ts';
import type { OrganizationDays } from './organization/play.ts';
import { organizationSection, sectionStyle } from './organization/section.ts';
import type { KeyHistory, Segment } from './recorder.ts';
import { rowsOf, totalsOf } from './report.ts';
import { freeze } from './script.ts';
import { inShort } from './words.ts';
import { firstDay, type Year } from './year.ts';

const left = 246;
const top = 34;
const laneHeight = 35;
const barHeight = 9;
const dayWidth = 3.2;

/**
 * A page that needs nothing but itself: every user a lane, every key a bar, every event a mark with its sentence; below,
 * the organization as a table.
 */
export function picture(year: Year, organization: OrganizationDays): string {
  const users = [...year.stage.owners.values()];
  const width = left + year.days * dayWidth + 16;
  const height = top + users.length * laneHeight + 26;
  const rows = rowsOf(year);
  const lanes = users.map(({ userId }, i) => {
    const y = top + i * laneHeight;
    const { userName = '', about = '' } = rows[i] ?? {};
    return lane({ userId, userName, about, y, year, isShaded: i % 2 === 1 });
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Keyturn: ${year.days} days of access keys</title>
<style>${style}</style>
<style>${sectionStyle}</style>
</head>
<body>
<h1>${year.days} days of access keys</h1>
<p>${intro(year)}</p>
${legend()}
<svg class="year" viewBox="0 0 ${width} ${height}" role="img" aria-label="One lane for each user, one bar for each access key">
${definitions()}
${calendar(year.days, height)}
${lanes.join('\n')}
</svg>
${organizationSection(organization)}
</body>
</html>
`;
}

function intro(year: Year): string {
  const { issued, deactivated, deleted, calls, violations } = totalsOf(year);
  const verdict =
    violations.length === 0 ? 'nothing that must always hold was broken' : `${violations.length} VIOLATIONS`;
  return escapeHtml(
    `Each lane is an IAM user, each bar an access key from its creation to its deletion. Point at anything for its ` +
      `sentence. ${issued} keys were issued, ${deactivated} deactivated, ${deleted} deleted with ` +
      `${calls.toLocaleString('en')} calls to the embedded AWS; after each of them ${verdict}.`,
  );
}

interface Lane {
  readonly userId: string;
  readonly userName: string;
  readonly about: string;
  readonly y: number;
  readonly year: Year;
  readonly isShaded: boolean;
}

function lane({ userId, userName, about, y, year, isShaded }: Lane): string {
  const end = firstDay + year.days * DAY;
  const keys = year.keys.filter((key) => key.userId === userId).toSorted((a, b) => a.createdAt - b.createdAt);
  const slots = assignSlots(keys, end);
  const yOf = (accessKeyId: string | undefined) => y + 5 + (slots.get(accessKeyId ?? '') ?? 0) * (barHeight + 5);
  const own = year.happenings.filter((happening) => happening.userId === userId);
  return [
    `<g>`,
    isShaded ? `<rect x="0" y="${y}" width="100%" height="${laneHeight}" class="shade"/>` : '',
    `<text x="6" y="${y + 15}" class="name">${escapeHtml(userName)}</text>`,
    `<text x="6" y="${y + 28}" class="about">${escapeHtml(about)}</text>`,
    ...keys.map((key) => ageAtFirst(key, yOf(key.accessKeyId))),
    ...keys.map((key) => bar(key, userName, yOf(key.accessKeyId), end)),
    ...own.map((happening) => markAt(happening, yOf(keyOf(happening)) + barHeight / 2)),
    `</g>`,
  ].join('\n');
}

/** The key whose bar carries the mark: of a replacement the new one, otherwise the one that the message is about. */
function keyOf({ event, accessKeyId, newAccessKeyId }: Happening): string | undefined {
  return event === 'issued' ? newAccessKeyId : (accessKeyId ?? newAccessKeyId);
}

/** A user has two keys at most, so two rows do; a key takes the one that is free when it is made. */
function assignSlots(keys: readonly KeyHistory[], end: number): Map<string, number> {
  const slots = new Map<string, number>();
  const freeAt = [0, 0];
  for (const { accessKeyId, createdAt, deletedAt = end } of keys) {
    const slot = freeAt.findIndex((at) => at <= createdAt);
    slots.set(accessKeyId, Math.max(slot, 0));
    freeAt[Math.max(slot, 0)] = deletedAt;
  }
  return slots;
}

/** Before the bars of the keys that were there on the first day, whose beginning does not fit. */
function ageAtFirst({ createdAt }: KeyHistory, y: number): string {
  const days = Math.round((firstDay - createdAt) / DAY);
  return days < 3 ? '' : `<text x="${xOf(0) - 4}" y="${y + barHeight - 1}" class="age">${days} d</text>`;
}

function bar(
  { accessKeyId, segments, lateUses, deletedAt }: KeyHistory,
  userName: string,
  y: number,
  end: number,
): string {
  const visible = segments.filter(({ from, to }) => to - from >= HOUR || segments.length === 1);
  const rects = visible.map((segment, i) => {
    const to = visible[i + 1]?.from ?? deletedAt ?? end;
    const x = xOf(segment.from);
    const width = Math.max(1, xOf(to) - x);
    return `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${barHeight}" class="key ${segment.look}">${title(spanOf(segment, to, accessKeyId, userName))}</rect>`;
  });
  const uses = lateUses.map(
    (at) =>
      `<circle cx="${xOf(at)}" cy="${y + barHeight + 2.2}" r="1.1" class="use">${title(`${date(at)}: the old key ${accessKeyId} is still used`)}</circle>`,
  );
  return [...rects, ...uses].join('\n');
}

function spanOf({ look, from }: Segment, to: number, accessKeyId: string, userName: string): string {
  const days = Math.round((to - from) / DAY);
  return `${accessKeyId} of ${userName}: ${looks[look]}, ${date(from)} to ${date(to)} (${days} days)`;
}

function markAt(happening: Happening, y: number): string {
  const mark = markOf(happening);
  if (mark === undefined) return '';
  const words = `${date(happening.at)} ${happening.userName ?? ''}: ${happening.actor === 'keyturn' ? happening.text : inShort(happening)}`;
  return `<use href="#m-${mark.id}" x="${xOf(happening.at)}" y="${y.toFixed(1)}" class="mark ${happening.actor}">${title(words)}</use>`;
}

function calendar(days: number, height: number): string {
  const parts: string[] = [];
  const end = firstDay + days * DAY;
  for (let at = firstDay; at < end; at = nextMonth(at)) {
    const x = xOf(at);
    const name = new Date(at).toLocaleString('en', { month: 'short', year: '2-digit', timeZone: 'UTC' });
    parts.push(`<path d="M${x} ${top - 12}V${height - 18}" class="grid"/>`);
    for (const y of [top - 16, height - 6]) parts.push(`<text x="${x + 3}" y="${y}" class="month">${name}</text>`);
  }
  const [from, to] = freeze.map((text) => Date.parse(text));
  if (from !== undefined && to !== undefined && from < end) {
    const width = Math.min(xOf(to), xOf(end)) - xOf(from);
    parts.push(
      `<rect x="${xOf(from)}" y="${top - 12}" width="${width}" height="${height - top - 6}" class="freeze">${title(`Freeze: ${freeze[0]} to ${freeze[1]}, nothing is issued, deactivated or deleted`)}</rect>`,
    );
  }
  return parts.join('\n');
}

function nextMonth(at: number): number {
  const now = new Date(at);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
}

function legend(): string {
  const use = `<li><svg viewBox="-7 -7 14 14" width="14" height="14"><circle r="1.8" class="use"/></svg>a replaced key is used</li>`;
  const ice = `<li><svg viewBox="0 0 34 12" width="34" height="12"><rect width="34" height="12" class="freeze"/></svg>freeze</li>`;
  return legendOf(marks, use, ice);
}

function xOf(at: number): number {
  return Math.round((left + (Math.max(at - firstDay, -2 * DAY) / DAY) * dayWidth) * 10) / 10;
}

function date(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
