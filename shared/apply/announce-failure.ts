import { describeSecret } from '../aws/observe.ts';
import { messageOf } from '../core/errors.ts';
import { formatAnnounced } from '../core/format-secret-tags.ts';
import type { User } from '../core/model.ts';
import { present } from '../core/present.ts';
import { parseSecretTags } from '../core/read-secret-tags.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { causeOf, describeRefusal } from '../core/refusals.ts';
import { WEEKLY_DAYS } from '../core/runs.ts';
import { secretNameOf } from '../core/secret-name.ts';
import { type Announced, secretTagNames } from '../core/secret-tags.ts';
import { DAY, hasPassed } from '../core/time.ts';
import { verifiedSecret } from '../core/verify-secret.ts';
import { tell } from './announce.ts';
import type { Pass } from './pass.ts';
import { type CommonlyRefused, commonRefusalOf, rememberRefusal, toldAsCommonAt } from './refusals.ts';
import { tagSecret } from './secret.ts';

/** Who a message of the queue is about. */
type Known = Pick<User, 'accountId' | 'userId' | 'userName'>;

interface Failure {
  error: unknown;
  /** False where a tag may not be written. */
  isRecordable: boolean;
  /** The digest tells what became of it. */
  isProbe: boolean;
}

/** What is reported about a failure, if anything. */
interface Told {
  reason: ReasonCode;
  message: string;
}

/**
 * Announces that a pass failed for good, and records it if a tag may be written, so that the digest names the user in
 * each run. A failure that goes on is reported when it begins and weekly. What AWS refuses to all users is reported for
 * one of them. What cannot be recorded is reported each time. The first read may have failed, so only the user's names
 * are taken as known.
 */
export async function announceFailure(
  pass: Pass,
  known: Known,
  { error, isRecordable, isProbe }: Failure,
): Promise<void> {
  const { runtime, wroteAt } = pass;
  const user: User = { ...known, arn: '', path: '/', tags: {}, groups: [] };
  const alone: Told = { reason: causeOf(error) === undefined ? 'failed' : 'refused', message: messageOf(error) };
  const tellOf = (step: Told) => tell({ pass, state: { user, keys: [] }, step }, { event: 'failed' });
  const secret = !isRecordable
    ? undefined
    : await secretOf(pass, user).catch(async (unreadable: unknown) => {
        // That the secret cannot be read is no reason to say nothing.
        await tellOf(alone);
        throw unreadable;
      });
  const at = runtime.clock();
  const cause = causeOf(error);
  const failure: Announced = { event: 'failed', at, reason: alone.reason, ...present({ cause }) };
  const before = parseSecretTags(secret?.tags ?? {}, at).tags.announced;
  const common = cause === undefined ? undefined : await commonRefusalOf(pass, known, failure);
  const told: Told =
    common === undefined
      ? alone
      : { reason: 'refused-everywhere', message: `${commonMessage(common)} ${alone.message}` };
  const toldAt = common === undefined ? toldLately(pass, before, failure) : toldAsCommonAt(before, failure);
  const isQuiet = toldAt !== undefined || common?.isTold || (isProbe && secret === undefined);
  if (!isQuiet) await tellOf(told);
  const lastToldAt = isQuiet ? toldAt : at;
  const announced = {
    ...failure,
    reason: told.reason,
    ...present({ toldAt: lastToldAt }),
  };
  if (cause !== undefined) rememberRefusal(runtime.memory, user, announced);
  if (secret === undefined) return;
  wroteAt.add(at);
  await tagSecret(pass, secret, { [secretTagNames.announced]: formatAnnounced(announced) });
}

function commonMessage({ refusal }: CommonlyRefused): string {
  return `${describeRefusal(refusal)}. No more rotations begin today. From now on each run tries one user.`;
}

async function secretOf({ reader, settings }: Pass, user: User) {
  const found = await describeSecret(reader, secretNameOf(settings.secretPrefix, user.userId));
  return verifiedSecret(found, user, settings);
}

/**
 * When the same failure was reported, if it goes on since and a week has not passed. A failed proof is reported on its
 * own, with the key that was made: its record has a key.
 */
function toldLately({ settings }: Pass, before: Announced | undefined, failure: Announced) {
  if (before?.event !== 'failed' || before.accessKeyId !== undefined) return undefined;
  if (before.cause !== failure.cause) return undefined;
  // After two runs without a failure the next one begins anew.
  if (failure.at - before.at >= 2 * settings.runEveryDays * DAY) return undefined;
  const { toldAt } = before;
  return toldAt === undefined || hasPassed(toldAt, WEEKLY_DAYS, failure.at) ? undefined : toldAt;
}
