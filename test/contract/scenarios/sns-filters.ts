import {
  CreateTopicCommand,
  ListSubscriptionsByTopicCommand,
  type MessageAttributeValue,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { type Scenario, scenario } from '../scenario.ts';
import type { Side } from '../side.ts';

const TopicArn = 'arn:aws:sns:eu-west-1:111122223333:keyturn';
const Endpoint = 'arn:aws:sqs:eu-west-1:111122223333:q';

const subscribe = ({ sns }: Side, policy: unknown, FilterPolicyScope = 'MessageAttributes') =>
  sns.send(
    new SubscribeCommand({
      ...{ TopicArn, Protocol: 'sqs', Endpoint },
      Attributes: { FilterPolicy: JSON.stringify(policy), FilterPolicyScope, RawMessageDelivery: 'true' },
    }),
  );

async function topicAndQueue({ sns, sqs }: Side): Promise<string> {
  await sns.send(new CreateTopicCommand({ Name: 'keyturn' }));
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  return QueueUrl;
}

type Sent = Readonly<Record<string, string | number | readonly unknown[]>>;

/** Each value in the type of attribute that it has. */
function attributesOf(sent: Sent): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]) => {
      if (typeof value === 'string') return [name, { DataType: 'String', StringValue: value }];
      if (typeof value === 'number') return [name, { DataType: 'Number', StringValue: String(value) }];
      return [name, { DataType: 'String.Array', StringValue: JSON.stringify(value) }];
    }),
  );
}

/** Which of the messages a filter lets through, by attributes or by body. */
function through(policy: unknown, messages: readonly Sent[], scope = 'MessageAttributes'): Scenario {
  return scenario(`Publish through ${JSON.stringify(policy)} of ${scope}`, {
    given: topicAndQueue,
    async call(side, queueUrl) {
      await subscribe(side, policy, scope);
      for (const [n, sent] of messages.entries()) {
        const isBody = scope === 'MessageBody';
        const MessageAttributes = isBody ? undefined : attributesOf({ ...sent, n: String(n) });
        const Message = isBody ? JSON.stringify({ ...sent, n: String(n) }) : String(n);
        await side.sns.send(new PublishCommand({ TopicArn, Message, MessageAttributes }));
      }
      return [...(await side.delivered(queueUrl))].toSorted();
    },
  });
}

const a = (value: Sent[string]): Sent => ({ a: value });

export const filterScenarios: readonly Scenario[] = [
  through({ a: ['x', 'y'] }, [a('x'), a('y'), a('z'), {}, a(['z', 'y'])]),
  through({ a: ['x'], b: ['y'] }, [a('x'), { a: 'x', b: 'y' }, { a: 'z', b: 'y' }]),
  through({ a: [1] }, [a(1), a('1'), a([1]), a(2)]),
  through({ a: [true, null] }, [a([true]), a([null]), a(['true']), a([false])]),
  through({ a: [{ prefix: 'al' }] }, [a('alice'), a('bob'), {}]),
  through({ a: [{ suffix: 'ce' }] }, [a('alice'), a('bob'), {}]),
  through({ a: [{ 'equals-ignore-case': 'Bob' }] }, [a('BOB'), a('bobby')]),
  through({ a: [{ 'anything-but': ['bob', 'eve'] }] }, [a('bob'), a('alice'), {}]),
  through({ a: [{ 'anything-but': { prefix: 'al' } }] }, [a('bob'), a('alice'), {}]),
  through({ a: [{ exists: true }] }, [a('bob'), {}]),
  through({ a: [{ exists: false }] }, [a('bob'), {}]),
  through({ a: [{ numeric: ['>', 0, '<=', 150] }] }, [a(0), a(150), a(150.1), a('5')]),
  through({ a: [{ numeric: ['=', 301.5] }] }, [a(301.5), a(301)]),
  through({ $or: [{ a: ['x'] }, { b: ['y'] }] }, [a('x'), { b: 'y' }, { a: 'y', b: 'x' }]),
  through({ a: ['x'] }, [a('x'), a('y'), a(['y', 'x']), {}], 'MessageBody'),
  through(
    { a: [{ prefix: 'al' }], b: [{ numeric: ['<', 5] }] },
    [
      { a: 'alice', b: 4 },
      { a: 'alice', b: 5 },
    ],
    'MessageBody',
  ),
  scenario('Subscribe with a filter in a filter, by attributes', {
    given: topicAndQueue,
    call: (side) => subscribe(side, { a: { b: ['c'] } }),
  }),
  scenario('Subscribe with a filter in a filter, by body', {
    given: topicAndQueue,
    call: (side) => subscribe(side, { a: { b: ['c'] } }, 'MessageBody'),
  }),
  scenario('Subscribe with an operator that there is not', {
    given: topicAndQueue,
    call: (side) => subscribe(side, { a: [{ begins: 'x' }] }),
  }),
  scenario('SetSubscriptionAttributes with a scope that there is not', {
    async given(side) {
      await topicAndQueue(side);
      return (await subscribe(side, { a: ['x'] })).SubscriptionArn;
    },
    call: ({ sns }, SubscriptionArn) =>
      sns.send(
        new SetSubscriptionAttributesCommand({
          ...{ SubscriptionArn, AttributeName: 'FilterPolicyScope', AttributeValue: 'Everything' },
        }),
      ),
  }),
  scenario('ListSubscriptionsByTopic by pages of 100', {
    async given({ sns }) {
      await sns.send(new CreateTopicCommand({ Name: 'keyturn' }));
      for (let n = 0; n < 101; n++) {
        await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: `${Endpoint}${n}` }));
      }
    },
    async call({ sns }) {
      const first = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
      const second = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken: first.NextToken }));
      return [first, second].map(({ Subscriptions, NextToken }) => [Subscriptions?.length, NextToken !== undefined]);
    },
  }),
];
