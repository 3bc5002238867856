import { type Answer, act, wait } from '../answer.ts';
import type { ReasonCode } from '../reasons.ts';
import type { KeyView, Situation } from '../situation.ts';
import { DAY, formatDate } from '../time.ts';
import { age, allKeys, describeKey, inWords } from '../words.ts';
import { frozen, frozenUntil } from './aftermath.ts';
import { issueAnswer } from './asked.ts';
import { blocked } from './blocked.ts';
import { ladder } from './ladder.ts';

/** Row 13: a due key that nobody uses is retired, where its user or the operator prefers that. */
export function unusedRetired(s: Situation): Answer | undefined {
  if (s.settings.unused !== 'retire') return undefined;
  const key = s.keys.find(({ isDue, isUnused }) => isDue && isUnused);
  if (key === undefined) return undefined;
  const plan = `Key ${describeKey(key, s.now)} of ${s.state.user.userName} is unused and is deactivated without a replacement`;
  const until = frozenUntil(s);
  if (until !== undefined) return frozen(until, plan);
  const notBefore = s.now + s.settings.recoveryDays * DAY;
  return act({ action: 'retire', accessKeyId: key.accessKeyId }, 'unused', `${plan}.`, { notBefore });
}

/**
 * Row 14: the current key was deleted by somebody, and the other one is due. Issued again, but not daily to a user
 * whose new keys keep being deleted.
 */
export function currentGone(s: Situation): Answer | undefined {
  const [key] = s.keys;
  if (s.currentKeyId === undefined || s.current !== undefined) return undefined;
  if (key === undefined || s.keys.length > 1 || !key.isDue) return undefined;
  const { issuedOn } = s.tags;
  const message = `The current key ${s.currentKeyId} of ${s.state.user.userName} is gone, and ${describeKey(key, s.now)} is due`;
  const again = issuedOn === undefined ? s.now : issuedOn + s.settings.graceDays * DAY;
  if (s.now < again)
    return wait('issued-lately', `${message}; the next one is issued ${inWords(again, s.now)}.`, again);
  return issueBySchedule(s, 'current-gone', `${message}: a replacement is issued.`);
}

/** Row 15: the only key is due. */
export function due(s: Situation): Answer | undefined {
  const [key] = s.keys;
  if (key === undefined || s.keys.length > 1 || !key.isDue) return undefined;
  const message = `Key ${key.accessKeyId} of ${s.state.user.userName} is ${age(key, s.now)} old: a replacement is issued.`;
  return issueBySchedule(s, 'due', message);
}

/** Row 16: some key is due, but both slots are taken by Active keys, and neither is known to replace the other. */
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
  return isQuiet ? ladder(s, stays, other, { isSuperseded: false }) : report;
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

/** Row 17: anything else. */
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
  );
}

/** Limits on harm stop only new rotations, and only those that nobody asked for by hand. */
function issueBySchedule(s: Situation, reason: ReasonCode, message: string): Answer {
  const until = frozenUntil(s);
  if (until !== undefined) return frozen(until, message);
  return limitReached(s) ?? issueAnswer(s, reason, message);
}

function limitReached({ request: { limits }, secret, settings, state, now }: Situation): Answer | undefined {
  const postponed = `The rotation of ${state.user.userName} is put off`;
  const tomorrow = (Math.floor(now / DAY) + 1) * DAY;
  if (secret?.rotationEnabled) {
    return wait('managed-rotation', `${postponed}: Secrets Manager's own rotation is enabled on ${secret.name}.`);
  }
  if (limits === undefined) return undefined;
  if (limits.hasSubscription === false) {
    return wait(
      'no-subscription',
      `${postponed}: topic ${settings.topicArn} has no confirmed subscription, so nobody would be told.`,
    );
  }
  if (limits.isBreakerOpen) {
    return wait('breaker-open', `${postponed}: the three newest issues of the day ended in failed proofs.`, tomorrow);
  }
  if (limits.issuedToday < settings.maxNewRotationsPerDay) return undefined;
  const message = `${postponed}: ${limits.issuedToday} rotations began today, and maxNewRotationsPerDay is ${settings.maxNewRotationsPerDay}.`;
  return wait('daily-limit', message, tomorrow);
}
