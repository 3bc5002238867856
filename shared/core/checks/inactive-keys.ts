import { type Answer, act, wait } from '../answer.ts';
import { afterFreeze } from '../freeze.ts';
import { deletionNoticeFrom, NOTICE_MIN, noticePeriodOf } from '../notice-period.ts';
import { deletedFrom } from '../promises.ts';
import type { KeyView, Situation } from '../situation.ts';
import { formatDate, type Instant } from '../time.ts';
import { allKeys, describeKey, inWords } from '../words.ts';
import { blocked } from './blocked.ts';
import { deleteForSlot } from './exposed.ts';
import { frozen, frozenUntil } from './frozen.ts';

/** A label elsewhere than on AWSCURRENT, or a record, names a key that is gone from IAM. */
export function keyGone(s: Situation): Answer | undefined {
  const isGone = (id: string): boolean => s.keys.every(({ accessKeyId }) => accessKeyId !== id);
  const recorded = [s.tags.deactivated, s.tags.inactiveSeen].find((record) => record && isGone(record.accessKeyId));
  const accessKeyId = s.goneLabels[0]?.accessKeyId ?? recorded?.accessKeyId;
  if (accessKeyId === undefined) return undefined;
  const message = `Key ${accessKeyId} of ${s.state.user.userName} is gone from IAM, but Keyturn did not delete it.`;
  return act({ action: 'forget', accessKeyId }, 'key-gone', message, { continues: true });
}

/** Recorded as Inactive, but Active: it was wanted back, so the owner's grace period starts again. */
export function reactivated(s: Situation): Answer | undefined {
  const key = s.keys.find(({ record, isActive }) => record !== undefined && isActive);
  if (key === undefined) return undefined;
  const message = `Key ${key.accessKeyId} of ${s.state.user.userName} was reactivated, but not by Keyturn. Its grace period starts again.`;
  return act({ action: 'restart-grace', accessKeyId: key.accessKeyId }, 'reactivated', message, { continues: true });
}

/** A hold after a rollback has ended, and the newer stored key is still there: use it, never make a third. */
export function newerStoredKey(s: Situation): Answer | undefined {
  const { current } = s;
  if (!current?.isActive) return undefined;
  const newer = s.keys.find((key) => isLabelled(key) && key.isActive && key.createdAt > current.createdAt);
  if (newer === undefined) return undefined;
  const until = frozenUntil(s);
  const plan = `Key ${newer.accessKeyId} of ${s.state.user.userName}, newer than ${current.accessKeyId}, becomes current again`;
  if (until !== undefined) return frozen(until, plan);
  return act({ action: 'move-forward', accessKeyId: newer.accessKeyId }, 'newer-key-stored', `${plan}.`);
}

/**
 * Inactive since a recorded instant: deleted after the recovery period, once its owner has been told lately, and
 * unless that leaves only Inactive keys.
 */
export function recovering(s: Situation): Answer | undefined {
  const key = s.keys.find(isRecovering);
  if (key?.inactiveSince === undefined || key.deletableAt === undefined) return undefined;
  const { accessKeyId } = key;
  const { userName } = s.state.user;
  const at = key.deletableAt;
  if (key.isExposed && s.keys.some(({ isDue }) => isDue) && frozenUntil(s) === undefined) return deleteForSlot(s, key);
  const waits = (planned: Instant): Answer => {
    const until = afterFreeze(s.settings, planned);
    return wait(
      'recovery',
      `Key ${accessKeyId} of ${userName} is inactive and is deleted ${inWords(until, s.now)}.`,
      until,
      accessKeyId,
    );
  };
  if (s.now < deletionNoticeFrom(at, s.settings.runEveryDays)) return waits(at);
  if (s.keys.length > 1 && !s.keys.some(({ isActive }) => isActive)) {
    if (s.now < at) return waits(at);
    const message = `Key ${accessKeyId} of ${userName} could be deleted, but no key is active: ${allKeys(s)}. Reactivate or delete one.`;
    return blocked(s, 'none-active', message, { accessKeyId });
  }
  const plan = `Key ${accessKeyId} of ${userName} has been inactive since ${formatDate(key.inactiveSince)} and is deleted`;
  const frozenTill = frozenUntil(s);
  if (frozenTill !== undefined) return s.now < at ? waits(at) : frozen(frozenTill, plan);
  const told = deletionNotice(s, key, key.inactiveSince);
  if (told.is === 'missing') return remindOfDeletion(s, key, afterFreeze(s.settings, Math.max(at, s.now + NOTICE_MIN)));
  const from = told.is === 'running' ? Math.max(at, told.until) : at;
  return s.now < from ? waits(from) : act({ action: 'delete', accessKeyId }, 'recovery-over', `${plan}.`);
}

/** No one may want an exposed key back, so no one has to be told. */
function deletionNotice(s: Situation, { accessKeyId }: KeyView, at: Instant): ReturnType<typeof noticePeriodOf> {
  if (s.tags.exposed?.accessKeyIds.includes(accessKeyId)) return { is: 'in-force' };
  return noticePeriodOf(s.tags, { kind: 'deletion', accessKeyId, at }, s.settings.runEveryDays, s.now);
}

function remindOfDeletion(s: Situation, { accessKeyId }: KeyView, earliestAt: Instant): Answer {
  const message =
    `Key ${accessKeyId} of ${s.state.user.userName} is inactive, and is deleted for good ${inWords(earliestAt, s.now)} ` +
    'unless it is reactivated before then.';
  const action = { action: 'remind', accessKeyId, kind: 'deletion', earliestAt } as const;
  return act(action, 'deletion-soon', message, { notBefore: earliestAt });
}

/** A person must decide about the current key, unless we deactivated it ourselves. */
function isRecovering({ role, record, inactiveSince }: KeyView): boolean {
  return inactiveSince !== undefined && (role !== 'current' || record === 'deactivated');
}

/** The current key is Inactive, and we did not do it. */
export function currentInactive(s: Situation): Answer | undefined {
  const { current } = s;
  if (current === undefined || current.isActive) return undefined;
  const message =
    `The current key ${describeKey(current, s.now)} of ${s.state.user.userName} was deactivated, but not by Keyturn. ` +
    'Reactivate it, or run `rotate-user` action rotate.';
  return blocked(s, 'current-inactive', message, { accessKeyId: current.accessKeyId });
}

/** A user without an Active key gets none by schedule. */
export function noneActive(s: Situation): Answer | undefined {
  if (s.keys.some(({ isActive }) => isActive)) return undefined;
  return wait(
    'no-active-key',
    `User ${s.state.user.userName} has no active access key: nothing is issued by schedule.`,
  );
}

/** An unrecorded Inactive key takes a slot: its recovery period begins when it is first seen. */
export function inactiveUnrecorded(s: Situation): Answer | undefined {
  const isSomeDue = s.keys.some(({ isDue }) => isDue);
  const key = s.keys.find((k) => !k.isActive && k.inactiveSince === undefined && (isInTheWay(s, k) || isSomeDue));
  if (key === undefined) return undefined;
  const { accessKeyId } = key;
  const message =
    `Key ${accessKeyId} of ${s.state.user.userName} was found inactive (not deactivated by Keyturn); ` +
    `it is deleted after ${s.settings.recoveryDays} days unless it is reactivated.`;
  const notBefore = deletedFrom(s.settings, s.now);
  return act({ action: 'record-inactive', accessKeyId }, 'inactive-seen', message, { notBefore });
}

function isInTheWay({ current }: Situation, key: KeyView): boolean {
  if (!current?.isActive) return false;
  return isLabelled(key) || key.createdAt <= current.createdAt;
}

function isLabelled({ role }: KeyView): boolean {
  return role === 'previous' || role === 'pending';
}
