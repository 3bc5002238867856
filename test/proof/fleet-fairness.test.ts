import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLocalAws, type LocalAws } from '../../local/aws/aws.ts';
import type { QueueMessage } from '../../local/aws/messaging/queue.ts';
import { createRuntime, directLine } from '../../local/host/runtime.ts';
import { enqueue } from '../../shared/aws/enqueue.ts';
import { parseWorkMessage, type WorkMessage } from '../../shared/core/events.ts';
import { SECOND } from '../../shared/core/time.ts';
import { printTable, seconds } from '../support/proof/report.ts';

// Messages as the scan of an account sends them, in the embedded queue, and passes of 6 to 14 seconds that start as Lambda's
// event source starts them: as many at once as it may, of each message group one.

const numRuns = Math.min(40, Number(process.env.KEYTURN_PROOF_RUNS ?? 40));
const seed = Number(process.env.KEYTURN_PROOF_SEED ?? 20260101);

/** Due users of each account; the first account is the big one, and its messages are sent first. */
interface Case {
  readonly big: number;
  readonly small: readonly number[];
  readonly accountConcurrency: number;
  readonly workerConcurrency: number;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    big: fc.integer({ min: 200, max: 600 }),
    small: fc.array(fc.integer({ min: 4, max: 13 }), { minLength: 60, maxLength: 100 }),
    accountConcurrency: fc.integer({ min: 1, max: 3 }),
    room: fc.integer({ min: 0, max: 20 }),
  })
  // So much that what one account may take is a tenth of what is left to the others.
  .map(({ room, ...rest }) => ({ ...rest, workerConcurrency: 11 * rest.accountConcurrency + room }));

const BIG = '100000000000';
const SHORTEST = 6;
const LONGEST = 14;

function messagesOf(accountId: string, users: number): WorkMessage[] {
  return Array.from({ length: users }, (_, at) => ({
    schemaVersion: 1 as const,
    accountId,
    userId: `AIDA${accountId}${String(at).padStart(5, '0')}`,
    userName: `user-${at}`,
    origin: 'schedule' as const,
    requestId: 'run',
  }));
}

/** The same for a user in each run, whoever else is in the queue. */
function secondsOf({ accountId, userId }: WorkMessage): number {
  const number = Number(accountId.slice(-3)) * 31 + Number(userId.slice(-5)) * 17;
  return SHORTEST + (number % (LONGEST - SHORTEST + 1));
}

interface Outcome {
  /** When the last message of a small account was worked off, in seconds. */
  readonly smallDone: number;
  /** Passes at once in one account, at most. */
  readonly atOnce: number;
}

/** @param accountConcurrency Undefined: a message group for each user, as without a fleet. */
async function work(
  accounts: ReadonlyMap<string, number>,
  workerConcurrency: number,
  accountConcurrency: number | undefined,
): Promise<Outcome> {
  const aws = createLocalAws({ now: Date.UTC(2026, 0, 1) });
  const { queueUrl } = aws.sqs.addFifoPair('keyturn-test', { visibilitySeconds: 1_800, maxReceiveCount: 4 });
  const line = directLine(aws.connect('scheduled-rotation'));
  const runtime = createRuntime({ aws, line, environment: {}, onLog: () => {} });
  for (const [accountId, users] of accounts) {
    const { failed } = await enqueue(runtime.aws, queueUrl, messagesOf(accountId, users), accountConcurrency);
    expect(failed).toEqual([]);
  }
  return workOff(aws, queueUrl, workerConcurrency);
}

interface Pass {
  readonly message: QueueMessage;
  readonly accountId: string;
  readonly endsAt: number;
}

function workOff(aws: LocalAws, queueUrl: string, workerConcurrency: number): Outcome {
  const begun = aws.clock.now();
  let running: Pass[] = [];
  let smallDone = 0;
  let atOnce = 0;
  for (;;) {
    while (running.length < workerConcurrency) {
      // One a batch: SQS gives several of a group to one receiver.
      const [message] = aws.sqs.take(queueUrl, 1);
      if (message === undefined) break;
      const work = parseWorkMessage(message.body);
      const { accountId } = work;
      running.push({ message, accountId, endsAt: aws.clock.now() + secondsOf(work) * SECOND });
      atOnce = Math.max(atOnce, running.filter((pass) => pass.accountId === accountId).length);
    }
    if (running.length === 0) return { smallDone: (smallDone - begun) / SECOND, atOnce };
    const now = Math.min(...running.map(({ endsAt }) => endsAt));
    aws.clock.set(now);
    for (const { message, accountId, endsAt } of running) {
      if (endsAt > now) continue;
      aws.sqs.drop(queueUrl, message.receiptHandle ?? '');
      if (accountId !== BIG) smallDone = now;
    }
    running = running.filter(({ endsAt }) => endsAt > now);
  }
}

it('keeps an account to its passes at once, and the others go on as if it were not there', async () => {
  const begun = performance.now();
  let slowest = 0;
  let byUser = 0;
  await fc.assert(
    fc.asyncProperty(cases, async ({ big, small, accountConcurrency, workerConcurrency }) => {
      const others = small.map((users, at): [string, number] => [`2${String(at).padStart(11, '0')}`, users]);
      const all = new Map([[BIG, big], ...others]);
      const together = await work(all, workerConcurrency, accountConcurrency);
      const alone = await work(new Map(others), workerConcurrency, accountConcurrency);
      expect(together.atOnce).toBeLessThanOrEqual(accountConcurrency);
      // A pass that has begun is not ended for anybody.
      expect(together.smallDone).toBeLessThanOrEqual(1.1 * alone.smallDone + LONGEST);
      slowest = Math.max(slowest, together.smallDone / alone.smallDone);
      // With a group for each user the big account would take all there is, or this could not fail.
      const unfair = await work(all, workerConcurrency, undefined);
      expect(unfair.atOnce).toBe(workerConcurrency);
      byUser = Math.max(byUser, unfair.smallDone / alone.smallDone);
    }),
    { numRuns, seed },
  );
  printTable(`Fairness, seed ${seed}`, [
    ['organizations', numRuns],
    ['small accounts, times as long as alone, at most', Math.round(slowest * 100) / 100],
    ['the same with a group for each user', Math.round(byUser * 100) / 100],
    ['seconds', seconds(begun)],
  ]);
});
