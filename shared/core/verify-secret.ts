import type { Secret, User } from './model.ts';
import type { ReasonCode } from './reasons.ts';
import { secretNameOf } from './secret-name.ts';
import { isSameKmsKey, replicaGaps } from './secret-settings.ts';
import { secretTagNames } from './secret-tags.ts';
import type { Settings } from './settings.ts';
import { formatInstant } from './time.ts';

export interface SecretProblem {
  reason: ReasonCode;
  message: string;
}

type Verification = Pick<Settings, 'secretPrefix' | 'secretTags' | 'secretRotationFunctionArn'>;

/**
 * Why this secret must not be written to, or undefined. Anybody with CreateSecret could have made a secret of this name
 * first, with a key and a policy of their own, so nothing about it is taken for granted.
 */
export function secretProblem(secret: Secret, user: User, settings: Verification): SecretProblem | undefined {
  const foreign = [...authorshipFacts(secret, user), ...foreignFacts(secret, user, settings)];
  if (foreign.length > 0) {
    const message =
      `Secret ${secret.name} is not the one that Keyturn would create for ${user.userName}: ${foreign.join('; ')}. ` +
      'Find out who created it. Then delete it, correct it, or take it over with `rotate-user` action adopt.';
    return { reason: 'secret-foreign', message };
  }
  if (secret.deletedAt === undefined) return tooManyTags(secret, user, settings);
  const message =
    `Secret ${secret.name} of ${user.userName} has been pending deletion since ${formatInstant(secret.deletedAt)}. ` +
    'Restore it with `aws secretsmanager restore-secret`, or with `rotate-user` action rotate and restoreSecret.';
  return { reason: 'secret-pending-deletion', message };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html */
const TAGS_MAX = 50;

/** Before anything is begun: what is done but cannot be recorded would be done and reported again every day. */
function tooManyTags(
  { name, tags, voidTags }: Secret,
  { userName }: User,
  { secretTags }: Verification,
): SecretProblem | undefined {
  const ours: readonly string[] = Object.values(secretTagNames);
  const all = Object.keys({ ...tags, ...voidTags, ...secretTags });
  const others = all.filter((tag) => !ours.includes(tag) && !tag.startsWith('aws:'));
  const room = TAGS_MAX - ours.length;
  if (others.length <= room) return undefined;
  const message =
    `Secret ${name} of ${userName} has ${others.length} tags that are not Keyturn's, those of \`secretTags\` ` +
    `included, which leaves no room for its own: remove all but ${room}.`;
  return { reason: 'too-many-tags', message };
}

const notMade = 'Keyturn did not create it';
const notSigned =
  `Keyturn did not create it, or another key signed its tag ${secretTagNames.made}: if stateKeyArn, roleSuffix or ` +
  'stateEpoch was changed, change it back';

/** What only an author could have written. */
function authorshipFacts(secret: Secret, user: User): string[] {
  const facts: string[] = [];
  if (!secret.isMade) facts.push(secret.tags[secretTagNames.made] === undefined ? notMade : notSigned);
  if ((secret.tags[secretTagNames.userId] ?? '') !== user.userId) {
    facts.push(`its tag ${secretTagNames.userId} is not ${user.userId}`);
  }
  return facts;
}

/** What differs from how we would have made it, no matter who did, and is not corrected automatically. */
export function foreignFacts(secret: Secret, user: User, settings: Verification): string[] {
  const facts: string[] = [];
  const name = secretNameOf(settings.secretPrefix, user.userId);
  if (secret.name !== name) facts.push(`its name is not ${name}`);
  if (secret.owningService !== undefined) facts.push(`it is managed by ${secret.owningService}`);
  const lambda = secret.rotationLambdaArn;
  if (lambda !== undefined && lambda !== settings.secretRotationFunctionArn)
    facts.push(rotatedBy(secret, lambda, settings));
  return facts;
}

function rotatedBy({ arn }: Secret, lambda: string, { secretRotationFunctionArn: own }: Verification): string {
  const rotate = `aws secretsmanager rotate-secret --secret-id ${arn} --rotation-lambda-arn ${own} --no-rotate-immediately`;
  return `it is rotated by ${lambda}${own === '' ? '' : ` (\`${rotate}\` gives it to this deployment)`}`;
}

/** Of a secret that others made: a person must judge where its values went, and with which key. */
export function adoptionFacts(
  secret: Secret,
  user: User,
  settings: Verification & Pick<Settings, 'kmsKeyId' | 'replicaRegions'>,
): string[] {
  const facts = foreignFacts(secret, user, settings);
  if (!isSameKmsKey(secret.kmsKeyId, settings.kmsKeyId)) {
    const { kmsKeyId = 'the default' } = secret;
    facts.push(`its KMS key is ${kmsKeyId}`);
  }
  const [replica] = replicaGaps(secret, settings).extra;
  if (replica !== undefined) facts.push(`it is replicated to ${replica}`);
  return facts;
}

/** The secret, if it exists and may be written to. */
export function verifiedSecret(secret: Secret | undefined, user: User, settings: Verification): Secret | undefined {
  return secret !== undefined && secretProblem(secret, user, settings) === undefined ? secret : undefined;
}
