import { DAY } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { flag, type Input, optionalText, text, textMap } from '../input.ts';
import type { Environment, Operations } from '../service.ts';
import { type FilterScope, parseFilterPolicy } from './filter-policy.ts';
import { invalid } from './sns-message.ts';

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly token: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly isConfirmed: boolean;
  /** When somebody unsubscribed by the link in an email; AWS lists it for some days more. */
  readonly deletedAt: number | undefined;
}

/** The subscriptions of all topics of an account. */
export interface Subscriptions {
  readonly operations: Operations;
  /** Those that are not deleted. */
  ofTopic(topicArn: string): Subscription[];
  counts(topicArn: string): { confirmed: number; pending: number; deleted: number };
  subscribe(
    topicArn: string,
    protocol: string,
    endpoint: string,
    attributes: Readonly<Record<string, string>>,
  ): Subscription;
  confirm(subscriptionArn: string): void;
  unsubscribeByLink(subscriptionArn: string): void;
}

const subscriptionsPerPage = 100;
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
const filterPoliciesPerTopic = 200;
// Only these wait for somebody to confirm; a queue or a function of the same account is confirmed at once.
const confirmedByHand = ['email', 'email-json', 'http', 'https'];
/** A deleted subscription stays in lists for 72 hours. */
const listedMs = 3 * DAY;
const scopes: readonly string[] = ['MessageAttributes', 'MessageBody'] satisfies FilterScope[];

/** What a subscription's filter looks at. */
export function scopeOf({ FilterPolicyScope }: Readonly<Record<string, string>>): FilterScope {
  return FilterPolicyScope === 'MessageBody' ? 'MessageBody' : 'MessageAttributes';
}

export function createSubscriptions(environment: Environment, topicOf: (input: Input) => string): Subscriptions {
  const { accountId, clock, random } = environment;
  const subscriptions = new Map<string, Subscription>();

  const listed = (topicArn: string) =>
    [...subscriptions.values()].filter(
      (item) => item.topicArn === topicArn && clock.now() < (item.deletedAt ?? clock.now()) + listedMs,
    );
  const ofTopic = (topicArn: string) => listed(topicArn).filter(({ deletedAt }) => deletedAt === undefined);

  function subscribe(
    topicArn: string,
    protocol: string,
    endpoint: string,
    attributes: Readonly<Record<string, string>>,
  ) {
    const same = ofTopic(topicArn).find((item) => item.protocol === protocol && item.endpoint === endpoint);
    if (same !== undefined) {
      // [LS] sns test_subscribe_idempotency
      const differs = Object.entries(attributes).some(([name, value]) => same.attributes[name] !== value);
      if (differs) throw invalid('Attributes Reason: Subscription already exists with different attributes');
      return same;
    }
    checkFilter(topicArn, attributes, undefined);
    const subscription: Subscription = {
      arn: `${topicArn}:${random.uuid()}`,
      topicArn,
      protocol,
      endpoint,
      token: random.text(64, '0123456789abcdef'),
      attributes,
      isConfirmed: !confirmedByHand.includes(protocol),
      deletedAt: undefined,
    };
    subscriptions.set(subscription.arn, subscription);
    return subscription;
  }

  function checkFilter(
    topicArn: string,
    attributes: Readonly<Record<string, string>>,
    before: string | undefined,
  ): void {
    const { FilterPolicy: policy, FilterPolicyScope: scope } = attributes;
    if (scope !== undefined && !scopes.includes(scope))
      throw invalid(`FilterPolicyScope: Invalid value [${scope}]. Please use either MessageBody or MessageAttributes`);
    if (policy === undefined) return;
    parseFilterPolicy(policy, scopeOf(attributes));
    const others = ofTopic(topicArn).filter(({ attributes }) => attributes.FilterPolicy !== undefined).length;
    if (before === undefined && others >= filterPoliciesPerTopic) {
      const message = `Total number of filter policies for the topic exceeds ${filterPoliciesPerTopic}.`;
      throw new AwsError(403, 'FilterPolicyLimitExceeded', message);
    }
  }

  function subscriptionOf(input: Input): Subscription {
    const subscription = subscriptions.get(text(input, 'SubscriptionArn'));
    if (subscription === undefined || subscription.deletedAt !== undefined) {
      throw new AwsError(404, 'NotFound', 'Subscription does not exist');
    }
    return subscription;
  }

  function existing(subscriptionArn: string): Subscription {
    const subscription = subscriptions.get(subscriptionArn);
    if (subscription === undefined) throw new Error(`The local AWS has no subscription ${subscriptionArn}.`);
    return subscription;
  }

  function confirm(subscriptionArn: string): void {
    subscriptions.set(subscriptionArn, { ...existing(subscriptionArn), isConfirmed: true });
  }

  const operations: Operations = {
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
      confirm(subscription.arn);
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
      const attributes = { ...subscription.attributes, [name]: value };
      if (name.startsWith('FilterPolicy')) {
        checkFilter(subscription.topicArn, attributes, subscription.attributes.FilterPolicy);
      }
      subscriptions.set(subscription.arn, { ...subscription, attributes });
    },

    GetSubscriptionAttributes(input) {
      const { arn, topicArn, protocol, endpoint, isConfirmed, attributes } = subscriptionOf(input);
      const scope = attributes.FilterPolicy === undefined ? {} : { FilterPolicyScope: scopeOf(attributes) };
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
      const all = listed(topicOf(input));
      const from = Number(optionalText(input, 'NextToken') ?? 0);
      if (!Number.isInteger(from)) throw invalid('NextToken');
      const end = from + Math.min(subscriptionsPerPage, environment.pageSize ?? subscriptionsPerPage);
      const members = all.slice(from, end).map((item) => ({
        SubscriptionArn: shownArn(item),
        Owner: accountId,
        Protocol: item.protocol,
        Endpoint: item.endpoint,
        TopicArn: item.topicArn,
      }));
      return { Subscriptions: members, NextToken: end < all.length ? String(end) : undefined };
    },
  };

  return {
    operations,
    ofTopic,
    counts(topicArn) {
      const all = listed(topicArn);
      const deleted = all.filter(({ deletedAt }) => deletedAt !== undefined).length;
      const confirmed = ofTopic(topicArn).filter(({ isConfirmed }) => isConfirmed).length;
      return { confirmed, deleted, pending: all.length - deleted - confirmed };
    },
    subscribe,
    confirm,
    unsubscribeByLink(subscriptionArn) {
      subscriptions.set(subscriptionArn, { ...existing(subscriptionArn), deletedAt: clock.now() });
    },
  };
}

/** Where there is no ARN to show AWS says why. */
function shownArn({ arn, isConfirmed, deletedAt }: Subscription): string {
  if (deletedAt !== undefined) return 'Deleted';
  return isConfirmed ? arn : 'PendingConfirmation';
}
