import { jsonOf } from '../json.ts';
import { present } from '../present.ts';
import { formatInstant } from '../time.ts';
import { type KeyEventName, keyEventNames } from './event-windows.ts';
import type { KeyEvent } from './reconcile.ts';

/** An event of CloudTrail as its history hands it out. */
export interface RawEvent {
  EventId?: string | undefined;
  EventName?: string | undefined;
  EventTime?: Date | undefined;
  CloudTrailEvent?: string | undefined;
}

/** What is kept of an event: undefined where it cannot be read, or is of another name. Parameters can hold anything. */
export function keyEventOf({ EventId, EventName, EventTime, CloudTrailEvent }: RawEvent): KeyEvent | undefined {
  const name = keyEventNames.find((known): known is KeyEventName => known === EventName);
  const event = jsonOf(CloudTrailEvent);
  if (EventId === undefined || EventTime === undefined || name === undefined || event === undefined) return undefined;
  const caller = callerOf(event);
  const asked = (member: string) => textIn(event, 'requestParameters', member);
  const made = (member: string) => textIn(event, 'responseElements', 'accessKey', member);
  // Who changes what is their own need not name themselves.
  const userName = asked('userName') ?? made('userName') ?? textIn(event, 'userIdentity', 'userName');
  const accessKeyId = asked('accessKeyId') ?? made('accessKeyId');
  const status = asked('status') ?? made('status');
  const errorCode = textIn(event, 'errorCode');
  const [callerType, invokedBy] = [textIn(event, 'userIdentity', 'type'), textIn(event, 'userIdentity', 'invokedBy')];
  const [sourceAddress, userAgent] = [textIn(event, 'sourceIPAddress'), textIn(event, 'userAgent')?.slice(0, 512)];
  return {
    ...{ eventId: EventId, at: EventTime.getTime(), name, caller },
    ...present({ callerType, invokedBy, sourceAddress, userAgent, userName, accessKeyId, status, errorCode }),
    ...ownTags(memberOf(event, 'requestParameters')),
  };
}

/** A service of AWS, or somebody of another account or directory, may have no ARN: their change is one all the same. */
function callerOf(event: unknown): string {
  const members = ['arn', 'invokedBy', 'principalId', 'accountId', 'type'];
  const known = members.flatMap((member) => textIn(event, 'userIdentity', member) ?? []);
  return known[0] ?? 'unknown';
}

/** Of all tags only Keyturn's: what else people write there is theirs. */
function ownTags(asked: unknown): Pick<KeyEvent, 'tags' | 'tagKeys'> {
  const isOwn = (key: string | undefined): key is string => key?.toLowerCase().startsWith('keyturn:') === true;
  const set = listIn(asked, 'tags').flatMap((tag): [string, string][] => {
    const [key, value = ''] = [textIn(tag, 'key'), textIn(tag, 'value')];
    return isOwn(key) ? [[key, value]] : [];
  });
  const taken = listIn(asked, 'tagKeys').flatMap((key) => (typeof key === 'string' && isOwn(key) ? [key] : []));
  return {
    ...(set.length === 0 ? {} : { tags: Object.fromEntries(set) }),
    ...(taken.length === 0 ? {} : { tagKeys: taken }),
  };
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = memberOf(value, name);
  return Array.isArray(list) ? list : [];
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function textIn(value: unknown, ...path: readonly string[]): string | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return typeof value === 'string' ? value : undefined;
  return textIn(memberOf(value, name), ...rest);
}

/** IAM's events are in one Region of each partition. */
export function regionOfIamEvents(region: string): string {
  if (region.startsWith('cn-')) return 'cn-north-1';
  return region.startsWith('us-gov-') ? 'us-gov-west-1' : 'us-east-1';
}

/** Oldest first, each once. */
export function keyChangesFile(events: readonly KeyEvent[]): string {
  const once = [...new Map(events.map((event) => [event.eventId, event])).values()];
  const ordered = once.toSorted((a, b) => a.at - b.at || (a.eventId < b.eventId ? -1 : 1));
  return ordered.map((event) => `${JSON.stringify({ ...event, at: formatInstant(event.at) })}\n`).join('');
}
