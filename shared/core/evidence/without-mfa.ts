import { hashOf } from '../runs.ts';
import { DAY, type Instant } from '../time.ts';
import type { Finding } from './finding.ts';

// People who have a password and no device are told seldom: on the day it is seen, after a week, and every thirty days
// from then on. Which day that is follows from the findings of the run before, so nothing else remembers who was told.

const WEEK = 7;
const MONTH = 30;
/** In one run; the others are named in the message about the run. */
const MOST = 25;

/** Somebody whose turn it is. */
export interface MfaTurn {
  userId: string;
  userName: string;
  /** Since when it is so, as far as evidence goes. */
  since: Instant;
  /** The day that it is told for: the same, however often it is told. */
  day: Instant;
}

export interface MfaTurns {
  told: readonly MfaTurn[];
  /** Names of those for whom there was no room. */
  left: readonly string[];
}

export interface RunBefore {
  findings: readonly Finding[];
  /** When it began; absent where there was none, or it is not believed. */
  startedAt?: Instant | undefined;
  /** UserIds to whom a message was refused. */
  untold: readonly string[];
}

/** Whose turn came after the run before this one. Who is accepted, such as a break-glass user, is never told. */
export function mfaTurns(findings: readonly Finding[], before: RunBefore, now: Instant): MfaTurns {
  const old = new Map(before.findings.map((finding) => [finding.id, finding]));
  const untold = new Set(before.untold);
  const previous = dayOf(before.startedAt ?? 0);
  const turns = findings.flatMap((finding): MfaTurn[] => {
    const { control, status, accepted, resource } = finding;
    if (control.id !== 'mfa-console' || status !== 'fail' || accepted !== null) return [];
    const since = Date.parse(finding.since);
    const day = since + lastTurn(Math.floor((now - since) / DAY)) * DAY;
    const isNew = !hasLasted(old.get(finding.id), finding);
    const { id: userId, userName = userId } = resource;
    return isNew || untold.has(userId) || (day > since && day > previous) ? [{ userId, userName, since, day }] : [];
  });
  const place = ({ userId }: MfaTurn): number => hashOf(`${userId}/${dayOf(now)}`);
  // Other people on other days, where there is no room for all.
  const drawn = turns.toSorted((a, b) => place(a) - place(b));
  return { told: drawn.slice(0, MOST), left: drawn.slice(MOST).map(({ userName }) => userName) };
}

/** Of so many days: the last on which it was told, or is. */
function lastTurn(days: number): number {
  return days < WEEK ? 0 : days - ((days - WEEK) % MONTH);
}

/** The run before knew of the same failure; where it did not know, what was known before it counts. */
function hasLasted(before: Finding | undefined, { since }: Finding): boolean {
  const known = before?.status === 'error' ? before.lastKnown : before;
  return known?.status === 'fail' && known.since === since;
}

function dayOf(at: Instant): Instant {
  return Math.floor(at / DAY) * DAY;
}
