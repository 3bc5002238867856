import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventError } from '../../shared/core/errors.ts';
import { formatDate } from '../../shared/core/time.ts';
import type { Context } from '../context.ts';
import { type AskedOptions, askedOf } from '../evidence/asked.ts';
import { firstDayOf } from '../evidence/period/gaps.ts';
import { isReadFor, periodInput } from '../evidence/period/input.ts';
import { periodPage } from '../evidence/period/page.ts';
import { parsePeriod } from '../evidence/period/period.ts';
import { type PeriodReport, reportOf } from '../evidence/period/report.ts';
import { statesOfDays } from '../evidence/period/states.ts';
import { periodTables } from '../evidence/period/tables.ts';
import { accountsIn, openPlace, type PlaceOptions } from '../evidence/place.ts';
import { readEvidence } from '../evidence/read.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';

export interface PeriodOptions extends PlaceOptions, AskedOptions {
  period: string;
  suffix?: string;
  account?: string;
}

export interface ReportOptions extends PeriodOptions {
  out?: string;
}

/**
 * What the evidence of a period shows, after its chain was verified. 3 something is wrong with it; 1 a part of it could
 * not be read: the report is written all the same, and says so first.
 */
export async function run(
  context: Context,
  [place = '']: readonly string[],
  options: ReportOptions,
): Promise<ExitCode> {
  const report = await readReport(context, place, options);
  const { out } = options;
  if (out !== undefined) await writeReport(out, report);
  if (context.options.json) context.print(jsonOf(report));
  else context.print(linesOf(context, report).join('\n'));
  if (out !== undefined) context.note(`Written to ${out}: index.html, report.json and seven CSV files.`);
  return codeOf(report);
}

export async function readReport(context: Context, given: string, options: PeriodOptions): Promise<PeriodReport> {
  const asked = await askedOf(context, options);
  const period = parsePeriod(options.period, asked.now);
  const place = await openPlace(context, given, options);
  const accountId = oneOf(accountsIn(place), options.account);
  const read = await readEvidence(place, accountId, { keeps: isReadFor(period) });
  const input = periodInput(read, { period, roleSuffix: options.suffix ?? '' }, asked);
  const begins = firstDayOf(input.chained);
  if (begins !== undefined && formatDate(period.to - 1) < begins) {
    throw new EventError(`--period ${period.name}: evidence begins on ${begins}.`);
  }
  return reportOf(input);
}

function oneOf(accounts: readonly string[], wanted: string | undefined): string {
  const [only, ...others] = wanted === undefined ? accounts : accounts.filter((each) => each === wanted);
  if (only !== undefined && others.length === 0) return only;
  throw new EventError(`--account: there is evidence of ${accounts.join(', ')}. Name one.`);
}

export function codeOf({ chain: { result } }: PeriodReport): ExitCode {
  return { valid: exitCodes.done, invalid: exitCodes.undecided, 'not-checked': exitCodes.failed }[result];
}

/** The bytes of `report.json`, but for the line feed at the end. */
function jsonOf(report: PeriodReport): string {
  return JSON.stringify(report, undefined, 2);
}

async function writeReport(folder: string, report: PeriodReport): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = { 'index.html': periodPage(report), 'report.json': `${jsonOf(report)}\n`, ...periodTables(report) };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

function linesOf({ paint }: Context, report: PeriodReport): string[] {
  const { accountId, period, chain, days, due, keyAge, gaps, isPreliminary, rotations, timeInState } = report;
  const styles = { valid: 'green', invalid: 'red', 'not-checked': 'yellow' } as const;
  const { last } = chain;
  const end = last === null ? 'no head' : `head ${last.sequence}:${last.sha256}`;
  const share = keyAge.overLimitPercent === null ? '' : ` (${keyAge.overLimitPercent} %)`;
  return [
    `Account ${accountId}, ${period.firstDay} to ${period.lastDay}${isPreliminary ? ': PRELIMINARY' : ''}`,
    `chain      ${paint('stdout', styles[chain.result], chain.result)}: ${chain.digests} digests, ${end}`,
    `days       ${days.withEvidence} of ${days.expected} with evidence, ${days.incomplete} incomplete`,
    `gaps       ${gaps.length}`,
    `states     ${statesOfDays.flatMap((state) => (timeInState[state] > 0 ? [`${state} ${timeInState[state]}`] : [])).join(', ')}`,
    `due keys   ${due.onTime} on time, ${due.late} late, ${due.notDone} not done`,
    `key-days   ${keyAge.overLimitKeyDays} of ${keyAge.activeKeyDays} at or over the limit${share}`,
    `rotations  ${rotations.length}`,
  ];
}
