import { exposedKeyIds } from './exposure.ts';
import type { AccessKey, Request, Role, Secret, UserState } from './model.ts';
import { deletableAt } from './promises.ts';
import { parseSecretTags } from './read-secret-tags.ts';
import type { DeactivatedRecord, Intent, SecretTags } from './secret-tags.ts';
import { type KeyLabel, keyLabels, versionWith } from './secret-versions.ts';
import type { Settings } from './settings.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from './time.ts';
import { parseUserSettings, type UserSettings } from './user-settings.ts';

/** An access key with everything the checks ask about it. */
export interface KeyView extends AccessKey {
  role: Role;
  /** The version whose label names this key: its secret access key is stored there, and was proven. */
  versionId?: string;
  isActive: boolean;
  /** Active, and old enough for a replacement. */
  isDue: boolean;
  /** Not used for `unusedDays`, counted from the later of its last use and its creation. */
  isUnused: boolean;
  /** The later of its last use and its creation: quiet and unused count from here. */
  quietSince: Instant;
  /** Others know it, or could have read it: never in use again. */
  isExposed: boolean;
  /** Which tag names this key as Inactive, whatever the key is now. */
  record?: 'deactivated' | 'inactive-seen';
  /** Since when it is known to have been Inactive ever since: recorded, still Inactive, and not used after the record. */
  inactiveSince?: Instant;
  /** The end of the recovery period that began then. */
  deletableAt?: Instant;
}

/** One user's state as the checks see it: parsed, with every key in its role. */
export interface Situation {
  now: Instant;
  request: Request;
  state: UserState;
  secret: Secret | undefined;
  settings: UserSettings;
  tags: SecretTags;
  /** User tags, secret tags and combined settings that do not parse. */
  problems: readonly string[];
  keys: readonly KeyView[];
  /** The key labelled on AWSCURRENT, if it is in IAM. */
  current: KeyView | undefined;
  currentVersionId: string | undefined;
  /** The key ID labelled on AWSCURRENT, whether or not the key is in IAM. */
  currentKeyId: string | undefined;
  /** Labels elsewhere than on AWSCURRENT whose key is gone. */
  goneLabels: readonly KeyLabel[];
  /** Leftovers of a crashed issue: at most one can be dealt with by itself. */
  orphans: readonly KeyView[];
}

/** Interprets what was observed. Pure and total: what does not parse becomes a problem, never an exception. */
export function assess(state: UserState, request: Request, settings: Settings, now: Instant): Situation {
  const { settings: userSettings, problems: userProblems } = parseUserSettings(state.user, settings, now);
  const { tags, problems: tagProblems } = parseSecretTags(state.secret?.tags ?? {}, now);
  const labels = keyLabels(state.secret);
  const currentVersionId = versionWith(state.secret, 'AWSCURRENT');
  const currentKeyId = labels.find(({ versionId }) => versionId === currentVersionId)?.accessKeyId;
  const orphanIds = orphanKeyIds(state.keys, labels, tags);
  const views = state.keys.map((key): Omit<KeyView, 'isExposed'> => {
    const versionId = labels.find(({ accessKeyId }) => accessKeyId === key.accessKeyId)?.versionId;
    const isOrphan = orphanIds.has(key.accessKeyId);
    return {
      ...viewOf(key, tags, userSettings, now),
      role: isOrphan ? 'orphan' : roleOf(versionId, currentVersionId, state.secret),
      ...(versionId === undefined ? {} : { versionId }),
    };
  });
  const exposedIds = exposedKeyIds(views, { tags, request, settings: userSettings, now });
  const keys = views.map((view): KeyView => ({ ...view, isExposed: exposedIds.has(view.accessKeyId) }));
  const isGone = (id: string): boolean => keys.every(({ accessKeyId }) => accessKeyId !== id);
  return {
    now,
    request,
    state,
    secret: state.secret,
    settings: userSettings,
    tags,
    problems: [...userProblems, ...tagProblems],
    keys,
    current: keys.find(({ role }) => role === 'current'),
    currentVersionId,
    currentKeyId,
    goneLabels: labels.filter(({ accessKeyId, versionId }) => versionId !== currentVersionId && isGone(accessKeyId)),
    orphans: keys.filter(({ role }) => role === 'orphan'),
  };
}

function viewOf(
  key: AccessKey,
  tags: SecretTags,
  settings: UserSettings,
  now: Instant,
): Omit<KeyView, 'role' | 'isExposed'> {
  const quietSince = Math.max(key.createdAt, key.lastUsed?.at ?? key.createdAt);
  const isActive = key.status === 'Active';
  const record = recordOf(key.accessKeyId, tags);
  // What an exposed key was used for afterwards does not bring it back.
  const isForGood = tags.exposed?.accessKeyIds.includes(key.accessKeyId) ?? false;
  const isStillSo = record !== undefined && (isForGood || !isUsedAfter(key, record.at));
  const isRecordValid = key.status === 'Inactive' && isStillSo;
  return {
    ...key,
    isActive,
    isDue: isActive && now - key.createdAt >= (settings.maxAccessKeyAgeDays - settings.rotateAheadDays) * DAY,
    isUnused: now - quietSince >= settings.unusedDays * DAY,
    quietSince,
    ...(record === undefined ? {} : { record: record.kind }),
    ...(isRecordValid ? { inactiveSince: record.at, deletableAt: deletableAt(record, settings) } : {}),
  };
}

/** IAM's clock and ours differ, and IAM may still count a call that was under way. */
const USE_SLACK = MINUTE;

/** Used after something was recorded of the key: the one way in which a record and a last use are compared. */
function isUsedAfter({ lastUsed }: AccessKey, at: Instant): boolean {
  return lastUsed !== undefined && lastUsed.at > at + USE_SLACK;
}

type RecordOfKey = DeactivatedRecord & { kind: 'deactivated' | 'inactive-seen' };

function recordOf(id: string, tags: SecretTags): RecordOfKey | undefined {
  const { deactivated, exposed, inactiveSeen } = tags;
  if (deactivated?.accessKeyId === id) return { kind: 'deactivated', ...deactivated };
  // The record holds one key; of two exposed ones it is the later.
  if (exposed?.accessKeyIds.includes(id)) return { kind: 'deactivated', at: exposed.at, accessKeyId: id };
  if (inactiveSeen?.accessKeyId === id) return { kind: 'inactive-seen', ...inactiveSeen };
  return undefined;
}

function roleOf(versionId: string | undefined, currentVersionId: string | undefined, secret: Secret | undefined): Role {
  if (versionId === undefined) return 'stranger';
  if (versionId === currentVersionId) return 'current';
  return secret?.versions[versionId]?.includes('AWSPENDING') ? 'pending' : 'previous';
}

/** IAM's clock and ours may differ by seconds, and CreateDate is cut to whole seconds. */
const CREATED_EARLIEST = 5 * SECOND;
/** CreateAccessKey is called at most 30 s after the intent's instant, and may answer late. */
const CREATED_LATEST = MINUTE;
/** Our own proof calls STS for at most 40 s within a function of at most 15 minutes. */
const PROOF_LATEST = 16 * MINUTE;
/** An orphan is deleted a pass later, so that a person who made this key by hand can object. */
export const ORPHAN_RECOVERY = 12 * HOUR;

/**
 * Keys that the crashed issue in `keyturn:doing` may have made: no label names them, they were not there before it,
 * they were made within its minute and used by nothing but its proof. One that was recorded and is Active again, or was
 * used after the record, is in use: a stranger. So is the one that became current: its secret is stored, and a missing
 * label was removed.
 */
function orphanKeyIds(keys: readonly AccessKey[], labels: readonly KeyLabel[], tags: SecretTags): Set<string> {
  const { intent } = tags;
  if (intent?.verb !== 'issue') return new Set();
  const isKnown = new Set([
    ...labels.map(({ accessKeyId }) => accessKeyId),
    ...intent.accessKeyIds,
    ...(tags.currentSince === undefined ? [] : [tags.currentSince.accessKeyId]),
  ]);
  const ids = keys
    .filter(({ accessKeyId }) => !isKnown.has(accessKeyId))
    .filter((key) => wasMadeBy(intent, key))
    .filter((key) => !isReclaimed(key, recordOf(key.accessKeyId, tags)?.at))
    .map(({ accessKeyId }) => accessKeyId);
  return new Set(ids);
}

function wasMadeBy(intent: Intent, key: AccessKey): boolean {
  const earliest = Math.floor(intent.at / SECOND) * SECOND - CREATED_EARLIEST;
  if (key.createdAt < earliest || key.createdAt > intent.at + CREATED_LATEST) return false;
  return key.lastUsed === undefined || (key.lastUsed.service === 'sts' && key.lastUsed.at <= intent.at + PROOF_LATEST);
}

function isReclaimed(key: AccessKey, recordedAt: Instant | undefined): boolean {
  return recordedAt !== undefined && (key.status === 'Active' || isUsedAfter(key, recordedAt));
}
