import type { KeyEvent } from '../../../shared/core/evidence/reconcile.ts';
import { changeOf } from '../../../shared/core/evidence/reconcile.ts';
import type { RecordedTransition } from '../../../shared/core/evidence/transitions.ts';
import { DAY, formatInstant, HOUR, type Instant, MINUTE } from '../../../shared/core/time.ts';
import type { Day, DayOfKey } from './day.ts';
import { instantOf } from './input.ts';

/** Best first. */
export const toldBy = ['cloudtrail', 'record', 'reading', 'days'] as const;

/** Who says when something happened to a key. */
export interface Told {
  at: string;
  /** Of days: it happened between the run before and this. */
  after: string | null;
  /** Best first: an event of CloudTrail, a record of ours, an exact list of keys, the days on which it was seen. */
  source: (typeof toldBy)[number];
  /** An event ID, the key of a record, the folder of a run. */
  reference: string;
  by: string | null;
}

export interface KeyChange {
  what: 'created' | 'activated' | 'deactivated' | 'deleted';
  /** The best source first; every other that tells of the same. */
  told: readonly Told[];
  /** They do not say the same time. */
  disagree: boolean;
}

export interface KeyLife {
  accessKeyId: string;
  userId: string;
  userName: string;
  /** The last limit that was judged by; null for a key that no run has seen. */
  limitDays: number | null;
  /** In order of time. */
  changes: readonly KeyChange[];
  /** Days of the period with evidence on which it was Active or not, and of the first those at or over its limit. */
  activeDays: number;
  inactiveDays: number;
  overDays: number;
}

interface Claim extends Told {
  what: KeyChange['what'];
}

/** A record is told after the change, and a report may be hours old. */
const TOLD_LATE = 15 * MINUTE;
const REPORT_AGE = 5 * HOUR;

export interface LivesInput {
  days: readonly Day[];
  records: readonly RecordedTransition[];
  events: readonly KeyEvent[];
}

/** The life of every key that a day of the period, a record or an event knows. */
export function livesOf(input: LivesInput): KeyLife[] {
  const claims = new Map<string, Claim[]>();
  const claim = (accessKeyId: string, made: Claim): void => {
    claims.set(accessKeyId, [...(claims.get(accessKeyId) ?? []), made]);
  };
  for (const event of input.events) claimOfEvent(event, claim);
  for (const record of input.records) claimOfRecord(record, claim);
  const seen = seenKeys(input.days);
  for (const [accessKeyId, days] of seen) claimsOfDays(days, input.days, (made) => claim(accessKeyId, made));
  const owners = ownersIn(input);
  return [...new Set([...claims.keys(), ...seen.keys()])].toSorted().map((accessKeyId): KeyLife => {
    const days = [...(seen.get(accessKeyId)?.values() ?? [])];
    const last = days.at(-1);
    return {
      accessKeyId,
      userId: last?.userId ?? owners.get(accessKeyId)?.userId ?? '',
      userName: last?.userName ?? owners.get(accessKeyId)?.userName ?? '',
      limitDays: last?.limitDays ?? null,
      changes: changesOf(claims.get(accessKeyId) ?? []),
      activeDays: days.filter(({ status }) => status === 'Active').length,
      inactiveDays: days.filter(({ status }) => status !== 'Active').length,
      overDays: days.filter(({ isOver }) => isOver).length,
    };
  });
}

type MakeClaim = (accessKeyId: string, claim: Claim) => void;

function claimOfEvent({ accessKeyId, name, status, at, eventId, caller, errorCode }: KeyEvent, claim: MakeClaim): void {
  const what =
    name === 'CreateAccessKey'
      ? 'created'
      : name === 'DeleteAccessKey'
        ? 'deleted'
        : name === 'UpdateAccessKey'
          ? status === 'Active'
            ? 'activated'
            : 'deactivated'
          : undefined;
  if (accessKeyId === undefined || what === undefined || errorCode !== undefined) return;
  claim(accessKeyId, {
    ...{ what, at: formatInstant(at), after: null, source: 'cloudtrail', reference: eventId, by: caller },
  });
}

function claimOfRecord(record: RecordedTransition, claim: MakeClaim): void {
  const change = changeOf(record);
  // Of an exposed key that is still active, or of nobody here, it tells of no change.
  const isOnlyTold = change?.mayBeOnlyTold === true && record.record.keyStatus !== 'Inactive';
  if (change?.accessKeyId === undefined || isOnlyTold) return;
  const name = change.names.at(-1);
  const what =
    name === 'CreateAccessKey'
      ? 'created'
      : name === 'DeleteAccessKey'
        ? 'deleted'
        : change.status === 'Active'
          ? 'activated'
          : 'deactivated';
  const told = { at: formatInstant(record.at), after: null, source: 'record', reference: record.key } as const;
  claim(change.accessKeyId, { what, ...told, by: 'Keyturn' });
}

/** By key, and by date. */
export function seenKeys(days: readonly Day[]): Map<string, Map<string, DayOfKey>> {
  const seen = new Map<string, Map<string, DayOfKey>>();
  for (const { date, keys } of days) {
    for (const key of keys) seen.set(key.accessKeyId, (seen.get(key.accessKeyId) ?? new Map()).set(date, key));
  }
  return seen;
}

/** The exact list says when a key was made; what became of it between two days was in between. */
function claimsOfDays(own: ReadonlyMap<string, DayOfKey>, days: readonly Day[], claim: (made: Claim) => void): void {
  let before: { day: Day; key: DayOfKey } | undefined;
  for (const day of days) {
    const key = own.get(day.date);
    const seen = (what: Claim['what'], from: Day): void =>
      claim({
        ...{ what, at: formatInstant(day.at), source: 'days', reference: day.folder, by: null },
        after: formatInstant(from.at - REPORT_AGE),
      });
    if (key === undefined) {
      if (before === undefined || day.unlisted.has(before.key.userId) || !day.isListed) continue;
      seen('deleted', before.day);
      before = undefined;
      continue;
    }
    if (before === undefined) {
      const { createdAt } = key;
      claim({ what: 'created', at: createdAt, after: null, source: 'reading', reference: day.folder, by: null });
    } else if (before.key.status !== key.status) {
      seen(key.status === 'Active' ? 'activated' : 'deactivated', before.day);
    }
    before = { day, key };
  }
}

/** What is told of the same change becomes one, by its best source. */
function changesOf(claims: readonly Claim[]): KeyChange[] {
  const bestFirst = claims.toSorted(
    (a, b) => toldBy.indexOf(a.source) - toldBy.indexOf(b.source) || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0),
  );
  const found: { what: Claim['what']; told: Told[] }[] = [];
  for (const { what, ...told } of bestFirst) {
    const same = found.find((change) => change.what === what && isSame(change, what, told));
    if (same === undefined) found.push({ what, told: [told] });
    else if (!same.told.some(({ reference }) => reference === told.reference)) same.told.push(told);
  }
  return found
    .map(({ what, told }) => ({ what, told, disagree: disagrees(told) }))
    .toSorted((a, b) => instantOfChange(a) - instantOfChange(b));
}

/** A key is made once, and deleted once; it may be switched off and on again. */
function isSame({ told: [best] }: { told: readonly Told[] }, what: Claim['what'], told: Told): boolean {
  if (what === 'created' || what === 'deleted') return true;
  if (best === undefined || told.source === 'cloudtrail') return false;
  return told.after === null ? isNear(best, told) : best.at >= told.after && best.at <= told.at;
}

function isNear(one: Told, other: Told): boolean {
  return Math.abs(instantOf(one.at) - instantOf(other.at)) <= TOLD_LATE;
}

function disagrees([best, ...others]: readonly Told[]): boolean {
  return others.some((other) =>
    best === undefined || other.after === null
      ? best !== undefined && best.after === null && !isNear(best, other)
      : best.at < other.after || best.at > other.at,
  );
}

export function instantOfChange({ told }: Pick<KeyChange, 'told'>): Instant {
  return instantOf(told[0]?.at ?? '');
}

/** When a key began, and when it stopped being usable for good within what is known. */
export function boundsOf({ changes }: KeyLife): { createdAt: Instant | undefined; stoppedAt: Instant | undefined } {
  const created = changes.find(({ what }) => what === 'created');
  const ends = changes.filter(({ what }) => what !== 'created');
  const lastOn = ends.findLastIndex(({ what }) => what === 'activated');
  const stop = ends[lastOn + 1];
  return {
    createdAt: created === undefined ? undefined : instantOfChange(created),
    stoppedAt: stop === undefined ? undefined : instantOfChange(stop),
  };
}

/** How old it was, in days with a tenth. */
export function ageAt(life: KeyLife, at: Instant): number | undefined {
  const { createdAt } = boundsOf(life);
  return createdAt === undefined ? undefined : Math.round(((at - createdAt) / DAY) * 10) / 10;
}

function ownersIn({ records, events }: LivesInput): Map<string, { userId: string; userName: string }> {
  const owners = new Map<string, { userId: string; userName: string }>();
  for (const { accessKeyId, userName } of events) {
    if (accessKeyId !== undefined && userName !== undefined) owners.set(accessKeyId, { userId: '', userName });
  }
  for (const { record } of records) {
    const owner = { userId: textOf(record.userId), userName: textOf(record.userName) };
    for (const key of [record.accessKeyId, record.newAccessKeyId]) if (key !== undefined) owners.set(key, owner);
  }
  return owners;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
