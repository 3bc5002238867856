import { expect, it } from 'vitest';
import { compareWithIam } from '../support/core/fleets.ts';
import { printTable, seconds } from '../support/proof/report.ts';

const numRuns = Number(process.env.KEYTURN_PROOF_RUNS ?? 10_000);
const seed = Number(process.env.KEYTURN_PROOF_SEED ?? 20260101);

it('IAM lets the hub into exactly the accounts that select names; State, tags and the management account, which only code knows, narrow it', () => {
  const begun = performance.now();
  const { fleets, rotated, dryRuns, refusedByBoth, refusedByCodeAlone } = compareWithIam(numRuns, seed);
  printTable(`Fleets, seed ${seed}`, [
    ['organizations and fleets', fleets],
    ['accounts rotated', rotated],
    ['in a dry run', dryRuns],
    ['refused by code and by IAM', refusedByBoth],
    ['refused by code alone', refusedByCodeAlone],
    ['seconds', seconds(begun)],
  ]);
  expect(fleets).toBe(numRuns);
});
