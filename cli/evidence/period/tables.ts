import { type Cell, csvOf } from '../../../shared/core/evidence/csv.ts';
import type { KeyChange, KeyLife } from './key-lives.ts';
import type { PeriodReport } from './report.ts';

/** By file name. One row a key, a rotation, a finding, an exception, a gap. */
export function periodTables(report: PeriodReport): Record<string, string> {
  return {
    'keys.csv': keysTable(report),
    'rotations.csv': rotationsTable(report),
    'findings.csv': columnsOf(report.findings, findingColumns),
    'exceptions.csv': columnsOf(report.exceptions, exceptionColumns),
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
  'source',
  'until',
  'firstDay',
  'lastDay',
  'days',
  'ended',
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
  const header = [...own, ...kinds.flatMap((kind) => parts.map((part) => `${kind}${part}`)), 'allChanges', 'disagree'];
  const rows = keys.map((life): Cell[] => [
    ...own.map((name) => life[name]),
    ...kinds.flatMap((kind) => cellsOf(life, kind)),
    life.changes.map(inWords),
    life.changes.filter(({ disagree }) => disagree).map(({ what }) => what),
  ]);
  return csvOf(header, rows);
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
