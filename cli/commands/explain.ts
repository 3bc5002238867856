import { reasons } from '../../shared/core/reasons.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { parseReason } from '../reason.ts';

/** What a reason code says, or all of them. Asks AWS nothing. */
export async function run({ print, options }: Context, [asked]: readonly string[]): Promise<ExitCode> {
  const code = asked === undefined ? undefined : parseReason('reason', asked);
  const shown = Object.entries(reasons).filter(([each]) => code === undefined || each === code);
  if (options.json) print(JSON.stringify({ schemaVersion: 1, reasons: Object.fromEntries(shown) }, undefined, 2));
  else print(shown.map(([code, { says, todo }]) => `${code}\n  ${says}\n  To do: ${todo}`).join('\n\n'));
  return exitCodes.done;
}
