import { createCompletion } from '../completion.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { createProgram } from '../program.ts';

/** What may stand at the end of the words that are typed already, each behind a mark. Asked by the scripts of `completion`. */
export async function run({ shell }: Context, marked: readonly string[]): Promise<ExitCode> {
  const words = marked.map((word) => word.slice(1));
  createCompletion(
    createProgram(shell, () => {}),
    shell,
  ).parse(words);
  return exitCodes.done;
}
