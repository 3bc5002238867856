// Two passes of a fleet's queue over one user of a member at once, as when limits.accountConcurrency changes over a backlog:
// what excludes one of them is the lease, not the message group. The checker sees at each write whose the lease is.

import { afterAll, expect, it } from 'vitest';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { seeded } from '../../local/aws/random.ts';
import { type Checker, createChecker } from '../../local/checker/checker.ts';
import { keysOf, lookAt } from '../../local/checker/look.ts';
import { bodies, lambda, scanAll, scheduled } from '../support/fleet-world.ts';
import { MEMBERS } from '../support/organization.ts';
import { alwaysWrong, createProofFleet, endOf, issued, liveDay, type ProofFleet } from '../support/proof/fleet-days.ts';
import { type Actor, atRandom, inTurns, interleave, type Schedule } from '../support/proof/interleave.ts';
import { printTable, seconds } from '../support/proof/report.ts';
import { limits } from '../support/proof/stage.ts';
import { sqsEvent } from '../support/world.ts';

const seed = Number(process.env.KEYTURN_PROOF_SEED ?? 20260101);
/** Random schedules of each situation. */
const most = Number(process.env.KEYTURN_PROOF_SCHEDULES ?? 60) / 12;
/** 1: the second begins at each step of the first. */
const stride = Number(process.env.KEYTURN_PROOF_STRIDE ?? 5);

const [, , lab = { accountId: '' }] = MEMBERS;
const ALICE = `${lab.accountId}/alice`;
const environment = {
  KEYTURN_GRACE_DAYS: String(limits.graceDays),
  KEYTURN_QUIET_DAYS: String(limits.quietDays),
  KEYTURN_MAX_POSTPONE_DAYS: String(limits.maxPostponeDays),
  KEYTURN_RECOVERY_DAYS: String(limits.recoveryDays),
};

interface Watched {
  readonly fleet: ProofFleet;
  readonly checker: Checker;
}

/** Every process of the hub is an invocation of its own to the checker of the member. */
function watched(): Watched {
  const fleet = createProofFleet({ accounts: [lab], environment });
  const { world } = fleet;
  const checker = createChecker(world.organization.account(lab.accountId), { limits, post: world.hub });
  const { runtime } = world;
  Object.assign(world, {
    runtime: (...[name, before, caller = name]: Parameters<typeof runtime>) => {
      checker.begin({ caller });
      return runtime(name, before, caller);
    },
  });
  return { fleet, checker };
}

/** What the keys of a user come to, one after the other; the issue takes a ticket, and each pass may take one. */
const situations = [
  { name: 'issue', end: 'Active, stored Active', tickets: 2 },
  { name: 'deactivation', end: 'Inactive, stored Active', tickets: 0 },
  { name: 'deletion', end: 'stored Active', tickets: 0 },
];

const end = ({ world }: ProofFleet): string | undefined => endOf(world, [lab.accountId])[ALICE];

/** How many days an undisturbed fleet takes until the day on which it comes to that end. */
async function daysUntil(wanted: string): Promise<number> {
  const { fleet } = watched();
  for (let days = 0; days < 20; days++) {
    await liveDay(fleet);
    if (end(fleet) === wanted) return days;
  }
  throw new Error(`It does not come to ${wanted}.`);
}

/** Each finds the user free, and each writes its intent: it is for the read-back to tell whose it is. */
const bothHaveRead = [1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 1, 5, 2, 2, 4, 4, 1, 3, 6];

let callers = 0;

function worker({ world }: ProofFleet, event: object): Actor {
  return ({ before, sleep }) => {
    const runtime = { ...world.runtime('rotation-worker', before, `worker-${++callers}`), sleep };
    return lambda(world, 'rotation-worker', createRotationWorker(runtime))(event);
  };
}

interface Fought {
  readonly steps: readonly number[];
  readonly problems: readonly string[];
}

async function fight(days: number, schedule: Schedule, tickets: number): Promise<Fought> {
  const { fleet, checker } = watched();
  for (let day = 0; day < days; day++) await liveDay(fleet);
  const { world } = fleet;
  const { hub, organization } = world;
  await scheduled(world, { scheduledAt: new Date(hub.clock.now()).toISOString() });
  await scanAll(world);
  const event = sqsEvent(bodies(world, 'rotation').find(({ userName }) => userName === 'alice') ?? {});
  const left = bodies(world, 'tickets').length;
  const made = issued(world);
  const problems = new Set<string>();
  const member = organization.account(lab.accountId);
  const alice = member.iam.users().find(({ userName }) => userName === 'alice');
  const stop = organization.onCall(() => {
    const keys = keysOf(lookAt(member, alice?.userId ?? ''));
    if (!keys.some(({ status }) => status === 'Active')) problems.add('nobody can sign in as alice');
  });
  const steps = await interleave(hub, [worker(fleet, event), worker(fleet, event)], schedule);
  if (issued(world) > made + 1) problems.add('two keys were made');
  if (left - bodies(world, 'tickets').length > tickets) problems.add('too many tickets were taken');
  // The message itself is still there, and comes as a third.
  for (let day = 0; day < 16 && (day === 0 || end(fleet) !== 'stored Active'); day++) await liveDay(fleet);
  stop();
  if (end(fleet) !== 'stored Active') problems.add(`ends with ${end(fleet)}`);
  for (const { rule, what, where } of checker.violations) problems.add(`${rule}: ${what} (${where})`);
  for (const problem of alwaysWrong(fleet)) problems.add(problem);
  return { steps, problems: [...problems] };
}

const rows: (string | number)[][] = [];
afterAll(() => {
  printTable(`Two passes of a fleet's queue at once, random schedules from seed ${seed}`, [
    ['situation', 'steps', 'second begins at', 'random', 'seconds'],
    ...rows,
  ]);
});

it.each(situations)(
  '$name: one of them writes at a time, and the rotation ends',
  async ({ name, end: wanted, tickets }) => {
    const begun = performance.now();
    const days = await daysUntil(wanted);
    const found: string[] = [];
    const attempt = async (how: string, schedule: Schedule): Promise<readonly number[]> => {
      const { steps, problems } = await fight(days, schedule, tickets);
      found.push(...problems.map((problem) => `${how}: ${problem}`));
      return steps;
    };
    const [first = 0, second = 0] = await attempt('one after the other', inTurns());
    let switches = 0;
    for (let at = 1; at < first; at += stride, switches++) await attempt(`switched at ${at}`, inTurns(at, 1_000));
    await attempt('both have read when either writes its intent', inTurns(...bothHaveRead));
    const random = seeded(seed);
    for (let n = 0; n < most; n++) await attempt(`random schedule ${n}`, atRandom(random));
    rows.push([name, `${first} and ${second}`, switches, most, seconds(begun)]);
    expect(found.slice(0, 20), `${found.length} problems`).toEqual([]);
  },
);
