import { type Answer, act, wait } from '../answer.ts';
import { afterFreeze } from '../freeze.ts';
import { breakerOpen, dayFull, putOff, startOfTomorrow } from '../limits.ts';
import { NOTICE_MIN, noticePeriodOf } from '../notice-period.ts';
import { deletedFrom } from '../promises.ts';
import type { ReasonCode } from '../reasons.ts';
import { describeRefusal } from '../refusals.ts';
import { pendingVersion } from '../secret-versions.ts';
import type { KeyView, Situation } from '../situation.ts';
import { DAY, formatDate, hasPassed } from '../time.ts';
import { age, allKeys, describeKey, inWords } from '../words.ts';
import { blocked } from './blocked.ts';
import { frozen, frozenUntil } from './frozen.ts';
import { gracePeriod } from './grace-period.ts';
import { issueAnswer } from './issue.ts';

/**
 * A due key that nobody uses is retired, where its user or the operator prefers that: so many a day as are
 * issued, and each owner is told before.
 */
export function unusedRetired(s: Situation): Answer | undefined {
  if (s.settings.unused !== 'retire') return undefined;
  const key = s.keys.find(({ isDue, isUnused }) => isDue && isUnused);
  if (key === undefined) return undefined;
  const { accessKeyId } = key;
  const plan = `Key ${describeKey(key, s.now)} of ${s.state.user.userName} is unused and is deactivated without a replacement`;
  const until = frozenUntil(s);
  if (until !== undefined) return frozen(until, plan);
  const wanted = { kind: 'retirement', accessKeyId, at: key.quietSince } as const;
  const told = noticePeriodOf(s.tags, wanted, s.settings.runEveryDays, s.now);
  if (told.is === 'missing') {
    const earliestAt = afterFreeze(s.settings, s.now + NOTICE_MIN);
    const action = { action: 'remind', accessKeyId, kind: 'retirement', earliestAt } as const;
    return act(action, 'retirement-soon', `${plan} ${inWords(earliestAt, s.now)}.`, { notBefore: earliestAt });
  }
  if (told.is === 'running') {
    return wait('notice-running', `${plan} ${inWords(told.until, s.now)}.`, told.until, accessKeyId);
  }
  const full = dayIsFull(s, `The retirement of key ${accessKeyId} of ${s.state.user.userName} is`);
  if (full !== undefined) return full;
  const notBefore = deletedFrom(s.settings, s.now);
  return act({ action: 'retire', accessKeyId }, 'unused', `${plan}.`, { notBefore });
}

/**
 * The current key was deleted by somebody, and the other one is due. Issued again, but not daily to a user
 * whose new keys keep being deleted.
 */
export function currentGone(s: Situation): Answer | undefined {
  const [key] = s.keys;
  if (s.currentKeyId === undefined || s.current !== undefined) return undefined;
  if (key === undefined || s.keys.length > 1 || !key.isDue) return undefined;
  const { issuedOn } = s.tags;
  const message = `The current key ${s.currentKeyId} of ${s.state.user.userName} is gone, and ${describeKey(key, s.now)} is due`;
  const again = issuedOn === undefined ? s.now : issuedOn + s.settings.graceDays * DAY;
  if (s.now < again) {
    return wait(
      'issued-lately',
      `${message}; the next one is issued ${inWords(again, s.now)}.`,
      again,
      key.accessKeyId,
    );
  }
  return issueBySchedule(s, 'current-gone', `${message}: a replacement is issued`);
}

/** The only key is due. */
export function due(s: Situation): Answer | undefined {
  const [key] = s.keys;
  if (key === undefined || s.keys.length > 1 || !key.isDue) return undefined;
  const message = `Key ${key.accessKeyId} of ${s.state.user.userName} is ${age(key, s.now)} old: a replacement is issued`;
  return issueBySchedule(s, 'due', message);
}

/** Some key is due, but both slots are taken by Active keys, and neither is known to replace the other. */
export function slotsTaken(s: Situation): Answer | undefined {
  const active = s.keys.filter(({ isActive }) => isActive);
  const dueKey = s.keys.find(({ isDue }) => isDue);
  if (dueKey === undefined || active.length < 2) return undefined;
  const message =
    `Key ${dueKey.accessKeyId} of ${s.state.user.userName} is due, but both key slots are taken: ${allKeys(s)}. ` +
    'Deactivate and delete one, or run `rotate-user` action rotate with the accessKeyId to give up.';
  const report = blocked(s, 'slots-taken', message, { accessKeyId: dueKey.accessKeyId });
  if (s.settings.onBlocked === 'report') return report;
  const stays = mostUsed(active, announcedToStay(s, active));
  const other = active.find((key) => key !== stays);
  if (stays === undefined || other === undefined) return report;
  const isQuiet = s.now - other.quietSince >= s.settings.quietDays * DAY;
  return isQuiet ? gracePeriod(s, stays, other, { isSuperseded: false }) : report;
}

/** Only what was announced since both keys exist is about the two of them. */
function announcedToStay({ tags: { currentSince } }: Situation, active: readonly KeyView[]): string | undefined {
  return active.every(({ createdAt }) => currentSince !== undefined && createdAt <= currentSince.at)
    ? currentSince?.accessKeyId
    : undefined;
}

/** The key that was announced as the one that stays; before that the one used last, and of two the newer. */
function mostUsed(keys: readonly KeyView[], announced: string | undefined): KeyView | undefined {
  const rank = (key: KeyView): number =>
    key.accessKeyId === announced ? Number.POSITIVE_INFINITY : (key.lastUsed?.at ?? 0);
  return keys.toSorted((a, b) => rank(b) - rank(a) || b.createdAt - a.createdAt)[0];
}

/** Anything else. */
export function nothingDue(s: Situation): Answer {
  const { userName } = s.state.user;
  const limit = (s.settings.maxAccessKeyAgeDays - s.settings.rotateAheadDays) * DAY;
  const next = s.keys.filter(({ isActive }) => isActive).toSorted((a, b) => a.createdAt - b.createdAt)[0];
  if (next === undefined) return wait('nothing-due', `Nothing is due for ${userName}.`);
  const notBefore = next.createdAt + limit;
  return wait(
    'nothing-due',
    `Nothing is due for ${userName}: ${next.accessKeyId} is due on ${formatDate(notBefore)}.`,
    notBefore,
    next.accessKeyId,
  );
}

/** Limits on harm stop only new rotations, and only those that were not asked for by hand. */
function issueBySchedule(s: Situation, reason: ReasonCode, plan: string): Answer {
  const until = frozenUntil(s);
  if (until !== undefined) return frozen(until, plan);
  return limitReached(s) ?? issueAnswer(s, reason, `${plan}.`);
}

function limitReached(s: Situation): Answer | undefined {
  const { limits } = s.request;
  const rotation = `The rotation of ${s.state.user.userName} is`;
  if (s.secret?.rotationEnabled) return managed(s, `${rotation} postponed`);
  const refusal = s.request.refusal ?? limits?.refusal;
  if (refusal !== undefined) return tomorrow(s, 'refused-everywhere', rotation, describeRefusal(refusal));
  if (limits?.isBreakerOpen) return tomorrow(s, 'breaker-open', rotation, breakerOpen);
  return dayIsFull(s, rotation);
}

/** Left to Secrets Manager; but one that never rotates, although a rotation is enabled, leaves a key to grow old. */
function managed(s: Situation, postponed: string): Answer {
  const [key] = s.keys.filter(({ isDue }) => isDue);
  const message = `${postponed}: Secrets Manager's own rotation is enabled on ${s.secret?.name}`;
  const dueAt = (key?.createdAt ?? s.now) + (s.settings.maxAccessKeyAgeDays - s.settings.rotateAheadDays) * DAY;
  // A rotation that has begun is reported when it is stuck; one that keeps its time comes within the day.
  if (key === undefined || pendingVersion(s.secret) !== undefined || !hasPassed(dueAt, 1, s.now))
    return wait('managed-rotation', `${message}.`);
  const idle =
    `${message}, but none has begun, and ${describeKey(key, s.now)} is overdue. Rotate it with ` +
    '`aws secretsmanager rotate-secret`, or cancel that rotation, and Keyturn takes over.';
  return blocked(s, 'managed-rotation', idle, { accessKeyId: key.accessKeyId });
}

/** The scheduled run has shared out what is left of the day; all other origins ask. */
function dayIsFull(s: Situation, what: string): Answer | undefined {
  const { mayIssue, limits } = s.request;
  const { maxNewRotationsPerDay } = s.settings;
  if (mayIssue === true) return undefined;
  if (mayIssue === false) {
    const because = `maxNewRotationsPerDay is ${maxNewRotationsPerDay}, and others come first today`;
    return tomorrow(s, 'daily-limit', what, because);
  }
  if (limits?.issuedToday === undefined || limits.issuedToday < maxNewRotationsPerDay) return undefined;
  return tomorrow(s, 'daily-limit', what, dayFull(limits.issuedToday, maxNewRotationsPerDay));
}

function tomorrow({ now }: Situation, reason: ReasonCode, what: string, because: string): Answer {
  return wait(reason, putOff(what, because, now), startOfTomorrow(now));
}
