import type { LocalAws } from '../aws/aws.ts';
import { documentOf } from '../checker/json.ts';
import type { ChangeKind, KeyState } from '../checker/key-state.ts';

/** One message about a user, as a subscriber gets it. */
export interface Message {
  readonly at: number;
  readonly event: string;
  readonly reason: string;
  readonly userId: string;
  readonly userName: string;
  readonly accessKeyId: string | undefined;
  readonly newAccessKeyId: string | undefined;
  /** The sentence for people. */
  readonly message: string;
}

export interface Overdue {
  readonly userName: string;
  readonly what: string;
}

/** What has been published, by user, and what should be and has not. */
export interface Announcements {
  /** Takes in what was published since; returns it. */
  read(): readonly Message[];
  /** The newest message about the user that is one of these events, names one of these keys, and fits. */
  latest(userId: string, events: readonly string[], keys: readonly string[], before?: number): Message | undefined;
  expect(change: ChangeKind, key: KeyState, at: number): void;
  /** Changes before this instant that no message has named. */
  overdue(before: number): Overdue[];
}

const announcedBy: Readonly<Record<ChangeKind, readonly string[]>> = {
  made: ['issued', 'orphan-removed', 'failed'],
  deactivated: ['deactivated', 'retired', 'orphan-removed', 'exposed'],
  reactivated: ['rolled-back'],
  deleted: ['deleted', 'orphan-removed', 'failed'],
};

/** Reads the embedded AWS's topic. A message names a key as `accessKeyId` or as `newAccessKeyId`. */
export function createAnnouncements(aws: LocalAws): Announcements {
  const byUser = new Map<string, Message[]>();
  let open: { change: ChangeKind; key: KeyState; at: number }[] = [];
  let seen = 0;

  const names = (message: Message, keys: readonly string[]) =>
    keys.includes(message.accessKeyId ?? '-') || keys.includes(message.newAccessKeyId ?? '-');

  return {
    read() {
      const fresh = aws.sns.published.slice(seen).flatMap((published) => parseMessage(published) ?? []);
      seen = aws.sns.published.length;
      for (const message of fresh) {
        byUser.set(message.userId, [...(byUser.get(message.userId) ?? []), message]);
        open = open.filter(
          ({ change, key }) =>
            !(
              key.userId === message.userId &&
              announcedBy[change].includes(message.event) &&
              names(message, [key.accessKeyId])
            ),
        );
      }
      return fresh;
    },
    latest: (userId, events, keys, before = Number.POSITIVE_INFINITY) =>
      byUser
        .get(userId)
        ?.findLast((message) => events.includes(message.event) && names(message, keys) && message.at <= before),
    expect(change, key, at) {
      open.push({ change, key, at });
    },
    overdue(before) {
      const late = open.filter(({ at }) => at <= before);
      open = open.filter((item) => !late.includes(item));
      return late.map(({ change, key, at }) => ({
        userName: key.userName,
        what: `${key.accessKeyId} was ${change} at ${new Date(at).toISOString()}, which`,
      }));
    },
  };
}

/** A message about one user; undefined for a digest, or for anything else. */
export function parseMessage(published: {
  at: number;
  message: Readonly<Record<string, string>>;
}): Message | undefined {
  const document = documentOf(published.message.default ?? '');
  const text = (name: string) => {
    const value = document[name];
    return typeof value === 'string' ? value : undefined;
  };
  const userId = text('userId');
  if (userId === undefined) return undefined;
  return {
    at: published.at,
    event: text('event') ?? '?',
    reason: text('reason') ?? '?',
    userId,
    userName: text('userName') ?? '?',
    accessKeyId: text('accessKeyId'),
    newAccessKeyId: text('newAccessKeyId'),
    message: text('message') ?? '',
  };
}
