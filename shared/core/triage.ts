import { reminderInstants } from './checks/grace-period.ts';
import { isTold, pendingVersion } from './checks/secrets-manager.ts';
import type { ReportRow } from './credential-report.ts';
import type { AccessKey, Request, Secret, User } from './model.ts';
import { deletionNoticeFrom, noticed } from './noticed.ts';
import { plan } from './plan.ts';
import { deletableAt, graceDaysOf } from './promises.ts';
import { parseSecretTags } from './read-secret-tags.ts';
import type { ReasonCode } from './reasons.ts';
import { firstRun, isInSweep, isWeeklyTurn, type RunTimes, WEEKLY_DAYS } from './runs.ts';
import { settingsDue } from './secret-settings.ts';
import { type DeactivatedRecord, isKeyLabel, type SecretTags, secretTagNames } from './secret-tags.ts';
import type { Settings } from './settings.ts';
import { keyLabels, ORPHAN_RECOVERY, versionWith } from './situation.ts';
import { DAY, hasPassed, type Instant, MINUTE } from './time.ts';
import { parseUserSettings, type UserSettings } from './user-settings.ts';
import { secretProblem, verifiedSecret } from './verify-secret.ts';

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
export type Triage = Answer & {
  oldestActiveAt?: Instant;
};

/** Everything that the questions below ask about one user. */
interface Facts {
  scanned: ScannedUser;
  settings: UserSettings;
  /** The user's secret, if it is ours beyond doubt. */
  verified: Secret | undefined;
  /** Names of tags of state in it that we did not write. */
  voidTags: readonly string[];
  tags: SecretTags;
  problems: readonly string[];
  now: Instant;
  /** What no tag can remember is told again in this run. */
  isTurn: boolean;
  /** The key ID labelled on AWSCURRENT. */
  currentKeyId: string | undefined;
  otherKeyIds: readonly string[];
  records: readonly DeactivatedRecord[];
  /** From the report, unless it is older than what the tags say. */
  slots: Slots | undefined;
}

/** Since when each key is what it is, oldest first. */
interface Slots {
  active: readonly Instant[];
  inactive: readonly Instant[];
}

type Answer = Facet & ({ isDue: true; reason: DueReason } | { isDue: false; reason: ReasonCode });

interface Facet {
  /** The worker's next step would make a new key, or retire one: what the daily limit counts. */
  isLimited?: boolean;
  /** More than the reason says. */
  because?: string;
}

type Question = (facts: Facts) => Answer | undefined;

const due = (reason: DueReason, facet: Facet = {}): Answer => ({ isDue: true, reason, ...facet });
const skip = (reason: ReasonCode, facet: Facet = {}): Answer => ({ isDue: false, reason, ...facet });

/**
 * Whether a user is worth a closer look: a look is half a dozen calls, so a user in rotation is due only once the next
 * instant of their tags has passed, and one who is blocked once that is to be told again. Never a decision about a key:
 * the worker observes again. Pure and total; in doubt the user is due.
 */
export function triage(scanned: ScannedUser, settings: Settings, now: Instant, run = firstRun(now, settings)): Triage {
  const facts = factsOf(scanned, settings, now, run);
  const answer = answerOf(facts, scanned.keys === undefined ? byReport : byExactKeys);
  const oldestActiveAt = oldestActive(scanned);
  const isLimited = answer.isLimited ?? (goesOn.includes(answer.reason) && oldEnough(facts)?.isLimited);
  return {
    ...answer,
    ...(isLimited ? { isLimited } : {}),
    ...(oldestActiveAt === undefined ? {} : { oldestActiveAt }),
  };
}

/** After these steps the pass looks again, and may issue. */
const goesOn: readonly DueReason[] = ['policy-put', 'replica-failed', 'state-unverified', 'finished'];

/**
 * The first match wins, in the order of the plan where that matters. Before `recovering` nothing asks about the age of
 * keys, so that an intent never waits for a report.
 */
const byReport: readonly Question[] = [
  exposed,
  inFlight,
  stateUnverified,
  policyOutdated,
  toldOfBlocked,
  intentPast,
  tagsInvalid,
  leftAlone,
  secretOdd,
  voidTags,
  rotationPending,
  recovering,
  superseded,
  leftover,
  oldEnough,
];
const byExactKeys: readonly Question[] = [
  exposed,
  inFlight,
  stateUnverified,
  policyOutdated,
  intentPast,
  rotationPending,
  planned,
];

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

function inFlight({ tags: { doing }, now }: Facts): Answer | undefined {
  return doing !== undefined && now < doing.deadlineAt ? skip('busy') : undefined;
}

/** What waits for somebody, and what no tag can remember was told: it is told again in one run a week. */
function waitsUntold({ isTurn }: Facts, reason: ReasonCode, because?: string): Answer {
  const facet = because === undefined ? {} : { because };
  return isTurn ? due(reason, facet) : skip(reason, facet);
}

/** The two tags that leave the user alone whoever wrote them. */
const mayBeMeant: readonly string[] = [secretTagNames.hold, secretTagNames.exposed];

function stateUnverified(facts: Facts): Answer | undefined {
  const names = facts.voidTags.filter((name) => mayBeMeant.includes(name));
  return names.length === 0
    ? undefined
    : waitsUntold(facts, 'state-unverified', `Keyturn did not write ${names.join(' and ')} of its secret`);
}

/** Exempt and held users too: what a secret takes from the settings follows them for everybody. */
function policyOutdated({ verified, settings, tags, problems, now, scanned: { user } }: Facts): Answer | undefined {
  const reason = verified && settingsDue({ secret: verified, user, settings, tags, problems, now });
  return reason === undefined ? undefined : due(reason);
}

/** Blocked as it was when it was told of: the worker would only wait. Whatever has changed about the keys is looked at. */
function toldOfBlocked(facts: Facts): Answer | undefined {
  const { tags, settings, slots, now } = facts;
  const { announced, doing } = tags;
  if (announced?.event !== 'blocked' || hasPassed(announced.at, WEEKLY_DAYS, now) || slots === undefined) {
    return undefined;
  }
  if (tagsInvalid(facts) ?? leftAlone(facts) ?? secretOdd(facts) ?? voidTags(facts)) return undefined;
  const { active, inactive } = slots;
  if (active.some((since) => since > announced.at)) return undefined;
  const keys = active.length + inactive.length;
  if (announced.reason === 'two-orphans' && keys === 2) return skip('two-orphans');
  if (doing !== undefined) return undefined;
  if (announced.reason === 'slots-taken' && active.length === 2 && settings.onBlocked === 'report') {
    return skip('slots-taken');
  }
  if (announced.reason === 'managed-rotation' && facts.scanned.secret?.rotationEnabled && keys === active.length) {
    return skip('managed-rotation');
  }
  if (announced.reason === 'current-inactive' && inactive.length > 0) return skip('current-inactive');
  return announced.reason === 'none-active' && inactive.length === 2 ? skip('none-active') : undefined;
}

function intentPast({ tags: { doing, deactivated }, now }: Facts): Answer | undefined {
  if (doing === undefined) return undefined;
  // The intent of an issue stays until its orphan is gone; before that there is nothing to do.
  const isOrphan = doing.verb === 'issue' && deactivated && !doing.accessKeyIds.includes(deactivated.accessKeyId);
  return isOrphan && now < deactivated.at + ORPHAN_RECOVERY ? skip('orphan-waiting') : due('finished');
}

function tagsInvalid(facts: Facts): Answer | undefined {
  const { problems } = facts;
  return problems.length > 0 ? waitsUntold(facts, 'tags-invalid', problems.join('; ')) : undefined;
}

function leftAlone({ settings, tags, now }: Facts): Answer | undefined {
  if (settings.exemption !== undefined) return skip('exempt');
  return tags.holdUntil !== undefined && now < tags.holdUntil ? skip('held') : undefined;
}

function secretOdd(facts: Facts): Answer | undefined {
  const { user, secret } = facts.scanned;
  if (secret === undefined) return undefined;
  const problem = secretProblem(secret, user, facts.settings);
  if (problem !== undefined) return waitsUntold(facts, problem.reason, problem.message);
  const labels = secret.versions[versionWith(secret, 'AWSCURRENT') ?? ''];
  if (labels === undefined || labels.filter(isKeyLabel).length === 1) return undefined;
  return waitsUntold(facts, 'secret-value-foreign');
}

/** All others count as absent, and are taken off. */
function voidTags({ voidTags: names }: Facts): Answer | undefined {
  return names.length > 0 ? due('state-unverified') : undefined;
}

/** A rotation by Secrets Manager that has not ended: only the worker asks since when. */
function rotationPending(facts: Facts): Answer | undefined {
  const versionId = pendingVersion(facts.scanned.secret);
  if (versionId === undefined || isTold(facts, versionId) || leftAlone(facts) !== undefined) return undefined;
  return due('rotation-stuck');
}

/** An Inactive key waits for its deletion, and everything else waits for that (rows 6 and 8 of the plan). */
function recovering(facts: Facts): Answer | undefined {
  const { records, slots, currentKeyId } = facts;
  if (records.length === 0) return undefined;
  const next = records.map((record) => deletionOf(facts, record)).find((reason) => reason !== undefined);
  if (next !== undefined) return due(next);
  if (slots === undefined) return skip('recovery');
  const hasOther = currentKeyId !== undefined && records.every(({ accessKeyId }) => accessKeyId !== currentKeyId);
  const isReactivated =
    slots.active.length > 2 - records.length || (!hasOther && slots.active.length > 0 && slots.inactive.length === 0);
  return isReactivated ? due('reactivated') : skip('recovery');
}

/** What the deletion of that key is ready for: its notice, or itself. */
function deletionOf({ settings, tags, now }: Facts, record: DeactivatedRecord): ReasonCode | undefined {
  const { runEveryDays } = settings;
  const at = deletableAt(record, settings);
  if (now < deletionNoticeFrom(at, runEveryDays)) return undefined;
  const told = noticed(tags, { ...record, kind: 'deletion' }, runEveryDays, now).is;
  if (told === 'missing') return 'deletion-soon';
  return told === 'in-force' && now >= at ? 'recovery-over' : undefined;
}

/** Two Active keys, one of them current: the ladder (row 12), whose instants are in the tags. */
function superseded({ tags, settings, slots, currentKeyId, now }: Facts): Answer | undefined {
  const { currentSince, confirmed, notice } = tags;
  const isClocked = currentSince !== undefined && currentSince.accessKeyId === currentKeyId;
  if (slots === undefined) {
    if (!isClocked) return due('unread');
  } else if (slots.active.length < 2 || currentKeyId === undefined) return undefined;
  if (!isClocked) return due('grace-restarted');

  const since = currentSince.at;
  const graceDays = graceDaysOf(currentSince, settings);
  if (graceDays === 0) return due('no-grace');
  if (confirmed?.accessKeyId === currentKeyId) return due('confirmed');
  const end = since + graceDays * DAY;
  if (now >= end) return due('grace-over');
  const reminder = reminderInstants({ since, end }).findLast((at) => at <= now);
  const isAboutOld = notice?.kind === 'deactivation' && notice.accessKeyId !== currentKeyId;
  const isTold = isAboutOld && notice.at > since && notice.at >= (reminder ?? since);
  return reminder === undefined || isTold ? skip('in-grace') : due('reminder-due');
}

/** An old key that somebody else deactivated or deleted: recorded, reported or forgotten (rows 5, 9 and 11). */
function leftover({ slots, otherKeyIds, currentKeyId }: Facts): Answer | undefined {
  if (slots === undefined) return undefined;
  const { active, inactive } = slots;
  if (active.length < 2 && otherKeyIds.length > 0) return due('inactive-seen');
  const [oldestInactive] = inactive;
  if (currentKeyId === undefined || oldestInactive === undefined) return undefined;
  // The inactive one may be the current key, whichever of them is newer: whose it is, only IAM says.
  return due(active.length === 0 ? 'current-inactive' : 'inactive-seen');
}

/** The report makes keys look younger than they are, never older. */
function oldEnough({ slots, settings, now, scanned }: Facts): Answer | undefined {
  const limit = settings.maxAccessKeyAgeDays - settings.rotateAheadDays;
  if (slots === undefined || !slots.active.some((at) => hasPassed(at, limit, now))) return undefined;
  const isAlone = slots.active.length + slots.inactive.length === 1;
  return due('due', { isLimited: isAlone && !scanned.secret?.rotationEnabled });
}

/** What the plan waits for may depend on the last use of a key, which the scan has not read. */
const dependsOnUse: readonly ReasonCode[] = ['still-in-use', 'not-switched', 'frozen'];

/** With the keys known exactly, the plan itself says whether there is something to do. */
function planned({ scanned: { user, keys, secret }, settings, isTurn, now }: Facts): Answer | undefined {
  const state = { user, keys: keys ?? [], ...(secret === undefined ? {} : { secret }) };
  const request: Request = { origin: 'schedule', runId: '-', wroteAt: new Set(), mayRepeat: isTurn };
  const { status, reason, message, steps } = plan(state, request, settings, now);
  if (status === 'unchanged' && !dependsOnUse.includes(reason)) return skip(reason);
  const isToldOf = status === 'blocked' || status === 'failed';
  if (isToldOf && steps.every(({ action }) => action === 'none')) return skip(reason, { because: message });
  const isLimited = steps.some(({ action }) => action === 'issue' || action === 'retire');
  return due(reason, { ...(isLimited ? { isLimited } : {}), ...(isToldOf ? { because: message } : {}) });
}

function factsOf(scanned: ScannedUser, given: Settings, now: Instant, run: RunTimes): Facts {
  const { user, secret, report } = scanned;
  const { settings, problems } = parseUserSettings(user, given, now);
  const { tags, problems: tagProblems } = parseSecretTags(secret?.tags ?? {}, now);
  const labels = keyLabels(secret);
  const currentVersionId = versionWith(secret, 'AWSCURRENT');
  const verified = verifiedSecret(secret, user, settings);
  return {
    scanned,
    settings,
    verified,
    voidTags: Object.keys(verified?.voidTags ?? {}),
    isTurn: isWeeklyTurn(user.userId, run),
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
  const { doing, currentSince, deactivated, inactiveSeen, confirmed, announced, notice, exposed } = tags;
  const records = [doing, currentSince, deactivated, inactiveSeen, confirmed, announced, notice, exposed];
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

/** Left alone on purpose, or in the hands of another run: what their keys are does not matter today. */
const unasked: readonly DueReason[] = ['exempt', 'held', 'busy', 'orphan-waiting'];

/**
 * Whether the keys are to be listed exactly: without a row in the report, or when it is the user's turn in the sweep,
 * since a toggled key looks young in the report.
 */
export function needsExactKeys(
  scanned: ScannedUser,
  settings: Settings,
  now: Instant,
  run = firstRun(now, settings),
): boolean {
  const { isDue, reason } = triage(scanned, settings, now, run);
  if (isDue) return reason === 'unread';
  if (unasked.includes(reason)) return false;
  return scanned.report === undefined || isInSweep(scanned.user.userId, settings, run.scheduledAt);
}
