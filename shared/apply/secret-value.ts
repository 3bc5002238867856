import { PutSecretValueCommand, UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { describeSecret } from '../aws/observe.ts';
import type { Secret, User } from '../core/model.ts';
import { present } from '../core/present.ts';
import { keyIdOf, pendingVersion } from '../core/secret-versions.ts';
import { keyIdInLabel, signLabel } from '../core/signed-state.ts';
import { smtpFields } from '../core/smtp.ts';
import { formatInstant } from '../core/time.ts';
import { parseUserSettings } from '../core/user-settings.ts';
import type { NewKey } from './access-keys.ts';
import { logWrite, type Pass } from './pass.ts';
import { signerOf } from './secret.ts';

/** A key, and the version that holds it. */
interface Stored {
  accessKeyId: string;
  versionId: string;
}

/** Stores a proven key: `AWSPENDING` and its own label, so that it is found again whatever happens next. */
export async function storeKey(
  pass: Pass,
  { user, secret }: { user: User; secret: Secret },
  { key, versionId }: { key: NewKey; versionId: string },
): Promise<void> {
  const { runtime, settings, rotationToken } = pass;
  const { sesSmtpRegions } = parseUserSettings(user, settings, runtime.clock()).settings;
  const secretAccessKey = key.secret.reveal();
  const label = signLabel(signerOf(pass), secret, { accessKeyId: key.accessKeyId, versionId });
  const value = {
    Version: 1,
    AccessKeyId: key.accessKeyId,
    SecretAccessKey: secretAccessKey,
    UserName: user.userName,
    AccountId: user.accountId,
    CreatedAt: formatInstant(key.createdAt),
    ...smtpFields(secretAccessKey, sesSmtpRegions),
  };
  const command = new PutSecretValueCommand({
    SecretId: secret.arn,
    ClientRequestToken: versionId,
    SecretString: JSON.stringify(value),
    VersionStages: [...(isTaken(secret, versionId) ? [] : ['AWSPENDING']), label],
    ...present({ RotationToken: rotationToken?.reveal() }),
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
  { fromVersionId, toVersionId }: { fromVersionId: string | undefined; toVersionId: string },
): Promise<void> {
  const command = new UpdateSecretVersionStageCommand({
    SecretId: secret.arn,
    VersionStage: 'AWSCURRENT',
    ...present({ RemoveFromVersionId: fromVersionId }),
    MoveToVersionId: toVersionId,
  });
  await pass.runtime.aws.secrets.send(command);
  const facts = { secretName: secret.name, label: 'AWSCURRENT', versionId: toVersionId };
  logWrite(pass, 'secretsmanager:UpdateSecretVersionStage', facts);
}

/** Takes a key's own label off its version; already off is success, also when the first response was lost. */
export async function takeLabelOff(pass: Pass, secret: Secret, stored: Stored): Promise<void> {
  const { accessKeyId, versionId } = stored;
  const command = new UpdateSecretVersionStageCommand({
    SecretId: secret.arn,
    VersionStage: labelOf(pass, secret, stored),
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
function labelOf(pass: Pass, secret: Secret, stored: Stored): string {
  const ours = signLabel(signerOf(pass), secret, stored);
  const written = (secret.writtenLabels[stored.versionId] ?? []).filter(
    (label) => keyIdInLabel(label) === stored.accessKeyId && label !== stored.accessKeyId,
  );
  const [first = ours] = written;
  return written.includes(ours) ? ours : first;
}
