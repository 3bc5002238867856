import { legendOf } from '../../picture/legend.ts';
import { type Look, looks } from '../../picture/looks.ts';
import { markOf, marks } from '../../picture/marks.ts';
import { definitions, title } from '../../picture/svg.ts';
import type { ActionName } from '../../shared/core/answer.ts';
import { escapeHtml } from '../../shared/core/html.ts';
import type { AccessKey, UserState } from '../../shared/core/model.ts';
import { keyIdOf, versionWith } from '../../shared/core/secret-versions.ts';
import { DAY, formatDate, type Instant } from '../../shared/core/time.ts';
import type { Preview } from '../preview.ts';
import { nameOf } from '../report.ts';
import { ageInDays, usedWhen } from '../ui/days.ts';
import { plain } from '../ui/table.ts';
import { withoutMadeUp } from './effects.ts';
import { assumptions, type Forecast, type Foreseen, forecast } from './forecast.ts';
import { htmlPage } from './skeleton.ts';

const DAYS = 60;

const left = 250;
const top = 34;
const laneHeight = 35;
const barHeight = 9;
const dayWidth = 13;
const width = left + DAYS * dayWidth + 16;

/** What becomes of everybody in some accounts, and when. */
export function pageOf(previews: readonly Preview[]): string {
  return htmlPage(
    `Keyturn: the next ${DAYS} days of access keys`,
    `<h1>The next ${DAYS} days of access keys</h1>
<p>Each lane is an IAM user, each bar an access key, with its age today before it. Point at anything for its sentence. Nothing was changed. It is assumed that:</p>
<ul>${assumptions.map((each) => `<li>${escapeHtml(each)}</li>`).join('')}</ul>
${legend()}
${previews.map(sectionOf).join('\n')}`,
  );
}

function sectionOf(preview: Preview, index: number): string {
  const { account, found, plans, at, judged, notes, errors } = preview;
  const all = forecast(
    plans.map(({ state }) => state),
    found.settings,
    at,
    DAYS,
  );
  const shown = all.toSorted((a, b) => oldest(a.before) - oldest(b.before));
  const count = (...actions: ActionName[]): number =>
    shown.flatMap(({ events }) => events).filter(({ step }) => actions.includes(step.action)).length;
  const facts = [
    `${formatDate(at)}: ${judged.scan.users.length} IAM users, ${shown.length} with access keys or a secret.`,
    `Foreseen until ${formatDate(at + DAYS * DAY)}: ${count('issue')} keys issued, ${count('deactivate', 'retire')} deactivated, ${count('delete')} deleted.`,
    found.sentence,
    'Recorded state is believed as it is written.',
    ...notes,
    ...errors,
  ];
  return `<h2>Account ${escapeHtml(plain(nameOf(account)))}</h2>
<p>${escapeHtml(plain(facts.join(' ')))}</p>
${shown.length === 0 ? '' : pictureOf(shown, at, index === 0)}
${shown.length === 0 ? '' : tableOf(shown, at)}`;
}

function oldest({ keys }: UserState): Instant {
  return Math.min(...keys.map(({ createdAt }) => createdAt));
}

function pictureOf(forecasts: readonly Forecast[], at: Instant, isFirst: boolean): string {
  const height = top + forecasts.length * laneHeight + 26;
  const lanes = forecasts.map((each, index) => laneOf(each, at, index));
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="One lane for each user, one bar for each access key">
${isFirst ? definitions() : ''}
${calendar(at, height)}
${lanes.join('\n')}
</svg>`;
}

function calendar(from: Instant, height: number): string {
  const weeks = Array.from({ length: Math.floor(DAYS / 7) + 1 }, (_, week) => from + week * 7 * DAY);
  return weeks
    .map((at) => {
      const x = xOf(at, from);
      const label = `<text x="${x + 3}" y="${top - 16}" class="month">${formatDate(at).slice(5)}</text>`;
      return `<path d="M${x} ${top - 12}V${height - 18}" class="grid"/>${label}`;
    })
    .join('\n');
}

function laneOf({ user, first, before, states, events }: Forecast, from: Instant, index: number): string {
  const y = top + index * laneHeight;
  const rows = rowsOf(before, states);
  const yOf = (accessKeyId: string): number => y + 5 + (rows.get(accessKeyId) ?? 0) * (barHeight + 5);
  const about =
    first.status === 'act' ? `${first.steps[0]?.action ?? ''}: ${first.reason}` : `${first.status}: ${first.reason}`;
  const bars = [...rows.keys()].map((accessKeyId) => barOf(accessKeyId, states, from, yOf(accessKeyId)));
  const ages = before.keys.map(
    ({ accessKeyId, createdAt }) =>
      `<text x="${left - 4}" y="${yOf(accessKeyId) + barHeight - 1}" class="age">${ageInDays(createdAt, from)}</text>`,
  );
  return [
    '<g>',
    index % 2 === 1 ? `<rect x="0" y="${y}" width="${width}" height="${laneHeight}" class="shade"/>` : '',
    `<text x="6" y="${y + 15}" class="name">${escapeHtml(shortened(plain(user.userName)))}${title(plain(user.userName))}</text>`,
    `<text x="6" y="${y + 28}" class="about">${escapeHtml(about)}</text>`,
    ...ages,
    ...bars,
    ...events.map((event) => markAt(event, from, yOf)),
    '</g>',
  ].join('\n');
}

function shortened(name: string): string {
  return name.length <= 30 ? name : `${name.slice(0, 29)}…`;
}

/** A user has two keys at most: a new one takes the row of one that is gone. */
function rowsOf(before: UserState, states: Forecast['states']): Map<string, number> {
  const rows = new Map<string, number>();
  const place = (keys: readonly AccessKey[]): void => {
    const taken = keys.flatMap(({ accessKeyId }) => rows.get(accessKeyId) ?? []);
    for (const { accessKeyId } of keys.toSorted((a, b) => a.createdAt - b.createdAt)) {
      if (rows.has(accessKeyId)) continue;
      const row = taken.includes(0) ? 1 : 0;
      taken.push(row);
      rows.set(accessKeyId, row);
    }
  };
  place(before.keys);
  for (const { state } of states) place(state.keys);
  return rows;
}

interface Stretch {
  look: Look;
  from: Instant;
  to: Instant;
}

function barOf(accessKeyId: string, states: Forecast['states'], from: Instant, y: number): string {
  const stretches: Stretch[] = [];
  for (const { at, state } of states) {
    const key = state.keys.find((each) => each.accessKeyId === accessKeyId);
    if (key === undefined) continue;
    const look = lookOf(key, state);
    const last = stretches.at(-1);
    if (last !== undefined) last.to = at;
    if (last?.look !== look) stretches.push({ look, from: at, to: at + DAY });
    else last.to = at + DAY;
  }
  const end = from + DAYS * DAY;
  return stretches
    .map((stretch) => {
      const x = xOf(stretch.from, from);
      const wide = Math.max(1, xOf(Math.min(stretch.to, end), from) - x);
      const name = withoutMadeUp(accessKeyId);
      const words = `${name}: ${looks[stretch.look]}, ${formatDate(stretch.from)} to ${formatDate(stretch.to)}`;
      return `<rect x="${x}" y="${y}" width="${wide}" height="${barHeight}" class="key ${stretch.look}">${title(words)}</rect>`;
    })
    .join('\n');
}

function lookOf(key: AccessKey, { keys, secret }: UserState): Look {
  if (key.status !== 'Active') return 'inactive';
  const versionId = versionWith(secret, 'AWSCURRENT');
  const currentId = secret === undefined || versionId === undefined ? undefined : keyIdOf(secret, versionId);
  const current = keys.find(({ accessKeyId }) => accessKeyId === currentId);
  if (current === undefined) return 'unmanaged';
  if (current.accessKeyId === key.accessKeyId) return 'current';
  return key.createdAt <= current.createdAt ? 'superseded' : 'extra';
}

/** The events that the marks are named after. */
const events: Readonly<Partial<Record<ActionName, string>>> = {
  issue: 'issued',
  remind: 'reminder',
  postpone: 'postponed',
  deactivate: 'deactivated',
  'deactivate-exposed': 'deactivated',
  'deactivate-orphan': 'orphan-removed',
  'record-inactive': 'inactive-seen',
  retire: 'retired',
  delete: 'deleted',
  'start-grace': 'grace-restarted',
  'restart-grace': 'reactivated',
  'move-forward': 'moved-forward',
  'announce-blocked': 'blocked',
};

function markAt({ at, step }: Foreseen, from: Instant, yOf: (accessKeyId: string) => number): string {
  const mark = markOf({ event: events[step.action] ?? '' });
  if (mark === undefined) return '';
  const accessKeyId = 'accessKeyId' in step ? (step.accessKeyId ?? '') : '';
  const words = `${formatDate(at)} ${step.action}: ${withoutMadeUp(plain(step.message))}`;
  return `<use href="#m-${mark.id}" x="${xOf(at, from)}" y="${yOf(accessKeyId) + barHeight / 2}" class="mark">${title(words)}</use>`;
}

function xOf(at: Instant, from: Instant): number {
  return Math.round((left + ((at - from) / DAY) * dayWidth) * 10) / 10;
}

function tableOf(forecasts: readonly Forecast[], now: Instant): string {
  const rows = forecasts.map(({ user, before, first, events: foreseen }) => {
    const keys = before.keys
      .toSorted((a, b) => a.createdAt - b.createdAt)
      .map(({ accessKeyId, status, createdAt, lastUsed }) => {
        const facts = `${status}, ${ageInDays(createdAt, now)}, last used: ${usedWhen(lastUsed?.at, now)}`;
        return `<code>${escapeHtml(accessKeyId)}</code> ${escapeHtml(plain(facts))}`;
      });
    const why = foreseen.length === 0 ? [plain(first.message)] : foreseen.map(sentenceOf);
    return `<tr><td>${escapeHtml(plain(user.userName))}</td><td>${keys.join('<br>')}</td><td>${why.map(escapeHtml).join('<br>')}</td></tr>`;
  });
  return `<table>
<thead><tr><th>User</th><th>Access keys today</th><th>What, when and why</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function sentenceOf({ at, step }: Foreseen): string {
  return `${formatDate(at)} ${step.action} (${step.reason}): ${withoutMadeUp(plain(step.message))}`;
}

function legend(): string {
  const drawn = new Set(Object.values(events).flatMap((event) => markOf({ event })?.id ?? []));
  return legendOf(marks.filter(({ id }) => drawn.has(id)));
}
