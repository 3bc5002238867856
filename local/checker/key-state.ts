import type { Call, LocalAws } from '../aws/aws.ts';
import type { AccessKey, IamUser } from '../aws/iam/iam-state.ts';
import type { SecretView } from '../aws/secrets-manager/secret-helpers.ts';
import { documentOf } from './json.ts';
import { keyIdOfLabel } from './unsigned.ts';

/** One access key with what is known about its user. */
export interface KeyState {
  readonly userId: string;
  readonly userName: string;
  readonly userTags: Readonly<Record<string, string>>;
  readonly accessKeyId: string;
  readonly status: 'Active' | 'Inactive';
  readonly createdAt: number;
  /** 0: never. */
  readonly lastUsedAt: number;
}

export type ChangeKind = 'made' | 'deactivated' | 'reactivated' | 'deleted';

/** What one call did to one key; `key` is the key as it was before, or, of a new one, as it is. */
export interface Change {
  readonly kind: ChangeKind;
  readonly key: KeyState;
}

/** Every change of a key by the call that was made at this instant. */
export function changesOf(aws: LocalAws, at: number): Change[] {
  const { users } = aws.iam.state;
  return users.ids.flatMap((userId) => {
    const now = users.get(userId);
    const before = users.get(userId, at - 1);
    return now === before || before === undefined ? [] : compare(before, now);
  });
}

function compare(before: IamUser, now: IamUser | undefined): Change[] {
  const keys = now?.keys ?? [];
  const made = keys.filter(({ accessKeyId }) => before.keys.every((old) => old.accessKeyId !== accessKeyId));
  const changed = before.keys.flatMap((old): Change[] => {
    const key = keys.find(({ accessKeyId }) => accessKeyId === old.accessKeyId);
    if (key?.status === old.status) return [];
    const kind = key === undefined ? 'deleted' : key.status === 'Active' ? 'reactivated' : 'deactivated';
    return [{ kind, key: stateOf(before, old) }];
  });
  return [...made.map((key): Change => ({ kind: 'made', key: stateOf(before, key) })), ...changed];
}

export function stateOf(user: IamUser, key: AccessKey): KeyState {
  return {
    userId: user.userId,
    userName: user.userName,
    userTags: tagsOf(user),
    accessKeyId: key.accessKeyId,
    status: key.status,
    createdAt: key.createdAt,
    lastUsedAt: key.lastUsed?.at ?? 0,
  };
}

export function tagsOf({ tags }: IamUser): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

/** How long the key has not been used, in ms; from its creation if it never was. */
export function idleFor({ lastUsedAt, createdAt }: KeyState, at: number): number {
  return at - Math.max(lastUsedAt, createdAt);
}

export function secretOf(aws: LocalAws, userId: string): SecretView | undefined {
  return aws.secrets.find(`keyturn/${userId}/access-key`);
}

/** The key that the secret hands out, if that is a usable secret of this user's own working key. */
export function currentKeyOf(aws: LocalAws, userId: string): KeyState | undefined {
  const secret = secretOf(aws, userId);
  if (secret?.currentValue === undefined || secret.deletedAt !== undefined) return undefined;
  const stored = parseValue(secret.currentValue);
  const user = aws.iam.state.users.get(userId);
  const key = user?.keys.find(({ accessKeyId }) => accessKeyId === stored?.accessKeyId);
  if (user === undefined || key === undefined) return undefined;
  return aws.iam.secretAccessKeyOf(key.accessKeyId) === stored?.secretAccessKey ? stateOf(user, key) : undefined;
}

/** What a `credential_process` would read in a secret's value; undefined if it is not that. */
export function parseValue(text: string): { accessKeyId: string; secretAccessKey: string } | undefined {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = documentOf(text);
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string') return undefined;
  return { accessKeyId, secretAccessKey };
}

/** Whether the secret's value or any earlier one of it is labelled with the key: somebody may have read it. */
export function isStored(aws: LocalAws, userId: string, accessKeyId: string): boolean {
  const versions = secretOf(aws, userId)?.versions ?? [];
  return versions.some(
    ({ labels, value }) =>
      labels.some((label) => keyIdOfLabel(label) === accessKeyId) ||
      parseValue(value ?? '')?.accessKeyId === accessKeyId,
  );
}

/** The user that a call is about: by name in IAM, by the UserId in a secret's name. */
export function userOfCall(aws: LocalAws, { service, input }: Call): IamUser | undefined {
  if (service === 'iam' && typeof input.UserName === 'string') return aws.iam.state.findUser(input.UserName);
  const secretId = input.SecretId ?? input.Name;
  const userId = typeof secretId === 'string' ? /keyturn\/(\w+)\/access-key/.exec(secretId)?.[1] : undefined;
  return userId === undefined ? undefined : aws.iam.state.users.get(userId);
}
