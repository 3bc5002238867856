import type { ActOptions } from '../acting.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-code.ts';
import { switchWorker } from '../worker.ts';

/** Ends a `pause`. */
export function run(context: Context, _args: readonly string[], options: ActOptions): Promise<ExitCode> {
  return switchWorker(context, options, true);
}
