import { type ActOptions, act } from '../acting.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-code.ts';

/** Puts the policy of a user's secret again, after a change of who may read it. */
export function run(context: Context, [userName = '']: readonly string[], options: ActOptions): Promise<ExitCode> {
  return act(context, options, {
    userName,
    event: { action: 'policy' },
    effect: 'the policy of the secret is put as the settings of today make it; no key changes.',
    question: `Put the policy of the secret of ${userName} again`,
    next: () => `status ${userName}`,
  });
}
