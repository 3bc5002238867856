import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  type PublishCommandInput,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { scenario } from '../scenario.ts';
import type { Side } from '../side.ts';

const TopicArn = 'arn:aws:sns:eu-west-1:111122223333:keyturn';
const queueArn = 'arn:aws:sqs:eu-west-1:111122223333:q';

const topic = ({ sns }: Side) => sns.send(new CreateTopicCommand({ Name: 'keyturn' }));

async function queueSubscription(side: Side): Promise<string | undefined> {
  await topic(side);
  const answer = await side.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn }));
  return answer.SubscriptionArn;
}

const filtered =
  (filter: string) =>
  ({ sns }: Side) =>
    sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn, Attributes: { FilterPolicy: filter } }),
    );

async function filteredSubscription(side: Side): Promise<string | undefined> {
  await topic(side);
  return (await filtered('{"userName":["alice"]}')(side)).SubscriptionArn;
}

/** The attributes that this service reads. */
async function subscription({ sns }: Side, SubscriptionArn: string | undefined): Promise<unknown> {
  const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
  const { FilterPolicy, FilterPolicyScope, Protocol, Endpoint, Owner } = Attributes ?? {};
  return { FilterPolicy, FilterPolicyScope, Protocol, Endpoint, Owner, TopicArn: Attributes?.TopicArn };
}

/** A filter with so many keys, each with so many texts. */
const filterOf = (keys: number, texts: number) =>
  JSON.stringify(
    Object.fromEntries(
      Array.from({ length: keys }, (_, k) => [`k${k}`, Array.from({ length: texts }, (_, n) => `${n}`)]),
    ),
  );

async function emailSubscription(side: Side): Promise<void> {
  await topic(side);
  await side.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'ops@example.com' }));
}

/** The attributes that this service reads. */
async function counts({ sns }: Side): Promise<unknown> {
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
  const { SubscriptionsConfirmed, SubscriptionsPending, SubscriptionsDeleted, Owner } = Attributes ?? {};
  return { SubscriptionsConfirmed, SubscriptionsPending, SubscriptionsDeleted, Owner, TopicArn: Attributes?.TopicArn };
}

const list = ({ sns }: Side) => sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
const publish =
  (input: PublishCommandInput) =>
  ({ sns }: Side) =>
    sns.send(new PublishCommand({ TopicArn, ...input }));

const text = (StringValue: string) => ({ DataType: 'String', StringValue });

export const snsScenarios = [
  scenario('CreateTopic', { call: topic }),
  scenario('CreateTopic twice', { given: topic, call: topic }),
  scenario('CreateTopic with a space in the name', {
    call: ({ sns }) => sns.send(new CreateTopicCommand({ Name: 'a b' })),
  }),
  scenario('GetTopicAttributes of a topic without subscriptions', { given: topic, call: counts }),
  scenario('GetTopicAttributes of a topic with a queue', { given: queueSubscription, call: counts }),
  scenario('GetTopicAttributes of a topic with an address that has not confirmed', {
    given: emailSubscription,
    call: counts,
  }),
  scenario('GetTopicAttributes of a topic that is not there', { call: counts }),
  scenario('Subscribe an address', {
    given: topic,
    call: ({ sns }) => sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'ops@example.com' })),
    after: list,
  }),
  scenario('Subscribe a queue', {
    given: topic,
    call: ({ sns }) => sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn })),
    after: list,
  }),
  scenario('Subscribe to a topic that is not there', {
    call: ({ sns }) => sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn })),
  }),
  scenario('Subscribe a queue with a filter', { given: topic, call: filtered('{"userName":["alice"]}'), after: list }),
  scenario('Subscribe a queue with the same filter again', {
    given: filteredSubscription,
    call: filtered('{"userName":["alice"]}'),
    after: list,
  }),
  scenario('Subscribe a queue with another filter', {
    given: filteredSubscription,
    call: filtered('{"userName":["bob"]}'),
    after: list,
  }),
  scenario('Subscribe with a filter that is no JSON', { given: topic, call: filtered('alice') }),
  scenario('Subscribe with a filter that has no list', { given: topic, call: filtered('{"userName":"alice"}') }),
  scenario('Subscribe with a filter of 5 keys', { given: topic, call: filtered(filterOf(5, 1)) }),
  scenario('Subscribe with a filter of 6 keys', { given: topic, call: filtered(filterOf(6, 1)) }),
  scenario('Subscribe with a filter of 150 combinations', { given: topic, call: filtered(filterOf(1, 150)) }),
  scenario('Subscribe with a filter of 151 combinations', { given: topic, call: filtered(filterOf(1, 151)) }),
  scenario('GetSubscriptionAttributes of a queue', { given: queueSubscription, call: subscription }),
  scenario('GetSubscriptionAttributes of a queue with a filter', { given: filteredSubscription, call: subscription }),
  scenario('GetSubscriptionAttributes of a subscription that is not there', {
    given: topic,
    call: (side) => subscription(side, `${TopicArn}:00000000-0000-0000-0000-000000000000`),
  }),
  scenario('ConfirmSubscription with a wrong token', {
    given: emailSubscription,
    call: ({ sns }) => sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: 'wrong' })),
  }),
  scenario('SetSubscriptionAttributes', {
    given: queueSubscription,
    call: ({ sns }, SubscriptionArn) =>
      sns.send(
        new SetSubscriptionAttributesCommand({
          SubscriptionArn,
          AttributeName: 'FilterPolicy',
          AttributeValue: '{"userName":["alice"]}',
        }),
      ),
  }),
  scenario('SetSubscriptionAttributes of a subscription that is not there', {
    given: topic,
    call: ({ sns }) =>
      sns.send(
        new SetSubscriptionAttributesCommand({
          SubscriptionArn: `${TopicArn}:00000000-0000-0000-0000-000000000000`,
          AttributeName: 'RawMessageDelivery',
          AttributeValue: 'true',
        }),
      ),
  }),
  scenario('Unsubscribe', {
    given: queueSubscription,
    call: ({ sns }, SubscriptionArn) => sns.send(new UnsubscribeCommand({ SubscriptionArn })),
    after: list,
  }),
  scenario('ListSubscriptionsByTopic of a topic that is not there', { call: list }),
  scenario('Publish as text', { given: topic, call: publish({ Message: 'hello', Subject: 'A subject' }) }),
  scenario('Publish by protocol, with attributes', {
    given: topic,
    call: publish({
      MessageStructure: 'json',
      Message: JSON.stringify({ default: '{"schemaVersion":1}', email: 'hello' }),
      MessageAttributes: { userName: text('alice'), event: text('issued') },
    }),
  }),
  scenario('Publish by protocol without a default', {
    given: topic,
    call: publish({ MessageStructure: 'json', Message: '{"email":"hello"}' }),
  }),
  scenario('Publish by protocol what is no JSON', {
    given: topic,
    call: publish({ MessageStructure: 'json', Message: 'hello' }),
  }),
  scenario('Publish with a subject of 99 characters', {
    given: topic,
    call: publish({ Message: 'hello', Subject: 'x'.repeat(99) }),
  }),
  scenario('Publish with a subject of 101 characters', {
    given: topic,
    call: publish({ Message: 'hello', Subject: 'x'.repeat(101) }),
  }),
  scenario('Publish with a line break in the subject', {
    given: topic,
    call: publish({ Message: 'hello', Subject: 'two\nlines' }),
  }),
  scenario('Publish with an empty attribute', {
    given: topic,
    call: publish({ Message: 'hello', MessageAttributes: { userName: text('') } }),
  }),
  scenario('Publish with 262,144 bytes', { given: topic, call: publish({ Message: 'x'.repeat(262_144) }) }),
  scenario('Publish with 262,145 bytes', { given: topic, call: publish({ Message: 'x'.repeat(262_145) }) }),
  scenario('Publish without text', { given: topic, call: publish({ Message: '' }) }),
  scenario('Publish to a topic that is not there', { call: publish({ Message: 'hello' }) }),
];
