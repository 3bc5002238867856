/** What one test file has validated. */
export interface Counts {
  readonly requests: number;
  readonly responses: number;
  /** `iam:GetUser` → how often. */
  readonly operations: Readonly<Record<string, number>>;
}

export function sumCounts(all: readonly Counts[]): Counts & { readonly files: number } {
  const operations: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts.operations)) operations[name] = (operations[name] ?? 0) + count;
  }
  const sum = (name: 'requests' | 'responses') => all.reduce((total, counts) => total + counts[name], 0);
  return { files: all.length, requests: sum('requests'), responses: sum('responses'), operations };
}

export function formatCounts({ files, requests, responses, operations }: ReturnType<typeof sumCounts>): string {
  const rows = Object.entries(operations)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `  ${name.padEnd(50)} ${String(count).padStart(7)}`);
  const total = `Validated against AWS's service models: ${requests} requests, ${responses} responses`;
  return [`${total}, ${rows.length} operations, ${files} test files`, ...rows].join('\n');
}
