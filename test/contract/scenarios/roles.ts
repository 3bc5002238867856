import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  GetRoleCommand,
  ListRolesCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetAccessKeyInfoCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { scenario } from '../scenario.ts';
import type { Side } from '../side.ts';

const RoleName = 'keyturn-rotate';
const RoleArn = `arn:aws:iam::111122223333:role/keyturn/${RoleName}`;
const RoleSessionName = 'keyturn-rotation-worker-1';
const ExternalId = 'c0ffee/111122223333';

function trust(Condition: object = {}): string {
  const Principal = { AWS: 'arn:aws:iam::111122223333:root' };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', Condition }],
  });
}

async function role({ iam }: Side, Condition?: object): Promise<void> {
  const Tags = [{ Key: 'keyturn:template', Value: '1' }];
  const AssumeRolePolicyDocument = trust(Condition);
  await iam.send(new CreateRoleCommand({ RoleName, Path: '/keyturn/', AssumeRolePolicyDocument, Tags }));
}

async function two(side: Side): Promise<void> {
  await role(side);
  await side.iam.send(new CreateRoleCommand({ RoleName: 'another', AssumeRolePolicyDocument: trust() }));
}

const asksForExternalId = (side: Side) => role(side, { StringEquals: { 'sts:ExternalId': ExternalId } });

async function session(side: Side) {
  const { Credentials } = await side.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName }));
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

const taken = async ({ sts }: Side, more: object = {}) => {
  const { AssumedRoleUser, Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName, ...more }));
  return { arn: AssumedRoleUser?.Arn, prefix: Credentials?.AccessKeyId?.slice(0, 4) };
};

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html */
export const roleScenarios = [
  scenario('CreateRole', {
    call: (side) => role(side),
    after: ({ iam }) => iam.send(new GetRoleCommand({ RoleName })),
  }),
  scenario('CreateRole twice', { given: (side) => role(side), call: (side) => role(side) }),
  scenario('the trust policy of a role is encoded as in addresses', {
    given: (side) => role(side),
    call: async ({ iam }) => {
      const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
      return JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''));
    },
  }),
  scenario('GetRole that is not there', { call: ({ iam }) => iam.send(new GetRoleCommand({ RoleName })) }),
  scenario('ListRoles by path', {
    given: two,
    call: ({ iam }) => iam.send(new ListRolesCommand({ PathPrefix: '/keyturn/' })),
  }),
  scenario('DeleteRole', {
    given: two,
    call: ({ iam }) => iam.send(new DeleteRoleCommand({ RoleName })),
    after: async ({ iam }) => (await iam.send(new ListRolesCommand({}))).Roles?.map((each) => each.RoleName),
  }),
  scenario('DeleteRole that is not there', { call: ({ iam }) => iam.send(new DeleteRoleCommand({ RoleName })) }),
];

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const assumeRoleScenarios = [
  scenario('AssumeRole', { given: (side) => role(side), call: (side) => taken(side) }),
  scenario('AssumeRole with a session policy', {
    given: (side) => role(side),
    call: (side) => taken(side, { Policy: '{"Version":"2012-10-17","Statement":[]}', DurationSeconds: 900 }),
  }),
  scenario('AssumeRole with the external ID that is asked for', {
    given: asksForExternalId,
    call: (side) => taken(side, { ExternalId }),
  }),
  scenario('AssumeRole without the external ID that is asked for', {
    given: asksForExternalId,
    call: (side) => taken(side),
  }),
  scenario('AssumeRole with another external ID', {
    given: asksForExternalId,
    call: (side) => taken(side, { ExternalId: 'another/111122223333' }),
  }),
  scenario('AssumeRole that is not there', { call: (side) => taken(side) }),
  scenario('AssumeRole for longer than whoever has a role already gets', {
    given: (side) => role(side),
    call: (side) => taken(side, { DurationSeconds: 3_601 }),
  }),
  scenario('AssumeRole with a session policy that is too long', {
    given: (side) => role(side),
    call: (side) => taken(side, { Policy: `{"Statement":[{"Sid":"${'x'.repeat(2_048)}"}]}` }),
  }),
  scenario('GetCallerIdentity by a session', {
    async given(side) {
      await role(side);
      return session(side);
    },
    call: async (side, credentials) => {
      const { Account, Arn } = await side.as(credentials).sts.send(new GetCallerIdentityCommand({}));
      return { Account, Arn };
    },
  }),
  scenario('GetAccessKeyInfo of a user’s key', {
    async given({ iam }) {
      await iam.send(new CreateUserCommand({ UserName: 'alice' }));
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
      return AccessKey?.AccessKeyId;
    },
    call: ({ sts }, AccessKeyId) => sts.send(new GetAccessKeyInfoCommand({ AccessKeyId })),
  }),
];
