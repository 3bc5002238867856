import { EventError } from '../../shared/core/errors.ts';
import { type ReasonCode, reasons } from '../../shared/core/reasons.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';

/** What a reason code says, or all of them. Asks AWS nothing. */
export async function run({ print, options }: Context, [asked]: readonly string[]): Promise<ExitCode> {
  if (asked !== undefined && !isReason(asked)) {
    throw new EventError(`reason: there is no "${asked}". \`keyturn explain\` lists all of them.`);
  }
  const shown = Object.entries(reasons).filter(([code]) => asked === undefined || code === asked);
  if (options.json) print(JSON.stringify({ schemaVersion: 1, reasons: Object.fromEntries(shown) }, undefined, 2));
  else print(shown.map(([code, { says, todo }]) => `${code}\n  ${says}\n  To do: ${todo}`).join('\n\n'));
  return exitCodes.done;
}

function isReason(text: string): text is ReasonCode {
  return Object.hasOwn(reasons, text);
}
