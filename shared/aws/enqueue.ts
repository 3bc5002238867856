import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { messageOf } from '../core/errors.ts';
import type { WorkMessage } from '../core/events.ts';
import { hashOf } from '../core/runs.ts';
import type { Aws } from './clients.ts';
import { required } from './observe.ts';

export interface Unsent {
  userName: string;
  reason: string;
}

export interface Enqueued {
  sent: number;
  failed: readonly Unsent[];
}

/** SQS's limit for one call. */
const BATCH_SIZE = 10;

/**
 * Sends one message for each user, in order, each in the message group of its UserId, so that the passes over one user
 * follow each other. What SQS refuses is tried once more, then reported; one batch that fails does not stop the others.
 *
 * @param accountConcurrency In a fleet: how many groups each account has, and so how many passes at once.
 */
export async function enqueue(
  aws: Aws,
  queueUrl: string,
  messages: readonly WorkMessage[],
  accountConcurrency?: number,
): Promise<Enqueued> {
  const entries = messages.map((message) => entryOf(message, accountConcurrency));
  const unsent = await sendAll(aws, queueUrl, entries);
  const failed = unsent.flatMap(({ index, reason }): Unsent[] => {
    const message = messages[index];
    return message === undefined ? [] : [{ userName: message.userName, reason }];
  });
  return { sent: messages.length - failed.length, failed };
}

export type Entry = Omit<SendMessageBatchRequestEntry, 'Id'>;

/** An entry that SQS did not take, by its place among those given. */
export interface Refused {
  index: number;
  reason: string;
}

/** Ten at a time and in order; what is refused is tried once more. Returns what SQS did not take then; never throws. */
export async function sendAll(aws: Aws, queueUrl: string, entries: readonly Entry[]): Promise<Refused[]> {
  const failed: Refused[] = [];
  for (let start = 0; start < entries.length; start += BATCH_SIZE) {
    const batch = entries.slice(start, start + BATCH_SIZE).map((entry, at) => ({ entry, index: start + at }));
    const refused = await send(aws, queueUrl, batch);
    const again = batch.filter(({ index }) => refused.some((each) => each.index === index));
    if (again.length > 0) failed.push(...(await send(aws, queueUrl, again)));
  }
  return failed;
}

/** How many messages are in a queue, or are with somebody, about. */
export async function countMessages(
  aws: Aws,
  queueUrl: string,
  name: 'ApproximateNumberOfMessages' | 'ApproximateNumberOfMessagesNotVisible' = 'ApproximateNumberOfMessages',
): Promise<number> {
  const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [name] });
  const { Attributes } = await queueClient(aws).send(command);
  return Number(required(Attributes?.[name], 'sqs:GetQueueAttributes', name));
}

/** Made here, so that only functions that send carry the client. The endpoint decides, not the host in the queue's URL. */
export function queueClient(aws: Aws): SQSClient {
  return aws.homeClientOf((options) => new SQSClient({ ...options, useQueueUrlAsEndpoint: false }));
}

async function send(aws: Aws, queueUrl: string, batch: readonly { entry: Entry; index: number }[]): Promise<Refused[]> {
  try {
    const Entries = batch.map(({ entry }, id) => ({ ...entry, Id: String(id) }));
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries });
    const { Failed = [] } = await queueClient(aws).send(command);
    // A batch that succeeds may hold entries that failed.
    return batch.flatMap(({ index }, id) =>
      Failed.filter(({ Id }) => Id === String(id)).map(({ Code, Message }) => {
        return { index, reason: `Cannot call sqs:SendMessage: ${Code}: ${Message}` };
      }),
    );
  } catch (error) {
    return batch.map(({ index }) => ({ index, reason: messageOf(error) }));
  }
}

/** SQS's limit for both IDs. */
const ID_MAX = 128;

/** Neither the user's other messages nor another key of theirs keeps an exposed key waiting. */
function entryOf(message: WorkMessage, accountConcurrency: number | undefined): Entry {
  const { origin, requestId, accountId, userId, accessKeyId = '' } = message;
  const group = accountConcurrency === undefined ? userId : `${accountId}/${hashOf(userId) % accountConcurrency}`;
  const isExposed = origin === 'exposed';
  const deduplicationId = `${origin}/${requestId}/${userId}${isExposed ? `/${accessKeyId}` : ''}`;
  return {
    MessageBody: JSON.stringify(message),
    MessageGroupId: (isExposed ? `exposed/${accessKeyId}` : group).slice(-ID_MAX),
    MessageDeduplicationId: deduplicationId.slice(-ID_MAX),
  };
}

/** After how many seconds a message about an exposed key is visible again, once it has failed so often. */
const COMES_BACK_AFTER = [30, 120, 600, 1_800] as const;
/** The queue gives up after so many. */
export const MOST_RECEIVES = COMES_BACK_AFTER.length;

/** Sooner than the queue's own timeout: every minute of an exposed key counts. */
export async function comeBackSoon(
  aws: Aws,
  queueUrl: string,
  { receiptHandle, receiveCount }: { receiptHandle: string; receiveCount: number },
): Promise<void> {
  const seconds = COMES_BACK_AFTER[Math.min(receiveCount, MOST_RECEIVES) - 1] ?? COMES_BACK_AFTER[0];
  await showAgainIn(aws, queueUrl, receiptHandle, seconds);
}

/** When a message that was received is visible to others again, from now on. */
export async function showAgainIn(aws: Aws, queueUrl: string, receiptHandle: string, seconds: number): Promise<void> {
  const command = { QueueUrl: queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout: seconds };
  await queueClient(aws).send(new ChangeMessageVisibilityCommand(command));
}
