import { filterVerdict, type MessageAttributes, readFilter, type SubscriptionFilter } from './subscription-filter.ts';

/** What was read of who hears the messages of a topic. */
export type Audience =
  /** A confirmed subscription has no filter: it is enough, and nothing more was read. */
  | { kind: 'everything' }
  /** Every confirmed subscription but those of our own machines. */
  | { kind: 'filtered'; subscriptions: readonly FilteredSubscription[] }
  /** The subscriptions may not be read, only how many of the topic are confirmed. */
  | { kind: 'counted'; confirmed: number };

export interface FilteredSubscription {
  subscriptionArn: string;
  filter: SubscriptionFilter;
}

/**
 * Whether a message with these attributes would be delivered to anybody. A filter that is not understood lets nothing
 * through; where only a count could be read, one confirmed subscription must do.
 */
export function audienceHears(audience: Audience, attributes: MessageAttributes): boolean {
  switch (audience.kind) {
    case 'everything':
      return true;
    case 'filtered':
      return audience.subscriptions.some(({ filter }) => filterVerdict(filter, attributes) === 'passes');
    case 'counted':
      return audience.confirmed > 0;
  }
}

/** No message would reach anyone, whatever its attributes. */
export function isDeaf(audience: Audience): boolean {
  switch (audience.kind) {
    case 'everything':
      return false;
    case 'filtered':
      return audience.subscriptions.length === 0;
    case 'counted':
      return audience.confirmed === 0;
  }
}

const NOTED_MAX = 10;

/** What an operator should know of how far the audience could be read, in sentences that stand for themselves. */
export function audienceNotes(audience: Audience): string[] {
  if (audience.kind === 'everything') return [];
  if (audience.kind === 'counted') return [countedNote(audience.confirmed)];
  const notes = audience.subscriptions.flatMap(({ subscriptionArn, filter }) => {
    const read = readFilter(filter);
    if (read.kind === 'understood') return [];
    return [`The filter of subscription ${subscriptionArn} counts as letting nothing through: ${read.because}.`];
  });
  const more = notes.length - NOTED_MAX;
  return more <= 0 ? notes : [...notes.slice(0, NOTED_MAX), `So do the filters of ${more} more subscriptions.`];
}

function countedNote(confirmed: number): string {
  return (
    `The subscriptions of the topic may not be read, only their number: ${confirmed} confirmed. Whether one of them ` +
    'would deliver a message about a given user is not known, so one is taken as enough: allow sns:ListSubscriptionsByTopic and ' +
    'sns:GetSubscriptionAttributes, in the policy of a topic of another account too.'
  );
}

/** A listed subscription has an ARN once it is confirmed, and a word in its place before that and after its end. */
export function standingOf(subscriptionArn: string | undefined): 'confirmed' | 'pending' | 'deleted' {
  if (subscriptionArn?.startsWith('arn:')) return 'confirmed';
  return subscriptionArn === 'Deleted' ? 'deleted' : 'pending';
}

/** A queue, function or stream of ours, by its name: it gets every message, but no person reads them. */
export function isOwnMachine(endpoint: string | undefined): boolean {
  return /^arn:[^:]+:(sqs|lambda|firehose):[^:]*:[^:]*:(function:|deliverystream\/)?keyturn-/.test(endpoint ?? '');
}
