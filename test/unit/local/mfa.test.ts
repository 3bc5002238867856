// local/aws/iam/mfa.ts, local/aws/trails.ts
import {
  CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
} from '@aws-sdk/client-cloudtrail';
import { GetLoginProfileCommand, ListMFADevicesCommand, ListVirtualMFADevicesCommand } from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { createWorld } from '../../support/world.ts';

test('a password is found by its profile, and a device by its user', async () => {
  const world = createWorld();
  world.aws.iam.addUser({ userName: 'alice', passwordEnabled: true, mfaActive: true });
  world.aws.iam.addUser({ userName: 'bob' });
  const { iam } = world.runtime('test').aws;
  const { LoginProfile } = await iam.send(new GetLoginProfileCommand({ UserName: 'alice' }));
  expect(LoginProfile).toMatchObject({ UserName: 'alice', CreateDate: expect.any(Date) });
  await expect(iam.send(new GetLoginProfileCommand({ UserName: 'bob' }))).rejects.toThrow(/NoSuchEntity/);
  const devices = async (UserName: string) => (await iam.send(new ListMFADevicesCommand({ UserName }))).MFADevices;
  expect(await devices('alice')).toMatchObject([{ SerialNumber: `arn:aws:iam::${world.aws.accountId}:mfa/alice` }]);
  expect(await devices('bob')).toEqual([]);
  world.aws.iam.setRootMfa('virtual');
  const { VirtualMFADevices } = await iam.send(new ListVirtualMFADevicesCommand({ AssignmentStatus: 'Assigned' }));
  expect(VirtualMFADevices?.map(({ User }) => User?.Arn)).toEqual([
    `arn:aws:iam::${world.aws.accountId}:root`,
    `arn:aws:iam::${world.aws.accountId}:user/alice`,
  ]);
});

test('trails say what they have, and whether they deliver it', async () => {
  const world = createWorld();
  world.aws.cloudTrail.addTrail({ name: 'all', deliveryError: 'NoSuchBucket' });
  const trail = world.runtime('test').aws.clientOf((options) => new CloudTrailClient(options));
  const { trailList = [] } = await trail.send(new DescribeTrailsCommand({}));
  expect(trailList).toMatchObject([{ Name: 'all', IsMultiRegionTrail: true, LogFileValidationEnabled: true }]);
  const Name = trailList[0]?.TrailARN;
  expect(await trail.send(new GetTrailStatusCommand({ Name }))).toMatchObject({
    IsLogging: true,
    LatestDeliveryTime: expect.any(Date),
    LatestDeliveryError: 'NoSuchBucket',
  });
  const { EventSelectors } = await trail.send(new GetEventSelectorsCommand({ TrailName: Name }));
  expect(EventSelectors).toMatchObject([{ ReadWriteType: 'All', IncludeManagementEvents: true }]);
  await expect(trail.send(new GetTrailStatusCommand({ Name: 'none' }))).rejects.toThrow(/TrailNotFound/);
});
