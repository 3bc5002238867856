import { setTimeout } from 'node:timers/promises';
import { startAccounts } from '../support/accounts.ts';
import { runCommand } from '../support/run-command.ts';
import { createWorld } from '../support/world.ts';

const ADDED_MS = 50;
const LIMITS = [
  { users: 1_000, seconds: 3, calls: 40 },
  { users: 5_000, seconds: 8, calls: undefined },
];

/** `keyturn plan` of accounts in which nothing is due: its calls, and how long it takes with 50 ms added to each. */
export async function previews(): Promise<void> {
  console.log('\n## `keyturn plan`, nothing due, with 50 ms added to every call\n');
  console.log('| users | calls | limit | wall time | limit |\n|---|---|---|---|---|');
  for (const { users, seconds, calls } of LIMITS) {
    const { made, took } = await preview(users);
    console.log(`| ${users} | ${made} | ${calls ?? '–'} | ${took.toFixed(1)} s | ${seconds} s |`);
  }
}

async function preview(users: number): Promise<{ made: number; took: number }> {
  const { aws } = createWorld();
  for (let index = 0; index < users; index++) {
    aws.iam.addUser({ userName: `user-${index}`, keys: [{ ageDays: 10 }] });
  }
  // AWS makes its report meanwhile.
  aws.onCall(({ operation }) => {
    if (operation === 'GenerateCredentialReport') aws.clock.advance(1_500);
  });
  const accounts = await startAccounts([aws], async () => {
    await setTimeout(ADDED_MS);
    return undefined;
  });
  const startedAt = performance.now();
  const { code, stderr } = await runCommand(accounts, ['plan'], { now: aws.clock.now() });
  const took = (performance.now() - startedAt) / 1_000;
  await accounts.close();
  if (code !== 0) throw new Error(stderr);
  return { made: aws.calls.length + accounts.others.length, took };
}

if (import.meta.main) await previews();
