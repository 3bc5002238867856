// local/organization/organization.ts, local/organization/work.ts, local/organization/organizations-service.ts,
// local/organization/tree.ts, local/organization/cross-talk.ts, local/aws/iam/assume-role.ts,
// local/aws/iam/assumed-session.ts, local/aws/iam/asked-of-iam.ts

import {
  CreateAccessKeyCommand,
  GetRoleCommand,
  GetUserCommand,
  IAMClient,
  ListRolesCommand,
  SimulatePrincipalPolicyCommand,
  TagUserCommand,
} from '@aws-sdk/client-iam';
import {
  DescribeAccountCommand,
  DescribeOrganizationCommand,
  DescribeResourcePolicyCommand,
  ListAccountsCommand,
  ListAWSServiceAccessForOrganizationCommand,
  ListOrganizationalUnitsForParentCommand,
  ListParentsCommand,
  ListRootsCommand,
  ListTagsForResourceCommand,
  OrganizationsClient,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-organizations';
import {
  CreateSecretCommand,
  ListSecretsCommand,
  PutResourcePolicyCommand as PutSecretPolicyCommand,
  SecretsManagerClient,
  TagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { type FunctionName, functionCredentials, functionRoleArn } from '../../../local/aws/principals.ts';
import { crossTalk } from '../../../local/organization/cross-talk.ts';
import type { LocalOrganization } from '../../../local/organization/organization.ts';
import { workingOn } from '../../../local/organization/work.ts';
import { sessionPolicy } from '../../../shared/core/fleet/session-policy.ts';
import {
  createFleetOrganization,
  EXTERNAL_ID,
  HUB,
  MANAGEMENT,
  ORGANIZATION,
  UNITS,
} from '../../support/organization.ts';

const [PAYMENTS, CANARY, LAB] = ['444455556666', '555566667777', '666677778888'];

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

function optionsOf(organization: LocalOrganization, credentials: Credentials) {
  const { requestHandler } = organization.connect('somebody');
  return { requestHandler, region: organization.region, credentials, maxAttempts: 1 };
}

/** Clients of whoever has these credentials. */
function as(organization: LocalOrganization, credentials: Credentials) {
  const config = optionsOf(organization, credentials);
  return {
    iam: new IAMClient(config),
    sts: new STSClient(config),
    secrets: new SecretsManagerClient(config),
    organizations: new OrganizationsClient(config),
  };
}

const worker = functionCredentials('rotation-worker');

function roleIn(accountId: string, more: Partial<AssumeRoleCommandInput> = {}): AssumeRoleCommandInput {
  return {
    RoleArn: `arn:aws:iam::${accountId}:role/keyturn/keyturn-rotate`,
    RoleSessionName: 'keyturn-rotation-worker-1',
    ExternalId: `${EXTERNAL_ID}/${accountId}`,
    DurationSeconds: 900,
    ...more,
  };
}

async function take(organization: LocalOrganization, input: AssumeRoleCommandInput, by: Credentials = worker) {
  const { Credentials: given, ...answer } = await as(organization, by).sts.send(new AssumeRoleCommand(input));
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = given ?? {};
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  return { credentials, answer, ...as(organization, credentials) };
}

const refused = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } };

describe('a role of another account', () => {
  it('is taken by the functions that its trust names, and who has taken it is in that account', async () => {
    const organization = createFleetOrganization();
    const { sts, answer } = await take(organization, roleIn(PAYMENTS));
    const Arn = `arn:aws:sts::${PAYMENTS}:assumed-role/keyturn-rotate/keyturn-rotation-worker-1`;
    expect(answer.AssumedRoleUser?.Arn).toBe(Arn);
    expect(await sts.send(new GetCallerIdentityCommand())).toMatchObject({ Account: PAYMENTS, Arn });
  });

  it.each<[string, Partial<AssumeRoleCommandInput>, FunctionName?]>([
    ['without an external ID', { ExternalId: undefined }],
    ['with the external ID of another account', { ExternalId: `${EXTERNAL_ID}/${LAB}` }],
    ['with the external ID of another hub', { ExternalId: `another/${PAYMENTS}` }],
    ['by another name', { RoleSessionName: 'somebody' }],
    ['that is not there', { RoleArn: `arn:aws:iam::${PAYMENTS}:role/keyturn/keyturn-nothing` }],
    ['under another path', { RoleArn: `arn:aws:iam::${PAYMENTS}:role/keyturn-rotate` }],
    ['of an account that is not there', { RoleArn: 'arn:aws:iam::101010101010:role/keyturn/keyturn-rotate' }],
    ['by a function that its trust does not name', {}, 'scheduled-rotation'],
  ])('is refused %s', async (_, more, by = 'rotation-worker') => {
    const organization = createFleetOrganization();
    const call = take(organization, roleIn(PAYMENTS, more), functionCredentials(by));
    await expect(call).rejects.toMatchObject(refused);
  });

  it('is refused to the same function of another account, and once the caller has left the organization', async () => {
    const organization = createFleetOrganization();
    await expect(take(organization, roleIn(PAYMENTS), organization.operatorOf(LAB))).rejects.toMatchObject(refused);
    organization.leave(HUB);
    await expect(take(organization, roleIn(PAYMENTS))).rejects.toMatchObject(refused);
  });

  it('is given for an hour at most to whoever has a role already', async () => {
    const organization = createFleetOrganization();
    await take(organization, roleIn(PAYMENTS, { DurationSeconds: 3_600 }));
    for (const DurationSeconds of [899, 3_601]) {
      const call = take(organization, roleIn(PAYMENTS, { DurationSeconds }));
      await expect(call).rejects.toMatchObject({ name: 'ValidationError' });
    }
  });

  it('takes no session policy that IAM would not', async () => {
    const organization = createFleetOrganization();
    const long = JSON.stringify({ Statement: [{ Sid: 'x'.repeat(2_048) }] });
    await expect(take(organization, roleIn(PAYMENTS, { Policy: long }))).rejects.toMatchObject({
      name: 'ValidationError',
    });
    await expect(take(organization, roleIn(PAYMENTS, { Policy: '{' }))).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
    });
  });
});

describe('the policies of the hub', () => {
  function limited(conditions: object, Effect = 'Allow') {
    const organization = createFleetOrganization();
    const all = { Action: 'sts:AssumeRole', Resource: '*' };
    const Statement = [
      { Effect, ...all, Condition: conditions },
      ...(Effect === 'Deny' ? [{ Effect: 'Allow', ...all }] : []),
    ];
    organization.hub.iam.putRolePolicy(functionRoleArn(HUB, 'rotation-worker'), { Statement });
    return organization;
  }
  const outcome = (organization: LocalOrganization, accountId: string) =>
    take(organization, roleIn(accountId)).then(
      () => 'taken',
      (error: Error) => error.name,
    );

  it('know where in the organization an account is', async () => {
    const below = { 'ForAnyValue:StringLike': { 'aws:ResourceOrgPaths': [`${ORGANIZATION}/*/${UNITS.prod}/*`] } };
    const organization = limited(below);
    expect(await Promise.all([PAYMENTS, CANARY, LAB].map((id) => outcome(organization, id)))).toEqual([
      'taken',
      'taken',
      'AccessDenied',
    ]);
    organization.move(LAB, UNITS.canary);
    expect(await outcome(organization, LAB)).toBe('taken');
    organization.leave(LAB);
    expect(await outcome(organization, LAB)).toBe('AccessDenied');
  });

  it.each<[string, object, string]>([
    ['the organization', { StringEquals: { 'aws:ResourceOrgID': ORGANIZATION } }, 'taken'],
    ['the account', { StringEquals: { 'aws:ResourceAccount': LAB } }, 'AccessDenied'],
    ['a tag of the role', { StringEquals: { 'aws:ResourceTag/keyturn:template': '1' } }, 'taken'],
    ['the date', { DateLessThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } }, 'AccessDenied'],
    [
      'the function',
      {
        ArnEquals: {
          'lambda:SourceFunctionArn': `arn:aws:lambda:eu-west-1:${HUB}:function:keyturn-test-rotation-worker`,
        },
      },
      'taken',
    ],
    [
      'another function',
      { ArnEquals: { 'lambda:SourceFunctionArn': `arn:aws:lambda:eu-west-1:${HUB}:function:another` } },
      'AccessDenied',
    ],
    ['the external ID', { StringEquals: { 'sts:ExternalId': `${EXTERNAL_ID}/${PAYMENTS}` } }, 'taken'],
  ])('know %s', async (_, condition, expected) => {
    expect(await outcome(limited(condition), PAYMENTS)).toBe(expected);
  });

  it('deny a role that is paused there, at once', async () => {
    const organization = limited({ StringEquals: { 'aws:ResourceTag/keyturn:paused': 'true' } }, 'Deny');
    expect(await outcome(organization, PAYMENTS)).toBe('taken');
    organization.account(PAYMENTS).iam.setRoleTags('keyturn-rotate', { 'keyturn:paused': 'true' });
    expect(await outcome(organization, PAYMENTS)).toBe('AccessDenied');
    expect(await outcome(organization, LAB)).toBe('taken');
  });
});

describe('a session', () => {
  const settings = { secretPrefix: 'keyturn', cloudtrailLookups: false };

  async function ofAlice(organization = createFleetOrganization()) {
    const payments = organization.account(PAYMENTS);
    const { userId } = payments.iam.addUser({ userName: 'alice' });
    payments.iam.addUser({ userName: 'bob' });
    const subject = { accountId: PAYMENTS, region: 'eu-west-1', userName: 'alice', userId };
    const session = await take(organization, roleIn(PAYMENTS, { Policy: sessionPolicy(subject, settings) }));
    return { organization, payments, userId, ...session };
  }

  const denied = { name: 'AccessDenied' };
  const deniedByJson = { name: 'AccessDeniedException' };

  it('changes the one user and the one secret that it is for', async () => {
    const { iam, secrets, userId, payments } = await ofAlice();
    await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
    await secrets.send(new CreateSecretCommand({ Name: `keyturn/${userId}/access-key`, SecretString: 'x' }));
    await secrets.send(new TagResourceCommand({ SecretId: `keyturn/${userId}/access-key`, Tags: [] }));
    expect(payments.iam.keysOf('alice')).toHaveLength(1);
    await expect(iam.send(new CreateAccessKeyCommand({ UserName: 'bob' }))).rejects.toMatchObject({
      ...denied,
      message: expect.stringContaining('because no session policy allows the iam:CreateAccessKey action'),
    });
    await expect(iam.send(new GetUserCommand({ UserName: 'bob' }))).rejects.toMatchObject(denied);
    const another = new CreateSecretCommand({ Name: 'keyturn/AIDABOB/access-key', SecretString: 'x' });
    await expect(secrets.send(another)).rejects.toMatchObject(deniedByJson);
  });

  it('may what its role may, whatever its own policy says', async () => {
    const organization = createFleetOrganization({ parameters: { UserPathPrefix: '/team/' } });
    const { iam, secrets, userId } = await ofAlice(organization);
    await expect(iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }))).rejects.toMatchObject({
      message: expect.stringContaining('because no identity-based policy allows the iam:CreateAccessKey action'),
    });
    const Name = `keyturn/${userId}/access-key`;
    await secrets.send(new CreateSecretCommand({ Name, SecretString: 'x' }));
    const ResourcePolicy = JSON.stringify({
      Statement: [
        {
          Effect: 'Deny',
          Principal: { AWS: `arn:aws:iam::${PAYMENTS}:root` },
          Action: 'secretsmanager:GetSecretValue',
          Resource: '*',
        },
      ],
    });
    const put = { SecretId: Name, ResourcePolicy };
    await expect(secrets.send(new PutSecretPolicyCommand(put))).rejects.toMatchObject(deniedByJson);
    await secrets.send(new PutSecretPolicyCommand({ ...put, BlockPublicPolicy: true }));
  });

  it('makes no key of an exempt user, and nothing while its role is paused', async () => {
    const { iam, payments } = await ofAlice();
    payments.iam.setTags('alice', { 'keyturn:exempt': 'TRUE' });
    await expect(iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }))).rejects.toMatchObject({
      message: expect.stringContaining('explicit deny in an identity-based policy'),
    });
    await iam.send(new GetUserCommand({ UserName: 'alice' }));
    payments.iam.setRoleTags('keyturn-rotate', { 'keyturn:paused': 'true' });
    await expect(iam.send(new GetUserCommand({ UserName: 'alice' }))).rejects.toMatchObject(denied);
  });

  it('may nothing that the policy of the secret denies', async () => {
    const { secrets, userId, payments } = await ofAlice();
    const SecretId = `keyturn/${userId}/access-key`;
    await secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'x' }));
    const rotate = payments.iam.role('keyturn-rotate')?.arn;
    const ResourcePolicy = JSON.stringify({
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 'secretsmanager:TagResource',
          Resource: '*',
          Condition: { ArnEquals: { 'aws:PrincipalArn': rotate } },
        },
      ],
    });
    await secrets.send(new PutSecretPolicyCommand({ SecretId, ResourcePolicy, BlockPublicPolicy: true }));
    await expect(secrets.send(new TagResourceCommand({ SecretId, Tags: [] }))).rejects.toMatchObject({
      message: expect.stringContaining('explicit deny in a resource-based policy'),
    });
  });

  it('ends, and ends with its role', async () => {
    const { organization, sts } = await ofAlice();
    organization.clock.advance(899_000);
    await sts.send(new GetCallerIdentityCommand());
    organization.clock.advance(1_000);
    await expect(sts.send(new GetCallerIdentityCommand())).rejects.toMatchObject({ name: 'ExpiredToken' });
    const again = await take(organization, roleIn(PAYMENTS));
    organization.account(PAYMENTS).iam.deleteRole('keyturn-rotate');
    await expect(again.sts.send(new GetCallerIdentityCommand())).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    });
  });

  it('needs its secret and its token', async () => {
    const { organization, credentials } = await ofAlice();
    const { sessionToken, ...withoutToken } = credentials;
    const forged = { ...credentials, secretAccessKey: 'forged' };
    for (const wrong of [withoutToken, forged, { ...withoutToken, sessionToken: `${sessionToken}x` }]) {
      await expect(as(organization, wrong).sts.send(new GetCallerIdentityCommand())).rejects.toThrow();
    }
  });

  it('that only looks changes nothing, and sees the roles', async () => {
    const organization = createFleetOrganization();
    organization.account(PAYMENTS).iam.addUser({ userName: 'alice' });
    const RoleArn = `arn:aws:iam::${PAYMENTS}:role/keyturn/keyturn-observe`;
    const scan = functionCredentials('scheduled-rotation');
    const { iam, secrets } = await take(organization, roleIn(PAYMENTS, { RoleArn, DurationSeconds: 3_600 }), scan);
    await iam.send(new GetUserCommand({ UserName: 'alice' }));
    await secrets.send(new ListSecretsCommand());
    await expect(iam.send(new TagUserCommand({ UserName: 'alice', Tags: [] }))).rejects.toMatchObject(denied);
    await expect(iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }))).rejects.toMatchObject(denied);
    const { Roles = [] } = await iam.send(new ListRolesCommand({ PathPrefix: '/keyturn/' }));
    expect(Roles.map(({ RoleName }) => RoleName)).toEqual(['keyturn-observe', 'keyturn-rotate']);
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'keyturn-rotate' }));
    expect(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''))).toMatchObject({
      Statement: [{ Sid: 'HubTakesRole' }],
    });
    expect(Role?.Tags).toContainEqual({ Key: 'keyturn:template', Value: '1' });
    const PolicySourceArn = `arn:aws:iam::${PAYMENTS}:role/keyturn/keyturn-rotate`;
    const ActionNames = ['iam:CreateAccessKey', 'iam:DeleteUser'];
    const ResourceArns = [`arn:aws:iam::${PAYMENTS}:user/alice`];
    const { EvaluationResults = [] } = await iam.send(
      new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames, ResourceArns }),
    );
    expect(EvaluationResults.map(({ EvalDecision }) => EvalDecision)).toEqual(['allowed', 'implicitDeny']);
  });
});

describe('access keys', () => {
  it('are known by their account, also once they are gone', async () => {
    const organization = createFleetOrganization();
    const lab = organization.account(LAB);
    const { keys } = lab.iam.addUser({ userName: 'alice', keys: [{}] });
    const [{ accessKeyId } = { accessKeyId: '' }] = keys;
    lab.iam.deleteKey(accessKeyId);
    const { sts } = as(organization, worker);
    expect(await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: accessKeyId }))).toMatchObject({ Account: LAB });
    const unknown = new GetAccessKeyInfoCommand({ AccessKeyId: 'AKIA0000000000000000' });
    await expect(sts.send(unknown)).rejects.toMatchObject(refused);
  });

  it('work in their account', async () => {
    const organization = createFleetOrganization();
    const [key] = organization.account(LAB).iam.addUser({ userName: 'alice', keys: [{}] }).keys;
    if (key === undefined) throw new Error('no key');
    expect(await as(organization, key).sts.send(new GetCallerIdentityCommand())).toMatchObject({ Account: LAB });
  });

  it('of users with one name in two accounts are of two users', () => {
    const organization = createFleetOrganization();
    const ids = [PAYMENTS, LAB].map((id) => organization.account(id).iam.addUser({ userName: 'alice', keys: [{}] }));
    expect(new Set(ids.map(({ userId }) => userId)).size).toBe(2);
    expect(new Set(ids.flatMap(({ keys }) => keys.map(({ accessKeyId }) => accessKeyId))).size).toBe(2);
  });
});

describe('AWS Organizations', () => {
  const hub = functionCredentials('scheduled-rotation');

  it('lists accounts with state and path, twenty a page', async () => {
    const accounts = Array.from({ length: 21 }, (_, i) => ({
      accountId: String(700_000_000_000 + i),
      parent: UNITS.canary,
    }));
    const { organizations } = as(createFleetOrganization({ accounts }), hub);
    const first = await organizations.send(new ListAccountsCommand());
    const second = await organizations.send(new ListAccountsCommand({ NextToken: first.NextToken }));
    expect([first.Accounts?.length, second.Accounts?.length, second.NextToken]).toEqual([20, 3, undefined]);
    expect(second.Accounts?.at(-1)).toEqual({
      Id: '700000000020',
      Arn: `arn:aws:organizations::${MANAGEMENT}:account/${ORGANIZATION}/700000000020`,
      Email: '700000000020@example.com',
      Name: 'account-700000000020',
      State: 'ACTIVE',
      Paths: [`${ORGANIZATION}/${UNITS.root}/${UNITS.prod}/${UNITS.canary}/`],
      JoinedMethod: 'CREATED',
      JoinedTimestamp: expect.any(Date),
    });
  });

  it('may put an empty page before each, and know no paths', async () => {
    const { organizations } = as(createFleetOrganization({ ways: { hasEmptyPages: true, hasNoPaths: true } }), hub);
    const first = await organizations.send(new ListAccountsCommand({ MaxResults: 20 }));
    expect(first).toMatchObject({ Accounts: [], NextToken: expect.any(String) });
    const { Accounts } = await organizations.send(new ListAccountsCommand({ NextToken: first.NextToken }));
    expect(Accounts).toHaveLength(5);
    expect(Accounts?.[0]?.Paths).toBeUndefined();
  });

  it('answers the hub what the management account has handed on to it, and no other member', async () => {
    const organization = createFleetOrganization();
    const { organizations } = as(organization, hub);
    organization.setState(LAB, 'SUSPENDED');
    const { Account } = await organizations.send(new DescribeAccountCommand({ AccountId: LAB }));
    expect(Account).toMatchObject({ State: 'SUSPENDED', Name: 'lab' });
    await expect(organizations.send(new DescribeAccountCommand({ AccountId: '1'.repeat(12) }))).rejects.toMatchObject({
      name: 'AccountNotFoundException',
    });
    organization.setTags(LAB, { keyturn: 'on' });
    const { Tags } = await organizations.send(new ListTagsForResourceCommand({ ResourceId: LAB }));
    expect(Tags).toEqual([{ Key: 'keyturn', Value: 'on' }]);
    const { Parents } = await organizations.send(new ListParentsCommand({ ChildId: UNITS.canary }));
    expect(Parents).toEqual([{ Id: UNITS.prod, Type: 'ORGANIZATIONAL_UNIT' }]);
    await expect(organizations.send(new ListRootsCommand())).rejects.toMatchObject(deniedThere);
    const other = as(organization, organization.operatorOf(LAB)).organizations;
    await expect(other.send(new ListAccountsCommand())).rejects.toMatchObject(deniedThere);
    expect(await other.send(new DescribeOrganizationCommand())).toMatchObject({ Organization: { Id: ORGANIZATION } });
  });

  const deniedThere = { name: 'AccessDeniedException' };

  it('shows the management account its tree and its one policy', async () => {
    const organization = createFleetOrganization();
    organization.organizations.trusted.add('member.org.stacksets.cloudformation.amazonaws.com');
    const { organizations } = as(organization, organization.operatorOf(MANAGEMENT));
    expect((await organizations.send(new ListRootsCommand())).Roots).toMatchObject([{ Id: UNITS.root }]);
    const below = await organizations.send(new ListOrganizationalUnitsForParentCommand({ ParentId: UNITS.root }));
    expect(below.OrganizationalUnits?.map(({ Name }) => Name)).toEqual(['prod', 'dev', 'sandbox']);
    const trusted = await organizations.send(new ListAWSServiceAccessForOrganizationCommand());
    expect(trusted.EnabledServicePrincipals).toHaveLength(1);
    const policy = await organizations.send(new DescribeResourcePolicyCommand());
    expect(policy.ResourcePolicy?.Content).toContain(HUB);
    const Content = JSON.stringify({
      Statement: [{ Effect: 'Allow', Principal: { AWS: LAB }, Action: 'organizations:ListAccounts', Resource: '*' }],
    });
    await organizations.send(new PutResourcePolicyCommand({ Content }));
    await expect(as(organization, hub).organizations.send(new ListAccountsCommand())).rejects.toMatchObject(
      deniedThere,
    );
    await as(organization, organization.operatorOf(LAB)).organizations.send(new ListAccountsCommand());
  });
});

it('whoever works in one account and names another is seen', async () => {
  const organization = createFleetOrganization();
  const seen: string[] = [];
  organization.onCall(({ accountId }) => seen.push(accountId));
  const { secrets, iam } = await take(organization, roleIn(PAYMENTS));
  await iam.send(new GetUserCommand({ UserName: 'nobody' })).catch(() => undefined);
  expect(crossTalk(organization.calls, HUB)).toEqual([]);
  const SecretId = `arn:aws:secretsmanager:eu-west-1:${LAB}:secret:keyturn/AIDA/access-key-AbCdEf`;
  await secrets.send(new TagResourceCommand({ SecretId, Tags: [] })).catch(() => undefined);
  expect(crossTalk(organization.calls, HUB)).toEqual([
    `secretsmanager:TagResource by somebody in ${PAYMENTS} names ${LAB}`,
  ]);
  expect(seen).toEqual([HUB, PAYMENTS, PAYMENTS]);
});

describe('an invocation for a message about one account', () => {
  const about = { Records: [{ body: JSON.stringify({ accountId: PAYMENTS }) }] };
  const asked = async (event: unknown, work: (organization: LocalOrganization) => Promise<unknown>) => {
    const organization = createFleetOrganization();
    await workingOn(event, HUB, () => work(organization)).catch(() => undefined);
    return crossTalk(organization.calls, HUB);
  };
  const look = async (organization: LocalOrganization, accountId: string) => {
    const { iam } = await take(organization, roleIn(accountId));
    await iam.send(new GetUserCommand({ UserName: 'alice' })).catch(() => undefined);
  };
  const describeIn = (organization: LocalOrganization, AccountId: string) =>
    as(organization, functionCredentials('rotate-user')).organizations.send(new DescribeAccountCommand({ AccountId }));
  const scan = functionCredentials('scheduled-rotation');
  const send = (organization: LocalOrganization, ...accounts: string[]) =>
    new SQSClient(optionsOf(organization, scan)).send(
      new SendMessageBatchCommand({
        QueueUrl: `https://sqs.eu-west-1.amazonaws.com/${HUB}/keyturn-test-results`,
        Entries: accounts.map((accountId) => ({ Id: accountId, MessageBody: JSON.stringify({ accountId }) })),
      }),
    );
  const publish = (organization: LocalOrganization, accountId: string) =>
    new SNSClient(optionsOf(organization, scan)).send(
      new PublishCommand({
        TopicArn: `arn:aws:sns:eu-west-1:${HUB}:keyturn-test`,
        Message: JSON.stringify({ default: JSON.stringify({ accountId }) }),
      }),
    );
  const somebody = (what: string, other: string, message = PAYMENTS) =>
    `${what} is about ${other}, and the message about ${message}`;

  it('works there', async () => {
    const work = async (organization: LocalOrganization) => {
      await look(organization, PAYMENTS);
      await describeIn(organization, PAYMENTS);
      await Promise.allSettled([send(organization, PAYMENTS), publish(organization, PAYMENTS)]);
    };
    expect(await asked(about, work)).toEqual([]);
    expect(await asked({ accountId: PAYMENTS }, work)).toEqual([]);
    expect(await asked({ account: HUB, detail: { affectedAccount: PAYMENTS } }, work)).toEqual([]);
    expect(await asked({ account: PAYMENTS, detail: {} }, work)).toEqual([]);
  });

  it.each<[string, (organization: LocalOrganization) => Promise<unknown>, string[]]>([
    [
      'works in another',
      (organization) => look(organization, LAB),
      [somebody(`sts:AssumeRole by somebody in ${HUB}`, LAB), somebody(`iam:GetUser by somebody in ${LAB}`, LAB)],
    ],
    [
      'asks the organization about another',
      (organization) => describeIn(organization, LAB),
      [somebody(`organizations:DescribeAccount by somebody in ${HUB}`, LAB)],
    ],
    [
      'sends a message about another',
      (organization) => send(organization, PAYMENTS, CANARY),
      [somebody(`sqs:SendMessageBatch by somebody in ${HUB}`, CANARY)],
    ],
    [
      'tells of another',
      (organization) => publish(organization, LAB),
      [somebody(`sns:Publish by somebody in ${HUB}`, LAB)],
    ],
  ])('is seen where it %s', async (_, work, expected) => {
    expect(await asked(about, work)).toEqual(expected);
  });

  it('is the hub’s own where the event names none, so it may list and enqueue all, and work in none', async () => {
    const all = async (organization: LocalOrganization) => {
      await describeIn(organization, LAB);
      await send(organization, PAYMENTS, LAB).catch(() => undefined);
    };
    for (const event of [{ scheduledAt: 'x' }, 'x', { Records: [{ body: '{' }, {}] }]) {
      expect(await asked(event, all)).toEqual([]);
      expect(await asked(event, (organization) => look(organization, LAB))).toHaveLength(2);
    }
  });
});
