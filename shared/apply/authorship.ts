import { UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { formatExposed, formatPolicyPut } from '../core/format-secret-tags.ts';
import type { Secret, User, UserState } from '../core/model.ts';
import { present } from '../core/present.ts';
import { ANY_TIME, parseSecretTags } from '../core/read-secret-tags.ts';
import { isKeyLabel, secretTagNames, signedTagNames } from '../core/secret-tags.ts';
import { keyIdInLabel, signLabel, signMade } from '../core/signed-state.ts';
import { formatDate } from '../core/time.ts';
import { tell } from './announce.ts';
import type { Attempt, StepOf } from './attempt.ts';
import { logWrite, type Pass } from './pass.ts';
import { putPolicy, replicate } from './put-policy.ts';
import { ensureSecret, signerOf, tagSecret, untagSecret, userNameTag } from './secret.ts';

/** Told first: what dies in between is told again. No tag remembers it, since the tags themselves are gone then. */
export async function dropTags(attempt: Attempt<StepOf<'drop-tags'>>): Promise<string> {
  const { pass, state, step } = attempt;
  const secret = await ensureSecret(pass, state);
  return tell(attempt, { event: 'blocked' }, () => untagSecret(pass, secret, ...step.names));
}

/** The tag after the policy: a hash that no text goes with would hide that the text is old. */
export async function renewPolicy(
  pass: Pass,
  state: UserState,
  { parts }: Pick<StepOf<'put-policy'>, 'parts'>,
): Promise<undefined> {
  const secret = await ensureSecret(pass, state);
  const isPut = parts.some((part) => part !== 'signatures');
  const put = isPut ? await putPolicy(pass, secret, state.user) : {};
  if (secret.isSignedBefore) await signAnew(pass, { user: state.user, secret }, put);
  else await tagSecret(pass, secret, put);
}

/**
 * Everything of ours in the words that it has, by the key of today. What dies in between is signed anew by the next run:
 * until then the key before counts. An intent is left out: another run may have taken it off since it was read.
 */
async function signAnew(
  pass: Pass,
  { user, secret }: { user: User; secret: Secret },
  alsoTag: Record<string, string>,
): Promise<void> {
  for (const [versionId, labels] of Object.entries(secret.writtenLabels)) {
    const accessKeyId = secret.versions[versionId]?.find(isKeyLabel);
    if (accessKeyId !== undefined) await relabel(pass, secret, { versionId, accessKeyId, labels });
  }
  const ours = Object.entries(secret.tags).filter(
    ([name]) => signedTagNames.includes(name) && name !== secretTagNames.doing,
  );
  const made = signMade(signerOf(pass), secret.name, user, secret.createdAt);
  await tagSecret(pass, secret, { ...Object.fromEntries(ours), ...alsoTag, [secretTagNames.made]: made });
}

/** Told first: what dies in between is told again. */
export async function syncReplicas(attempt: Attempt<StepOf<'sync-replicas'>>): Promise<string | undefined> {
  const { pass, state, step } = attempt;
  const secret = await ensureSecret(pass, state);
  const { policy } = parseSecretTags(secret.tags, ANY_TIME).tags;
  if (policy === undefined) return undefined;
  const { hash, toldAt } = policy;
  if (step.regions.length === 0) {
    await tagSecret(pass, secret, { [secretTagNames.policy]: formatPolicyPut({ hash }) });
    return undefined;
  }
  const order = async (): Promise<void> => {
    await replicate(pass, secret, step.regions);
    const at = pass.runtime.clock();
    const tried = formatPolicyPut({ hash, triedAt: at, ...present({ toldAt: step.tells ? at : toldAt }) });
    await tagSecret(pass, secret, { [secretTagNames.policy]: tried });
  };
  if (step.tells) return tell(attempt, { event: 'blocked' }, order);
  await order();
  return undefined;
}

/**
 * Signs what was asked for. The policy first, so that nobody else writes meanwhile; `keyturn:made` last, so that a secret
 * of which half is signed is still nobody's.
 */
export async function adoptSecret({
  pass,
  state: { user, secret },
  step,
}: Attempt<StepOf<'adopt-secret'>>): Promise<undefined> {
  if (secret === undefined) return;
  const exposed = step.exposed === undefined ? {} : { [secretTagNames.exposed]: formatExposed(step.exposed) };
  const policyTag = await putPolicy(pass, { ...secret, tags: { ...secret.tags, ...exposed } }, user);
  await untagSecret(pass, secret, ...Object.keys(secret.voidTags));
  for (const [versionId, labels] of Object.entries(secret.writtenLabels)) {
    const accessKeyId = step.accessKeyIds.find((id) => labels.some((label) => keyIdInLabel(label) === id));
    if (accessKeyId !== undefined) await relabel(pass, secret, { versionId, accessKeyId, labels });
  }
  await tagSecret(pass, secret, {
    ...policyTag,
    ...userNameTag(user),
    ...(step.holdUntil === undefined ? {} : { [secretTagNames.hold]: formatDate(step.holdUntil) }),
    ...exposed,
  });
  const made = signMade(signerOf(pass), secret.name, user, secret.createdAt);
  await tagSecret(pass, secret, { [secretTagNames.userId]: user.userId, [secretTagNames.made]: made });
}

/** The signed label before the old one comes off: the version is never without a name. */
async function relabel(
  pass: Pass,
  secret: Secret,
  { versionId, accessKeyId, labels }: { versionId: string; accessKeyId: string; labels: readonly string[] },
): Promise<void> {
  const move = async (label: string, where: { MoveToVersionId: string } | { RemoveFromVersionId: string }) => {
    const command = new UpdateSecretVersionStageCommand({ SecretId: secret.arn, VersionStage: label, ...where });
    await pass.runtime.aws.secrets.send(command);
    logWrite(pass, 'secretsmanager:UpdateSecretVersionStage', {
      secretName: secret.name,
      label: accessKeyId,
      versionId,
    });
  };
  const signed = signLabel(signerOf(pass), secret, { accessKeyId, versionId });
  if (!labels.includes(signed)) await move(signed, { MoveToVersionId: versionId });
  for (const label of labels) {
    const isOld = keyIdInLabel(label) === accessKeyId && label !== signed;
    if (isOld) await move(label, { RemoveFromVersionId: versionId });
  }
}
