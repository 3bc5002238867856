import { DAY } from '../clock.ts';
import { AwsError, constraintError } from '../errors.ts';
import { isRecord, type Tag, text, textList } from '../input.ts';
import { replicationStatus } from './secret-replicas.ts';
import type { Secret, SecretVersion } from './secret-state.ts';

/** JSON services carry instants as seconds since the epoch, with a fraction. */
export function seconds(ms: number): number {
  return ms / 1000;
}

const optionalSeconds = (ms: number | undefined) => (ms === undefined ? undefined : seconds(ms));

/** Dates of access are kept by the day only. */
const accessDay = (ms: number | undefined) => (ms === undefined ? undefined : seconds(Math.floor(ms / DAY) * DAY));

/** Labels by version. A version without labels is deprecated and not shown; without any the field is absent. */
function labelsByVersion(secret: Secret): Record<string, readonly string[]> | undefined {
  const labelled = secret.versions.filter((version) => version.labels.length > 0);
  if (labelled.length === 0) return undefined;
  return Object.fromEntries(labelled.map((version) => [version.versionId, version.labels]));
}

function common(secret: Secret): Record<string, unknown> {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    RotationEnabled: secret.rotationEnabled,
    RotationLambdaARN: secret.rotationLambdaArn,
    LastChangedDate: seconds(secret.changedAt),
    LastAccessedDate: accessDay(secret.accessedAt),
    DeletedDate: optionalSeconds(secret.deletedAt),
    // AWS leaves the member out of a secret without tags.
    Tags: secret.tags.length === 0 ? undefined : secret.tags,
    OwningService: secret.owningService,
    CreatedDate: seconds(secret.createdAt),
    PrimaryRegion: secret.primaryRegion,
  };
}

/** DescribeSecret. */
export function describe(secret: Secret): Record<string, unknown> {
  const replicas = replicationStatus(secret);
  return {
    ...common(secret),
    VersionIdsToStages: labelsByVersion(secret),
    ReplicationStatus: replicas.length > 0 ? replicas : undefined,
  };
}

/** An entry of ListSecrets: the same under other names, and nothing about replicas. */
export function listEntry(secret: Secret): Record<string, unknown> {
  return { ...common(secret), SecretVersionsToStages: labelsByVersion(secret) };
}

export function versionEntry(version: SecretVersion): Record<string, unknown> {
  return {
    VersionId: version.versionId,
    VersionStages: version.labels.length > 0 ? version.labels : undefined,
    LastAccessedDate: accessDay(version.lastAccessedAt),
    CreatedDate: seconds(version.createdAt),
  };
}

const tagsPerSecret = 50;
// The characters that services in general accept in tags:
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices
const tagPattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export function checkTags(tags: readonly Tag[]): readonly Tag[] {
  for (const { Key, Value } of tags) {
    if (Key.length < 1 || Key.length > 128) throw constraintError('tags', 'have keys of length 1 to 128');
    if (Value.length > 256) throw constraintError('tags', 'have values of length less than or equal to 256');
    if (!tagPattern.test(Key) || !tagPattern.test(Value)) {
      throw new AwsError(400, 'InvalidParameterException', `The tag ${Key} has characters that are not allowed.`);
    }
    if (/^aws:/i.test(Key)) {
      throw new AwsError(400, 'InvalidParameterException', 'Tag keys that begin with aws: are reserved.');
    }
  }
  return tags;
}

/** Adds or overwrites; keys of a secret's tags are case-sensitive. */
export function mergeTags(present: readonly Tag[], added: readonly Tag[]): Tag[] {
  const merged = new Map(present.map((tag) => [tag.Key, tag]));
  for (const tag of checkTags(added)) merged.set(tag.Key, tag);
  if (merged.size > tagsPerSecret) {
    throw new AwsError(400, 'InvalidParameterException', `A secret can have at most ${tagsPerSecret} tags.`);
  }
  return [...merged.values()];
}

const fields: Readonly<Record<string, (secret: Secret) => readonly string[]>> = {
  name: (secret) => [secret.name],
  description: (secret) => [secret.description ?? ''],
  'tag-key': (secret) => secret.tags.map((tag) => tag.Key),
  'tag-value': (secret) => secret.tags.map((tag) => tag.Value),
  'owning-service': (secret) => [secret.owningService ?? ''],
};

/**
 * Filters of ListSecrets: each matches by prefix, any value will do, `!` negates, and all filters must hold.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
 */
export function matchesFilters(filters: readonly unknown[]): (secret: Secret) => boolean {
  const tests = filters.map((filter) => {
    if (!isRecord(filter)) throw constraintError('filters', 'be a list of structures');
    const field = fields[text(filter, 'Key')];
    if (field === undefined) throw constraintError('filters.key', `satisfy enum value set: [${Object.keys(fields)}]`);
    const values = textList(filter, 'Values');
    return (secret: Secret) => {
      const actual = field(secret);
      const has = (prefix: string) => actual.some((value) => value.startsWith(prefix));
      return values.some((value) => (value.startsWith('!') ? !has(value.slice(1)) : has(value)));
    };
  });
  return (secret) => tests.every((test) => test(secret));
}
