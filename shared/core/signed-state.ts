import { RotationError } from './errors.ts';
import type { Secret } from './model.ts';
import { isKeyLabel, secretTagNames, signedTagNames } from './secret-tags.ts';
import type { StateKey, Verifier } from './state-key.ts';
import { formatInstant, type Instant, MINUTE, parseInstant } from './time.ts';

/*
 * Whoever may tag a secret can write into it whatever we could have written. So what is believed carries a MAC:
 *
 *   a tag of state     <value> <MAC over the secret's ARN, the UserId, the tag's name and the value>
 *   a key's label      <access key ID>.<MAC over the secret's ARN, the version ID and the access key ID>
 *   keyturn:made       <instant> <MAC over account, secret name, UserId and the instant>, near AWS's own CreatedDate
 *
 * The ARN ends in six characters that AWS draws anew for each secret: one made again under the same name starts empty.
 */

/** A secret as AWS shows it: nothing of it is known to be ours. */
export type WrittenSecret = Omit<Secret, 'isMade' | 'isSignedBefore' | 'voidTags' | 'versions' | 'writtenLabels'> & {
  versions: Secret['writtenLabels'];
};

/** Whose secret it is. */
export interface SecretOwner {
  accountId: string;
  userId: string;
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Tag.html */
const TAG_VALUE_MAX = 256;
/** Between our clock and AWS's, and between two tries of CreateSecret. */
const MADE_WITHIN = 5 * MINUTE;

/** What a tag of state carries for this value. Throws a RotationError for one that AWS would not take. */
export function signTag(key: StateKey, secret: Pick<Secret, 'arn'>, userId: string, tag: Tag): string {
  const signed = `${tag.value} ${key.sign(tagFields(secret, userId, tag))}`;
  if (signed.length <= TAG_VALUE_MAX) return signed;
  throw new RotationError(
    `Cannot write ${tag.name}: its value has ${signed.length} characters, and a tag takes ${TAG_VALUE_MAX}.`,
  );
}

interface Tag {
  name: string;
  value: string;
}

function tagFields({ arn }: Pick<Secret, 'arn'>, userId: string, { name, value }: Tag): string[] {
  return ['keyturn/state/1', arn, userId, name, value];
}

/** The label that says: the secret access key of this key is stored as this version, and was proven. */
export function signLabel(
  key: StateKey,
  secret: Pick<Secret, 'arn'>,
  { accessKeyId, versionId }: { accessKeyId: string; versionId: string },
): string {
  return `${accessKeyId}.${key.sign(labelFields(secret, versionId, accessKeyId))}`;
}

function labelFields({ arn }: Pick<Secret, 'arn'>, versionId: string, accessKeyId: string): string[] {
  return ['keyturn/label/1', arn, versionId, accessKeyId];
}

/** The value of `keyturn:made`, for `CreateSecret`. */
export function signMade(key: StateKey, name: string, owner: SecretOwner, at: Instant): string {
  return `${formatInstant(at)} ${key.sign(madeFields(name, owner, formatInstant(at)))}`;
}

function madeFields(name: string, { accountId, userId }: SecretOwner, instant: string): string[] {
  return ['keyturn/made/1', accountId, name, userId, instant];
}

/** What of a secret is ours. Pure and total: what is not is void or left out, never an exception. */
export function verifySecret(written: WrittenSecret, owner: SecretOwner | undefined, verifier: Verifier): Secret {
  const tags: Record<string, string> = {};
  const voidTags: Record<string, string> = {};
  for (const [name, value] of Object.entries(written.tags)) {
    if (!signedTagNames.includes(name)) {
      tags[name] = value;
      continue;
    }
    const signed = split(value, ' ');
    const fields = signed && owner && tagFields(written, owner.userId, { name, value: signed.value });
    if (fields && verifier.verifies(fields, signed.mac)) tags[name] = signed.value;
    else voidTags[name] = value;
  }
  const isMade = owner !== undefined && isMadeByUs(written, owner, verifier);
  const versions = Object.fromEntries(
    Object.entries(written.versions).map(([id, labels]) => [id, ownLabels(written, id, labels, verifier)]),
  );
  const signed = [
    ...Object.keys(tags).filter((name) => signedTagNames.includes(name)),
    ...(isMade ? [secretTagNames.made] : []),
  ].flatMap((name) => split(written.tags[name] ?? '', ' ') ?? []);
  const labels = Object.entries(written.versions).flatMap(([id, all]) =>
    all.flatMap((label) => split(label, '.') ?? []).filter(({ value }) => versions[id]?.includes(value)),
  );
  return {
    ...written,
    isMade,
    isSignedBefore: [...signed, ...labels].some(({ mac }) => !verifier.isCurrent(mac)),
    tags,
    voidTags,
    versions,
    writtenLabels: written.versions,
  };
}

function isMadeByUs({ name, tags, createdAt }: WrittenSecret, owner: SecretOwner, verifier: Verifier): boolean {
  const made = split(tags[secretTagNames.made] ?? '', ' ');
  const at = made && parseInstant(made.value);
  if (made === undefined || at === undefined || Math.abs(createdAt - at) > MADE_WITHIN) return false;
  return verifier.verifies(madeFields(name, owner, made.value), made.mac);
}

/** A key's label without its MAC; one that looks like a key's but is not ours names no key. All others stay. */
function ownLabels(
  secret: Pick<Secret, 'arn'>,
  versionId: string,
  labels: readonly string[],
  verifier: Verifier,
): string[] {
  return labels.flatMap((label) => {
    const named = split(label, '.');
    if (named === undefined || !isKeyLabel(named.value)) return isKeyLabel(label) ? [] : [label];
    return verifier.verifies(labelFields(secret, versionId, named.value), named.mac) ? [named.value] : [];
  });
}

/** The access key ID that a label names, whoever put it there. */
export function keyIdInLabel(label: string): string | undefined {
  const id = split(label, '.')?.value ?? label;
  return isKeyLabel(id) ? id : undefined;
}

/** Before and after the last separator. */
function split(text: string, separator: string): { value: string; mac: string } | undefined {
  const at = text.lastIndexOf(separator);
  return at <= 0 ? undefined : { value: text.slice(0, at), mac: text.slice(at + 1) };
}
