import { type Act, type ActOptions, act } from '../acting.ts';
import type { CommandModule } from '../command-tree.ts';
import type { Context } from '../context.ts';

type Forced = ActOptions & { force?: boolean };

/** A command about one user: only what it does is its own. */
function aboutUser<Options extends ActOptions>(
  describe: (userName: string, options: Options, context: Context) => Omit<Act, 'userName'>,
): CommandModule<Options> {
  return {
    run: (context, [userName = ''], options) =>
      act(context, options, { userName, ...describe(userName, options, context) }),
  };
}

interface RotateOptions extends Forced {
  accessKeyId?: string;
  graceDays?: number;
  restoreSecret?: boolean;
  compromised?: boolean;
}

/** Issues the next key now. */
export const rotate = aboutUser((userName, options: RotateOptions) => {
  const { accessKeyId, graceDays, force, restoreSecret, compromised } = options;
  const grace = graceDays === undefined ? 'for its grace period' : `for ${graceDays} days`;
  const given = accessKeyId === undefined ? `the one of today works on ${grace}` : `${accessKeyId} is given up`;
  return {
    event: { action: 'rotate', accessKeyId, graceDays, force, restoreSecret, compromised },
    effect: compromised
      ? 'the key that others know is deactivated first, then replaced.'
      : `a new key is issued, and ${given}; with both slots taken the key that is given up goes first.`,
    question: compromised ? `Deactivate the exposed key of ${userName} and replace it` : `Rotate ${userName}`,
    // Asked for again once the slot is free.
    next: ({ reason }) => (reason === 'given-up' ? `rotate ${userName}` : `status ${userName}`),
  };
});

/** The owner has switched to the new key. */
export const confirm = aboutUser((userName, { force }: Forced) => ({
  event: { action: 'confirm', force },
  effect: 'the grace period ends early: the old key is deactivated after one more reminder, once it is quiet.',
  question: `Confirm that the owner of ${userName} has switched`,
  next: () => `status ${userName}`,
}));

/** Keeps the schedule away from a user until a date; a past one lifts the hold. */
export const hold = aboutUser((userName, { until }: ActOptions & { until: string }, { shell }) => {
  const isLifted = Date.parse(until) <= shell.clock();
  return {
    event: { action: 'hold', holdUntil: until },
    effect: isLifted ? `the hold of ${userName} is lifted.` : `${userName} is left alone until ${until}.`,
    question: isLifted ? `Lift the hold of ${userName}` : `Hold ${userName} until ${until}`,
    next: () => `status ${userName}`,
  };
});

/** Back to the older key. */
export const rollback = aboutUser((userName, { force }: Forced) => ({
  event: { action: 'rollback', force },
  effect: `the older key is current again, and ${userName} is held for 30 days.`,
  question: `Roll ${userName} back`,
  next: ({ status }) => (status === 'changed' ? `hold ${userName} --until <day>` : `rotate ${userName}`),
}));

/** Deactivates a key, and issues none for it. */
export const retire = aboutUser((userName, { accessKeyId, force }: Forced & { accessKeyId: string }) => ({
  event: { action: 'retire', accessKeyId, force },
  effect: `${accessKeyId} is deactivated now, without a replacement.`,
  question: `Retire ${accessKeyId} of ${userName}`,
  isSevere: true,
  next: () => `status ${userName}`,
}));

/** Puts the policy of a user's secret again, after a change of who may read it. */
export const policy = aboutUser((userName) => ({
  event: { action: 'policy' },
  effect: 'the policy of the secret is put as the settings of today make it; no key changes.',
  question: `Put the policy of the secret of ${userName} again`,
  next: () => `status ${userName}`,
}));
