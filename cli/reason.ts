import { EventError } from '../shared/core/errors.ts';
import { isReason, type ReasonCode } from '../shared/core/reasons.ts';

/** Throws an EventError for what is no reason code; `option` is where it was given. */
export function parseReason(option: string, code: string): ReasonCode {
  if (isReason(code)) return code;
  throw new EventError(`${option}: there is no "${code}". \`keyturn explain\` lists all of them.`);
}
