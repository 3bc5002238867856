import { isOutdated, type ReportRow } from '../credential-report.ts';
import type { AccessKey, Secret, User } from '../model.ts';
import { parseSecretTags } from '../read-secret-tags.ts';
import type { ReasonCode } from '../reasons.ts';
import { isWeeklyTurn, type RunTimes } from '../runs.ts';
import type { DeactivatedRecord, SecretTags } from '../secret-tags.ts';
import { keyLabels, versionWith } from '../secret-versions.ts';
import type { Settings } from '../settings.ts';
import type { Instant } from '../time.ts';
import { parseUserSettings, type UserSettings } from '../user-settings.ts';
import { verifiedSecret } from '../verify-secret.ts';

/** One user as the scan sees it: cheap facts about everybody, exact keys of a few. */
export interface ScannedUser {
  /** With groups and tags. */
  user: User;
  secret?: Secret;
  /** Absent for a user younger than the report, and where there is no report. */
  report?: ReportRow;
  /** Exact, but without their last use. */
  keys?: readonly AccessKey[];
  /** In a fleet: other Regions where a secret of the user is; absent if there is none, or nobody could see. */
  elsewhere?: readonly string[];
}

/** `unread`: neither the report nor IAM says what keys there are. */
export type DueReason = ReasonCode | 'unread';

/** Everything that the questions below ask about one user. */
export interface Facts {
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
export interface Slots {
  active: readonly Instant[];
  inactive: readonly Instant[];
}

export type Answer = Facet & ({ isDue: true; reason: DueReason } | { isDue: false; reason: ReasonCode });

interface Facet {
  /** The worker's next step would make a new key, or retire one: what the daily limit counts. */
  isLimited?: boolean;
  /** More than the reason says. */
  because?: string;
}

export type Question = (facts: Facts) => Answer | undefined;

export const due = (reason: DueReason, facet: Facet = {}): Answer => ({ isDue: true, reason, ...facet });
export const skip = (reason: ReasonCode, facet: Facet = {}): Answer => ({ isDue: false, reason, ...facet });

export function factsOf(scanned: ScannedUser, given: Settings, now: Instant, run: RunTimes): Facts {
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

export function slotsOf({ keys }: ReportRow): Slots {
  const since = (isActive: boolean): Instant[] =>
    keys
      .filter((key) => key.isActive === isActive)
      .flatMap(({ rotatedAt }) => rotatedAt ?? [])
      .toSorted((a, b) => a - b);
  return { active: since(true), inactive: since(false) };
}
