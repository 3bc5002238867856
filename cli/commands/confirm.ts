import { type ActOptions, act } from '../acting.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-code.ts';

/** The owner has switched to the new key. */
export function run(
  context: Context,
  [userName = '']: readonly string[],
  options: ActOptions & { force?: boolean },
): Promise<ExitCode> {
  return act(context, options, {
    userName,
    event: { action: 'confirm', force: options.force },
    effect: 'the grace period ends early: the old key is deactivated after one more reminder, once it is quiet.',
    question: `Confirm that the owner of ${userName} has switched`,
    next: () => `status ${userName}`,
  });
}
