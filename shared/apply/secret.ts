import {
  CreateSecretCommand,
  RestoreSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { describeSecret } from '../aws/observe.ts';
import { ConflictError, isFailure, RotationError } from '../core/errors.ts';
import type { Secret, User, UserState } from '../core/model.ts';
import { secretDescription, secretNameOf, userIdOfSecretName } from '../core/secret-name.ts';
import { secretTagNames, signedTagNames } from '../core/secret-tags.ts';
import { signMade, signTag } from '../core/signed-state.ts';
import type { StateKey } from '../core/state-key.ts';
import { SECOND } from '../core/time.ts';
import { secretProblem } from '../core/verify-secret.ts';
import { logWrite, type Pass } from './pass.ts';
import { putPolicy } from './put-policy.ts';

/** Reads of Secrets Manager may be this old. */
export const STALE_READS = 12 * SECOND;

/**
 * The user's secret, made without a value if there is none, and verified in any case: it may have been made by somebody
 * else just now. Throws a ConflictError for one that must not be written to.
 */
export async function ensureSecret(
  pass: Pass,
  { user, secret: known }: Pick<UserState, 'user' | 'secret'>,
): Promise<Secret> {
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

/** The tag that names the user, for people who look at the secret. */
export function userNameTag(user: User): Record<string, string> {
  return { [secretTagNames.userName]: tagValueOf(user.userName) };
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

/** By hand only, and only a secret that passed every other verification. */
export async function restoreSecret(pass: Pass, secret: Secret): Promise<void> {
  await pass.runtime.aws.secrets.send(new RestoreSecretCommand({ SecretId: secret.arn }));
  logWrite(pass, 'secretsmanager:RestoreSecret', { secretName: secret.name });
}
