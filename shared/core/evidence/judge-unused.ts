import type { LastUsed } from '../model.ts';
import { keyLabels } from '../secret-versions.ts';
import { formatInstant, hasPassed, type Instant, MINUTE } from '../time.ts';
import { daysInWords } from '../words.ts';
import type { Verdict } from './finding.ts';
import { daysSince, isActive, keyResource, shortKey } from './judge-keys.ts';
import { instantFact, type Judgement, notKnown } from './judgement.ts';
import type { Judging } from './judging.ts';
import type { SeenKey } from './snapshot.ts';

/** The user's own answer: about their password, and that their keys are not known where they could not be listed. */
export function unusedPassword(judging: Judging): Verdict {
  const { keys } = judging.seen;
  const verdict = ofPassword(judging);
  return verdict.status === 'fail' || keys.isSeen ? verdict : notKnown(keys);
}

function ofPassword({ seen, limits, now }: Judging): Verdict {
  const { console: access, password, user } = seen;
  if (!access.isSeen) return notKnown(access);
  if (!access.value.hasPassword) {
    const sentence = `${user.userName} has no password.`;
    return { status: 'not-applicable', reason: 'no-password', sentence, facts: { consolePassword: false } };
  }
  if (!password.isSeen) return notKnown(password);
  const { lastUsedAt, changedAt, basis } = password.value;
  return unusedSince({ what: `The password of ${user.userName}`, lastUsedAt, since: changedAt, now }, limits, {
    basis,
  });
}

/** One answer an active key. */
export function unusedKeys(judging: Judging): Judgement[] {
  const { seen, now, limits } = judging;
  const { userId, userName } = seen.user;
  const control = 'unused-credentials' as const;
  if (!seen.keys.isSeen) return [];
  return seen.keys.value.keys.filter(isActive).map((key): Judgement => {
    const { accessKeyId, createdAt, use } = key;
    const of = { control, parts: [userId, accessKeyId], resource: keyResource(judging, key) };
    if (!use.isSeen) return { ...of, verdict: notKnown(use), asOf: now };
    const { lastUsed, basis, readAt } = use.value;
    const ownProof = lastUsed !== undefined && isOwnProof(judging, key, lastUsed);
    const lastUsedAt = ownProof ? undefined : lastUsed?.at;
    const what = `Access key ${shortKey(accessKeyId)} of ${userName}`;
    const facts = { accessKeyId, basis, ownProof };
    return { ...of, verdict: unusedSince({ what, lastUsedAt, since: createdAt, now }, limits, facts), asOf: readAt };
  });
}

/** AWS tells a last use to the quarter of an hour. */
const PROOF = 16 * MINUTE;

/** Keyturn proves each key that it makes by one call of sts: nobody has used the key by that. */
function isOwnProof(
  { seen: { secret } }: Judging,
  { accessKeyId, createdAt }: SeenKey,
  { at, service }: LastUsed,
): boolean {
  const isOurs = keyLabels(secret).some((label) => label.accessKeyId === accessKeyId);
  return isOurs && service === 'sts' && at - createdAt <= PROOF;
}

interface Use {
  what: string;
  lastUsedAt: Instant | undefined;
  /** Where there was no use. */
  since: Instant;
  now: Instant;
}

function unusedSince(
  { what, lastUsedAt, since, now }: Use,
  { unusedCredentialDays }: Judging['limits'],
  more: Verdict['facts'],
): Verdict {
  const from = lastUsedAt ?? since;
  const facts = {
    ...more,
    lastUsedAt: instantFact(lastUsedAt),
    since: formatInstant(since),
    unusedDays: daysSince(from, now),
    limitDays: unusedCredentialDays,
  };
  const days = daysInWords(daysSince(from, now));
  const sentence =
    lastUsedAt === undefined
      ? `${what} has not been used in the ${days} since it was made.`
      : `${what} was used last ${days} ago.`;
  if (!hasPassed(from, unusedCredentialDays, now)) return { status: 'pass', reason: 'used-lately', sentence, facts };
  return { status: 'fail', reason: lastUsedAt === undefined ? 'never-used' : 'unused', sentence, facts };
}
