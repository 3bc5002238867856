import { afterFreeze } from './freeze.ts';
import type { CurrentSince, DeactivatedRecord } from './secret-tags.ts';
import type { Settings } from './settings.ts';
import { DAY, type Instant } from './time.ts';

/*
 * What was promised holds, whatever became of the setting since: in force is the larger of the two. Only a command by
 * hand makes a time shorter.
 */

/** Days from the announcement of the new key to the deactivation of the old one. */
export function graceDaysOf(since: CurrentSince | undefined, { graceDays }: Pick<Settings, 'graceDays'>): number {
  return since?.graceDays ?? Math.max(graceDays, since?.promised?.graceDays ?? 0);
}

/** Days that a deactivation is put off at most. */
export function postponeDaysOf(since: CurrentSince, { maxPostponeDays }: Pick<Settings, 'maxPostponeDays'>): number {
  return Math.max(maxPostponeDays, since.promised?.postponeDays ?? 0);
}

/** When a key that is recorded as Inactive may be deleted. */
export function deletableAt(record: DeactivatedRecord, { recoveryDays }: Pick<Settings, 'recoveryDays'>): Instant {
  return record.at + Math.max(recoveryDays, record.recoveryDays ?? 0) * DAY;
}

/** The same for one that is deactivated now, as its owner is told: in a freeze nothing is deleted. */
export function deletedFrom(settings: Pick<Settings, 'recoveryDays' | 'freeze'>, now: Instant): Instant {
  return afterFreeze(settings, now + settings.recoveryDays * DAY);
}
