// local/aws/faults.ts, local/aws/call.ts, local/aws/connection.ts, local/aws/service.ts

import {
  CreateAccessKeyCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  TagUserCommand,
} from '@aws-sdk/client-iam';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  ListSecretsCommand,
  SecretsManagerClient,
  TagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { CallerCrashed, ConnectionReset, createLocalAws, type Fault } from '../../../local/aws/aws.ts';
import { faultsByRule } from '../../../local/aws/faults.ts';
import { clientsOf, refusal } from './clients.ts';

const alice = { UserName: 'alice' };

/** A local AWS with alice, and a caller whose n-th call meets the fault. */
function withFault(fault: Fault, nth = 1) {
  const aws = createLocalAws();
  aws.iam.addUser({ userName: 'alice' });
  const connection = aws.connect('worker', (call) => (call.n === nth ? fault : undefined));
  return { aws, connection, ...clientsOf(connection) };
}

test('a crash before a call leaves no effect, and every later call of that caller fails', async () => {
  const { aws, iam } = withFault({ kind: 'crash-before' });
  await expect(iam.send(new CreateAccessKeyCommand(alice))).rejects.toBeInstanceOf(CallerCrashed);
  await expect(iam.send(new GetUserCommand(alice))).rejects.toBeInstanceOf(CallerCrashed);
  expect(aws.iam.keysOf('alice')).toEqual([]);
  const other = clientsOf(aws.connect('other'));
  expect((await other.iam.send(new GetUserCommand(alice))).User?.UserName).toBe('alice');
});

test('a crash after a call leaves its effect, and is not retried', async () => {
  const { aws, connection } = withFault({ kind: 'crash-after' });
  const iam = new IAMClient({
    region: 'eu-west-1',
    requestHandler: connection.requestHandler,
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
  });
  await expect(iam.send(new CreateAccessKeyCommand(alice))).rejects.toBeInstanceOf(CallerCrashed);
  expect(aws.iam.keysOf('alice')).toHaveLength(1);
  expect(connection.calls).toHaveLength(1);
});

test('a lost response leaves the effect, and the SDK retries it as transient', async () => {
  const { aws, connection, iam } = withFault({ kind: 'lost-response' });
  await expect(iam.send(new CreateAccessKeyCommand(alice))).rejects.toBeInstanceOf(ConnectionReset);
  expect(aws.iam.keysOf('alice')).toHaveLength(1);
  const retrying = aws.connect('retrying', (call) => (call.n === 1 ? { kind: 'lost-response' } : undefined));
  const client = new IAMClient({
    region: 'eu-west-1',
    requestHandler: retrying.requestHandler,
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    maxAttempts: 2,
  });
  await client.send(new GetUserCommand(alice));
  expect(retrying.calls.map((call) => call.fault?.kind)).toEqual(['lost-response', undefined]);
  expect(connection.calls).toHaveLength(1);
});

test('a fault can be meant for one Region', async () => {
  const aws = createLocalAws();
  const { requestHandler } = aws.connect('test', ({ region }) =>
    region === 'us-east-1' ? { kind: 'throttle' } : undefined,
  );
  const credentials = { accessKeyId: 'x', secretAccessKey: 'y' };
  const list = (region: string) =>
    new SecretsManagerClient({ region, requestHandler, maxAttempts: 1, credentials }).send(new ListSecretsCommand({}));
  expect(await list('eu-west-1')).toMatchObject({ SecretList: [] });
  expect(await refusal(list('us-east-1'))).toMatchObject({ name: 'ThrottlingException' });
});

test('a throttle is the own code of each service, and has no effect', async () => {
  const { aws } = withFault({ kind: 'throttle' });
  const queueUrl = aws.sqs.addQueue('q.fifo');
  const { iam, secrets, sqs } = clientsOf(aws.connect('throttled', () => ({ kind: 'throttle' })));
  const create = iam.send(new CreateAccessKeyCommand(alice));
  expect(await refusal(create)).toMatchObject({ name: 'Throttling', message: 'Rate exceeded' });
  const describe = secrets.send(new DescribeSecretCommand({ SecretId: 'x' }));
  expect((await refusal(describe)).name).toBe('ThrottlingException');
  const send = sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'x', MessageGroupId: 'g' }));
  expect((await refusal(send)).name).toBe('ThrottlingException');
  expect(aws.iam.keysOf('alice')).toEqual([]);
});

test('an error to order is that of the model of the service', async () => {
  const { iam } = withFault({ kind: 'error', status: 500, code: 'ServiceFailure', message: 'broken' });
  expect(await refusal(iam.send(new GetUserCommand(alice)))).toMatchObject({
    type: 'ServiceFailureException',
    message: 'broken',
  });
});

test('a stale read shows the true earlier state of that entity; a write is never stale', async () => {
  const { aws, iam } = withFault({ kind: 'stale', ms: 10_000 }, 2);
  aws.iam.addKey('alice', { ageDays: 3 });
  aws.clock.advance(60_000);
  await iam.send(new CreateAccessKeyCommand(alice));
  const list = async () => (await iam.send(new ListAccessKeysCommand(alice))).AccessKeyMetadata?.length;
  expect(await list()).toBe(1);
  expect(await list()).toBe(2);

  const stale = clientsOf(aws.connect('stale', () => ({ kind: 'stale', ms: 300_000 })));
  await stale.iam.send(new TagUserCommand({ ...alice, Tags: [{ Key: 'a', Value: '1' }] }));
  expect(aws.iam.keysOf('alice')).toHaveLength(2);
  expect((await refusal(stale.iam.send(new GetUserCommand({ UserName: 'nobody' })))).name).toBe(
    'NoSuchEntityException',
  );
});

test('a write to a secret is decided on its state of now, and keeps what was written a moment ago', async () => {
  const { aws } = withFault({ kind: 'throttle' });
  const { secrets } = clientsOf(aws.connect('writer'));
  const stale = clientsOf(aws.connect('stale', () => ({ kind: 'stale', ms: 10_000 })));
  const tag = (Key: string) => new TagResourceCommand({ SecretId: 'a', Tags: [{ Key, Value: '' }] });
  await secrets.send(new CreateSecretCommand({ Name: 'a' }));
  aws.clock.advance(60_000);
  await secrets.send(tag('first'));
  await stale.secrets.send(tag('second'));
  expect(aws.secrets.find('a')?.tags).toEqual({ first: '', second: '' });
  expect((await stale.secrets.send(new DescribeSecretCommand({ SecretId: 'a' }))).Tags).toBeUndefined();
});

test('ListSecrets may be five minutes behind', async () => {
  const { aws } = withFault({ kind: 'throttle' });
  const { secrets } = clientsOf(aws.connect('writer'));
  const stale = clientsOf(aws.connect('stale', () => ({ kind: 'stale', ms: 300_000 })));
  await secrets.send(new CreateSecretCommand({ Name: 'a', Tags: [{ Key: 't', Value: '1' }] }));
  expect((await stale.secrets.send(new ListSecretsCommand({}))).SecretList).toEqual([]);
  aws.clock.advance(200_000);
  await secrets.send(new TagResourceCommand({ SecretId: 'a', Tags: [{ Key: 't', Value: '2' }] }));
  aws.clock.advance(200_000);
  const listed = async () => (await stale.secrets.send(new ListSecretsCommand({}))).SecretList?.[0]?.Tags;
  expect(await listed()).toEqual([{ Key: 't', Value: '1' }]);
  aws.clock.advance(200_000);
  expect(await listed()).toEqual([{ Key: 't', Value: '2' }]);
});

test('calls are recorded with their outcome and without secret values', async () => {
  const { aws, iam, secrets } = withFault({ kind: 'throttle' }, 2);
  const seen: string[] = [];
  const stop = aws.onCall((call) => seen.push(`${call.operation} ${call.outcome}`));
  await secrets.send(new CreateSecretCommand({ Name: 'a', SecretString: 'never-show-this' }));
  await refusal(iam.send(new GetUserCommand(alice)));
  stop();
  await refusal(iam.send(new GetUserCommand({ UserName: 'nobody' })));
  expect(seen).toEqual(['CreateSecret ok', 'GetUser Throttling']);
  expect(aws.calls).toMatchObject([
    { n: 1, caller: 'worker', service: 'secretsmanager', operation: 'CreateSecret', mutating: true, outcome: 'ok' },
    { n: 2, service: 'iam', mutating: false, outcome: 'Throttling', fault: { kind: 'throttle' } },
    { n: 3, input: { UserName: 'nobody' }, outcome: 'NoSuchEntity' },
  ]);
  expect(JSON.stringify(aws.calls)).not.toContain('never-show-this');
});

test('a rule counts the calls that fit it', async () => {
  const aws = createLocalAws();
  aws.iam.addUser({ userName: 'alice' });
  const rules = faultsByRule([{ operation: 'GetUser', nth: 2, times: 2, fault: { kind: 'throttle' } }]);
  const { iam } = clientsOf(aws.connect('ruled', rules));
  for (let i = 0; i < 4; i++) await iam.send(new GetUserCommand(alice)).catch(() => undefined);
  expect(aws.calls.map((call) => call.outcome)).toEqual(['ok', 'Throttling', 'Throttling', 'ok']);
});
