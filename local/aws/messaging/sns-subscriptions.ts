import { DAY } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { flag, type Input, optionalText, text, textMap } from '../input.ts';
import { type Environment, type Operations, type OperationsOn, operationsOn } from '../service.ts';
import { type FilterScope, parseFilterPolicy } from './filter-policy.ts';
import { invalid } from './sns-message.ts';

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly token: string;
  readonly attributes: Attributes;
  readonly isConfirmed: boolean;
  /** When somebody unsubscribed by the link in an email; AWS lists it for some days more. */
  readonly deletedAt: number | undefined;
}

type Attributes = Readonly<Record<string, string>>;

/** What somebody who subscribes asks for. */
export interface Wanted extends Pick<Subscription, 'topicArn' | 'protocol' | 'endpoint'> {
  readonly attributes?: Attributes;
}

/** The subscriptions of all topics of an account. */
export interface Subscriptions {
  readonly operations: Operations;
  /** Those that are not deleted. */
  ofTopic(topicArn: string): Subscription[];
  counts(topicArn: string): { confirmed: number; pending: number; deleted: number };
  subscribe(wanted: Wanted): Subscription;
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
export function scopeOf({ FilterPolicyScope }: Attributes): FilterScope {
  return FilterPolicyScope === 'MessageBody' ? 'MessageBody' : 'MessageAttributes';
}

/** The subscriptions, deleted ones too, and the topics that they are to. */
interface Store {
  readonly environment: Environment;
  /** By ARN. */
  readonly all: Map<string, Subscription>;
  /** The topic that a request names, or AWS's refusal. */
  readonly topicOf: (input: Input) => string;
}

function listed({ environment: { clock }, all }: Store, topicArn: string): Subscription[] {
  return [...all.values()].filter(
    (item) => item.topicArn === topicArn && clock.now() < (item.deletedAt ?? clock.now()) + listedMs,
  );
}

function ofTopic(store: Store, topicArn: string): Subscription[] {
  return listed(store, topicArn).filter(({ deletedAt }) => deletedAt === undefined);
}

function subscribe(store: Store, { topicArn, protocol, endpoint, attributes = {} }: Wanted): Subscription {
  const { random } = store.environment;
  const same = ofTopic(store, topicArn).find((item) => item.protocol === protocol && item.endpoint === endpoint);
  if (same !== undefined) {
    // [LS] sns test_subscribe_idempotency
    const differs = Object.entries(attributes).some(([name, value]) => same.attributes[name] !== value);
    if (differs) throw invalid('Attributes Reason: Subscription already exists with different attributes');
    return same;
  }
  checkFilter(store, topicArn, attributes, undefined);
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
  store.all.set(subscription.arn, subscription);
  return subscription;
}

/** Refuses a filter that AWS would refuse; `before` is the policy that it replaces. */
function checkFilter(store: Store, topicArn: string, attributes: Attributes, before: string | undefined): void {
  const { FilterPolicy: policy, FilterPolicyScope: scope } = attributes;
  if (scope !== undefined && !scopes.includes(scope))
    throw invalid(`FilterPolicyScope: Invalid value [${scope}]. Please use either MessageBody or MessageAttributes`);
  if (policy === undefined) return;
  parseFilterPolicy(policy, scopeOf(attributes));
  const others = ofTopic(store, topicArn).filter(({ attributes: own }) => own.FilterPolicy !== undefined).length;
  if (before === undefined && others >= filterPoliciesPerTopic) {
    const message = `Total number of filter policies for the topic exceeds ${filterPoliciesPerTopic}.`;
    throw new AwsError(403, 'FilterPolicyLimitExceeded', message);
  }
}

function subscriptionOf({ all }: Store, input: Input): Subscription {
  const subscription = all.get(text(input, 'SubscriptionArn'));
  if (subscription === undefined || subscription.deletedAt !== undefined) {
    throw new AwsError(404, 'NotFound', 'Subscription does not exist');
  }
  return subscription;
}

/** Where no call asks: a subscription that is not there is a mistake of the test. */
function change({ all }: Store, subscriptionArn: string, changes: Partial<Subscription>): void {
  const subscription = all.get(subscriptionArn);
  if (subscription === undefined) throw new Error(`The local AWS has no subscription ${subscriptionArn}.`);
  all.set(subscriptionArn, { ...subscription, ...changes });
}

const operations: OperationsOn<Store> = {
  Subscribe(store, input) {
    const protocol = text(input, 'Protocol');
    const endpoint = text(input, 'Endpoint');
    if (protocol.startsWith('email') && !/^[^@\s]+@[^@\s]+$/.test(endpoint)) throw invalid('Email address');
    const topicArn = store.topicOf(input);
    const { isConfirmed, arn } = subscribe(store, {
      topicArn,
      protocol,
      endpoint,
      attributes: textMap(input, 'Attributes'),
    });
    const showsArn = isConfirmed || flag(input, 'ReturnSubscriptionArn');
    return { SubscriptionArn: showsArn ? arn : 'pending confirmation' };
  },

  ConfirmSubscription(store, input) {
    const topicArn = store.topicOf(input);
    const token = text(input, 'Token');
    const subscription = ofTopic(store, topicArn).find((item) => item.token === token);
    if (subscription === undefined) throw invalid('Token');
    change(store, subscription.arn, { isConfirmed: true });
    return { SubscriptionArn: subscription.arn };
  },

  Unsubscribe({ all }, input) {
    // Not an error for an unknown subscription: AWS answers alike.
    all.delete(text(input, 'SubscriptionArn'));
  },

  SetSubscriptionAttributes(store, input) {
    const subscription = subscriptionOf(store, input);
    const name = text(input, 'AttributeName');
    const value = optionalText(input, 'AttributeValue') ?? '';
    const attributes = { ...subscription.attributes, [name]: value };
    if (name.startsWith('FilterPolicy')) {
      checkFilter(store, subscription.topicArn, attributes, subscription.attributes.FilterPolicy);
    }
    change(store, subscription.arn, { attributes });
  },

  GetSubscriptionAttributes(store, input) {
    const { arn, topicArn, protocol, endpoint, isConfirmed, attributes } = subscriptionOf(store, input);
    const scope = attributes.FilterPolicy === undefined ? {} : { FilterPolicyScope: scopeOf(attributes) };
    const all = {
      SubscriptionArn: arn,
      TopicArn: topicArn,
      Protocol: protocol,
      Endpoint: endpoint,
      Owner: store.environment.accountId,
      PendingConfirmation: String(!isConfirmed),
      RawMessageDelivery: 'false',
      ...scope,
      ...attributes,
    };
    return { Attributes: new Map(Object.entries(all)) };
  },

  ListSubscriptionsByTopic(store, input) {
    const { accountId, pageSize = subscriptionsPerPage } = store.environment;
    const all = listed(store, store.topicOf(input));
    const from = Number(optionalText(input, 'NextToken') ?? 0);
    if (!Number.isInteger(from)) throw invalid('NextToken');
    const end = from + Math.min(subscriptionsPerPage, pageSize);
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

/** Where there is no ARN to show AWS says why. */
function shownArn({ arn, isConfirmed, deletedAt }: Subscription): string {
  if (deletedAt !== undefined) return 'Deleted';
  return isConfirmed ? arn : 'PendingConfirmation';
}

export function createSubscriptions(environment: Environment, topicOf: (input: Input) => string): Subscriptions {
  const store: Store = { environment, all: new Map(), topicOf };
  return {
    operations: operationsOn(store, operations),
    ofTopic: (topicArn) => ofTopic(store, topicArn),
    counts(topicArn) {
      const all = listed(store, topicArn);
      const deleted = all.filter(({ deletedAt }) => deletedAt !== undefined).length;
      const confirmed = ofTopic(store, topicArn).filter(({ isConfirmed }) => isConfirmed).length;
      return { confirmed, deleted, pending: all.length - deleted - confirmed };
    },
    subscribe: (wanted) => subscribe(store, wanted),
    confirm: (subscriptionArn) => change(store, subscriptionArn, { isConfirmed: true }),
    unsubscribeByLink: (subscriptionArn) => change(store, subscriptionArn, { deletedAt: environment.clock.now() }),
  };
}
