import { afterAll, expect } from 'vitest';
import type { Call } from '../../../local/aws/aws.ts';
import { type FaultKind, faultAt, faultKinds } from './faults.ts';
import { printTable, seconds, unknown } from './report.ts';
import type { Scenario } from './scenarios.ts';
import { trace } from './stage.ts';
import { tryOut, type Verdict } from './trial.ts';

/** What was tried of one scenario. */
interface Count {
  readonly name: string;
  calls: number;
  runs: number;
  /** Calls after which everything was judged, in all runs. */
  judged: number;
  seconds: number;
}

export function expectClean(name: string, disturbed: string, { problems, stage, from }: Verdict): void {
  const unexpected = unknown(name, problems);
  if (unexpected.length === 0) return;
  expect.fail(`${name}, ${disturbed}:\n${unexpected.join('\n')}\n${trace(stage, from)}`);
}

/** Prints, at the end of a file, what was counted in it. */
export function createLedger(title: string): (name: string) => Count {
  const counts: Count[] = [];
  afterAll(() => {
    const sum = (of: (count: Count) => number): number => counts.reduce((total, count) => total + of(count), 0);
    printTable(title, [
      ['scenario', 'calls', 'runs', 'calls judged', 'seconds'],
      ...counts.map((count) => [count.name, count.calls, count.runs, count.judged, count.seconds]),
      [
        'together',
        sum(({ calls }) => calls),
        sum(({ runs }) => runs),
        sum(({ judged }) => judged),
        Math.round(sum((c) => c.seconds)),
      ],
    ]);
  });
  return (name) => {
    const count: Count = { name, calls: 0, runs: 0, judged: 0, seconds: 0 };
    counts.push(count);
    return count;
  };
}

const { KEYTURN_PROOF_FAULTS: named } = process.env;
/** All kinds, or those that are named, between bars. */
const kinds = faultKinds.filter(({ name }) => named === undefined || named.split('|').includes(name));

/** The scenario with each fault at each call of its invocation, one at a time. */
export async function crashEverywhere(scenario: Scenario, count: Count): Promise<void> {
  const begun = performance.now();
  const quiet = await tryOut(scenario);
  expectClean(scenario.name, 'undisturbed', quiet);
  count.calls = quiet.calls;
  for (const [index, call] of callsOf(quiet).entries()) {
    for (const kind of kinds.filter(({ of }) => of(call, 0) !== undefined)) {
      const verdict = await tryOut(scenario, { first: faultAt(index + 1, kind), expected: quiet.end });
      expectClean(scenario.name, `${kind.name} at call ${index + 1} (${call.operation})`, verdict);
      count.runs++;
      count.judged += verdict.stage.checker.checkedCalls;
    }
  }
  count.seconds = seconds(begun);
}

const [, crashAfter] = faultKinds;
/** Calls that leave nothing behind: to die after one of them is to die after the one before. */
const leavesNothing = /^(Get|List|Describe)/;

/** Two deaths: one after each call that changes something, then one at each call of the pass that recovers from it. */
export async function crashTwice(scenario: Scenario, count: Count): Promise<void> {
  if (crashAfter === undefined) throw new Error('There is no such fault.');
  const begun = performance.now();
  const quiet = await tryOut(scenario);
  for (const [index, call] of callsOf(quiet).entries()) {
    if (leavesNothing.test(call.operation) && call.service !== 'sts') continue;
    count.calls++;
    for (
      let second = 1;
      await crashPair(scenario, quiet, { first: index + 1, second, kind: crashAfter }, count);
      second++
    );
  }
  count.seconds = seconds(begun);
}

interface Pair {
  readonly first: number;
  readonly second: number;
  readonly kind: FaultKind;
}

/** False once the recovering pass has fewer calls. */
async function crashPair(
  scenario: Scenario,
  quiet: Verdict,
  { first, second, kind }: Pair,
  count: Count,
): Promise<boolean> {
  let isReached = false;
  const again = faultAt(second, kind);
  const verdict = await tryOut(scenario, {
    first: faultAt(first, kind),
    second: async (call) => {
      const fault = await again(call);
      isReached ||= fault !== undefined;
      return fault;
    },
    expected: quiet.end,
  });
  expectClean(scenario.name, `died after call ${first}, and again after call ${second} of the next pass`, verdict);
  count.runs += isReached ? 1 : 0;
  count.judged += verdict.stage.checker.checkedCalls;
  return isReached;
}

function callsOf({ stage, from, calls }: Verdict): Call[] {
  return stage.aws.calls.slice(from, from + calls);
}
