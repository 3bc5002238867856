import { HOUR, type Instant, instantAtEnd, MINUTE } from '../time.ts';
import type { KeyEventName } from './event-windows.ts';
import type { RecordedTransition } from './transitions.ts';

/** A change as CloudTrail tells of it: only what is listed here is ever kept of an event. */
export interface KeyEvent {
  eventId: string;
  at: Instant;
  name: KeyEventName;
  /** ARN of whoever called. */
  caller: string;
  userName?: string;
  accessKeyId?: string;
  /** That the key was set to. */
  status?: string;
  /** It was refused, and changed nothing. */
  errorCode?: string;
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
  /** Up to then CloudTrail has answered for every name. */
  knownUntil: Instant;
  now: Instant;
}

/** So long a message may wait in its queue before it is missed. */
const TO_RECORD = 48 * HOUR;
const BEFORE_INTENT = 5 * MINUTE;
const AFTER_RECORD = 15 * MINUTE;

interface Change {
  accessKeyId: string | undefined;
  names: readonly KeyEventName[];
  status?: string;
}

/** What a record says was done to a key; of all others CloudTrail has nothing, and they wait for no witness. */
function changeOf({ event, record }: RecordedTransition): Change | undefined {
  const { accessKeyId, newAccessKeyId } = record;
  switch (event) {
    case 'issued':
      return { accessKeyId: newAccessKeyId ?? accessKeyId, names: ['CreateAccessKey'] };
    case 'deactivated':
    case 'retired':
    case 'exposed':
      return { accessKeyId, names: ['UpdateAccessKey'], status: 'Inactive' };
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

const keyChanges: readonly KeyEventName[] = ['CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey'];

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
    if (witnesses.length > 0) continue;
    const mayCome = input.knownUntil < record.at + AFTER_RECORD;
    alone.push(mayCome ? { is: 'pending', record } : { is: 'unwitnessed', record });
  }
  const lines = events.map((event): ChangeLine => {
    const record = confirmed.get(event.eventId);
    return record === undefined ? unconfirmed(event, input) : { is: 'confirmed', event, record };
  });
  return [...lines, ...alone];
}

function isWitness(event: KeyEvent, { transitionId, at }: RecordedTransition, change: Change): boolean {
  const intentAt = instantAtEnd(transitionId) ?? at;
  return (
    change.accessKeyId !== undefined &&
    event.accessKeyId === change.accessKeyId &&
    change.names.includes(event.name) &&
    (change.status === undefined || event.status === change.status) &&
    event.at >= intentAt - BEFORE_INTENT &&
    event.at <= at + AFTER_RECORD
  );
}

function unconfirmed(event: KeyEvent, { events, records, isOwnRole, now }: Reconciling): ChangeLine {
  if (!isOwnRole(event.caller)) return { is: 'outside', event };
  const { accessKeyId } = event;
  const isOrphan = records.some(
    (record) => record.event === 'orphan-removed' && record.record.accessKeyId === accessKeyId,
  );
  if (isOrphan || wasUndone(events, accessKeyId, isOwnRole)) return { is: 'taken-back', event };
  return now - event.at < TO_RECORD ? { is: 'pending', event } : { is: 'unrecorded', event };
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
