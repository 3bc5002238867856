import {
  AddUserToGroupCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  GenerateCredentialReportCommand,
  GetAccessKeyLastUsedCommand,
  GetAccountAuthorizationDetailsCommand,
  GetCredentialReportCommand,
  GetLoginProfileCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListMFADevicesCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  ListVirtualMFADevicesCommand,
  TagUserCommand,
  UntagUserCommand,
  UpdateAccessKeyCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { scenario } from '../scenario.ts';
import type { Credentials, Side } from '../side.ts';

const UserName = 'alice';
const tags = [
  { Key: 'keyturn:owner', Value: 'Ops team' },
  { Key: 'empty', Value: '' },
];

async function user({ iam }: Side): Promise<void> {
  await iam.send(new CreateUserCommand({ UserName, Path: '/people/', Tags: tags }));
}

async function newKey({ iam }: Side): Promise<Credentials> {
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

async function userWithKey(side: Side): Promise<Credentials> {
  await user(side);
  return newKey(side);
}

async function userWithTwoKeys(side: Side): Promise<Credentials[]> {
  await user(side);
  return [await newKey(side), await newKey(side)];
}

async function userInGroup(side: Side): Promise<void> {
  await user(side);
  await side.iam.send(new CreateGroupCommand({ GroupName: 'robots', Path: '/teams/' }));
  await side.iam.send(new AddUserToGroupCommand({ GroupName: 'robots', UserName }));
}

const getUser = ({ iam }: Side) => iam.send(new GetUserCommand({ UserName }));
const listKeys = ({ iam }: Side) => iam.send(new ListAccessKeysCommand({ UserName }));
const listTags = ({ iam }: Side) => iam.send(new ListUserTagsCommand({ UserName }));

/** Asks twice, since the local AWS takes a moment for the report. */
async function report({ iam, wait }: Side): Promise<void> {
  for (let attempt = 0; attempt < 4; attempt++) {
    const { State } = await iam.send(new GenerateCredentialReportCommand({}));
    if (State === 'COMPLETE') return;
    wait(2_000);
  }
}

/** The rows of the report by column, without the root account. */
async function reportRows({ iam }: Side): Promise<unknown> {
  const { Content, ReportFormat } = await iam.send(new GetCredentialReportCommand({}));
  const [header = '', ...lines] = Buffer.from(Content ?? [])
    .toString()
    .trim()
    .split('\n');
  const columns = header.split(',');
  const rows = lines
    .map((line) => Object.fromEntries(line.split(',').map((field, index) => [columns[index] ?? '', field])))
    .filter((row) => row.user === UserName);
  return { ReportFormat, columns, rows };
}

export const iamScenarios = [
  scenario('CreateUser with a path and tags', {
    call: ({ iam }) => iam.send(new CreateUserCommand({ UserName, Path: '/people/', Tags: tags })),
    after: getUser,
  }),
  scenario('a user ID begins with AIDA', {
    given: user,
    call: async (side) => (await getUser(side)).User?.UserId?.slice(0, 4),
  }),
  scenario('CreateUser with a name that is taken', {
    given: user,
    call: ({ iam }) => iam.send(new CreateUserCommand({ UserName })),
  }),
  scenario('CreateUser with a name that is taken in another case', {
    given: user,
    call: ({ iam }) => iam.send(new CreateUserCommand({ UserName: 'Alice' })),
  }),
  scenario('CreateUser with a space in the name', {
    call: ({ iam }) => iam.send(new CreateUserCommand({ UserName: 'a b' })),
  }),
  scenario('GetUser', { given: user, call: getUser }),
  scenario('GetUser in another case', {
    given: user,
    call: ({ iam }) => iam.send(new GetUserCommand({ UserName: 'ALICE' })),
  }),
  scenario('GetUser of nobody', { call: getUser }),
  scenario('ListUsers', { given: user, call: ({ iam }) => iam.send(new ListUsersCommand({ PathPrefix: '/people/' })) }),
  scenario('ListUsers by another path', {
    given: user,
    call: ({ iam }) => iam.send(new ListUsersCommand({ PathPrefix: '/robots/' })),
  }),
  scenario('ListUsers by pages', {
    async given(side) {
      await user(side);
      await side.iam.send(new CreateUserCommand({ UserName: 'bob' }));
    },
    call: ({ iam }) => iam.send(new ListUsersCommand({ MaxItems: 1 })),
  }),
  scenario('UpdateUser: a rename', {
    given: userWithKey,
    call: ({ iam }) => iam.send(new UpdateUserCommand({ UserName, NewUserName: 'alice2', NewPath: '/' })),
    after: async ({ iam }) => [
      await iam.send(new GetUserCommand({ UserName: 'alice2' })),
      await iam.send(new ListAccessKeysCommand({ UserName: 'alice2' })),
    ],
  }),
  scenario('UpdateUser to a name that is taken', {
    async given(side) {
      await user(side);
      await side.iam.send(new CreateUserCommand({ UserName: 'bob' }));
    },
    call: ({ iam }) => iam.send(new UpdateUserCommand({ UserName, NewUserName: 'bob' })),
  }),
  scenario('DeleteUser', {
    given: user,
    call: ({ iam }) => iam.send(new DeleteUserCommand({ UserName })),
    after: getUser,
  }),
  scenario('DeleteUser with an access key', {
    given: userWithKey,
    call: ({ iam }) => iam.send(new DeleteUserCommand({ UserName })),
  }),
  scenario('TagUser adds and overwrites', {
    given: user,
    call: ({ iam }) =>
      iam.send(
        new TagUserCommand({
          UserName,
          Tags: [
            { Key: 'keyturn:owner', Value: 'new' },
            { Key: 'x', Value: 'y' },
          ],
        }),
      ),
    after: listTags,
  }),
  scenario('TagUser with a 51st tag', {
    given: user,
    call: ({ iam }) =>
      iam.send(
        new TagUserCommand({ UserName, Tags: Array.from({ length: 49 }, (_, i) => ({ Key: `k${i}`, Value: '' })) }),
      ),
  }),
  scenario('TagUser with 51 tags in one call', {
    given: user,
    call: ({ iam }) =>
      iam.send(
        new TagUserCommand({ UserName, Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' })) }),
      ),
  }),
  scenario('TagUser with a bracket in the value', {
    given: user,
    call: ({ iam }) => iam.send(new TagUserCommand({ UserName, Tags: [{ Key: 'k', Value: '[x]' }] })),
  }),
  scenario('TagUser of nobody', {
    call: ({ iam }) => iam.send(new TagUserCommand({ UserName, Tags: [{ Key: 'k', Value: 'v' }] })),
  }),
  scenario('UntagUser', {
    given: user,
    call: ({ iam }) => iam.send(new UntagUserCommand({ UserName, TagKeys: ['empty', 'none'] })),
    after: listTags,
  }),
  scenario('ListUserTags', { given: user, call: listTags }),
  scenario('CreateGroup', {
    call: ({ iam }) => iam.send(new CreateGroupCommand({ GroupName: 'robots', Path: '/teams/' })),
  }),
  scenario('CreateGroup twice', {
    given: ({ iam }) => iam.send(new CreateGroupCommand({ GroupName: 'robots' })),
    call: ({ iam }) => iam.send(new CreateGroupCommand({ GroupName: 'robots' })),
  }),
  scenario('AddUserToGroup and ListGroupsForUser', {
    given: userInGroup,
    call: ({ iam }) => iam.send(new ListGroupsForUserCommand({ UserName })),
  }),
  scenario('AddUserToGroup without the group', {
    given: user,
    call: ({ iam }) => iam.send(new AddUserToGroupCommand({ GroupName: 'none', UserName })),
  }),
  scenario('ListGroupsForUser of nobody', {
    call: ({ iam }) => iam.send(new ListGroupsForUserCommand({ UserName })),
  }),
  scenario('ListAttachedUserPolicies of a user with none', {
    given: user,
    call: ({ iam }) => iam.send(new ListAttachedUserPoliciesCommand({ UserName })),
  }),
  scenario('GetAccountAuthorizationDetails of users', {
    given: userInGroup,
    call: ({ iam }) => iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['User'] })),
  }),
  scenario('GetAccountAuthorizationDetails by pages', {
    async given(side) {
      await user(side);
      await side.iam.send(new CreateUserCommand({ UserName: 'bob' }));
    },
    call: async ({ iam }) => {
      const page = await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['User'], MaxItems: 1 }));
      return { length: page.UserDetailList?.length, isTruncated: page.IsTruncated };
    },
  }),
  scenario('CreateAccessKey', {
    given: user,
    call: ({ iam }) => iam.send(new CreateAccessKeyCommand({ UserName })),
    after: listKeys,
  }),
  scenario('CreateAccessKey, a third', {
    given: userWithTwoKeys,
    call: ({ iam }) => iam.send(new CreateAccessKeyCommand({ UserName })),
    after: listKeys,
  }),
  scenario('CreateAccessKey, a third beside an Inactive one', {
    async given(side) {
      const [{ accessKeyId: AccessKeyId }] = (await userWithTwoKeys(side)) as [Credentials];
      await side.iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' }));
    },
    call: ({ iam }) => iam.send(new CreateAccessKeyCommand({ UserName })),
  }),
  scenario('CreateAccessKey for nobody', {
    call: ({ iam }) => iam.send(new CreateAccessKeyCommand({ UserName })),
  }),
  scenario('ListAccessKeys of a user without keys', { given: user, call: listKeys }),
  scenario('ListAccessKeys of nobody', { call: listKeys }),
  scenario('ListAccessKeys by pages', {
    given: userWithTwoKeys,
    call: ({ iam }) => iam.send(new ListAccessKeysCommand({ UserName, MaxItems: 1 })),
  }),
  scenario('UpdateAccessKey to Inactive', {
    given: userWithTwoKeys,
    call: ({ iam }, [first]) =>
      iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId: first?.accessKeyId, Status: 'Inactive' })),
    after: listKeys,
  }),
  scenario('UpdateAccessKey to what it is', {
    given: userWithKey,
    call: ({ iam }, { accessKeyId: AccessKeyId }) =>
      iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Active' })),
    after: listKeys,
  }),
  scenario('UpdateAccessKey to Expired, which the model has and the operation does not take', {
    given: userWithKey,
    call: ({ iam }, { accessKeyId: AccessKeyId }) =>
      iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Expired' })),
  }),
  scenario('UpdateAccessKey of a key that is not there', {
    given: user,
    call: ({ iam }) =>
      iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId: 'AKIA0000000000000000', Status: 'Inactive' })),
  }),
  scenario('DeleteAccessKey', {
    given: userWithTwoKeys,
    call: ({ iam }, [first]) => iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: first?.accessKeyId })),
    after: listKeys,
  }),
  scenario('DeleteAccessKey twice', {
    async given(side) {
      const { accessKeyId: AccessKeyId } = await userWithKey(side);
      await side.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
      return AccessKeyId;
    },
    call: ({ iam }, AccessKeyId) => iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId })),
  }),
  scenario('GetAccessKeyLastUsed of a key never used', {
    given: userWithKey,
    call: ({ iam }, { accessKeyId: AccessKeyId }) => iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId })),
  }),
  scenario('GetAccessKeyLastUsed of a key that is not there', {
    call: ({ iam }) => iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: 'AKIA0000000000000000' })),
  }),
  scenario('GetAccessKeyLastUsed after a use', {
    async given(side) {
      const key = await userWithKey(side);
      side.wait(60_000);
      await side.as(key).sts.send(new GetCallerIdentityCommand({}));
      return key;
    },
    call: ({ iam }, { accessKeyId: AccessKeyId }) => iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId })),
  }),
  scenario('GetCredentialReport without one', {
    call: ({ iam }) => iam.send(new GetCredentialReportCommand({})),
  }),
  scenario('GenerateCredentialReport, the first', {
    call: ({ iam }) => iam.send(new GenerateCredentialReportCommand({})),
  }),
  scenario('GenerateCredentialReport until it is there', {
    given: report,
    call: ({ iam }) => iam.send(new GenerateCredentialReportCommand({})),
  }),
  scenario('GetCredentialReport of a user with two keys', {
    async given(side) {
      await userWithTwoKeys(side);
      await report(side);
    },
    call: reportRows,
  }),
  scenario('GetLoginProfile of a user without a password', {
    given: userWithKey,
    call: ({ iam }) => iam.send(new GetLoginProfileCommand({ UserName })),
  }),
  scenario('ListMFADevices of a user without one', {
    given: userWithKey,
    call: ({ iam }) => iam.send(new ListMFADevicesCommand({ UserName })),
  }),
  scenario('ListVirtualMFADevices where there is none', {
    given: userWithKey,
    call: ({ iam }) => iam.send(new ListVirtualMFADevicesCommand({ AssignmentStatus: 'Assigned' })),
  }),
  scenario('ListVirtualMFADevices with that of the root user', {
    async given(side) {
      side.rootMfa();
    },
    call: ({ iam }) => iam.send(new ListVirtualMFADevicesCommand({ AssignmentStatus: 'Assigned' })),
  }),
];

export const stsScenarios = [
  scenario('GetSessionToken with a user’s key', {
    given: userWithKey,
    async call(side, key) {
      side.wait(60_000);
      const { Credentials } = await side.as(key).sts.send(new GetSessionTokenCommand({}));
      return { prefix: Credentials?.AccessKeyId?.slice(0, 4), hasToken: Credentials?.SessionToken !== undefined };
    },
  }),
  scenario('GetCallerIdentity with a user’s key', {
    given: userWithKey,
    call: (side, key) => {
      side.wait(60_000);
      return side.as(key).sts.send(new GetCallerIdentityCommand({}));
    },
  }),
  scenario('GetCallerIdentity with an Inactive key', {
    async given(side) {
      const key = await userWithKey(side);
      await side.iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId: key.accessKeyId, Status: 'Inactive' }));
      side.wait(60_000);
      return key;
    },
    call: (side, key) => side.as(key).sts.send(new GetCallerIdentityCommand({})),
  }),
  scenario('GetCallerIdentity with a deleted key', {
    async given(side) {
      const key = await userWithKey(side);
      await side.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: key.accessKeyId }));
      return key;
    },
    call: (side, key) => side.as(key).sts.send(new GetCallerIdentityCommand({})),
  }),
  scenario('GetCallerIdentity with a wrong secret', {
    async given(side) {
      const { accessKeyId } = await userWithKey(side);
      side.wait(60_000);
      return { accessKeyId, secretAccessKey: 'wrong' };
    },
    call: (side, key) => side.as(key).sts.send(new GetCallerIdentityCommand({})),
  }),
];
