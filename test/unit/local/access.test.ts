// local/aws/authenticate.ts, local/aws/signature.ts, local/aws/policies/resource-policy.ts,
// local/aws/secrets-manager/secret-access.ts, local/aws/secrets-manager/secret-policies.ts

import { CreateAccessKeyCommand, GetAccessKeyLastUsedCommand, ListUsersCommand } from '@aws-sdk/client-iam';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  MalformedPolicyDocumentException,
  PublicPolicyException,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import { clientsOf, refusal, setUp } from './clients.ts';

const identity = new GetCallerIdentityCommand({});
const SecretId = 'keyturn/x/access-key';
const reads = ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret', 'secretsmanager:ListSecretVersionIds'];

function withUser() {
  const local = setUp();
  const { aws } = local;
  const { arn, userId, keys } = aws.iam.addUser({ userName: 'alice', path: '/team/', keys: [{ ageDays: 1 }] });
  const [key = { accessKeyId: '', secretAccessKey: '' }] = keys;
  const as = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
    clientsOf(aws.connect('user'), credentials);
  return { ...local, arn, userId, key, as, owner: as(key) };
}

describe('who signed a call', () => {
  test('a key of no user is the role of the operator', async () => {
    const { sts } = setUp();
    expect(await sts.send(identity)).toMatchObject({
      Arn: 'arn:aws:sts::111122223333:assumed-role/operator/local',
      Account: '111122223333',
    });
  });

  test('a key of a user is that user, and the call counts as its use', async () => {
    const { iam, owner, arn, userId, key } = withUser();
    expect(await owner.sts.send(identity)).toMatchObject({ Arn: arn, UserId: userId });
    const { AccessKeyLastUsed } = await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: key.accessKeyId }));
    expect(AccessKeyLastUsed).toMatchObject({ ServiceName: 'sts', Region: 'eu-west-1' });
  });

  test('a new key takes eight seconds to authenticate', async () => {
    const { aws, iam, as } = withUser();
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
    const { sts } = as({
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    });
    expect(await refusal(sts.send(identity))).toMatchObject({
      name: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid.',
    });
    aws.clock.advance(8_000);
    expect((await sts.send(identity)).Arn).toBe('arn:aws:iam::111122223333:user/team/alice');
  });

  test('inactive, deleted and wrongly signed keys are refused', async () => {
    const { aws, owner, as, key } = withUser();
    const forged = as({ ...key, secretAccessKey: 'x'.repeat(40) });
    expect((await refusal(forged.sts.send(identity))).name).toBe('SignatureDoesNotMatch');
    aws.iam.setKeyStatus(key.accessKeyId, 'Inactive');
    expect((await refusal(owner.sts.send(identity))).name).toBe('InvalidClientTokenId');
    const read = owner.secrets.send(new GetSecretValueCommand({ SecretId }));
    expect((await refusal(read)).name).toBe('UnrecognizedClientException');
    aws.iam.deleteKey(key.accessKeyId);
    expect((await refusal(owner.sts.send(identity))).name).toBe('InvalidClientTokenId');
  });

  test('a user may do nothing that no policy allows', async () => {
    const { owner, arn } = withUser();
    expect(await refusal(owner.iam.send(new ListUsersCommand({})))).toMatchObject({
      name: 'AccessDenied',
      message: `User: ${arn} is not authorized to perform: iam:ListUsers on resource: * because no identity-based policy allows the iam:ListUsers action`,
    });
    expect((await refusal(owner.secrets.send(new ListSecretsCommand({})))).name).toBe('AccessDeniedException');
    expect((await refusal(owner.secrets.send(new DescribeSecretCommand({ SecretId })))).name).toBe(
      'AccessDeniedException',
    );
  });
});

describe('resource policies', () => {
  async function withSecret() {
    const local = withUser();
    await local.secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'value' }));
    const put = (statements: unknown[], BlockPublicPolicy = true) =>
      local.secrets.send(
        new PutResourcePolicyCommand({
          SecretId,
          BlockPublicPolicy,
          ResourcePolicy: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
        }),
      );
    const allow = { Effect: 'Allow', Principal: { AWS: local.arn }, Action: reads, Resource: '*' };
    const deny = (Condition: unknown) => ({
      Effect: 'Deny',
      Principal: '*',
      Action: ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue'],
      Resource: '*',
      Condition,
    });
    const read = (clients: { secrets: typeof local.secrets }) =>
      clients.secrets.send(new GetSecretValueCommand({ SecretId })).then(({ SecretString }) => SecretString);
    return { ...local, put, allow, deny, read };
  }

  test('the owner reads by an Allow, and nobody else of the users does', async () => {
    const { aws, put, allow, read, owner, as } = await withSecret();
    await put([allow]);
    expect(await read(owner)).toBe('value');
    const [bob = { accessKeyId: '', secretAccessKey: '' }] = aws.iam.addUser({ userName: 'bob', keys: [{}] }).keys;
    expect((await refusal(read(as(bob)))).name).toBe('AccessDeniedException');
    const write = owner.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: 'x' }));
    expect((await refusal(write)).name).toBe('AccessDeniedException');
  });

  test('a Deny whose two conditions must both miss lets in owner and readers only', async () => {
    const { aws, put, allow, deny, read, owner, as, userId, secrets } = await withSecret();
    const reader = aws.iam.addRole({ name: 'break-glass' });
    await put([
      allow,
      deny({ StringNotEquals: { 'aws:userid': userId }, ArnNotLike: { 'aws:PrincipalArn': [reader.arn] } }),
    ]);
    expect(await read(owner)).toBe('value');
    expect(await read(as(reader))).toBe('value');
    expect((await refusal(read({ secrets }))).message).toContain('with an explicit deny in a resource-based policy');
    // Only reads of the value are denied.
    await secrets.send(new DescribeSecretCommand({ SecretId }));
    await put([allow]);
    expect(await read({ secrets })).toBe('value');
  });

  test('a re-created namesake does not inherit access, and a renamed owner keeps it', async () => {
    const { aws, put, allow, read, owner, as, secrets, userId } = await withSecret();
    await put([allow]);
    const user = aws.iam.state.user('alice');
    aws.iam.state.save({ ...user, userName: 'alicia', arn: 'arn:aws:iam::111122223333:user/team/alicia' });
    expect(await read(owner)).toBe('value');
    const shown = async () => (await secrets.send(new GetResourcePolicyCommand({ SecretId }))).ResourcePolicy;
    expect(await shown()).toContain('user/team/alicia');
    aws.iam.deleteUser('alicia');
    const again = aws.iam.addUser({ userName: 'alice', path: '/team/', keys: [{}] });
    const [key = { accessKeyId: '', secretAccessKey: '' }] = again.keys;
    expect((await refusal(read(as(key)))).name).toBe('AccessDeniedException');
    expect(await shown()).toContain(`"${userId}"`);
  });

  test('BlockPublicPolicy refuses an Allow for everybody', async () => {
    const { put, allow } = await withSecret();
    const open = { ...allow, Principal: '*' };
    await expect(put([open])).rejects.toBeInstanceOf(PublicPolicyException);
    await put([{ ...open, Condition: { StringEquals: { 'aws:userid': 'AIDAX' } } }]);
    await put([open], false);
  });

  test('a condition about tags sees the keys of the tags that a call adds or takes off', async () => {
    const { put, secrets } = await withSecret();
    const Condition = { 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': ['ours'] } };
    const Action = ['secretsmanager:TagResource', 'secretsmanager:UntagResource'];
    await put([{ Effect: 'Deny', Principal: '*', Action, Resource: '*', Condition }]);
    const tag = (...keys: string[]) =>
      secrets.send(new TagResourceCommand({ SecretId, Tags: keys.map((Key) => ({ Key, Value: 'x' })) }));
    await tag('ours');
    await secrets.send(new UntagResourceCommand({ SecretId, TagKeys: ['ours'] }));
    expect((await refusal(tag('ours', 'other'))).name).toBe('AccessDeniedException');
    const untag = secrets.send(new UntagResourceCommand({ SecretId, TagKeys: ['other'] }));
    expect((await refusal(untag)).name).toBe('AccessDeniedException');
  });

  test('a policy for a user who does not exist, or that is no policy, is refused', async () => {
    const { put, allow } = await withSecret();
    const nobody = { ...allow, Principal: { AWS: 'arn:aws:iam::111122223333:user/nobody' } };
    await expect(put([nobody])).rejects.toBeInstanceOf(MalformedPolicyDocumentException);
    await expect(put(['x'])).rejects.toBeInstanceOf(MalformedPolicyDocumentException);
    const unknownKey = { ...allow, Condition: { StringEquals: { 'aws:SourceIp': '1.1.1.1' } } };
    await expect(put([unknownKey])).rejects.toBeInstanceOf(MalformedPolicyDocumentException);
  });
});
