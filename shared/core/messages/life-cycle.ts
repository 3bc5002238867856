import { reasons } from '../reasons.ts';
import { deletion, type EventText, key, oldKey, unlessDated, who } from './event-text.ts';
import type { Notice } from './notice.ts';
import {
  credentialProcessWarning,
  forAdministrators,
  hint,
  hintIfUsed,
  nextDate,
  otherWays,
  reactivate,
  switchBySignIn,
  switchWithOldKey,
  type Wish,
  wishes,
} from './parts.ts';
import { type Block, inDaysFrom, text, when } from './text.ts';

/** Emails of an undisturbed rotation, and of a grace period that begins again. */

const RECOVERABLE = 'A deactivated key can be brought back for some days; then it is deleted for good.';

/** The old key is deactivated in the same run, so that it cannot read the new one. */
function isWithoutGrace({ next, at }: Notice): boolean {
  return next !== undefined && next.notBefore <= at;
}

function isForExposed({ reason }: Notice): boolean {
  return reason === 'exposed' || reason === 'compromised';
}

function graceEnd(notice: Notice): string | undefined {
  if (notice.accessKeyId === undefined || notice.next === undefined) return undefined;
  if (isWithoutGrace(notice)) return `The old key is deactivated without a grace period. ${RECOVERABLE}`;
  return (
    `The old key is deactivated ${when(notice.next.notBefore, notice.at)}, or later if it is still in use then or ` +
    `the new key is not. You are reminded before. ${RECOVERABLE}`
  );
}

/** After every event that starts or ends a grace period. */
function graceClosing(notice: Notice, ...more: readonly Wish[]): Block[] {
  return [
    ...otherWays(notice, 'with-profile'),
    ...hint(notice),
    ...forAdministrators(notice, wishes.confirm, wishes.more(notice), ...more),
  ];
}

export const issued: EventText = {
  subject: (n) => (isForExposed(n) ? 'New key, the old one was exposed' : 'New access key'),
  headline: (n) => {
    if (isForExposed(n)) return `${who(n)} has a new access key. Others know the old one, which no longer works.`;
    if (n.accessKeyId === undefined) return `${who(n)} has a new access key, ${n.newAccessKeyId ?? '(unknown)'}.`;
    if (isWithoutGrace(n)) return `${who(n)} has a new access key. The old one stops working now.`;
    const until = n.next ? `, which works until ${nextDate(n)} at least` : '';
    return `${who(n)} has a new access key. Please use it instead of the old one${until}.`;
  },
  todo: (n) =>
    n.accessKeyId === undefined || isWithoutGrace(n)
      ? switchBySignIn(n)
      : [...switchWithOldKey(n), ...(n.readers === undefined ? [credentialProcessWarning] : [])],
  next: (n) =>
    isForExposed(n)
      ? 'The old key stays inactive, and is deleted for good later. Never reactivate it: it would be deactivated again.'
      : graceEnd(n),
  closing: (n) => {
    if (n.accessKeyId === undefined) return otherWays(n, 'signed-in');
    const ways = otherWays(n, 'signed-in');
    // There is no way back to a key that others may have.
    if (isForExposed(n)) return [...ways, ...hintIfUsed(n), ...forAdministrators(n, wishes.plan)];
    if (isWithoutGrace(n)) return [...ways, ...hint(n), ...forAdministrators(n, wishes.back)];
    return graceClosing(n, wishes.back);
  },
};

const deactivationReminder: EventText = {
  subject: (n) => `Old access key ends${soon(n)}`,
  headline: (n) =>
    `${oldKey(n)} of ${who(n)} is deactivated ${n.next ? when(n.next.notBefore, n.at) : 'soon'}. ` +
    'Anything that still uses it then stops working.',
  why: unlessDated,
  todo: switchWithOldKey,
  next: () => RECOVERABLE,
  closing: (n) => graceClosing(n, wishes.back),
};

const retirementReminder: EventText = {
  subject: (n) => `Unused access key ends${soon(n)}`,
  headline: (n) =>
    `${key(n)} of ${who(n)} is due but unused: it is deactivated ` +
    `${n.next ? when(n.next.notBefore, n.at) : 'soon'}, without a replacement.`,
  why: unlessDated,
  todo: () => [
    text('Nothing, if the key is no longer needed. If something does, use it once before: then it is replaced.'),
  ],
  next: () => RECOVERABLE,
  closing: (n) => forAdministrators(n, wishes.more(n)),
};

const deletionReminder: EventText = {
  subject: (n) => `Inactive access key is deleted${soon(n)}`,
  headline: (n) =>
    `${key(n)} of ${who(n)} is inactive, and is deleted for good ${n.next ? when(n.next.notBefore, n.at) : 'soon'}.`,
  why: unlessDated,
  todo: (n) => [text('Nothing, if the key is no longer needed.'), ...reactivate(n, 'To keep it, reactivate it:')],
};

function soon({ next, at }: Notice): string {
  return next === undefined ? ' soon' : ` ${inDaysFrom(next.notBefore, at)}`;
}

function reminderOf({ reason }: Notice): EventText {
  switch (reason) {
    case 'retirement-soon':
      return retirementReminder;
    case 'deletion-soon':
      return deletionReminder;
    default:
      return deactivationReminder;
  }
}

/** What is taken away, and when: three things, and each its own words. */
export const reminder: EventText = {
  subject: (n) => reminderOf(n).subject(n),
  headline: (n) => reminderOf(n).headline(n),
  why: (n) => reminderOf(n).why?.(n),
  todo: (n) => reminderOf(n).todo(n),
  next: (n) => reminderOf(n).next?.(n),
  closing: (n) => reminderOf(n).closing?.(n) ?? [],
};

/** Subject; what is so, after "but"; what to do; and what the deactivation waits for. */
const waits: Readonly<Record<string, readonly [subject: string, but: string, todo: string, until: string]>> = {
  'not-switched': [
    'New access key not used yet',
    'the new key has not been used yet',
    'Switch to the new key, or, if you have switched and use the key rarely, have the switch confirmed (below).',
    'the new key is in use',
  ],
  'not-handed-on': [
    'New access key not handed on yet',
    'the new key is not handed on yet',
    'See the messages hand-on-failed. If the new key is in use everywhere, have the switch confirmed (below).',
    'the new key is handed on',
  ],
};

function waitOf({ reason }: Notice): readonly [subject: string, but: string, todo: string, until: string] {
  return (
    waits[reason] ?? [
      'Old access key still in use',
      'it is still in use',
      'Find what still uses the old key (see "Last used" above), and switch it to the new one.',
      'it is no longer in use',
    ]
  );
}

export const postponed: EventText = {
  subject: (n) => waitOf(n)[0],
  headline: (n) => `${oldKey(n)} of ${who(n)} was to be deactivated by now, but ${waitOf(n)[1]}.`,
  why: unlessDated,
  todo: (n) => [text(waitOf(n)[2]), ...switchWithOldKey(n)],
  next: (n) => {
    if (n.next === undefined) return RECOVERABLE;
    const last = n.latestAt === undefined ? '' : `, and ${when(n.latestAt, n.at)} at the latest, in use or not`;
    return `The old key is deactivated as soon as ${waitOf(n)[3]} (${when(n.next.notBefore, n.at)})${last}. ${RECOVERABLE}`;
  },
  closing: (n) => graceClosing(n),
};

export const deactivated: EventText = {
  subject: () => 'Old access key deactivated',
  headline: (n) => `${oldKey(n)} of ${who(n)} was deactivated: nothing can sign in with it now.`,
  why: (n) => reasons[n.reason].says,
  todo: (n) => [
    text(
      `Nothing, if everything works${n.newAccessKeyId ? ` with the new key ${n.newAccessKeyId}` : ''}. ` +
        'If something stopped working, it still used the old key.',
    ),
    ...reactivate(
      n,
      'An administrator can bring the old key back with the next command. Its grace period then starts again, and ' +
        'you get another message with the way to switch:',
    ),
  ],
  next: deletion,
  closing: (n) => [...hint(n), ...(n.newAccessKeyId ? forAdministrators(n, wishes.back) : [])],
};

export const reactivated: EventText = {
  subject: () => 'Access key reactivated',
  headline: (n) => `${key(n)} of ${who(n)} was inactive and has been reactivated. It works again.`,
  todo: (n) => (n.newAccessKeyId ? switchWithOldKey(n) : [text('Nothing, if that was meant.')]),
  next: (n) => graceEnd(n) ?? (n.newAccessKeyId ? 'A new grace period begins; you are told when it ends.' : undefined),
  closing: (n) => (n.newAccessKeyId ? graceClosing(n) : []),
};

export const deleted: EventText = {
  subject: () => 'Access key deleted',
  headline: (n) =>
    n.reason === 'key-gone'
      ? `${key(n)} of ${who(n)} no longer exists. It was deleted, but not by Keyturn.`
      : `${key(n)} of ${who(n)}, inactive for some time, was deleted for good.`,
  todo: (n) => [text(n.newAccessKeyId ? `Nothing. The key to use is ${n.newAccessKeyId}.` : 'Nothing.')],
};

export const movedForward: EventText = {
  subject: () => 'Use the new access key again',
  headline: (n) => `The hold after a rollback has ended: the newer access key of ${who(n)} is the one to use again.`,
  todo: switchWithOldKey,
  next: graceEnd,
  closing: (n) => graceClosing(n, wishes.back),
};

export const graceRestarted: EventText = {
  subject: () => 'Please switch access keys',
  headline: (n) => `${who(n)} has two active access keys. A grace period for the old one begins now.`,
  todo: switchWithOldKey,
  next: graceEnd,
  closing: (n) => graceClosing(n),
};
