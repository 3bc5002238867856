import type { Call } from '../../local/aws/aws.ts';
import { SECOND } from '../../local/aws/clock.ts';
import { createFleetWorld, type FleetWorld, scanAll, scheduled } from '../support/fleet-world.ts';
import { UNITS } from '../support/organization.ts';

const ACCOUNTS = 1_000;
const USERS = 200;

interface Stage {
  readonly name: string;
  readonly calls: readonly Call[];
  /** By the local clock, which only waits move on: how long AWS's rates make it. */
  readonly waitedSeconds: number;
}

/** A day on which nothing is due anywhere: fan-out, scans and digest of an organization. */
export async function fleetDay(): Promise<void> {
  const world = createFleetWorld({ accounts: members(), now: Date.UTC(2026, 0, 10, 6) });
  for (const { accountId } of members()) {
    const { iam } = world.organization.account(accountId);
    for (let at = 0; at < USERS; at++) iam.addUser({ userName: `user-${at}`, keys: [{ ageDays: 10 }] });
  }
  const stages = [
    await stage(world, 'fan-out', () => scheduled(world, { scheduledAt: instant(world) })),
    await stage(world, 'scans', () => scanAll(world)),
    await stage(world, 'digest', () => scheduled(world, { digest: true, scheduledAt: instant(world) })),
  ];
  console.log(`\n## A day of a fleet: ${ACCOUNTS} accounts of ${USERS} users, nothing due\n`);
  console.log("| | calls | for each account | waits for AWS's rates |\n|---|---|---|---|");
  for (const { name, calls, waitedSeconds } of stages) {
    const each = (calls.length / ACCOUNTS).toFixed(2);
    console.log(`| ${name} | ${calls.length} | ${each} | ${waitedSeconds.toFixed(0)} s |`);
  }
  const scans = stages[1]?.calls.length ?? 0;
  const ratio = (5 + 2 * USERS) / (scans / ACCOUNTS);
  console.log(
    `\nThe limit is 18 for each account. A fleet of several Regions lists the secrets of each account in every other one ` +
      `too: a call more for each. A loop that reads users one by one makes 5 + 2 × users, ${ratio.toFixed(0)} times ` +
      'as many. A minute of the fan-out is the one that SQS asks for after a purge; the scans are one after another here, ' +
      'and 20 at once by default. The memory of a scan is below.',
  );
  console.log('\nBy operation, for each account:\n\n| call | count |\n|---|---|');
  const counts = Map.groupBy(stages[1]?.calls ?? [], ({ service, operation }) => `${service}:${operation}`);
  for (const [name, calls] of [...counts]
    .filter(([, some]) => some.length > ACCOUNTS / 100)
    .toSorted(([, a], [, b]) => b.length - a.length)) {
    console.log(`| ${name} | ${Number((calls.length / ACCOUNTS).toFixed(2))} |`);
  }
}

function members() {
  return Array.from({ length: ACCOUNTS }, (_, at) => ({
    accountId: `2${String(at).padStart(11, '0')}`,
    name: `account-${at}`,
    parent: at % 2 === 0 ? UNITS.prod : UNITS.dev,
  }));
}

function instant({ hub }: FleetWorld): string {
  return new Date(hub.clock.now()).toISOString();
}

async function stage(world: FleetWorld, name: string, run: () => Promise<unknown>): Promise<Stage> {
  const { organization, hub } = world;
  const [from, begun] = [organization.calls.length, hub.clock.now()];
  await run();
  const calls = organization.calls.slice(from).map(({ call }) => call);
  return { name, calls, waitedSeconds: (hub.clock.now() - begun) / SECOND };
}
