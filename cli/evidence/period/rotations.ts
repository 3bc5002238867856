import { changeOf, isWitness, type KeyEvent } from '../../../shared/core/evidence/reconcile.ts';
import { hashInName } from '../../../shared/core/evidence/record-name.ts';
import type { RecordedTransition } from '../../../shared/core/evidence/transitions.ts';
import { DAY, formatInstant, type Instant } from '../../../shared/core/time.ts';
import { boundsOf, instantOfChange, type KeyLife, textOf } from './key-lives.ts';
import { isWithin, type Period } from './period.ts';
import type { KeyInPeriod } from './states.ts';

/** One replacement of a key: what an auditor samples from. */
export interface Rotation {
  transitionId: string;
  userId: string;
  userName: string;
  oldAccessKeyId: string | null;
  newAccessKeyId: string;
  issuedAt: string;
  /** When the old key reached its limit, or would have. */
  limitAt: string | null;
  deactivatedAt: string | null;
  deletedAt: string | null;
  /** The replaced key was Inactive before it reached its limit; null while that is open, or there was none. */
  onTime: boolean | null;
  handOverDays: number | null;
  recordKey: string;
  recordSha256: string;
  /** Of CloudTrail; empty: nothing but our record tells of it. */
  eventIds: readonly string[];
}

/** A key that reached its limit in the period, or would have. */
export interface Due {
  accessKeyId: string;
  userName: string;
  limitAt: string;
  outcome: 'on-time' | 'late' | 'not-done';
  daysLate: number | null;
  /** Of what was not done: why, as far as the evidence tells. */
  reason: string;
}

export function rotationsOf(
  records: readonly RecordedTransition[],
  events: readonly KeyEvent[],
  { lives, period, now }: { lives: readonly KeyLife[]; period: Period; now: Instant },
): Rotation[] {
  const byKey = new Map(lives.map((life) => [life.accessKeyId, life]));
  const issued = records.filter(({ event, at }) => event === 'issued' && isWithin(period, at));
  return issued.flatMap((transition): Rotation[] => {
    const { record, at, key, transitionId } = transition;
    const newAccessKeyId = record.newAccessKeyId ?? record.accessKeyId;
    if (newAccessKeyId === undefined) return [];
    const old = record.newAccessKeyId === undefined ? undefined : byKey.get(record.accessKeyId ?? '');
    return [
      {
        ...{ transitionId, userId: textOf(record.userId), userName: textOf(record.userName), newAccessKeyId },
        oldAccessKeyId: old?.accessKeyId ?? null,
        issuedAt: formatInstant(at),
        ...endOf(old, at, Math.min(period.to, now)),
        ...{ recordKey: key, recordSha256: hashInName(key) ?? '', eventIds: witnesses(transition, events, old) },
      },
    ];
  });
}

/** What became of the key that was replaced. */
function endOf(
  old: KeyLife | undefined,
  issuedAt: Instant,
  end: Instant,
): Pick<Rotation, 'limitAt' | 'deactivatedAt' | 'deletedAt' | 'onTime' | 'handOverDays'> {
  if (old === undefined) {
    return { limitAt: null, deactivatedAt: null, deletedAt: null, onTime: null, handOverDays: null };
  }
  const [limit, { stoppedAt }] = [limitOf(old), boundsOf(old)];
  const deleted = old.changes.find(({ what }) => what === 'deleted');
  const isDecided = limit !== undefined && (stoppedAt !== undefined || limit <= end);
  return {
    limitAt: textOfInstant(limit),
    deactivatedAt: textOfInstant(stoppedAt),
    deletedAt: textOfInstant(deleted && instantOfChange(deleted)),
    onTime: isDecided ? (stoppedAt ?? end) < limit : null,
    handOverDays: stoppedAt === undefined ? null : inTenths(stoppedAt - issuedAt),
  };
}

/** Of the new key's creation, and of the old one's deactivation. */
function witnesses(
  transition: RecordedTransition,
  events: readonly KeyEvent[],
  old: KeyLife | undefined,
): readonly string[] {
  const change = changeOf(transition);
  const made = change === undefined ? [] : events.filter((event) => isWitness(event, transition, change));
  const stops = old?.changes.filter(({ what }) => what === 'deactivated') ?? [];
  const told = stops.flatMap(({ told: [best] }) => (best?.source === 'cloudtrail' ? [best.reference] : []));
  return [...made.map(({ eventId }) => eventId), ...told.slice(-1)];
}

function textOfInstant(at: Instant | undefined): string | null {
  return at === undefined ? null : formatInstant(at);
}

function inTenths(ms: number): number {
  return Math.round((ms / DAY) * 10) / 10;
}

function limitOf(life: KeyLife): number | undefined {
  const { createdAt } = boundsOf(life);
  return createdAt === undefined || life.limitDays === null ? undefined : createdAt + life.limitDays * DAY;
}

export function duesOf(
  lives: readonly KeyInPeriod[],
  whyNotDone: (life: KeyInPeriod) => string,
  { period, now }: { period: Period; now: Instant },
): Due[] {
  const end = Math.min(period.to, now);
  return lives.flatMap((life): Due[] => {
    const limit = limitOf(life);
    const { stoppedAt = Number.POSITIVE_INFINITY } = boundsOf(life);
    if (limit === undefined || limit < period.from || limit >= end || stoppedAt < period.from) return [];
    const { accessKeyId, userName } = life;
    const outcome = stoppedAt < limit ? 'on-time' : stoppedAt < end ? 'late' : 'not-done';
    return [
      {
        ...{ accessKeyId, userName, limitAt: formatInstant(limit), outcome },
        daysLate: outcome === 'late' ? inTenths(stoppedAt - limit) : null,
        reason: outcome === 'not-done' ? whyNotDone(life) : '',
      },
    ];
  });
}

/** How many were not done, by the reason for it; in the order of the reasons' names. */
export function notDoneBy(dues: readonly Due[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of dues.flatMap((due) => (due.outcome === 'not-done' ? due.reason : [])).toSorted()) {
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}
