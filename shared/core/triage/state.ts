import { isStuckTold } from '../notice-period.ts';
import type { ReasonCode } from '../reasons.ts';
import { settingsDue } from '../secret-settings.ts';
import { isKeyLabel, secretTagNames } from '../secret-tags.ts';
import { pendingVersion, versionWith } from '../secret-versions.ts';
import { ORPHAN_RECOVERY } from '../situation.ts';
import { secretProblem } from '../verify-secret.ts';
import { type Answer, due, type Facts, skip } from './facts.ts';

/** If such a key is reactivated, it does not wait; a user who was left without a key is owed another. */
export function exposed({ tags }: Facts): Answer | undefined {
  return tags.exposed === undefined ? undefined : due('exposed');
}

export function inFlight({ tags: { intent }, now }: Facts): Answer | undefined {
  return intent !== undefined && now < intent.deadlineAt ? skip('busy') : undefined;
}

/** What waits for a person, and what no tag can record as reported: it is reported again in one run a week. */
export function waitsUntold({ isTurn }: Facts, reason: ReasonCode, because?: string): Answer {
  const facet = because === undefined ? {} : { because };
  return isTurn ? due(reason, facet) : skip(reason, facet);
}

/** The two tags that leave the user alone, no matter who wrote them. */
const mayBeMeant: readonly string[] = [secretTagNames.hold, secretTagNames.exposed];

export function stateUnverified(facts: Facts): Answer | undefined {
  const names = facts.voidTags.filter((name) => mayBeMeant.includes(name));
  return names.length === 0
    ? undefined
    : waitsUntold(facts, 'state-unverified', `Keyturn did not write ${names.join(' and ')} of its secret`);
}

/** Exempt and held users too: what a secret takes from the settings follows them for all users. */
export function policyOutdated({
  verified,
  settings,
  tags,
  problems,
  now,
  scanned: { user },
}: Facts): Answer | undefined {
  const reason = verified && settingsDue({ secret: verified, user, settings, tags, problems, now });
  return reason === undefined ? undefined : due(reason);
}

export function intentPast({ tags: { intent, deactivated }, now }: Facts): Answer | undefined {
  if (intent === undefined) return undefined;
  // The intent of an issue stays until its orphan is gone; before that there is nothing to do.
  const isOrphan = intent.verb === 'issue' && deactivated && !intent.accessKeyIds.includes(deactivated.accessKeyId);
  return isOrphan && now < deactivated.at + ORPHAN_RECOVERY ? skip('orphan-waiting') : due('finished');
}

export function tagsInvalid(facts: Facts): Answer | undefined {
  const { problems } = facts;
  return problems.length > 0 ? waitsUntold(facts, 'tags-invalid', problems.join('; ')) : undefined;
}

export function leftAlone({ settings, tags, now }: Facts): Answer | undefined {
  if (settings.exemption !== undefined) return skip('exempt');
  return tags.holdUntil !== undefined && now < tags.holdUntil ? skip('held') : undefined;
}

export function secretOdd(facts: Facts): Answer | undefined {
  const { user, secret } = facts.scanned;
  if (secret === undefined) return undefined;
  const problem = secretProblem(secret, user, facts.settings);
  if (problem !== undefined) return waitsUntold(facts, problem.reason, problem.message);
  const labels = secret.versions[versionWith(secret, 'AWSCURRENT') ?? ''];
  if (labels === undefined || labels.filter(isKeyLabel).length === 1) return undefined;
  return waitsUntold(facts, 'secret-value-foreign');
}

/** All others count as absent, and are removed. */
export function voidTags({ voidTags: names }: Facts): Answer | undefined {
  return names.length > 0 ? due('state-unverified') : undefined;
}

/** A rotation by Secrets Manager that has not ended: only the worker asks since when. */
export function rotationPending(facts: Facts): Answer | undefined {
  const versionId = pendingVersion(facts.scanned.secret);
  if (versionId === undefined || isStuckTold(facts.tags, versionId, facts.now) || leftAlone(facts) !== undefined)
    return undefined;
  return due('rotation-stuck');
}
