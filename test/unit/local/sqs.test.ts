// local/aws/messaging/sqs.ts, local/aws/messaging/sqs-send.ts, local/aws/messaging/queue.ts,
// local/aws/messaging/queues.ts, local/host/event-source.ts

import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  QueueDoesNotExist,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  TagQueueCommand,
  TooManyEntriesInBatchRequest,
} from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { deliver, drain } from '../../../local/host/event-source.ts';
import { refusal, setUp } from './clients.ts';

function withQueue() {
  const local = setUp();
  const pair = local.aws.sqs.addFifoPair('q', { visibilitySeconds: 60, maxReceiveCount: 2 });
  const QueueUrl = pair.queueUrl;
  const send = (group: string, id: string, body = id) =>
    local.sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: body, MessageGroupId: group, MessageDeduplicationId: id }),
    );
  const receive = async (max = 10) =>
    (
      await local.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: max, MessageSystemAttributeNames: ['All'] }),
      )
    ).Messages ?? [];
  const remove = (ReceiptHandle?: string) => local.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return { ...local, ...pair, QueueUrl, send, receive, remove };
}

describe('FIFO queues', () => {
  test('a group gives nothing while one of its messages is in flight', async () => {
    const { send, receive, remove } = withQueue();
    await send('a', 'a1');
    await send('a', 'a2');
    await send('b', 'b1');
    const [first] = await receive(1);
    expect(first?.Body).toBe('a1');
    expect((await receive()).map((message) => message.Body)).toEqual(['b1']);
    await remove(first?.ReceiptHandle);
    expect((await receive()).map((message) => message.Body)).toEqual(['a2']);
  });

  test('a message is visible again after the timeout, with its receive count', async () => {
    const { aws, send, receive, remove } = withQueue();
    await send('a', 'a1');
    const [first] = await receive();
    expect(await receive()).toEqual([]);
    aws.clock.advance(60_000);
    const [second] = await receive();
    expect(second?.Attributes).toMatchObject({
      ApproximateReceiveCount: '2',
      MessageGroupId: 'a',
      MessageDeduplicationId: 'a1',
    });
    expect((await refusal(remove(first?.ReceiptHandle))).message).toContain('The receipt handle has expired.');
    await remove(second?.ReceiptHandle);
    await remove(second?.ReceiptHandle);
  });

  test('the same deduplication ID is accepted once in five minutes, also after deletion', async () => {
    const { aws, send, receive, remove } = withQueue();
    const { MessageId } = await send('a', 'same');
    await remove((await receive())[0]?.ReceiptHandle);
    expect((await send('a', 'same')).MessageId).toBe(MessageId);
    expect(await receive()).toEqual([]);
    aws.clock.advance(300_000);
    await send('a', 'same');
    expect(await receive()).toHaveLength(1);
  });

  test('after the last receive a message goes to the dead-letter queue', async () => {
    const { aws, send, receive, deadLetterQueueUrl } = withQueue();
    await send('a', 'a1');
    await send('a', 'a2');
    for (let i = 0; i < 2; i++) {
      expect((await receive(1))[0]?.Body).toBe('a1');
      aws.clock.advance(60_000);
    }
    expect((await receive(1))[0]?.Body).toBe('a2');
    expect(aws.sqs.messages(deadLetterQueueUrl).map((message) => message.body)).toEqual(['a1']);
  });

  test('group and deduplication ID are required, unless the content serves as ID', async () => {
    const { aws, sqs, QueueUrl } = withQueue();
    const send = (input: object) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', ...input }));
    expect((await refusal(send({}))).message).toBe('The request must contain the parameter MessageGroupId.');
    expect((await refusal(send({ MessageGroupId: 'a' }))).message).toContain('ContentBasedDeduplication');
    const other = aws.sqs.addQueue('content.fifo', { ContentBasedDeduplication: 'true' });
    await send({ QueueUrl: other, MessageGroupId: 'a' });
    await send({ QueueUrl: other, MessageGroupId: 'a' });
    expect(aws.sqs.messages(other)).toHaveLength(1);
  });

  test('a batch has at most ten entries, and one bad entry fails alone', async () => {
    const { sqs, QueueUrl } = withQueue();
    const entry = (i: number) => ({
      Id: `e${i}`,
      MessageBody: `${i}`,
      MessageGroupId: 'g',
      MessageDeduplicationId: `d${i}`,
    });
    const batch = (Entries: object[]) =>
      sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: Entries.map((e, i) => ({ ...entry(i), ...e })) }));
    await expect(batch(Array.from({ length: 11 }, () => ({})))).rejects.toBeInstanceOf(TooManyEntriesInBatchRequest);
    const result = await batch([{}, { DelaySeconds: 901 }]);
    expect(result.Successful?.map((item) => item.Id)).toEqual(['e0']);
    expect(result.Failed).toMatchObject([{ Id: 'e1', SenderFault: true }]);
  });

  test.each([
    ['a group', { MessageGroupId: undefined }, 'The request must contain the parameter MessageGroupId.'],
    ['a deduplication ID', { MessageDeduplicationId: undefined }, 'ContentBasedDeduplication enabled or'],
  ])('a batch with one entry without %s is refused as a whole', async (_, lacking, sentence) => {
    const { aws, sqs, QueueUrl } = withQueue();
    const Entries = ['0', '1'].map((Id) => ({ Id, MessageBody: Id, MessageGroupId: 'g', MessageDeduplicationId: Id }));
    const send = sqs.send(
      new SendMessageBatchCommand({ QueueUrl, Entries: Entries.map((e) => (e.Id === '1' ? { ...e, ...lacking } : e)) }),
    );
    const refused = await refusal(send);
    expect(refused.name).toBe('InvalidParameterValue');
    expect(refused.message).toContain(sentence);
    expect(aws.sqs.messages(QueueUrl)).toEqual([]);
  });

  test('visibility changes, counts follow, and a purge empties', async () => {
    const { sqs, send, receive, QueueUrl } = withQueue();
    await send('a', 'a1');
    await send('b', 'b1');
    const [first] = await receive(1);
    const counts = async () => {
      const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
      return names.map((attribute) => Attributes?.[attribute]);
    };
    expect(await counts()).toEqual(['1', '1']);
    const visible = { QueueUrl, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 0 };
    await sqs.send(new ChangeMessageVisibilityCommand(visible));
    expect(await counts()).toEqual(['2', '0']);
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(await counts()).toEqual(['0', '0']);
  });

  test('queues are made and found by name; an unknown queue or receipt is refused', async () => {
    const { sqs, remove, QueueUrl } = withQueue();
    const created = await sqs.send(new CreateQueueCommand({ QueueName: 'n.fifo', Attributes: { FifoQueue: 'true' } }));
    const found = await sqs.send(new GetQueueUrlCommand({ QueueName: 'n.fifo' }));
    expect(found.QueueUrl).toBe(created.QueueUrl);
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'none' }))).rejects.toBeInstanceOf(QueueDoesNotExist);
    await expect(remove('nonsense')).rejects.toBeInstanceOf(ReceiptHandleIsInvalid);
    expect(QueueUrl).toBe('https://sqs.eu-west-1.amazonaws.com/111122223333/q.fifo');
  });
});

test('tags of a queue stay until they are written again', async () => {
  const { sqs, queueUrl: QueueUrl } = withQueue();
  expect((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toBeUndefined();
  await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { a: '1', b: '2' } }));
  await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { b: '3' } }));
  expect((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ a: '1', b: '3' });
});

describe('the event source', () => {
  test('hands a handler the event that Lambda hands it, and deletes what did not fail', async () => {
    const { aws, send, queueUrl } = withQueue();
    await send('a', 'a1', '{"x":1}');
    const events: unknown[] = [];
    const delivery = await deliver(aws, { queueUrl, handler: async (event) => void events.push(event) });
    expect(delivery).toEqual({ received: 1, deleted: 1, failed: 0, errors: [] });
    expect(events).toMatchObject([
      {
        Records: [
          {
            body: '{"x":1}',
            eventSource: 'aws:sqs',
            eventSourceARN: 'arn:aws:sqs:eu-west-1:111122223333:q.fifo',
            awsRegion: 'eu-west-1',
            attributes: { ApproximateReceiveCount: '1', MessageGroupId: 'a', MessageDeduplicationId: 'a1' },
          },
        ],
      },
    ]);
    expect(aws.sqs.messages(queueUrl)).toEqual([]);
    expect((await deliver(aws, { queueUrl, handler: async () => undefined })).received).toBe(0);
  });

  test('keeps what a partial response names, and the whole batch when the handler throws', async () => {
    const { aws, send, queueUrl } = withQueue();
    await send('a', 'bad');
    await send('b', 'good');
    const partial = await deliver(aws, {
      queueUrl,
      batchSize: 10,
      handler: async ({ Records }) => ({
        batchItemFailures: Records.filter((r) => r.body === 'bad').map((r) => ({ itemIdentifier: r.messageId })),
      }),
    });
    expect(partial).toMatchObject({ deleted: 1, failed: 1 });
    aws.clock.advance(60_000);
    const failure = new Error('broken');
    const thrown = await deliver(aws, { queueUrl, handler: () => Promise.reject(failure) });
    expect(thrown).toEqual({ received: 1, deleted: 0, failed: 1, errors: [failure] });
    expect(aws.sqs.messages(queueUrl).map((message) => message.body)).toEqual(['bad']);
  });

  test('drains until nothing is visible, groups in order', async () => {
    const { aws, send, queueUrl } = withQueue();
    for (const [group, id] of [
      ['a', 'a1'],
      ['b', 'b1'],
      ['a', 'a2'],
      ['a', 'a3'],
    ] as const)
      await send(group, id);
    const bodies: string[] = [];
    const total = await drain(aws, {
      queueUrl,
      concurrency: 2,
      handler: async ({ Records }) => void bodies.push(...Records.map((record) => record.body)),
    });
    expect(total).toMatchObject({ received: 4, deleted: 4 });
    expect(bodies.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  });
});
