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
    shell.stderr.write(`${args.includes('--verbose') && error instanceof Error ? error.stack : messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

/**
 * What stands after `switch … --` is another program's, and after `complete --` what has been typed so far. Commander
 * drops one `--`, or two, depending on what comes before, and would take options after them for ours; of three at least
 * one is left.
 */
function literal(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--');
  const isOurs = !args.slice(0, at).some((arg) => arg === 'switch' || arg === 'complete');
  return at === -1 || isOurs ? args : [...args.slice(0, at), '--', '--', ...args.slice(at)];
}
