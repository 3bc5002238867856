import { AwsError } from '../errors.ts';
import { type Input, optionalInteger, text, textList, textMap } from '../input.ts';
import { type Environment, type Operations, type OperationsOn, operationsOn } from '../service.ts';
import { byReceipt, enqueue, md5, type Queue, type QueueMessage, receive, systemAttributes } from './queue.ts';
import { createQueues, invalidValue, queueOf, type SqsAccount } from './queues.ts';
import { entriesOf, sendOperations } from './sqs-send.ts';

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
  /** What SNS does on behalf of a subscription: no call. A queue that is not there gets nothing. */
  deliver(queueArn: string, body: string): void;
  /** What the Lambda service does on our behalf: no call, no fault, nothing recorded. */
  take(queueUrl: string, max: number): QueueMessage[];
  /** Deletes by receipt; does nothing where the message was received again since. */
  drop(queueUrl: string, receiptHandle: string): void;
  readonly senderId: string;
}

function take({ queues }: SqsAccount, queue: Queue, max: number, visibilitySeconds: number, now: number) {
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

function attributesOf(queue: Queue, now: number): Record<string, string> {
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

/** Those of the attributes that are asked for by name, or all of them by `All`. */
function wanted(all: Readonly<Record<string, string>>, names: readonly string[]): [string, string][] {
  return Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name));
}

const queueOperations: OperationsOn<SqsAccount> = {
  CreateQueue: ({ queues }, input, { endpoint }) => ({
    QueueUrl: queues.urlOf(queues.create(text(input, 'QueueName'), textMap(input, 'Attributes')), endpoint),
  }),
  GetQueueUrl: ({ queues }, input, { endpoint }) => ({
    QueueUrl: queues.urlOf(queues.named(text(input, 'QueueName')), endpoint),
  }),
  GetQueueAttributes(account, input) {
    const all = attributesOf(queueOf(account, input), account.environment.clock.now());
    const found = wanted(all, textList(input, 'AttributeNames'));
    return found.length > 0 ? { Attributes: Object.fromEntries(found) } : {};
  },
  TagQueue(account, input) {
    Object.assign(queueOf(account, input).tags, textMap(input, 'Tags'));
  },
  ListQueueTags(account, input) {
    const { tags } = queueOf(account, input);
    return Object.keys(tags).length > 0 ? { Tags: { ...tags } } : {};
  },
  PurgeQueue(account, input) {
    queueOf(account, input).messages = [];
  },
};

const receiveOperations: OperationsOn<SqsAccount> = {
  ReceiveMessage(account, input, { now }) {
    const queue = queueOf(account, input);
    const names = [...textList(input, 'AttributeNames'), ...textList(input, 'MessageSystemAttributeNames')];
    const visibility = optionalInteger(input, 'VisibilityTimeout', 0, 43_200);
    const max = optionalInteger(input, 'MaxNumberOfMessages', 1, 10) ?? 1;
    const received = take(account, queue, max, visibility ?? Number(queue.attributes.VisibilityTimeout), now);
    if (received.length === 0) return {};
    const hasAttributes = textList(input, 'MessageAttributeNames').length > 0;
    return {
      Messages: received.map((message) => ({
        MessageId: message.messageId,
        ReceiptHandle: message.receiptHandle,
        MD5OfBody: md5(message.body),
        Body: message.body,
        Attributes: Object.fromEntries(wanted(systemAttributes(message, account.senderId), names)),
        MessageAttributes: hasAttributes ? message.messageAttributes : undefined,
      })),
    };
  },
  DeleteMessage: (account, input, { now }) => deleteOne(queueOf(account, input), input, now),
  DeleteMessageBatch(account, input, { now }) {
    const queue = queueOf(account, input);
    return eachOf(input, (entry) => deleteOne(queue, entry, now));
  },
  ChangeMessageVisibility: (account, input, { now }) => changeOne(queueOf(account, input), input, now),
  ChangeMessageVisibilityBatch(account, input, { now }) {
    const queue = queueOf(account, input);
    return eachOf(input, (entry) => changeOne(queue, entry, now));
  },
};

function deleteOne(queue: Queue, input: Input, now: number): void {
  const message = inFlight(queue, input, now);
  if (message !== undefined) dropMessage(queue, message.messageId);
}

function changeOne(queue: Queue, input: Input, now: number): void {
  const message = inFlight(queue, input, now);
  const seconds = optionalInteger(input, 'VisibilityTimeout', 0, 43_200) ?? 0;
  if (message !== undefined) message.visibleAt = now + seconds * 1000;
}

/** A batch succeeds even if none of its entries does. */
function eachOf(input: Input, act: (entry: Input) => void) {
  const Successful: { Id: string }[] = [];
  const Failed: { Id: string; Code: string; Message: string; SenderFault: boolean }[] = [];
  for (const entry of entriesOf(input)) {
    const Id = text(entry, 'Id');
    try {
      act(entry);
      Successful.push({ Id });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id, Code: error.code, Message: error.message, SenderFault: true });
    }
  }
  return { Successful, Failed: Failed.length > 0 ? Failed : undefined };
}

const operations = { ...queueOperations, ...sendOperations, ...receiveOperations };

export function createSqs(environment: Environment): Sqs {
  const { clock, random } = environment;
  const queues = createQueues(environment);
  const senderId = `AROA${random.text(17)}:local`;
  const account: SqsAccount = { environment, queues, senderId, sequence: 18_870_000_000_000_000_000n };
  return {
    operations: operationsOn(account, operations),
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
    deliver(queueArn, body) {
      const queue = queues.byArn(queueArn);
      if (queue === undefined) return;
      const id = { messageId: random.uuid(), sequenceNumber: '' };
      const message = { body, groupId: undefined, deduplicationId: undefined, delaySeconds: 0, messageAttributes: {} };
      enqueue(queue, message, clock.now(), id);
    },
    take(queueUrl, max) {
      const queue = queues.byUrl(queueUrl);
      return take(account, queue, max, Number(queue.attributes.VisibilityTimeout), clock.now());
    },
    drop(queueUrl, receiptHandle) {
      const queue = queues.byUrl(queueUrl);
      const found = byReceipt(queue, receiptHandle, clock.now());
      if (found.kind === 'found') dropMessage(queue, found.message.messageId);
    },
    senderId,
  };
}
