import { rotatingFunctions } from '../function-name.ts';
import type { NoticeEvent } from '../messages/build-message.ts';
import type { Intent } from '../secret-tags.ts';
import { HOUR, type Instant, instantAtEnd, MINUTE } from '../time.ts';
import type { KeyEventName } from './event-windows.ts';
import type { RecordedTransition } from './transitions.ts';

/** A change as CloudTrail tells of it: only what is listed here is ever kept of an event. */
export interface KeyEvent {
  eventId: string;
  at: Instant;
  name: KeyEventName;
  /** ARN of whoever called; of whoever has none, what CloudTrail has instead. */
  caller: string;
  /** `IAMUser`, `AssumedRole`, `Root` and others. */
  callerType?: string | undefined;
  /** The service of AWS that called on somebody's behalf. */
  invokedBy?: string | undefined;
  sourceAddress?: string | undefined;
  /** Chosen by whoever called. */
  userAgent?: string | undefined;
  userName?: string | undefined;
  accessKeyId?: string | undefined;
  /** That the key was set to. */
  status?: string | undefined;
  /** It was refused, and changed nothing. */
  errorCode?: string | undefined;
  /** Tags of Keyturn's own alone: what they were set to, and which were taken off. */
  tags?: Readonly<Record<string, string>> | undefined;
  tagKeys?: readonly string[] | undefined;
}

/** One change, with what is known of it from either side. */
export type ChangeLine =
  | { is: 'confirmed'; event: KeyEvent; record: RecordedTransition }
  /** By somebody who is not Keyturn: their right, and listed. */
  | { is: 'outside'; event: KeyEvent }
  /** Keyturn's own leftover, taken back. */
  | { is: 'taken-back'; event: KeyEvent }
  /** The other side may still come. */
  | { is: 'pending'; event?: KeyEvent; record?: RecordedTransition }
  | { is: 'unrecorded'; event: KeyEvent }
  | { is: 'unwitnessed'; record: RecordedTransition };

export interface Reconciling {
  events: readonly KeyEvent[];
  /** Oldest first. */
  records: readonly RecordedTransition[];
  isOwnRole(caller: string): boolean;
  /** From then on CloudTrail was asked: an older record has had its witness, or no longer gets one. */
  knownFrom: Instant;
  /** Up to then CloudTrail has answered for every name. */
  knownUntil: Instant;
  now: Instant;
  /** Intents that stand: what Keyturn has begun and not told of yet. */
  intents?: readonly StandingIntent[];
}

export interface StandingIntent extends Pick<Intent, 'verb' | 'at' | 'accessKeyIds'> {
  userName: string;
}

/** So long a message may wait in its queue before it is missed. */
const TO_RECORD = 48 * HOUR;
const BEFORE_INTENT = 5 * MINUTE;
const AFTER_RECORD = 15 * MINUTE;

export interface Change {
  accessKeyId: string | undefined;
  names: readonly KeyEventName[];
  status?: string;
  /** It may be told of without a change: of a key that was Inactive already, or is left to somebody else. */
  mayBeOnlyTold?: boolean;
}

/** What a record says was done to a key; of all others CloudTrail has nothing, and they wait for no witness. */
export function changeOf({ event, record }: RecordedTransition): Change | undefined {
  const { accessKeyId, newAccessKeyId } = record;
  switch (event) {
    case 'issued':
      return { accessKeyId: newAccessKeyId ?? accessKeyId, names: ['CreateAccessKey'] };
    case 'deactivated':
    case 'retired':
      return { accessKeyId, names: ['UpdateAccessKey'], status: 'Inactive' };
    case 'exposed':
      return { accessKeyId, names: ['UpdateAccessKey'], status: 'Inactive', mayBeOnlyTold: true };
    case 'reactivated':
      return { accessKeyId, names: ['UpdateAccessKey'], status: 'Active' };
    case 'deleted':
      return { accessKeyId, names: ['DeleteAccessKey'] };
    case 'orphan-removed':
      return { accessKeyId, names: ['UpdateAccessKey', 'DeleteAccessKey'] };
    default:
      return undefined;
  }
}

export const keyChanges: readonly KeyEventName[] = ['CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey'];

/** Records of these events tell of a change. */
export const changeEvents: readonly NoticeEvent[] = [
  'issued',
  'deactivated',
  'retired',
  'exposed',
  'reactivated',
  'deleted',
  'orphan-removed',
];

/** The roles by which Keyturn changes keys in one account; in a fleet its hub takes one there. Their names are fixed. */
export function ownRoles(accountId: string, roleSuffix: string): (caller: string) => boolean {
  const names = [...rotatingFunctions, 'rotate'];
  const roles = names.map((name) => `:sts::${accountId}:assumed-role/keyturn-${name}${roleSuffix}/`);
  return (caller) => roles.some((role) => caller.includes(role));
}

/** Every change of a key that either side tells of, once. */
export function reconcile(input: Reconciling): ChangeLine[] {
  const byId = new Map(input.events.map((event) => [event.eventId, event]));
  const events = [...byId.values()].filter(
    ({ name, errorCode }) => keyChanges.includes(name) && errorCode === undefined,
  );
  const confirmed = new Map<string, RecordedTransition>();
  const alone: ChangeLine[] = [];
  for (const record of input.records) {
    const change = changeOf(record);
    if (change === undefined) continue;
    const witnesses = events.filter((event) => isWitness(event, record, change) && input.isOwnRole(event.caller));
    for (const { eventId } of witnesses) confirmed.set(eventId, record);
    if (witnesses.length > 0 || change.mayBeOnlyTold || intentOf(record) - BEFORE_INTENT < input.knownFrom) continue;
    const mayCome = input.knownUntil < record.at + AFTER_RECORD;
    alone.push(mayCome ? { is: 'pending', record } : { is: 'unwitnessed', record });
  }
  const lines = events.map((event): ChangeLine => {
    const record = confirmed.get(event.eventId);
    return record === undefined ? unconfirmed(event, input) : { is: 'confirmed', event, record };
  });
  return [...lines, ...alone];
}

function intentOf({ transitionId, at }: RecordedTransition): Instant {
  return instantAtEnd(transitionId) ?? at;
}

export function isWitness(event: KeyEvent, record: RecordedTransition, change: Change): boolean {
  return (
    change.accessKeyId !== undefined &&
    event.accessKeyId === change.accessKeyId &&
    change.names.includes(event.name) &&
    (change.status === undefined || event.status === change.status) &&
    event.at >= intentOf(record) - BEFORE_INTENT &&
    event.at <= record.at + AFTER_RECORD
  );
}

function unconfirmed(event: KeyEvent, { events, records, isOwnRole, now, intents = [] }: Reconciling): ChangeLine {
  if (!isOwnRole(event.caller)) return { is: 'outside', event };
  const { accessKeyId } = event;
  const isOrphan = records.some(
    (record) => record.event === 'orphan-removed' && record.record.accessKeyId === accessKeyId,
  );
  if (isOrphan || wasUndone(events, accessKeyId, isOwnRole)) return { is: 'taken-back', event };
  const mayCome = now - event.at < TO_RECORD || intents.some((intent) => isBy(intent, event));
  return mayCome ? { is: 'pending', event } : { is: 'unrecorded', event };
}

/** It is told of before the intent comes off: the next pass that goes on with it tells. */
function isBy({ userName, verb, at, accessKeyIds }: StandingIntent, event: KeyEvent): boolean {
  if (event.userName !== userName || event.at < at - BEFORE_INTENT) return false;
  if (verb === 'issue') return event.name === 'CreateAccessKey';
  return event.accessKeyId !== undefined && accessKeyIds.includes(event.accessKeyId);
}

/** Made beside another key by a second worker, and deleted within the same pass: nobody was told, for nobody had it. */
function wasUndone(
  events: readonly KeyEvent[],
  accessKeyId: string | undefined,
  isOwnRole: Reconciling['isOwnRole'],
): boolean {
  const own = events.filter((event) => event.accessKeyId === accessKeyId && isOwnRole(event.caller));
  const made = own.find(({ name }) => name === 'CreateAccessKey');
  const deleted = own.find(({ name }) => name === 'DeleteAccessKey');
  if (accessKeyId === undefined || made === undefined || deleted === undefined) return false;
  return deleted.at - made.at <= AFTER_RECORD;
}
