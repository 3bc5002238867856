import { type ActOptions, act } from '../acting.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-code.ts';

/** Deactivates a key, and issues none for it. */
export function run(
  context: Context,
  [userName = '']: readonly string[],
  options: ActOptions & { accessKeyId: string; force?: boolean },
): Promise<ExitCode> {
  const { accessKeyId, force } = options;
  return act(context, options, {
    userName,
    event: { action: 'retire', accessKeyId, force },
    effect: `${accessKeyId} is deactivated at once, without a replacement.`,
    question: `Retire ${accessKeyId} of ${userName}`,
    isSevere: true,
    next: () => `status ${userName}`,
  });
}
