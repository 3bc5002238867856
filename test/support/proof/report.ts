/** A failure that is known and not yet mended: it is run, counted and printed, and does not fail the proof. */
export interface KnownFailure {
  /** Of the scenario, contest or history. */
  readonly name: string;
  /** A piece of what is wrong. */
  readonly problem: string;
  readonly why: string;
}

/** None. */
export const knownFailures: readonly KnownFailure[] = [];

/** The problems that are not known. */
export function unknown(name: string, problems: readonly string[]): string[] {
  const isKnown = (problem: string): boolean =>
    knownFailures.some((failure) => failure.name === name && problem.includes(failure.problem));
  return problems.filter((problem) => !isKnown(problem));
}

/** A table for people, in the output of the run. */
export function printTable(title: string, rows: readonly (readonly (string | number)[])[]): void {
  const longest = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => `${row[i] ?? ''}`.length)));
  const line = (row: readonly (string | number)[]): string =>
    row
      .map((cell, i) => (typeof cell === 'number' ? `${cell}`.padStart(longest[i] ?? 0) : cell.padEnd(longest[i] ?? 0)))
      .join('  ');
  const known = knownFailures.map(({ name, problem, why }) => `known failure: ${name}: ${problem} (${why})`);
  console.log([`\n${title}`, ...rows.map(line), ...known, ''].join('\n'));
}

export function seconds(since: number): number {
  return Math.round((performance.now() - since) / 100) / 10;
}
