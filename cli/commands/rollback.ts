import { type ActOptions, act } from '../acting.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-code.ts';

/** Back to the older key. */
export function run(
  context: Context,
  [userName = '']: readonly string[],
  options: ActOptions & { force?: boolean },
): Promise<ExitCode> {
  return act(context, options, {
    userName,
    event: { action: 'rollback', force: options.force },
    effect: `the older key is current again, and ${userName} is held for 30 days.`,
    question: `Roll ${userName} back`,
    next: ({ status }) => (status === 'changed' ? `hold ${userName} --until <day>` : `rotate ${userName}`),
  });
}
