import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
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
import { expect, test } from 'vitest';
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
