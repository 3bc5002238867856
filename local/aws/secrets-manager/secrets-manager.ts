import { DAY } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { page } from '../history.ts';
import { flag, list, optionalInteger, optionalText, tagList, text, textList } from '../input.ts';
import type { Environment, Operations } from '../service.ts';
import { createRotation, type Rotations } from './rotation.ts';
import { createSecretAccess, invalidParameter, invalidRequest } from './secret-access.ts';
import { createSecretHelpers, type SecretHelpers } from './secret-helpers.ts';
import { createPolicyOperations, type UserDirectory } from './secret-policies.ts';
import { createReplicaOperations, replicaRegionsOf } from './secret-replicas.ts';
import { createSecretState, type SecretState } from './secret-state.ts';
import {
  addVersion,
  createVersionOperations,
  givenValue,
  limitOf,
  sameValue,
  startOf,
  tokenOf,
  versionIdOf,
} from './secret-versions.ts';
import { checkTags, describe, listEntry, matchesFilters, mergeTags, seconds } from './secret-views.ts';

/** Secrets Manager as this service uses it. https://docs.aws.amazon.com/secretsmanager/latest/apireference/ */
export interface SecretsManager extends SecretHelpers {
  readonly state: SecretState;
  readonly operations: Operations;
  readonly rotations: Rotations;
}

export function createSecretsManager(environment: Environment, users: UserDirectory): SecretsManager {
  const { random } = environment;
  const state = createSecretState(environment);
  const access = createSecretAccess(state);
  const { secretFor, usable, write } = access;
  const rotation = createRotation(environment, state, access);

  const operations: Operations = {
    ...createVersionOperations(environment, state, access, rotation.checkRotationToken),
    ...rotation.operations,
    ...createPolicyOperations(access, users),
    ...createReplicaOperations(access),

    CreateSecret(input, { now }) {
      const name = text(input, 'Name');
      if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name)) {
        throw new AwsError(
          400,
          'ValidationException',
          'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
        );
      }
      const value = givenValue(input);
      const versionId = versionIdOf(input, random.uuid);
      const existing = state.find(name);
      if (existing?.deletedAt !== undefined) {
        throw invalidRequest(
          "You can't create this secret because a secret with this name is already scheduled for deletion.",
        );
      }
      if (existing !== undefined) {
        const version = existing.versions.find((candidate) => candidate.versionId === versionId);
        if (version && value && sameValue(version.value, value)) {
          return { ARN: existing.arn, Name: name, VersionId: versionId };
        }
        throw new AwsError(
          400,
          'ResourceExistsException',
          `The operation failed because the secret ${name} already exists.`,
        );
      }
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

    DescribeSecret: (input, context) => describe(secretFor('DescribeSecret', input, context)),

    ListSecrets(input, { asOf }) {
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

    UpdateSecret(input, context) {
      const secret = usable('UpdateSecret', input, context);
      if (givenValue(input) !== undefined) {
        throw invalidParameter('The local AWS changes values by PutSecretValue only.');
      }
      const description = optionalText(input, 'Description') ?? secret.description;
      const kmsKeyId = optionalText(input, 'KmsKeyId') ?? secret.kmsKeyId;
      write({ ...secret, description, kmsKeyId }, context.now);
      return { ARN: secret.arn, Name: secret.name };
    },

    TagResource(input, context) {
      const secret = usable('TagResource', input, context);
      write({ ...secret, tags: mergeTags(secret.tags, checkTags(tagList(input))) }, context.now);
    },

    UntagResource(input, context) {
      const secret = usable('UntagResource', input, context);
      const removed = textList(input, 'TagKeys');
      write({ ...secret, tags: secret.tags.filter((tag) => !removed.includes(tag.Key)) }, context.now);
    },

    DeleteSecret(input, context) {
      const { now } = context;
      const force = flag(input, 'ForceDeleteWithoutRecovery');
      const days = optionalInteger(input, 'RecoveryWindowInDays', 0, Number.MAX_SAFE_INTEGER);
      // No range in the service model: the service itself checks it, hence not ValidationException.
      if (days !== undefined && (days < 7 || days > 30)) {
        throw invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
      }
      if (force && days !== undefined) {
        throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
      }
      const secretId = text(input, 'SecretId');
      if (force && context.principal.kind !== 'user' && state.find(secretId) === undefined) {
        // "If you forcibly delete an already deleted or nonexistent secret, the operation does not return
        // ResourceNotFoundException." https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
        const { region, accountId } = environment;
        const ARN = `arn:aws:secretsmanager:${region}:${accountId}:secret:${secretId}-${random.text(6)}`;
        return { ARN, Name: secretId, DeletionDate: seconds(now) };
      }
      const secret = force ? secretFor('DeleteSecret', input, context) : usable('DeleteSecret', input, context);
      if (secret.replicaRegions.length > 0) {
        throw invalidRequest(
          `You can't delete secret ${secret.name} that still has replica regions [${secret.replicaRegions.join(', ')}]`,
        );
      }
      const deleteAfter = now + (force ? 0 : (days ?? 30) * DAY);
      if (force) state.remove(secret);
      else state.save({ ...secret, deletedAt: now, deleteAfter, changedAt: now });
      return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(deleteAfter) };
    },

    RestoreSecret(input, context) {
      const secret = secretFor('RestoreSecret', input, context);
      if (secret.deletedAt !== undefined) {
        state.save({ ...secret, deletedAt: undefined, deleteAfter: undefined, changedAt: context.now });
      }
      return { ARN: secret.arn, Name: secret.name };
    },
  };

  return { state, operations, rotations: rotation.rotations, ...createSecretHelpers(environment, state) };
}
