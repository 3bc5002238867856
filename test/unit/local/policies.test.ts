// local/aws/policies/policy-conditions.ts, local/aws/policies/resource-policy.ts

import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  type SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import { functionCredentials, functionRoleArn, rootCredentials } from '../../../local/aws/principals.ts';
import { clientsOf, refusal, setUp } from './clients.ts';

const SecretId = 'keyturn/x/access-key';
const account = '111122223333';
const rotator = 'arn:aws:lambda:eu-west-1:111122223333:function:rotator';
const worker = functionRoleArn(account, 'rotation-worker');
const v1 = 'version-1-aaaaaaaaaaaaaaaaaaaaaaaaaa';

/** A secret with a value, and clients of everybody who may want something of it. */
async function withSecret() {
  const local = setUp();
  const { aws, secrets } = local;
  const as = (credentials: Parameters<typeof clientsOf>[1]) => clientsOf(aws.connect('somebody'), credentials).secrets;
  await secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'value', ClientRequestToken: v1 }));
  const [key = { accessKeyId: '', secretAccessKey: '' }] = aws.iam.addUser({ userName: 'alice', keys: [{}] }).keys;
  const put = (...statements: object[]) =>
    secrets.send(
      new PutResourcePolicyCommand({
        SecretId,
        ResourcePolicy: JSON.stringify({
          Version: '2012-10-17',
          Statement: statements.map((more) => ({ Principal: '*', Resource: '*', ...more })),
        }),
      }),
    );
  return { ...local, as, put, key, arn: aws.secrets.find(SecretId)?.arn ?? '' };
}

const deny = (Condition: object, Action: unknown = 'secretsmanager:*') => ({ Effect: 'Deny', Action, Condition });
const allow = (Condition: object) => ({ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Condition });
const read = (secrets: SecretsManagerClient) => secrets.send(new GetSecretValueCommand({ SecretId }));
const isRefused = async (call: Promise<unknown>) => {
  try {
    await call;
    return false;
  } catch (error) {
    expect(error).toMatchObject({ name: 'AccessDeniedException' });
    return true;
  }
};

describe('an explicit Deny', () => {
  const operations = {
    GetSecretValue: (secrets) => read(secrets),
    DescribeSecret: (secrets) => secrets.send(new DescribeSecretCommand({ SecretId })),
    ListSecretVersionIds: (secrets) => secrets.send(new ListSecretVersionIdsCommand({ SecretId })),
    PutSecretValue: (secrets) => secrets.send(new PutSecretValueCommand({ SecretId, SecretString: 'x' })),
    UpdateSecret: (secrets) => secrets.send(new UpdateSecretCommand({ SecretId, Description: 'x' })),
    UpdateSecretVersionStage: (secrets) =>
      secrets.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'L', MoveToVersionId: v1 })),
    TagResource: (secrets) => secrets.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'a', Value: 'b' }] })),
    UntagResource: (secrets) => secrets.send(new UntagResourceCommand({ SecretId, TagKeys: ['a'] })),
    GetResourcePolicy: (secrets) => secrets.send(new GetResourcePolicyCommand({ SecretId })),
    PutResourcePolicy: (secrets) =>
      secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: '{"Statement":[]}' })),
    DeleteResourcePolicy: (secrets) => secrets.send(new DeleteResourcePolicyCommand({ SecretId })),
    ReplicateSecretToRegions: (secrets) =>
      secrets.send(new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions: [{ Region: 'us-east-1' }] })),
    RemoveRegionsFromReplication: (secrets) =>
      secrets.send(new RemoveRegionsFromReplicationCommand({ SecretId, RemoveReplicaRegions: ['us-east-1'] })),
    RotateSecret: (secrets) => secrets.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: rotator })),
    CancelRotateSecret: (secrets) => secrets.send(new CancelRotateSecretCommand({ SecretId })),
    RestoreSecret: (secrets) => secrets.send(new RestoreSecretCommand({ SecretId })),
    DeleteSecret: (secrets) => secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true })),
  } satisfies Record<string, (secrets: SecretsManagerClient) => Promise<unknown>>;

  test.each(Object.entries(operations))('of %s binds roles, and nobody whom it excepts', async (name, call) => {
    const { aws, as, put } = await withSecret();
    aws.secrets.rotations.register(rotator, async () => {});
    await put(deny({ ArnNotEquals: { 'aws:PrincipalArn': worker } }, `secretsmanager:${name}`));
    const attacker = as(aws.iam.addRole({ name: 'attacker' }));
    expect((await refusal(call(attacker))).message).toContain('with an explicit deny in a resource-based policy');
    await call(as(functionCredentials('rotation-worker')));
  });

  test('binds a role whose name only looks like the one that is excepted', async () => {
    const { aws, as, put } = await withSecret();
    await put(deny({ ArnNotLike: { 'aws:PrincipalArn': `arn:aws:iam::${account}:role/keyturn/*` } }));
    expect(await isRefused(read(as(aws.iam.addRole({ name: 'keyturn-rotation-worker' }))))).toBe(true);
    expect(await isRefused(read(as(aws.iam.addRole({ name: 'x', path: '/keyturn/' }))))).toBe(false);
  });

  test('can except root', async () => {
    const { secrets, as, put } = await withSecret();
    await put(deny({ ArnNotEquals: { 'aws:PrincipalArn': `arn:aws:iam::${account}:root` } }));
    expect(await isRefused(read(secrets))).toBe(true);
    expect(await isRefused(read(as(rootCredentials)))).toBe(false);
  });

  test('for the account is one for everybody in it', async () => {
    const { secrets, put } = await withSecret();
    await put({ ...deny({}), Principal: { AWS: `arn:aws:iam::${account}:root` } });
    expect(await isRefused(read(secrets))).toBe(true);
  });

  test('for another secret is none', async () => {
    const { secrets, put, arn } = await withSecret();
    await put({ ...deny({}, 'secretsmanager:GetSecretValue'), Resource: `${arn}x` });
    expect(await isRefused(read(secrets))).toBe(false);
    await put({ ...deny({}, 'secretsmanager:GetSecretValue'), Resource: arn });
    expect(await isRefused(read(secrets))).toBe(true);
  });

  test('of labels stops a rotation, unless it excepts AWS services', async () => {
    const { aws, as, put } = await withSecret();
    aws.secrets.rotations.register(rotator, async () => {});
    const rotate = () =>
      as(functionCredentials('rotation-worker')).send(
        new RotateSecretCommand({ SecretId, RotationLambdaARN: rotator }),
      );
    const others = { ArnNotEquals: { 'aws:PrincipalArn': worker } };
    await put(deny(others, 'secretsmanager:UpdateSecretVersionStage'));
    expect(await isRefused(rotate())).toBe(true);
    const people = { ...others, BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' } };
    await put(deny(people, 'secretsmanager:UpdateSecretVersionStage'));
    expect(await isRefused(rotate())).toBe(false);
  });
});

test('an Allow for the account hands on to policies of its people, and users have none', async () => {
  const { as, put, key } = await withSecret();
  await put({ ...allow({}), Principal: { AWS: account } });
  expect(await isRefused(read(as(key)))).toBe(true);
});

describe('a condition', () => {
  // The operator reads unless the Deny applies; its session began with the call, on 1 January 2026.
  test.each<[string, object, boolean]>([
    ['Bool', { Bool: { 'aws:PrincipalIsAWSService': 'false' } }, true],
    ['Bool, as JSON has it', { Bool: { 'aws:PrincipalIsAWSService': false } }, true],
    ['Bool that does not hold', { Bool: { 'aws:PrincipalIsAWSService': 'true' } }, false],
    ['BoolIfExists', { BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' } }, true],
    ['DateLessThan', { DateLessThan: { 'aws:CurrentTime': '2026-01-02T00:00:00Z' } }, true],
    ['DateLessThan that has passed', { DateLessThan: { 'aws:CurrentTime': '2025-12-31T23:59:59Z' } }, false],
    ['DateGreaterThan', { DateGreaterThan: { 'aws:CurrentTime': '2025-12-31T00:00:00Z' } }, true],
    ['DateGreaterThanEquals that does not hold', { DateGreaterThanEquals: { 'aws:CurrentTime': '2027' } }, false],
    ['a date in seconds', { DateLessThan: { 'aws:CurrentTime': '1767312000' } }, true],
    ['a session of a role', { DateGreaterThan: { 'aws:TokenIssueTime': '2026-01-01T00:00:00Z' } }, true],
    ['Null of what is there', { Null: { 'aws:TokenIssueTime': 'true' } }, false],
    ['Null false', { Null: { 'aws:TokenIssueTime': 'false' } }, true],
    [
      'two, of which one does not hold',
      { Bool: { 'aws:PrincipalIsAWSService': 'false' }, Null: { 'aws:userid': true } },
      false,
    ],
    ['a variable', { StringEquals: { 'aws:userid': `\${aws:userid}` } }, true],
    ['a variable without a value', { StringNotEquals: { 'aws:userid': `\${kms:MacAlgorithm}` } }, true],
  ])('%s', async (_name, Condition, applies) => {
    const { secrets, put } = await withSecret();
    await put(deny(Condition, 'secretsmanager:GetSecretValue'));
    expect(await isRefused(read(secrets))).toBe(applies);
  });

  // A long-term key carries no aws:TokenIssueTime.
  test.each<[string, object, boolean]>([
    ['positive', { DateLessThan: { 'aws:TokenIssueTime': '2030-01-01T00:00:00Z' } }, false],
    ['negated', { DateNotEquals: { 'aws:TokenIssueTime': '2030-01-01T00:00:00Z' } }, true],
    ['positive, if it exists', { DateLessThanIfExists: { 'aws:TokenIssueTime': '2020-01-01T00:00:00Z' } }, true],
    ['Null', { Null: { 'aws:TokenIssueTime': 'true' } }, true],
  ])('about a key that is absent: %s', async (_name, Condition, applies) => {
    const { as, put, key } = await withSecret();
    await put(allow({ ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${account}:user/alice` } }), deny(Condition));
    expect(await isRefused(read(as(key)))).toBe(applies);
  });

  test('tells sessions that began before from those that began after', async () => {
    const { aws, as, put, key } = await withSecret();
    const session = async () => {
      const { Credentials: made } = await clientsOf(aws.connect('alice'), key).sts.send(new GetSessionTokenCommand({}));
      return {
        accessKeyId: made?.AccessKeyId ?? '',
        secretAccessKey: made?.SecretAccessKey ?? '',
        sessionToken: made?.SessionToken ?? '',
      };
    };
    const before = await session();
    aws.clock.advance(60_000);
    const edge = new Date(aws.clock.now()).toISOString();
    const after = await session();
    await put(
      allow({ StringEquals: { 'aws:userid': aws.iam.state.user('alice').userId } }),
      deny({ DateLessThan: { 'aws:TokenIssueTime': edge } }),
    );
    expect(await isRefused(read(as(before)))).toBe(true);
    expect(await isRefused(read(as(after)))).toBe(false);
    expect(await isRefused(read(as(key)))).toBe(false);
  });

  test.each([
    ['operator', { IpAddress: { 'aws:userid': '1.1.1.1' } }],
    ['Null with IfExists', { NullIfExists: { 'aws:userid': 'true' } }],
    ['date', { DateLessThan: { 'aws:CurrentTime': 'tomorrow' } }],
  ])('of an unknown %s is refused when it is put', async (_name, Condition) => {
    const { put } = await withSecret();
    expect((await refusal(put(deny(Condition)))).name).toBe('MalformedPolicyDocumentException');
  });
});

test('a policy that is deleted is gone', async () => {
  const { secrets, put } = await withSecret();
  await put(deny({}, 'secretsmanager:GetSecretValue'));
  await secrets.send(new DeleteResourcePolicyCommand({ SecretId }));
  await read(secrets);
  expect((await secrets.send(new GetResourcePolicyCommand({ SecretId }))).ResourcePolicy).toBeUndefined();
});

test('replicas come and go', async () => {
  const { secrets } = await withSecret();
  const add = new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions: [{ Region: 'us-east-1' }] });
  expect((await secrets.send(add)).ReplicationStatus).toEqual([{ Region: 'us-east-1', Status: 'InSync' }]);
  const remove = new RemoveRegionsFromReplicationCommand({ SecretId, RemoveReplicaRegions: ['us-east-1'] });
  expect((await secrets.send(remove)).ReplicationStatus).toEqual([]);
});

test('a secret made again under the same name has another ARN, another date and no policy', async () => {
  const { aws, secrets, put, arn } = await withSecret();
  await put(deny({}, 'secretsmanager:GetSecretValue'));
  await secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
  aws.clock.advance(60_000);
  const { ARN } = await secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'other' }));
  expect(ARN).not.toBe(arn);
  expect(ARN?.slice(0, -6)).toBe(arn.slice(0, -6));
  expect((await read(secrets)).SecretString).toBe('other');
  const { CreatedDate } = await secrets.send(new DescribeSecretCommand({ SecretId }));
  expect(CreatedDate?.getTime()).toBe(aws.secrets.find(SecretId)?.createdAt);
  const { SecretList } = await secrets.send(new ListSecretsCommand({}));
  expect(SecretList?.map((entry) => entry.CreatedDate)).toEqual([CreatedDate]);
});

test('tests reach past a policy by tampering, which is no call', async () => {
  const { aws, put } = await withSecret();
  await put(deny({}));
  const calls = aws.calls.length;
  aws.secrets.tamper(SecretId, { tags: { a: 'b', c: 'd' }, labels: { L: v1 } });
  aws.secrets.tamper(SecretId, { tags: { c: undefined } });
  expect(aws.secrets.find(SecretId)).toMatchObject({ tags: { a: 'b' }, versions: [{ labels: ['AWSCURRENT', 'L'] }] });
  aws.secrets.tamper(SecretId, { labels: { L: undefined } });
  expect(aws.secrets.find(SecretId)?.versions[0]?.labels).toEqual(['AWSCURRENT']);
  expect(aws.calls.length).toBe(calls);
});
