import { createHash } from 'node:crypto';
import type { Secret, User } from './model.ts';
import { type PolicySettings, secretPolicy } from './secret-policy.ts';
import type { SecretTags } from './secret-tags.ts';
import type { Settings } from './settings.ts';
import { hasPassed, type Instant } from './time.ts';

/*
 * What of a secret follows today's settings, however old it is: its resource policy, the KMS key of its next values, its
 * replicas, the operator's tags, and the epoch that its state is signed with. A list of secrets shows no policy and no
 * replica, so the tag `keyturn:policy` remembers by a hash what was put.
 */

export type SecretSettings = PolicySettings & Pick<Settings, 'kmsKeyId' | 'replicaRegions' | 'secretTags'>;

export const secretParts = ['policy', 'KMS key', 'replicas', 'tags', 'signatures'] as const;
export type SecretPart = (typeof secretParts)[number];

/** What AWS did not do, or does not show yet, is tried again in another run, not in the same one. */
const RETRY_DAYS = 0.5;
const TELL_AGAIN_DAYS = 6.5;

/** Everything that is put by today's settings, in 32 characters: for the tag that remembers it. */
export function settingsHash(
  user: Pick<User, 'arn' | 'userId' | 'userName' | 'path'>,
  settings: SecretSettings,
  exposedAt?: Instant,
): string {
  const { kmsKeyId, replicaRegions, secretTags } = settings;
  const put = [
    secretPolicy(user, settings, exposedAt),
    kmsKeyId,
    replicaRegions.toSorted(),
    Object.entries(secretTags).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ];
  return createHash('sha256').update(JSON.stringify(put)).digest('hex').slice(0, 32);
}

/** A secret of ours, and what it is measured against. */
export interface Kept {
  secret: Secret;
  user: User;
  settings: SecretSettings;
  tags: SecretTags;
  /** Of the user's tags: while one does not parse, only signatures are corrected, because they need no setting. */
  problems: readonly string[];
  now: Instant;
}

/** What of a secret of ours is not as today's settings want it. Pure and total. */
export function outdatedParts(kept: Kept): SecretPart[] {
  const { secret, user, settings, tags, problems } = kept;
  const isPut = tags.policy?.hash === settingsHash(user, settings, tags.exposed?.at);
  const mayTry = !isPut || !isTriedLately(kept);
  const { missing, extra } = replicaGaps(secret, settings);
  const isOrdered = isPut && tags.policy?.triedAt !== undefined;
  const outdated: Record<SecretPart, boolean> = {
    policy: !isPut,
    'KMS key': mayTry && !isSameKmsKey(secret.kmsKeyId, settings.kmsKeyId),
    replicas: mayTry && (extra.length > 0 || (missing.length > 0 && !isOrdered)),
    tags: Object.keys(missingTags(secret, settings)).length > 0,
    signatures: secret.isSignedBefore,
  };
  return secretParts.filter((part) => outdated[part] && (problems.length === 0 || part === 'signatures'));
}

function isTriedLately({ tags: { policy }, now }: Kept): boolean {
  return policy?.triedAt !== undefined && !hasPassed(policy.triedAt, RETRY_DAYS, now);
}

/** What is to become of replicas that were ordered: failed ones are ordered again. */
export type ReplicaNews =
  | { kind: 'in-step' }
  | { kind: 'failed'; failed: readonly { region: string; because: string }[]; isTold: boolean };

/** Undefined: nothing is to be done about replicas now. */
export function replicaNews(kept: Kept): ReplicaNews | undefined {
  const { secret, settings, tags, problems, now } = kept;
  const { replicas } = secret;
  if (replicas === undefined || problems.length > 0 || isTriedLately(kept)) return undefined;
  const failed = settings.replicaRegions.flatMap((region) => {
    const replica = replicas.find((other) => other.region === region);
    if (replica === undefined) return { region, because: 'AWS shows no replica there' };
    const { status, because = 'AWS gives no reason' } = replica;
    return status === 'Failed' ? { region, because } : [];
  });
  if (failed.length > 0) {
    const isTold = tags.policy?.toldAt !== undefined && !hasPassed(tags.policy.toldAt, TELL_AGAIN_DAYS, now);
    return { kind: 'failed', failed, isTold };
  }
  const isInStep = replicas.every(({ status }) => status === 'InSync');
  return tags.policy?.triedAt !== undefined && isInStep ? { kind: 'in-step' } : undefined;
}

/** Why the next pass has something to put, for who has read the secret in a list of secrets; undefined: nothing. */
export function settingsDue(kept: Kept): 'policy-put' | 'replica-failed' | undefined {
  if (outdatedParts(kept).length > 0) return 'policy-put';
  const { policy } = kept.tags;
  if (policy?.triedAt === undefined || kept.problems.length > 0 || isTriedLately(kept)) return undefined;
  return policy.toldAt === undefined ? 'policy-put' : 'replica-failed';
}

/** The Regions that a replica is missing in, and those that none may be in. */
export function replicaGaps(
  { replicas }: Pick<Secret, 'replicas'>,
  { replicaRegions }: Pick<Settings, 'replicaRegions'>,
): { missing: string[]; extra: string[] } {
  if (replicas === undefined) return { missing: [], extra: [] };
  const regions = replicas.map(({ region }) => region);
  return {
    missing: replicaRegions.filter((region) => !regions.includes(region)),
    extra: regions.filter((region) => !replicaRegions.includes(region)),
  };
}

/** The operator's tags that the secret has not, or not so. One that was taken out of the setting stays where it is. */
export function missingTags(
  { tags }: Pick<Secret, 'tags'>,
  { secretTags }: Pick<Settings, 'secretTags'>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(secretTags).filter(([name, value]) => tags[name] !== value));
}

export const DEFAULT_KMS_KEY = 'alias/aws/secretsmanager';

export function isSameKmsKey(actual: string | undefined, configured: string): boolean {
  return (actual ?? DEFAULT_KMS_KEY) === (configured === '' ? DEFAULT_KMS_KEY : configured);
}
