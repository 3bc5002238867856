import { UpdateAccessKeyCommand } from '@aws-sdk/client-iam';
import { GetAccessKeyInfoCommand, GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { functionCredentials, functionRoleArn, rootCredentials } from '../../../local/aws/principals.ts';
import { createWorld } from '../../support/world.ts';
import { clientsOf, refusal, setUp } from './clients.ts';

const identity = new GetCallerIdentityCommand({});
const session = (more: object = {}) => new GetSessionTokenCommand(more);

function withUser() {
  const local = setUp();
  const [key = { accessKeyId: '', secretAccessKey: '' }] = local.aws.iam.addUser({
    userName: 'alice',
    keys: [{ ageDays: 1 }],
  }).keys;
  const as = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) =>
    clientsOf(local.aws.connect('user'), credentials);
  const signIn = async (more: object = {}) => {
    const { Credentials } = await as(key).sts.send(session(more));
    return {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    };
  };
  return { ...local, key, as, signIn };
}

test('every function calls as its own role, named in advance', async () => {
  const { aws } = setUp();
  const { sts } = clientsOf(aws.connect('any'), functionCredentials('rotation-worker'));
  expect((await sts.send(identity)).Arn).toBe(
    'arn:aws:sts::111122223333:assumed-role/keyturn-rotation-worker/keyturn-rotation-worker',
  );
  expect(aws.iam.state.roles.get(functionCredentials('exposed-key').accessKeyId)?.arn).toBe(
    'arn:aws:iam::111122223333:role/keyturn/keyturn-exposed-key',
  );
});

test('the functions of a deployment beside ours have a suffix', async () => {
  const { aws } = setUp({ roleSuffix: '-b' });
  const role = aws.iam.state.roles.get(functionCredentials('config-rule').accessKeyId);
  expect(role?.arn).toBe(functionRoleArn('111122223333', 'config-rule', '-b'));
});

test.each([
  ['worker', 'keyturn-rotation-worker'],
  ['scan', 'keyturn-scheduled-rotation'],
  ['rotate-user', 'keyturn-rotate-user'],
  ['administrator', 'operator'],
])('a runtime named %s calls as %s', async (name, role) => {
  const { Arn } = await createWorld().runtime(name).aws.sts.send(identity);
  expect(Arn?.split('/')[1]).toBe(role);
});

test('root is itself', async () => {
  const { aws } = setUp();
  const { sts } = clientsOf(aws.connect('root'), rootCredentials);
  expect(await sts.send(identity)).toMatchObject({ Arn: 'arn:aws:iam::111122223333:root', UserId: '111122223333' });
});

test('one more role has the path that it was given', () => {
  const { aws } = setUp();
  expect(aws.iam.addRole({ name: 'attacker', path: '/keyturn/' }).arn).toBe(
    'arn:aws:iam::111122223333:role/keyturn/attacker',
  );
});

test('a session of a user is that user, and outlives a key that is deactivated', async () => {
  const { as, key, iam, signIn, aws } = withUser();
  const credentials = await signIn();
  const { sts } = as(credentials);
  await iam.send(new UpdateAccessKeyCommand({ UserName: 'alice', AccessKeyId: key.accessKeyId, Status: 'Inactive' }));
  expect((await sts.send(identity)).Arn).toBe('arn:aws:iam::111122223333:user/alice');
  expect((await refusal(sts.send(session()))).name).toBe('AccessDenied');
  aws.iam.deleteUser('alice');
  expect((await refusal(sts.send(identity))).name).toBe('InvalidClientTokenId');
});

test('a session needs its token and its signature, and ends', async () => {
  const { as, aws, signIn } = withUser();
  const { sessionToken, ...pair } = await signIn({ DurationSeconds: 900 });
  expect((await refusal(as(pair).sts.send(identity))).name).toBe('InvalidClientTokenId');
  const forged = as({ ...pair, secretAccessKey: 'x', sessionToken });
  expect((await refusal(forged.sts.send(identity))).name).toBe('SignatureDoesNotMatch');
  aws.clock.advance(900_000);
  expect((await refusal(as({ ...pair, sessionToken }).sts.send(identity))).name).toMatch(/^ExpiredToken/);
});

test('a role makes no session of a user, and nobody one of a minute', async () => {
  const { sts, as, key } = withUser();
  expect((await refusal(sts.send(session()))).name).toBe('AccessDenied');
  expect((await refusal(as(key).sts.send(session({ DurationSeconds: 60 })))).name).toBe('ValidationError');
});

test('the account of a key is told to whoever may ask, and a user needs a permission for it', async () => {
  const { as, aws, key } = withUser();
  const asked = new GetAccessKeyInfoCommand({ AccessKeyId: key.accessKeyId });
  expect((await clientsOf(aws.connect('any')).sts.send(asked)).Account).toBe('111122223333');
  expect(await refusal(as(key).sts.send(asked))).toMatchObject({ name: 'AccessDenied' });
});
