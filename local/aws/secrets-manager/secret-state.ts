import { DAY } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { createTimeline, type Timeline } from '../history.ts';
import type { Tag } from '../input.ts';
import type { ResourcePolicy } from '../policies/resource-policy.ts';
import type { Environment } from '../service.ts';

export interface SecretVersion {
  readonly versionId: string;
  readonly value: { readonly text?: string; readonly binary?: string };
  readonly labels: readonly string[];
  readonly createdAt: number;
  readonly lastAccessedAt: number | undefined;
}

/** One secret with everything that belongs to it. Immutable; a write replaces it. */
export interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly kmsKeyId: string | undefined;
  readonly tags: readonly Tag[];
  readonly versions: readonly SecretVersion[];
  readonly policy: ResourcePolicy | undefined;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly accessedAt: number | undefined;
  /** When deletion was asked for, and when the recovery window ends. */
  readonly deletedAt: number | undefined;
  readonly deleteAfter: number | undefined;
  readonly replicaRegions: readonly string[];
  /** Of a replica: where its secret is. */
  readonly primaryRegion?: string;
  /** Where AWS cannot keep a replica. */
  readonly failingRegions?: readonly string[];
  readonly owningService: string | undefined;
  readonly rotationEnabled: boolean | undefined;
  readonly rotationLambdaArn: string | undefined;
}

export interface SecretState {
  readonly secrets: Timeline<Secret>;
  /** By name, ARN, or ARN without its six random characters. */
  find(secretId: string, asOf?: number): Secret | undefined;
  save(secret: Secret): void;
  remove(secret: Secret): void;
  /** Notes that a version was read. */
  touch(arn: string, versionId: string, now: number): void;
  create(fields: Pick<Secret, 'name' | 'description' | 'kmsKeyId' | 'tags' | 'replicaRegions'>): Secret;
  /** False once the recovery window has ended: the secret is gone for good. */
  exists(secret: Secret): boolean;
}

const suffixLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Undefined if it stays as it is. Kept by the day, so a second read on the same day changes nothing. */
function afterRead(secret: Secret, versionId: string, now: number): Secret | undefined {
  const isToday = (at: number | undefined) => at !== undefined && Math.floor(at / DAY) === Math.floor(now / DAY);
  const version = secret.versions.find((candidate) => candidate.versionId === versionId);
  if (version === undefined) return undefined;
  if (isToday(secret.accessedAt) && isToday(version.lastAccessedAt)) return undefined;
  const versions = secret.versions.map((v) => (v === version ? { ...v, lastAccessedAt: now } : v));
  return { ...secret, versions, accessedAt: now };
}

export function createSecretState({ accountId, region, clock, random }: Environment): SecretState {
  const secrets = createTimeline<Secret>();
  // Every ARN that ever had the name: a name can be used again after a forced deletion.
  const arnsByName = new Map<string, string[]>();
  const arnPrefix = `arn:aws:secretsmanager:${region}:${accountId}:secret:`;

  const exists = (secret: Secret) => secret.deleteAfter === undefined || clock.now() < secret.deleteAfter;

  function byName(name: string, asOf?: number): Secret | undefined {
    for (const arn of arnsByName.get(name) ?? []) {
      const secret = secrets.get(arn, asOf);
      if (secret !== undefined && exists(secret)) return secret;
    }
    return undefined;
  }

  return {
    secrets,
    exists,
    find(secretId, asOf) {
      if (!secretId.startsWith('arn:')) return byName(secretId, asOf);
      const secret = secrets.get(secretId, asOf);
      if (secret !== undefined) return exists(secret) ? secret : undefined;
      // An ARN that ends in a hyphen and six characters is taken for a complete one. That is why AWS advises against
      // names that end so: https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
      if (!secretId.startsWith(arnPrefix) || /-[A-Za-z0-9]{6}$/.test(secretId)) return undefined;
      return byName(secretId.slice(arnPrefix.length), asOf);
    },
    save: (secret) => secrets.set(secret.arn, secret, clock.now()),
    remove: (secret) => secrets.set(secret.arn, undefined, clock.now()),
    touch(arn, versionId, now) {
      const secret = secrets.get(arn);
      const read = secret && afterRead(secret, versionId, now);
      if (read !== undefined) secrets.set(arn, read, now);
    },
    create(fields) {
      const arn = `${arnPrefix}${fields.name}-${random.text(6, suffixLetters)}`;
      arnsByName.set(fields.name, [...(arnsByName.get(fields.name) ?? []), arn]);
      const now = clock.now();
      return {
        ...fields,
        arn,
        versions: [],
        policy: undefined,
        createdAt: now,
        changedAt: now,
        accessedAt: undefined,
        deletedAt: undefined,
        deleteAfter: undefined,
        owningService: undefined,
        rotationEnabled: undefined,
        rotationLambdaArn: undefined,
      };
    },
  };
}

export const labelsPerSecret = 20;
const keptVersions = 100;

/** The version that carries a label. A label is on at most one version. */
export function holderOf(secret: Secret, label: string): SecretVersion | undefined {
  return secret.versions.find((version) => version.labels.includes(label));
}

function withoutLabel(versions: readonly SecretVersion[], label: string): SecretVersion[] {
  return versions.map((version) =>
    version.labels.includes(label) ? { ...version, labels: version.labels.filter((own) => own !== label) } : version,
  );
}

/**
 * Puts a label on a version (undefined: on none), off any other. Moving AWSCURRENT moves AWSPREVIOUS to the version
 * that AWSCURRENT has left. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
 */
export function moveLabel(secret: Secret, label: string, versionId: string | undefined): Secret {
  const holder = holderOf(secret, label);
  if (holder?.versionId === versionId) return secret;
  const versions = withoutLabel(secret.versions, label).map((version) =>
    version.versionId === versionId ? { ...version, labels: [...version.labels, label] } : version,
  );
  const moved = { ...secret, versions };
  return label === 'AWSCURRENT' && holder !== undefined ? moveLabel(moved, 'AWSPREVIOUS', holder.versionId) : moved;
}

/** Refuses a secret with more labels than AWS allows, and forgets what AWS forgets of unlabelled versions. */
export function settled(secret: Secret, now: number): Secret {
  const labels = secret.versions.reduce((count, version) => count + version.labels.length, 0);
  if (labels > labelsPerSecret) {
    throw new AwsError(
      400,
      'LimitExceededException',
      `You've reached the quota of ${labelsPerSecret} staging labels for this secret.`,
    );
  }
  if (secret.versions.length <= keptVersions) return secret;
  // Unlabelled versions go when there are more than 100, never before they are a day old.
  const surplus = secret.versions.length - keptVersions;
  const removable = secret.versions.filter((v) => v.labels.length === 0 && now - v.createdAt >= DAY).slice(0, surplus);
  return { ...secret, versions: secret.versions.filter((version) => !removable.includes(version)) };
}
