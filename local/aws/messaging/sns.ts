import { AwsError } from '../errors.ts';
import { type Input, optionalText, text, textMap } from '../input.ts';
import { type Environment, type Operations, type OperationsOn, operationsOn } from '../service.ts';
import { letsThrough } from './filter-policy.ts';
import { attributesOf, checkSubject, filterable, invalid, messageByProtocol } from './sns-message.ts';
import { createSubscriptions, type Subscription, type Subscriptions, scopeOf } from './sns-subscriptions.ts';

export interface PublishedMessage {
  readonly at: number;
  readonly messageId: string;
  readonly topicArn: string;
  readonly subject: string | undefined;
  /** By protocol; a message without structure is under `default` alone. */
  readonly message: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a confirmed subscription got of a message: the text for its protocol, or the default. */
export interface Delivery {
  readonly subscriptionArn: string;
  readonly messageId: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly text: string;
}

/** SNS as this service uses it. https://docs.aws.amazon.com/sns/latest/api/ */
export interface Sns {
  readonly operations: Operations;
  readonly published: PublishedMessage[];
  readonly delivered: Delivery[];
  /** A topic with one confirmed email subscription, or as many as there are endpoints. */
  addTopic(name: string, emails?: readonly string[]): string;
  subscriptions(topicArn: string): Subscription[];
  /** A subscription that is confirmed already, with a filter if wanted. Its ARN. */
  subscribe(
    topicArn: string,
    protocol: string,
    endpoint: string,
    attributes?: Readonly<Record<string, string>>,
  ): string;
  /** What the owner of a mailbox does with the link in the confirmation message. */
  confirm(subscriptionArn: string): void;
  /** What the link at the end of each email does: the subscription is over, and listed as `Deleted` for three days. */
  unsubscribeByLink(subscriptionArn: string): void;
  /**
   * The endpoints that would get a message with these attributes, all of type String, and this text: what a filter
   * really lets through, whatever a service believes of it. Nothing is published.
   */
  recipientsOf(topicArn: string, attributes: Readonly<Record<string, string>>, body?: string): string[];
}

const sizeLimit = 262_144;

/** The topics of an account, who is subscribed to them, and what became of each message. */
interface Account {
  readonly environment: Environment;
  /** Attributes by ARN. */
  readonly topics: Map<string, Readonly<Record<string, string>>>;
  readonly subscriptions: Subscriptions;
  readonly published: PublishedMessage[];
  readonly delivered: Delivery[];
  readonly toQueue: ToQueue;
}

/** Puts a message into the queue of that ARN, if it is there. */
export type ToQueue = (queueArn: string, body: string) => void;

function topicOf(topics: Account['topics'], input: Input, name = 'TopicArn'): string {
  const arn = text(input, name);
  if (!topics.has(arn)) throw new AwsError(404, 'NotFound', 'Topic does not exist');
  return arn;
}

function createTopic({ environment, topics }: Account, name: string, attributes: Record<string, string>): string {
  if (!/^[\w-]{1,256}(\.fifo)?$/.test(name)) throw invalid('Topic Name');
  const arn = `arn:aws:sns:${environment.region}:${environment.accountId}:${name}`;
  if (!topics.has(arn)) topics.set(arn, attributes);
  return arn;
}

interface Message {
  /** Facts that filters look at. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** By protocol. */
  readonly texts: Readonly<Record<string, string>>;
}

/** The confirmed subscriptions whose filters let a message through, each with its text. */
function recipients({ subscriptions }: Account, topicArn: string, { attributes: facts, texts }: Message) {
  return subscriptions
    .ofTopic(topicArn)
    .map((subscription) => ({ subscription, text: texts[subscription.protocol] ?? texts.default ?? '' }))
    .filter(({ subscription: { isConfirmed, attributes }, text: body }) => {
      const filter = { policy: attributes.FilterPolicy, scope: scopeOf(attributes) };
      return isConfirmed && letsThrough(filter, { attributes: facts, body });
    });
}

const operations: OperationsOn<Account> = {
  CreateTopic: (account, input) => ({
    TopicArn: createTopic(account, text(input, 'Name'), textMap(input, 'Attributes')),
  }),

  GetTopicAttributes({ environment, topics, subscriptions }, input) {
    const topicArn = topicOf(topics, input);
    const { confirmed, pending, deleted } = subscriptions.counts(topicArn);
    const attributes = {
      ...topics.get(topicArn),
      TopicArn: topicArn,
      Owner: environment.accountId,
      SubscriptionsConfirmed: String(confirmed),
      SubscriptionsPending: String(pending),
      SubscriptionsDeleted: String(deleted),
    };
    return { Attributes: new Map(Object.entries(attributes)) };
  },

  Publish(account, input, { now }) {
    const topicArn = topicOf(account.topics, input, input.TopicArn === undefined ? 'TargetArn' : 'TopicArn');
    const subject = optionalText(input, 'Subject');
    checkSubject(subject);
    if (Buffer.byteLength(text(input, 'Message')) > sizeLimit) throw invalid('Message too long');
    const message = messageByProtocol(input);
    const messageId = account.environment.random.uuid();
    const typed = attributesOf(input);
    const attributes = Object.fromEntries(Object.entries(typed).map(([name, { value }]) => [name, value]));
    account.published.push({ at: now, messageId, topicArn, subject, message, attributes });
    const sent = { attributes: filterable(typed), texts: message };
    for (const { subscription, text: own } of recipients(account, topicArn, sent)) {
      const { arn: subscriptionArn, protocol, endpoint } = subscription;
      account.delivered.push({ subscriptionArn, messageId, protocol, endpoint, text: own });
      if (protocol === 'sqs' && isDeliverable(subscription, typed)) {
        account.toQueue(endpoint, queueBody(subscription, { messageId, topicArn, subject, text: own, at: now }));
      }
    }
    return { MessageId: messageId };
  },
};

const longestRaw = 10;

/** https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html */
function isDeliverable({ attributes }: Subscription, typed: Readonly<Record<string, unknown>>): boolean {
  return attributes.RawMessageDelivery !== 'true' || Object.keys(typed).length <= longestRaw;
}

interface Sent {
  readonly messageId: string;
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly text: string;
  readonly at: number;
}

function queueBody({ attributes }: Subscription, { messageId, topicArn, subject, text: Message, at }: Sent): string {
  if (attributes.RawMessageDelivery === 'true') return Message;
  const Timestamp = new Date(at).toISOString();
  return JSON.stringify({
    Type: 'Notification',
    MessageId: messageId,
    TopicArn: topicArn,
    Subject: subject,
    Message,
    Timestamp,
  });
}

export function createSns(environment: Environment, toQueue: ToQueue): Sns {
  const topics: Account['topics'] = new Map();
  const subscriptions = createSubscriptions(environment, (input) => topicOf(topics, input));
  const account: Account = { environment, topics, subscriptions, published: [], delivered: [], toQueue };
  return {
    operations: { ...subscriptions.operations, ...operationsOn(account, operations) },
    published: account.published,
    delivered: account.delivered,
    addTopic(name, emails = ['operators@example.com']) {
      const topicArn = createTopic(account, name, {});
      for (const endpoint of emails) {
        subscriptions.confirm(subscriptions.subscribe({ topicArn, protocol: 'email', endpoint }).arn);
      }
      return topicArn;
    },
    subscribe(topicArn, protocol, endpoint, attributes = {}) {
      const { arn } = subscriptions.subscribe({ topicArn, protocol, endpoint, attributes });
      subscriptions.confirm(arn);
      return arn;
    },
    subscriptions: subscriptions.ofTopic,
    confirm: subscriptions.confirm,
    unsubscribeByLink: subscriptions.unsubscribeByLink,
    recipientsOf: (topicArn, attributes, body = '') =>
      recipients(account, topicArn, { attributes, texts: { default: body } }).map(
        ({ subscription }) => subscription.endpoint,
      ),
  };
}
