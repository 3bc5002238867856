import { asScheduled } from '../model.ts';
import { deletionNoticeFrom, noticePeriodOf, reminderInstants } from '../notice-period.ts';
import { plan } from '../plan.ts';
import { present } from '../present.ts';
import { deletableAt, graceDaysOf } from '../promises.ts';
import type { ReasonCode } from '../reasons.ts';
import { inAnotherRegion } from '../secret-elsewhere.ts';
import type { DeactivatedRecord } from '../secret-tags.ts';
import { DAY, hasPassed, type Instant } from '../time.ts';
import { type Answer, due, type Facts, type ScannedUser, skip, slotsOf } from './facts.ts';
import { waitsUntold } from './state.ts';

/** An Inactive key waits for its deletion, and everything else waits for that (`reactivated` and `recovering`). */
export function recovering(facts: Facts): Answer | undefined {
  const { records, slots, currentKeyId } = facts;
  if (records.length === 0) return undefined;
  const next = records.map((record) => deletionOf(facts, record)).find((reason) => reason !== undefined);
  if (next !== undefined) return due(next);
  if (slots === undefined) return skip('recovery');
  const hasOther = currentKeyId !== undefined && records.every(({ accessKeyId }) => accessKeyId !== currentKeyId);
  const isReactivated =
    slots.active.length > 2 - records.length || (!hasOther && slots.active.length > 0 && slots.inactive.length === 0);
  return isReactivated ? due('reactivated') : skip('recovery');
}

/** What the deletion of that key is ready for: its notice, or itself. */
function deletionOf({ settings, tags, now }: Facts, record: DeactivatedRecord): ReasonCode | undefined {
  const { runEveryDays } = settings;
  const at = deletableAt(record, settings);
  if (now < deletionNoticeFrom(at, runEveryDays)) return undefined;
  const told = noticePeriodOf(tags, { ...record, kind: 'deletion' }, runEveryDays, now).is;
  if (told === 'missing') return 'deletion-soon';
  return told === 'in-force' && now >= at ? 'recovery-over' : undefined;
}

/** Two Active keys, one of them current: the grace period (`superseded`), whose instants are in the tags. */
export function superseded({ tags, settings, slots, currentKeyId, now }: Facts): Answer | undefined {
  const { currentSince, confirmed, notice } = tags;
  const isClocked = currentSince !== undefined && currentSince.accessKeyId === currentKeyId;
  if (slots === undefined) {
    if (!isClocked) return due('unread');
  } else if (slots.active.length < 2 || currentKeyId === undefined) return undefined;
  if (!isClocked) return due('grace-restarted');

  const since = currentSince.at;
  const graceDays = graceDaysOf(currentSince, settings);
  if (graceDays === 0) return due('no-grace');
  if (confirmed?.accessKeyId === currentKeyId) return due('confirmed');
  const end = since + graceDays * DAY;
  if (now >= end) return due('grace-over');
  const reminder = reminderInstants({ since, end }).findLast((at) => at <= now);
  const isAboutOld = notice?.kind === 'deactivation' && notice.accessKeyId !== currentKeyId;
  const isTold = isAboutOld && notice.at > since && notice.at >= (reminder ?? since);
  return reminder === undefined || isTold ? skip('in-grace') : due('reminder-due');
}

/** An old key that others deactivated or deleted: recorded, reported or forgotten. */
export function leftover({ slots, otherKeyIds, currentKeyId }: Facts): Answer | undefined {
  if (slots === undefined) return undefined;
  const { active, inactive } = slots;
  if (active.length < 2 && otherKeyIds.length > 0) return due('inactive-seen');
  const [oldestInactive] = inactive;
  if (currentKeyId === undefined || oldestInactive === undefined) return undefined;
  // The inactive one may be the current key, whichever of them is newer: whose it is, only IAM says.
  return due(active.length === 0 ? 'current-inactive' : 'inactive-seen');
}

/** The report makes keys look younger than they are, never older. */
export function oldEnough(facts: Facts): Answer | undefined {
  const { slots, settings, now, scanned } = facts;
  const limit = settings.maxAccessKeyAgeDays - settings.rotateAheadDays;
  if (slots === undefined || !slots.active.some((at) => hasPassed(at, limit, now))) return undefined;
  const isAlone = slots.active.length + slots.inactive.length === 1;
  const isLimited = isAlone && !scanned.secret?.rotationEnabled;
  const { user, elsewhere } = scanned;
  if (!isLimited || elsewhere === undefined || settings.unused === 'retire') return due('due', { isLimited });
  const waits = waitsUntold(facts, 'secret-elsewhere', inAnotherRegion(user, settings, elsewhere));
  return { ...waits, isLimited };
}

/** What the plan waits for may depend on the last use of a key, which the scan has not read. */
const dependsOnUse: readonly ReasonCode[] = ['still-in-use', 'not-handed-on', 'not-switched', 'frozen'];

/** With the keys known exactly, the plan itself says whether there is something to do. */
export function planned({ scanned, settings, isTurn, now }: Facts): Answer | undefined {
  const { user, keys = [], secret, elsewhere } = scanned;
  const state = { user, keys, ...present({ secret }) };
  const request = { ...asScheduled, mayRepeat: isTurn, ...present({ elsewhere }) };
  const { status, reason, message, steps } = plan(state, request, settings, now);
  if (status === 'unchanged' && !dependsOnUse.includes(reason)) return skip(reason);
  const isToldOf = status === 'blocked' || status === 'failed';
  if (isToldOf && steps.every(({ action }) => action === 'none')) return skip(reason, { because: message });
  // The worker is told so only where it would issue.
  const isRefused = reason === 'secret-elsewhere';
  const isLimited = isRefused || steps.some(({ action }) => action === 'issue' || action === 'retire');
  return due(reason, { ...(isLimited ? { isLimited } : {}), ...(isToldOf ? { because: message } : {}) });
}

export function oldestActive({ keys, report }: ScannedUser): Instant | undefined {
  const exact = keys?.filter(({ status }) => status === 'Active').map(({ createdAt }) => createdAt);
  return exact === undefined ? report && slotsOf(report).active[0] : exact.toSorted((a, b) => a - b)[0];
}
