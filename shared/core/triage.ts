import { hashOf } from './checks/blocked.ts';
import { reminderInstants } from './checks/ladder.ts';
import { isTold, pendingVersion } from './checks/managed.ts';
import type { ReportRow } from './credential-report.ts';
import type { AccessKey, Request, Secret, User } from './model.ts';
import { plan } from './plan.ts';
import type { ReasonCode } from './reasons.ts';
import { isKeyLabel, type KeyRecord, parseSecretTags, type SecretTags } from './secret-tags.ts';
import type { Settings } from './settings.ts';
import { keyLabels, ORPHAN_RECOVERY, versionWith } from './situation.ts';
import { DAY, hasPassed, type Instant, MINUTE } from './time.ts';
import { parseUserSettings, type UserSettings } from './user-settings.ts';
import { secretProblem } from './verify-secret.ts';

/** One user as the scan sees it: cheap facts about everybody, exact keys of a few. */
export interface ScannedUser {
  /** With groups and tags. */
  user: User;
  secret?: Secret;
  /** Absent for a user younger than the report, and where there is no report. */
  report?: ReportRow;
  /** Exact, but without their last use. */
  keys?: readonly AccessKey[];
}

/** `unread`: neither the report nor IAM says what keys there are. */
export type DueReason = ReasonCode | 'unread';

/** Whether the worker is to look at the user now, why (not), and how old the oldest Active key seems. */
export type Triage = ({ isDue: true; reason: DueReason } | { isDue: false; reason: ReasonCode }) & {
  oldestActiveAt?: Instant;
};

/** Everything that the questions below ask about one user. */
interface Facts {
  scanned: ScannedUser;
  settings: UserSettings;
  tags: SecretTags;
  problems: readonly string[];
  now: Instant;
  /** The key ID labelled on AWSCURRENT. */
  currentKeyId: string | undefined;
  otherKeyIds: readonly string[];
  records: readonly KeyRecord[];
  /** From the report, unless it is older than what the tags say. */
  slots: Slots | undefined;
}

/** Since when each key is what it is, oldest first. */
interface Slots {
  active: readonly Instant[];
  inactive: readonly Instant[];
}

type Answer = { isDue: true; reason: DueReason } | { isDue: false; reason: ReasonCode };
type Question = (facts: Facts) => Answer | undefined;

const due = (reason: DueReason): Answer => ({ isDue: true, reason });
const skip = (reason: ReasonCode): Answer => ({ isDue: false, reason });

/**
 * Whether a user is worth a closer look: a look is half a dozen calls, so a user in rotation is due only once the next
 * instant of their tags has passed. Never a decision about a key: the worker observes again. Pure and total; in doubt
 * the user is due.
 */
export function triage(scanned: ScannedUser, settings: Settings, now: Instant): Triage {
  const facts = factsOf(scanned, settings, now);
  const answer = answerOf(facts, scanned.keys === undefined ? byReport : byExactKeys);
  const oldestActiveAt = oldestActive(scanned);
  return { ...answer, ...(oldestActiveAt === undefined ? {} : { oldestActiveAt }) };
}

/** The first match wins. Before these nothing asks about keys, so that an intent never waits for a report. */
const byReport: readonly Question[] = [
  exposed,
  inFlight,
  tagsInvalid,
  leftAlone,
  secretOdd,
  rotationPending,
  recovering,
  superseded,
  leftover,
  oldEnough,
];
const byExactKeys: readonly Question[] = [exposed, inFlight, rotationPending, planned];

function answerOf(facts: Facts, questions: readonly Question[]): Answer {
  for (const question of questions) {
    const answer = question(facts);
    if (answer !== undefined) return answer;
  }
  return skip(facts.slots?.active.length === 0 ? 'no-active-key' : 'nothing-due');
}

/** Whoever reactivates such a key is not waited for, and whoever was left without one is owed another. */
function exposed({ tags }: Facts): Answer | undefined {
  return tags.exposed === undefined ? undefined : due('exposed');
}

function inFlight({ tags: { doing, deactivated }, now }: Facts): Answer | undefined {
  if (doing === undefined) return undefined;
  if (now < doing.deadlineAt) return skip('busy');
  // The intent of an issue stays until its orphan is gone; before that there is nothing to do.
  const isOrphan = doing.verb === 'issue' && deactivated && !doing.accessKeyIds.includes(deactivated.accessKeyId);
  return isOrphan && now < deactivated.at + ORPHAN_RECOVERY ? skip('orphan-waiting') : due('finished');
}

function tagsInvalid({ problems }: Facts): Answer | undefined {
  return problems.length > 0 ? due('tags-invalid') : undefined;
}

function leftAlone({ settings, tags, now }: Facts): Answer | undefined {
  if (settings.exemption !== undefined) return skip('exempt');
  return tags.holdUntil !== undefined && now < tags.holdUntil ? skip('held') : undefined;
}

function secretOdd({ scanned: { user, secret }, settings }: Facts): Answer | undefined {
  if (secret === undefined) return undefined;
  const problem = secretProblem(secret, user, settings);
  if (problem !== undefined) return due(problem.reason);
  const labels = secret.versions[versionWith(secret, 'AWSCURRENT') ?? ''];
  return labels === undefined || labels.filter(isKeyLabel).length === 1 ? undefined : due('secret-value-foreign');
}

/** A rotation by Secrets Manager that has not ended: only the worker asks since when. */
function rotationPending(facts: Facts): Answer | undefined {
  const versionId = pendingVersion(facts.scanned.secret);
  if (versionId === undefined || isTold(facts, versionId) || leftAlone(facts) !== undefined) return undefined;
  return due('rotation-stuck');
}

/** An Inactive key waits for its deletion, and everything else waits for that (rows 6 and 8 of the plan). */
function recovering({ records, settings, slots, currentKeyId, now }: Facts): Answer | undefined {
  if (records.length === 0) return undefined;
  if (records.some(({ at }) => hasPassed(at, settings.recoveryDays, now))) return due('recovery-over');
  if (slots === undefined) return skip('recovery');
  const hasOther = currentKeyId !== undefined && records.every(({ accessKeyId }) => accessKeyId !== currentKeyId);
  const isReactivated =
    slots.active.length > 2 - records.length || (!hasOther && slots.active.length > 0 && slots.inactive.length === 0);
  return isReactivated ? due('reactivated') : skip('recovery');
}

/** Two Active keys, one of them current: the ladder (row 12), whose instants are in the tags. */
function superseded({ tags, settings, slots, currentKeyId, now }: Facts): Answer | undefined {
  const { currentSince, confirmed, announced } = tags;
  const isClocked = currentSince !== undefined && currentSince.accessKeyId === currentKeyId;
  if (slots === undefined) {
    if (!isClocked) return due('unread');
  } else if (slots.active.length < 2 || currentKeyId === undefined) return undefined;
  if (!isClocked) return due('grace-restarted');

  const { at: since, graceDays = settings.graceDays } = currentSince;
  if (graceDays === 0) return due('no-grace');
  if (confirmed?.accessKeyId === currentKeyId) return due('confirmed');
  const end = since + graceDays * DAY;
  if (now >= end) return due('grace-over');
  const reminder = reminderInstants({ since, end }).findLast((at) => at <= now);
  const isAboutOld = announced?.event === 'reminder' && announced.accessKeyId !== currentKeyId;
  const isTold = isAboutOld && announced.at > since && announced.at >= (reminder ?? since);
  return reminder === undefined || isTold ? skip('in-grace') : due('reminder-due');
}

/** An old key that somebody else deactivated or deleted: recorded, reported or forgotten (rows 5, 9 and 11). */
function leftover({ slots, otherKeyIds, currentKeyId }: Facts): Answer | undefined {
  if (slots === undefined) return undefined;
  const { active, inactive } = slots;
  if (active.length < 2 && otherKeyIds.length > 0) return due('inactive-seen');
  const [oldestInactive] = inactive;
  if (currentKeyId === undefined || oldestInactive === undefined) return undefined;
  if (active.length === 0) return due('current-inactive');
  return oldestInactive <= Math.max(...active) ? due('inactive-seen') : undefined;
}

/** The report makes keys look younger than they are, never older. */
function oldEnough({ slots, settings, now }: Facts): Answer | undefined {
  const limit = settings.maxAccessKeyAgeDays - settings.rotateAheadDays;
  return slots?.active.some((at) => hasPassed(at, limit, now)) ? due('due') : undefined;
}

const request: Request = { origin: 'schedule', runId: '-', wroteAt: new Set() };
/** What the plan waits for may depend on the last use of a key, which the scan has not read. */
const dependsOnUse: readonly ReasonCode[] = ['still-in-use', 'not-switched', 'frozen'];

/** With the keys known exactly, the plan itself says whether there is something to do. */
function planned({ scanned: { user, keys, secret }, settings, now }: Facts): Answer | undefined {
  const state = { user, keys: keys ?? [], ...(secret === undefined ? {} : { secret }) };
  const { status, reason } = plan(state, request, settings, now);
  return status === 'unchanged' && !dependsOnUse.includes(reason) ? skip(reason) : due(reason);
}

function factsOf(scanned: ScannedUser, given: Settings, now: Instant): Facts {
  const { user, secret, report } = scanned;
  const { settings, problems } = parseUserSettings(user, given, now);
  const { tags, problems: tagProblems } = parseSecretTags(secret?.tags ?? {}, now);
  const labels = keyLabels(secret);
  const currentVersionId = versionWith(secret, 'AWSCURRENT');
  return {
    scanned,
    settings,
    tags,
    problems: [...problems, ...tagProblems],
    now,
    currentKeyId: labels.find(({ versionId }) => versionId === currentVersionId)?.accessKeyId,
    otherKeyIds: labels.filter(({ versionId }) => versionId !== currentVersionId).map((label) => label.accessKeyId),
    records: [tags.deactivated, tags.inactiveSeen].filter((record) => record !== undefined),
    slots: report === undefined || isOutdated(report, tags) ? undefined : slotsOf(report),
  };
}

/** A report takes a while to be made, from reads that may lag. */
export const REPORT_LAG = 15 * MINUTE;

/** A report from before our latest write would show a state that the tags know to be over. */
function isOutdated({ reportedAt }: ReportRow, tags: SecretTags): boolean {
  const records = [tags.doing, tags.currentSince, tags.deactivated, tags.inactiveSeen, tags.confirmed, tags.announced];
  return records.some((record) => record !== undefined && record.at > reportedAt - REPORT_LAG);
}

function slotsOf({ keys }: ReportRow): Slots {
  const since = (isActive: boolean): Instant[] =>
    keys
      .filter((key) => key.isActive === isActive)
      .flatMap(({ rotatedAt }) => rotatedAt ?? [])
      .toSorted((a, b) => a - b);
  return { active: since(true), inactive: since(false) };
}

function oldestActive({ keys, report }: ScannedUser): Instant | undefined {
  const exact = keys?.filter(({ status }) => status === 'Active').map(({ createdAt }) => createdAt);
  return exact === undefined ? report && slotsOf(report).active[0] : exact.toSorted((a, b) => a - b)[0];
}

/** Whether it is the user's day to be looked at exactly: one day in every `exactSweepDays`, by hash of the UserId. */
export function isInSweep(userId: string, exactSweepDays: number, now: Instant): boolean {
  return hashOf(userId) % exactSweepDays === Math.floor(now / DAY) % exactSweepDays;
}

/** Left alone on purpose, or in the hands of another run: what their keys are does not matter today. */
const unasked: readonly DueReason[] = ['exempt', 'held', 'busy', 'orphan-waiting'];

/**
 * Whether the keys are to be listed exactly: without a row in the report, or on the user's day of the sweep, since a
 * toggled key looks young in the report.
 */
export function needsExactKeys(scanned: ScannedUser, settings: Settings, now: Instant): boolean {
  const { isDue, reason } = triage(scanned, settings, now);
  if (isDue) return reason === 'unread';
  if (unasked.includes(reason)) return false;
  return scanned.report === undefined || isInSweep(scanned.user.userId, settings.exactSweepDays, now);
}
