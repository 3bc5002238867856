import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { messageOf } from '../core/errors.ts';
import type { WorkMessage } from '../core/events.ts';
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
 */
export async function enqueue(aws: Aws, queueUrl: string, messages: readonly WorkMessage[]): Promise<Enqueued> {
  const failed: Unsent[] = [];
  for (let start = 0; start < messages.length; start += BATCH_SIZE) {
    const batch = messages.slice(start, start + BATCH_SIZE);
    const refused = await send(aws, queueUrl, batch);
    const again = refused.length === 0 ? [] : await send(aws, queueUrl, [...refused.map(({ message }) => message)]);
    failed.push(...again.map(({ message: { userName }, reason }) => ({ userName, reason })));
  }
  return { sent: messages.length - failed.length, failed };
}

/** How many messages the worker gave up on, about. */
export async function countMessages(aws: Aws, queueUrl: string): Promise<number> {
  const name = 'ApproximateNumberOfMessages';
  const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [name] });
  const { Attributes } = await queueClient(aws).send(command);
  return Number(required(Attributes?.[name], 'sqs:GetQueueAttributes', name));
}

interface Refused {
  message: WorkMessage;
  reason: string;
}

/** Made here, so that only functions that send carry the client. The endpoint decides, not the host in the queue's URL. */
export function queueClient(aws: Aws): SQSClient {
  return aws.clientOf((options) => new SQSClient({ ...options, useQueueUrlAsEndpoint: false }));
}

async function send(aws: Aws, queueUrl: string, batch: readonly WorkMessage[]): Promise<Refused[]> {
  try {
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: batch.map(entryOf) });
    const { Failed = [] } = await queueClient(aws).send(command);
    // A batch that succeeds may hold entries that failed.
    return Failed.flatMap(({ Id, Code, Message }) => {
      const message = batch[Number(Id)];
      return message === undefined ? [] : [{ message, reason: `Cannot call sqs:SendMessage: ${Code}: ${Message}` }];
    });
  } catch (error) {
    return batch.map((message) => ({ message, reason: messageOf(error) }));
  }
}

/** SQS's limit for both IDs. */
const ID_MAX = 128;

/** Neither the user's other messages nor another key of theirs keeps an exposed key waiting. */
function entryOf(message: WorkMessage, index: number): SendMessageBatchRequestEntry {
  const { origin, requestId, userId, accessKeyId = '' } = message;
  const isExposed = origin === 'exposed';
  const deduplicationId = `${origin}/${requestId}/${userId}${isExposed ? `/${accessKeyId}` : ''}`;
  return {
    Id: String(index),
    MessageBody: JSON.stringify(message),
    MessageGroupId: (isExposed ? `exposed/${accessKeyId}` : userId).slice(-ID_MAX),
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
  const VisibilityTimeout = COMES_BACK_AFTER[Math.min(receiveCount, MOST_RECEIVES) - 1] ?? COMES_BACK_AFTER[0];
  const command = { QueueUrl: queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout };
  await queueClient(aws).send(new ChangeMessageVisibilityCommand(command));
}
