import { isoSeconds, wholeSecond } from '../clock.ts';
import { AwsError, constraintError } from '../errors.ts';
import { isRecord, jsonOf, optionalInteger, optionalText, tagList, text } from '../input.ts';
import { parseStatements } from '../policies/policy.ts';
import type { Environment, Operations } from '../service.ts';
import { pageOfArray } from './iam-lookup.ts';
import type { IamRole, IamState } from './iam-state.ts';

export interface NewRole {
  readonly name: string;
  readonly path?: string;
  readonly trust: unknown;
  /** What it may do; absent: everything that no other policy denies. */
  readonly policies?: readonly unknown[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly maxSessionSeconds?: number;
  readonly description?: string;
}

/** What a person or a template does to roles: no call, nothing recorded. */
export interface RoleHelpers {
  /** Makes it, or makes it anew: under its old name it has another ID. */
  putRole(role: NewRole): IamRole;
  role(name: string): IamRole | undefined;
  setRoleTags(name: string, tags: Readonly<Record<string, string>>): void;
  setTrust(name: string, trust: unknown): void;
  deleteRole(name: string): void;
}

const shortestSession = 3_600;
const longestSession = 43_200;

/** A trust policy is about the role that it belongs to, so it names no resource. */
function trustOf(document: unknown): IamRole['trust'] {
  if (!isRecord(document)) throw malformed();
  const items: unknown[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  const Statement = items.map((item) => (isRecord(item) ? { ...item, Resource: '*' } : item));
  return { document, statements: parseStatements({ ...document, Statement }) };
}

function malformed(): AwsError {
  return new AwsError(400, 'MalformedPolicyDocument', 'This policy contains invalid Json');
}

function noSuchRole(name: string): AwsError {
  return new AwsError(404, 'NoSuchEntity', `The role with name ${name} cannot be found.`);
}

function existing({ namedRoles }: IamState, name: string): IamRole {
  const role = namedRoles.get(name.toLowerCase());
  if (role === undefined) throw noSuchRole(name);
  return role;
}

function save({ namedRoles }: IamState, role: IamRole): void {
  namedRoles.set(role.roleName.toLowerCase(), role);
}

type RoleFields = Pick<IamRole, 'roleName' | 'path' | 'description' | 'maxSessionSeconds' | 'trust' | 'tags'>;

function newRole({ accountId, clock, random }: Environment, fields: RoleFields): IamRole {
  const { roleName, path } = fields;
  const arn = `arn:aws:iam::${accountId}:role${path}${roleName}`;
  return { ...fields, arn, roleId: `AROA${random.text(17)}`, createdAt: wholeSecond(clock.now()) };
}

/** As GetRole and CreateRole show it; ListRoles leaves the tags out. */
function roleView(role: IamRole, withTags: boolean) {
  return {
    Path: role.path,
    RoleName: role.roleName,
    RoleId: role.roleId,
    Arn: role.arn,
    CreateDate: isoSeconds(role.createdAt),
    // https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html: "URL-encoded JSON".
    AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(role.trust.document)),
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds,
    Tags: withTags && role.tags.length > 0 ? role.tags : undefined,
  };
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html and its neighbours. */
export function createRoleOperations(environment: Environment, state: IamState): Operations {
  return {
    CreateRole(input) {
      const roleName = text(input, 'RoleName');
      if (!/^[\w+=,.@-]{1,64}$/.test(roleName)) {
        throw constraintError('roleName', 'satisfy regular expression pattern: [\\w+=,.@-]+');
      }
      if (state.namedRoles.has(roleName.toLowerCase())) {
        throw new AwsError(409, 'EntityAlreadyExists', `Role with name ${roleName} already exists.`);
      }
      const seconds = optionalInteger(input, 'MaxSessionDuration', shortestSession, longestSession);
      const role = newRole(environment, {
        roleName,
        path: optionalText(input, 'Path') ?? '/',
        description: optionalText(input, 'Description'),
        maxSessionSeconds: seconds ?? shortestSession,
        trust: trustOf(jsonOf(text(input, 'AssumeRolePolicyDocument'), malformed)),
        tags: tagList(input),
      });
      save(state, role);
      return { Role: roleView(role, true) };
    },

    GetRole: (input) => ({ Role: { ...roleView(existing(state, text(input, 'RoleName')), true), RoleLastUsed: {} } }),

    ListRoles(input) {
      const prefix = optionalText(input, 'PathPrefix') ?? '/';
      const found = [...state.namedRoles.values()]
        .filter(({ path }) => path.startsWith(prefix))
        .toSorted((a, b) => (a.roleName < b.roleName ? -1 : 1));
      return pageOfArray(environment, input, found, 'Roles', (role) => roleView(role, false));
    },

    DeleteRole(input) {
      const role = existing(state, text(input, 'RoleName'));
      remove(state, role);
    },
  };
}

function remove({ namedRoles, rolePolicies }: IamState, { roleName, arn }: IamRole): void {
  namedRoles.delete(roleName.toLowerCase());
  rolePolicies.delete(arn);
}

export function createRoleHelpers(environment: Environment, state: IamState): RoleHelpers {
  return {
    putRole({ name, path = '/', trust, policies, tags = {}, maxSessionSeconds = shortestSession, description }) {
      const role = newRole(environment, {
        roleName: name,
        path,
        description,
        maxSessionSeconds,
        trust: trustOf(trust),
        tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      });
      save(state, role);
      if (policies === undefined) state.rolePolicies.delete(role.arn);
      else state.rolePolicies.set(role.arn, policies.flatMap(parseStatements));
      return role;
    },
    role: (name) => state.namedRoles.get(name.toLowerCase()),
    setRoleTags(name, tags) {
      save(state, { ...existing(state, name), tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) });
    },
    setTrust: (name, trust) => save(state, { ...existing(state, name), trust: trustOf(trust) }),
    deleteRole: (name) => remove(state, existing(state, name)),
  };
}
