import fc from 'fast-check';
import { expect, it } from 'vitest';
import { attackedHistories, type History, handedOnHistories, histories, live } from '../support/proof/history.ts';
import { printTable, seconds, unknown } from '../support/proof/report.ts';
import { trace } from '../support/proof/stage.ts';

const numRuns = Number(process.env.KEYTURN_PROOF_RUNS ?? 2_000);
const seed = Number(process.env.KEYTURN_PROOF_SEED ?? 20260101);

it('whatever people and networks do, no rule breaks, and once they stop, all comes to rest', () =>
  expectSafe('Random histories', histories, numRuns));

it('whatever somebody else does to secrets and the queue, no rule breaks, and all comes to rest', () =>
  expectSafe('Random histories under attack', attackedHistories, Math.ceil(numRuns / 2)));

it('whatever a role that hands keys on does, or leaves undone, no rule breaks, and all comes to rest', () =>
  expectSafe('Random histories with a hand-on', handedOnHistories, Math.ceil(numRuns / 4)));

async function expectSafe(title: string, drawn: fc.Arbitrary<History>, numRuns: number): Promise<void> {
  const begun = performance.now();
  let calls = 0;
  let events = 0;
  let passes = 0;
  let longest = 0;
  const property = fc.asyncProperty(drawn, async (history) => {
    const told = await live(history);
    calls += told.stage.checker.checkedCalls;
    events += history.events.length;
    if (Number.isFinite(told.passes)) passes += told.passes;
    longest = Math.max(longest, told.passes);
    const problems = unknown('histories', told.problems);
    if (problems.length > 0) throw new Error(`${problems.join('\n')}\n${trace(told.stage, 0, 400)}`);
  });
  const details = await fc.check(property, { seed, numRuns });
  printTable(`${title}, seed ${seed}`, [
    ['histories', details.numRuns],
    ['events in them', events],
    ['calls judged', calls],
    ['daily passes until rest, on average', Math.round((10 * passes) / Math.max(1, details.numRuns)) / 10],
    ['at most', longest],
    ['seconds', seconds(begun)],
  ]);
  if (details.failed) {
    const [smallest] = details.counterexample ?? [];
    expect.fail(
      `seed ${seed}, path ${details.counterexamplePath}:\n${JSON.stringify(smallest)}\n${String(details.errorInstance)}`,
    );
  }
}
