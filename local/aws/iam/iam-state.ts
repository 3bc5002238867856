import { isoSeconds, wholeSecond } from '../clock.ts';
import { AwsError } from '../errors.ts';
import { createTimeline, type Timeline } from '../history.ts';
import type { Tag } from '../input.ts';
import type { Statement } from '../policies/policy.ts';
import { builtInPrincipals } from '../principals.ts';
import type { Environment, Principal } from '../service.ts';

export interface LastUse {
  readonly at: number;
  readonly service: string;
  readonly region: string;
}

export interface AccessKey {
  readonly accessKeyId: string;
  readonly status: 'Active' | 'Inactive';
  /** Whole seconds, as IAM returns it. */
  readonly createdAt: number;
  /** When the key begins to authenticate: IAM takes seconds to propagate a new key. */
  readonly usableAt: number;
  /** Creation or the latest change to Active: the report's `last_rotated`. */
  readonly activatedAt: number;
  readonly lastUsed: LastUse | undefined;
}

/** One IAM user with everything that belongs to it. Immutable; a write replaces it. */
export interface IamUser {
  readonly userId: string;
  readonly userName: string;
  readonly path: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly tags: readonly Tag[];
  readonly groups: readonly string[];
  /** Names of AWS's managed policies that are attached to the user itself. */
  readonly policies: readonly string[];
  readonly keys: readonly AccessKey[];
  readonly passwordEnabled: boolean;
  readonly mfaActive: boolean;
}

export interface Group {
  readonly groupName: string;
  readonly groupId: string;
  readonly path: string;
  readonly createdAt: number;
}

/** Temporary credentials of a user, from GetSessionToken. */
export interface UserSession {
  readonly userId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A role with its trust policy. What it may do is in `rolePolicies`, by its ARN. Immutable; a write replaces it. */
export interface IamRole {
  readonly roleName: string;
  readonly roleId: string;
  readonly arn: string;
  readonly path: string;
  readonly createdAt: number;
  readonly description: string | undefined;
  readonly maxSessionSeconds: number;
  /** Who may take it, as it was written and as it is evaluated. */
  readonly trust: { readonly document: unknown; readonly statements: readonly Statement[] };
  readonly tags: readonly Tag[];
}

/** Temporary credentials of a role, from AssumeRole. */
export interface AssumedSession {
  readonly principal: Extract<Principal, { kind: 'role' }>;
  readonly roleName: string;
  /** A role made anew under its old name is another one. */
  readonly roleId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: number;
  /** Narrows what the role may do. */
  readonly policy: readonly Statement[] | undefined;
}

/** The state of IAM and the few ways to change it that operations and test helpers share. */
export interface IamState {
  readonly users: Timeline<IamUser>;
  readonly groups: Map<string, Group>;
  isRootKeyActive: boolean;
  hasRootMfa: boolean;
  /** Whether a virtual device is among them. */
  isRootMfaVirtual: boolean;
  /** Root and the sessions of roles, by access key ID; any ID that nobody has is the operator's. */
  readonly roles: Map<string, Principal>;
  /**
   * What their policies say, by the ARN of a role: asked by simulations, and of whoever has taken a role or takes one.
   * Every role may do everything else here.
   */
  readonly rolePolicies: Map<string, readonly Statement[]>;
  /** Actions that the organization denies, as a simulation says; absent: the account is in none. Nothing else asks. */
  deniedByOrganization?: readonly string[];
  /** Roles that can be looked at and taken, by name in lower case. */
  readonly namedRoles: Map<string, IamRole>;
  /** Sessions of those who have taken one, by access key ID. */
  readonly assumed: Map<string, AssumedSession>;
  /** Sessions that users have made with their keys, by access key ID. */
  readonly sessions: Map<string, UserSession>;
  findUser(userName: string, asOf?: number): IamUser | undefined;
  /** The user, or NoSuchEntity with AWS's text. */
  user(userName: string, asOf?: number): IamUser;
  /** Where an access key is, whoever it belongs to. */
  findKey(accessKeyId: string, asOf?: number): { user: IamUser; key: AccessKey } | undefined;
  secretAccessKey(accessKeyId: string): string | undefined;
  everySecretAccessKey(): string[];
  save(user: IamUser): void;
  remove(userId: string): void;
  replaceKey(userId: string, key: AccessKey): void;
  newUser(userName: string, path: string, tags: readonly Tag[]): IamUser;
  newKey(user: IamUser, usableAt: number): AccessKey;
  arnOf(path: string, userName: string): string;
}

export const keysPerUser = 2;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Where users and keys are: by every name and ID that they ever had, so that stale reads find them too. */
interface Directory {
  readonly users: Timeline<IamUser>;
  readonly idsByName: Map<string, Set<string>>;
  readonly userIdByKey: Map<string, string>;
}

function findUser({ users, idsByName }: Directory, userName: string, asOf?: number): IamUser | undefined {
  // Names are unique ignoring case, and looked up ignoring it too.
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  const name = userName.toLowerCase();
  for (const id of idsByName.get(name) ?? []) {
    const user = users.get(id, asOf);
    if (user !== undefined && user.userName.toLowerCase() === name) return user;
  }
  return undefined;
}

function findKey({ users, userIdByKey }: Directory, accessKeyId: string, asOf?: number) {
  const user = users.get(userIdByKey.get(accessKeyId) ?? '', asOf);
  const key = user?.keys.find((candidate) => candidate.accessKeyId === accessKeyId);
  return user === undefined || key === undefined ? undefined : { user, key };
}

export function createIamState({ accountId, roleSuffix, clock, random }: Environment): IamState {
  const users = createTimeline<IamUser>();
  const directory: Directory = { users, idsByName: new Map(), userIdByKey: new Map() };
  const secrets = new Map<string, string>();
  const arnOf = (path: string, userName: string) => `arn:aws:iam::${accountId}:user${path}${userName}`;

  function save(changed: IamUser): void {
    const name = changed.userName.toLowerCase();
    const ids = directory.idsByName.get(name);
    if (ids === undefined) directory.idsByName.set(name, new Set([changed.userId]));
    else ids.add(changed.userId);
    users.set(changed.userId, changed, clock.now());
  }

  return {
    users,
    groups: new Map(),
    isRootKeyActive: false,
    hasRootMfa: true,
    isRootMfaVirtual: false,
    roles: new Map(builtInPrincipals(accountId, roleSuffix)),
    rolePolicies: new Map(),
    namedRoles: new Map(),
    assumed: new Map(),
    sessions: new Map(),
    findUser: (userName, asOf) => findUser(directory, userName, asOf),
    user(userName, asOf) {
      const found = findUser(directory, userName, asOf);
      if (found !== undefined) return found;
      throw new AwsError(404, 'NoSuchEntity', `The user with name ${userName} cannot be found.`);
    },
    findKey: (accessKeyId, asOf) => findKey(directory, accessKeyId, asOf),
    secretAccessKey: (accessKeyId) => secrets.get(accessKeyId),
    everySecretAccessKey: () => [...secrets.values()],
    save,
    remove: (userId) => users.set(userId, undefined, clock.now()),
    replaceKey(userId, key) {
      const owner = users.get(userId);
      if (owner === undefined) return;
      save({ ...owner, keys: owner.keys.map((k) => (k.accessKeyId === key.accessKeyId ? key : k)) });
    },
    newUser(userName, path, tags) {
      const userId = `AIDA${random.text(17)}`;
      const createdAt = wholeSecond(clock.now());
      return { ...noBelongings, userId, userName, path, arn: arnOf(path, userName), createdAt, tags };
    },
    newKey({ userId }, usableAt) {
      const createdAt = wholeSecond(clock.now());
      const accessKeyId = `AKIA${random.text(16)}`;
      secrets.set(accessKeyId, random.text(40, letters));
      directory.userIdByKey.set(accessKeyId, userId);
      return { accessKeyId, status: 'Active', createdAt, usableAt, activatedAt: createdAt, lastUsed: undefined };
    },
    arnOf,
  };
}

const noBelongings = { groups: [], policies: [], keys: [], passwordEnabled: false, mfaActive: false };

/** A user as GetUser, ListUsers and CreateUser show it; ListUsers leaves the tags out. */
export function userView(user: IamUser, withTags: boolean): Record<string, unknown> {
  return {
    Path: user.path,
    UserName: user.userName,
    UserId: user.userId,
    Arn: user.arn,
    CreateDate: isoSeconds(user.createdAt),
    Tags: withTags && user.tags.length > 0 ? user.tags : undefined,
  };
}
