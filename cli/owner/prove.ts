import { ConflictError, isFailure, RotationError } from '../../shared/core/errors.ts';
import { SECOND } from '../../shared/core/time.ts';
import type { Caller, Calls } from './calls.ts';
import type { KeyPair } from './credentials-file.ts';
import { refused } from './secret.ts';

/** Whose key it must be. */
export interface Expected {
  accountId: string;
  userId: string;
  /** Where it was said by hand. */
  userName: string | undefined;
}

export interface Polling {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** IAM takes some seconds to make a key known. */
const PATIENCE = 40 * SECOND;
const PAUSE = 2 * SECOND;

/** A key that works, and is the user's own. Somebody else's, put there by somebody, is refused before it is written. */
export async function prove(calls: Calls, pair: KeyPair, expected: Expected, { now, sleep }: Polling): Promise<Caller> {
  const begun = now();
  for (;;) {
    const caller = await tryOnce(calls, pair);
    if (caller !== undefined) {
      if (isExpected(caller, expected)) return caller;
      throw refused(
        `${pair.accessKeyId} is the key of ${caller.arn} (${caller.userId}), not of ${expected.userName ?? expected.userId} in ${expected.accountId}.`,
      );
    }
    if (now() - begun >= PATIENCE) {
      throw new ConflictError(
        `${pair.accessKeyId} does not work yet. Nothing was written, and the present key goes on working: run it again later.`,
      );
    }
    await sleep(PAUSE);
  }
}

function isExpected(caller: Caller, { accountId, userId, userName }: Expected): boolean {
  const isNamed = userName === undefined || caller.userName === userName;
  return caller.accountId === accountId && caller.userId === userId && caller.userName !== undefined && isNamed;
}

async function tryOnce(calls: Calls, { accessKeyId, secret }: KeyPair): Promise<Caller | undefined> {
  try {
    return await calls.callerIdentity({ accessKeyId, secretAccessKey: secret.reveal() });
  } catch (error) {
    if (isFailure(error, 'SignatureDoesNotMatch')) {
      throw refused(`What is stored as the secret access key of ${accessKeyId} is another's.`);
    }
    if (isFailure(error, 'InvalidClientTokenId')) return undefined;
    if (error instanceof RotationError && error.isTransient) return undefined;
    throw error;
  }
}
