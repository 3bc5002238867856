import { type NoticeEvent, noticeEvents } from '../messages/build-message.ts';
import { formatInstant, type Instant, instantAtEnd, parseInstant } from '../time.ts';
import * as z from '../zod.ts';
import { hashOf } from './chain.ts';

// A record is a message as it came, byte for byte, under a name that says what it is about. The hash in the name lets a
// digest name it by a list alone, and makes a repeated message the same object.

/** What becomes of a message: kept under this key, or nothing of ours. */
export type Naming = { kind: 'record'; key: string } | { kind: 'foreign' };

/** Where records go: the account they are kept for, and those whose messages may come. */
export interface Keeper {
  accountId: string;
  isKnown(accountId: string): boolean;
  now: Instant;
}

const ours = z.object({
  schemaVersion: z.number(),
  event: z.string(),
  accountId: z.optional(z.string()),
  userId: z.optional(z.string()),
  transitionId: z.optional(z.string()),
  at: z.optional(z.string()),
});
type Ours = z.infer<typeof ours>;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html */
const alarm = z.object({ AlarmName: z.string(), StateChangeTime: z.string(), AWSAccountId: z.optional(z.string()) });

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Without colons, so that a copy may lie on any file system. */
export function compactInstant(instant: Instant): string {
  return formatInstant(instant).replace(/[-:.]/g, '');
}

/**
 * The key of the record that a message is. Of what is not as it should be, whoever made it chooses no part of the name:
 * it is kept all the same, since evidence is never thrown away for its form.
 */
export function nameRecord(body: string, keeper: Keeper): Naming {
  const { accountId, now } = keeper;
  const document = jsonOf(body);
  const [message, rung] = [ours.safeParse(document), alarm.safeParse(document)];
  const key = (owner: string, name: string): Naming => {
    const day = formatInstant(now).slice(0, 10).replaceAll('-', '/');
    return { kind: 'record', key: `${owner}/records/${day}/${name}` };
  };
  const sha256 = hashOf(body);
  if (message.success) {
    const named = aboutMessage(message.data, keeper);
    if (named === undefined) return key(accountId, `other_${sha256}.json`);
    return key(named.owner, `${named.name}.${sha256}.json`);
  }
  if (!rung.success || !rung.data.AlarmName.startsWith('keyturn-')) return { kind: 'foreign' };
  const name = aboutAlarm(rung.data);
  return key(accountId, name === undefined ? `other_${sha256}.json` : `${name}.${sha256}.json`);
}

/** The account that a message says it is about; undefined where it says none, or no account. */
export function accountOfMessage(body: string): string | undefined {
  const message = ours.safeParse(jsonOf(body));
  const named = message.success ? message.data.accountId : undefined;
  return named !== undefined && /^\d{12}$/.test(named) ? named : undefined;
}

function aboutMessage(message: Ours, { accountId, isKnown }: Keeper): { owner: string; name: string } | undefined {
  const { event, userId, transitionId = '' } = message;
  const owner = message.accountId ?? accountId;
  const at = parseInstant(message.at ?? '');
  const instant = instantAtEnd(transitionId) ?? at;
  const isOurs = isNoticeEvent(event) && (owner === accountId || isKnown(owner)) && instant !== undefined;
  if (!isOurs || (userId !== undefined && !/^AIDA[A-Z0-9]{12,124}$/.test(userId))) return undefined;
  return { owner, name: `${event}_${userId ?? 'account'}_${compactInstant(instant)}` };
}

function isNoticeEvent(event: string): event is NoticeEvent {
  return noticeEvents.some((each) => each === event);
}

function aboutAlarm({ AlarmName, StateChangeTime }: z.infer<typeof alarm>): string | undefined {
  const at = Date.parse(StateChangeTime.replace(/\+0000$/, 'Z'));
  if (Number.isNaN(at) || !/^[\w-]{1,200}$/.test(AlarmName)) return undefined;
  return `alarm_${AlarmName}_${compactInstant(at)}`;
}

/** The day on which a record was written, `2026-11-27`. */
export function dayOfRecord(key: string): string | undefined {
  return /\/records\/(\d{4}\/\d{2}\/\d{2})\//.exec(key)?.[1]?.replaceAll('/', '-');
}

/** The event that a record's name says. */
export function eventOfRecord(key: string): string | undefined {
  return /\/records\/[\d/]+\/([a-z-]+)_[^/]*$/.exec(key)?.[1];
}

/** The hash that a record's name says; undefined of what is no record. */
export function hashInName(key: string): string | undefined {
  return /\/records\/\d{4}\/\d{2}\/\d{2}\/(?:[^/]+\.|other_)([0-9a-f]{64})\.json$/.exec(key)?.[1];
}
