import { AwsError } from '../errors.ts';
import { type Input, optionalText, text, textMap } from '../input.ts';
import type { Environment, Operations } from '../service.ts';
import { letsThrough } from './filter-policy.ts';
import { attributesOf, checkSubject, filterable, invalid, messageByProtocol } from './sns-message.ts';
import { createSubscriptions, type Subscription, scopeOf } from './sns-subscriptions.ts';

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

export function createSns(environment: Environment): Sns {
  const { accountId, region, random } = environment;
  const topics = new Map<string, { attributes: Record<string, string> }>();
  const published: PublishedMessage[] = [];
  const delivered: Delivery[] = [];
  const subscriptions = createSubscriptions(environment, topicOf);

  function topicOf(input: Input, name = 'TopicArn'): string {
    const arn = text(input, name);
    if (!topics.has(arn)) throw new AwsError(404, 'NotFound', 'Topic does not exist');
    return arn;
  }

  function createTopic(name: string, attributes: Record<string, string>): string {
    if (!/^[\w-]{1,256}(\.fifo)?$/.test(name)) throw invalid('Topic Name');
    const arn = `arn:aws:sns:${region}:${accountId}:${name}`;
    if (!topics.has(arn)) topics.set(arn, { attributes });
    return arn;
  }

  /** The confirmed subscriptions whose filters let a message through, each with its text. */
  function recipients(
    topicArn: string,
    facts: Readonly<Record<string, unknown>>,
    message: Readonly<Record<string, string>>,
  ): { subscription: Subscription; text: string }[] {
    return subscriptions
      .ofTopic(topicArn)
      .map((subscription) => ({ subscription, text: message[subscription.protocol] ?? message.default ?? '' }))
      .filter(({ subscription: { isConfirmed, attributes }, text: body }) => {
        const filter = { policy: attributes.FilterPolicy, scope: scopeOf(attributes) };
        return isConfirmed && letsThrough(filter, { attributes: facts, body });
      });
  }

  const operations: Operations = {
    ...subscriptions.operations,

    CreateTopic: (input) => ({ TopicArn: createTopic(text(input, 'Name'), textMap(input, 'Attributes')) }),

    GetTopicAttributes(input) {
      const topicArn = topicOf(input);
      const { confirmed, pending, deleted } = subscriptions.counts(topicArn);
      const attributes = {
        ...topics.get(topicArn)?.attributes,
        TopicArn: topicArn,
        Owner: accountId,
        SubscriptionsConfirmed: String(confirmed),
        SubscriptionsPending: String(pending),
        SubscriptionsDeleted: String(deleted),
      };
      return { Attributes: new Map(Object.entries(attributes)) };
    },

    Publish(input, { now }) {
      const topicArn = topicOf(input, input.TopicArn === undefined ? 'TargetArn' : 'TopicArn');
      const subject = optionalText(input, 'Subject');
      checkSubject(subject);
      if (Buffer.byteLength(text(input, 'Message')) > sizeLimit) throw invalid('Message too long');
      const message = messageByProtocol(input);
      const messageId = random.uuid();
      const typed = attributesOf(input);
      const attributes = Object.fromEntries(Object.entries(typed).map(([name, { value }]) => [name, value]));
      published.push({ at: now, messageId, topicArn, subject, message, attributes });
      for (const { subscription, text: own } of recipients(topicArn, filterable(typed), message)) {
        const { arn: subscriptionArn, protocol, endpoint } = subscription;
        delivered.push({ subscriptionArn, messageId, protocol, endpoint, text: own });
      }
      return { MessageId: messageId };
    },
  };

  return {
    operations,
    published,
    delivered,
    addTopic(name, emails = ['operators@example.com']) {
      const topicArn = createTopic(name, {});
      for (const email of emails) subscriptions.confirm(subscriptions.subscribe(topicArn, 'email', email, {}).arn);
      return topicArn;
    },
    subscribe(topicArn, protocol, endpoint, attributes = {}) {
      const { arn } = subscriptions.subscribe(topicArn, protocol, endpoint, attributes);
      subscriptions.confirm(arn);
      return arn;
    },
    subscriptions: subscriptions.ofTopic,
    confirm: subscriptions.confirm,
    unsubscribeByLink: subscriptions.unsubscribeByLink,
    recipientsOf: (topicArn, attributes, body = '') =>
      recipients(topicArn, attributes, { default: body }).map(({ subscription }) => subscription.endpoint),
  };
}
