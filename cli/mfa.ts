import { text } from 'node:stream/consumers';
import { EventError } from '../shared/core/errors.ts';
import type { Context } from './context.ts';

/** Gives a code of one device. A code is good once, so each call asks anew. */
export type MfaCodes = (serial: string) => Promise<string>;

/** From the terminal, or line by line from stdin with `--mfa-code-stdin`: an option would be seen in `ps`. */
export function createMfaCodes({ ask, shell }: Context, { fromStdin }: { fromStdin: boolean }): MfaCodes {
  const instead = '--mfa-code-stdin';
  if (!fromStdin) {
    return async (serial) => codeOf(await ask.hidden(`MFA code of ${serial}`, instead), `The MFA code of ${serial}`);
  }
  let lines: Promise<string[]> | undefined;
  return async (serial) => {
    lines ??= text(shell.stdin).then((all) => all.split(/\s+/).filter((line) => line !== ''));
    const code = (await lines).shift();
    if (code === undefined) {
      throw new EventError(`${instead}: stdin has no code left for ${serial}. Give one line for each device, in turn.`);
    }
    return codeOf(code, `${instead}: what stdin has for ${serial}`);
  };
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html */
function codeOf(given: string, what: string): string {
  const code = given.replaceAll(' ', '');
  if (/^\d{6}$/.test(code)) return code;
  throw new EventError(`${what} is no MFA code: it has six digits.`);
}
