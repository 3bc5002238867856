// A fleet in which something is delivered twice: at each call of the invocation that has it a second one comes and goes, at
// once or after the first has stood still for a minute. The event of a run or of its digest, a message about an account or a
// user, and the last ticket of a day, which is received by two workers.

import { afterAll, expect, it } from 'vitest';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../local/aws/clock.ts';
import { bodies, lambda, scanAll, scheduled } from '../support/fleet-world.ts';
import {
  alwaysWrong,
  createProofFleet,
  DUE,
  digests,
  endOf,
  issued,
  liveDay,
  messagesAbout,
  otherThanExpected,
  type ProofFleet,
  scanAndWork,
  TICKETS,
  type Told,
} from '../support/proof/fleet-days.ts';
import { printTable, seconds } from '../support/proof/report.ts';
import { sqsEvent } from '../support/world.ts';

interface Case {
  readonly name: string;
  readonly of: 'run' | 'account' | 'user' | 'ticket' | 'digest';
}

const cases: readonly Case[] = [
  { name: 'the event of a run', of: 'run' },
  { name: 'a message about an account', of: 'account' },
  { name: 'a message about a user', of: 'user' },
  { name: 'the last ticket, asked for by two', of: 'ticket' },
  { name: 'the event of a digest', of: 'digest' },
];

type FunctionName = 'scheduled-rotation' | 'rotation-worker';
type Invoke = (before?: BeforeCall) => Promise<unknown>;

function invocation({ world }: ProofFleet, name: FunctionName, event: unknown): Invoke {
  const create = name === 'rotation-worker' ? createRotationWorker : createScheduledRotation;
  return (before) => lambda(world, name, create(world.runtime(name, before)))(event);
}

/** When the second comes. */
interface Moment {
  /** At which call of the first. */
  readonly n: number;
  readonly standsStillFor: number;
}

/** How often one of the two failed does not matter: its event or its message comes again. */
const invoked = (invoke: Invoke, before?: BeforeCall): Promise<unknown> => invoke(before).catch(() => undefined);

/** How many calls the first made. */
async function both({ world }: ProofFleet, first: Invoke, second: Invoke, moment: Moment): Promise<number> {
  let calls = 0;
  await invoked(first, async () => {
    if (++calls !== moment.n) return undefined;
    world.hub.clock.advance(moment.standsStillFor);
    await invoked(second);
    return undefined;
  });
  return calls;
}

/** The day on which it happens. A message is still in its queue then, and so comes as a third. */
async function dayOfTwo(fleet: ProofFleet, { of }: Case, moment: Moment): Promise<number> {
  const { world } = fleet;
  const { clock } = world.hub;
  const begunAt = clock.now();
  let calls = 0;
  const twice = async (name: FunctionName, event?: unknown, second = event): Promise<void> => {
    calls = await both(fleet, invocation(fleet, name, event), invocation(fleet, name, second), moment);
  };
  const run = { scheduledAt: new Date(begunAt).toISOString() };
  await (of === 'run' ? twice('scheduled-rotation', run) : scheduled(world, run));
  if (of === 'account') await twice('scheduled-rotation', sqsEvent({ ...bodies(world, 'accounts')[0] }));
  await scanAll(world);
  const events = bodies(world, 'rotation').map((body) => sqsEvent(body));
  if (of === 'user') await twice('rotation-worker', events[0]);
  if (of === 'ticket') {
    for (const event of events.slice(0, TICKETS - 1)) await invocation(fleet, 'rotation-worker', event)();
    expect(bodies(world, 'tickets')).toHaveLength(1);
    await twice('rotation-worker', ...events.slice(TICKETS - 1));
  }
  await scanAndWork(fleet);
  clock.advance(Math.max(0, begunAt + 4 * HOUR - clock.now()));
  const digest = { digest: true, scheduledAt: new Date(clock.now()).toISOString() };
  await (of === 'digest' ? twice('scheduled-rotation', digest) : scheduled(world, digest));
  clock.advance(begunAt + DAY - clock.now());
  return calls;
}

const MOST_DAYS = 4;

/** Each run has a digest that is whole, and none calls anybody silent who is not. */
function toldWrong({ world }: ProofFleet, { of }: Case, days: number): string[] {
  const all = digests(world);
  const isWhole = ({ accounts, usersScanned }: Told): boolean => accounts.answered === 3 && usersScanned === 7;
  // Who comes once all has been told says that there is nothing more, and that this is odd.
  const saysSo = ({ message }: Told): boolean =>
    of === 'digest' && message.includes('record of the fan-out is missing');
  // Of two who make the key at once the second is refused by IAM's quota, which is told.
  const mayTell = (kind: string): boolean => of === 'user' && kind === 'blocked';
  const whole = new Set(all.filter(isWhole).map(({ runId }) => runId)).size;
  return [
    ...all.filter((each) => !isWhole(each) && !saysSo(each)).map(({ message }) => `a digest says: ${message}`),
    ...(whole === days ? [] : [`${whole} runs of ${days} have a digest that is whole`]),
    ...all
      .flatMap(({ attention }) => attention.filter(({ kind }) => !mayTell(kind)))
      .map((each) => `a digest says: ${JSON.stringify(each)}`),
  ];
}

async function live(each: Case, moment: Moment): Promise<{ calls: number; problems: string[] }> {
  const fleet = createProofFleet();
  const { world } = fleet;
  const calls = await dayOfTwo(fleet, each, moment);
  const problems: string[] = [];
  const check = (isSo: boolean, what: string): void => void (isSo || problems.push(what));
  const begun = [issued(world)];
  for (let days = 1; days < MOST_DAYS && otherThanExpected(endOf(world)).length > 0; days++) {
    begun.push((await liveDay(fleet)).begun);
  }
  problems.push(...alwaysWrong(fleet), ...otherThanExpected(endOf(world)));
  check(issued(world) === DUE, `${issued(world)} keys were made for ${DUE} users`);
  for (const count of begun) check(count <= TICKETS, `${count} rotations began in a day of ${TICKETS}`);
  for (const [user, { messages, runs }] of messagesAbout(fleet)) {
    check(messages <= runs, `${messages} messages about ${user} in ${runs} runs`);
  }
  problems.push(...toldWrong(fleet, each, begun.length));
  return { calls, problems };
}

const rows: (string | number)[][] = [];
afterAll(() => printTable('A fleet in which something comes twice', [['what', 'calls', 'runs', 'seconds'], ...rows]));

it.each(cases)('$name: counts once, the limit of the day holds, and everybody is rotated', async (each) => {
  const began = performance.now();
  const found: string[] = [];
  let [most, runs] = [0, 0];
  // Two passes over one user have a proof of their own.
  for (const standsStillFor of each.of === 'user' ? [0] : [0, MINUTE]) {
    for (let n = 1; ; n++) {
      const { calls, problems } = await live(each, { n, standsStillFor });
      if (calls < n) break;
      most = Math.max(most, calls);
      runs++;
      const where = `at call ${n}, after ${standsStillFor / SECOND} s`;
      found.push(...problems.map((problem) => `${where}: ${problem}`));
    }
  }
  rows.push([each.name, most, runs, seconds(began)]);
  expect(found.slice(0, 40), `${found.length} problems`).toEqual([]);
});
