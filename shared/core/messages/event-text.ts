import type { Notice } from './notice.ts';
import { type Block, when } from './text.ts';

/** What an email about one event says, beside the facts that every email lists. */
export interface EventText {
  /** In the subject, before the user's name. At most 45 ASCII characters. */
  subject(notice: Notice): string;
  /** What happened, for readers who have never heard of Keyturn. */
  headline(notice: Notice): string;
  /** Instead of the planner's sentence, where the headline says all of that. */
  why?(notice: Notice): string | undefined;
  todo(notice: Notice): Block[];
  next?(notice: Notice): string | undefined;
  closing?(notice: Notice): Block[];
}

/** `111122223333 (payments-prod)`. */
export const account = ({ accountId, accountName }: Notice): string =>
  accountName === undefined ? accountId : `${accountId} (${accountName})`;
export const who = (notice: Notice): string => `IAM user ${notice.userName} in AWS account ${account(notice)}`;
export const oldKey = ({ accessKeyId }: Notice): string => `The old access key${accessKeyId ? ` ${accessKeyId}` : ''}`;
export const key = ({ accessKeyId }: Notice): string => `Access key ${accessKeyId ?? '(unknown)'}`;

/** Deletion is the one step without a way back, so every email about an inactive key names its date. */
export function deletion(notice: Notice): string | undefined {
  if (notice.next === undefined) return undefined;
  return `The key is deleted for good ${when(notice.next.notBefore, notice.at)}, unless it is reactivated before.`;
}

/** For a headline that says all that the planner's sentence says, once it can name the date. */
export function unlessDated({ next, message }: Notice): string | undefined {
  return next === undefined ? message : undefined;
}
