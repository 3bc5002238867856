import type { Triaged } from './activity.ts';
import type { CommonRefusal } from './model.ts';
import { parseSecretTags } from './read-secret-tags.ts';
import { hasPassed, type Instant } from './time.ts';

/** What a run gives one user of what is left of the day. */
export interface Share {
  mayIssue: boolean;
  /** AWS seems to refuse all users, so this one is tried. */
  isProbe?: true;
}

/** For how long a failure puts its user behind the others. */
const BEHIND_DAYS = 7;

/**
 * Who is enqueued, in order: the oldest key first, so that a daily limit is spent on the keys that need it most; but
 * whose rotation failed or was blocked lately comes after all others, or those who can never be rotated would be tried
 * first for ever. Who has no Active key comes last of their kind.
 */
export function inOrder(due: readonly Triaged[], now: Instant): Triaged[] {
  return due
    .map((user) => ({ user, isBehind: failedLately(user, now) }))
    .toSorted((a, b) => Number(a.isBehind) - Number(b.isBehind) || byAge(a.user, b.user))
    .map(({ user }) => user);
}

/** Oldest first. */
export function byAge(a: Triaged, b: Triaged): number {
  const age = ({ verdict }: Triaged): Instant => verdict.oldestActiveAt ?? Number.MAX_SAFE_INTEGER;
  return age(a) - age(b) || (a.scanned.user.userId < b.scanned.user.userId ? -1 : 1);
}

function failedLately({ scanned: { secret } }: Triaged, now: Instant): boolean {
  const { announced } = parseSecretTags(secret?.tags ?? {}, now).tags;
  if (announced?.event !== 'failed' && announced?.event !== 'blocked') return false;
  return !hasPassed(announced.at, BEHIND_DAYS, now);
}

/** One user for whom a rotation is tried, though it is refused to all; another in each run. */
export interface Probe {
  among: readonly Triaged[];
  turn: number;
}

/**
 * By UserId: whom of those who wait for a new key, or for the end of an old one, the run lets have it. What is left of
 * the day is given away in one place, since what the workers could count may be minutes old.
 */
export function shareOut(ordered: readonly Triaged[], left: number, probe: Probe | undefined): Map<string, Share> {
  const wanting = ordered.filter(({ verdict }) => verdict.isLimited);
  const given =
    probe === undefined
      ? wanting.slice(0, left)
      : left > 0
        ? probe.among.slice(probe.turn % probe.among.length).slice(0, 1)
        : [];
  const share: Share = probe === undefined ? { mayIssue: true } : { mayIssue: true, isProbe: true };
  return new Map(given.map(({ scanned }) => [scanned.user.userId, share]));
}

/** The first one may show that a refusal of all users is over; those who met it come last. */
export function probeOf(ordered: readonly Triaged[], refusal: CommonRefusal | undefined): Probe | undefined {
  const among = ordered.filter(({ verdict }) => verdict.isLimited);
  return refusal === undefined || among.length === 0 ? undefined : { among, turn: 0 };
}
