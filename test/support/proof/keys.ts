import type { LocalAws } from '../../../local/aws/aws.ts';
import type { AccessKey, IamUser } from '../../../local/aws/iam/iam-state.ts';
import type { Secret } from '../../../local/aws/secrets-manager/secret-state.ts';
import { keyIdOfLabel, unsigned } from '../../../local/checker/unsigned.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** One user and their secret as the embedded AWS has them, immutable: two looks are equal if nothing was written. */
export interface Look {
  readonly user: IamUser | undefined;
  readonly secret: Secret | undefined;
}

export function lookAt(aws: LocalAws, userId: string): Look {
  return { user: aws.iam.state.users.get(userId), secret: aws.secrets.state.find(`keyturn/${userId}/access-key`) };
}

export function keysOf({ user }: Look): readonly AccessKey[] {
  return user?.keys ?? [];
}

export function keyOf(look: Look, accessKeyId: string | undefined): AccessKey | undefined {
  return keysOf(look).find((key) => key.accessKeyId === accessKeyId);
}

export function tag({ secret }: Look, name: string): string | undefined {
  const value = secret?.tags.find(({ Key }) => Key === `keyturn:${name}`)?.Value;
  return value === undefined ? undefined : unsigned(value);
}

export function userTag({ user }: Look, name: string): string | undefined {
  return user?.tags.find(({ Key }) => Key === `keyturn:${name}`)?.Value;
}

/** Labels that are access key IDs, with the version they are on. */
export function keyLabels({ secret }: Look): { label: string; versionId: string }[] {
  const versions = secret?.versions ?? [];
  return versions.flatMap(({ labels, versionId }) =>
    labels.flatMap((label) => {
      const id = keyIdOfLabel(label);
      return id === undefined ? [] : [{ label: id, versionId }];
    }),
  );
}

/** The key in the value that a reader of the secret gets; undefined without a readable value. */
export function currentKeyId({ secret }: Look): string | undefined {
  if (secret === undefined || secret.deletedAt !== undefined) return undefined;
  return storedKey(secret.versions.find(({ labels }) => labels.includes('AWSCURRENT'))?.value.text)?.accessKeyId;
}

/** What a `credential_process` would take from a value. */
export function storedKey(text: string | undefined): { accessKeyId: string; secretAccessKey: string } | undefined {
  try {
    const value: Record<string, unknown> = JSON.parse(text ?? '');
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = value;
    if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string') return undefined;
    return { accessKeyId, secretAccessKey };
  } catch {
    return undefined;
  }
}

/** `instant key-ID …` of a tag, read without the service's own parser. */
export function record(look: Look, name: string): { at: number; accessKeyId: string; rest: string } | undefined {
  const [instant = '', accessKeyId = '', ...rest] = tag(look, name)?.split(' ') ?? [];
  const at = Date.parse(instant);
  return Number.isNaN(at) ? undefined : { at, accessKeyId, rest: rest.join(' ') };
}

/** `verb instant deadline …` of the intent. */
export function intent(look: Look): { verb: string; at: number; deadlineAt: number; runId: string } | undefined {
  const [verb = '', instant = '', deadline = '', runId = ''] = tag(look, 'doing')?.split(' ') ?? [];
  const at = Date.parse(instant);
  return Number.isNaN(at) ? undefined : { verb, at, deadlineAt: Date.parse(deadline), runId };
}
