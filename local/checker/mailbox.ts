import type { LocalAws } from '../aws/aws.ts';
import { documentOf } from './json.ts';

/** One message about a user, as a subscriber gets it. */
export interface Message {
  readonly at: number;
  readonly event: string;
  readonly reason: string;
  readonly transitionId: string;
  readonly userId: string;
  readonly userName: string;
  readonly accessKeyId: string | undefined;
  readonly newAccessKeyId: string | undefined;
  /** The sentence for people. */
  readonly message: string;
  /** What the message says comes next, and not before when. */
  readonly next: { readonly action: string; readonly notBefore: number } | undefined;
}

export interface Delivered extends Message {
  /** Some confirmed subscription's filter let it through. */
  readonly isDelivered: boolean;
}

/** What was published, read once. */
export interface Mailbox {
  /** Messages that came since the last time. */
  fresh(): readonly Delivered[];
  /** Every message about the user, oldest first. */
  about(userId: string): readonly Delivered[];
}

/** A message names a key as `accessKeyId` or as `newAccessKeyId`. */
export function names({ accessKeyId, newAccessKeyId }: Message, id: string): boolean {
  return accessKeyId === id || newAccessKeyId === id;
}

export function createMailbox(aws: LocalAws): Mailbox {
  const byUser = new Map<string, Delivered[]>();
  let seen = 0;
  return {
    fresh() {
      const messages = aws.sns.published.slice(seen).flatMap((published) => {
        const message = parseMessage(published);
        const isDelivered = aws.sns.delivered.some(({ messageId }) => messageId === published.messageId);
        return message === undefined ? [] : [{ ...message, isDelivered }];
      });
      seen = aws.sns.published.length;
      for (const message of messages) byUser.set(message.userId, [...(byUser.get(message.userId) ?? []), message]);
      return messages;
    },
    about: (userId) => byUser.get(userId) ?? [],
  };
}

/** A message about one user; undefined for a digest, or for anything else. */
export function parseMessage(published: {
  readonly at: number;
  readonly message: Readonly<Record<string, string>>;
}): Message | undefined {
  const document = documentOf(published.message.default ?? '');
  const text = (name: string): string | undefined => {
    const value = document[name];
    return typeof value === 'string' ? value : undefined;
  };
  const userId = text('userId');
  if (userId === undefined) return undefined;
  return {
    at: published.at,
    event: text('event') ?? '?',
    reason: text('reason') ?? '?',
    transitionId: text('transitionId') ?? '?',
    userId,
    userName: text('userName') ?? '?',
    accessKeyId: text('accessKeyId'),
    newAccessKeyId: text('newAccessKeyId'),
    message: text('message') ?? '',
    next: nextOf(document.next),
  };
}

function nextOf(value: unknown): Message['next'] {
  if (typeof value !== 'object' || value === null || !('action' in value) || !('notBefore' in value)) return undefined;
  return { action: String(value.action), notBefore: Date.parse(String(value.notBefore)) };
}
