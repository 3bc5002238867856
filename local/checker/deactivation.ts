import { DAY, HOUR, MINUTE } from '../aws/clock.ts';
import type { AccessKey } from '../aws/iam/iam-state.ts';
import { currentValue, idleFor, intentOf, isInUse, keyLabels, keyOf, keysOf, record, tag, userTag } from './look.ts';
import { names } from './mailbox.ts';
import { graceBegins, isPromise, judgeNotice } from './notice.ts';
import { fault, isExposedKey, isFrozen, type Judged, SLACK, type Watch } from './watch.ts';

export function judgeDeactivated(watch: Watch, j: Judged, key: AccessKey): void {
  const { call, before, run } = j;
  const { lives, expected } = watch;
  const id = key.accessKeyId;
  if (lives.isLost(id)) judgeOrphan(watch, j, key);
  if (lives.isLost(id) || isExposedKey(watch, j) || run.command?.action === 'retire') return;
  if (run.command?.action === 'rotate' && run.command.accessKeyId === id) {
    const others = keysOf(before).filter(({ accessKeyId, status }) => accessKeyId !== id && status === 'Active');
    if (others.length === 0) fault(watch, j, '1 given up', `${id} was given up while no other key was Active.`);
    return;
  }
  if (isFrozen(watch, call.at)) fault(watch, j, 'freeze', `${id} was deactivated in a freeze.`);
  const idle = idleFor(key, call.at);
  const isUnused = idle >= expected.limits.unusedDays * DAY;
  const isOld = call.at - key.createdAt >= expected.limits.maxAgeDays * DAY;
  if (userTag(before, 'unused') === 'retire' && isUnused && isOld) {
    judgeNotice(watch, j, id, call.at - idle);
    return;
  }
  const current = workingCurrent(watch, j);
  if (current === undefined || current.accessKeyId === id) {
    fault(watch, j, '1 deactivated', `${id} was deactivated while no other Active key was under AWSCURRENT.`);
    return;
  }
  judgeGrace(watch, j, key, current);
}

/** Somebody has taken its label off, and put the intent of its issue back: at worst a key that nobody used yet. */
function judgeOrphan(watch: Watch, j: Judged, key: AccessKey): void {
  const { call, before } = j;
  if (isInUse(key)) fault(watch, j, 'orphan', `${key.accessKeyId} is in use.`);
  const begunAt = intentOf(before)?.at ?? call.at;
  if (call.at - begunAt >= 3 * DAY + HOUR) {
    fault(watch, j, 'orphan', `${key.accessKeyId} was deactivated by an intent days old.`);
  }
}

/** The key that a reader of the secret gets, if it is Active, labelled, and the value is its own. */
function workingCurrent({ aws }: Watch, { before }: Judged): AccessKey | undefined {
  const value = currentValue(before);
  const current = keyOf(before, value?.accessKeyId);
  const isStored = keyLabels(before).some(({ label }) => label === current?.accessKeyId);
  if (current?.status !== 'Active' || !isStored) return undefined;
  return value?.secretAccessKey === aws.iam.state.secretAccessKey(current.accessKeyId) ? current : undefined;
}

/** Nobody's time runs before they are told; noticed, quiet, switched. */
function judgeGrace(watch: Watch, j: Judged, old: AccessKey, current: AccessKey): void {
  const { call, before, userId } = j;
  const { mailbox, authors, expected, confirmations } = watch;
  const id = old.accessKeyId;
  const begins = mailbox
    .about(userId)
    .filter((m) => graceBegins.includes(m.event) && names(m, m.event === 'reactivated' ? id : current.accessKeyId));
  // An old clock that was put back counts from an earlier announcement of the same current key.
  const told = begins.at(authors.isReplayed(before, 'current-since') ? 0 : -1);
  if (told === undefined) {
    fault(watch, j, 'told', `${id} was deactivated before its owner was told of ${current.accessKeyId}.`);
    return;
  }
  const { graceDays, postponed } = promisedIn(watch, j);
  if (graceDays === 0) return;
  const days = (call.at - told.at + SLACK) / DAY;
  const isConfirmed = confirmations.some(
    (c) => c.userId === userId && c.accessKeyId === current.accessKeyId && c.at >= told.at - SLACK,
  );
  if (days < graceDays && !isConfirmed) {
    fault(watch, j, 'grace', `${id} was deactivated after ${days.toFixed(2)} days of grace.`);
  }
  judgeNotice(watch, j, id, told.at);
  const isEarly = mailbox.about(userId).some((m) => m.at >= told.at && isPromise(m, 'deactivate', id, call));
  if (isEarly && !isConfirmed) fault(watch, j, 'promised', `${id} was deactivated before the day that was promised.`);
  if (days >= graceDays + Math.max(expected.limits.maxPostponeDays, postponed)) return;
  judgeSwitched(watch, j, { old, current, toldAt: told.at, isConfirmed });
}

/** What was promised when the clock began, or holds today. */
function promisedIn({ expected }: Watch, { before }: Judged): { graceDays: number; postponed: number } {
  const promise = record(before, 'current-since')?.rest ?? '';
  const grace = /grace=([\d.]+)/.exec(promise)?.[1];
  const [promised = 0, postponed = 0] = (/promised=(\S+)/.exec(promise)?.[1] ?? '').split('/').map(Number);
  const today = Number(userTag(before, 'grace-days') ?? expected.limits.graceDays);
  return { graceDays: Number(grace ?? Math.max(promised, today)), postponed };
}

interface Switch {
  readonly old: AccessKey;
  readonly current: AccessKey;
  readonly toldAt: number;
  readonly isConfirmed: boolean;
}

/** Before the last day of the postponement: the old key is quiet, and its owner can do without it. */
function judgeSwitched(watch: Watch, j: Judged, { old, current, toldAt, isConfirmed }: Switch): void {
  const { limits, handOf, handsOn = false } = watch.expected;
  const id = old.accessKeyId;
  const idle = idleFor(old, j.call.at);
  const isUnused = idle >= limits.unusedDays * DAY;
  if (idle < limits.quietDays * DAY) fault(watch, j, 'quiet', `${id} was deactivated while in use.`);
  const isUsed = (current.lastUsed?.at ?? 0) > toldAt + 15 * MINUTE - SLACK;
  const isHandedOn = tag(j.before, 'handed-on')?.includes(` done ${current.accessKeyId} `) === true;
  const hasSwitched = isConfirmed || isUnused || (handsOn ? isHandedOn : isUsed);
  const missing = handsOn ? `${current.accessKeyId} was handed on` : 'its owner had switched';
  if (!hasSwitched) fault(watch, j, 'switched', `${id} was deactivated before ${missing}.`);
  const hand = handOf?.(j.userId);
  const canWork = keysOf(j.after).some((key) => key.status === 'Active' && hand?.has(key.accessKeyId));
  if (hand !== undefined && !isUnused && !canWork) {
    fault(watch, j, '1 stranded', `${id} was deactivated, which left its owner without a working key.`);
  }
}
