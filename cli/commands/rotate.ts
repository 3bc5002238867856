import { type ActOptions, act } from '../acting.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-code.ts';

export interface RotateOptions extends ActOptions {
  accessKeyId?: string;
  graceDays?: number;
  force?: boolean;
  restoreSecret?: boolean;
  compromised?: boolean;
}

/** Issues the next key now. */
export function run(context: Context, [userName = '']: readonly string[], options: RotateOptions): Promise<ExitCode> {
  const { accessKeyId, graceDays, force, restoreSecret, compromised = false } = options;
  const grace = graceDays === undefined ? 'for its grace period' : `for ${graceDays} days`;
  const given = accessKeyId === undefined ? `the one of today works on ${grace}` : `${accessKeyId} is given up`;
  return act(context, options, {
    userName,
    event: { action: 'rotate', accessKeyId, graceDays, force, restoreSecret, ...(compromised && { compromised }) },
    effect: compromised
      ? 'the key that others know is deactivated at once, and then replaced.'
      : `a new key is issued, and ${given}; with both slots taken the key that is given up goes first.`,
    question: compromised ? `Deactivate the exposed key of ${userName} and replace it` : `Rotate ${userName}`,
    // Asked for again once the slot is free.
    next: ({ reason }) => (reason === 'given-up' ? `rotate ${userName}` : `status ${userName}`),
  });
}
