import { RootCommand } from '@bomb.sh/tab';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';

/** The script that a shell reads once, to ask `complete` at each Tab. */
export async function run(_context: Context, [shell = '']: readonly string[]): Promise<ExitCode> {
  new RootCommand().setup('keyturn', 'keyturn', shell);
  return exitCodes.done;
}
