import { isTooOld } from '../checks/hands-off.ts';
import { parseSecretTags } from '../read-secret-tags.ts';
import type { Settings } from '../settings.ts';
import { DAY, formatDate, formatInstant, HOUR, type Instant, parseInstant } from '../time.ts';
import * as z from '../zod.ts';
import { type EventWindow, keyEventNames } from './event-windows.ts';
import { type ChangeLine, type KeyEvent, keyChanges, type StandingIntent } from './reconcile.ts';
import { dayOfRecord } from './record-name.ts';
import type { SeenUser } from './snapshot.ts';
import type { ReadRecord } from './transitions.ts';

// A change and its record may come days apart, so what both sides told of the last days goes on from run to run.

const text = z.optional(z.string());
const eventSchema = z.object({
  ...{ eventId: z.string(), at: z.number(), name: z.enum(keyEventNames), caller: z.string() },
  ...{ callerType: text, invokedBy: text, sourceAddress: text, userAgent: text },
  ...{ userName: text, accessKeyId: text, status: text, errorCode: text },
  tags: z.optional(z.record(z.string(), z.string())),
  tagKeys: z.optional(z.readonly(z.array(z.string()))),
});
export const carriedChanges = z.object({
  from: z.string(),
  events: z.readonly(z.array(eventSchema)),
  records: z.readonly(z.array(z.object({ key: z.string(), sha256: z.string(), body: z.string() }))),
});
/** What a run hands on to the next one. */
export type CarriedChanges = z.infer<typeof carriedChanges>;

/** Events, each once, and from when on they are compared with records: evidence begins with its first run. */
export interface History {
  from: Instant;
  events: readonly KeyEvent[];
}

/** Longer than a message may wait in its queue before it is missed. */
const LOOKED_AT = 3 * DAY;
/** So long a change without a record is told of every day: a message is lost after 14 days. */
const NAGGED = 30 * DAY;
/** A report is at most so old. */
const REPORT = 6 * HOUR;

/** After an outage, the days that are looked at begin where the last run ended. */
export function historyOf(
  carried: CarriedChanges | undefined,
  { events, windows }: { events: readonly KeyEvent[]; windows: readonly EventWindow[] },
  now: Instant,
): History {
  const first = Math.min(...windows.map(({ from, to, isFirst }) => (isFirst === true ? to : from)));
  const lost = windows.flatMap(({ lost: gone }) => gone?.to ?? []);
  const { from: before = formatInstant(first), events: known = [] } = carried ?? {};
  const from = Math.max(parseInstant(before) ?? first, Math.min(now - LOOKED_AT, first), ...lost);
  return { from, events: [...new Map([...known, ...events].map((event) => [event.eventId, event])).values()] };
}

/** For the next run: what may still meet its other side, and what is newer than a report may be. */
export function toCarry(
  { from, events }: History,
  records: readonly ReadRecord[],
  { lines, now }: { lines: readonly ChangeLine[]; now: Instant },
): CarriedChanges {
  // What an intent still stands for may wait longer than the days that are looked at.
  const alone = lines.filter(({ is }) => is === 'unrecorded' || is === 'pending');
  const unrecorded = new Set(alone.flatMap((line) => ('event' in line ? (line.event?.eventId ?? []) : [])));
  const isKept = ({ eventId, name, at }: KeyEvent): boolean => {
    if (unrecorded.has(eventId)) return at >= now - NAGGED;
    return at >= (keyChanges.includes(name) ? from : now - REPORT);
  };
  return {
    from: formatInstant(from),
    events: events.filter(isKept),
    records: records.filter(({ key }) => (dayOfRecord(key) ?? '') >= formatDate(from)),
  };
}

/** Who exempted whom, by user name: the call that set the tag last. */
export function exemptedBy(events: readonly KeyEvent[]): Map<string, KeyEvent> {
  const oldestFirst = events.filter(setsExemption).toSorted((a, b) => a.at - b.at);
  return new Map(oldestFirst.flatMap((event) => (event.userName === undefined ? [] : [[event.userName, event]])));
}

export function setsExemption({ name, errorCode, tags = {} }: KeyEvent): boolean {
  return name === 'TagUser' && errorCode === undefined && Object.keys(tags).some((tag) => tag.toLowerCase() === EXEMPT);
}

const EXEMPT = 'keyturn:exempt';

/** Intents as they are recorded; those that are too old are gone on with by nobody. */
export function intentsIn(
  users: readonly SeenUser[],
  settings: Pick<Settings, 'runEveryDays'>,
  now: Instant,
): StandingIntent[] {
  return users.flatMap(({ user: { userName }, secret }) => {
    const { intent } = parseSecretTags(secret?.tags ?? {}, now).tags;
    return intent === undefined || isTooOld({ settings, now }, intent) ? [] : [{ userName, ...intent }];
  });
}

/** What the root user did to its own keys or devices since then; a refused call changed nothing. */
export function changeOfRoot(
  events: readonly KeyEvent[],
  { since, userNames }: { since: Instant; userNames: ReadonlySet<string> },
): KeyEvent | undefined {
  return events.find(({ at, caller, errorCode, userName }) => {
    // What it does to a user of IAM is about that user.
    const isOwn = userName === undefined || !userNames.has(userName);
    return isOwn && at >= since && errorCode === undefined && /^arn:[\w-]+:iam::\d{12}:root$/.test(caller);
  });
}

/** Users of whom somebody changed something since then; a refused call changed nothing. */
export function changedUsers(events: readonly KeyEvent[], since: Instant): Set<string> {
  const done = events.filter(({ errorCode, at }) => errorCode === undefined && at >= since);
  return new Set(done.flatMap(({ userName }) => userName ?? []));
}
