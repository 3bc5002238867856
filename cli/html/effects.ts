import type { Step } from '../../shared/core/answer.ts';
import {
  formatAnnounced,
  formatCurrentSince,
  formatDeactivated,
  formatIssued,
  formatNotice,
} from '../../shared/core/format-secret-tags.ts';
import type { AccessKey, Replica, Secret, UserState } from '../../shared/core/model.ts';
import { parseSecretTags } from '../../shared/core/read-secret-tags.ts';
import { secretNameOf } from '../../shared/core/secret-name.ts';
import { settingsHash } from '../../shared/core/secret-settings.ts';
import { isKeyLabel, secretTagNames } from '../../shared/core/secret-tags.ts';
import type { Settings } from '../../shared/core/settings.ts';
import type { Instant } from '../../shared/core/time.ts';
import { parseUserSettings } from '../../shared/core/user-settings.ts';

/* What a step leaves behind, as far as the planner looks at it. */

/** What an effect is founded on. */
export interface Effect {
  state: UserState;
  step: Step;
  settings: Settings;
  at: Instant;
  /** For a key that is made. */
  newKeyId: string;
}

/** The state once the step is done; undefined where that is not foreseen. */
export function effectOf(effect: Effect): UserState | undefined {
  const { state, step, settings, at } = effect;
  const kept = withSecret(state, settings, at);
  switch (step.action) {
    case 'issue':
      return issued(effect);
    case 'remind':
    case 'postpone': {
      const { accessKeyId, earliestAt } = step;
      const kind = step.action === 'remind' ? step.kind : 'deactivation';
      const notice = { [secretTagNames.notice]: formatNotice({ at, accessKeyId, kind, earliestAt }) };
      const event = step.action === 'remind' ? 'reminder' : 'postponed';
      return tagged(kept, { ...notice, ...announced(effect, event, accessKeyId) });
    }
    case 'deactivate':
    case 'retire': {
      const { accessKeyId } = step;
      const keys = kept.keys.map((key) => (key.accessKeyId === accessKeyId ? { ...key, status: 'Inactive' } : key));
      const event = step.action === 'retire' ? 'retired' : 'deactivated';
      const record = { [secretTagNames.deactivated]: recordOf(effect, accessKeyId) };
      return tagged({ ...kept, keys }, { ...record, ...announced(effect, event, accessKeyId) });
    }
    case 'record-inactive': {
      const record = { [secretTagNames.inactiveSeen]: recordOf(effect, step.accessKeyId) };
      return tagged(kept, { ...record, ...announced(effect, 'inactive-seen', step.accessKeyId) });
    }
    case 'delete':
    case 'forget': {
      const { accessKeyId } = step;
      const keys = kept.keys.filter((key) => key.accessKeyId !== accessKeyId);
      return tagged(forgotten({ ...kept, keys }, accessKeyId), announced(effect, 'deleted', accessKeyId));
    }
    case 'start-grace':
      return tagged(kept, { ...since(effect, step.accessKeyId), ...announced(effect, 'grace-restarted') });
    case 'put-policy':
      return broughtInLine(effect, kept);
    default:
      return undefined;
  }
}

/** How the IDs of keys begin that are only foreseen. */
const MADE_UP = 'AKIAFORESEEN';

/** The ID of a key that is not there yet. */
export function madeUpId(number: number): string {
  return `${MADE_UP}${String(number).padStart(8, '0')}`;
}

/** Of a sentence about the future: a key that is not there yet has no ID. */
export function withoutMadeUp(sentence: string): string {
  return sentence.replace(new RegExp(`\\b([Kk]ey )?${MADE_UP}\\d{8}\\b`, 'g'), (_, noun?: string) =>
    noun === undefined ? 'the new key' : noun.startsWith('K') ? 'The new key' : 'the new key',
  );
}

function issued(effect: Effect): UserState {
  const { state, settings, at, newKeyId: accessKeyId } = effect;
  const lastUsed = { at, service: 'sts', region: '-' };
  const key: AccessKey = { accessKeyId, status: 'Active', createdAt: at, lastUsed };
  const tags = {
    ...policyTag(state, settings, at),
    ...since(effect, accessKeyId),
    [secretTagNames.issuedOn]: formatIssued({ day: at, origin: 'schedule' }),
    ...announced(effect, 'issued', accessKeyId),
  };
  const secret = withVersion(secretOf(state, settings, at), accessKeyId);
  return tagged({ ...state, keys: [...state.keys, key], secret }, tags);
}

function broughtInLine({ settings, at }: Effect, state: UserState): UserState {
  const { secret } = state;
  if (secret === undefined) return state;
  const { kmsKeyId: _, ...rest } = secret;
  const kmsKey = settings.kmsKeyId === '' ? {} : { kmsKeyId: settings.kmsKeyId };
  const put = { ...rest, ...kmsKey, replicas: replicasOf(settings), isSignedBefore: false };
  return tagged({ ...state, secret: put }, { ...settings.secretTags, ...policyTag(state, settings, at) });
}

function announced({ step, at }: Effect, event: string, accessKeyId?: string): Record<string, string> {
  const about = accessKeyId === undefined ? {} : { accessKeyId };
  return { [secretTagNames.announced]: formatAnnounced({ event, at, reason: step.reason, ...about }) };
}

function since({ state, settings, at }: Effect, accessKeyId: string): Record<string, string> {
  const { graceDays, maxPostponeDays } = parseUserSettings(state.user, settings, at).settings;
  const promised = { graceDays, postponeDays: maxPostponeDays };
  return { [secretTagNames.currentSince]: formatCurrentSince({ at, accessKeyId, promised }) };
}

function recordOf({ state, settings, at }: Effect, accessKeyId: string): string {
  const { recoveryDays } = parseUserSettings(state.user, settings, at).settings;
  return formatDeactivated({ at, accessKeyId, recoveryDays });
}

function replicasOf({ replicaRegions }: Settings): Replica[] {
  return replicaRegions.map((region) => ({ region, status: 'InSync' }));
}

function policyTag({ user, secret }: UserState, settings: Settings, at: Instant): Record<string, string> {
  const own = parseUserSettings(user, settings, at).settings;
  const { exposed } = parseSecretTags(secret?.tags ?? {}, at).tags;
  return { [secretTagNames.policy]: settingsHash(user, own, exposed?.at) };
}

/** The user's secret, or the one that would be made first. */
function secretOf({ user, secret }: UserState, settings: Settings, at: Instant): Secret {
  if (secret !== undefined) return secret;
  const name = secretNameOf(settings.secretPrefix, user.userId);
  return {
    arn: `arn:aws:secretsmanager:-:${user.accountId}:secret:${name}-foreseen`,
    name,
    createdAt: at,
    rotationEnabled: false,
    replicas: replicasOf(settings),
    isMade: true,
    isSignedBefore: false,
    tags: {
      [secretTagNames.userId]: user.userId,
      [secretTagNames.userName]: user.userName,
      ...settings.secretTags,
      ...policyTag({ user, keys: [] }, settings, at),
    },
    voidTags: {},
    versions: {},
    writtenLabels: {},
    ...(settings.kmsKeyId === '' ? {} : { kmsKeyId: settings.kmsKeyId }),
  };
}

function withSecret(state: UserState, settings: Settings, at: Instant): UserState {
  return { ...state, secret: secretOf(state, settings, at) };
}

function tagged(state: UserState, tags: Readonly<Record<string, string>>): UserState {
  const { secret } = state;
  return secret === undefined ? state : { ...state, secret: { ...secret, tags: { ...secret.tags, ...tags } } };
}

/** The new key's version is current; the one that was is the previous one. */
function withVersion(secret: Secret, accessKeyId: string): Secret {
  const versions = Object.fromEntries(
    Object.entries(secret.versions).map(([id, labels]) => {
      const kept = labels.filter(isKeyLabel);
      return [id, labels.includes('AWSCURRENT') ? [...kept, 'AWSPREVIOUS'] : kept];
    }),
  );
  return withVersions(secret, { ...versions, [`foreseen-${accessKeyId}`]: [accessKeyId, 'AWSCURRENT'] });
}

function withVersions(secret: Secret, versions: Secret['versions']): Secret {
  return { ...secret, versions, writtenLabels: versions };
}

/** The key's label comes off, unless it is the current one, and so do its records. */
function forgotten(state: UserState, accessKeyId: string): UserState {
  const { secret } = state;
  if (secret === undefined) return state;
  const versions = Object.entries(secret.versions).map(([id, labels]): [string, readonly string[]] => {
    return [id, labels.includes('AWSCURRENT') ? labels : labels.filter((label) => label !== accessKeyId)];
  });
  const records: readonly string[] = [secretTagNames.deactivated, secretTagNames.inactiveSeen, secretTagNames.notice];
  const tags = Object.entries(secret.tags).filter(
    ([name, value]) => !records.includes(name) || !value.includes(accessKeyId),
  );
  const kept = { ...secret, tags: Object.fromEntries(tags) };
  return { ...state, secret: withVersions(kept, Object.fromEntries(versions)) };
}
