import { afterAll, describe, expect, it } from 'vitest';
import { seeded } from '../../local/aws/random.ts';
import { type Contest, contests, type FightOptions, fight } from '../support/proof/contests.ts';
import { atRandom, inTurns, type Schedule } from '../support/proof/interleave.ts';
import { printTable, seconds, unknown } from '../support/proof/report.ts';
import { trace } from '../support/proof/stage.ts';

const seed = Number(process.env.KEYTURN_PROOF_SEED ?? 20260101);
/** Random schedules of each contest. */
const most = Number(process.env.KEYTURN_PROOF_SCHEDULES ?? 60);
/** 1: every place at which the second begins with every place at which it is left. */
const stride = Number(process.env.KEYTURN_PROOF_STRIDE ?? 5);

const rows: (string | number)[][] = [];

afterAll(() => {
  const sum = (i: number): number => rows.reduce((total, row) => total + Number(row[i]), 0);
  printTable(`Two at once, random schedules from seed ${seed}`, [
    ['contest', 'steps', 'begins at each step', 'left again', 'random', 'seconds'],
    ...rows,
    ['together', '', sum(2), sum(3), sum(4), Math.round(sum(5))],
  ]);
});

async function expectSafe(
  contest: Contest,
  how: string,
  schedule: Schedule,
  options: FightOptions = {},
): Promise<readonly number[]> {
  const { problems, steps, stage, from } = await fight(contest, schedule, options);
  // The checker sees whose the lease is; who reads what was does not, and waits for it instead.
  const isExpected = (problem: string): boolean => options.isStale === true && problem.startsWith('lease:');
  const unexpected = unknown(contest.name, problems).filter((problem) => !isExpected(problem));
  if (unexpected.length > 0) expect.fail(`${contest.name}, ${how}:\n${unexpected.join('\n')}\n${trace(stage, from)}`);
  return steps;
}

describe('two at once on one user', () => {
  it.each(contests)('$name: no rule breaks, and all comes to rest', async (contest) => {
    const begun = performance.now();
    const [first = 0, second = 0] = await expectSafe(contest, 'one after the other', inTurns());
    for (let at = 0; at < first; at++) await expectSafe(contest, `switched at ${at}`, inTurns(at, 1_000));
    for (const turns of contest.pinned ?? [])
      await expectSafe(contest, `in turns of ${turns.join(', ')}`, inTurns(...turns));
    let pairs = 0;
    for (let at = 1; at < first; at += stride) {
      for (let left = 1; left < Math.max(second, first); left += stride, pairs++) {
        await expectSafe(contest, `switched at ${at}, and back ${left} steps later`, inTurns(at, left, 1_000));
      }
    }
    const random = seeded(seed);
    for (let n = 0; n < most; n++) await expectSafe(contest, `random schedule ${n} of seed ${seed}`, atRandom(random));
    rows.push([contest.name, `${first} and ${second}`, first + 1, pairs, most, seconds(begun)]);
  });
});

/** Of what nothing but the lease excludes: issues are excluded by IAM's quota and the compare-and-swap as well. */
const onExistingKeys = contests.filter(({ mostIssued }) => mostIssued === 0);

describe('two at once on one user, with every read as old as AWS may give it', () => {
  it.each(onExistingKeys)('$name: nobody is locked out', async (contest) => {
    const begun = performance.now();
    for (const turns of contest.pinned ?? []) {
      await expectSafe(contest, `in turns of ${turns.join(', ')}`, inTurns(...turns), { isStale: true });
    }
    const random = seeded(seed);
    for (let n = 0; n < most; n++) {
      await expectSafe(contest, `random schedule ${n} of seed ${seed}`, atRandom(random), { isStale: true });
    }
    rows.push([`${contest.name}, stale reads`, '', 0, 0, most, seconds(begun)]);
  });
});
