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
 * What stands after `switch … --` is another program's, and after `complete --` what somebody has typed so far. Commander loses the `--` of a subcommand, and would take options
 * after it for ours; of two it leaves one.
 */
function literal(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--');
  return at === -1 || !args.slice(0, at).some((arg) => arg === 'switch' || arg === 'complete')
    ? args
    : [...args.slice(0, at), '--', '--', ...args.slice(at + 1)];
}
