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

/** Calls that a scan may make for an account of one Region in which nothing is due, with its role and the checks of its trust. */
export const MOST_CALLS = 18;

/** A day on which nothing is due anywhere: fan-out, scans and digest of an organization. */
export async function liveIdleDay(accounts: number, users: number): Promise<readonly [Stage, Stage, Stage]> {
  const world = createFleetWorld({ accounts: members(accounts), now: Date.UTC(2026, 0, 10, 6) });
  for (const { accountId } of members(accounts)) {
    const { iam } = world.organization.account(accountId);
    for (let at = 0; at < users; at++) iam.addUser({ userName: `user-${at}`, keys: [{ ageDays: 10 }] });
  }
  return [
    await stage(world, 'fan-out', () => scheduled(world, { scheduledAt: instant(world) })),
    await stage(world, 'scans', () => scanAll(world)),
    await stage(world, 'digest', () => scheduled(world, { digest: true, scheduledAt: instant(world) })),
  ];
}

/** Passes that the queue lets begin at once in an account where everybody is due: it hands out one message of each group. */
export async function passesAtOnce(users: number): Promise<number> {
  const [member] = members(1);
  const world = createFleetWorld({ accounts: members(1), now: Date.UTC(2026, 0, 10, 6) });
  const { iam } = world.organization.account(member?.accountId ?? '');
  for (let at = 0; at < users; at++) iam.addUser({ userName: `user-${at}`, keys: [{ ageDays: 100 }] });
  await scheduled(world, { scheduledAt: instant(world) });
  await scanAll(world);
  const messages = world.hub.sqs.messages(world.urls.rotation);
  if (messages.length !== users) throw new Error(`${messages.length} of ${users} users were enqueued.`);
  return new Set(messages.map(({ groupId }) => groupId)).size;
}

/** What is for the role in the member, and for whether it is as it should be. */
const ROLE_AND_TRUST = ['AssumeRole', 'GetRole', 'ListRoles'];

/** Throws where a scan makes more calls than it may. */
export async function fleetDay(): Promise<void> {
  const begun = process.cpuUsage();
  const stages = await liveIdleDay(ACCOUNTS, USERS);
  const { user, system } = process.cpuUsage(begun);
  console.log(`\n## A day of a fleet: ${ACCOUNTS} accounts of ${USERS} users, nothing due\n`);
  console.log("| | calls | for each account | waits for AWS's rates |\n|---|---|---|---|");
  for (const { name, calls, waitedSeconds } of stages) {
    const each = (calls.length / ACCOUNTS).toFixed(2);
    console.log(`| ${name} | ${calls.length} | ${each} | ${waitedSeconds.toFixed(0)} s |`);
  }
  const [, { calls: scans }] = stages;
  const each = scans.length / ACCOUNTS;
  const others = scans.filter(({ operation }) => !ROLE_AND_TRUST.includes(operation)).length / ACCOUNTS;
  const ratio = (5 + 2 * USERS) / each;
  console.log(
    `\nThe limit is ${MOST_CALLS} for each account of a fleet in one Region, of which ${(each - others).toFixed(2)} are for ` +
      `its role and the checks of its trust: ${others.toFixed(2)} without. A fleet of several Regions lists the secrets of ` +
      `each account in every other one too, a call more for each: ${(each + 1).toFixed(2)} with one other Region. A loop ` +
      `that reads users one by one makes 5 + 2 × users, ${ratio.toFixed(0)} times as many. A minute of the fan-out is the ` +
      'one that SQS asks for after a purge; the scans are one after another here, and 20 concurrent ones by default. The memory of ' +
      `a scan is below. All of it took ${((user + system) / 1_000_000).toFixed(0)} s of CPU, of which the most is the embedded AWS.`,
  );
  console.log(`\nConcurrent passes in one account, with ${USERS} users due there: ${await passesAtOnce(USERS)}.`);
  console.log('\nBy operation, for each account:\n\n| call | count |\n|---|---|');
  const counts = Map.groupBy(scans, ({ service, operation }) => `${service}:${operation}`);
  for (const [name, calls] of [...counts]
    .filter(([, some]) => some.length > ACCOUNTS / 100)
    .toSorted(([, a], [, b]) => b.length - a.length)) {
    console.log(`| ${name} | ${Number((calls.length / ACCOUNTS).toFixed(2))} |`);
  }
  if (each > MOST_CALLS) throw new Error(`A scan makes ${each} calls for each account, and may make ${MOST_CALLS}.`);
}

function members(count: number) {
  return Array.from({ length: count }, (_, at) => ({
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
