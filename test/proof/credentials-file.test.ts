import { expect, it } from 'vitest';
import { printTable, seconds } from '../support/proof/report.ts';
import { editGenerated } from '../support/shared-files.ts';

const numRuns = Number(process.env.KEYTURN_PROOF_RUNS ?? 20_000);
const seed = Number(process.env.KEYTURN_PROOF_SEED ?? 20260101);

it('in a shared file of AWS nothing changes but the two values of a key', async () => {
  const begun = performance.now();
  const { edited, refused } = await editGenerated(numRuns, seed);
  printTable(`Credentials files, seed ${seed}`, [
    ['edited', edited],
    ['refused', refused],
    ['seconds', seconds(begun)],
  ]);
  expect(edited).toBeGreaterThan(numRuns / 3);
});
