import { type Answer, act, wait } from '../answer.ts';
import { isAboutExposed } from '../exposure.ts';
import { afterFreeze } from '../freeze.ts';
import type { Asked } from '../model.ts';
import { deletedFrom } from '../promises.ts';
import type { ReasonCode } from '../reasons.ts';
import type { KeyView, Situation } from '../situation.ts';
import { DAY, formatDate, type Instant } from '../time.ts';
import { allKeys, describeKey, inWords } from '../words.ts';
import { deleteForSlot, slotOfExposed } from './exposed.ts';
import { isSwitchConfirmed } from './grace-period.ts';
import { issueAnswer } from './issue.ts';

const ROLLBACK_HOLD_DAYS = 30;

/** What was asked for by hand, once unfinished work is seen to. `plan` and `status` ask for nothing; they see the rest. */
export function askedByHand(s: Situation): Answer | undefined {
  const { asked, completed } = s.request;
  // What was asked for is done; the rest of the chain may have the second half of it (grace 0).
  if (asked === undefined || completed !== undefined) return undefined;
  switch (asked.action) {
    case 'plan':
    case 'status':
    case 'adopt':
    case 'policy':
      return undefined;
    case 'hold':
      return hold(s, asked.holdUntil);
    case 'confirm':
      return confirm(s);
    case 'rollback':
      return rollBack(s, asked);
    case 'retire':
      return retire(s, asked);
    case 'rotate':
      return rotate(s, asked);
  }
}

function refuse(reason: ReasonCode, message: string, notBefore?: number): Answer {
  return { ...wait(reason, message, notBefore), status: 'blocked' };
}

function hold(s: Situation, until: Instant): Answer {
  const { userName } = s.state.user;
  const isOver = until <= s.now;
  if (isOver && s.tags.holdUntil === undefined) return wait('not-held', `User ${userName} is not on hold.`);
  if (isOver) return act({ action: 'hold' }, 'hold-lifted', `The hold on ${userName} is lifted.`);
  if (s.tags.holdUntil === until)
    return wait('held', `User ${userName} is already on hold until ${formatDate(until)}.`, until);
  const message = `Nothing is changed for ${userName} by schedule until ${formatDate(until)}.`;
  return act({ action: 'hold', holdUntil: until }, 'hold-written', message, { notBefore: until });
}

function confirm(s: Situation): Answer {
  const { current } = s;
  const old = current && s.keys.find((key) => key !== current && key.isActive && key.createdAt <= current.createdAt);
  if (current === undefined || !current.isActive || old === undefined) {
    return refuse(
      'nothing-to-confirm',
      `No old key of ${s.state.user.userName} is waiting for a confirmation: ${allKeys(s)}.`,
    );
  }
  if (isSwitchConfirmed(s, current)) {
    return wait('confirmed', `The switch to ${current.accessKeyId} is already confirmed.`);
  }
  const message =
    `The switch to ${current.accessKeyId} is confirmed: ${old.accessKeyId} is deactivated after one more reminder, ` +
    `once it has been quiet for ${s.settings.quietDays} days.`;
  return act({ action: 'confirm', accessKeyId: current.accessKeyId }, 'confirmed', message);
}

function rollBack(s: Situation, asked: Asked): Answer {
  const { current, now } = s;
  const old = current && s.keys.find((key) => key !== current && key.createdAt <= current.createdAt);
  if (old === undefined) {
    return refuse('nothing-to-roll-back', `No older key of ${s.state.user.userName} to go back to: ${allKeys(s)}.`);
  }
  if (old.isExposed) {
    const message = `Key ${old.accessKeyId} of ${s.state.user.userName} is known to others. It is not put back in use, not even with force.`;
    return refuse('rollback-to-exposed', message);
  }
  // A rollback without a hold would be undone by the next pass, which finds a newer stored key.
  const byDefault = Math.ceil(now / DAY) * DAY + ROLLBACK_HOLD_DAYS * DAY;
  const holdUntil = asked.holdUntil !== undefined && asked.holdUntil > now ? asked.holdUntil : byDefault;
  const moved =
    old.versionId === undefined
      ? 'AWSCURRENT is not moved, because that key was never stored'
      : 'AWSCURRENT moves back to it';
  const message =
    `Key ${old.accessKeyId} of ${s.state.user.userName} is in use again: it is active, ${moved}, and nothing more ` +
    `is done by schedule until ${formatDate(holdUntil)}.`;
  const action = { action: 'roll-back', accessKeyId: old.accessKeyId, holdUntil } as const;
  return act(action, 'rolled-back', message, { notBefore: holdUntil });
}

function retire(s: Situation, asked: Asked): Answer {
  const found = named(s, asked);
  if ('reason' in found) return found;
  if (!found.isActive) return alreadyInactive(s, found);
  const message = `Key ${found.accessKeyId} of ${s.state.user.userName} is deactivated immediately, without a replacement.`;
  return act({ action: 'retire', accessKeyId: found.accessKeyId }, 'retired-by-hand', message, {
    notBefore: deletedFrom(s.settings, s.now),
  });
}

function rotate(s: Situation, asked: Asked): Answer | undefined {
  const { userName } = s.state.user;
  if (asked.compromised) return isAboutExposed(s) ? undefined : compromisedUnknown(s, asked);
  if (asked.accessKeyId !== undefined) {
    const found = named(s, asked);
    if ('reason' in found) return found;
    if (s.keys.length > 1) return giveUp(s, found);
  }
  const exposed = s.keys.length > 1 ? slotOfExposed(s) : undefined;
  if (exposed !== undefined) return deleteForSlot(s, exposed);
  if (s.keys.length > 1) {
    const message =
      `Cannot issue an access key for ${userName}: both key slots are taken by ${allKeys(s)}. ` +
      'Pass the one to give up as accessKeyId, and run it again once that key is deleted.';
    return refuse('two-keys', message, deletionOfInactive(s));
  }
  const message =
    s.keys.length === 0
      ? `User ${userName} has no access key: a first one is issued.`
      : `A replacement for ${allKeys(s)} is issued, as requested.`;
  return issueAnswer(s, 'asked', message);
}

/** Nothing was deactivated: it is not said which key, or there is none of that ID. */
function compromisedUnknown(s: Situation, asked: Asked): Answer | undefined {
  const found = named(s, asked);
  return 'reason' in found ? found : undefined;
}

/** With both slots taken, the named key makes room, unless its owner would be left without an Active one. */
function giveUp(s: Situation, key: KeyView): Answer {
  if (!key.isActive) return alreadyInactive(s, key);
  const other = s.keys.find((candidate) => candidate !== key && candidate.isActive);
  if (other === undefined) {
    const message = `Key ${key.accessKeyId} is the only active key of ${s.state.user.userName}; the other is inactive: ${allKeys(s)}. Delete the inactive one.`;
    return refuse('only-active-key', message);
  }
  const notBefore = deletedFrom(s.settings, s.now);
  const message =
    `Key ${key.accessKeyId} of ${s.state.user.userName} is given up by hand: it is deactivated immediately, while ` +
    `${describeKey(other, s.now)} stays. Run rotate again after it is deleted, ${inWords(notBefore, s.now)}.`;
  return act({ action: 'deactivate', accessKeyId: key.accessKeyId }, 'given-up', message, { notBefore });
}

function alreadyInactive(s: Situation, key: KeyView): Answer {
  if (key.inactiveSince === undefined) {
    const message = `Key ${key.accessKeyId} of ${s.state.user.userName} is already inactive; its recovery period begins now.`;
    return act({ action: 'record-inactive', accessKeyId: key.accessKeyId }, 'inactive-seen', message, {
      notBefore: deletedFrom(s.settings, s.now),
    });
  }
  const at = key.deletableAt === undefined ? deletedFrom(s.settings, s.now) : afterFreeze(s.settings, key.deletableAt);
  return wait('recovery', `Key ${key.accessKeyId} is already inactive and is deleted ${inWords(at, s.now)}.`, at);
}

/** The key that the request names, or the only one. */
function named(s: Situation, asked: Asked): KeyView | Answer {
  const { userName } = s.state.user;
  if (asked.accessKeyId === undefined) {
    const [only, second] = s.keys;
    if (only !== undefined && second === undefined) return only;
    return refuse('key-not-named', `Cannot tell which key of ${userName} is meant: ${allKeys(s)}. Pass accessKeyId.`);
  }
  const key = s.keys.find(({ accessKeyId }) => accessKeyId === asked.accessKeyId);
  return key ?? refuse('no-such-key', `User ${userName} has no key ${asked.accessKeyId}: ${allKeys(s)}.`);
}

function deletionOfInactive({ keys, settings }: Situation): Instant | undefined {
  const at = keys.find(({ deletableAt }) => deletableAt !== undefined)?.deletableAt;
  return at === undefined ? undefined : afterFreeze(settings, at);
}
