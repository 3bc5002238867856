import { isoSeconds, wholeSecond } from '../clock.ts';
import { AwsError, constraintError } from '../errors.ts';
import { page } from '../history.ts';
import { optionalText, type Tag, tagList, text, textList } from '../input.ts';
import { type Environment, type Operations, type OperationsOn, operationsOn } from '../service.ts';
import { createCredentialReport } from './credential-report.ts';
import { createAccessKeyOperations } from './iam-access-keys.ts';
import { createIamHelpers, type IamHelpers } from './iam-helpers.ts';
import { limit, pageOf, pageOfArray, start, target } from './iam-lookup.ts';
import { createRoleHelpers, createRoleOperations, type RoleHelpers } from './iam-roles.ts';
import { createIamState, type IamState, type IamUser, userView } from './iam-state.ts';
import { createLastAccessed } from './last-accessed.ts';
import { createMfaOperations } from './mfa.ts';
import { createSimulation } from './simulation.ts';

/** IAM as this service uses it. https://docs.aws.amazon.com/IAM/latest/APIReference/ */
export interface Iam extends IamHelpers, RoleHelpers {
  readonly state: IamState;
  readonly operations: Operations;
}

const namePattern = /^[\w+=,.@-]{1,64}$/;
const pathPattern = /^(\/|\/[\u0021-\u007E]+\/)$/;
const tagKeyPattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const tagValuePattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const tagsPerUser = 50;

function checkName(field: string, value: string): string {
  if (!namePattern.test(value)) throw constraintError(field, 'satisfy regular expression pattern: [\\w+=,.@-]+');
  return value;
}

function checkPath(value: string): string {
  if (!pathPattern.test(value)) throw constraintError('path', 'begin and end with / and contain ASCII characters');
  return value;
}

function checkTags(tags: readonly Tag[]): readonly Tag[] {
  // More in one call than a user may have at all is refused by the service model already.
  if (tags.length > tagsPerUser) throw constraintError('tags', `have length less than or equal to ${tagsPerUser}`);
  for (const tag of tags) {
    if (!tagKeyPattern.test(tag.Key)) throw constraintError('tags', 'have keys of 1 to 128 allowed characters');
    if (!tagValuePattern.test(tag.Value)) throw constraintError('tags', 'have values of 0 to 256 allowed characters');
  }
  return tags;
}

/** Adds or overwrites. Tag keys of IAM are unique ignoring case, and keep the case they were last written with. */
function mergeTags(present: readonly Tag[], added: readonly Tag[]): Tag[] {
  const merged = new Map(present.map((tag) => [tag.Key.toLowerCase(), tag]));
  for (const tag of checkTags(added)) merged.set(tag.Key.toLowerCase(), tag);
  if (merged.size > tagsPerUser) {
    throw new AwsError(409, 'LimitExceeded', `Cannot exceed quota for TagsPerUser: ${tagsPerUser}`);
  }
  return [...merged.values()];
}

function entityExists(userName: string): AwsError {
  return new AwsError(409, 'EntityAlreadyExists', `User with name ${userName} already exists.`);
}

/** IAM's state, in the account that it belongs to. */
interface Account {
  readonly environment: Environment;
  readonly state: IamState;
}

const operations: OperationsOn<Account> = {
  GetUser: ({ state }, input, { principal, asOf }) => ({ User: userView(target(state, input, principal, asOf), true) }),

  ListUsers({ environment, state }, input, { asOf }) {
    const prefix = optionalText(input, 'PathPrefix') ?? '/';
    const found = page(state.users, start(input), limit(input, environment), asOf, (user) =>
      user.path.startsWith(prefix) ? userView(user, false) : undefined,
    );
    return pageOf(found.items, found.next, 'Users');
  },

  CreateUser({ state }, input) {
    const userName = checkName('userName', text(input, 'UserName'));
    if (state.findUser(userName) !== undefined) throw entityExists(userName);
    const user = state.newUser(userName, checkPath(optionalText(input, 'Path') ?? '/'), mergeTags([], tagList(input)));
    state.save(user);
    return { User: userView(user, true) };
  },

  // A rename moves the Arn; UserId, keys and groups stay.
  UpdateUser({ state }, input) {
    const user = state.user(text(input, 'UserName'));
    const userName = checkName('newUserName', optionalText(input, 'NewUserName') ?? user.userName);
    const path = checkPath(optionalText(input, 'NewPath') ?? user.path);
    const namesake = state.findUser(userName);
    if (namesake !== undefined && namesake.userId !== user.userId) throw entityExists(userName);
    state.save({ ...user, userName, path, arn: state.arnOf(path, userName) });
  },

  DeleteUser({ state }, input, { principal }) {
    const user = target(state, input, principal);
    const attached = user.keys.length > 0 ? 'delete access keys' : 'remove users from group';
    if (user.keys.length + user.groups.length > 0) {
      throw new AwsError(409, 'DeleteConflict', `Cannot delete entity, must ${attached} first.`);
    }
    state.remove(user.userId);
  },

  ListUserTags: ({ environment, state }, input, { asOf }) =>
    pageOfArray(environment, input, state.user(text(input, 'UserName'), asOf).tags, 'Tags', (tag) => tag),

  TagUser({ state }, input) {
    const user = state.user(text(input, 'UserName'));
    state.save({ ...user, tags: mergeTags(user.tags, tagList(input)) });
  },

  UntagUser({ state }, input) {
    const user = state.user(text(input, 'UserName'));
    const removed = new Set(textList(input, 'TagKeys').map((key) => key.toLowerCase()));
    state.save({ ...user, tags: user.tags.filter((tag) => !removed.has(tag.Key.toLowerCase())) });
  },

  CreateGroup(account, input, { now }) {
    const { environment, state } = account;
    const groupName = text(input, 'GroupName');
    if (state.groups.has(groupName.toLowerCase())) {
      throw new AwsError(409, 'EntityAlreadyExists', `Group with name ${groupName} already exists.`);
    }
    const group = {
      groupName,
      groupId: `AGPA${environment.random.text(17)}`,
      path: checkPath(optionalText(input, 'Path') ?? '/'),
      createdAt: wholeSecond(now),
    };
    state.groups.set(groupName.toLowerCase(), group);
    return { Group: groupView(account, groupName) };
  },

  AddUserToGroup({ state }, input) {
    const user = state.user(text(input, 'UserName'));
    const groupName = text(input, 'GroupName');
    const group = state.groups.get(groupName.toLowerCase());
    if (group === undefined) {
      throw new AwsError(404, 'NoSuchEntity', `The group with name ${groupName} cannot be found.`);
    }
    if (!user.groups.includes(group.groupName)) state.save({ ...user, groups: [...user.groups, group.groupName] });
  },

  ListGroupsForUser(account, input, { asOf }) {
    const { environment, state } = account;
    const { groups } = state.user(text(input, 'UserName'), asOf);
    return pageOfArray(environment, input, groups, 'Groups', (name) => groupView(account, name));
  },

  ListAttachedUserPolicies: ({ environment, state }, input, { asOf }) =>
    pageOfArray(
      environment,
      input,
      state.user(text(input, 'UserName'), asOf).policies,
      'AttachedPolicies',
      (PolicyName) => ({
        PolicyName,
        PolicyArn: `arn:aws:iam::aws:policy/${PolicyName}`,
      }),
    ),

  GetAccountAuthorizationDetails({ environment, state }, input, { asOf }) {
    const filter = textList(input, 'Filter');
    const wantsUsers = filter.length === 0 || filter.includes('User');
    const found = wantsUsers
      ? page(state.users, start(input), limit(input, environment), asOf, userDetail)
      : { items: [], next: undefined };
    return {
      GroupDetailList: [],
      RoleDetailList: [],
      Policies: [],
      ...pageOf(found.items, found.next, 'UserDetailList'),
    };
  },
};

function groupView({ environment, state }: Account, groupName: string) {
  const group = state.groups.get(groupName.toLowerCase());
  const path = group?.path ?? '/';
  return {
    Path: path,
    GroupName: groupName,
    GroupId: group?.groupId,
    Arn: `arn:aws:iam::${environment.accountId}:group${path}${groupName}`,
    CreateDate: isoSeconds(group?.createdAt ?? 0),
  };
}

function userDetail(user: IamUser) {
  return {
    ...userView(user, false),
    GroupList: user.groups,
    AttachedManagedPolicies: user.policies.map((PolicyName) => ({
      PolicyName,
      PolicyArn: `arn:aws:iam::aws:policy/${PolicyName}`,
    })),
    UserPolicyList: [],
    Tags: user.tags,
  };
}

/** A new access key authenticates only after `propagationMs`. */
export function createIam(environment: Environment, propagationMs: number): Iam {
  const state = createIamState(environment);
  return {
    state,
    operations: {
      ...operationsOn({ environment, state }, operations),
      ...createAccessKeyOperations(environment, state, propagationMs),
      ...createCredentialReport(environment, state),
      ...createRoleOperations(environment, state),
      ...createMfaOperations(environment, state),
      ...createSimulation(state),
      ...createLastAccessed(environment, state),
    },
    ...createIamHelpers(environment, state),
    ...createRoleHelpers(environment, state),
  };
}
