import { DAY, formatInstant, hasPassed, type Instant } from '../time.ts';
import { daysInWords } from '../words.ts';
import type { FindingFacts, FindingResource, Verdict } from './finding.ts';
import { type Judgement, notKnown } from './judgement.ts';
import type { Judging } from './judging.ts';
import { type Standing, stateOf } from './key-state.ts';
import type { Seen, SeenKey } from './snapshot.ts';

/** One answer a key; one for the user, where the keys could not be listed. */
export function judgeKeys(judging: Judging, standing: Seen<Standing>): Judgement[] {
  const { seen, resource, now } = judging;
  const { userId } = seen.user;
  if (!standing.isSeen) {
    return [{ control: 'key-age', parts: [userId], resource, verdict: notKnown(standing), asOf: now }];
  }
  const { keys, readAt } = standing.value.seen;
  return keys.map((key): Judgement => {
    const { accessKeyId } = key;
    const verdict = ageOf(judging, standing.value, key);
    const handOver = verdict.status === 'fail' ? standing.value.handOvers.get(accessKeyId) : undefined;
    const parts = [userId, accessKeyId];
    return { control: 'key-age', parts, resource: keyResource(judging, key), verdict, asOf: readAt, handOver };
  });
}

export function keyResource({ resource }: Judging, { accessKeyId }: SeenKey): FindingResource {
  return { ...resource, type: 'iam-access-key', id: accessKeyId };
}

export function isActive({ status }: Pick<SeenKey, 'status'>): boolean {
  return status === 'Active';
}

/** Enough to tell two keys of a user apart in a sentence. */
export function shortKey(accessKeyId: string): string {
  return `…${accessKeyId.slice(-4)}`;
}

/** Whole days: an age of 89.9 is below a limit of 90. */
export function daysSince(since: Instant, now: Instant): number {
  return Math.floor((now - since) / DAY);
}

function ageOf(judging: Judging, standing: Standing, key: SeenKey): Verdict {
  const { seen, own, settings, now } = judging;
  const { basis, readAt } = standing.seen;
  const state = stateOf(judging, standing, key.accessKeyId);
  const { accessKeyId, createdAt, status, use } = key;
  // The lower of the user's and the service's, as in AWS Config: whoever may tag must not excuse an age.
  const limitDays = Math.min(own.settings.maxAccessKeyAgeDays, settings.maxAccessKeyAgeDays);
  const used: FindingFacts =
    use.isSeen && use.value.lastUsed !== undefined
      ? {
          lastUsedAt: formatInstant(use.value.lastUsed.at),
          lastUsedService: use.value.lastUsed.service,
          lastUsedRegion: use.value.lastUsed.region,
        }
      : {};
  const facts: FindingFacts = {
    accessKeyId,
    keyStatus: status,
    createdAt: formatInstant(createdAt),
    ageDays: daysSince(createdAt, now),
    limitDays,
    limitFrom: limitDays === settings.maxAccessKeyAgeDays ? 'setting' : 'user-tag',
    state,
    answer: state === 'not-managed' ? null : standing.plan.reason,
    basis,
    readAt: formatInstant(readAt),
    ...used,
  };
  const which = `Access key ${shortKey(accessKeyId)} of ${seen.user.userName}`;
  if (!isActive(key)) {
    return { status: 'not-applicable', reason: 'inactive', sentence: `${which} is not active.`, facts };
  }
  const old = `${which} is ${daysInWords(daysSince(createdAt, now))} old; the limit is ${daysInWords(limitDays)}.`;
  return hasPassed(createdAt, limitDays, now)
    ? { status: 'fail', reason: 'older-than-limit', sentence: old, facts }
    : { status: 'pass', reason: 'younger-than-limit', sentence: old, facts };
}

export function oneActiveKey({ seen: { user, keys } }: Judging): Verdict {
  if (!keys.isSeen) return notKnown(keys);
  const active = keys.value.keys.filter(isActive).map(({ accessKeyId }) => accessKeyId);
  const facts = { activeKeys: active, basis: keys.value.basis };
  if (keys.value.keys.length === 0) {
    return { status: 'not-applicable', reason: 'no-key', sentence: `${user.userName} has no access key.`, facts };
  }
  const sentence = `${user.userName} has ${active.length === 1 ? 'one active access key' : `${active.length} active access keys`}.`;
  return active.length <= 1
    ? { status: 'pass', reason: 'at-most-one', sentence, facts }
    : { status: 'fail', reason: 'two-active', sentence, facts };
}
