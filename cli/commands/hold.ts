import { type ActOptions, act } from '../acting.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-code.ts';

/** Keeps the schedule away from a user until a date; a past one lifts the hold. */
export function run(
  context: Context,
  [userName = '']: readonly string[],
  options: ActOptions & { until: string },
): Promise<ExitCode> {
  const { until } = options;
  const isLifted = Date.parse(until) <= context.shell.clock();
  return act(context, options, {
    userName,
    event: { action: 'hold', holdUntil: until },
    effect: isLifted ? `the hold of ${userName} is lifted.` : `${userName} is left alone until ${until}.`,
    question: isLifted ? `Lift the hold of ${userName}` : `Hold ${userName} until ${until}`,
    next: () => `status ${userName}`,
  });
}
