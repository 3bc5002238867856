import type { TransitionVerb } from './model.ts';
import type { KeyView, Situation } from './situation.ts';
import { DAY, formatDate, formatInstant, type Instant, inDays } from './time.ts';

/** `AKIA… (active, 95 days old, last used 2026-03-01T10:00:00.000Z by s3 in eu-west-1)`. */
export function describeKey(key: KeyView, now: Instant): string {
  return `${key.accessKeyId} (${key.status.toLowerCase()}, ${age(key, now)} old, ${lastUse(key)})`;
}

export function age(key: { createdAt: Instant }, now: Instant): string {
  return daysInWords(Math.max(0, now - key.createdAt) / DAY);
}

/** `90 days`, `2.5 days`, `1 day`. */
export function daysInWords(count: number): string {
  const days = inDays(count * DAY);
  return `${days} ${days === '1' ? 'day' : 'days'}`;
}

/** "No recorded use" and not "never used": IAM keeps no record of every service, and none before 2015-04-22. */
export function lastUse({ lastUsed }: Pick<KeyView, 'lastUsed'>): string {
  if (lastUsed === undefined) return 'no recorded use';
  return `last used ${formatInstant(lastUsed.at)} by ${lastUsed.service} in ${lastUsed.region}`;
}

export function allKeys({ keys, now }: Situation): string {
  return keys.length === 0 ? 'no access key' : keys.map((key) => describeKey(key, now)).join(' and ');
}

/** `in 3 days (2026-04-08)`, counted in calendar days (UTC), as a person would. */
export function inWords(at: Instant, now: Instant): string {
  const days = Math.floor(at / DAY) - Math.floor(now / DAY);
  const when = days < 0 ? 'now' : days === 0 ? 'today' : `in ${days} ${days === 1 ? 'day' : 'days'}`;
  return `${when} (${formatDate(at)})`;
}

const nouns: Readonly<Record<TransitionVerb, string>> = {
  issue: 'rotation',
  deactivate: 'deactivation',
  retire: 'retirement',
  delete: 'deletion',
  'roll-back': 'rollback',
  'move-forward': 'promotion',
};

/** Of an unfinished transition, for a sentence: the verbs are for programs. */
export const nounOf = ({ verb }: { verb: TransitionVerb }): string => nouns[verb];
