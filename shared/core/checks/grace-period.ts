import { type Answer, act, wait } from '../answer.ts';
import { afterFreeze } from '../freeze.ts';
import { handOnReaders, parseHandedOn } from '../hand-on.ts';
import { NOTICE_MIN, noticePeriodOf, reminderInstants } from '../notice-period.ts';
import { deletedFrom, graceDaysOf, postponeDaysOf } from '../promises.ts';
import { secretTagNames } from '../secret-tags.ts';
import type { KeyView, Situation } from '../situation.ts';
import { DAY, formatDate, formatInstant, type Instant, MINUTE } from '../time.ts';
import { describeKey, inWords, lastUse } from '../words.ts';
import { frozen, frozenUntil } from './frozen.ts';

/** Our own proof uses the new key right after its creation; only a later use is the owner's. */
const PROOF_WINDOW = 15 * MINUTE;

/** The current key and an older Active one: the grace period of the older one runs. */
export function superseded(s: Situation): Answer | undefined {
  const { current } = s;
  if (!current?.isActive) return undefined;
  const old = s.keys.find((key) => key !== current && key.isActive && key.createdAt <= current.createdAt);
  return old === undefined ? undefined : gracePeriod(s, current, old, { isSuperseded: true });
}

/** Said of this grace period: what was said before AWSCURRENT moved away and back, or before a new grace, is void. */
export function isSwitchConfirmed({ tags: { confirmed, currentSince } }: Situation, stays: KeyView): boolean {
  return confirmed?.accessKeyId === stays.accessKeyId && confirmed.at >= (currentSince?.at ?? confirmed.at);
}

interface GraceOptions {
  /** By the current key. Otherwise the key only makes room while it is quiet, which has a reason code of its own. */
  isSuperseded: boolean;
}

/** Instants of one grace period. */
interface Grace {
  since: Instant;
  end: Instant;
  /** Put off no longer than this; `confirm` does not move it. */
  limit: Instant;
}

/** One step of the grace period of `old`, while `stays` is the key to use: announce, remind, put off, deactivate, or wait. */
export function gracePeriod(s: Situation, stays: KeyView, old: KeyView, { isSuperseded }: GraceOptions): Answer {
  const { currentSince } = s.tags;
  // An announcement older than the old key was about another one: its owner was never told.
  if (currentSince?.accessKeyId !== stays.accessKeyId || currentSince.at < old.createdAt)
    return startGrace(s, stays, old);
  const graceDays = graceDaysOf(currentSince, s.settings);
  const end = currentSince.at + graceDays * DAY;
  const grace: Grace = { since: currentSince.at, end, limit: end + postponeDaysOf(currentSince, s.settings) * DAY };
  if (graceDays === 0) {
    const reason = isSuperseded ? 'no-grace' : 'least-used';
    return deactivate(s, old, { reason, does: 'is deactivated without a grace period' });
  }

  const isAtLimit = s.now >= grace.limit;
  const isConfirmed = isSwitchConfirmed(s, stays);
  const isGraceOver = isConfirmed || s.now >= grace.end;
  const isQuiet = s.now - old.quietSince >= s.settings.quietDays * DAY;
  const isReady = isQuiet && hasSwitched(s, stays, old, grace);
  const ready: Ending = { reason: isSuperseded ? 'grace-over' : 'least-used', does: 'is deactivated' };

  if (isAtLimit && isReady) return deactivateOnNotice(s, old, grace, ready);
  if (isAtLimit) {
    const reason = isSuperseded ? 'postponed-to-limit' : 'least-used';
    return deactivateOnNotice(s, old, grace, { reason, does: 'is deactivated, whether in use or not' });
  }
  if (!isGraceOver) {
    return reminder(s, old, grace, { at: grace.end, due: reminderInstants(grace) }) ?? inGrace(s, old, grace);
  }
  // A confirmation that ends the grace early is followed by one more reminder before anything is deactivated.
  const confirmedAt = isConfirmed ? (s.tags.confirmed?.at ?? grace.since) : grace.end;
  const since = isConfirmed ? Math.max(grace.since, confirmedAt) : grace.since;
  if (isReady) return deactivateOnNotice(s, old, { ...grace, since }, ready);
  // In the last run before the hard limit, so that the first one after it finds the notice in force.
  const last = { at: grace.limit, due: [grace.limit - s.settings.runEveryDays * DAY] };
  const overSince = Math.min(confirmedAt, grace.end);
  return reminder(s, old, grace, last) ?? postponed(s, old, { ...grace, end: overSince }, isQuiet);
}

/** The owner can do without the old key. */
function hasSwitched(s: Situation, stays: KeyView, old: KeyView, grace: Grace): boolean {
  if (isSwitchConfirmed(s, stays) || old.isUnused) return true;
  if (needsHandOn(s)) return isHandedOn(s, stays);
  return (stays.lastUsed?.at ?? 0) > grace.since + PROOF_WINDOW;
}

/** Somebody carries the new key to where it is used: what is not there yet cannot be switched to. */
function needsHandOn({ state: { user }, settings }: Situation): boolean {
  return handOnReaders(user, settings.readerArns).length > 0;
}

/** Written to all destinations; the new key's use would tell of one of them. */
function isHandedOn({ secret }: Situation, stays: KeyView): boolean {
  const handedOn = parseHandedOn(secret?.tags[secretTagNames.handedOn]);
  return handedOn?.state === 'done' && handedOn.accessKeyId === stays.accessKeyId;
}

/** Nobody's time runs before they are told: the grace clock is written only after this announcement. */
function startGrace(s: Situation, stays: KeyView, old: KeyView): Answer {
  const message =
    `Key ${stays.accessKeyId} is the one to use for ${s.state.user.userName} from now on; ${describeKey(old, s.now)} ` +
    `is deactivated after a grace period of ${s.settings.graceDays} days, which begins now.`;
  const notBefore = afterFreeze(s.settings, s.now + s.settings.graceDays * DAY);
  return act({ action: 'start-grace', accessKeyId: stays.accessKeyId }, 'grace-restarted', message, { notBefore });
}

/** When they are due, and of which instant they tell. */
interface Reminders {
  at: Instant;
  due: readonly Instant[];
}

/** The latest reminder that is due, unless a message about the old key has been published since its instant. */
function reminder(s: Situation, old: KeyView, grace: Grace, { at, due }: Reminders): Answer | undefined {
  const latest = due.filter((instant) => instant <= s.now).at(-1);
  const told = toldAt(s, old, grace);
  if (latest === undefined || (told !== undefined && told >= latest)) return undefined;
  return remind(s, old, at);
}

/** Told is what can be kept: in a freeze nothing is deactivated. */
function remind(s: Situation, old: KeyView, planned: Instant): Answer {
  const earliestAt = afterFreeze(s.settings, planned);
  const message =
    `Key ${old.accessKeyId} of ${s.state.user.userName} is deactivated ${inWords(earliestAt, s.now)}; ${lastUse(old)}. ` +
    'Switch to the new key.';
  const action = { action: 'remind', accessKeyId: old.accessKeyId, kind: 'deactivation', earliestAt } as const;
  return act(action, 'reminder-due', message, { notBefore: earliestAt });
}

function inGrace(s: Situation, old: KeyView, grace: Grace): Answer {
  const end = afterFreeze(s.settings, grace.end);
  const limit = afterFreeze(s.settings, grace.limit);
  const message =
    `Key ${old.accessKeyId} of ${s.state.user.userName} is in its grace period; it is deactivated ${inWords(end, s.now)}, or, ` +
    `if it is still in use then, ${inWords(limit, s.now)} at the latest.`;
  return wait('in-grace', message, end, old.accessKeyId);
}

function missing(s: Situation): 'not-handed-on' | 'not-switched' {
  return needsHandOn(s) ? 'not-handed-on' : 'not-switched';
}

const waitingFor = {
  'still-in-use': (old: KeyView) => `the old key is still in use: ${lastUse(old)}`,
  'not-switched': () =>
    'the new key has not been used yet; use it, or confirm the switch with `rotate-user` action confirm',
  'not-handed-on': () => 'the new key is not handed on yet; see the messages hand-on-failed, or confirm the switch',
};

/** Put off: announced daily while in use, once while merely not switched. As soon as neither holds, it is the notice. */
function postponed(s: Situation, old: KeyView, grace: Grace, isQuiet: boolean): Answer {
  const reason = isQuiet ? missing(s) : 'still-in-use';
  const why = waitingFor[reason](old);
  const latestAt = afterFreeze(s.settings, grace.limit);
  const plan = `The deactivation of ${old.accessKeyId} of ${s.state.user.userName} is postponed; it happens ${inWords(latestAt, s.now)} at the latest`;
  const told = toldAt(s, old, grace);
  const isTold = told !== undefined && told >= grace.end && (isQuiet || formatDate(told) === formatDate(s.now));
  if (isTold) return wait(reason, `${plan}: ${why}.`, latestAt, old.accessKeyId);
  const earliestAt = afterFreeze(s.settings, s.now + NOTICE_MIN);
  const message = `${plan}, or from ${formatInstant(earliestAt)} on once this changes: ${why}.`;
  const action = { action: 'postpone', accessKeyId: old.accessKeyId, earliestAt, latestAt } as const;
  return act(action, reason, message, { notBefore: earliestAt });
}

/** When the owner was last told about the old key in this grace period, by a reminder or a postponement. */
function toldAt({ tags: { notice } }: Situation, old: KeyView, grace: Grace): Instant | undefined {
  const isAboutOld = notice?.kind === 'deactivation' && notice.accessKeyId === old.accessKeyId;
  return isAboutOld && notice.at > grace.since ? notice.at : undefined;
}

interface Ending {
  reason: 'no-grace' | 'grace-over' | 'least-used' | 'postponed-to-limit';
  /** What the sentence says of the key. */
  does: string;
}

/** A hold, a freeze or missed runs must never end in a surprise: without a recent notice there is a reminder first. */
function deactivateOnNotice(s: Situation, old: KeyView, grace: Grace, ending: Ending): Answer {
  if (frozenUntil(s) !== undefined) return deactivate(s, old, ending);
  const wanted = { kind: 'deactivation', accessKeyId: old.accessKeyId, at: grace.since } as const;
  const told = noticePeriodOf(s.tags, wanted, s.settings.runEveryDays, s.now);
  if (told.is === 'missing') return remind(s, old, s.now + NOTICE_MIN);
  if (told.is === 'in-force') return deactivate(s, old, ending);
  const message = `Key ${old.accessKeyId} of ${s.state.user.userName} ${ending.does}, as its owner was told, ${inWords(told.until, s.now)}.`;
  return wait('notice-running', message, told.until, old.accessKeyId);
}

function deactivate(s: Situation, old: KeyView, { reason, does }: Ending): Answer {
  const plan = `Key ${old.accessKeyId} of ${s.state.user.userName} ${does}`;
  const until = frozenUntil(s);
  if (until !== undefined) return frozen(until, plan);
  const notBefore = deletedFrom(s.settings, s.now);
  const message = `${plan}; ${lastUse(old)}. It can be reactivated until its deletion, ${inWords(notBefore, s.now)}.`;
  return act({ action: 'deactivate', accessKeyId: old.accessKeyId }, reason, message, { notBefore });
}
