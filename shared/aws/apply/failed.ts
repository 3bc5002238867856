import type { User } from '../../core/model.ts';
import { secretNameOf } from '../../core/secret-tags.ts';
import { verifiedSecret } from '../../core/verify-secret.ts';
import { describeSecret } from '../observe.ts';
import type { Pass } from '../pass.ts';
import { announce } from './announce.ts';
import { tagSecret } from './secret.ts';

/** Who a message of the queue is about. */
type Known = Pick<User, 'accountId' | 'userId' | 'userName'>;

/**
 * Tells the topic that a pass failed for good, and remembers it where a tag may be written, so that the digest counts
 * it. What failed may have been the first read, so nothing but the user's names is taken as known.
 */
export async function announceFailure(
  pass: Pass,
  { accountId, userId, userName }: Known,
  message: string,
  { isRecordable }: { isRecordable: boolean },
): Promise<void> {
  const user: User = { accountId, userId, userName, arn: '', path: '/', tags: {}, groups: [] };
  const { tag } = await announce(pass, { user, keys: [] }, { reason: 'failed', message }, { event: 'failed' });
  if (!isRecordable) return;
  const found = await describeSecret(pass.runtime.aws, secretNameOf(pass.settings.secretPrefix, userId));
  const secret = verifiedSecret(found, user, pass.settings);
  if (secret !== undefined) await tagSecret(pass, secret, tag);
}
