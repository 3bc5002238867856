import type { LocalAws } from '../aws/aws.ts';
import type { AccessKey, IamUser } from '../aws/iam/iam-state.ts';
import type { Secret } from '../aws/secrets-manager/secret-state.ts';
import { documentOf } from './json.ts';
import { keyIdOfLabel, unsigned } from './unsigned.ts';

/** One user and their secret as the embedded AWS has them, immutable: two looks are equal if nothing was written. */
export interface Look {
  readonly user: IamUser | undefined;
  readonly secret: Secret | undefined;
}

const secretName = (userId: string) => `keyturn/${userId}/access-key`;

export function lookAt(aws: LocalAws, userId: string): Look {
  return { user: aws.iam.state.users.get(userId), secret: aws.secrets.state.find(secretName(userId)) };
}

/** Other Regions in which a key of the user is kept. A copy of the secret that is here is none of those. */
export function keptElsewhere(aws: LocalAws, userId: string): string[] {
  return aws.otherRegions.filter((region) => {
    const { deletedAt, primaryRegion, versions = [] } = aws.secretsIn(region).state.find(secretName(userId)) ?? {};
    return versions.length > 0 && deletedAt === undefined && primaryRegion !== aws.region;
  });
}

export function keysOf({ user }: Look): readonly AccessKey[] {
  return user?.keys ?? [];
}

export function keyOf(look: Look, accessKeyId: string | undefined): AccessKey | undefined {
  return keysOf(look).find((key) => key.accessKeyId === accessKeyId);
}

export function isActive(look: Look, accessKeyId: string): boolean {
  return keyOf(look, accessKeyId)?.status === 'Active';
}

/** How long the key has not been used; from its creation if it never was. */
export function idleFor({ createdAt, lastUsed }: AccessKey, now: number): number {
  return now - Math.max(createdAt, lastUsed?.at ?? 0);
}

/** Not only by the proof that it works. */
export function isInUse(key: AccessKey | undefined): boolean {
  return key?.lastUsed !== undefined && key.lastUsed.service !== 'sts';
}

export function tag({ secret }: Look, name: string): string | undefined {
  const value = secret?.tags.find(({ Key }) => Key === `keyturn:${name}`)?.Value;
  return value === undefined ? undefined : unsigned(value);
}

export function userTag({ user }: Look, name: string): string | undefined {
  return user?.tags.find(({ Key }) => Key === `keyturn:${name}`)?.Value;
}

/** Labels that are access key IDs, with the version they are on. */
export function keyLabels({ secret }: Pick<Look, 'secret'>): { label: string; versionId: string }[] {
  const versions = secret?.versions ?? [];
  return versions.flatMap(({ labels, versionId }) =>
    labels.flatMap((label) => {
      const id = keyIdOfLabel(label);
      return id === undefined ? [] : [{ label: id, versionId }];
    }),
  );
}

/** What a reader of the secret gets; undefined without a readable value. */
export function currentValue({ secret }: Look): ReturnType<typeof storedKey> {
  if (secret === undefined || secret.deletedAt !== undefined) return undefined;
  return storedKey(secret.versions.find(({ labels }) => labels.includes('AWSCURRENT'))?.value.text);
}

export function currentKeyId(look: Look): string | undefined {
  return currentValue(look)?.accessKeyId;
}

/** What a `credential_process` would take from a value. */
export function storedKey(text = ''): { accessKeyId: string; secretAccessKey: string } | undefined {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = documentOf(text);
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string') return undefined;
  return { accessKeyId, secretAccessKey };
}

/** `instant key-ID …` of a tag, read without the service's own parser. */
export function record(look: Look, name: string): { at: number; accessKeyId: string; rest: string } | undefined {
  const [instant = '', accessKeyId = '', ...rest] = tag(look, name)?.split(' ') ?? [];
  const at = Date.parse(instant);
  return Number.isNaN(at) ? undefined : { at, accessKeyId, rest: rest.join(' ') };
}

/** `verb instant deadline …` of the intent. */
export function intentOf(look: Look): { verb: string; at: number; deadlineAt: number; runId: string } | undefined {
  const [verb = '', instant = '', deadline = '', runId = ''] = tag(look, 'doing')?.split(' ') ?? [];
  const at = Date.parse(instant);
  return Number.isNaN(at) ? undefined : { verb, at, deadlineAt: Date.parse(deadline), runId };
}

/** Of the intent: `<verb>/<UserId>/<its instant>`, as every announcement of what is done under it carries it. */
export function transitionIdOf(userId: string, look: Look): string | undefined {
  const intent = intentOf(look);
  return intent && `${intent.verb}/${userId}/${new Date(intent.at).toISOString()}`;
}
