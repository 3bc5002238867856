import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { LocalAws } from '../aws/aws.ts';
import { isRecord } from '../aws/input.ts';
import { md5, type QueueMessage, systemAttributes } from '../aws/messaging/queue.ts';

// The event source mapping of Lambda: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html

export interface EventSource {
  readonly queueUrl: string;
  readonly handler: (event: SQSEvent) => Promise<unknown>;
  /** Messages an invocation gets at most; 1. */
  readonly batchSize?: number;
  /** Invocations that run at once at most; 1. */
  readonly concurrency?: number;
}

export interface Delivery {
  readonly received: number;
  readonly deleted: number;
  /** Left in the queue; visible again after the visibility timeout. */
  readonly failed: number;
  /** What the handler threw, which fails its whole batch. */
  readonly errors: readonly unknown[];
}

const nothing: Delivery = { received: 0, deleted: 0, failed: 0, errors: [] };

function add(a: Delivery, b: Delivery): Delivery {
  return {
    received: a.received + b.received,
    deleted: a.deleted + b.deleted,
    failed: a.failed + b.failed,
    errors: [...a.errors, ...b.errors],
  };
}

function recordOf(aws: LocalAws, queueUrl: string, message: QueueMessage): SQSRecord {
  const { ApproximateReceiveCount = '1', SentTimestamp = '', ...rest } = systemAttributes(message, aws.sqs.senderId);
  const { SenderId = '', ApproximateFirstReceiveTimestamp = '', ...fifo } = rest;
  return {
    messageId: message.messageId,
    receiptHandle: message.receiptHandle ?? '',
    body: message.body,
    attributes: { ApproximateReceiveCount, SentTimestamp, SenderId, ApproximateFirstReceiveTimestamp, ...fifo },
    messageAttributes: {},
    md5OfBody: md5(message.body),
    eventSource: 'aws:sqs',
    eventSourceARN: aws.sqs.queueArn(queueUrl),
    awsRegion: aws.region,
  };
}

function isBatchResponse(value: unknown): value is SQSBatchResponse {
  return isRecord(value) && Array.isArray(value.batchItemFailures);
}

/** The messages that the handler's answer leaves in the queue; all of them if it names one that was not in the batch. */
function failedIds(response: unknown, messages: readonly QueueMessage[]): Set<string> {
  const all = new Set(messages.map((message) => message.messageId));
  if (!isBatchResponse(response)) return new Set();
  const failed = new Set(response.batchItemFailures.map((failure) => failure.itemIdentifier));
  return [...failed].every((id) => all.has(id)) ? failed : all;
}

/** Receives one batch, invokes the handler, deletes what did not fail. Nothing visible: nothing happens. */
export async function deliver(aws: LocalAws, source: EventSource): Promise<Delivery> {
  const { queueUrl, handler, batchSize = 1 } = source;
  const messages = aws.sqs.take(queueUrl, batchSize);
  if (messages.length === 0) return nothing;
  const received = messages.length;
  // Copies: a handler that outlives its visibility timeout must not see the next receive in its own event.
  const Records = messages.map((message) => recordOf(aws, queueUrl, message));
  try {
    const failed = failedIds(await handler({ Records }), messages);
    const done = Records.filter((record) => !failed.has(record.messageId));
    for (const record of done) aws.sqs.drop(queueUrl, record.receiptHandle);
    return { received, deleted: done.length, failed: failed.size, errors: [] };
  } catch (error) {
    return { received, deleted: 0, failed: received, errors: [error] };
  }
}

/** Delivers until nothing is visible. What failed stays hidden while the clock stands still. */
export async function drain(aws: LocalAws, source: EventSource): Promise<Delivery> {
  async function worker(): Promise<Delivery> {
    let total = nothing;
    for (;;) {
      const delivery = await deliver(aws, source);
      if (delivery.received === 0) return total;
      total = add(total, delivery);
    }
  }
  const workers = Array.from({ length: source.concurrency ?? 1 }, worker);
  return (await Promise.all(workers)).reduce(add, nothing);
}
