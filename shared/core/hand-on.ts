import type { User } from './model.ts';
import { readersOf } from './secret-policy.ts';
import type { SecretReader } from './setting-schemas.ts';
import { formatInstant, type Instant, parseInstant } from './time.ts';

/*
 * What a stack of its own remembers in the tag `keyturn:handed-on` of a user's secret. Nobody signs it: it may only ever
 * make the owner count as switched, which ends no grace period early and is asked for in addition to quiet.
 */

export interface HandedOn {
  /** When this hand-on began; it stays the same when a crashed one goes on. */
  at: Instant;
  /** `writing` stands there before the first destination is written, `done` after the last one. */
  state: 'writing' | 'done';
  accessKeyId: string;
  /** Of the destinations. */
  hash: string;
  /** Which stack: another one's is never overwritten. */
  stack: string;
}

const written = /^(\S+) (writing|done) ([A-Z0-9]{16,128}) (\S+) (\S+)$/;

/** `<instant> writing|done <key> <hash> <stack>`; undefined for anything else, which counts as no tag at all. */
export function parseHandedOn(value: string | undefined): HandedOn | undefined {
  const [, instant = '', state, accessKeyId = '', hash = '', stack = ''] = written.exec(value ?? '') ?? [];
  const at = parseInstant(instant);
  if (at === undefined || (state !== 'writing' && state !== 'done')) return undefined;
  return { at, state, accessKeyId, hash, stack };
}

export function formatHandedOn({ at, state, accessKeyId, hash, stack }: HandedOn): string {
  return `${formatInstant(at)} ${state} ${accessKeyId} ${hash} ${stack}`;
}

/** Who hands this user's keys on: one role, or none. More than one is a problem of the user's settings. */
export function handOnReaders(
  user: Pick<User, 'userName' | 'path'>,
  readers: readonly SecretReader[],
): readonly SecretReader[] {
  return readersOf(user, readers).filter(({ handOn }) => handOn);
}

/** Why this user's keys cannot be handed on, or undefined. */
export function handOnProblem(
  user: Pick<User, 'userName' | 'path'>,
  { readerArns, graceDays }: { readerArns: readonly SecretReader[]; graceDays: number },
): string | undefined {
  const [first, second] = handOnReaders(user, readerArns);
  if (first === undefined) return undefined;
  if (second !== undefined) {
    return `two readers with handOn match: ${first.arn} and ${second.arn}`;
  }
  if (graceDays > 0) return undefined;
  return 'graceDays is 0, which leaves no time to hand a key on';
}
