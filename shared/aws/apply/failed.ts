import { isWeekdayOf } from '../../core/checks/blocked.ts';
import type { Secret, User } from '../../core/model.ts';
import { formatAnnounced, parseSecretTags, secretNameOf, secretTagNames } from '../../core/secret-tags.ts';
import { DAY } from '../../core/time.ts';
import { verifiedSecret } from '../../core/verify-secret.ts';
import { describeSecret } from '../observe.ts';
import type { Pass } from '../pass.ts';
import { announce } from './announce.ts';
import { tagSecret } from './secret.ts';

/** Who a message of the queue is about. */
type Known = Pick<User, 'accountId' | 'userId' | 'userName'>;

/** After two passes without a failure the next one begins anew. */
const BEGINS_ANEW = 2 * DAY;

/**
 * Tells the topic that a pass failed for good, and remembers it where a tag may be written, so that the digest counts
 * it each day. A failure that goes on is told when it begins and on one day a week; one that cannot be remembered,
 * each time. What failed may have been the first read, so nothing but the user's names is taken as known.
 */
export async function announceFailure(
  pass: Pass,
  { accountId, userId, userName }: Known,
  message: string,
  { isRecordable }: { isRecordable: boolean },
): Promise<void> {
  const user: User = { accountId, userId, userName, arn: '', path: '/', tags: {}, groups: [] };
  const tell = () => announce(pass, { user, keys: [] }, { reason: 'failed', message }, { event: 'failed' });
  if (!isRecordable) {
    await tell();
    return;
  }
  const secret = await secretOf(pass, user).catch(async (error: unknown) => {
    // That the secret cannot be read is no reason to say nothing.
    await tell();
    throw error;
  });
  const tag = isToldAlready(pass, user, secret) ? again(pass) : (await tell()).tag;
  if (secret !== undefined) await tagSecret(pass, secret, tag);
}

async function secretOf({ reader, settings }: Pass, user: User): Promise<Secret | undefined> {
  const found = await describeSecret(reader, secretNameOf(settings.secretPrefix, user.userId));
  return verifiedSecret(found, user, settings);
}

/** A failed proof is told by itself, with the key that was made: its record has a key. */
function isToldAlready({ runtime }: Pass, user: User, secret: Secret | undefined): boolean {
  const now = runtime.clock();
  const { announced } = parseSecretTags(secret?.tags ?? {}, now).tags;
  if (announced?.event !== 'failed' || announced.accessKeyId !== undefined) return false;
  return now - announced.at < BEGINS_ANEW && !isWeekdayOf(user, now);
}

function again({ runtime, wroteAt }: Pass): Record<string, string> {
  const at = runtime.clock();
  wroteAt.add(at);
  return { [secretTagNames.announced]: formatAnnounced({ event: 'failed', at, reason: 'failed' }) };
}
