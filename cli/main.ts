import { CommanderError } from 'commander';
import { messageOf } from '../shared/core/errors.ts';
import type { Shell } from './context.ts';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import { createProgram } from './program.ts';

/** The whole command line, but for the process. Never throws: what went wrong is a sentence on stderr, and a code. */
export async function main(args: readonly string[], shell: Shell): Promise<number> {
  let code: number = exitCodes.done;
  const program = createProgram(shell, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(literal(args), { from: 'user' });
    return code;
  } catch (error) {
    // Commander has said it already, or printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const isVerbose = program.opts<{ verbose?: boolean }>().verbose === true;
    shell.stderr.write(`${isVerbose && error instanceof Error ? error.stack : messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

/**
 * What stands after `switch … --` is another program's. Commander drops one `--`, or two, depending on what comes before,
 * and would take options after them for ours; of three at least one is left. What stands after `complete --` is what
 * somebody has typed so far: with a mark before it, no word of it looks like an option.
 */
function literal(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--');
  if (at === 1 && args[0] === 'complete') return ['complete', ...args.slice(2).map((word) => `=${word}`)];
  if (at === -1 || !args.slice(0, at).includes('switch')) return args;
  return [...args.slice(0, at), '--', '--', ...args.slice(at)];
}
