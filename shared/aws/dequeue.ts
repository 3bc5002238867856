import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { SECOND } from '../core/time.ts';
import type { Aws } from './clients.ts';
import { countMessages, queueClient } from './enqueue.ts';
import { required } from './observe.ts';

/** A message that was received, and is still in the queue. */
export interface Received {
  body: string;
  receiptHandle: string;
}

/** A message as the queue delivers it to a function. */
export interface Delivery {
  body: string;
  receiptHandle: string;
  /** How often, this time included. */
  receiveCount: number;
}

export interface ReceiveOptions {
  /** For how long nobody else is to see them. */
  visibilitySeconds: number;
  waitSeconds?: number;
}

/** Up to ten; none if SQS shows none. */
export async function receive(
  aws: Aws,
  queueUrl: string,
  { visibilitySeconds, waitSeconds = 0 }: ReceiveOptions,
): Promise<Received[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: BATCH_SIZE,
    VisibilityTimeout: visibilitySeconds,
    WaitTimeSeconds: waitSeconds,
  });
  const { Messages = [] } = await queueClient(aws).send(command);
  return Messages.map(({ Body = '', ReceiptHandle }) => {
    return { body: Body, receiptHandle: required(ReceiptHandle, 'sqs:ReceiveMessage', 'ReceiptHandle') };
  });
}

const BATCH_SIZE = 10;

/** Throws for a failure of a call; a message that alone could not be deleted only comes back. */
export async function discard(aws: Aws, queueUrl: string, messages: readonly Received[]): Promise<void> {
  await inBatches(messages, async (batch) => {
    const Entries = batch.map(({ receiptHandle }, id) => ({ Id: String(id), ReceiptHandle: receiptHandle }));
    await queueClient(aws).send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  });
}

/** From now on: 0 shows them to everybody at once. */
export async function hideFor(
  aws: Aws,
  queueUrl: string,
  messages: readonly Received[],
  seconds: number,
): Promise<void> {
  await inBatches(messages, async (batch) => {
    const Entries = batch.map(({ receiptHandle }, id) => {
      return { Id: String(id), ReceiptHandle: receiptHandle, VisibilityTimeout: seconds };
    });
    await queueClient(aws).send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
  });
}

/** Batches that are under way at once: SQS's standard queues take thousands of calls a second. */
const AT_ONCE = 10;

async function inBatches(
  messages: readonly Received[],
  act: (batch: readonly Received[]) => Promise<void>,
): Promise<void> {
  const batches: (readonly Received[])[] = [];
  for (let start = 0; start < messages.length; start += BATCH_SIZE)
    batches.push(messages.slice(start, start + BATCH_SIZE));
  for (let start = 0; start < batches.length; start += AT_ONCE) {
    await Promise.all(batches.slice(start, start + AT_ONCE).map(act));
  }
}

/** How many messages somebody has received, and neither deleted nor given back, about. */
export function countInFlight(aws: Aws, queueUrl: string): Promise<number> {
  return countMessages(aws, queueUrl, 'ApproximateNumberOfMessagesNotVisible');
}

/** As the digest reads: nobody else sees the messages until it has told. */
const HIDDEN_SECONDS = 300;
const EXTEND_AFTER = 120 * SECOND;
const LONGEST_WAIT = 360 * SECOND;
const POLL = 10 * SECOND;

interface Drain {
  clock(): number;
  sleep(ms: number): Promise<void>;
  /** Whether those that were received are all that can be expected. */
  isEnough(received: readonly Received[]): boolean;
}

/**
 * Everything in the queue, and none of it deleted. If that is not enough while somebody else has messages (a reader
 * that died with them), it waits until they are visible again, for six minutes at most.
 */
export async function drain(aws: Aws, queueUrl: string, { clock, sleep, isEnough }: Drain): Promise<Received[]> {
  const received: Received[] = [];
  const beganAt = clock();
  let extendedAt = beganAt;
  for (;;) {
    const before = received.length;
    await receiveInParallel(aws, queueUrl, received);
    if (clock() - extendedAt > EXTEND_AFTER) {
      await hideFor(aws, queueUrl, received, HIDDEN_SECONDS);
      extendedAt = clock();
    }
    if (received.length > before) continue;
    if (isEnough(received) || clock() - beganAt >= LONGEST_WAIT) return received;
    if ((await countInFlight(aws, queueUrl)) <= received.length) return received;
    await sleep(POLL);
  }
}

/** Until one round shows nothing; more receivers once there is more than a handful. */
async function receiveInParallel(aws: Aws, queueUrl: string, received: Received[]): Promise<void> {
  const options = { visibilitySeconds: HIDDEN_SECONDS, waitSeconds: 1 };
  for (let receivers = 1; ; receivers = AT_ONCE) {
    const rounds = await Promise.all(Array.from({ length: receivers }, () => receive(aws, queueUrl, options)));
    const found = rounds.flat();
    received.push(...found);
    if (found.length === 0) return;
  }
}
