import type { User } from './model.ts';
import { parseSecretTags } from './read-secret-tags.ts';
import { isReason, type ReasonCode, reasons } from './reasons.ts';
import type { RunTimes } from './runs.ts';
import type { Announced } from './secret-tags.ts';
import { pendingVersion } from './secret-versions.ts';
import { DAY, type Instant } from './time.ts';
import type { DueReason, ScannedUser } from './triage/facts.ts';
import type { Triage } from './triage/triage.ts';

/** A scanned user with the verdict on them. */
export interface Triaged {
  scanned: ScannedUser;
  verdict: Triage;
}

/** How many users each thing happened to between two runs. */
export interface Activity {
  rotated: number;
  deactivated: number;
  deleted: number;
  postponed: number;
  failed: number;
}

/**
 * What happened from the time of the run before until that of this one, as far as the tags remember: `announced` keeps
 * the last message about each user only. Workers share no memory with the run that counts.
 */
export function activityOf(triaged: readonly Triaged[], { previousAt, scheduledAt }: RunTimes, now: Instant): Activity {
  const isRecent = (at: Instant | undefined): boolean => at !== undefined && previousAt <= at && at < scheduledAt;
  const users = triaged.map(({ scanned: { secret } }) => {
    const { tags } = parseSecretTags(secret?.tags ?? {}, now);
    return { ...tags, event: isRecent(tags.announced?.at) ? tags.announced?.event : undefined };
  });
  const count = (test: (user: (typeof users)[number]) => boolean): number => users.filter(test).length;
  return {
    // `issued-on` is the day of the intent: a grace that merely began again is no rotation.
    rotated: count(
      ({ currentSince, issuedOn = 0 }) =>
        currentSince !== undefined && isRecent(currentSince.at) && currentSince.at - issuedOn < 2 * DAY,
    ),
    deactivated: count(({ deactivated }) => isRecent(deactivated?.at)),
    deleted: count(({ event, intent }) => event === 'deleted' || (event === 'orphan-removed' && intent === undefined)),
    postponed: count(({ event }) => event === 'postponed'),
    failed: count(({ event }) => event === 'failed'),
  };
}

/** Somebody has to decide, or nothing goes on for this user. */
export interface Decision {
  userName: string;
  reason: ReasonCode;
  message: string;
  /** A state that was planned for; otherwise a failure of the last pass. */
  isBlocked: boolean;
}

/** Reasons of triage that are decisions by themselves, no matter what the tags record. */
const waiting: readonly DueReason[] = [
  'tags-invalid',
  'secret-foreign',
  'secret-pending-deletion',
  'secret-value-foreign',
  'too-many-tags',
  'status-unknown',
  'slots-taken',
  'current-inactive',
  'none-active',
  'two-orphans',
  'secret-elsewhere',
];

/** Reasons for a step that must be announced, in addition to those that a daily limit counts. */
const tells: readonly DueReason[] = [
  'confirmed',
  'deletion-soon',
  'grace-over',
  'inactive-seen',
  'least-used',
  'no-grace',
  'not-handed-on',
  'not-switched',
  'postponed-to-limit',
  'recovery-over',
  'reminder-due',
  'retirement-soon',
  'still-in-use',
];

/** Whether a message of that event about that user would reach anyone. */
export type Hears = (user: User, event: 'issued' | 'reminder') => boolean;

/** Everybody who needs a decision, by name: in each run, since a message about it may be days old, or never sent. */
export function decisionsOf(
  triaged: readonly Triaged[],
  { previousAt }: RunTimes,
  now: Instant,
  hears: Hears,
): Decision[] {
  return triaged
    .flatMap((user) => decisionOf(user, previousAt, now, hears) ?? [])
    .toSorted((a, b) => (a.userName < b.userName ? -1 : 1));
}

function decisionOf({ scanned, verdict }: Triaged, since: Instant, now: Instant, hears: Hears): Decision | undefined {
  const { userName } = scanned.user;
  const { isDue, reason, because } = verdict;
  const { announced, policy, stuck } = parseSecretTags(scanned.secret?.tags ?? {}, now).tags;
  const remembered = announced?.reason !== undefined && isReason(announced.reason) ? announced.reason : undefined;
  const decision = (code: ReasonCode, isBlocked: boolean, message = sentenceOf(code)): Decision => {
    return { userName, reason: code, message, isBlocked };
  };
  if (isReason(reason) && waitsForSomebody(verdict, announced)) return decision(reason, true, because);
  if (isDue && announced?.event === 'blocked' && isReason(reason)) return decision(remembered ?? reason, true);
  if (isDue && reason === 'exposed') return decision(reason, false);
  const unheard = isDue ? unheardOf(verdict, (event) => hears(scanned.user, event)) : undefined;
  if (unheard !== undefined) return decision(unheard, false);
  if (announced?.event === 'failed' && announced.at >= since) return decision(remembered ?? 'failed', false);
  if (stuck !== undefined && stuck.versionId === pendingVersion(scanned.secret))
    return decision('rotation-stuck', false);
  // Told of, and not in step since.
  return policy?.toldAt === undefined ? undefined : decision('replica-failed', false);
}

/** Void tags that are merely removed need no decision. */
function waitsForSomebody({ reason, because }: Triage, announced: Announced | undefined): boolean {
  if (waiting.includes(reason) || (reason === 'state-unverified' && because !== undefined)) return true;
  return announced?.event === 'blocked' && announced.reason === reason;
}

/** Why what is due is not done, if it is because its message would reach no one. */
function unheardOf(
  { reason, isLimited }: Extract<Triage, { isDue: true }>,
  hears: (event: 'issued' | 'reminder') => boolean,
): 'no-subscription' | 'notice-undeliverable' | undefined {
  if (isLimited && !hears('issued')) return 'no-subscription';
  return tells.includes(reason) && !hears('reminder') ? 'notice-undeliverable' : undefined;
}

function sentenceOf(code: ReasonCode): string {
  return `${reasons[code].says} ${reasons[code].todo}`;
}
