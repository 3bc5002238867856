// local/aws/server.ts, local/aws/aws.ts, local/aws/account-services.ts, local/aws/wire.ts,
// local/aws/query-protocol.ts, local/aws/control.ts, local/aws/input.ts, local/aws/errors.ts, local/aws/clock.ts

import { GetUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLocalAws } from '../../../local/aws/aws.ts';
import { type LocalServer, startServer } from '../../../local/aws/server.ts';
import { refusal } from './clients.ts';

const aws = createLocalAws();
let server: LocalServer;

beforeAll(async () => {
  server = await startServer(aws, {
    invoke: async (functionName, event) => {
      if (functionName === 'broken') throw new TypeError('no');
      return { functionName, event };
    },
    onReset: () => void aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 1 }] }),
  });
});
afterAll(() => server.close());
beforeEach(() => control('POST', 'reset'));

async function control(method: string, route: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.url}/_local/${route}`, {
    method,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

function config(credentials = { accessKeyId: 'x', secretAccessKey: 'y' }) {
  return { endpoint: server.url, region: 'eu-west-1', maxAttempts: 1, credentials };
}

const getAlice = () => new IAMClient(config()).send(new GetUserCommand({ UserName: 'alice' }));

test('every protocol works over a socket, signatures too', async () => {
  expect((await getAlice()).User?.UserName).toBe('alice');
  const key = aws.iam.keysOf('alice')[0]?.accessKeyId ?? '';
  const credentials = { accessKeyId: key, secretAccessKey: aws.iam.secretAccessKeyOf(key) };
  const { Arn } = await new STSClient(config(credentials)).send(new GetCallerIdentityCommand({}));
  expect(Arn).toBe('arn:aws:iam::111122223333:user/alice');
  await new SecretsManagerClient(config()).send(new CreateSecretCommand({ Name: 'a', SecretString: 'hidden' }));
  const sqs = new SQSClient(config());
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: 'q.fifo', Attributes: { FifoQueue: 'true' } }),
  );
  expect(QueueUrl).toBe(`${server.url}/111122223333/q.fifo`);
  const message = { MessageBody: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  await sqs.send(new SendMessageCommand({ QueueUrl, ...message }));
  const { body } = await control('GET', 'calls');
  expect(body).toMatchObject([
    { n: 1, operation: 'GetUser' },
    { operation: 'GetCallerIdentity' },
    { operation: 'CreateSecret', input: { SecretString: '[redacted]' } },
    { operation: 'CreateQueue' },
    { n: 5, operation: 'SendMessage', outcome: 'ok' },
  ]);
  expect(JSON.stringify(body)).not.toContain('hidden');
});

test('the clock is set and advanced', async () => {
  expect(await control('PUT', 'clock', { now: '2026-05-01T00:00:00Z' })).toMatchObject({ status: 200 });
  expect(await control('PUT', 'clock', { advanceDays: 1.5 })).toEqual({
    status: 200,
    body: { now: '2026-05-02T12:00:00.000Z' },
  });
});

test('a crash or a lost response destroys the socket of that request only', async () => {
  for (const kind of ['crash-before', 'crash-after', 'lost-response']) {
    await control('POST', 'faults', [{ operation: 'GetUser', fault: { kind } }]);
    await expect(getAlice()).rejects.toThrow();
    expect((await getAlice()).User?.UserName).toBe('alice');
  }
});

test('faults are ordered by rule and cleared by an empty list', async () => {
  await control('POST', 'faults', [{ service: 'iam', times: 5, fault: { kind: 'throttle' } }]);
  expect((await refusal(getAlice())).name).toBe('Throttling');
  await control('POST', 'faults', []);
  await getAlice();
});

test('a key is used, and an inactive one is not', async () => {
  const accessKeyId = aws.iam.keysOf('alice')[0]?.accessKeyId ?? '';
  const use = { accessKeyId, service: 's3', region: 'us-east-1' };
  expect((await control('POST', 'use-key', use)).status).toBe(200);
  expect(aws.iam.keysOf('alice')[0]?.lastUsed).toMatchObject({ service: 's3' });
  aws.iam.setKeyStatus(accessKeyId, 'Inactive');
  expect(await control('POST', 'use-key', use)).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('Inactive') },
  });
});

test('a function is invoked, and what it throws is shown as Lambda shows it', async () => {
  expect(await control('POST', 'invoke', { function: 'f', event: { a: 1 } })).toEqual({
    status: 200,
    body: { functionName: 'f', event: { a: 1 } },
  });
  expect(await control('POST', 'invoke', { function: 'broken' })).toEqual({
    status: 500,
    body: { errorType: 'TypeError', errorMessage: 'no' },
  });
});

test.each([
  ['PUT', 'clock', {}],
  ['PUT', 'clock', { now: 'yesterday' }],
  ['PUT', 'clock', '{'],
  ['POST', 'faults', {}],
  ['POST', 'faults', [{ fault: { kind: 'flood' } }]],
  ['POST', 'faults', [{ nth: 0, fault: { kind: 'throttle' } }]],
  ['POST', 'use-key', { accessKeyId: 'AKIA' }],
  ['POST', 'invoke', {}],
])('%s %s with %j is answered with 400 and a sentence', async (method, route, body) => {
  const answer = await control(method, route, body);
  expect(answer).toMatchObject({ status: 400, body: { message: expect.stringMatching(/\.$/) } });
});

test('an unknown route is 404 and lists the routes there are', async () => {
  expect(await control('GET', 'nothing')).toMatchObject({
    status: 404,
    body: { message: expect.stringContaining('PUT /_local/clock') },
  });
});
