// local/aws/iam/iam.ts, local/aws/iam/iam-state.ts, local/aws/iam/iam-lookup.ts, local/aws/iam/iam-helpers.ts,
// local/aws/iam/iam-access-keys.ts, local/aws/iam/iam-roles.ts, local/aws/iam/sts.ts

import {
  AddUserToGroupCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  GetAccessKeyLastUsedCommand,
  GetUserCommand,
  LimitExceededException,
  ListAccessKeysCommand,
  ListGroupsForUserCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  NoSuchEntityException,
  paginateGetAccountAuthorizationDetails,
  TagUserCommand,
  UntagUserCommand,
  UpdateAccessKeyCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import { refusal, setUp } from './clients.ts';

const alice = { UserName: 'alice' };

describe('users', () => {
  test('a name that differs only in case is taken', async () => {
    const { iam } = setUp();
    await iam.send(new CreateUserCommand({ UserName: 'Alice' }));
    expect(await refusal(iam.send(new CreateUserCommand(alice)))).toMatchObject({
      type: 'EntityAlreadyExistsException',
    });
    expect((await iam.send(new GetUserCommand(alice))).User?.UserName).toBe('Alice');
  });

  test('a rename keeps UserId and keys and moves the Arn', async () => {
    const { aws, iam } = setUp();
    const { userId, keys } = aws.iam.addUser({ userName: 'alice', path: '/team/', keys: [{ ageDays: 1 }] });
    await iam.send(new UpdateUserCommand({ ...alice, NewUserName: 'bob' }));
    const { User } = await iam.send(new GetUserCommand({ UserName: 'bob' }));
    expect(User).toMatchObject({ UserId: userId, Arn: 'arn:aws:iam::111122223333:user/team/bob' });
    const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand({ UserName: 'bob' }));
    expect(AccessKeyMetadata).toMatchObject([{ UserName: 'bob', AccessKeyId: keys[0]?.accessKeyId }]);
    await expect(iam.send(new GetUserCommand(alice))).rejects.toBeInstanceOf(NoSuchEntityException);
  });

  test('a re-created namesake has another UserId', async () => {
    const { iam } = setUp();
    const first = await iam.send(new CreateUserCommand(alice));
    await iam.send(new DeleteUserCommand(alice));
    const second = await iam.send(new CreateUserCommand(alice));
    expect(first.User?.UserId).toMatch(/^AIDA[A-Z0-9]{17}$/);
    expect(second.User?.UserId).not.toBe(first.User?.UserId);
  });

  test('a user with an access key cannot be deleted', async () => {
    const { aws, iam } = setUp();
    aws.iam.addUser({ userName: 'alice', keys: [{}] });
    expect(await refusal(iam.send(new DeleteUserCommand(alice)))).toMatchObject({
      type: 'DeleteConflictException',
      message: 'Cannot delete entity, must delete access keys first.',
    });
  });

  test('a comma is allowed in a name and a space is not', async () => {
    const { iam } = setUp();
    await iam.send(new CreateUserCommand({ UserName: 'a,b=c+d.e@f_g-h' }));
    expect((await refusal(iam.send(new CreateUserCommand({ UserName: 'a b' })))).name).toBe('ValidationError');
  });

  test('an unknown user is NoSuchEntity with the text of AWS', async () => {
    const { iam } = setUp();
    expect(await refusal(iam.send(new GetUserCommand(alice)))).toEqual({
      type: 'NoSuchEntityException',
      name: 'NoSuchEntityException',
      message: 'The user with name alice cannot be found.',
    });
  });

  test('tag keys are unique ignoring case, and there are at most 50', async () => {
    const { aws, iam } = setUp();
    aws.iam.addUser({ userName: 'alice', tags: { Team: 'a' } });
    await iam.send(new TagUserCommand({ ...alice, Tags: [{ Key: 'team', Value: 'b' }] }));
    expect((await iam.send(new ListUserTagsCommand(alice))).Tags).toEqual([{ Key: 'team', Value: 'b' }]);
    const Tags = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
    await expect(iam.send(new TagUserCommand({ ...alice, Tags }))).rejects.toBeInstanceOf(LimitExceededException);
    await iam.send(new UntagUserCommand({ ...alice, TagKeys: ['team'] }));
    expect((await iam.send(new ListUserTagsCommand(alice))).Tags).toEqual([]);
  });

  test('ListUsers pages by marker, filters by path and shows no tags', async () => {
    const { aws, iam } = setUp({ pageSize: 2 });
    for (const userName of ['a', 'b', 'c']) aws.iam.addUser({ userName, path: '/x/', tags: { t: '1' } });
    aws.iam.addUser({ userName: 'd' });
    const first = await iam.send(new ListUsersCommand({ PathPrefix: '/x/' }));
    const second = await iam.send(new ListUsersCommand({ PathPrefix: '/x/', Marker: first.Marker }));
    expect(first.IsTruncated).toBe(true);
    expect(first.Users?.map((user) => user.UserName)).toEqual(['a', 'b']);
    expect(first.Users?.[0]?.Tags).toBeUndefined();
    expect(second.Users?.map((user) => user.UserName)).toEqual(['c']);
    expect(second.IsTruncated).toBe(false);
  });

  test('GetAccountAuthorizationDetails pages 100 users at a time, with tags and groups', async () => {
    const { aws, iam } = setUp();
    for (let i = 0; i < 230; i++) aws.iam.addUser({ userName: `u${i}`, tags: { n: String(i) }, groups: ['g'] });
    const sizes: number[] = [];
    const details = [];
    for await (const page of paginateGetAccountAuthorizationDetails({ client: iam }, { Filter: ['User'] })) {
      sizes.push(page.UserDetailList?.length ?? 0);
      details.push(...(page.UserDetailList ?? []));
    }
    expect(sizes).toEqual([100, 100, 30]);
    expect(new Set(details.map((user) => user.UserId)).size).toBe(230);
    expect(details[7]).toMatchObject({ UserName: 'u7', GroupList: ['g'], Tags: [{ Key: 'n', Value: '7' }] });
  });

  test('groups are made, joined and listed', async () => {
    const { aws, iam } = setUp();
    aws.iam.addUser({ userName: 'alice' });
    await iam.send(new CreateGroupCommand({ GroupName: 'admins' }));
    await iam.send(new AddUserToGroupCommand({ ...alice, GroupName: 'admins' }));
    const { Groups } = await iam.send(new ListGroupsForUserCommand(alice));
    expect(Groups?.map((group) => group.GroupName)).toEqual(['admins']);
    expect(await refusal(iam.send(new AddUserToGroupCommand({ ...alice, GroupName: 'x' })))).toMatchObject({
      type: 'NoSuchEntityException',
    });
  });
});

describe('access keys', () => {
  test('a third key is LimitExceeded, also when one of the two is inactive', async () => {
    const { aws, iam } = setUp();
    aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 90 }, { ageDays: 9, status: 'Inactive' }] });
    expect(await refusal(iam.send(new CreateAccessKeyCommand(alice)))).toEqual({
      type: 'LimitExceededException',
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for AccessKeysPerUser: 2',
    });
  });

  test('CreateDate is in whole seconds', async () => {
    const { aws, iam } = setUp({ now: Date.UTC(2026, 0, 1) + 1_999, latencyMs: 0 });
    aws.iam.addUser({ userName: 'alice' });
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand(alice));
    expect(AccessKey?.CreateDate?.toISOString()).toBe('2026-01-01T00:00:01.000Z');
    expect(AccessKey?.AccessKeyId).toMatch(/^AKIA[A-Z0-9]{16}$/);
    expect(AccessKey?.SecretAccessKey).toHaveLength(40);
  });

  test('keys and secrets are the same for the same seed, and others for another', async () => {
    const keyOf = (seed: number) => setUp({ seed }).aws.iam.addUser({ userName: 'alice', keys: [{}] }).keys;
    expect(keyOf(7)).toEqual(keyOf(7));
    expect(keyOf(7)).not.toEqual(keyOf(8));
  });

  test('a role that names no user is told to', async () => {
    const { iam } = setUp();
    expect(await refusal(iam.send(new DeleteAccessKeyCommand({ AccessKeyId: 'AKIAAAAAAAAAAAAAAAAA' })))).toMatchObject({
      name: 'ValidationError',
      message: 'Must specify userName when calling with non-User credentials',
    });
  });

  test('deleting twice is NoSuchEntity the second time', async () => {
    const { aws, iam } = setUp();
    const AccessKeyId = aws.iam.addUser({ userName: 'alice', keys: [{}] }).keys[0]?.accessKeyId;
    await iam.send(new DeleteAccessKeyCommand({ ...alice, AccessKeyId }));
    expect(await refusal(iam.send(new DeleteAccessKeyCommand({ ...alice, AccessKeyId })))).toMatchObject({
      type: 'NoSuchEntityException',
      message: `The Access Key with id ${AccessKeyId} cannot be found.`,
    });
  });

  test('a key of somebody else is NoSuchEntity', async () => {
    const { aws, iam } = setUp();
    aws.iam.addUser({ userName: 'alice' });
    const AccessKeyId = aws.iam.addUser({ userName: 'bob', keys: [{}] }).keys[0]?.accessKeyId;
    const update = new UpdateAccessKeyCommand({ ...alice, AccessKeyId, Status: 'Inactive' });
    await expect(iam.send(update)).rejects.toBeInstanceOf(NoSuchEntityException);
  });

  test('only Active and Inactive can be written', async () => {
    const { aws, iam } = setUp();
    const AccessKeyId = aws.iam.addUser({ userName: 'alice', keys: [{}] }).keys[0]?.accessKeyId;
    const update = new UpdateAccessKeyCommand({ ...alice, AccessKeyId, Status: 'Expired' });
    expect((await refusal(iam.send(update))).name).toBe('ValidationError');
  });
});

describe('last use', () => {
  test('a key never used has no date, and N/A for service and Region', async () => {
    const { aws, iam } = setUp();
    const AccessKeyId = aws.iam.addUser({ userName: 'alice', keys: [{}] }).keys[0]?.accessKeyId;
    const { UserName, AccessKeyLastUsed } = await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }));
    expect(UserName).toBe('alice');
    expect(AccessKeyLastUsed).toEqual({ ServiceName: 'N/A', Region: 'N/A' });
  });

  test('an unknown key is AccessDenied, not NoSuchEntity', async () => {
    const { iam } = setUp();
    const command = new GetAccessKeyLastUsedCommand({ AccessKeyId: 'AKIAAAAAAAAAAAAAAAAA' });
    const { name, message } = await refusal(iam.send(command));
    expect(name).toBe('AccessDenied');
    expect(message).toContain('iam:GetAccessKeyLastUsed on resource: access key AKIAAAAAAAAAAAAAAAAA');
  });

  test('a use is shown with service and Region; an inactive key cannot be used', async () => {
    const { aws, iam } = setUp();
    const AccessKeyId = aws.iam.addUser({ userName: 'alice', keys: [{}] }).keys[0]?.accessKeyId ?? '';
    aws.iam.useKey(AccessKeyId, { service: 's3', region: 'us-east-2' });
    const { AccessKeyLastUsed } = await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }));
    expect(AccessKeyLastUsed).toMatchObject({
      ServiceName: 's3',
      Region: 'us-east-2',
      LastUsedDate: new Date('2026-01-01T00:00:00Z'),
    });
    await iam.send(new UpdateAccessKeyCommand({ ...alice, AccessKeyId, Status: 'Inactive' }));
    expect(() => aws.iam.useKey(AccessKeyId, { service: 's3', region: 'us-east-2' })).toThrow('is Inactive');
  });
});
