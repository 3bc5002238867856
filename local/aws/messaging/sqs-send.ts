import { createHash } from 'node:crypto';
import { AwsError } from '../errors.ts';
import { type Input, isRecord, list, optionalInteger, optionalText, record, text } from '../input.ts';
import type { OperationsOn } from '../service.ts';
import { enqueue, md5, type Queue } from './queue.ts';
import { invalidValue, missing, queueOf, type SqsAccount, sizeLimit } from './queues.ts';

const idPattern = /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/;
const messagesPerBatch = 10;

/** Sending, one by one and in batches. */
export const sendOperations: OperationsOn<SqsAccount> = {
  SendMessage: (account, input, { now }) => send(account, queueOf(account, input), input, now),

  SendMessageBatch(account, input, { now }) {
    const queue = queueOf(account, input);
    const entries = entriesOf(input);
    for (const entry of entries) refuseBatchFor(queue, entry);
    const results = entries.map((entry) => sendEntry(account, queue, entry, now));
    const Failed = results.flatMap((result) => result.failed ?? []);
    const Successful = results.flatMap((result) => result.ok ?? []);
    return { Successful, Failed: Failed.length > 0 ? Failed : undefined };
  },
};

/** Of any batch. */
export function entriesOf(input: Input): Input[] {
  const entries = list(input, 'Entries').filter(isRecord);
  if (entries.length === 0) {
    const message = 'There should be at least one SendMessageBatchRequestEntry in the request.';
    throw batchError('EmptyBatchRequest', message);
  }
  if (entries.length > messagesPerBatch) {
    const message = `Maximum number of entries per request are ${messagesPerBatch}. You have sent ${entries.length}.`;
    throw batchError('TooManyEntriesInBatchRequest', message);
  }
  if (new Set(entries.map((entry) => entry.Id)).size < entries.length) {
    throw batchError('BatchEntryIdsNotDistinct', 'Two or more batch entries have the same Id.');
  }
  return entries;
}

function batchError(code: string, message: string): AwsError {
  return new AwsError(400, code, message, `AWS.SimpleQueueService.${code}`);
}

/** What a FIFO queue needs of each entry, or the whole batch is refused, for a group too with this code. */
function refuseBatchFor(queue: Queue, entry: Input): void {
  if (!queue.isFifo) return;
  if (entry.MessageGroupId === undefined) throw invalidValue(missing('MessageGroupId').message);
  refuseWithoutDeduplication(queue, entry);
}

function refuseWithoutDeduplication({ attributes }: Queue, input: Input): void {
  if (input.MessageDeduplicationId !== undefined || attributes.ContentBasedDeduplication === 'true') return;
  throw invalidValue(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

function sendEntry(account: SqsAccount, queue: Queue, entry: Input, now: number) {
  try {
    return { ok: { Id: text(entry, 'Id'), ...send(account, queue, entry, now) } };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    // Any other bad entry fails alone, inside a response that is a success.
    return { failed: { Id: text(entry, 'Id'), SenderFault: true, Code: error.queryCode, Message: error.message } };
  }
}

function send(account: SqsAccount, queue: Queue, input: Input, now: number) {
  const body = bodyOf(input);
  const { groupId, deduplicationId } = groupOf(queue, input, body);
  account.sequence += 256n;
  const delaySeconds = optionalInteger(input, 'DelaySeconds', 0, 900) ?? Number(queue.attributes.DelaySeconds);
  const messageAttributes = record(input, 'MessageAttributes');
  const id = { messageId: account.environment.random.uuid(), sequenceNumber: String(account.sequence) };
  const sent = enqueue(queue, { body, groupId, deduplicationId, delaySeconds, messageAttributes }, now, id);
  return {
    MD5OfMessageBody: md5(body),
    MessageId: sent.messageId,
    SequenceNumber: queue.isFifo ? sent.sequenceNumber : undefined,
  };
}

function bodyOf(input: Input): string {
  const body = optionalText(input, 'MessageBody');
  if (body === undefined || body === '') throw missing('MessageBody');
  if (Buffer.byteLength(body) <= sizeLimit) return body;
  throw invalidValue(`One or more parameters are invalid. Reason: Message must be shorter than ${sizeLimit} bytes.`);
}

/** Where a FIFO queue puts the message, and what it takes for the same message. */
function groupOf(queue: Queue, input: Input, body: string) {
  const groupId = optionalText(input, 'MessageGroupId');
  const deduplicationId = optionalText(input, 'MessageDeduplicationId');
  for (const id of [groupId, deduplicationId]) {
    if (id !== undefined && !idPattern.test(id)) {
      throw invalidValue('Value can only include alphanumeric and punctuation characters. 1 to 128 in length.');
    }
  }
  if (!queue.isFifo) return { groupId, deduplicationId };
  if (groupId === undefined) throw missing('MessageGroupId');
  refuseWithoutDeduplication(queue, input);
  return { groupId, deduplicationId: deduplicationId ?? createHash('sha256').update(body).digest('hex') };
}
