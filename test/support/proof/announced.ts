import type { LocalAws } from '../../../local/aws/aws.ts';

/** One message about a user, as the topic got it. */
export interface Message {
  readonly at: number;
  readonly event: string;
  readonly transitionId: string;
  readonly userId: string;
  readonly accessKeyId: string | undefined;
  readonly newAccessKeyId: string | undefined;
  /** What the message says comes next, and not before when. */
  readonly next: { readonly action: string; readonly notBefore: number } | undefined;
  /** Some confirmed subscription's filter let it through. */
  readonly isDelivered: boolean;
}

/** What was published, read once. */
export interface Mailbox {
  /** Messages that came since the last time. */
  fresh(): readonly Message[];
  /** Every message about the user, oldest first. */
  about(userId: string): readonly Message[];
}

export function names({ accessKeyId, newAccessKeyId }: Message, id: string): boolean {
  return accessKeyId === id || newAccessKeyId === id;
}

export function createMailbox(aws: LocalAws): Mailbox {
  const byUser = new Map<string, Message[]>();
  let seen = 0;
  return {
    fresh() {
      const messages = aws.sns.published.slice(seen).flatMap(({ at, message, messageId }) => {
        const isDelivered = aws.sns.delivered.some((delivery) => delivery.messageId === messageId);
        return parse(at, isDelivered, message.default);
      });
      seen = aws.sns.published.length;
      for (const message of messages) byUser.set(message.userId, [...(byUser.get(message.userId) ?? []), message]);
      return messages;
    },
    about: (userId) => byUser.get(userId) ?? [],
  };
}

function parse(at: number, isDelivered: boolean, document = '{}'): Message[] {
  const fields: Record<string, unknown> = JSON.parse(document);
  const text = (name: string): string | undefined => {
    const value = fields[name];
    return typeof value === 'string' ? value : undefined;
  };
  const userId = text('userId');
  if (userId === undefined) return [];
  const message: Message = {
    at,
    event: text('event') ?? '?',
    transitionId: text('transitionId') ?? '?',
    userId,
    accessKeyId: text('accessKeyId'),
    newAccessKeyId: text('newAccessKeyId'),
    next: nextOf(fields.next),
    isDelivered,
  };
  return [message];
}

function nextOf(value: unknown): Message['next'] {
  if (typeof value !== 'object' || value === null || !('action' in value) || !('notBefore' in value)) return undefined;
  return { action: String(value.action), notBefore: Date.parse(String(value.notBefore)) };
}
