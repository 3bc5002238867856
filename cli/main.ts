import { CommanderError } from 'commander';
import { messageOf } from '../shared/core/errors.ts';
import type { Shell } from './context.ts';
import { type ExitCode, exitCodeOf, exitCodes } from './exit-code.ts';
import { createProgram } from './program.ts';

/** The whole command line, but for the process. Never throws: what went wrong is a sentence on stderr, and a code. */
export async function main(args: readonly string[], shell: Shell): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const program = createProgram(shell, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has said it already, or printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    shell.stderr.write(`${args.includes('--verbose') && error instanceof Error ? error.stack : messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}
