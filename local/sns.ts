import { AwsError } from './errors.ts';
import { letsThrough, parseFilterPolicy } from './filter-policy.ts';
import { flag, type Input, isRecord, optionalText, record, text, textMap } from './input.ts';
import type { Environment, Operations } from './service.ts';

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly token: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly isConfirmed: boolean;
}

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
  /** A subscription that is confirmed already. */
  subscribe(topicArn: string, protocol: string, endpoint: string): void;
  /** What the owner of a mailbox does with the link in the confirmation message. */
  confirm(subscriptionArn: string): void;
}

const sizeLimit = 262_144;
const subscriptionsPerPage = 100;
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
const filterPoliciesPerTopic = 200;
// Only these wait for somebody to confirm; a queue or a function of the same account is confirmed at once.
const confirmedByHand = ['email', 'email-json', 'http', 'https'];

const invalid = (message: string) => new AwsError(400, 'InvalidParameter', `Invalid parameter: ${message}`);

function messageByProtocol(input: Input): Record<string, string> {
  const message = text(input, 'Message');
  if (message === '') throw invalid('Empty message');
  if (optionalText(input, 'MessageStructure') !== 'json') return { default: message };
  let parsed: unknown;
  try {
    parsed = JSON.parse(message);
  } catch {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  if (!isRecord(parsed) || typeof parsed.default !== 'string') {
    throw invalid('Message Structure - No default entry in JSON message body');
  }
  // Values that are not text are ignored, as AWS does for unknown protocols.
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([protocol, value]) => (typeof value === 'string' ? [[protocol, value]] : [])),
  );
}

function checkSubject(subject: string | undefined): void {
  // "UTF-8 text with no line breaks or control characters, and less than 100 characters long".
  // https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
  if (subject !== undefined && (subject === '' || subject.length > 99 || /\p{Cc}/u.test(subject))) {
    throw invalid('Subject');
  }
}

function attributesOf(input: Input): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(record(input, 'MessageAttributes'))) {
    const type = isRecord(value) ? value.DataType : undefined;
    const content = isRecord(value) ? (value.StringValue ?? value.BinaryValue) : undefined;
    if (typeof type !== 'string' || !/^(String|String\.Array|Number|Binary)(\..+)?$/.test(type)) {
      throw new AwsError(400, 'ParameterValueInvalid', `The message attribute '${name}' has an invalid type.`);
    }
    if (typeof content !== 'string' || content === '') {
      throw new AwsError(
        400,
        'ParameterValueInvalid',
        `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`,
      );
    }
    result[name] = content;
  }
  return result;
}

export function createSns(environment: Environment): Sns {
  const { accountId, region, random } = environment;
  const topics = new Map<string, { attributes: Record<string, string> }>();
  const subscriptions = new Map<string, Subscription>();
  const published: PublishedMessage[] = [];
  const delivered: Delivery[] = [];

  function topicOf(input: Input, name = 'TopicArn'): string {
    const arn = text(input, name);
    if (!topics.has(arn)) throw new AwsError(404, 'NotFound', 'Topic does not exist');
    return arn;
  }

  const ofTopic = (topicArn: string) => [...subscriptions.values()].filter((item) => item.topicArn === topicArn);

  function subscribe(topicArn: string, protocol: string, endpoint: string, attributes: Record<string, string>) {
    const same = ofTopic(topicArn).find((item) => item.protocol === protocol && item.endpoint === endpoint);
    if (same !== undefined) {
      // [LS] sns test_subscribe_idempotency
      const differs = Object.entries(attributes).some(([name, value]) => same.attributes[name] !== value);
      if (differs) throw invalid('Attributes Reason: Subscription already exists with different attributes');
      return same;
    }
    checkFilterPolicy(topicArn, attributes.FilterPolicy, undefined);
    const subscription: Subscription = {
      arn: `${topicArn}:${random.uuid()}`,
      topicArn,
      protocol,
      endpoint,
      token: random.text(64, '0123456789abcdef'),
      attributes,
      isConfirmed: !confirmedByHand.includes(protocol),
    };
    subscriptions.set(subscription.arn, subscription);
    return subscription;
  }

  function checkFilterPolicy(topicArn: string, policy: string | undefined, before: string | undefined): void {
    if (policy === undefined) return;
    parseFilterPolicy(policy);
    const others = ofTopic(topicArn).filter(({ attributes }) => attributes.FilterPolicy !== undefined).length;
    if (before === undefined && others >= filterPoliciesPerTopic) {
      const message = `Total number of filter policies for the topic exceeds ${filterPoliciesPerTopic}.`;
      throw new AwsError(403, 'FilterPolicyLimitExceeded', message);
    }
  }

  function subscriptionOf(input: Input): Subscription {
    const subscription = subscriptions.get(text(input, 'SubscriptionArn'));
    if (subscription === undefined) throw new AwsError(404, 'NotFound', 'Subscription does not exist');
    return subscription;
  }

  function confirm(subscription: Subscription): void {
    subscriptions.set(subscription.arn, { ...subscription, isConfirmed: true });
  }

  function createTopic(name: string, attributes: Record<string, string>): string {
    if (!/^[\w-]{1,256}(\.fifo)?$/.test(name)) throw invalid('Topic Name');
    const arn = `arn:aws:sns:${region}:${accountId}:${name}`;
    if (!topics.has(arn)) topics.set(arn, { attributes });
    return arn;
  }

  const operations: Operations = {
    CreateTopic: (input) => ({ TopicArn: createTopic(text(input, 'Name'), textMap(input, 'Attributes')) }),

    GetTopicAttributes(input) {
      const topicArn = topicOf(input);
      const all = ofTopic(topicArn);
      const confirmed = all.filter((item) => item.isConfirmed).length;
      const attributes = {
        ...topics.get(topicArn)?.attributes,
        TopicArn: topicArn,
        Owner: accountId,
        SubscriptionsConfirmed: String(confirmed),
        SubscriptionsPending: String(all.length - confirmed),
        SubscriptionsDeleted: '0',
      };
      return { Attributes: new Map(Object.entries(attributes)) };
    },

    Subscribe(input) {
      const protocol = text(input, 'Protocol');
      const endpoint = text(input, 'Endpoint');
      if (protocol.startsWith('email') && !/^[^@\s]+@[^@\s]+$/.test(endpoint)) throw invalid('Email address');
      const subscription = subscribe(topicOf(input), protocol, endpoint, textMap(input, 'Attributes'));
      const showsArn = subscription.isConfirmed || flag(input, 'ReturnSubscriptionArn');
      return { SubscriptionArn: showsArn ? subscription.arn : 'pending confirmation' };
    },

    ConfirmSubscription(input) {
      const topicArn = topicOf(input);
      const token = text(input, 'Token');
      const subscription = ofTopic(topicArn).find((item) => item.token === token);
      if (subscription === undefined) throw invalid('Token');
      confirm(subscription);
      return { SubscriptionArn: subscription.arn };
    },

    Unsubscribe(input) {
      // Not an error for an unknown subscription: AWS answers alike.
      subscriptions.delete(text(input, 'SubscriptionArn'));
    },

    SetSubscriptionAttributes(input) {
      const subscription = subscriptionOf(input);
      const name = text(input, 'AttributeName');
      const value = optionalText(input, 'AttributeValue') ?? '';
      if (name === 'FilterPolicy')
        checkFilterPolicy(subscription.topicArn, value, subscription.attributes.FilterPolicy);
      const attributes = { ...subscription.attributes, [name]: value };
      subscriptions.set(subscription.arn, { ...subscription, attributes });
    },

    GetSubscriptionAttributes(input) {
      const { arn, topicArn, protocol, endpoint, isConfirmed, attributes } = subscriptionOf(input);
      const scope = attributes.FilterPolicy === undefined ? {} : { FilterPolicyScope: 'MessageAttributes' };
      const all = {
        SubscriptionArn: arn,
        TopicArn: topicArn,
        Protocol: protocol,
        Endpoint: endpoint,
        Owner: accountId,
        PendingConfirmation: String(!isConfirmed),
        RawMessageDelivery: 'false',
        ...scope,
        ...attributes,
      };
      return { Attributes: new Map(Object.entries(all)) };
    },

    ListSubscriptionsByTopic(input) {
      const all = ofTopic(topicOf(input));
      const from = Number(optionalText(input, 'NextToken') ?? 0);
      if (!Number.isInteger(from)) throw invalid('NextToken');
      const end = from + Math.min(subscriptionsPerPage, environment.pageSize ?? subscriptionsPerPage);
      const members = all.slice(from, end).map((item) => ({
        SubscriptionArn: item.isConfirmed ? item.arn : 'PendingConfirmation',
        Owner: accountId,
        Protocol: item.protocol,
        Endpoint: item.endpoint,
        TopicArn: item.topicArn,
      }));
      return { Subscriptions: members, NextToken: end < all.length ? String(end) : undefined };
    },

    Publish(input, { now }) {
      const topicArn = topicOf(input, input.TopicArn === undefined ? 'TargetArn' : 'TopicArn');
      const subject = optionalText(input, 'Subject');
      checkSubject(subject);
      if (Buffer.byteLength(text(input, 'Message')) > sizeLimit) throw invalid('Message too long');
      const message = messageByProtocol(input);
      const messageId = random.uuid();
      const attributes = attributesOf(input);
      published.push({ at: now, messageId, topicArn, subject, message, attributes });
      for (const { protocol, endpoint, isConfirmed, attributes: wanted } of ofTopic(topicArn)) {
        if (!isConfirmed || !letsThrough(wanted.FilterPolicy, attributes)) continue;
        delivered.push({ messageId, protocol, endpoint, text: message[protocol] ?? message.default ?? '' });
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
      for (const email of emails) confirm(subscribe(topicArn, 'email', email, {}));
      return topicArn;
    },
    subscribe: (topicArn, protocol, endpoint) => confirm(subscribe(topicArn, protocol, endpoint, {})),
    subscriptions: ofTopic,
    confirm(subscriptionArn) {
      const subscription = subscriptions.get(subscriptionArn);
      if (subscription === undefined) throw new Error(`The local AWS has no subscription ${subscriptionArn}.`);
      confirm(subscription);
    },
  };
}
