import type { Command } from 'commander';
import type { CommandModule } from '../command-tree.ts';
import { createCompletion } from '../completion.ts';
import { exitCodes } from '../exit-code.ts';

/** What may stand at the end of the words that are typed already, each behind a mark. Asked by the scripts of `completion`. */
export function complete(createProgram: () => Command): CommandModule<object> {
  return {
    async run({ shell }, marked) {
      const words = marked.map((word) => word.slice(1));
      createCompletion(createProgram(), shell).parse(words);
      return exitCodes.done;
    },
  };
}
