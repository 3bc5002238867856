import type { Settings } from './settings.ts';
import { DAY, type Instant } from './time.ts';
import type { DueReason, ScannedUser } from './triage/facts.ts';
import type { Triage } from './triage/triage.ts';
import { parseUserSettings } from './user-settings.ts';

/** How old access keys are, in days. */
export interface KeyAges {
  oldestActiveKeyDays: number;
  /**
   * Until the first Active key has had its limit, its grace period and every postponement; negative once it has. Each of
   * two steps may be a run late, so that down to twice `runEveryDays` below 0 nothing is wrong.
   */
  daysToNearestDeadline: number;
}

/** Somebody decided that their keys may grow old. */
const mayGrowOld: readonly DueReason[] = ['exempt', 'held'];

/** Of the Active keys of all users who are neither exempt nor held, as the scan sees them; undefined if none. */
export function keyAges(
  users: readonly { scanned: ScannedUser; verdict: Triage }[],
  settings: Settings,
  now: Instant,
): KeyAges | undefined {
  const ages = users.flatMap(({ scanned, verdict: { oldestActiveAt, reason } }) => {
    if (oldestActiveAt === undefined || mayGrowOld.includes(reason)) return [];
    const own = parseUserSettings(scanned.user, settings, now).settings;
    const days = Math.max(0, now - oldestActiveAt) / DAY;
    const allowed = own.maxAccessKeyAgeDays - own.rotateAheadDays + own.graceDays + own.maxPostponeDays;
    return { days, left: allowed - days };
  });
  if (ages.length === 0) return undefined;
  return {
    oldestActiveKeyDays: Math.max(...ages.map(({ days }) => days)),
    daysToNearestDeadline: Math.min(...ages.map(({ left }) => left)),
  };
}
