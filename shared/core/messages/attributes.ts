import { type Notice, type Severity, severities } from './notice.ts';
import { clamp } from './text.ts';

const TAG_VALUE_MAX = 256;

/** What the attributes of a message about one user are made of: all of it is known before anything is done. */
export type Addressed = Pick<Notice, 'event' | 'accountId' | 'userName' | 'owner' | 'reason'>;

/**
 * The message attributes, all of type String: exactly those that are published, so that who would be told can be asked
 * before there is a message. One without a value is left out: SNS refuses empty ones.
 */
export function attributesOf(notice: Addressed): Record<string, string> {
  const { userName, accountId, event, owner = '' } = notice;
  const attributes = { userName, accountId, event, severity: severityOf(notice), owner: clamp(owner, TAG_VALUE_MAX) };
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== ''));
}

/** The replacement of an exposed key is as urgent as the exposure. */
export function severityOf({ event, reason }: Pick<Notice, 'event' | 'reason'>): Severity {
  return reason === 'exposed' || reason === 'compromised' ? 'critical' : severities[event];
}
