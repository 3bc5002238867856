// local/aws/messaging/sns.ts, local/aws/messaging/sns-message.ts, local/aws/messaging/sns-subscriptions.ts

import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  FilterPolicyLimitExceededException,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  InvalidParameterException,
  InvalidParameterValueException,
  ListSubscriptionsByTopicCommand,
  NotFoundException,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import { setUp } from './clients.ts';

function withTopic() {
  const local = setUp();
  const TopicArn = local.aws.sns.addTopic('keyturn', []);
  const publish = (input: object) => local.sns.send(new PublishCommand({ TopicArn, Message: 'm', ...input }));
  return { ...local, TopicArn, publish };
}

test('an email subscription is pending until it is confirmed', async () => {
  const { aws, sns, TopicArn } = withTopic();
  const subscribe = new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'a@example.com' });
  expect((await sns.send(subscribe)).SubscriptionArn).toBe('pending confirmation');
  const counts = async () => {
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    return [Attributes?.SubscriptionsConfirmed, Attributes?.SubscriptionsPending];
  };
  const listed = async () => (await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions?.[0];
  expect(await counts()).toEqual(['0', '1']);
  expect((await listed())?.SubscriptionArn).toBe('PendingConfirmation');
  const [pending] = aws.sns.subscriptions(TopicArn);
  await sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: pending?.token }));
  expect(await counts()).toEqual(['1', '0']);
  expect(await listed()).toMatchObject({ SubscriptionArn: pending?.arn, Endpoint: 'a@example.com' });
  const filter = { AttributeName: 'FilterPolicy', AttributeValue: '{"userName":["alice"]}' };
  await sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn: pending?.arn, ...filter }));
  expect(aws.sns.subscriptions(TopicArn)[0]?.attributes).toEqual({ FilterPolicy: '{"userName":["alice"]}' });
  await sns.send(new UnsubscribeCommand({ SubscriptionArn: pending?.arn }));
  expect(await counts()).toEqual(['0', '0']);
});

test('subscriptions are listed 100 at a time', async () => {
  const { aws, sns } = setUp();
  const TopicArn = aws.sns.addTopic(
    'big',
    Array.from({ length: 120 }, (_, i) => `u${i}@example.com`),
  );
  const first = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  const second = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken: first.NextToken }));
  expect([first.Subscriptions?.length, second.Subscriptions?.length, second.NextToken]).toEqual([100, 20, undefined]);
});

test('creating a topic twice answers with the same one', async () => {
  const { sns, TopicArn } = withTopic();
  expect((await sns.send(new CreateTopicCommand({ Name: 'keyturn' }))).TopicArn).toBe(TopicArn);
});

test('a message by protocol keeps its parts and its attributes', async () => {
  const { aws, publish, TopicArn } = withTopic();
  const Message = JSON.stringify({ default: '{"a":"<&\\n>"}', email: 'Hello\r\nalice' });
  const MessageAttributes = { userName: { DataType: 'String', StringValue: 'alice' } };
  const { MessageId } = await publish({ MessageStructure: 'json', Message, Subject: 'S', MessageAttributes });
  expect(aws.sns.published).toEqual([
    {
      at: aws.clock.now(),
      messageId: MessageId,
      topicArn: TopicArn,
      subject: 'S',
      message: { default: '{"a":"<&\\n>"}', email: 'Hello\r\nalice' },
      attributes: { userName: 'alice' },
    },
  ]);
});

test.each([
  ['a message by protocol without default', { MessageStructure: 'json', Message: '{"email":"x"}' }],
  ['a message by protocol that is no JSON', { MessageStructure: 'json', Message: 'x' }],
  ['a subject of 100 characters', { Subject: 'x'.repeat(100) }],
  ['a subject with a line break', { Subject: 'a\nb' }],
  ['a message above 256 KiB', { Message: 'x'.repeat(262_145) }],
])('%s is refused', async (_what, input) => {
  const { aws, publish } = withTopic();
  await expect(publish(input)).rejects.toBeInstanceOf(InvalidParameterException);
  expect(aws.sns.published).toEqual([]);
});

test('an attribute without a value is refused', async () => {
  const { publish } = withTopic();
  const empty = publish({ MessageAttributes: { owner: { DataType: 'String', StringValue: '' } } });
  await expect(empty).rejects.toBeInstanceOf(InvalidParameterValueException);
});

test('limits are accepted, and an unknown topic is not found', async () => {
  const { publish, TopicArn } = withTopic();
  await publish({ Subject: 'x'.repeat(99), Message: 'x'.repeat(262_144) });
  await expect(publish({ TopicArn: `${TopicArn}-other` })).rejects.toBeInstanceOf(NotFoundException);
});

describe('a filter', () => {
  const subscribe = (Endpoint: string, FilterPolicy: string) => ({
    Protocol: 'email',
    Endpoint,
    Attributes: { FilterPolicy },
  });

  test('lets through what has one of the values of each attribute; each protocol gets its own text', async () => {
    const { aws, sns, TopicArn, publish } = withTopic();
    const filter = '{"userName":["alice","bob"],"event":["issued"]}';
    await sns.send(new SubscribeCommand({ TopicArn, ...subscribe('a@example.com', filter) }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: 'arn:aws:sqs:eu-west-1:1:q' }));
    const [email] = aws.sns.subscriptions(TopicArn);
    const send = (userName: string, event: string) =>
      publish({
        MessageStructure: 'json',
        Message: JSON.stringify({ default: '{}', email: `${userName} ${event}` }),
        MessageAttributes: {
          userName: { DataType: 'String', StringValue: userName },
          event: { DataType: 'String', StringValue: event },
        },
      });
    await send('alice', 'issued');
    aws.sns.confirm(email?.arn ?? '');
    for (const [userName, event] of [
      ['alice', 'issued'],
      ['bob', 'issued'],
      ['bob', 'deleted'],
      ['eve', 'issued'],
    ]) {
      await send(userName ?? '', event ?? '');
    }
    const texts = (protocol: string) =>
      aws.sns.delivered.filter((each) => each.protocol === protocol).map(({ text }) => text);
    expect(texts('email')).toEqual(['alice issued', 'bob issued']);
    expect(texts('sqs')).toEqual(['{}', '{}', '{}', '{}', '{}']);
  });

  test('is told, with its scope, and whether the address has confirmed', async () => {
    const { aws, sns, TopicArn } = withTopic();
    await sns.send(new SubscribeCommand({ TopicArn, ...subscribe('a@example.com', '{"userName":["alice"]}') }));
    const [{ arn: SubscriptionArn = '' } = {}] = aws.sns.subscriptions(TopicArn);
    const attributes = async () =>
      (await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes;
    expect(await attributes()).toMatchObject({
      FilterPolicy: '{"userName":["alice"]}',
      FilterPolicyScope: 'MessageAttributes',
      PendingConfirmation: 'true',
    });
    aws.sns.confirm(SubscriptionArn);
    expect(await attributes()).toMatchObject({ PendingConfirmation: 'false', Endpoint: 'a@example.com' });
  });

  test.each([
    ['of six attributes', '{"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"],"f":["1"]}'],
    ['of 151 combinations', JSON.stringify({ a: Array.from({ length: 151 }, (_, n) => `${n}`) })],
    ['that is no JSON', 'alice'],
    ['that is no object', '["alice"]'],
    ['without a list', '{"userName":"alice"}'],
    ['with an empty list', '{"userName":[]}'],
    ['with an operator that there is not', '{"userName":[{"begins":"a"}]}'],
  ])('%s is refused, at first and later', async (_what, filter) => {
    const { aws, sns, TopicArn } = withTopic();
    const asked = sns.send(new SubscribeCommand({ TopicArn, ...subscribe('a@example.com', filter) }));
    await expect(asked).rejects.toBeInstanceOf(InvalidParameterException);
    await sns.send(new SubscribeCommand({ TopicArn, ...subscribe('a@example.com', '{"userName":["alice"]}') }));
    const [{ arn: SubscriptionArn = '', attributes } = {}] = aws.sns.subscriptions(TopicArn);
    const changed = { SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: filter };
    await expect(sns.send(new SetSubscriptionAttributesCommand(changed))).rejects.toBeInstanceOf(
      InvalidParameterException,
    );
    expect(aws.sns.subscriptions(TopicArn)[0]?.attributes).toEqual(attributes);
  });

  test('is one of 200 of its topic, and may still be changed when there are so many', async () => {
    const { aws, sns, TopicArn } = withTopic();
    const filtered = (n: number) =>
      sns.send(new SubscribeCommand({ TopicArn, ...subscribe(`u${n}@example.com`, `{"userName":["u${n}"]}`) }));
    for (let n = 0; n < 200; n++) await filtered(n);
    await expect(filtered(200)).rejects.toBeInstanceOf(FilterPolicyLimitExceededException);
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'all@example.com' }));
    const [first] = aws.sns.subscriptions(TopicArn);
    const change = { SubscriptionArn: first?.arn, AttributeName: 'FilterPolicy', AttributeValue: '{"owner":["a"]}' };
    await sns.send(new SetSubscriptionAttributesCommand(change));
    expect(aws.sns.subscriptions(TopicArn)).toHaveLength(201);
  });

  test('is not changed by subscribing again', async () => {
    const { aws, sns, TopicArn } = withTopic();
    const asked = (filter: string) =>
      sns.send(new SubscribeCommand({ TopicArn, ...subscribe('a@example.com', filter) }));
    await asked('{"userName":["alice"]}');
    await asked('{"userName":["alice"]}');
    await expect(asked('{"userName":["bob"]}')).rejects.toThrow(
      'Subscription already exists with different attributes',
    );
    expect(aws.sns.subscriptions(TopicArn)).toHaveLength(1);
  });
});
