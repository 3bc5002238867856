import { type Answer, act, wait } from '../answer.ts';
import { ANY_TIME, parseSecretTags } from '../read-secret-tags.ts';
import { type Kept, outdatedParts, replicaNews, type SecretPart } from '../secret-settings.ts';
import { type Exposed, secretTagNames } from '../secret-tags.ts';
import { keyIdInLabel } from '../signed-state.ts';
import type { Situation } from '../situation.ts';
import { formatDate, type Instant, parseDate } from '../time.ts';
import { adoptionFacts, verifiedSecret } from '../verify-secret.ts';
import { blocked } from './blocked.ts';
import { orphanStep } from './hands-off.ts';

/*
 * What is written into a secret is believed only if we wrote it. Whoever can write a false tag can take a true one off,
 * so a tag without an author counts as absent, and absence is always safe. Two of them leave the user alone all the
 * same, because to act as if they were absent could be what somebody wants.
 */

/** Without the key, our state cannot be told from what others wrote. Only an exposed key does not wait for it. */
export function stateKeyMissing(s: Situation): Answer | undefined {
  if (!s.request.isStateKeyMissing) return undefined;
  const message =
    `KMS did not provide the key that verifies what Keyturn wrote about ${s.state.user.userName}, so nothing is ` +
    'changed. The log has its answer.';
  return { ...wait('state-key-unavailable', message), status: 'failed' };
}

const leavesAlone: readonly string[] = [secretTagNames.hold, secretTagNames.exposed];

/** A hold or an exposure that we did not write: it may be meant, so nothing is done until an operator decides. */
export function stateUnverified(s: Situation): Answer | undefined {
  const { action } = s.request.asked ?? {};
  if (action === 'hold' || action === 'adopt' || verifiedSecret(s.secret, s.state.user, s.settings) === undefined) {
    return undefined;
  }
  const odd = Object.entries({ ...s.secret?.voidTags }).filter(([name]) => leavesAlone.includes(name));
  if (odd.length === 0) return undefined;
  const found = odd.map(([name, value]) => `${name} is "${value}"`).join(', ');
  const message =
    `Secret ${s.secret?.name} of ${s.state.user.userName} has a tag that Keyturn did not write: ${found}. Write a hold ` +
    'with `rotate-user` action hold, or remove the tag.';
  return blocked(s, 'state-unverified', message, { isRecordable: false, also: orphanStep(s) });
}

/** All others count as absent. They are removed, so that they are reported once. */
export function voidTags(s: Situation): Answer | undefined {
  const names = Object.keys(s.secret?.voidTags ?? {}).filter((name) => !leavesAlone.includes(name));
  if (names.length === 0) return undefined;
  const message =
    `Secret ${s.secret?.name} of ${s.state.user.userName} had tags that Keyturn did not write: ${names.join(', ')}. ` +
    'They counted for nothing and are removed. Find out who can tag that secret.';
  return act({ action: 'drop-tags', names }, 'state-unverified', message, { continues: true });
}

/**
 * Who may read and who may write follows today's settings, for everybody whose secret is ours: exempt and held too. So
 * do its KMS key, its replicas and the operator's tags. Signatures need no setting, so they wait for no tag of the user.
 */
export function policyOutdated(s: Situation): Answer | undefined {
  const { origin, asked } = s.request;
  const secret = verifiedSecret(s.secret, s.state.user, s.settings);
  if (asked?.action === 'policy' && s.request.completed === undefined) return policyAsked(s);
  // What keeps the sessions of an exposed key out is put before its replacement, whoever asks.
  const isWanted = origin === 'schedule' || s.tags.exposed !== undefined;
  if (!isWanted || secret === undefined) return undefined;
  const { user } = s.state;
  const { settings, tags, problems, now } = s;
  const kept: Kept = { secret, user, settings, tags, problems, now };
  const parts = outdatedParts(kept);
  if (parts.length > 0) {
    const message = `Secret ${secret.name} of ${user.userName} is brought into line with today's settings: ${parts.join(', ')}.`;
    return act({ action: 'put-policy', parts }, 'policy-put', message, { continues: true });
  }
  return replicasOrdered(kept);
}

/** A failed replica keeps no key from being rotated: it is reported, and ordered again. */
function replicasOrdered(kept: Kept): Answer | undefined {
  const news = replicaNews(kept);
  if (news === undefined) return undefined;
  const about = `ecret ${kept.secret.name} of ${kept.user.userName}`;
  if (news.kind === 'in-step') {
    const inStep = { action: 'sync-replicas', regions: [], tells: false } as const;
    return act(inStep, 'policy-put', `Every change to s${about} is in effect.`, { continues: true });
  }
  const failed = news.failed.map(({ region, because }) => `${region} (${because})`).join(', ');
  const message =
    `S${about} is not replicated to ${failed}: readers there get an old key or none. Each run tries ` +
    'again; if a secret with that name is in the way, delete it there.';
  const again = {
    action: 'sync-replicas',
    regions: news.failed.map(({ region }) => region),
    tells: !news.isTold,
  } as const;
  return act(again, 'replica-failed', message, { continues: true });
}

/** By hand even if the tag is right: the policy itself may have been changed. */
function policyAsked(s: Situation): Answer | undefined {
  if (s.secret === undefined) {
    const message = `User ${s.state.user.userName} has no secret, so there is no policy to put.`;
    return { ...wait('policy-put', message), status: 'blocked' };
  }
  if (verifiedSecret(s.secret, s.state.user, s.settings) === undefined || s.problems.length > 0) return undefined;
  const message = `The resource policy of secret ${s.secret.name} of ${s.state.user.userName} is put again, as requested.`;
  return act({ action: 'put-policy', parts: ['policy'] satisfies SecretPart[] }, 'policy-put', message);
}

/**
 * A secret from elsewhere, or signed by a key that is lost: what it says is listed, and signed once somebody has read
 * the list. Nothing else about the secret may be odd.
 */
export function adoption(s: Situation): Answer | undefined {
  const { asked, completed } = s.request;
  if (asked?.action !== 'adopt' || completed !== undefined) return undefined;
  const { userName } = s.state.user;
  if (s.secret === undefined) return refuse(`User ${userName} has no secret to adopt.`);
  const odd = adoptionFacts(s.secret, s.state.user, s.settings);
  if (odd.length > 0) return refuse(`Secret ${s.secret.name} cannot be adopted for ${userName}: ${odd.join('; ')}.`);
  const accessKeyIds = labelledKeys(s);
  const holdUntil = heldUntil(s);
  const exposed = exposure(s);
  const isOurs = s.secret.isMade && s.secret.tags[secretTagNames.userId] === s.state.user.userId;
  if (isOurs && accessKeyIds.length === 0 && Object.keys(s.secret.voidTags).length === 0) {
    return wait(
      'adopted',
      `Secret ${s.secret.name} of ${userName} is already Keyturn's own: there is nothing to sign.`,
    );
  }
  const labels = accessKeyIds.length === 0 ? 'no label' : `that it holds ${accessKeyIds.join(' and ')}`;
  const hold = holdUntil === undefined ? '' : `, and the hold until ${formatDate(holdUntil)}`;
  const known = exposed === undefined ? '' : `, that ${exposed.accessKeyIds.join(' and ')} is exposed`;
  const list = `Secret ${s.secret.name} of ${userName} is adopted: Keyturn signs ${labels}${known}${hold}; every other state tag is removed, and the grace period starts again`;
  if (!asked.force) return wait('adopted', `${list}, once you pass force.`);
  const kept = { ...(holdUntil === undefined ? {} : { holdUntil }), ...(exposed === undefined ? {} : { exposed }) };
  return act({ action: 'adopt-secret', accessKeyIds, ...kept }, 'adopted', `${list}.`);
}

function refuse(message: string): Answer {
  return { ...wait('secret-foreign', message), status: 'blocked' };
}

/** Keys of the user that a label names which we did not sign, on a version that names no other key. */
function labelledKeys({ secret, keys }: Situation): string[] {
  const named = Object.entries({ ...secret?.writtenLabels }).flatMap(([versionId, labels]) => {
    const ids = new Set(labels.map(keyIdInLabel).filter((id) => id !== undefined));
    const isSigned = secret?.versions[versionId]?.some((label) => ids.has(label));
    return ids.size === 1 && !isSigned ? [...ids] : [];
  });
  return [...new Set(named)].filter((id) => keys.some(({ accessKeyId }) => accessKeyId === id));
}

function heldUntil({ secret, tags }: Situation): Instant | undefined {
  if (tags.holdUntil !== undefined) return tags.holdUntil;
  const [date = ''] = secret?.voidTags[secretTagNames.hold]?.split(' ') ?? [];
  return parseDate(date);
}

/** Of keys that are still there: to forget it could put a key back in use that others know. With its MAC or without. */
function exposure({ secret, keys }: Situation): Exposed | undefined {
  const name = secretTagNames.exposed;
  const value = secret?.voidTags[name] ?? '';
  const [found] = [value, value.slice(0, value.lastIndexOf(' '))].flatMap(
    (text) => parseSecretTags({ [name]: text }, ANY_TIME).tags.exposed ?? [],
  );
  const left = found?.accessKeyIds.filter((id) => keys.some(({ accessKeyId }) => accessKeyId === id)) ?? [];
  return found === undefined || left.length === 0 ? undefined : { ...found, accessKeyIds: left };
}
