import { DAY } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { page } from '../history.ts';
import { flag, type Input, list, optionalInteger, optionalText, tagList, text, textList } from '../input.ts';
import { type Environment, type Operations, type OperationsOn, operationsOn } from '../service.ts';
import { createRotation, type Rotations } from './rotation.ts';
import { createSecretAccess, invalidParameter, invalidRequest, type SecretAccess } from './secret-access.ts';
import { createSecretHelpers, type SecretHelpers } from './secret-helpers.ts';
import { createPolicyOperations, type UserDirectory } from './secret-policies.ts';
import { createReplicaOperations, replicaRegionsOf } from './secret-replicas.ts';
import { createSecretState, type Secret, type SecretState } from './secret-state.ts';
import {
  addVersion,
  givenValue,
  limitOf,
  sameValue,
  startOf,
  tokenOf,
  versionIdOf,
  versionOperations,
} from './secret-versions.ts';
import { checkTags, describe, listEntry, matchesFilters, mergeTags, seconds } from './secret-views.ts';

/** Secrets Manager as this service uses it. https://docs.aws.amazon.com/secretsmanager/latest/apireference/ */
export interface SecretsManager extends SecretHelpers {
  readonly state: SecretState;
  readonly operations: Operations;
  readonly rotations: Rotations;
}

/** What the operations on secrets work on. */
interface Vault {
  readonly environment: Environment;
  readonly state: SecretState;
  readonly access: SecretAccess;
}

/** A request to create that was made before is answered as it was then. */
function createdBefore(secret: Secret, versionId: string, value: ReturnType<typeof givenValue>) {
  const { arn, name, versions, deletedAt } = secret;
  if (deletedAt !== undefined) {
    throw invalidRequest(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  const version = versions.find((candidate) => candidate.versionId === versionId);
  if (version && value && sameValue(version.value, value)) return { ARN: arn, Name: name, VersionId: versionId };
  const message = `The operation failed because the secret ${name} already exists.`;
  throw new AwsError(400, 'ResourceExistsException', message);
}

/** How long a deletion can be taken back: 30 days unless told, not at all if it is forced. */
function deletionOf(input: Input): { readonly force: boolean; readonly days: number } {
  const force = flag(input, 'ForceDeleteWithoutRecovery');
  const days = optionalInteger(input, 'RecoveryWindowInDays', 0, Number.MAX_SAFE_INTEGER);
  // No range in the service model: the service itself checks it, hence not ValidationException.
  if (days !== undefined && (days < 7 || days > 30)) {
    throw invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
  }
  if (force && days !== undefined) {
    throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  }
  return { force, days: days ?? 30 };
}

const operations: OperationsOn<Vault> = {
  CreateSecret({ environment, state }, input, { now }) {
    const name = text(input, 'Name');
    if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name)) {
      throw new AwsError(
        400,
        'ValidationException',
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      );
    }
    const value = givenValue(input);
    const versionId = versionIdOf(input, environment.random.uuid);
    const existing = state.find(name);
    if (existing !== undefined) return createdBefore(existing, versionId, value);
    const secret = state.create({
      name,
      description: optionalText(input, 'Description'),
      kmsKeyId: optionalText(input, 'KmsKeyId'),
      tags: mergeTags([], tagList(input)),
      replicaRegions: replicaRegionsOf(input),
    });
    state.save(value === undefined ? secret : addVersion(secret, versionId, value, [], now));
    return { ARN: secret.arn, Name: name, VersionId: value === undefined ? undefined : versionId };
  },

  DescribeSecret: ({ access }, input, context) => describe(access.secretFor('DescribeSecret', input, context)),

  ListSecrets({ environment, state }, input, { asOf }) {
    if (optionalText(input, 'SortOrder') === 'desc') {
      throw invalidParameter('The local AWS lists secrets in ascending order only.');
    }
    const withDeleted = flag(input, 'IncludePlannedDeletion');
    const matches = matchesFilters(list(input, 'Filters'));
    const found = page(state.secrets, startOf(input), limitOf(input, environment), asOf, (secret) =>
      state.exists(secret) && (withDeleted || secret.deletedAt === undefined) && matches(secret)
        ? listEntry(secret)
        : undefined,
    );
    return { SecretList: found.items, NextToken: tokenOf(found.next) };
  },

  UpdateSecret({ access }, input, context) {
    const secret = access.usable('UpdateSecret', input, context);
    if (givenValue(input) !== undefined) {
      throw invalidParameter('The local AWS changes values by PutSecretValue only.');
    }
    const description = optionalText(input, 'Description') ?? secret.description;
    const kmsKeyId = optionalText(input, 'KmsKeyId') ?? secret.kmsKeyId;
    access.write({ ...secret, description, kmsKeyId }, context.now);
    return { ARN: secret.arn, Name: secret.name };
  },

  TagResource({ access }, input, context) {
    const secret = access.usable('TagResource', input, context);
    access.write({ ...secret, tags: mergeTags(secret.tags, checkTags(tagList(input))) }, context.now);
  },

  UntagResource({ access }, input, context) {
    const secret = access.usable('UntagResource', input, context);
    const removed = textList(input, 'TagKeys');
    access.write({ ...secret, tags: secret.tags.filter((tag) => !removed.includes(tag.Key)) }, context.now);
  },

  DeleteSecret({ environment, state, access }, input, context) {
    const { now } = context;
    const { force, days } = deletionOf(input);
    const secretId = text(input, 'SecretId');
    if (force && context.principal.kind !== 'user' && state.find(secretId) === undefined) {
      // "If you forcibly delete an already deleted or nonexistent secret, the operation does not return
      // ResourceNotFoundException." https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
      const { region, accountId } = environment;
      const ARN = `arn:aws:secretsmanager:${region}:${accountId}:secret:${secretId}-${environment.random.text(6)}`;
      return { ARN, Name: secretId, DeletionDate: seconds(now) };
    }
    const secret = force
      ? access.secretFor('DeleteSecret', input, context)
      : access.usable('DeleteSecret', input, context);
    if (secret.replicaRegions.length > 0) {
      throw invalidRequest(
        `You can't delete secret ${secret.name} that still has replica regions [${secret.replicaRegions.join(', ')}]`,
      );
    }
    const deleteAfter = now + (force ? 0 : days * DAY);
    if (force) state.remove(secret);
    else state.save({ ...secret, deletedAt: now, deleteAfter, changedAt: now });
    return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(deleteAfter) };
  },

  RestoreSecret({ state, access }, input, context) {
    const secret = access.secretFor('RestoreSecret', input, context);
    if (secret.deletedAt !== undefined) {
      state.save({ ...secret, deletedAt: undefined, deleteAfter: undefined, changedAt: context.now });
    }
    return { ARN: secret.arn, Name: secret.name };
  },
};

export function createSecretsManager(environment: Environment, users: UserDirectory): SecretsManager {
  const state = createSecretState(environment);
  const access = createSecretAccess(state);
  const vault = { environment, state, access };
  const { checkRotationToken, operations: rotationOperations, rotations } = createRotation(environment, state, access);
  return {
    state,
    operations: {
      ...operationsOn(vault, operations),
      ...operationsOn({ ...vault, checkRotationToken }, versionOperations),
      ...rotationOperations,
      ...createPolicyOperations(access, users),
      ...createReplicaOperations(access),
    },
    rotations,
    ...createSecretHelpers(environment, state),
  };
}
