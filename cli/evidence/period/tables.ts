import { type Cell, csvOf } from '../../../shared/core/evidence/csv.ts';
import type { KeyChange, KeyLife } from './key-lives.ts';
import type { PeriodReport } from './report.ts';
import { type StateOfDay, statesOfDays } from './states.ts';

/** By file name. One row a key, a time in one state, a rotation, a finding, an exception, a person, a gap. */
export function periodTables(report: PeriodReport): Record<string, string> {
  return {
    'keys.csv': keysTable(report),
    'states.csv': statesTable(report),
    'rotations.csv': rotationsTable(report),
    'findings.csv': columnsOf(report.findings, findingColumns),
    'exceptions.csv': columnsOf(report.exceptions, exceptionColumns),
    'mfa.csv': columnsOf(report.people, personColumns),
    'gaps.csv': columnsOf(report.gaps, ['kind', 'from', 'to', 'what', 'reference']),
  };
}

const findingColumns = [
  'control',
  'resource',
  'reason',
  'firstDay',
  'lastDay',
  'settledDay',
  'days',
  'handOverDays',
  'acceptedDays',
  'sentence',
] as const;
const exceptionColumns = [
  'control',
  'resource',
  'because',
  'approvedBy',
  'approvedAt',
  'source',
  'eventId',
  'until',
  'firstDay',
  'lastDay',
  'days',
  'ended',
] as const;

const personColumns = [
  'userId',
  'userName',
  'daysWith',
  'daysWithout',
  'daysNotKnown',
  'firstDayWithout',
  'lastDayWithout',
] as const;

function columnsOf<Name extends string>(rows: readonly Readonly<Record<Name, Cell>>[], names: readonly Name[]): string {
  return csvOf(
    names,
    rows.map((row) => names.map((name) => row[name])),
  );
}

function keysTable({ keys }: PeriodReport): string {
  const own = ['accessKeyId', 'userId', 'userName', 'limitDays', 'activeDays', 'inactiveDays', 'overDays'] as const;
  const kinds = ['created', 'deactivated', 'deleted'] as const;
  const parts = ['At', 'Source', 'Reference', 'By'];
  const dates = kinds.flatMap((kind) => parts.map((part) => `${kind}${part}`));
  // Days on which it was inactive are among its own.
  const states = statesOfDays.filter((state) => state !== 'inactive');
  const header = [...own, ...states.map(columnOf), ...dates, 'allChanges', 'disagree'];
  const rows = keys.map((life): Cell[] => [
    ...own.map((name) => life[name]),
    ...states.map((state) => life.daysByState[state]),
    ...kinds.flatMap((kind) => cellsOf(life, kind)),
    life.changes.map(inWords),
    life.changes.filter(({ disagree }) => disagree).map(({ what }) => what),
  ]);
  return csvOf(header, rows);
}

/** `before-due` is `beforeDueDays`. */
function columnOf(state: StateOfDay): string {
  return `${state.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}Days`;
}

/** What is not known has its reason in place of a source. */
function statesTable({ keys }: PeriodReport): string {
  const names = ['state', 'firstDay', 'lastDay', 'days', 'source', 'because'] as const;
  const rows = keys.flatMap(({ accessKeyId, userName, states }) =>
    states.map((spell): Cell[] => [accessKeyId, userName, ...names.map((name) => spell[name])]),
  );
  return csvOf(['accessKeyId', 'userName', ...names], rows);
}

/** Of several the last. */
function cellsOf({ changes }: KeyLife, kind: KeyChange['what']): Cell[] {
  const best = changes.findLast(({ what }) => what === kind)?.told[0];
  return [best?.at, best?.source, best?.reference, best?.by];
}

/** `created 2026-01-01T00:00:00.000Z (cloudtrail)`, with what else tells of it. */
export function inWords({ what, told }: KeyChange): string {
  const said = told.map(({ at, after, source }) =>
    after === null ? `${at} (${source})` : `${after}/${at} (${source})`,
  );
  return `${what} ${said.join(', ')};`;
}

function rotationsTable({ rotations }: PeriodReport): string {
  return columnsOf(rotations, [
    'transitionId',
    'userId',
    'userName',
    'oldAccessKeyId',
    'newAccessKeyId',
    'issuedAt',
    'limitAt',
    'deactivatedAt',
    'deletedAt',
    'onTime',
    'handOverDays',
    'recordKey',
    'recordSha256',
    'eventIds',
  ]);
}
