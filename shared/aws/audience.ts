import {
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  paginateListSubscriptionsByTopic,
  type SNSClient,
} from '@aws-sdk/client-sns';
import { type Audience, type FilteredSubscription, isOwnMachine, standingOf } from '../core/audience.ts';
import { isFailure } from '../core/errors.ts';
import { listed } from '../core/present.ts';
import type { SubscriptionFilter } from '../core/subscription-filter.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import type { Aws } from './clients.ts';

/**
 * Who would hear a message of the topic. Filters are asked for one by one, and only until one subscription has none.
 * Where the role may not read them, the number of confirmed subscriptions has to do. Throws RotationError for whatever
 * else AWS says.
 */
export async function readAudience(aws: Pick<Aws, 'sns'>, topicArn: string): Promise<Audience> {
  try {
    return await readSubscriptions(aws.sns, topicArn);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const { Attributes = {} } = await aws.sns.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
    const { SubscriptionsConfirmed: confirmed = 0 } = Attributes;
    return { kind: 'counted', confirmed: Number(confirmed) };
  }
}

/** The same where they may be read: a refusal is thrown as well. */
export async function readSubscriptions(client: SNSClient, topicArn: string): Promise<Audience> {
  const subscriptions: FilteredSubscription[] = [];
  for await (const page of paginateListSubscriptionsByTopic({ client }, { TopicArn: topicArn })) {
    for (const { SubscriptionArn: subscriptionArn = '', Endpoint } of listed(page.Subscriptions)) {
      if (standingOf(subscriptionArn) !== 'confirmed' || isOwnMachine(Endpoint)) continue;
      const filter = await filterUnlessGone(client, subscriptionArn);
      if (filter === 'none') return { kind: 'everything' };
      if (filter !== 'gone') subscriptions.push({ subscriptionArn, filter });
    }
  }
  return { kind: 'filtered', subscriptions };
}

async function filterUnlessGone(
  sns: SNSClient,
  subscriptionArn: string,
): Promise<SubscriptionFilter | 'none' | 'gone'> {
  try {
    return (await readSubscriptionFilter(sns, subscriptionArn)) ?? 'none';
  } catch (error) {
    // Somebody unsubscribed since the list.
    if (isFailure(error, 'NotFound')) return 'gone';
    throw error;
  }
}

/** The filter of one confirmed subscription; undefined if it has none. */
export async function readSubscriptionFilter(
  sns: SNSClient,
  subscriptionArn: string,
): Promise<SubscriptionFilter | undefined> {
  const { Attributes = {} } = await sns.send(
    new GetSubscriptionAttributesCommand({ SubscriptionArn: subscriptionArn }),
  );
  const { FilterPolicy: policy, FilterPolicyScope: scope = 'MessageAttributes' } = Attributes;
  return policy === undefined ? undefined : { policy, scope };
}

/** A topic of another account answers with the first; IAM's own refusals have any of them. */
function isRefused(error: unknown): boolean {
  return ['AuthorizationError', 'AccessDenied'].some((name) => isFailure(error, name));
}

/** Where the audience of each topic is remembered, by its ARN. Whoever makes it decides how long it lives. */
export type AudienceMemory = Map<string, { audience: Audience; readAt: Instant }>;

/** A new filter takes SNS as long to act upon. */
const KEPT = 15 * MINUTE;

/** `readAudience`, at most once in 15 minutes for each memory. A failure is not remembered. */
export async function rememberedAudience(
  aws: Pick<Aws, 'sns'>,
  topicArn: string,
  { memory, clock }: { memory: AudienceMemory; clock: () => Instant },
): Promise<Audience> {
  const known = memory.get(topicArn);
  const readAt = clock();
  if (known !== undefined && Math.abs(readAt - known.readAt) < KEPT) return known.audience;
  const audience = await readAudience(aws, topicArn);
  memory.set(topicArn, { audience, readAt });
  return audience;
}
