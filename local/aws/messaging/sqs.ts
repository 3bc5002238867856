import { createHash } from 'node:crypto';
import { AwsError } from '../errors.ts';
import {
  type Input,
  isRecord,
  list,
  optionalInteger,
  optionalText,
  record,
  text,
  textList,
  textMap,
} from '../input.ts';
import type { Environment, Operations } from '../service.ts';
import { byReceipt, enqueue, md5, type Queue, type QueueMessage, receive, systemAttributes } from './queue.ts';
import { createQueues, invalidValue, missing, sizeLimit } from './queues.ts';

/** SQS as this service uses it. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ */
export interface Sqs {
  readonly operations: Operations;
  /** Makes a queue and returns its URL; a name that ends in `.fifo` makes a FIFO queue. */
  addQueue(name: string, attributes?: Readonly<Record<string, string>>): string;
  /** A FIFO queue and its dead-letter queue, as the stack makes them. */
  addFifoPair(
    name: string,
    options?: { visibilitySeconds?: number; maxReceiveCount?: number },
  ): { queueUrl: string; queueArn: string; deadLetterQueueUrl: string };
  /** All messages of a queue, hidden ones too, oldest first. */
  messages(queueUrl: string): readonly QueueMessage[];
  queueArn(queueUrl: string): string;
  /** What the Lambda service does on our behalf: no call, no fault, nothing recorded. */
  take(queueUrl: string, max: number): QueueMessage[];
  /** Deletes by receipt; does nothing where the message was received again since. */
  drop(queueUrl: string, receiptHandle: string): void;
  readonly senderId: string;
}

const idPattern = /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/;

export function createSqs(environment: Environment): Sqs {
  const { clock, random } = environment;
  const queues = createQueues(environment);
  const senderId = `AROA${random.text(17)}:local`;
  let sequence = 18_870_000_000_000_000_000n;

  const queueOf = (input: Input) => {
    if (input.QueueUrl === undefined) throw missing('QueueUrl');
    return queues.byUrl(text(input, 'QueueUrl'));
  };

  function refuseWithoutDeduplication({ attributes }: Queue, input: Input): void {
    if (input.MessageDeduplicationId !== undefined || attributes.ContentBasedDeduplication === 'true') return;
    throw invalidValue(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }

  /** What a FIFO queue needs of each entry, or the whole batch is refused, for a group too with this code. */
  function refuseBatchFor(queue: Queue, entry: Input): void {
    if (!queue.isFifo) return;
    if (entry.MessageGroupId === undefined) throw invalidValue(missing('MessageGroupId').message);
    refuseWithoutDeduplication(queue, entry);
  }

  function send(queue: Queue, input: Input, now: number) {
    const body = optionalText(input, 'MessageBody');
    if (body === undefined || body === '') throw missing('MessageBody');
    if (Buffer.byteLength(body) > sizeLimit) {
      throw invalidValue(
        `One or more parameters are invalid. Reason: Message must be shorter than ${sizeLimit} bytes.`,
      );
    }
    const groupId = optionalText(input, 'MessageGroupId');
    let deduplicationId = optionalText(input, 'MessageDeduplicationId');
    for (const id of [groupId, deduplicationId]) {
      if (id !== undefined && !idPattern.test(id)) {
        throw invalidValue('Value can only include alphanumeric and punctuation characters. 1 to 128 in length.');
      }
    }
    if (queue.isFifo) {
      if (groupId === undefined) throw missing('MessageGroupId');
      refuseWithoutDeduplication(queue, input);
      deduplicationId ??= createHash('sha256').update(body).digest('hex');
    }
    sequence += 256n;
    const delaySeconds = optionalInteger(input, 'DelaySeconds', 0, 900) ?? Number(queue.attributes.DelaySeconds);
    const messageAttributes = record(input, 'MessageAttributes');
    const id = { messageId: random.uuid(), sequenceNumber: String(sequence) };
    const sent = enqueue(queue, { body, groupId, deduplicationId, delaySeconds, messageAttributes }, now, id);
    return {
      MD5OfMessageBody: md5(body),
      MessageId: sent.messageId,
      SequenceNumber: queue.isFifo ? sent.sequenceNumber : undefined,
    };
  }

  function sendEntry(queue: Queue, entry: Input, now: number) {
    try {
      return { ok: { Id: text(entry, 'Id'), ...send(queue, entry, now) } };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      // Any other bad entry fails alone, inside a response that is a success.
      return { failed: { Id: text(entry, 'Id'), SenderFault: true, Code: error.queryCode, Message: error.message } };
    }
  }

  function take(queue: Queue, max: number, visibilitySeconds: number, now: number): QueueMessage[] {
    return receive(queue, max, visibilitySeconds * 1000, now, queues.redriveOf(queue));
  }

  /** The message in flight under this receipt; undefined where SQS answers success without doing anything. */
  function inFlight(queue: Queue, input: Input, now: number): QueueMessage | undefined {
    const receiptHandle = text(input, 'ReceiptHandle');
    const found = byReceipt(queue, receiptHandle, now);
    if (found.kind === 'found') return found.message;
    if (found.kind === 'invalid') {
      const message = `The input receipt handle "${receiptHandle}" is not a valid receipt handle.`;
      throw new AwsError(400, 'ReceiptHandleIsInvalid', message, 'ReceiptHandleIsInvalid');
    }
    if (found.kind === 'expired' && queue.isFifo) {
      throw invalidValue(
        `Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
      );
    }
    return undefined;
  }

  function dropMessage(queue: Queue, messageId: string): void {
    queue.messages = queue.messages.filter((message) => message.messageId !== messageId);
  }

  function attributesOf(queue: Queue): Record<string, string> {
    const now = clock.now();
    const hidden = queue.messages.filter((message) => message.visibleAt > now);
    const delayed = hidden.filter((message) => message.receiveCount === 0).length;
    const created = String(Math.floor(queue.createdAt / 1000));
    return {
      ...queue.attributes,
      QueueArn: queue.arn,
      ApproximateNumberOfMessages: String(queue.messages.length - hidden.length),
      ApproximateNumberOfMessagesNotVisible: String(hidden.length - delayed),
      ApproximateNumberOfMessagesDelayed: String(delayed),
      CreatedTimestamp: created,
      LastModifiedTimestamp: created,
    };
  }

  const operations: Operations = {
    CreateQueue: (input, { endpoint }) => ({
      QueueUrl: queues.urlOf(queues.create(text(input, 'QueueName'), textMap(input, 'Attributes')), endpoint),
    }),
    GetQueueUrl: (input, { endpoint }) => ({
      QueueUrl: queues.urlOf(queues.named(text(input, 'QueueName')), endpoint),
    }),
    GetQueueAttributes(input) {
      const all = attributesOf(queueOf(input));
      const names = textList(input, 'AttributeNames');
      const wanted = Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name));
      return wanted.length > 0 ? { Attributes: Object.fromEntries(wanted) } : {};
    },
    SendMessage: (input, { now }) => send(queueOf(input), input, now),
    SendMessageBatch(input, { now }) {
      const queue = queueOf(input);
      const entries = list(input, 'Entries').filter(isRecord);
      if (entries.length === 0) {
        const message = 'There should be at least one SendMessageBatchRequestEntry in the request.';
        throw new AwsError(400, 'EmptyBatchRequest', message, 'AWS.SimpleQueueService.EmptyBatchRequest');
      }
      if (entries.length > 10) {
        const message = `Maximum number of entries per request are 10. You have sent ${entries.length}.`;
        const code = 'TooManyEntriesInBatchRequest';
        throw new AwsError(400, code, message, `AWS.SimpleQueueService.${code}`);
      }
      if (new Set(entries.map((entry) => entry.Id)).size < entries.length) {
        const code = 'BatchEntryIdsNotDistinct';
        throw new AwsError(400, code, 'Two or more batch entries have the same Id.', `AWS.SimpleQueueService.${code}`);
      }
      for (const entry of entries) refuseBatchFor(queue, entry);
      const results = entries.map((entry) => sendEntry(queue, entry, now));
      const Failed = results.flatMap((result) => result.failed ?? []);
      const Successful = results.flatMap((result) => result.ok ?? []);
      return { Successful, Failed: Failed.length > 0 ? Failed : undefined };
    },
    ReceiveMessage(input, { now }) {
      const queue = queueOf(input);
      const names = [...textList(input, 'AttributeNames'), ...textList(input, 'MessageSystemAttributeNames')];
      const visibility = optionalInteger(input, 'VisibilityTimeout', 0, 43_200);
      const max = optionalInteger(input, 'MaxNumberOfMessages', 1, 10) ?? 1;
      const received = take(queue, max, visibility ?? Number(queue.attributes.VisibilityTimeout), now);
      if (received.length === 0) return {};
      const hasAttributes = textList(input, 'MessageAttributeNames').length > 0;
      return {
        Messages: received.map((message) => ({
          MessageId: message.messageId,
          ReceiptHandle: message.receiptHandle,
          MD5OfBody: md5(message.body),
          Body: message.body,
          Attributes: Object.fromEntries(
            Object.entries(systemAttributes(message, senderId)).filter(
              ([name]) => names.includes('All') || names.includes(name),
            ),
          ),
          MessageAttributes: hasAttributes ? message.messageAttributes : undefined,
        })),
      };
    },
    DeleteMessage(input, { now }) {
      const queue = queueOf(input);
      const message = inFlight(queue, input, now);
      if (message !== undefined) dropMessage(queue, message.messageId);
    },
    ChangeMessageVisibility(input, { now }) {
      const message = inFlight(queueOf(input), input, now);
      const seconds = optionalInteger(input, 'VisibilityTimeout', 0, 43_200) ?? 0;
      if (message !== undefined) message.visibleAt = now + seconds * 1000;
    },
    TagQueue(input) {
      Object.assign(queueOf(input).tags, textMap(input, 'Tags'));
    },
    ListQueueTags(input) {
      const { tags } = queueOf(input);
      return Object.keys(tags).length > 0 ? { Tags: { ...tags } } : {};
    },
    PurgeQueue(input) {
      queueOf(input).messages = [];
    },
  };

  return {
    operations,
    addQueue(name, attributes = {}) {
      const fifo: Record<string, string> = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
      return queues.urlOf(queues.create(name, { ...fifo, ...attributes }));
    },
    addFifoPair(name, { visibilitySeconds = 30, maxReceiveCount = 4 } = {}) {
      const deadLetters = queues.create(`${name}-dead-letters.fifo`, { FifoQueue: 'true' });
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount });
      const attributes = { FifoQueue: 'true', VisibilityTimeout: String(visibilitySeconds), RedrivePolicy };
      const queue = queues.create(`${name}.fifo`, attributes);
      const deadLetterQueueUrl = queues.urlOf(deadLetters);
      return { queueUrl: queues.urlOf(queue), queueArn: queue.arn, deadLetterQueueUrl };
    },
    messages: (queueUrl) => queues.byUrl(queueUrl).messages,
    queueArn: (queueUrl) => queues.byUrl(queueUrl).arn,
    take(queueUrl, max) {
      const queue = queues.byUrl(queueUrl);
      return take(queue, max, Number(queue.attributes.VisibilityTimeout), clock.now());
    },
    drop(queueUrl, receiptHandle) {
      const queue = queues.byUrl(queueUrl);
      const found = byReceipt(queue, receiptHandle, clock.now());
      if (found.kind === 'found') dropMessage(queue, found.message.messageId);
    },
    senderId,
  };
}
