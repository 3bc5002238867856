import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { User } from '../core/model.ts';
import { SECOND } from '../core/time.ts';
import type { NewKey } from './access-keys.ts';
import type { Pass } from './pass.ts';

/** How long a new key is given to begin to work; it takes seconds. */
const PROOF_PERIOD = 40 * SECOND;
const PROOF_INTERVAL = 2 * SECOND;

/**
 * True once STS answers a call signed with the key with its user's own Arn and UserId. A namesake made meanwhile has
 * another UserId, so a key that was made for the wrong user is never proven.
 */
export async function proveKey({ runtime }: Pass, user: User, key: NewKey): Promise<boolean> {
  const sts = runtime.aws.stsAs(key.accessKeyId, key.secret);
  for (const endsAt = runtime.clock() + PROOF_PERIOD; runtime.clock() < endsAt; await runtime.sleep(PROOF_INTERVAL)) {
    try {
      const { Arn, UserId } = await sts.send(new GetCallerIdentityCommand({}));
      return Arn === user.arn && UserId === user.userId;
    } catch (error) {
      // Every refusal may only mean "not yet"; which one it was is in the log of the last try.
      runtime.log.info('The new key does not work yet', { accessKeyId: key.accessKeyId, code: codeOf(error) });
    }
  }
  return false;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
