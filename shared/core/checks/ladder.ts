import { type Answer, act, wait } from '../answer.ts';
import { afterFreeze } from '../settings.ts';
import type { KeyView, Situation } from '../situation.ts';
import { DAY, formatDate, HOUR, type Instant, MINUTE } from '../time.ts';
import { describeKey, inWords, lastUse } from '../words.ts';
import { frozen, frozenUntil } from './aftermath.ts';

/** Our own proof uses the new key right after its creation; only a later use is the owner's. */
const PROOF_WINDOW = 15 * MINUTE;
/** No deactivation without a message that the owner could act on: not younger, and not older, than this. */
const NOTICE_MIN = 12 * HOUR;
const NOTICE_MAX = 3 * DAY;
/** Days before the end of the grace period on which a reminder is due. */
export const REMINDER_DAYS = [7, 3, 1] as const;

/** Row 12: the current key and an older Active one: the ladder of reminders and deactivation runs on the older one. */
export function superseded(s: Situation): Answer | undefined {
  const { current } = s;
  if (!current?.isActive) return undefined;
  const old = s.keys.find((key) => key !== current && key.isActive && key.createdAt <= current.createdAt);
  return old === undefined ? undefined : ladder(s, current, old, { isSuperseded: true });
}

/** Said of this grace period: what was said before AWSCURRENT moved away and back, or before a new grace, is void. */
export function isSwitchConfirmed({ tags: { confirmed, currentSince } }: Situation, stays: KeyView): boolean {
  return confirmed?.accessKeyId === stays.accessKeyId && confirmed.at >= (currentSince?.at ?? confirmed.at);
}

interface LadderOptions {
  /** Row 12. Otherwise the key only makes room (row 16, while it is quiet), which has a reason code of its own. */
  isSuperseded: boolean;
}

/** Instants of one grace period. */
interface Grace {
  since: Instant;
  end: Instant;
  /** Put off no longer than this; `confirm` does not move it. */
  limit: Instant;
}

/** One step of the ladder on `old`, while `stays` is the key to use: announce, remind, put off, deactivate, or wait. */
export function ladder(s: Situation, stays: KeyView, old: KeyView, { isSuperseded }: LadderOptions): Answer {
  const { currentSince } = s.tags;
  // An announcement older than the old key was about another one: its owner was never told.
  if (currentSince?.accessKeyId !== stays.accessKeyId || currentSince.at < old.createdAt)
    return startGrace(s, stays, old);
  const graceDays = currentSince.graceDays ?? s.settings.graceDays;
  const end = currentSince.at + graceDays * DAY;
  const grace: Grace = { since: currentSince.at, end, limit: end + s.settings.maxPostponeDays * DAY };
  if (graceDays === 0) {
    const reason = isSuperseded ? 'no-grace' : 'least-used';
    return deactivate(s, old, reason, 'is handed over without a grace period');
  }

  const isAtLimit = s.now >= grace.limit;
  const isConfirmed = isSwitchConfirmed(s, stays);
  const isGraceOver = isConfirmed || s.now >= grace.end;
  const isQuiet = s.now - old.quietSince >= s.settings.quietDays * DAY;
  const hasSwitched = isConfirmed || old.isUnused || (stays.lastUsed?.at ?? 0) > grace.since + PROOF_WINDOW;

  const isReady = isQuiet && hasSwitched;
  const readyReason = isSuperseded ? 'grace-over' : 'least-used';

  if (isAtLimit && isReady) return deactivateOnNotice(s, old, grace, readyReason, 'is deactivated');
  if (isAtLimit) {
    const reason = isSuperseded ? 'postponed-to-limit' : 'least-used';
    return deactivateOnNotice(s, old, grace, reason, 'is deactivated, in use or not');
  }
  if (!isGraceOver) return reminder(s, old, grace, grace.end, reminderInstants(grace)) ?? inGrace(s, old, grace);
  // A confirmation that ends the grace early is followed by one more reminder before anything is deactivated.
  const since = isConfirmed ? Math.max(grace.since, s.tags.confirmed?.at ?? 0) : grace.since;
  if (isReady) return deactivateOnNotice(s, old, { ...grace, since }, readyReason, 'is deactivated');
  return reminder(s, old, grace, grace.limit, [grace.limit - DAY]) ?? postponed(s, old, grace, isQuiet);
}

/** Nobody's time runs before they are told: the grace clock is written only after this announcement. */
function startGrace(s: Situation, stays: KeyView, old: KeyView): Answer {
  const message =
    `Key ${stays.accessKeyId} is the one to use for ${s.state.user.userName} from now on; ${describeKey(old, s.now)} ` +
    `is deactivated after a grace period of ${s.settings.graceDays} days, which begins now.`;
  const notBefore = afterFreeze(s.settings, s.now + s.settings.graceDays * DAY);
  return act({ action: 'start-grace', accessKeyId: stays.accessKeyId }, 'grace-restarted', message, { notBefore });
}

/** 7, 3 and 1 days before the end, as far as they lie within the grace period. */
export function reminderInstants({ since, end }: Pick<Grace, 'since' | 'end'>): Instant[] {
  return REMINDER_DAYS.map((days) => end - days * DAY).filter((at) => at > since);
}

/** The latest reminder that is due, unless a message about the old key has been published since its instant. */
function reminder(s: Situation, old: KeyView, grace: Grace, at: Instant, due: Instant[]): Answer | undefined {
  const latest = due.filter((instant) => instant <= s.now).at(-1);
  const told = noticeAt(s, old, grace);
  if (latest === undefined || (told !== undefined && told >= latest)) return undefined;
  return remind(s, old, at);
}

/** Told is what can be kept: in a freeze nothing is deactivated. */
function remind(s: Situation, old: KeyView, planned: Instant): Answer {
  const at = afterFreeze(s.settings, planned);
  const message =
    `Key ${old.accessKeyId} of ${s.state.user.userName} is deactivated ${inWords(at, s.now)}; ${lastUse(old)}. ` +
    'Switch to the new key.';
  const action = { action: 'remind', accessKeyId: old.accessKeyId, deactivationAt: at } as const;
  return act(action, 'reminder-due', message, { notBefore: at });
}

function inGrace(s: Situation, old: KeyView, grace: Grace): Answer {
  const end = afterFreeze(s.settings, grace.end);
  const message = `Key ${old.accessKeyId} of ${s.state.user.userName} is in its grace period; it is deactivated ${inWords(end, s.now)}.`;
  return wait('in-grace', message, end);
}

/** Put off: announced daily while in use, once while merely not switched. */
function postponed(s: Situation, old: KeyView, grace: Grace, isQuiet: boolean): Answer {
  const why = isQuiet
    ? 'the new key has not been used yet; use it, or confirm the switch with `rotate-user` action confirm'
    : `the old key is still in use: ${lastUse(old)}`;
  const limit = afterFreeze(s.settings, grace.limit);
  const message = `The deactivation of ${old.accessKeyId} of ${s.state.user.userName} is put off, ${inWords(limit, s.now)} at the latest: ${why}.`;
  const told = s.tags.announced?.event === 'postponed' || isQuiet ? noticeAt(s, old, grace) : undefined;
  const isTold = told !== undefined && (isQuiet ? told >= grace.end : formatDate(told) === formatDate(s.now));
  const reason = isQuiet ? 'not-switched' : 'still-in-use';
  if (isTold) return wait(reason, message, limit);
  const action = { action: 'postpone', accessKeyId: old.accessKeyId, deactivationAt: limit } as const;
  return act(action, reason, message, { notBefore: limit });
}

/** When the owner was last told about the old key in this grace period, by a reminder or a postponement. */
function noticeAt({ tags: { announced } }: Situation, old: KeyView, grace: Grace): Instant | undefined {
  if (announced?.accessKeyId !== old.accessKeyId || announced.at <= grace.since) return undefined;
  return announced.event === 'reminder' || announced.event === 'postponed' ? announced.at : undefined;
}

type DeactivationReason = 'no-grace' | 'grace-over' | 'least-used' | 'postponed-to-limit';

/** A hold, a freeze or missed runs must never end in a surprise: without a recent notice there is a reminder first. */
function deactivateOnNotice(
  s: Situation,
  old: KeyView,
  grace: Grace,
  reason: DeactivationReason,
  does: string,
): Answer {
  const told = noticeAt(s, old, grace);
  const isRecent = told !== undefined && s.now - told <= NOTICE_MAX;
  const until = frozenUntil(s);
  if (until !== undefined) return deactivate(s, old, reason, does);
  if (!isRecent) return remind(s, old, s.now + NOTICE_MIN);
  if (s.now - told >= NOTICE_MIN) return deactivate(s, old, reason, does);
  const message = `Key ${old.accessKeyId} of ${s.state.user.userName} ${does} half a day after the last reminder.`;
  return wait('notice-running', message, told + NOTICE_MIN);
}

function deactivate(s: Situation, old: KeyView, reason: DeactivationReason, does: string): Answer {
  const plan = `Key ${old.accessKeyId} of ${s.state.user.userName} ${does}`;
  const until = frozenUntil(s);
  if (until !== undefined) return frozen(until, plan);
  const notBefore = s.now + s.settings.recoveryDays * DAY;
  const message = `${plan}; ${lastUse(old)}. It can be reactivated until its deletion, ${inWords(notBefore, s.now)}.`;
  return act({ action: 'deactivate', accessKeyId: old.accessKeyId }, reason, message, { notBefore });
}
