import { createHash } from 'node:crypto';

export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string;
  readonly sentAt: number;
  readonly messageAttributes: Readonly<Record<string, unknown>>;
  visibleAt: number;
  receiveCount: number;
  firstReceivedAt: number | undefined;
  receiptHandle: string | undefined;
}

export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly isFifo: boolean;
  readonly createdAt: number;
  readonly attributes: Record<string, string>;
  readonly tags: Record<string, string>;
  messages: QueueMessage[];
  /** Deduplication ID to the message that was accepted with it. */
  readonly accepted: Map<string, { at: number; messageId: string; sequenceNumber: string }>;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html */
const deduplicationMs = 5 * 60_000;

export interface NewMessage {
  readonly body: string;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly delaySeconds: number;
  readonly messageAttributes: Readonly<Record<string, unknown>>;
}

export function md5(value: string): string {
  return createHash('md5').update(value).digest('hex');
}

/** Enqueues, unless a message with the same deduplication ID was accepted in the last five minutes. */
export function enqueue(
  queue: Queue,
  message: NewMessage,
  now: number,
  id: { messageId: string; sequenceNumber: string },
): { messageId: string; sequenceNumber: string } {
  const { deduplicationId } = message;
  if (deduplicationId !== undefined) {
    // The interval counts even after the first message was received and deleted.
    const earlier = queue.accepted.get(deduplicationId);
    if (earlier !== undefined && now - earlier.at < deduplicationMs) return earlier;
    queue.accepted.set(deduplicationId, { at: now, ...id });
  }
  queue.messages.push({
    ...id,
    body: message.body,
    groupId: message.groupId,
    deduplicationId,
    sentAt: now,
    messageAttributes: message.messageAttributes,
    visibleAt: now + message.delaySeconds * 1000,
    receiveCount: 0,
    firstReceivedAt: undefined,
    receiptHandle: undefined,
  });
  return id;
}

/**
 * Hands out up to `max` visible messages and hides them. In a FIFO queue a group gives nothing while one of its
 * messages is in flight; a message that was received too often goes to the dead-letter queue instead.
 */
export function receive(
  queue: Queue,
  max: number,
  visibilityMs: number,
  now: number,
  redrive: { readonly target: Queue; readonly maxReceiveCount: number } | undefined,
): QueueMessage[] {
  const hidden = queue.messages.filter((message) => message.visibleAt > now);
  const blocked = new Set(queue.isFifo ? hidden.map((message) => message.groupId) : []);
  const received: QueueMessage[] = [];
  const moved = new Set<QueueMessage>();
  for (const message of queue.messages) {
    if (received.length === max) break;
    if (message.visibleAt > now || blocked.has(message.groupId)) continue;
    if (redrive !== undefined && message.receiveCount >= redrive.maxReceiveCount) {
      moved.add(message);
      redrive.target.messages.push({ ...message, visibleAt: now, receiveCount: 0, receiptHandle: undefined });
      continue;
    }
    message.receiveCount++;
    message.firstReceivedAt ??= now;
    message.visibleAt = now + visibilityMs;
    message.receiptHandle = Buffer.from(`${message.messageId} ${message.receiveCount}`).toString('base64');
    received.push(message);
  }
  if (moved.size > 0) queue.messages = queue.messages.filter((message) => !moved.has(message));
  return received;
}

/** The message that a receipt handle was given out for. `gone` was deleted before; `expired` was received again since. */
export function byReceipt(
  queue: Queue,
  receiptHandle: string,
  now: number,
): { kind: 'found'; message: QueueMessage } | { kind: 'gone' | 'expired' | 'invalid' } {
  const [messageId, count] = Buffer.from(receiptHandle, 'base64').toString().split(' ');
  if (messageId === undefined || count === undefined) return { kind: 'invalid' };
  const message = queue.messages.find((candidate) => candidate.messageId === messageId);
  if (message === undefined) return { kind: 'gone' };
  if (message.receiptHandle !== receiptHandle || message.visibleAt <= now) return { kind: 'expired' };
  return { kind: 'found', message };
}

/** The system attributes of a received message, as SQS and the Lambda event show them. */
export function systemAttributes(message: QueueMessage, senderId: string): Record<string, string> {
  const fifo: Record<string, string> = {};
  if (message.groupId !== undefined) {
    fifo.MessageGroupId = message.groupId;
    fifo.SequenceNumber = message.sequenceNumber;
  }
  if (message.deduplicationId !== undefined) fifo.MessageDeduplicationId = message.deduplicationId;
  return {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAt),
    SenderId: senderId,
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt ?? message.sentAt),
    ...fifo,
  };
}
