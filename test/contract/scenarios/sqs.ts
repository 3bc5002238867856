import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  type SendMessageCommandInput,
  TagQueueCommand,
} from '@aws-sdk/client-sqs';
import { scenario } from '../scenario.ts';
import type { Side } from '../side.ts';

const QueueName = 'keyturn.fifo';

async function queue({ sqs }: Side): Promise<string> {
  const Attributes = { FifoQueue: 'true', VisibilityTimeout: '60' };
  return (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';
}

const send = ({ sqs }: Side, QueueUrl: string, id: string, more: Partial<SendMessageCommandInput> = {}) =>
  sqs.send(
    new SendMessageCommand({
      QueueUrl,
      MessageBody: `body ${id}`,
      MessageGroupId: 'AIDAALICE',
      MessageDeduplicationId: id,
      ...more,
    }),
  );

const receive = ({ sqs }: Side, QueueUrl: string, MaxNumberOfMessages = 10) =>
  sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages, MessageSystemAttributeNames: ['All'] }));

const bodies = async (side: Side, url: string, max?: number) =>
  (await receive(side, url, max)).Messages?.map(({ Body }) => Body) ?? [];

async function received(side: Side): Promise<{ QueueUrl: string; ReceiptHandle: string | undefined }> {
  const QueueUrl = await queue(side);
  await send(side, QueueUrl, 'a1');
  await send(side, QueueUrl, 'a2');
  await send(side, QueueUrl, 'b1', { MessageGroupId: 'AIDABOB' });
  const { Messages } = await receive(side, QueueUrl, 1);
  return { QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle };
}

const entry = (Id: string, more: Partial<SendMessageBatchRequestEntry> = {}): SendMessageBatchRequestEntry => ({
  Id,
  MessageBody: Id,
  MessageGroupId: 'AIDAALICE',
  MessageDeduplicationId: Id,
  ...more,
});
const batch = ({ sqs }: Side, QueueUrl: string, Entries: SendMessageBatchRequestEntry[]) =>
  sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));

const AttributeNames = ['QueueArn', 'VisibilityTimeout', 'FifoQueue', 'ApproximateNumberOfMessages'] as const;
const attributes = ({ sqs }: Side, QueueUrl: string) =>
  sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }));

const tag = ({ sqs }: Side, QueueUrl: string, Tags: Record<string, string>) =>
  sqs.send(new TagQueueCommand({ QueueUrl, Tags }));
const tagsOf = ({ sqs }: Side, QueueUrl: string) => sqs.send(new ListQueueTagsCommand({ QueueUrl }));

const noQueue = 'https://sqs.eu-west-1.amazonaws.com/111122223333/none';

export const sqsScenarios = [
  scenario('CreateQueue, a FIFO', {
    call: queue,
    after: (side) => side.sqs.send(new GetQueueUrlCommand({ QueueName })),
  }),
  scenario('CreateQueue twice', { given: queue, call: queue }),
  scenario('CreateQueue twice with other attributes', {
    given: queue,
    call: ({ sqs }) =>
      sqs.send(new CreateQueueCommand({ QueueName, Attributes: { FifoQueue: 'true', VisibilityTimeout: '61' } })),
  }),
  scenario('CreateQueue, a FIFO without the suffix', {
    call: ({ sqs }) => sqs.send(new CreateQueueCommand({ QueueName: 'keyturn', Attributes: { FifoQueue: 'true' } })),
  }),
  scenario('GetQueueUrl that is not there', {
    call: ({ sqs }) => sqs.send(new GetQueueUrlCommand({ QueueName: 'none' })),
  }),
  scenario('GetQueueAttributes', { given: queue, call: attributes }),
  scenario('GetQueueAttributes, all', {
    given: queue,
    call: ({ sqs }, QueueUrl) => sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] })),
  }),
  scenario('GetQueueAttributes of a queue that is not there', { call: (side) => attributes(side, noQueue) }),
  scenario('ListQueueTags of a queue without tags', { given: queue, call: tagsOf }),
  scenario('TagQueue', { given: queue, call: (side, url) => tag(side, url, { a: '1', b: '2' }), after: tagsOf }),
  scenario('TagQueue again', {
    async given(side) {
      const url = await queue(side);
      await tag(side, url, { a: '1', b: '2' });
      return url;
    },
    call: (side, url) => tag(side, url, { b: '3', c: '4' }),
    after: tagsOf,
  }),
  scenario('TagQueue of a queue that is not there', { call: (side) => tag(side, noQueue, { a: '1' }) }),
  scenario('SendMessage', { given: queue, call: (side, url) => send(side, url, 'a1'), after: receive }),
  scenario('SendMessage again with the same deduplication ID', {
    async given(side) {
      const url = await queue(side);
      await send(side, url, 'a1');
      return url;
    },
    call: (side, url) => send(side, url, 'a1'),
    after: bodies,
  }),
  scenario('SendMessage without a group', {
    given: queue,
    call: (side, url) => send(side, url, 'a1', { MessageGroupId: undefined }),
  }),
  scenario('SendMessage without a deduplication ID', {
    given: queue,
    call: (side, url) => send(side, url, 'a1', { MessageDeduplicationId: undefined }),
  }),
  scenario('SendMessage to a queue that is not there', { call: (side) => send(side, noQueue, 'a1') }),
  scenario('SendMessageBatch', {
    given: queue,
    call: (side, url) => batch(side, url, [entry('1'), entry('2', { MessageGroupId: 'AIDABOB' })]),
    after: bodies,
  }),
  scenario('SendMessageBatch of 11', {
    given: queue,
    call: (side, url) =>
      batch(
        side,
        url,
        Array.from({ length: 11 }, (_, i) => entry(String(i))),
      ),
  }),
  scenario('SendMessageBatch of none', { given: queue, call: (side, url) => batch(side, url, []) }),
  scenario('SendMessageBatch with an Id twice', {
    given: queue,
    call: (side, url) => batch(side, url, [entry('1'), entry('1')]),
  }),
  scenario('SendMessageBatch with one entry without a group', {
    given: queue,
    call: (side, url) => batch(side, url, [entry('1'), entry('2', { MessageGroupId: undefined })]),
    after: bodies,
  }),
  scenario('ReceiveMessage of an empty queue', { given: queue, call: receive }),
  scenario('ReceiveMessage gives nothing of a group in flight', {
    given: received,
    call: (side, { QueueUrl }) => bodies(side, QueueUrl),
  }),
  scenario('ReceiveMessage keeps the order within a group', {
    async given(side) {
      const url = await queue(side);
      for (const id of ['a1', 'a2', 'a3']) await send(side, url, id);
      return url;
    },
    call: bodies,
  }),
  scenario('DeleteMessage lets the group go on', {
    given: received,
    call: ({ sqs }, given) => sqs.send(new DeleteMessageCommand(given)),
    after: (side, { QueueUrl }) => bodies(side, QueueUrl),
  }),
  scenario('DeleteMessage twice', {
    async given(side) {
      const given = await received(side);
      await side.sqs.send(new DeleteMessageCommand(given));
      return given;
    },
    call: ({ sqs }, given) => sqs.send(new DeleteMessageCommand(given)),
  }),
  scenario('DeleteMessage with a handle that is none', {
    given: queue,
    call: ({ sqs }, QueueUrl) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'none' })),
  }),
  scenario('ChangeMessageVisibility to 0 brings the message back', {
    given: received,
    call: ({ sqs }, given) => sqs.send(new ChangeMessageVisibilityCommand({ ...given, VisibilityTimeout: 0 })),
    after: async (side, { QueueUrl }) => {
      const { Messages = [] } = await receive(side, QueueUrl);
      const seen = Messages.map(({ Body, Attributes }) => [Body, Attributes?.ApproximateReceiveCount]);
      return seen.toSorted();
    },
  }),
  scenario('ChangeMessageVisibility with a handle that is none', {
    given: queue,
    call: ({ sqs }, QueueUrl) =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: 'none', VisibilityTimeout: 0 })),
  }),
  scenario('ChangeMessageVisibilityBatch to 0 brings messages back', {
    given: received,
    call: ({ sqs }, { QueueUrl, ReceiptHandle }) =>
      sqs.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl,
          Entries: [{ Id: '0', ReceiptHandle, VisibilityTimeout: 0 }],
        }),
      ),
    after: (side, { QueueUrl }) => bodies(side, QueueUrl),
  }),
  scenario('DeleteMessageBatch', {
    given: received,
    call: ({ sqs }, { QueueUrl, ReceiptHandle }) =>
      sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: [{ Id: '0', ReceiptHandle }] })),
    after: (side, { QueueUrl }) => bodies(side, QueueUrl),
  }),
  scenario('PurgeQueue', {
    async given(side) {
      const url = await queue(side);
      await send(side, url, 'a1');
      return url;
    },
    call: ({ sqs }, QueueUrl) => sqs.send(new PurgeQueueCommand({ QueueUrl })),
    after: bodies,
  }),
  scenario('the dead-letter queue takes what was received too often', {
    async given(side) {
      const { sqs } = side;
      await sqs.send(new CreateQueueCommand({ QueueName: 'dead.fifo', Attributes: { FifoQueue: 'true' } }));
      const deadLetterTargetArn = 'arn:aws:sqs:eu-west-1:111122223333:dead.fifo';
      const Attributes = {
        FifoQueue: 'true',
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 }),
      };
      const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
      await send(side, QueueUrl, 'a1');
      const { Messages } = await receive(side, QueueUrl);
      const ReceiptHandle = Messages?.[0]?.ReceiptHandle;
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
      return QueueUrl;
    },
    call: bodies,
    after: async (side, url) => bodies(side, url.replace(QueueName, 'dead.fifo')),
  }),
];
