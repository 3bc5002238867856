import { csvOf } from '../../shared/core/evidence/csv.ts';
import type { Context } from '../context.ts';
import { sampleOf } from '../evidence/period/sample.ts';
import type { ExitCode } from '../exit-code.ts';
import { codeOf, type PeriodOptions, readReport } from './evidence-report.ts';

export interface SampleOptions extends PeriodOptions {
  seed: string;
  size: number;
}

const columns = ['userName', 'oldAccessKeyId', 'newAccessKeyId', 'issuedAt', 'transitionId', 'recordKey'] as const;

/** Rotations of a period for an auditor to look at: the same seed picks the same ones, whoever asks. */
export async function run(
  context: Context,
  [place = '']: readonly string[],
  options: SampleOptions,
): Promise<ExitCode> {
  const { seed, size } = options;
  const report = await readReport(context, place, options);
  const { rotations } = report;
  const picked = sampleOf(rotations, { seed, size });
  if (context.options.json) {
    const { accountId, period } = report;
    const document = { schemaVersion: 1, accountId, period, seed, population: rotations.length, sample: picked };
    context.print(JSON.stringify(document, undefined, 2));
  } else {
    const rows = picked.map((rotation) => [...columns.map((name) => rotation[name]), rotation.eventIds]);
    context.print(csvOf([...columns, 'eventIds'], rows).trimEnd());
  }
  context.note(`${picked.length} of ${rotations.length} rotations, by sha256(seed + transitionId), smallest first.`);
  if (report.isPreliminary) context.note('The period is not settled yet: later the population may be another one.');
  return codeOf(report);
}
