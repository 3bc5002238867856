import { ConflictError, EventError, RotationError, SettingsError } from '../shared/core/errors.ts';

/** How a command ended. 64, 75 and 77 are those of sysexits.h, 130 is what shells say of Ctrl-C. */
export const exitCodes = {
  done: 0,
  /** stderr says what failed, and the way out. */
  failed: 1,
  /** Something is due, or a newer key waits; of `plan` and `status` only with `--detailed-exitcode`. */
  due: 2,
  /** A person has to decide, `doctor` found a fault, or `verify` that evidence is not what its chain says. */
  undecided: 3,
  /** Wrong usage, or a question that may not be asked. */
  usage: 64,
  /** Try again later. */
  later: 75,
  /** AWS refused; stderr names the permission. */
  refused: 77,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The person at the terminal gave up. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Of a command that ended by throwing. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Interrupted) return exitCodes.interrupted;
  if (error instanceof EventError || error instanceof SettingsError) return exitCodes.usage;
  if (error instanceof ConflictError) return exitCodes.later;
  if (!(error instanceof RotationError)) return exitCodes.failed;
  if (/AccessDenied|UnauthorizedOperation|AuthorizationError/.test(error.code)) return exitCodes.refused;
  return error.isTransient ? exitCodes.later : exitCodes.failed;
}

const worstFirst = [
  exitCodes.interrupted,
  exitCodes.usage,
  exitCodes.refused,
  exitCodes.failed,
  exitCodes.undecided,
  exitCodes.due,
  exitCodes.later,
  exitCodes.done,
];

/** Of several accounts. */
export function worst(codes: readonly ExitCode[]): ExitCode {
  return worstFirst.find((code) => codes.includes(code)) ?? exitCodes.done;
}
