import type { DescribeSecretResponse } from '@aws-sdk/client-secrets-manager';
import { ConflictError, isFailure, RotationError } from '../../shared/core/errors.ts';
import { parseSecretTags } from '../../shared/core/read-secret-tags.ts';
import { SecretAccessKey } from '../../shared/core/redacted.ts';
import { EXPOSED_FOR } from '../../shared/core/secret-policy.ts';
import { type SecretTags, secretTagNames, signedTagNames } from '../../shared/core/secret-tags.ts';
import { keyIdInLabel } from '../../shared/core/signed-state.ts';
import { DAY, formatInstant, type Instant } from '../../shared/core/time.ts';
import type { Calls, CredentialSource } from './calls.ts';
import type { KeyPair } from './credentials-file.ts';

/** What the secret says beside its value. The owner cannot verify its signatures: it is as recorded. */
export interface SecretFacts {
  arn: string;
  name: string;
  userId: string;
  /** Of the version that is current. */
  current: { accessKeyId: string; versionId: string };
  /** Every key that a version is labelled with, or that the last message was about, or that others know. */
  knownIds: string[];
  tags: SecretTags;
  /** Another service hands the key on to where it is used. */
  isHandedOn: boolean;
}

/** Where it must be, and who asks. */
export interface Wanted {
  secretId: string;
  accountId: string;
  partition: string;
  region: string;
  /** Known beforehand, unless the secret was named by hand. */
  userId: string | undefined;
}

export async function readFacts(
  calls: Calls,
  as: CredentialSource,
  wanted: Wanted,
  now: Instant,
): Promise<SecretFacts> {
  const { secretId } = wanted;
  let described: DescribeSecretResponse;
  try {
    described = await calls.describeSecret(as, secretId);
  } catch (error) {
    throw explained(error, wanted);
  }
  const { ARN: arn = '', Name: name = '' } = described;
  const [, partition, , , accountId] = arn.split(':');
  if (accountId !== wanted.accountId || partition !== wanted.partition) {
    throw refused(`${arn} is not in account ${wanted.accountId} (${wanted.partition}), where the key is.`);
  }
  const userId = /\/([A-Z0-9]+)\/access-key$/.exec(name)?.[1];
  if (userId === undefined || (wanted.userId !== undefined && userId !== wanted.userId)) {
    throw refused(`${name} is not the secret of ${wanted.userId ?? 'a user'}: its name ends in <UserId>/access-key.`);
  }
  const raw = Object.fromEntries((described.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, unsigned(Key, Value)]));
  const { tags } = parseSecretTags(raw, now);
  const versions = described.VersionIdsToStages ?? {};
  const { announced, notice, exposed } = tags;
  const about = [announced?.accessKeyId, notice?.accessKeyId, ...(exposed?.accessKeyIds ?? [])].filter(
    (id) => id !== undefined,
  );
  return {
    ...{ arn, name, userId, tags, current: currentOf(versions, name) },
    knownIds: [...Object.values(versions).flatMap(keyIdsIn), ...about],
    isHandedOn: raw[secretTagNames.handedOn] !== undefined,
  };
}

/** Without its signature. */
function unsigned(name: string, value: string): string {
  return signedTagNames.includes(name) ? value.slice(0, Math.max(value.lastIndexOf(' '), 0)) : value;
}

function keyIdsIn(labels: readonly string[]): string[] {
  return labels.flatMap((label) => keyIdInLabel(label) ?? []);
}

function currentOf(versions: Record<string, string[]>, name: string): SecretFacts['current'] {
  const [versionId, labels = []] = Object.entries(versions).find(([, all]) => all.includes('AWSCURRENT')) ?? [];
  const ids = keyIdsIn(labels);
  const [accessKeyId] = ids;
  if (versionId === undefined || accessKeyId === undefined) throw refused(`No key is current in ${name}.`);
  if (ids.length > 1) throw refused(`${name} names ${ids.length} keys as its current one.`);
  return { accessKeyId, versionId };
}

/** The pair that is stored as current. Undefined if another one became current meanwhile. */
export async function readPair(
  calls: Calls,
  as: CredentialSource,
  facts: SecretFacts,
  wanted: Wanted & { now: Instant },
): Promise<KeyPair | undefined> {
  let text: string;
  try {
    text = await calls.currentValue(as, facts.arn, facts.current.versionId);
  } catch (error) {
    if (isFailure(error, 'InvalidRequest')) return undefined;
    throw readsDenied(error, facts, wanted.now) ?? explained(error, wanted);
  }
  return pairIn(text, facts, wanted.accountId);
}

/** What is stored, where it is what Keyturn stores; nothing of it stands in a message. */
export function pairIn(text: string, { name, current }: SecretFacts, accountId: string): KeyPair {
  const value = fieldsOf(text);
  const { AccessKeyId: id, SecretAccessKey: secret } = value;
  const odd = (what: string) => refused(`The value of ${name} is none of Keyturn's: ${what}.`);
  if (value.Version !== 1) throw odd('Version is not 1');
  if (typeof id !== 'string' || !/^AKIA[A-Z2-7]{12,124}$/.test(id)) throw odd('AccessKeyId is no access key ID');
  if (id !== current.accessKeyId) throw odd(`AccessKeyId is not ${current.accessKeyId}, which its label names`);
  if (value.AccountId !== accountId) throw odd(`AccountId is not ${accountId}`);
  if (typeof secret !== 'string' || !/^[A-Za-z0-9/+=]{16,128}$/.test(secret)) {
    throw odd('SecretAccessKey is no secret access key');
  }
  return { accessKeyId: id, secret: new SecretAccessKey(secret) };
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    // The parser's message would quote it.
    return {};
  }
}

/** Whoever planted it may plant another: this is not to be tried again, but told. */
export function refused(what: string): RotationError {
  return new RotationError(
    `${what} Nothing was written. Do not try again: tell the operator of Keyturn, who sees more by \`keyturn status\`.`,
  );
}

/** While others may know the old key, nobody reads with it, nor ever with an older session. */
function readsDenied(error: unknown, { tags, name }: SecretFacts, now: Instant): Error | undefined {
  const { exposed } = tags;
  if (exposed === undefined || !isFailure(error, 'AccessDenied')) return undefined;
  const until = exposed.at + EXPOSED_FOR;
  const at = formatInstant(until).slice(0, 16).replace('T', ' ');
  if (now < until) {
    return new ConflictError(
      `${name} may not be read yet, since others may know the old key. Run it again, not before ${at} UTC, and sign in again after that.`,
    );
  }
  const { code, message } = error;
  return new RotationError(
    `${message} Sessions of before ${at} UTC never read it, since others may have made one: sign in again.`,
    { code },
  );
}

function explained(error: unknown, { secretId, region, userId }: Wanted): unknown {
  if (!(error instanceof RotationError)) return error;
  const { code, isDefinite, isTransient, facts } = error;
  const because = (text: string) =>
    new RotationError(`${error.message} ${text}`, { ...facts, code, isDefinite, isTransient });
  if (isFailure(error, 'ResourceNotFound')) {
    return because(
      `There is no secret ${secretId} in ${region}. Is that the Region of Keyturn (--region)? Has a key been issued for ${userId ?? 'this user'} yet? If secrets have another prefix: --secret.`,
    );
  }
  if (isFailure(error, 'AccessDenied')) {
    return because(
      `AWS says so too where there is no such secret: has a key been issued yet, and is ${region} the Region of Keyturn (--region)? ` +
        `Otherwise the policy of ${secretId} must allow ${facts.action} to its owner: it does not where the setting ownersRead is false. ` +
        'Where reading asks for MFA: --mfa-serial. With another identity: --read-with.',
    );
  }
  return error;
}

/** When the old key stops, as it was promised; nothing is made up where no promise is recorded. */
export function oldKeyUntil({ tags, current }: SecretFacts): Instant | undefined {
  const since = tags.currentSince;
  if (since === undefined || since.accessKeyId !== current.accessKeyId) return undefined;
  const days = since.graceDays ?? since.promised?.graceDays;
  return days === undefined ? undefined : since.at + days * DAY;
}

export function isRolledBack({ tags }: SecretFacts): boolean {
  return tags.announced?.event === 'rolled-back' && tags.currentSince === undefined;
}
