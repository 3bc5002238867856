import type { ChainFile } from '../../../shared/core/evidence/chain.ts';
import { HISTORY, TRAIL_LAG } from '../../../shared/core/evidence/event-windows.ts';
import { type KeyEvent, keyChanges, ownRoles, reconcile } from '../../../shared/core/evidence/reconcile.ts';
import { type RecordedTransition, transitionsOf } from '../../../shared/core/evidence/transitions.ts';
import { worst } from '../../../shared/core/evidence/verdict.ts';
import { formatDate, formatInstant } from '../../../shared/core/time.ts';
import { type ExceptionUsed, exceptionsOf } from './exceptions.ts';
import { type Exposure, exposuresOf } from './exposures.ts';
import { type Gap, gapsOf } from './gaps.ts';
import { instantOf, type PeriodInput } from './input.ts';
import { ageAt, boundsOf, type KeyLife, livesOf } from './key-lives.ts';
import { type MfaOfPerson, type MfaOnDay, mfaOf } from './mfa.ts';
import { lastDigest, whyNotDone } from './not-done.ts';
import { daysOf, isWithin, type Period } from './period.ts';
import { type Due, duesOf, notDoneBy, type Rotation, rotationsOf } from './rotations.ts';
import { type ControlOverPeriod, controlsOver, type Spell, spellsOf } from './spells.ts';
import { type DaysByState, type KeyInPeriod, sumOf, withStates } from './states.ts';

/** By nearest rank. */
export interface Ages {
  count: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  max: number | null;
}

/**
 * What the evidence of a period shows. No run, clock or version of whoever makes it is inside: the same evidence makes the
 * same bytes.
 */
export interface PeriodReport {
  schemaVersion: 1;
  accountId: string;
  period: { name: string; firstDay: string; lastDay: string };
  isPreliminary: boolean;
  chain: {
    result: 'valid' | 'invalid' | 'not-checked';
    digests: number;
    first: Head | null;
    last: Head | null;
  };
  days: { expected: number; withEvidence: number; bySchedule: number; byHand: number; incomplete: number };
  records: { transitions: number; repeats: number };
  gaps: Gap[];
  keyAge: {
    activeKeyDays: number;
    overLimitKeyDays: number;
    overLimitPercent: number | null;
    ended: Ages;
    active: Ages;
    /** The oldest that there were, whether they ended or not. */
    oldest: OldKey[];
  };
  keys: KeyInPeriod[];
  /** Days of keys, by where each stood; in all, and of each key in `keys`. */
  timeInState: DaysByState;
  due: {
    onTime: number;
    late: number;
    notDone: number;
    keys: Due[];
    /** Of what came late. */
    daysLate: Ages;
    notDoneBy: Record<string, number>;
  };
  rotations: Rotation[];
  /** From the new key to the end of the old one, in days. */
  handOverDays: Ages;
  rolledBack: number;
  exposures: Exposure[];
  /** From the report of an exposure to the end of the key, where both are known. */
  exposedMinutes: Ages;
  controls: ControlOverPeriod[];
  findings: Spell[];
  exceptions: ExceptionUsed[];
  /** By day: people with a password, with and without an MFA device. */
  mfa: MfaOnDay[];
  people: MfaOfPerson[];
  outside: {
    at: string;
    name: string;
    accessKeyId: string | null;
    userName: string | null;
    by: string;
    eventId: string;
  }[];
}

export interface OldKey {
  accessKeyId: string;
  userName: string;
  /** At its end, or at the end of the period. */
  ageDays: number;
  isActive: boolean;
}

interface Head {
  sequence: number;
  sha256: string;
  madeAt: string;
}

export function reportOf(input: PeriodInput): PeriodReport {
  const { period, days, accountId, now } = input;
  const records = transitionsOf(input.records).filter((record) => record.accountId === accountId);
  const events = [...new Map(input.events.map((event) => [event.eventId, event])).values()].toSorted(
    (a, b) => a.at - b.at || (a.eventId < b.eventId ? -1 : 1),
  );
  const lines = linesIn(input, records, events);
  const known = livesOf({ days, records, events }).filter((life) => isOf(life, period));
  const lives = withStates(known, { period, days, now });
  const spells = spellsOf(days);
  const why = whyNotDone({ days, records, digest: lastDigest(input.records, period), period });
  const dues = duesOf(lives, why, { period, now });
  const rotations = rotationsOf(records, events, { lives, period, now });
  const mfa = mfaOf(days);
  const exposures = exposuresOf(records, lives, period);
  const outcomes = (outcome: Due['outcome']): number => dues.filter((due) => due.outcome === outcome).length;
  const within = records.filter(({ at }) => isWithin(period, at));
  return {
    ...{ schemaVersion: 1, accountId, isPreliminary: input.isPreliminary },
    period: { name: period.name, firstDay: formatDate(period.from), lastDay: formatDate(period.to - 1) },
    chain: chainOf(input),
    days: {
      expected: daysOf(period, now).length,
      withEvidence: days.length,
      bySchedule: days.filter(({ trigger }) => trigger === 'schedule').length,
      byHand: days.filter(({ trigger }) => trigger === 'hand').length,
      incomplete: days.filter(({ open }) => open.some(({ status }) => status === 'error')).length,
    },
    records: { transitions: within.length, repeats: within.reduce((sum, { repeats }) => sum + repeats, 0) },
    gaps: gapsOf(input, { records, lines }),
    keyAge: keyAgeOf(lives, { period, now }),
    keys: lives,
    timeInState: sumOf(lives.flatMap(({ states }) => states)),
    due: {
      ...{ onTime: outcomes('on-time'), late: outcomes('late'), notDone: outcomes('not-done'), keys: dues },
      daysLate: agesOf(dues.flatMap(({ daysLate }) => daysLate ?? [])),
      notDoneBy: notDoneBy(dues),
    },
    rotations,
    handOverDays: agesOf(rotations.flatMap(({ handOverDays }) => handOverDays ?? [])),
    rolledBack: within.filter(({ event }) => event === 'rolled-back').length,
    exposures,
    exposedMinutes: agesOf(exposures.flatMap(({ minutes }) => minutes ?? [])),
    controls: controlsOver(days, spells),
    findings: spells,
    exceptions: exceptionsOf(days, events),
    mfa: mfa.byDay,
    people: mfa.people,
    outside: lines.flatMap((line) => (line.is === 'outside' ? [outsideOf(line.event)] : [])),
  };
}

function linesIn(
  { period, chained, accountId, roleSuffix, now }: PeriodInput,
  records: readonly RecordedTransition[],
  events: readonly KeyEvent[],
) {
  const until = chained.at(-1)?.digest.eventsUntil ?? {};
  const knownUntil = Math.min(...keyChanges.map((name) => instantOf(until[name] ?? '')));
  const first = chained[0]?.digest;
  // The first run asks for all that CloudTrail still has.
  const knownFrom = instantOf(first?.madeAt ?? '') - (first?.previous === null ? HISTORY : 0);
  const isOwnRole = ownRoles(accountId, roleSuffix);
  // What Keyturn did before, nobody recorded.
  const recordedFrom = first?.previous === null ? instantOf(first.madeAt) - TRAIL_LAG : 0;
  const all = reconcile({ events, records, isOwnRole, knownFrom, knownUntil, now });
  return all.filter((line) => {
    if (line.is === 'unrecorded' && line.event.at < recordedFrom) return false;
    const at =
      'event' in line && line.event !== undefined ? line.event.at : 'record' in line ? line.record?.at : undefined;
    return at !== undefined && isWithin(period, at);
  });
}

/** It was there in the period: made before its end, and not deleted before it began. */
function isOf({ changes, activeDays, limitDays }: KeyLife, { from, to }: Period): boolean {
  if (activeDays > 0 || limitDays !== null) return true;
  const created = changes.find(({ what }) => what === 'created')?.told[0];
  const deleted = changes.find(({ what }) => what === 'deleted')?.told[0];
  return (
    (created === undefined || instantOf(created.at) < to) && (deleted === undefined || instantOf(deleted.at) >= from)
  );
}

function chainOf({ verdicts, chained }: PeriodInput): PeriodReport['chain'] {
  const results = { wrong: 'invalid', unknown: 'not-checked', true: 'valid' } as const;
  const head = (file: ChainFile | undefined): Head | null =>
    file === undefined ? null : { sequence: file.number, sha256: file.sha256, madeAt: file.digest.madeAt };
  return {
    result: results[worst(verdicts)],
    digests: chained.length,
    first: head(chained[0]),
    last: head(chained.at(-1)),
  };
}

/** Keys that ended and keys that did not are counted apart: else the oldest, which are still there, would vanish. */
function keyAgeOf(lives: readonly KeyLife[], { period, now }: { period: Period; now: number }): PeriodReport['keyAge'] {
  const end = Math.min(period.to, now);
  const sum = (of: (life: KeyLife) => number): number => lives.reduce((all, life) => all + of(life), 0);
  const [activeKeyDays, overLimitKeyDays] = [sum(({ activeDays }) => activeDays), sum(({ overDays }) => overDays)];
  const ages = lives.flatMap((life): OldKey[] => {
    const { accessKeyId, userName } = life;
    const { stoppedAt = Number.POSITIVE_INFINITY, createdAt = end } = boundsOf(life);
    const ageDays = ageAt(life, Math.min(stoppedAt, end));
    if (ageDays === undefined || stoppedAt < period.from || createdAt >= end) return [];
    return [{ accessKeyId, userName, ageDays, isActive: stoppedAt >= end }];
  });
  const agesOfThose = (isActive: boolean): Ages =>
    agesOf(ages.filter((key) => key.isActive === isActive).map(({ ageDays }) => ageDays));
  return {
    ...{ activeKeyDays, overLimitKeyDays },
    overLimitPercent: activeKeyDays === 0 ? null : Math.round((overLimitKeyDays / activeKeyDays) * 1000) / 10,
    ended: agesOfThose(false),
    active: agesOfThose(true),
    oldest: ages.toSorted((a, b) => b.ageDays - a.ageDays || (a.accessKeyId < b.accessKeyId ? -1 : 1)).slice(0, OLDEST),
  };
}

const OLDEST = 20;

export function agesOf(ages: readonly number[]): Ages {
  const ordered = ages.toSorted((a, b) => a - b);
  const rank = (percent: number): number | null => ordered[Math.ceil((percent / 100) * ordered.length) - 1] ?? null;
  return { count: ordered.length, p50: rank(50), p90: rank(90), p99: rank(99), max: rank(100) };
}

function outsideOf({ at, name, accessKeyId, userName, caller, eventId }: KeyEvent): PeriodReport['outside'][number] {
  return {
    ...{ at: formatInstant(at), name, by: caller, eventId },
    accessKeyId: accessKeyId ?? null,
    userName: userName ?? null,
  };
}
