import { DeleteMessageCommand, PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { isFailure } from '../core/errors.ts';
import { parseTicket, runIdOf } from '../core/fleet/messages.ts';
import { formatDate, type Instant, SECOND } from '../core/time.ts';
import type { Aws } from './clients.ts';
import { discard, hideFor, type Received, receive } from './dequeue.ts';
import { queueClient, sendAll } from './enqueue.ts';

/*
 * The fleet's new rotations of a day, as messages: whoever deletes one may begin one. So no two workers share one, and
 * nobody keeps a count. A crash loses a ticket, and never makes one.
 */

/** What is left of another day is nobody's. It takes SQS up to a minute, in which new tickets could go with the old. */
export async function clearTickets(aws: Aws, queueUrl: string): Promise<void> {
  try {
    await queueClient(aws).send(new PurgeQueueCommand({ QueueUrl: queueUrl }));
  } catch (error) {
    // A run that was repeated: it is under way.
    if (!isFailure(error, 'PurgeQueueInProgress') && !isFailure(error, 'AWS.SimpleQueueService.PurgeQueueInProgress'))
      throw error;
  }
}

/** How long SQS may take to clear a queue. */
export const CLEARING_SECONDS = 60;
/** For how long SQS takes no message with the ID of an earlier one, even if that is gone: five minutes, and some to spare. */
export const REMEMBERED_SECONDS = 330;

/** Puts as many as there are for that day; returns how many SQS did not take. Put twice within minutes they are there once. */
export async function putTickets(
  aws: Aws,
  queueUrl: string,
  { scheduledAt, count }: { scheduledAt: Instant; count: number },
): Promise<number> {
  const date = formatDate(scheduledAt);
  const entries = Array.from({ length: count }, (_, n) => ({
    MessageBody: JSON.stringify({ date, n }),
    // Each in a group of its own: tickets of one group would be handed out one after the other.
    MessageGroupId: String(n),
    MessageDeduplicationId: `${runIdOf(scheduledAt)}/${n}`,
  }));
  return (await sendAll(aws, queueUrl, entries)).length;
}

/** A worker that dies with tickets in hand keeps them from the others no longer than this. */
const HELD_SECONDS = 30;
const WAIT_SECONDS = 2;
/** Rounds in which there were only tickets of other days, or none was taken in time. */
const MOST_ROUNDS = 5;

/**
 * True: one ticket of today is gone, and is the caller's. Throws where SQS does not say that it is gone. One that was held
 * for longer than it was hidden is lost: another may have received it since, and SQS says of a message that is gone already
 * that it is gone.
 */
export async function takeTicket(aws: Aws, queueUrl: string, clock: () => Instant): Promise<boolean> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const askedAt = clock();
    const today = formatDate(askedAt);
    const received = await receive(aws, queueUrl, { visibilitySeconds: HELD_SECONDS, waitSeconds: WAIT_SECONDS });
    const [ticket, ...surplus] = received.filter((each) => isOf(each, today));
    const stale = received.filter((each) => !isOf(each, today));
    if (stale.length > 0) await discard(aws, queueUrl, stale);
    if (ticket === undefined && stale.length > 0) continue;
    if (surplus.length > 0) await hideFor(aws, queueUrl, surplus, 0);
    if (ticket === undefined) return false;
    await queueClient(aws).send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: ticket.receiptHandle }));
    if (clock() - askedAt < HELD_SECONDS * SECOND) return true;
  }
  return false;
}

/** What cannot be read is no ticket. */
function isOf({ body }: Received, today: string): boolean {
  try {
    return parseTicket(body).date === today;
  } catch {
    return false;
  }
}
