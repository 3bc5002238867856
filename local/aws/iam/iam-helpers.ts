import { DAY, wholeSecond } from '../clock.ts';
import type { Tag } from '../input.ts';
import { parseStatements } from '../policies/policy.ts';
import { type KeyPair, roleArn } from '../principals.ts';
import type { Environment } from '../service.ts';
import type { AccessKey, IamState, IamUser, LastUse } from './iam-state.ts';

export interface NewKey {
  /** Age in days now; `createdAt` (ms) says the same by instant. Without either the key is as old as the clock. */
  readonly ageDays?: number;
  readonly createdAt?: number;
  readonly status?: 'Active' | 'Inactive';
  readonly lastUsed?: LastUse;
}

export interface NewUser {
  readonly userName: string;
  readonly path?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Created where they do not exist. */
  readonly groups?: readonly string[];
  /** Names of AWS's managed policies attached to the user. */
  readonly policies?: readonly string[];
  readonly createdAt?: number;
  readonly passwordEnabled?: boolean;
  readonly mfaActive?: boolean;
  readonly keys?: readonly NewKey[];
}

/** The part of it that is about access keys. */
export interface KeyHelpers {
  /** One more key for a user, of any age; refuses a third. */
  addKey(userName: string, key?: NewKey): KeyPair;
  keysOf(userName: string): readonly AccessKey[];
  /** The owner calls some AWS service with the key, now. Throws unless the key is Active. */
  useKey(accessKeyId: string, use: { service: string; region: string; at?: number }): void;
  secretAccessKeyOf(accessKeyId: string): string;
  /** Every secret access key ever handed out, deleted ones too: what must not be found in any log. */
  everySecretAccessKey(): string[];
  /** What a person does in the console to a key. */
  setKeyStatus(accessKeyId: string, status: 'Active' | 'Inactive'): void;
  deleteKey(accessKeyId: string): void;
}

/** What a person at the console, or the passage of time, would do: no call, no fault, nothing recorded. */
export interface IamHelpers extends KeyHelpers {
  addUser(user: NewUser): { userId: string; arn: string; keys: KeyPair[] };
  /** A session of one more role, to sign calls with: a reader that a policy names, or an attacker. */
  addRole(role: { readonly name: string; readonly path?: string }): KeyPair & { readonly arn: string };
  /** One more policy of a role. */
  putRolePolicy(roleArn: string, document: unknown): void;
  /** The account is in an organization, of which a simulation says that it denies these actions. */
  simulateOrganization(denied: readonly string[]): void;
  users(): IamUser[];
  setRootKey(isActive: boolean): void;
  setRootMfa(devices: 'none' | 'hardware' | 'virtual'): void;
  /** A person sets or deletes a password, or adds or removes a device. */
  setConsole(userName: string, access: { readonly passwordEnabled?: boolean; readonly mfaActive?: boolean }): void;
  setTags(userName: string, tags: Readonly<Record<string, string>>): void;
  deleteUser(userName: string): void;
}

export function createIamHelpers(environment: Environment, state: IamState): IamHelpers {
  const { accountId, clock, random } = environment;
  return {
    ...createKeyHelpers(environment, state),
    addUser(options) {
      if (state.findUser(options.userName)) throw new Error(`A user named ${options.userName} exists already.`);
      for (const groupName of options.groups ?? []) addGroup(environment, state, groupName);
      const user = state.newUser(options.userName, options.path ?? '/', tagsOf(options.tags ?? {}));
      const keys = (options.keys ?? []).map((key) => agedKey(environment, state, user, key));
      const oldest = Math.min(user.createdAt, ...keys.map((key) => key.createdAt));
      state.save({
        ...user,
        createdAt: options.createdAt ?? oldest,
        groups: options.groups ?? [],
        policies: options.policies ?? [],
        passwordEnabled: options.passwordEnabled ?? false,
        mfaActive: options.mfaActive ?? false,
        keys,
      });
      return { userId: user.userId, arn: user.arn, keys: keys.map((key) => pairOf(state, key)) };
    },
    addRole({ name, path }) {
      const accessKeyId = `ASIA${random.text(16)}`;
      const arn = roleArn(accountId, name, path);
      const sessionArn = `arn:aws:sts::${accountId}:assumed-role/${name}/local`;
      const userId = `AROA${random.text(17)}:local`;
      state.roles.set(accessKeyId, { kind: 'role', arn, sessionArn, userId, issuedAt: clock.now() });
      return { accessKeyId, secretAccessKey: 'not-verified', arn };
    },
    putRolePolicy(arn, document) {
      state.rolePolicies.set(arn, [...(state.rolePolicies.get(arn) ?? []), ...parseStatements(document)]);
    },
    simulateOrganization(denied) {
      state.deniedByOrganization = denied;
    },
    users: () => state.users.ids.flatMap((id) => state.users.get(id) ?? []),
    setRootKey(isActive) {
      state.isRootKeyActive = isActive;
    },
    setRootMfa(devices) {
      state.hasRootMfa = devices !== 'none';
      state.isRootMfaVirtual = devices === 'virtual';
    },
    setConsole(userName, access) {
      state.save({ ...state.user(userName), ...access });
    },
    setTags(userName, tags) {
      state.save({ ...state.user(userName), tags: tagsOf(tags) });
    },
    deleteUser(userName) {
      state.remove(state.user(userName).userId);
    },
  };
}

function addGroup({ clock, random }: Environment, { groups }: IamState, groupName: string): void {
  const id = groupName.toLowerCase();
  if (groups.has(id)) return;
  const createdAt = wholeSecond(clock.now());
  groups.set(id, { groupName, groupId: `AGPA${random.text(17)}`, path: '/', createdAt });
}

function tagsOf(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

function agedKey({ clock }: Environment, state: IamState, user: IamUser, options: NewKey): AccessKey {
  const key = state.newKey(user, 0);
  const createdAt = wholeSecond(options.createdAt ?? clock.now() - (options.ageDays ?? 0) * DAY);
  return {
    ...key,
    createdAt,
    activatedAt: createdAt,
    status: options.status ?? 'Active',
    lastUsed: options.lastUsed,
  };
}

function createKeyHelpers(environment: Environment, state: IamState): KeyHelpers {
  const { clock } = environment;

  function located(accessKeyId: string): { user: IamUser; key: AccessKey } {
    const found = state.findKey(accessKeyId);
    if (found === undefined) throw new Error(`The access key ${accessKeyId} does not exist.`);
    return found;
  }

  return {
    addKey(userName, options = {}) {
      const user = state.user(userName);
      if (user.keys.length >= 2) throw new Error(`The user ${userName} has two access keys already.`);
      const key = agedKey(environment, state, user, options);
      state.save({ ...user, keys: [...user.keys, key] });
      return pairOf(state, key);
    },
    keysOf: (userName) => state.user(userName).keys,
    useKey(accessKeyId, { service, region, at }) {
      const { user, key } = located(accessKeyId);
      if (key.status !== 'Active') {
        throw new Error(`The access key ${accessKeyId} of ${user.userName} is ${key.status}; it cannot be used.`);
      }
      state.replaceKey(user.userId, { ...key, lastUsed: { at: at ?? clock.now(), service, region } });
    },
    secretAccessKeyOf: (accessKeyId) => secretOf(state, accessKeyId),
    everySecretAccessKey: () => state.everySecretAccessKey(),
    setKeyStatus(accessKeyId, status) {
      const { user, key } = located(accessKeyId);
      if (key.status === status) return;
      const activatedAt = status === 'Active' ? wholeSecond(clock.now()) : key.activatedAt;
      state.replaceKey(user.userId, { ...key, status, activatedAt });
    },
    deleteKey(accessKeyId) {
      const { user, key } = located(accessKeyId);
      state.save({ ...user, keys: user.keys.filter((candidate) => candidate !== key) });
    },
  };
}

function pairOf(state: IamState, { accessKeyId }: AccessKey): KeyPair {
  return { accessKeyId, secretAccessKey: secretOf(state, accessKeyId) };
}

function secretOf(state: IamState, accessKeyId: string): string {
  const secret = state.secretAccessKey(accessKeyId);
  if (secret === undefined) throw new Error(`The local AWS never issued the access key ${accessKeyId}.`);
  return secret;
}
