// local/main.ts

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  CreateUserCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam';
import {
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { GetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LocalServer } from '../../local/aws/server.ts';
import { cast } from '../../local/demo/cast.ts';
import { instructions, portOf, startLocal } from '../../local/main.ts';
import { functionNames } from '../../scripts/build.ts';
import { parseRotateUserEvent } from '../../shared/core/events.ts';
import { secretTagNames } from '../../shared/core/secret-tags.ts';

const run = promisify(execFile);
const samples = readdirSync('events');
const events = samples.filter((file) => file.startsWith('rotate-user-'));
const names = await functionNames();
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Of no matter to what is tested, but each test that waits for the worker waits for it. */
const pollMs = 50;

describe('npm run local', () => {
  let server: LocalServer;
  let printed: string[];
  const options = () => ({ region: 'eu-west-1', endpoint: server.url, credentials, useQueueUrlAsEndpoint: false });

  beforeAll(async () => {
    server = await startLocal({ port: 0, print: (line) => printed.push(line), pollMs });
  });
  beforeEach(async () => {
    printed = [];
    await control('POST', 'reset');
  });
  afterAll(() => server.close());

  async function control(method: string, route: string, body: unknown = {}): Promise<Record<string, unknown>> {
    const response = await fetch(`${server.url}/_local/${route}`, { method, body: JSON.stringify(body) });
    return (await response.json()) as Record<string, unknown>;
  }

  const invoke = (name: string, event: unknown = {}) => control('POST', 'invoke', { function: name, event });

  async function keysOf(userName: string): Promise<string[]> {
    const iam = new IAMClient(options());
    const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName: userName }));
    return AccessKeyMetadata.map(({ Status }) => Status ?? '');
  }

  it('has the users of the demo, a topic that is read, and the queue', async () => {
    const { Users = [] } = await new IAMClient(options()).send(new ListUsersCommand({}));
    expect(Users.map(({ UserName }) => UserName)).toEqual(cast.map(({ userName }) => userName));
    const exported = Object.fromEntries(
      [...instructions(server.url).matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const topic = new GetTopicAttributesCommand({ TopicArn: exported.KEYTURN_TOPIC_ARN });
    expect((await new SNSClient(options()).send(topic)).Attributes?.SubscriptionsConfirmed).toBe('1');
    const queue = new GetQueueAttributesCommand({ QueueUrl: exported.KEYTURN_QUEUE_URL, AttributeNames: ['All'] });
    expect((await new SQSClient(options()).send(queue)).Attributes?.FifoQueue).toBe('true');
    expect(exported.AWS_ENDPOINT_URL).toBe(server.url);
  });

  it('lets the worker have what a scheduled run enqueues', async () => {
    const answer = await invoke('scheduled-rotation');
    expect(answer).toMatchObject({ usersScanned: cast.length, errors: [] });
    expect(answer.enqueued).toBeGreaterThan(10);
    await expect.poll(() => keysOf('alice'), { timeout: 20_000 }).toEqual(['Active', 'Active']);
    await expect.poll(() => printed.filter((line) => line.startsWith('published: issued')).length).toBeGreaterThan(8);
    const { SecretList = [] } = await new SecretsManagerClient(options()).send(new ListSecretsCommand({}));
    const SecretId = SecretList[0]?.Name;
    const read = new SecretsManagerClient(options()).send(new GetSecretValueCommand({ SecretId }));
    await expect(read).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('answers Lambda as a deployment in the stage "local" does, and lets its worker be paused', async () => {
    const lambda = new LambdaClient(options());
    const Payload = JSON.stringify({ userName: 'alice' });
    const asked = await lambda.send(new InvokeCommand({ FunctionName: 'keyturn-local-rotate-user', Payload }));
    expect(JSON.parse(asked.Payload?.transformToString() ?? '')).toMatchObject({
      status: 'planned',
      userName: 'alice',
    });
    const FunctionName = 'keyturn-local-rotation-worker';
    const { EventSourceMappings } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
    const UUID = EventSourceMappings?.[0]?.UUID;
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    await invoke('scheduled-rotation');
    await setTimeout(10 * pollMs);
    expect(await keysOf('alice')).toEqual(['Active']);
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    await expect.poll(() => keysOf('alice'), { timeout: 20_000 }).toEqual(['Active', 'Active']);
  });

  it('collects evidence', async () => {
    expect(await invoke('evidence-collector')).toMatchObject({ isComplete: true, head: { sequence: 1 } });
  });

  it('runs functions on its own clock', async () => {
    await control('PUT', 'clock', { advanceDays: 40 });
    expect(await invoke('rotate-user', { userName: 'bob' })).toMatchObject({ status: 'planned', reason: 'due' });
  });

  it.each(events)('answers events/%s', async (file) => {
    const event: unknown = JSON.parse(readFileSync(`events/${file}`, 'utf8'));
    const { userName, asked } = parseRotateUserEvent(event);
    expect(await invoke('rotate-user', event)).toMatchObject({ schemaVersion: 1, userName, action: asked.action });
  });

  it('has a sample event for every action', () => {
    const actions = events.map(
      (file) => parseRotateUserEvent(JSON.parse(readFileSync(`events/${file}`, 'utf8'))).asked.action,
    );
    expect(new Set(actions)).toEqual(new Set(['plan', 'rotate', 'confirm', 'status', 'hold', 'rollback', 'retire']));
  });

  it.each(samples)('events/%s is answered, or refused by an error of the service', async (file) => {
    const name = names.find((each) => file.startsWith(`${each}-`)) ?? 'none';
    const { errorType, ...answer } = await invoke(name, JSON.parse(readFileSync(`events/${file}`, 'utf8')));
    if (errorType === undefined)
      expect(Object.keys(answer)).toContainEqual(expect.stringMatching(/^(schemaVersion|batch)/));
    else expect(errorType).toMatch(/^(Event|Conflict|Rotation)Error$/);
  });

  it('judges everybody for AWS Config', async () => {
    const event: unknown = JSON.parse(readFileSync('events/config-rule-periodic.json', 'utf8'));
    const over = cast.filter(({ keys }) => keys.some(({ ageDays, status }) => ageDays >= 90 && status !== 'Inactive'));
    const answer = await invoke('config-rule', event);
    expect(answer).toMatchObject({ schemaVersion: 1, testMode: true, evaluations: { NON_COMPLIANT: over.length } });
  });

  it('lets the worker have whom AWS Config calls non-compliant', async () => {
    const { User } = await new IAMClient(options()).send(new GetUserCommand({ UserName: 'alice' }));
    const answer = await invoke('config-remediation', { resourceId: User?.UserId });
    expect(answer).toMatchObject({ status: 'enqueued', reason: 'due', userName: 'alice' });
    await expect.poll(() => keysOf('alice'), { timeout: 20_000 }).toEqual(['Active', 'Active']);
  });

  it('rotates a secret as Secrets Manager does', async () => {
    const { User } = await new IAMClient(options()).send(new CreateUserCommand({ UserName: 'robot' }));
    await invoke('rotate-user', { userName: 'robot', action: 'rotate' });
    const secrets = new SecretsManagerClient(options());
    const SecretId = `keyturn/${User?.UserId}/access-key`;
    const [, RotationLambdaARN] = /ROTATION_FUNCTION_ARN=(\S+)/.exec(instructions(server.url)) ?? [];
    const { VersionId = '' } = await secrets.send(new RotateSecretCommand({ SecretId, RotationLambdaARN }));
    const labels = async () => {
      const { VersionIdsToStages = {} } = await secrets.send(new DescribeSecretCommand({ SecretId }));
      return VersionIdsToStages[VersionId];
    };
    await expect.poll(labels, { timeout: 20_000 }).toContain('AWSCURRENT');
    expect(await keysOf('robot')).toEqual(['Active', 'Active']);
    // To its end: its last calls would meet the account of the next test.
    const underWay = async () => (await secrets.send(new DescribeSecretCommand({ SecretId }))).Tags ?? [];
    await expect
      .poll(underWay, { timeout: 20_000 })
      .not.toContainEqual({ Key: secretTagNames.doing, Value: expect.any(String) });
  });

  it('says why a rotation failed', async () => {
    await invoke('rotate-user', { userName: 'alice', action: 'rotate' });
    const secrets = new SecretsManagerClient(options());
    const { SecretList = [] } = await secrets.send(new ListSecretsCommand({}));
    const [, RotationLambdaARN] = /ROTATION_FUNCTION_ARN=(\S+)/.exec(instructions(server.url)) ?? [];
    await secrets.send(new RotateSecretCommand({ SecretId: SecretList[0]?.Name, RotationLambdaARN }));
    // Of the test before, which a reset has ended, there may be an error too.
    await expect.poll(() => printed.join('\n'), { timeout: 20_000 }).toMatch(/^error: .*alice/m);
  });

  it('names the functions there are, when asked for another', async () => {
    expect(await invoke('nope')).toMatchObject({ errorMessage: expect.stringContaining('rotate-user') });
    for (const name of names) expect((await invoke('nope')).errorMessage).toContain(name);
  });

  it('says in a sentence that its port is in use, and ends with 1', async () => {
    const env = { ...process.env, KEYTURN_LOCAL_PORT: new URL(server.url).port };
    await expect(run(process.execPath, ['local/main.ts'], { env })).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Port \d+ of 127\.0\.0\.1 is in use.*KEYTURN_LOCAL_PORT.*\n$/),
    });
  });

  it('refuses a port that is none, and takes 4599 where none is given', () => {
    expect([undefined, '', '0', '65535'].map(portOf)).toEqual([4599, 4599, 0, 65_535]);
    for (const value of ['http', '65536', '-1', '1.5']) {
      expect(() => portOf(value)).toThrow(`KEYTURN_LOCAL_PORT is "${value}"`);
    }
  });

  it('says when it is ready, and ends cleanly on Ctrl-C', async () => {
    const env = { ...process.env, KEYTURN_LOCAL_PORT: '0' };
    const child = spawn(process.execPath, ['local/main.ts'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = await firstOutput(child);
    expect(output).toMatch(/^Keyturn local AWS ready on http:\/\/127\.0\.0\.1:\d+\n/);
    const exit = once(child, 'exit');
    child.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
  });
});

async function firstOutput({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('The child has no output.');
  const [chunk] = await once(stdout, 'data');
  return String(chunk);
}
