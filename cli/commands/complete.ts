import { createCompletion } from '../completion.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { createProgram } from '../program.ts';

/** What may stand at the end of the words that are typed already. Asked by the scripts of `completion`. */
export async function run({ shell }: Context, args: readonly string[]): Promise<ExitCode> {
  const first = args.findIndex((each) => each !== '--');
  const words = first === -1 ? [] : args.slice(first);
  createCompletion(
    createProgram(shell, () => {}),
    shell,
  ).parse(words);
  return exitCodes.done;
}
