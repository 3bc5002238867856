import { controls } from './controls.ts';
import { type ControlId, controlIds, type Finding, type FindingStatus } from './finding.ts';

export interface ControlSummary {
  control: ControlId;
  title: string;
  population: number;
  pass: number;
  fail: number;
  /** Of those that fail. */
  accepted: number;
  /** Of those that fail: about to be ended by Keyturn. */
  handOver: number;
  error: number;
  notApplicable: number;
  /** Of those that pass or fail; null where there are none, or one is not known: never a green number by ignorance. */
  percent: number | null;
  denominator: number;
  /** The first day of the failure that has lasted longest. */
  failSince: string | null;
}

/** With a tenth. */
export function percentOf(count: number, all: number): number {
  return Math.round((count / all) * 1000) / 10;
}

export function summaryOf(findings: readonly Finding[]): ControlSummary[] {
  return controlIds.flatMap((control) => {
    const own = findings.filter((finding) => finding.control.id === control);
    if (own.length === 0) return [];
    const failures = own.filter(({ status }) => status === 'fail');
    const count = (status: FindingStatus): number => own.filter((finding) => finding.status === status).length;
    const [pass, error, denominator] = [count('pass'), count('error'), count('pass') + failures.length];
    return [
      {
        control,
        title: controls[control].title,
        population: own.length,
        pass,
        fail: failures.length,
        accepted: failures.filter(({ accepted }) => accepted !== null).length,
        handOver: failures.filter(({ handOver }) => handOver !== null).length,
        error,
        notApplicable: count('not-applicable'),
        percent: error > 0 || denominator === 0 ? null : percentOf(pass, denominator),
        denominator,
        failSince: failures.map(({ since }) => since).toSorted()[0] ?? null,
      },
    ];
  });
}
