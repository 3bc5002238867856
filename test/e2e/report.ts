/** What the run prints: each step, what was done in it, what was checked. */
const startedAt = performance.now();
const timings: { title: string; from: number }[] = [];
let checks = 0;

/** A check that did not hold: the run ends with its reason. */
export class CheckFailed extends Error {
  override name = 'CheckFailed';
}

export function step(title: string): void {
  timings.push({ title, from: performance.now() });
  console.log(`\n=== ${timings.length}. ${title}`);
}

export function done(text: string): void {
  console.log(`  - ${text}`);
}

/** Prints the sentence if it is true; throws it, with the facts, if not. */
export function check(sentence: string, holds: boolean, facts?: unknown): asserts holds {
  if (!holds) throw new CheckFailed(facts === undefined ? sentence : `${sentence}\n${JSON.stringify(facts, null, 2)}`);
  checks++;
  console.log(`  ok ${sentence}`);
}

export function summary(): string {
  const now = performance.now();
  const lines = timings.map(({ title, from }, index) => {
    const seconds = ((timings[index + 1]?.from ?? now) - from) / 1000;
    return `${seconds.toFixed(1).padStart(7)} s  ${title}`;
  });
  return [...lines, `${((now - startedAt) / 1000).toFixed(1).padStart(7)} s  in all, ${checks} checks`].join('\n');
}
