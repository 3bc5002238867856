import {
  GetAccessKeyLastUsedCommand,
  GetUserCommand,
  paginateListAccessKeys,
  paginateListGroupsForUser,
} from '@aws-sdk/client-iam';
import {
  DescribeSecretCommand,
  type DescribeSecretCommandOutput,
  paginateListSecretVersionIds,
  type SecretListEntry,
} from '@aws-sdk/client-secrets-manager';
import { aboutUser, isFailure, RotationError } from '../core/errors.ts';
import type { AccessKey, LastUsed, Replica, Secret, User, UserState } from '../core/model.ts';
import { listed, present } from '../core/present.ts';
import { secretNameOf, userIdOfSecretName } from '../core/secret-name.ts';
import { pendingVersion } from '../core/secret-versions.ts';
import type { Settings } from '../core/settings.ts';
import { verifySecret } from '../core/signed-state.ts';
import type { Verifier } from '../core/state-key.ts';
import type { Instant } from '../core/time.ts';
import type { Aws } from './clients.ts';

/** What reads the state of a user. */
export interface Reader {
  aws: Aws;
  settings: Settings;
  /** Tells our own state from what others wrote. */
  verifier: Verifier;
  /** As if no user had one. */
  skipsSecret?: true;
}

/** Only what IAM says, for what must not wait for anything else. */
export function withoutSecret(reader: Reader): Reader {
  return { ...reader, skipsSecret: true };
}

export interface UserReference {
  userName: string;
  /** When known: a namesake made since is another user. */
  userId?: string;
  accountId?: string;
}

/** Whether the last use of that key is worth a call, by what is known without it. */
export type AsksLastUse = (state: UserState, accessKeyId: string) => boolean;

/** The user as IAM shows it now, or undefined if there is none of that name and UserId. */
export async function observeUser(
  reader: Reader,
  reference: UserReference,
  asksLastUse?: AsksLastUse,
): Promise<UserState | undefined> {
  try {
    const user = await getUser(reader, reference);
    return user === undefined ? undefined : await observeAgain(reader, user, asksLastUse);
  } catch (error) {
    const { userName, accountId } = reference;
    const account = accountId === undefined ? {} : { accountId };
    throw aboutUser(error, `Cannot look at ${userName}${orOutside(error, reader.settings)}`, { userName, ...account });
  }
}

/** The roles of a deployment for one path may not read other users: no permission is missing then. */
function orOutside(error: unknown, { userPathPrefix }: Settings): string {
  return userPathPrefix !== '/' && isFailure(error, 'AccessDenied') ? `, who may not be below ${userPathPrefix}` : '';
}

/**
 * The keys, then the secret, then the last use of each key: in this order, so that the secret is never older than the
 * list of keys. A label without its key then is a deletion, not a key that was not there yet.
 */
export async function observeAgain(
  reader: Reader,
  user: User,
  asksLastUse: AsksLastUse = () => true,
): Promise<UserState> {
  const { aws, settings } = reader;
  const keys = await listAccessKeys(aws, user.userName);
  const secretName = secretNameOf(settings.secretPrefix, user.userId);
  const described = reader.skipsSecret ? undefined : await describeSecret(reader, secretName);
  if (described !== undefined && accountIdOf(described.arn) !== user.accountId) throw elsewhere(described, user);
  const secret = described === undefined ? undefined : await withPendingSince(aws, described);
  const known: UserState = { user, keys, ...present({ secret }) };
  const observed: AccessKey[] = [];
  for (const key of keys) {
    const lastUsed = asksLastUse(known, key.accessKeyId) ? await getLastUsed(aws, key.accessKeyId) : undefined;
    observed.push(lastUsed === undefined ? key : { ...key, lastUsed });
  }
  return { ...known, keys: observed };
}

/** A key must be stored nowhere else, so a session that shows another account's secret is not worked with. */
function elsewhere({ arn }: Secret, { userName, accountId }: User): RotationError {
  return new RotationError(`The secret ${arn} is not of the account of ${userName}; nothing was changed.`, {
    userName,
    accountId,
  });
}

/** Only ListSecretVersionIds tells the age of a version, and only that of a rotation in progress is asked for. */
async function withPendingSince(aws: Aws, secret: Secret): Promise<Secret> {
  const versionId = pendingVersion(secret);
  const pendingSince = versionId === undefined ? undefined : await createdAtOf(aws, secret, versionId);
  return pendingSince === undefined ? secret : { ...secret, pendingSince };
}

async function createdAtOf(aws: Aws, { arn }: Secret, versionId: string): Promise<Instant | undefined> {
  for await (const page of paginateListSecretVersionIds({ client: aws.secrets }, { SecretId: arn })) {
    const version = page.Versions?.find(({ VersionId }) => VersionId === versionId);
    if (version !== undefined) return version.CreatedDate?.getTime();
  }
  return undefined;
}

async function getUser(
  { aws, settings }: Reader,
  { userName, userId, accountId }: UserReference,
): Promise<User | undefined> {
  const found = await orAbsent('NoSuchEntity', aws.iam.send(new GetUserCommand({ UserName: userName })));
  const user = found?.User;
  if (user === undefined || (userId !== undefined && user.UserId !== userId)) return undefined;
  const { Path: path = '/' } = user;
  const arn = required(user.Arn, 'iam:GetUser', 'Arn');
  if (accountId !== undefined && accountId !== accountIdOf(arn)) return undefined;
  return {
    accountId: accountIdOf(arn),
    userId: required(user.UserId, 'iam:GetUser', 'UserId'),
    userName: required(user.UserName, 'iam:GetUser', 'UserName'),
    arn,
    path,
    tags: tagsOf(user.Tags),
    groups: settings.exemptGroups.length === 0 ? [] : await listGroups(aws, userName),
  };
}

/** The account of an ARN: its fifth field. */
export function accountIdOf(arn: string): string {
  const [, , , , accountId = ''] = arn.split(':');
  return accountId;
}

async function listGroups(aws: Aws, userName: string): Promise<string[]> {
  const groups: string[] = [];
  for await (const page of paginateListGroupsForUser({ client: aws.iam }, { UserName: userName })) {
    for (const { GroupName } of listed(page.Groups))
      groups.push(required(GroupName, 'iam:ListGroupsForUser', 'GroupName'));
  }
  return groups;
}

/** Every access key of the user, without its last use. */
export async function listAccessKeys(aws: Aws, userName: string): Promise<AccessKey[]> {
  const keys: AccessKey[] = [];
  for await (const page of paginateListAccessKeys({ client: aws.iam }, { UserName: userName })) {
    for (const { AccessKeyId, Status: status = 'unknown', CreateDate } of listed(page.AccessKeyMetadata)) {
      keys.push({
        accessKeyId: required(AccessKeyId, 'iam:ListAccessKeys', 'AccessKeyId'),
        status,
        createdAt: required(CreateDate, 'iam:ListAccessKeys', 'CreateDate').getTime(),
      });
    }
  }
  return keys;
}

/** No date means that no use was ever recorded (`ServiceName` and `Region` are then `N/A`). */
export async function getLastUsed(aws: Aws, accessKeyId: string): Promise<LastUsed | undefined> {
  const { AccessKeyLastUsed: used } = await aws.iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }));
  if (used?.LastUsedDate === undefined) return undefined;
  const { LastUsedDate, ServiceName: service = 'N/A', Region: region = 'N/A' } = used;
  return { at: LastUsedDate.getTime(), service, region };
}

/** The secret's metadata, or undefined if there is none of that name. */
export async function describeSecret(reader: Reader, name: string): Promise<Secret | undefined> {
  const call = reader.aws.secrets.send(new DescribeSecretCommand({ SecretId: name }));
  const found = await orAbsent('ResourceNotFound', call);
  if (found === undefined) return undefined;
  const replicas = (found.ReplicationStatus ?? []).map(({ Region, Status = '', StatusMessage }) => ({
    region: required(Region, 'secretsmanager:DescribeSecret', 'ReplicationStatus'),
    status: Status,
    ...present({ because: StatusMessage }),
  }));
  return secretOf(reader, { ...found, SecretVersionsToStages: found.VersionIdsToStages }, replicas);
}

type Described =
  | Omit<DescribeSecretCommandOutput, '$metadata' | 'ReplicationStatus' | 'VersionIdsToStages'>
  | SecretListEntry;

/** One secret of DescribeSecret or ListSecrets; the latter calls the labels by another name and knows no replicas. */
export function secretOf(
  { settings, verifier }: Omit<Reader, 'aws'>,
  entry: Described & { SecretVersionsToStages?: Record<string, string[]> | undefined },
  replicas?: readonly Replica[],
): Secret {
  const action = 'secretsmanager:DescribeSecret';
  const arn = required(entry.ARN, action, 'ARN');
  const name = required(entry.Name, action, 'Name');
  const userId = userIdOfSecretName(settings.secretPrefix, name);
  const written = {
    arn,
    name,
    createdAt: required(entry.CreatedDate, action, 'CreatedDate').getTime(),
    rotationEnabled: entry.RotationEnabled ?? false,
    ...present({ replicas }),
    tags: tagsOf(entry.Tags),
    versions: entry.SecretVersionsToStages ?? {},
    ...present({ description: entry.Description, kmsKeyId: entry.KmsKeyId, owningService: entry.OwningService }),
    ...present({ deletedAt: entry.DeletedDate?.getTime(), rotationLambdaArn: entry.RotationLambdaARN }),
  };
  return verifySecret(written, userId === undefined ? undefined : { accountId: accountIdOf(arn), userId }, verifier);
}

/** AWS's list of tags as a record. */
export function tagsOf(
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Record<string, string> {
  return Object.fromEntries(listed(tags).map(({ Key = '', Value = '' }) => [Key, Value]));
}

/** An expected "there is none" as undefined; every other failure stays one. */
async function orAbsent<T>(code: string, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isFailure(error, code)) return undefined;
    throw error;
  }
}

/** A response without a member that AWS promises is a doubt, and any doubt means no change. */
export function required<T>(value: T | undefined, action: string, member: string): T {
  if (value === undefined) throw new RotationError(`The answer of ${action} has no ${member}.`, { action });
  return value;
}
