import {
  PutResourcePolicyCommand,
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { isFailure, RotationError } from '../core/errors.ts';
import { formatPolicyPut } from '../core/format-secret-tags.ts';
import type { Secret, User } from '../core/model.ts';
import { ANY_TIME, parseSecretTags } from '../core/read-secret-tags.ts';
import { secretPolicy } from '../core/secret-policy.ts';
import { DEFAULT_KMS_KEY, isSameKmsKey, missingTags, replicaGaps, settingsHash } from '../core/secret-settings.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import { SECOND } from '../core/time.ts';
import { parseUserSettings } from '../core/user-settings.ts';
import { logWrite, type Pass } from './pass.ts';

/**
 * Unconditionally before a value is written: whatever policy was there, only the owner and the readers can read. Then
 * what else the settings want of the secret, so that no value goes to a Region, or under a key, that somebody added. The
 * tags that belong to it, for a write that comes anyway.
 */
export async function putPolicy(pass: Pass, secret: Secret, user: User): Promise<Record<string, string>> {
  const { settings, runtime } = pass;
  const own = parseUserSettings(user, settings, runtime.clock()).settings;
  const { exposed, policy } = parseSecretTags(secret.tags, ANY_TIME).tags;
  const command = new PutResourcePolicyCommand({
    SecretId: secret.arn,
    ResourcePolicy: JSON.stringify(secretPolicy(user, own, exposed?.at)),
    BlockPublicPolicy: true,
  });
  await onceOwnerIsKnown(pass, () => runtime.aws.secrets.send(command));
  logWrite(pass, 'secretsmanager:PutResourcePolicy', { userName: user.userName, secretName: secret.name });
  const { missing, extra } = replicaGaps(secret, settings);
  if (extra.length > 0) await removeReplicas(pass, secret, extra);
  const isOtherKey = !isSameKmsKey(secret.kmsKeyId, settings.kmsKeyId);
  if (isOtherKey) await changeKmsKey(pass, secret);
  if (missing.length > 0) await replicate(pass, secret, missing);
  const isSeenLater = isOtherKey || extra.length > 0 || settings.replicaRegions.length > 0;
  const put = formatPolicyPut({
    hash: settingsHash(user, own, exposed?.at),
    ...(isSeenLater ? { triedAt: runtime.clock() } : {}),
    ...(isSeenLater && policy?.toldAt !== undefined ? { toldAt: policy.toldAt } : {}),
  });
  return { ...missingTags(secret, settings), [secretTagNames.policy]: put };
}

async function removeReplicas(pass: Pass, secret: Secret, regions: string[]): Promise<void> {
  const command = new RemoveRegionsFromReplicationCommand({ SecretId: secret.arn, RemoveReplicaRegions: regions });
  await pass.runtime.aws.secrets.send(command);
  logWrite(pass, 'secretsmanager:RemoveRegionsFromReplication', { secretName: secret.name, regions });
}

/** Existing values can still be read with the former key, so the change locks no one out. */
async function changeKmsKey(pass: Pass, secret: Secret): Promise<void> {
  const { kmsKeyId } = pass.settings;
  const KmsKeyId = kmsKeyId === '' ? DEFAULT_KMS_KEY : kmsKeyId;
  await pass.runtime.aws.secrets.send(new UpdateSecretCommand({ SecretId: secret.arn, KmsKeyId }));
  logWrite(pass, 'secretsmanager:UpdateSecret', { secretName: secret.name, kmsKeyId: KmsKeyId });
}

/**
 * Orders replicas, including ones that failed. If AWS refuses, a replica is missing, and a later run that does not find
 * it reports it. That is no reason to leave a key unrotated.
 */
export async function replicate(pass: Pass, secret: Secret, regions: readonly string[]): Promise<void> {
  const facts = { secretName: secret.name, regions };
  const AddReplicaRegions = regions.map((Region) => ({ Region }));
  try {
    const command = new ReplicateSecretToRegionsCommand({ SecretId: secret.arn, AddReplicaRegions });
    await pass.runtime.aws.secrets.send(command);
  } catch (error) {
    if (!(error instanceof RotationError && error.isDefinite)) throw error;
    pass.runtime.log.error('Not replicated', { runId: pass.request.runId, ...facts, because: error.message });
    return;
  }
  logWrite(pass, 'secretsmanager:ReplicateSecretToRegions', facts);
}

/** A user made just now is known to Secrets Manager in some ten seconds; more than this, and the policy is wrong. */
const OWNER_KNOWN_AFTER = 30 * SECOND;
/** Of the time that an issue needs, what comes after the policy. */
const TIME_TO_GO_ON = 110 * SECOND;

/** Until then a policy that names the user is malformed. The wait is before any lease. */
async function onceOwnerIsKnown({ runtime, deadlineAt }: Pass, put: () => Promise<unknown>): Promise<void> {
  const endsAt = Math.min(runtime.clock() + OWNER_KNOWN_AFTER, deadlineAt - TIME_TO_GO_ON);
  for (;;) {
    try {
      await put();
      return;
    } catch (error) {
      if (!isFailure(error, 'MalformedPolicyDocument') || runtime.clock() >= endsAt) throw error;
      await runtime.sleep(3 * SECOND);
    }
  }
}
