// A fleet whose fan-out, account scan, pass (with its ticket) or digest dies before or after any of its calls, or has one of
// them fail or answered by what was true before, and then is repeated as Lambda and the queues repeat it.

import { afterAll, expect, it } from 'vitest';
import type { BeforeCall, Call } from '../../local/aws/aws.ts';
import { HOUR } from '../../local/aws/clock.ts';
import { sendAll } from '../../shared/aws/enqueue.ts';
import { scanAll, scheduled, workAll } from '../support/fleet-world.ts';
import { MEMBERS } from '../support/organization.ts';
import { type FaultKind, faultAt, faultKinds } from '../support/proof/faults.ts';
import {
  alwaysWrong,
  createProofFleet,
  type DayOf,
  type Disturbed,
  DUE,
  digests,
  endOf,
  issued,
  liveDay,
  messagesAbout,
  otherThanExpected,
  type ProofFleet,
  TICKETS,
} from '../support/proof/fleet-days.ts';
import { printTable, seconds } from '../support/proof/report.ts';

const { KEYTURN_PROOF_FAULTS: named } = process.env;
const kinds = faultKinds.filter(({ name }) => named === undefined || named.split('|').includes(name));

const rows: (string | number)[][] = [];
afterAll(() => {
  const sum = (i: number): number => rows.reduce((total, row) => total + Number(row[i]), 0);
  printTable('A fleet whose invocations die', [
    ['invocation', 'calls', 'runs', 'seconds'],
    ...rows,
    ['together', sum(1), sum(2), Math.round(sum(3))],
  ]);
});

interface Case {
  readonly name: string;
  readonly of: Disturbed;
  /** Scans and passes come before the fan-out is repeated. */
  readonly isSlow?: boolean;
}

const cases: readonly Case[] = [
  { name: 'fan-out', of: 'fan-out' },
  { name: 'fan-out, repeated after the scans and passes', of: 'fan-out', isSlow: true },
  { name: 'account scan', of: 'scan' },
  { name: 'pass that takes a ticket', of: 'pass' },
  { name: 'digest', of: 'digest' },
];

/** The disturbed day and the healthy ones after it. */
function problems(fleet: ProofFleet, { of, isSlow = false, kind }: Case & { kind: FaultKind }, days: readonly DayOf[]) {
  const { world } = fleet;
  const found = [...alwaysWrong(fleet), ...otherThanExpected(endOf(world))];
  const expect = (isSo: boolean, what: string): void => void (isSo || found.push(what));
  expect(issued(world) === DUE, `${issued(world)} keys were made for ${DUE} users`);
  for (const { taken, takenBefore, begun } of days) {
    expect(begun <= taken, `${begun} rotations began by ${taken} tickets`);
    expect(taken - takenBefore <= TICKETS, `${taken} tickets were taken, ${takenBefore} of them before`);
  }
  // Who dies with tickets in hand keeps them from all others for half a minute, so that fewer rotations begin that day.
  const least = of === 'pass' ? 0 : TICKETS;
  expect((days[0]?.begun ?? 0) >= least, `only ${days[0]?.begun} rotations began on the first day`);
  for (const [user, { messages, runs }] of messagesAbout(fleet)) {
    // A fan-out that died and its repetition both have the account scanned, and who waits for a ticket is due in either.
    expect(messages <= runs + (isSlow ? 1 : 0), `${messages} messages about ${user} in ${runs} runs`);
  }
  const runs = new Set(digests(world).map(({ runId }) => runId));
  const [first] = runs;
  for (const { runId, accounts, attention, usersScanned, message } of digests(world)) {
    expect(accounts.selected === 3 && accounts.answered === 3 && usersScanned === 7, `a digest says: ${message}`);
    // What a scan could not read, and went on without, is told of that account and that day.
    const mayTell = of === 'scan' && kind.tries > 1 && runId === first;
    const told = attention.filter(
      ({ kind: what, accounts: { length } }) => !(mayTell && what === 'errors' && length === 1),
    );
    expect(told.length === 0, `a digest says: ${JSON.stringify(told)}`);
  }
  expect(runs.size === days.length, `there are digests of ${runs.size} runs`);
  return found;
}

/** What was stored by a pass that died is taken back first, and the user is rotated on a later day. */
const MOST_DAYS = 4;

async function live(fleet: ProofFleet, each: Case, before: BeforeCall): Promise<DayOf[]> {
  const days = [await liveDay(fleet, { ...each, before })];
  do days.push(await liveDay(fleet));
  while (otherThanExpected(endOf(fleet.world)).length > 0 && days.length < MOST_DAYS);
  return days;
}

it.each(cases)('$name: nobody is lost, and nobody is counted or rotated twice', async (each) => {
  const begun = performance.now();
  const found: string[] = [];
  let [calls, runs] = [0, 0];
  for (const kind of kinds) {
    for (let n = 1; ; n++) {
      let reached: Call | undefined;
      const fault = faultAt(n, kind);
      const before: BeforeCall = async (call) => {
        if (call.n === n) reached = call;
        return fault(call);
      };
      const fleet = createProofFleet();
      const days = await live(fleet, each, before);
      if (reached === undefined) break;
      calls = Math.max(calls, n);
      runs++;
      const where = `${kind.name} at call ${n} (${reached.operation})`;
      found.push(...problems(fleet, { ...each, kind }, days).map((problem) => `${where}: ${problem}`));
    }
  }
  rows.push([each.name, calls, runs, seconds(begun)]);
  expect(found.slice(0, 40), `${found.length} problems`).toEqual([]);
});

/** As SQS may, and Lambda with an event: each message of a queue once more, as one of its own. */
async function deliverAgain({ world }: ProofFleet, queue: 'accounts' | 'results' | 'rotation'): Promise<number> {
  const url = world.urls[queue];
  const messages = world.hub.sqs.messages(url);
  const { aws } = world.runtime('scheduled-rotation');
  const copies = messages.map(({ body, groupId }, at) => ({
    MessageBody: body,
    ...(groupId === undefined ? {} : { MessageGroupId: groupId, MessageDeduplicationId: `again-${at}` }),
  }));
  expect(await sendAll(aws, url, copies)).toEqual([]);
  return copies.length;
}

it('everything that is delivered twice counts once: the event of a run, accounts, users, results, tickets', async () => {
  const fleet = createProofFleet();
  const { world } = fleet;
  const at = new Date(world.hub.clock.now()).toISOString();
  for (let times = 0; times < 2; times++) await scheduled(world, { scheduledAt: at });
  // Both runs put tickets, under the same names.
  expect(world.hub.sqs.messages(world.urls.tickets)).toHaveLength(TICKETS);
  await deliverAgain(fleet, 'accounts');
  await scanAll(world);
  expect(await deliverAgain(fleet, 'results')).toBeGreaterThan(MEMBERS.length);
  expect(await deliverAgain(fleet, 'rotation')).toBeGreaterThanOrEqual(DUE);
  await workAll(world);
  expect(issued(world)).toBe(TICKETS);
  world.hub.clock.advance(4 * HOUR);
  for (let times = 0; times < 2; times++) {
    await scheduled(world, { digest: true, scheduledAt: new Date(world.hub.clock.now()).toISOString() });
  }
  for (const { accounts, usersScanned, attention } of digests(world).slice(0, 1)) {
    expect([accounts.selected, accounts.answered, usersScanned, attention]).toEqual([3, 3, 7, []]);
  }
  for (let days = 0; days < MOST_DAYS && otherThanExpected(endOf(world)).length > 0; days++) await liveDay(fleet);
  expect([...alwaysWrong(fleet), ...otherThanExpected(endOf(world))]).toEqual([]);
  expect(issued(world)).toBe(DUE);
});
