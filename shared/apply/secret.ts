import {
  CreateSecretCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  RestoreSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { describeSecret } from '../aws/observe.ts';
import { keyIdOf, pendingVersion } from '../core/checks/secrets-manager.ts';
import { ConflictError, isFailure, RotationError } from '../core/errors.ts';
import { formatPolicyPut } from '../core/format-secret-tags.ts';
import type { Secret, User } from '../core/model.ts';
import { ANY_TIME, parseSecretTags } from '../core/read-secret-tags.ts';
import type { SecretAccessKey } from '../core/redacted.ts';
import { secretDescription, secretNameOf, userIdOfSecretName } from '../core/secret-name.ts';
import { secretPolicy } from '../core/secret-policy.ts';
import { DEFAULT_KMS_KEY, isSameKmsKey, missingTags, replicaGaps, settingsHash } from '../core/secret-settings.ts';
import { secretTagNames, signedTagNames } from '../core/secret-tags.ts';
import { keyIdInLabel, signLabel, signMade, signTag } from '../core/signed-state.ts';
import type { StateKey } from '../core/state-key.ts';
import { formatInstant, type Instant, SECOND } from '../core/time.ts';
import { parseUserSettings } from '../core/user-settings.ts';
import { secretProblem } from '../core/verify-secret.ts';
import { logWrite, type Pass } from './pass.ts';

/** Reads of Secrets Manager may be this old. */
export const STALE_READS = 12 * SECOND;

/**
 * The user's secret, made without a value if there is none, and verified in any case: it may have been made by somebody
 * else just now. Throws a ConflictError for one that must not be written to.
 */
export async function ensureSecret(pass: Pass, user: User, known: Secret | undefined): Promise<Secret> {
  const secret = known ?? (await createSecret(pass, user));
  const problem = secretProblem(secret, user, pass.settings);
  if (problem !== undefined) {
    throw new ConflictError(problem.message, { userName: user.userName, accountId: user.accountId });
  }
  if (known === undefined) await putPolicy(pass, secret, user);
  return secret;
}

/** Whoever signs nothing writes nothing. */
export function signerOf({ stateKey, request }: Pass): StateKey {
  if (stateKey !== undefined) return stateKey;
  throw new RotationError(`Run ${request.runId} has no state key, so it writes nothing into a secret.`);
}

async function createSecret(pass: Pass, user: User): Promise<Secret> {
  const { runtime, reader, settings } = pass;
  const name = secretNameOf(settings.secretPrefix, user.userId);
  const command = new CreateSecretCommand({
    Name: name,
    Description: secretDescription(user.userName),
    Tags: [
      { Key: secretTagNames.made, Value: signMade(signerOf(pass), name, user, runtime.clock()) },
      { Key: secretTagNames.userId, Value: user.userId },
      { Key: secretTagNames.userName, Value: tagValueOf(user.userName) },
      ...Object.entries(settings.secretTags).map(([Key, Value]) => ({ Key, Value })),
    ],
    ...(settings.kmsKeyId === '' ? {} : { KmsKeyId: settings.kmsKeyId }),
    ...(settings.replicaRegions.length === 0
      ? {}
      : { AddReplicaRegions: settings.replicaRegions.map((Region) => ({ Region })) }),
  });
  try {
    await runtime.aws.secrets.send(command);
  } catch (error) {
    // Also the answer to a repeated call whose first response was lost; the verification tells whose it is.
    if (!isFailure(error, 'ResourceExists')) throw error;
  }
  logWrite(pass, 'secretsmanager:CreateSecret', { userName: user.userName, secretName: name });
  for (const endsAt = runtime.clock() + STALE_READS; ; await runtime.sleep(2 * SECOND)) {
    const secret = await describeSecret(reader, name);
    if (secret !== undefined) return secret;
    if (runtime.clock() >= endsAt) throw new RotationError(`Secret ${name} is not visible yet.`, { isTransient: true });
  }
}

/** Tag values may not hold a comma, which an IAM name may; the exact name is in the description. */
function tagValueOf(text: string): string {
  return text.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '_');
}

/** Puts what a rename changed right: the description, and the tag that goes with the next intent. */
export async function refreshDescription(pass: Pass, secret: Secret, user: User): Promise<void> {
  const description = secretDescription(user.userName);
  if (secret.description === description) return;
  await pass.runtime.aws.secrets.send(new UpdateSecretCommand({ SecretId: secret.arn, Description: description }));
  logWrite(pass, 'secretsmanager:UpdateSecret', { userName: user.userName, secretName: secret.name });
}

/** The tag that names the user, for whoever looks at the secret. */
export function userNameTag(user: User): Record<string, string> {
  return { [secretTagNames.userName]: tagValueOf(user.userName) };
}

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

/** The values that are there can be read with the key before as well: nobody is locked out by the change. */
async function changeKmsKey(pass: Pass, secret: Secret): Promise<void> {
  const { kmsKeyId } = pass.settings;
  const KmsKeyId = kmsKeyId === '' ? DEFAULT_KMS_KEY : kmsKeyId;
  await pass.runtime.aws.secrets.send(new UpdateSecretCommand({ SecretId: secret.arn, KmsKeyId }));
  logWrite(pass, 'secretsmanager:UpdateSecret', { secretName: secret.name, kmsKeyId: KmsKeyId });
}

/**
 * Orders replicas, also ones that failed. What AWS refuses is a replica less, told of by a later run that does not find
 * it, and no reason to leave a key unrotated.
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

/** Writes tags, and nothing else: tags that are not named stay. What is state is signed. */
export async function tagSecret(pass: Pass, secret: Secret, tags: Record<string, string>): Promise<void> {
  const key = signerOf(pass);
  const userId = userIdOfSecretName(pass.settings.secretPrefix, secret.name) ?? '';
  const list = Object.entries(tags).map(([name, value]) => ({
    Key: name,
    Value: signedTagNames.includes(name) ? signTag(key, secret, userId, { name, value }) : value,
  }));
  await pass.runtime.aws.secrets.send(new TagResourceCommand({ SecretId: secret.arn, Tags: list }));
  logWrite(pass, 'secretsmanager:TagResource', { secretName: secret.name, tags: Object.keys(tags) });
}

/** Takes tags off; safe to repeat, a tag that is not there is no error. */
export async function untagSecret(pass: Pass, secret: Secret, ...names: string[]): Promise<void> {
  if (names.length === 0) return;
  await pass.runtime.aws.secrets.send(new UntagResourceCommand({ SecretId: secret.arn, TagKeys: names }));
  logWrite(pass, 'secretsmanager:UntagResource', { secretName: secret.name, tags: names });
}

/** Stores a proven key: `AWSPENDING` and its own label, so that it is found again whatever happens next. */
export async function storeKey(
  pass: Pass,
  secret: Secret,
  user: User,
  key: { accessKeyId: string; createdAt: Instant; secret: SecretAccessKey },
  versionId: string,
): Promise<void> {
  const { runtime, rotationToken } = pass;
  const label = signLabel(signerOf(pass), secret, { accessKeyId: key.accessKeyId, versionId });
  const value = {
    Version: 1,
    AccessKeyId: key.accessKeyId,
    SecretAccessKey: key.secret.reveal(),
    UserName: user.userName,
    AccountId: user.accountId,
    CreatedAt: formatInstant(key.createdAt),
  };
  const command = new PutSecretValueCommand({
    SecretId: secret.arn,
    ClientRequestToken: versionId,
    SecretString: JSON.stringify(value),
    VersionStages: [...(isTaken(secret, versionId) ? [] : ['AWSPENDING']), label],
    ...(rotationToken === undefined ? {} : { RotationToken: rotationToken.reveal() }),
  });
  await runtime.aws.secrets.send(command);
  const facts = { userName: user.userName, secretName: secret.name, accessKeyId: key.accessKeyId, versionId };
  logWrite(pass, 'secretsmanager:PutSecretValue', facts);
}

/** Of two versions only one can be pending, and a rotation by Secrets Manager ends without its AWSPENDING. */
function isTaken(secret: Secret, versionId: string): boolean {
  const pending = pendingVersion(secret);
  return pending !== undefined && pending !== versionId && keyIdOf(secret, pending) === undefined;
}

/** Compare-and-swap: AWS refuses unless the label is on `fromVersionId` now, or for `undefined` on no version. */
export async function moveCurrent(
  pass: Pass,
  secret: Secret,
  fromVersionId: string | undefined,
  toVersionId: string,
): Promise<void> {
  const command = new UpdateSecretVersionStageCommand({
    SecretId: secret.arn,
    VersionStage: 'AWSCURRENT',
    ...(fromVersionId === undefined ? {} : { RemoveFromVersionId: fromVersionId }),
    MoveToVersionId: toVersionId,
  });
  await pass.runtime.aws.secrets.send(command);
  const facts = { secretName: secret.name, label: 'AWSCURRENT', versionId: toVersionId };
  logWrite(pass, 'secretsmanager:UpdateSecretVersionStage', facts);
}

/** Takes a key's own label off its version; already off is success, also when the first response was lost. */
export async function takeLabelOff(pass: Pass, secret: Secret, accessKeyId: string, versionId: string): Promise<void> {
  const command = new UpdateSecretVersionStageCommand({
    SecretId: secret.arn,
    VersionStage: labelOf(pass, secret, { accessKeyId, versionId }),
    RemoveFromVersionId: versionId,
  });
  try {
    await pass.runtime.aws.secrets.send(command);
  } catch (error) {
    const now = await describeSecret(pass.reader, secret.name);
    if (now?.versions[versionId]?.includes(accessKeyId)) throw error;
  }
  logWrite(pass, 'secretsmanager:UpdateSecretVersionStage', { secretName: secret.name, label: accessKeyId });
}

/** As it is written there: the epoch before may have signed it. */
function labelOf(pass: Pass, secret: Secret, stored: { accessKeyId: string; versionId: string }): string {
  const ours = signLabel(signerOf(pass), secret, stored);
  const written = (secret.writtenLabels[stored.versionId] ?? []).filter(
    (label) => keyIdInLabel(label) === stored.accessKeyId && label !== stored.accessKeyId,
  );
  return written.length === 0 || written.includes(ours) ? ours : (written[0] ?? ours);
}

/** By hand only, and only a secret that passed every other verification. */
export async function restoreSecret(pass: Pass, secret: Secret): Promise<void> {
  await pass.runtime.aws.secrets.send(new RestoreSecretCommand({ SecretId: secret.arn }));
  logWrite(pass, 'secretsmanager:RestoreSecret', { secretName: secret.name });
}
