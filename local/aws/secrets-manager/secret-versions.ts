import { AwsError, constraintError } from '../errors.ts';
import { flag, type Input, optionalInteger, optionalText, text, textList } from '../input.ts';
import type { Environment, OperationsOn } from '../service.ts';
import { invalidParameter, invalidRequest, notFound, type SecretAccess } from './secret-access.ts';
import { holderOf, moveLabel, type Secret, type SecretState } from './secret-state.ts';
import { seconds, versionEntry } from './secret-views.ts';

// Versions and their staging labels:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version

const valueLimit = 65_536;

type Value = { readonly text?: string; readonly binary?: string };

/** The value of a request, text or bytes; undefined without either. */
export function givenValue(input: Input): Value | undefined {
  const value = optionalText(input, 'SecretString');
  const binary = optionalText(input, 'SecretBinary');
  if (value !== undefined && binary !== undefined) {
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  const size = value !== undefined ? Buffer.byteLength(value) : Buffer.from(binary ?? '', 'base64').length;
  if (size > valueLimit) {
    throw constraintError('secretString', `have length less than or equal to ${valueLimit}`);
  }
  if (value !== undefined) return { text: value };
  return binary === undefined ? undefined : { binary };
}

/** The request's token, which becomes the ID of the version. */
export function versionIdOf(input: Input, fresh: () => string): string {
  const token = optionalText(input, 'ClientRequestToken') ?? fresh();
  if (token.length < 32 || token.length > 64) {
    throw invalidParameter('ClientRequestToken must be 32-64 characters long.');
  }
  return token;
}

/** False for the version that a rotation has announced and not filled yet. */
function hasValue({ value }: { value: Value }): boolean {
  return value.text !== undefined || value.binary !== undefined;
}

/** Adds a version and its labels; moves off others what they carry of those. */
export function addVersion(
  secret: Secret,
  versionId: string,
  value: Value,
  labels: readonly string[],
  now: number,
): Secret {
  const version = { versionId, value, labels: [], createdAt: now, lastAccessedAt: undefined };
  // The very first version becomes current whatever labels were asked for.
  const isFirst = !secret.versions.some(hasValue);
  const wanted = isFirst ? new Set([...labels, 'AWSCURRENT']) : new Set(labels);
  const isThere = secret.versions.some((known) => known.versionId === versionId);
  const versions = isThere
    ? secret.versions.map((known) => (known.versionId === versionId ? { ...known, value } : known))
    : [...secret.versions, version];
  let result: Secret = { ...secret, versions };
  for (const label of wanted) result = moveLabel(result, label, versionId);
  return result;
}

/** Whether two values are the same, to tell a repeated request from a conflicting one. */
export const sameValue = (a: Value, b: Value) => a.text === b.text && a.binary === b.binary;

/** Where a page begins, from its token. */
export function startOf(input: Input): number {
  const token = optionalText(input, 'NextToken');
  if (token === undefined) return 0;
  const at = Number(Buffer.from(token, 'base64').toString());
  if (!Number.isInteger(at)) throw new AwsError(400, 'InvalidNextTokenException', 'Invalid NextToken.');
  return at;
}
/** The token of the next page. */
export const tokenOf = (next: number | undefined) =>
  next === undefined ? undefined : Buffer.from(String(next)).toString('base64');
/** The length of a page. */
export const limitOf = (input: Input, environment: Environment) =>
  Math.min(optionalInteger(input, 'MaxResults', 1, 100) ?? 100, environment.pageSize ?? 100);

/** What the operations on versions work on. */
export interface VersionStore {
  readonly environment: Environment;
  readonly state: SecretState;
  readonly access: SecretAccess;
  readonly checkRotationToken: (secretId: string, input: Input) => void;
}

/** The operations on the versions of a secret. */
export const versionOperations: OperationsOn<VersionStore> = {
  GetSecretValue({ state, access }, input, context) {
    const secret = access.usable('GetSecretValue', input, context);
    const versionId = optionalText(input, 'VersionId');
    const label = optionalText(input, 'VersionStage') ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
    const version =
      versionId === undefined
        ? holderOf(secret, label ?? '')
        : secret.versions.find((candidate) => candidate.versionId === versionId);
    if (version === undefined || !hasValue(version)) {
      const what = versionId === undefined ? `staging label: ${label}` : `VersionId: ${versionId}`;
      throw notFound(`Secrets Manager can't find the specified secret value for ${what}`);
    }
    if (label !== undefined && !version.labels.includes(label)) {
      throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
    }
    state.touch(secret.arn, version.versionId, context.now);
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.versionId,
      SecretString: version.value.text,
      SecretBinary: version.value.binary,
      VersionStages: version.labels,
      CreatedDate: seconds(version.createdAt),
    };
  },

  PutSecretValue({ environment, access, checkRotationToken }, input, context) {
    const secret = access.usable('PutSecretValue', input, context);
    const value = givenValue(input);
    if (value === undefined) throw invalidParameter('You must provide either SecretString or SecretBinary.');
    checkRotationToken(secret.arn, input);
    const versionId = versionIdOf(input, environment.random.uuid);
    const asked = textList(input, 'VersionStages');
    const existing = secret.versions.filter(hasValue).find((version) => version.versionId === versionId);
    if (existing !== undefined && !sameValue(existing.value, value)) {
      throw new AwsError(
        400,
        'ResourceExistsException',
        `You can't use ClientRequestToken ${versionId} because that value is already in use for a version of secret ${secret.arn}.`,
      );
    }
    // A repeated token with the same value succeeds and changes nothing, not even labels.
    const result =
      existing === undefined
        ? access.write(
            addVersion(secret, versionId, value, asked.length > 0 ? asked : ['AWSCURRENT'], context.now),
            context.now,
          )
        : secret;
    const labels = result.versions.find((version) => version.versionId === versionId)?.labels;
    return { ARN: secret.arn, Name: secret.name, VersionId: versionId, VersionStages: labels };
  },

  UpdateSecretVersionStage({ access }, input, context) {
    const secret = access.usable('UpdateSecretVersionStage', input, context);
    const label = text(input, 'VersionStage');
    const removeFrom = optionalText(input, 'RemoveFromVersionId');
    const moveTo = optionalText(input, 'MoveToVersionId');
    checkMove(secret, { label, removeFrom, moveTo });
    access.write(moveLabel(secret, label, moveTo), context.now);
    return { ARN: secret.arn, Name: secret.name };
  },

  ListSecretVersionIds({ environment, access }, input, context) {
    const secret = access.secretFor('ListSecretVersionIds', input, context);
    const withDeprecated = flag(input, 'IncludeDeprecated');
    const all = secret.versions.filter((version) => withDeprecated || version.labels.length > 0);
    const from = startOf(input);
    const end = from + limitOf(input, environment);
    const versions = all.slice(from, end).map(versionEntry);
    const next = tokenOf(end < all.length ? end : undefined);
    return { ARN: secret.arn, Name: secret.name, Versions: versions, NextToken: next };
  },
};

interface Move {
  readonly label: string;
  readonly removeFrom: string | undefined;
  readonly moveTo: string | undefined;
}

/** Refuses what UpdateSecretVersionStage refuses, in AWS's order. */
function checkMove(secret: Secret, { label, removeFrom, moveTo }: Move): void {
  const holder = holderOf(secret, label)?.versionId;
  for (const id of [removeFrom, moveTo]) {
    if (id !== undefined && !secret.versions.some((version) => version.versionId === id)) {
      throw notFound(`Secrets Manager can't find the specified secret version: ${id}.`);
    }
  }
  if (removeFrom === undefined && moveTo === undefined) {
    throw invalidParameter('You must specify RemoveFromVersionId, MoveToVersionId or both.');
  }
  if (label === 'AWSCURRENT' && moveTo === undefined) {
    throw invalidParameter(
      "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
    );
  }
  // The compare-and-swap: a label that is on a version moves only with that version named.
  if (removeFrom !== undefined && removeFrom !== holder) {
    throw invalidParameter(`Staging label ${label} is not currently attached to version ${removeFrom}.`);
  }
  if (holder !== undefined && removeFrom === undefined && holder !== moveTo) {
    throw invalidParameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  }
}
