// local/aws/lambda.ts, local/aws/rest-json.ts

import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  paginateListEventSourceMappings,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalAws, type LocalAws } from '../../../local/aws/aws.ts';
import { functionRoleArn, operatorCredentials } from '../../../local/aws/principals.ts';
import { type LocalServer, startServer } from '../../../local/aws/server.ts';
import { refusal } from './clients.ts';

const FunctionName = 'keyturn-dev-rotate-user';
const FunctionArn = `arn:aws:lambda:eu-west-1:111122223333:function:${FunctionName}`;
const queueArn = 'arn:aws:sqs:eu-west-1:111122223333:q.fifo';
const config = { region: 'eu-west-1', maxAttempts: 1, credentials: operatorCredentials };

class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

function deploy(aws: LocalAws): void {
  aws.lambda.deploy({
    functionName: FunctionName,
    roleArn: functionRoleArn(aws.accountId, 'rotate-user'),
    environment: { KEYTURN_ENFORCE: 'true' },
    async handler(event) {
      // What a function does inside of its invocation reaches the same account.
      aws.iam.addUser({ userName: `seen-${aws.iam.users().length}` });
      if (JSON.stringify(event).includes('busy')) throw new ConflictError('Try again.');
      return event === 0 ? undefined : { event };
    },
  });
}

function setUp(pageSize?: number) {
  const aws = createLocalAws(pageSize === undefined ? {} : { pageSize });
  deploy(aws);
  const { requestHandler } = aws.connect('test');
  return { aws, requestHandler, lambda: new LambdaClient({ ...config, requestHandler }) };
}

const invoke = (event: unknown, name = FunctionName) =>
  new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) });

const payloadOf = ({ Payload }: { Payload?: { transformToString(): string } | undefined }): unknown =>
  JSON.parse(Payload?.transformToString() ?? '');

describe('Invoke', () => {
  test.each([FunctionName, FunctionArn, `${FunctionName}:$LATEST`])('runs %s with the event', async (name) => {
    const { lambda, aws } = setUp();
    const answer = await lambda.send(invoke({ userName: 'alice' }, name));
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(answer.FunctionError).toBeUndefined();
    expect(payloadOf(answer)).toEqual({ event: { userName: 'alice' } });
    expect(aws.iam.users()).toHaveLength(1);
    expect(aws.calls).toMatchObject([{ service: 'lambda', operation: 'Invoke', outcome: 'ok' }]);
  });

  test('says what the function threw by name and message, and null for nothing', async () => {
    const { lambda } = setUp();
    const failed = await lambda.send(invoke('busy'));
    expect(failed.FunctionError).toBe('Unhandled');
    expect(payloadOf(failed)).toEqual({ errorType: 'ConflictError', errorMessage: 'Try again.', trace: [] });
    expect(payloadOf(await lambda.send(invoke(0)))).toBeNull();
  });

  test('refuses a function that is not there, what is no JSON, and what would not be run', async () => {
    const { lambda } = setUp();
    expect(await refusal(lambda.send(invoke({}, 'nothing')))).toMatchObject({
      type: 'ResourceNotFoundException',
      message: 'Function not found: arn:aws:lambda:eu-west-1:111122223333:function:nothing',
    });
    const broken = new InvokeCommand({ FunctionName, Payload: '{' });
    expect(await refusal(lambda.send(broken))).toMatchObject({ type: 'InvalidRequestContentException' });
    const later = new InvokeCommand({ FunctionName, InvocationType: 'DryRun' });
    expect(await refusal(lambda.send(later))).toMatchObject({ type: 'InvalidParameterValueException' });
  });

  test('of an event answers at once, and what comes of it nobody hears', async () => {
    const { aws, lambda } = setUp();
    const seen: unknown[] = [];
    const handler = async (event: unknown) => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(event);
      throw new Error('nobody hears it');
    };
    aws.lambda.deploy({
      functionName: FunctionName,
      roleArn: 'arn:aws:iam::111122223333:role/x',
      environment: {},
      handler,
    });
    const command = new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: '{"n":1}' });
    expect((await lambda.send(command)).FunctionError).toBeUndefined();
    expect(seen).toEqual([]);
    await aws.lambda.settled();
    expect(seen).toEqual([{ n: 1 }]);
  });

  test('is no user’s', async () => {
    const { aws, requestHandler } = setUp();
    const [credentials = operatorCredentials] = aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 1 }] }).keys;
    const lambda = new LambdaClient({ ...config, requestHandler, credentials });
    expect(await refusal(lambda.send(invoke({})))).toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('not authorized to perform: lambda:InvokeFunction on resource'),
    });
  });
});

test('GetFunctionConfiguration shows environment, role, runtime, version and state', async () => {
  const { lambda } = setUp();
  expect(await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).toMatchObject({
    FunctionArn,
    Role: 'arn:aws:iam::111122223333:role/keyturn/keyturn-rotate-user',
    Environment: { Variables: { KEYTURN_ENFORCE: 'true' } },
    Runtime: 'nodejs24.x',
    Version: '$LATEST',
    State: 'Active',
  });
});

describe('event source mappings', () => {
  test('are listed by function and queue, page by page', async () => {
    const { aws, lambda } = setUp(1);
    for (const functionName of ['a', 'b']) {
      aws.lambda.addEventSourceMapping({ functionName, eventSourceArn: queueArn });
    }
    const found: string[] = [];
    for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings({ client: lambda }, {})) {
      found.push(...EventSourceMappings.map((mapping) => `${mapping.FunctionArn?.split(':').at(-1)} ${mapping.State}`));
    }
    expect(found).toEqual(['a Enabled', 'b Enabled']);
    const one = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName: 'b', EventSourceArn: queueArn }));
    expect(one.EventSourceMappings).toMatchObject([{ EventSourceArn: queueArn, State: 'Enabled' }]);
  });

  test('are disabled and enabled again', async () => {
    const { aws, lambda } = setUp();
    aws.lambda.addEventSourceMapping({ functionName: 'a', eventSourceArn: queueArn });
    const list = async () => (await lambda.send(new ListEventSourceMappingsCommand({}))).EventSourceMappings?.[0];
    const UUID = (await list())?.UUID ?? '';
    const update = (Enabled: boolean) => lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
    expect(aws.lambda.isDelivering(queueArn)).toBe(true);
    expect((await update(false)).State).toBe('Disabling');
    expect((await list())?.State).toBe('Disabled');
    expect(aws.lambda.isDelivering(queueArn)).toBe(false);
    expect((await update(true)).State).toBe('Enabling');
    expect(aws.lambda.isDelivering(queueArn)).toBe(true);
    const unknown = new UpdateEventSourceMappingCommand({ UUID: 'x', Enabled: true });
    expect(await refusal(lambda.send(unknown))).toMatchObject({ type: 'ResourceNotFoundException' });
  });
});

describe('over a socket', () => {
  const aws = createLocalAws();
  let server: LocalServer;
  beforeAll(async () => {
    deploy(aws);
    server = await startServer(aws);
  });
  afterAll(() => server.close());

  test('a function runs, and fails, as in process', async () => {
    const lambda = new LambdaClient({ ...config, endpoint: server.url });
    expect(payloadOf(await lambda.send(invoke({ a: 'ü' }, FunctionArn)))).toEqual({ event: { a: 'ü' } });
    expect((await lambda.send(invoke('busy'))).FunctionError).toBe('Unhandled');
  });
});
