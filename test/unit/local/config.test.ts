// local/aws/config/config.ts, local/aws/config/config-input.ts, local/aws/config/config-recorder.ts,
// local/aws/config/config-rules.ts

import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  BatchGetResourceConfigCommand,
  type ComplianceType,
  ConfigServiceClient,
  GetComplianceDetailsByConfigRuleCommand,
  GetResourceConfigHistoryCommand,
  ListDiscoveredResourcesCommand,
  PutEvaluationsCommand,
  StartConfigRulesEvaluationCommand,
} from '@aws-sdk/client-config-service';
import { describe, expect, test } from 'vitest';
import { createLocalAws } from '../../../local/aws/aws.ts';
import { startServer } from '../../../local/aws/server.ts';
import { refusal } from './clients.ts';

const credentials = { accessKeyId: 'ASIAOPERATOR', secretAccessKey: 'not-verified' };
const USER = 'AWS::IAM::User';
const RULE = 'rule';

function setUp() {
  const aws = createLocalAws();
  const options = {
    region: 'eu-west-1',
    credentials,
    maxAttempts: 1,
    requestHandler: aws.connect('test').requestHandler,
  };
  aws.config.addRule(RULE);
  return { aws, config: new ConfigServiceClient(options), trail: new CloudTrailClient(options) };
}

const at = new Date('2026-01-01T00:00:00.250Z');
const evaluation = (id: string, ComplianceType: ComplianceType = 'COMPLIANT', more: object = {}) => {
  return { ComplianceResourceType: USER, ComplianceResourceId: id, ComplianceType, OrderingTimestamp: at, ...more };
};

function put(
  { aws, config }: ReturnType<typeof setUp>,
  Evaluations: ReturnType<typeof evaluation>[],
  more: object = {},
) {
  const ResultToken = String(aws.config.invocation(RULE).resultToken);
  return config.send(new PutEvaluationsCommand({ Evaluations, ResultToken, ...more }));
}

describe('PutEvaluations', () => {
  test('stores what it is given, and the later one wins', async () => {
    const world = setUp();
    await put(world, [evaluation('a', 'NON_COMPLIANT', { Annotation: 'x'.repeat(256) }), evaluation('b')]);
    const { FailedEvaluations } = await put(world, [evaluation('a')]);
    expect(FailedEvaluations).toEqual([]);
    expect(world.aws.config.evaluations(RULE)).toMatchObject([
      { resourceType: USER, resourceId: 'a', complianceType: 'COMPLIANT', orderingAt: at.getTime() },
      { resourceId: 'b' },
    ]);
  });

  test('takes a hundred, and no more', async () => {
    const world = setUp();
    const many = Array.from({ length: 101 }, (_, n) => evaluation(`user-${n}`));
    expect(await refusal(put(world, many))).toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining("'evaluations'"),
    });
    await put(world, many.slice(0, 100));
    expect(world.aws.config.evaluations(RULE)).toHaveLength(100);
  });

  test.each([
    [
      'an annotation of 257 characters',
      evaluation('a', 'COMPLIANT', { Annotation: 'x'.repeat(257) }),
      'ValidationException',
    ],
    ['an empty annotation', evaluation('a', 'COMPLIANT', { Annotation: '' }), 'ValidationException'],
    ['a result of no data', evaluation('a', 'INSUFFICIENT_DATA'), 'InvalidParameterValueException'],
    ['no resource', evaluation(''), 'ValidationException'],
    ['no time', evaluation('a', 'COMPLIANT', { OrderingTimestamp: undefined }), 'ValidationException'],
  ])('refuses %s', async (_, bad, name) => {
    const world = setUp();
    expect(await refusal(put(world, [evaluation('ok'), bad]))).toMatchObject({ name });
    expect(world.aws.config.evaluations(RULE)).toEqual([]);
  });

  test('wants a token of its own, but for a test, which stores nothing', async () => {
    const world = setUp();
    const token = { ResultToken: 'TESTMODE' };
    expect(await refusal(put(world, [evaluation('a')], token))).toMatchObject({ type: 'InvalidResultTokenException' });
    await put(world, [evaluation('a')], { ...token, TestMode: true });
    expect(world.aws.config.evaluations(RULE)).toEqual([]);
  });

  test('returns as failed what it was told to refuse, so many times', async () => {
    const world = setUp();
    world.aws.config.refuse('b', 1);
    const { FailedEvaluations } = await put(world, [evaluation('a'), evaluation('b')]);
    expect(FailedEvaluations).toEqual([evaluation('b')]);
    expect((await put(world, [evaluation('b')])).FailedEvaluations).toEqual([]);
    expect(world.aws.config.evaluations(RULE)).toHaveLength(2);
  });
});

test('results are listed by compliance type, ten a page unless asked for a hundred', async () => {
  const world = setUp();
  const ids = Array.from({ length: 60 }, (_, n) => `user-${n}`);
  await put(
    world,
    ids.map((id, n) => evaluation(id, n < 30 ? 'COMPLIANT' : 'NON_COMPLIANT', { Annotation: 'why' })),
  );
  const list = (input: object) =>
    world.config.send(new GetComplianceDetailsByConfigRuleCommand({ ConfigRuleName: RULE, ...input }));
  expect((await list({})).EvaluationResults).toHaveLength(10);
  const { EvaluationResults: [first] = [] } = await list({ ComplianceTypes: ['NON_COMPLIANT'] });
  expect(first).toMatchObject({
    ComplianceType: 'NON_COMPLIANT',
    Annotation: 'why',
    EvaluationResultIdentifier: {
      EvaluationResultQualifier: { ResourceType: USER, ResourceId: 'user-30' },
      OrderingTimestamp: at,
    },
  });
  const page = await list({ Limit: 50 });
  const rest = await list({ Limit: 50, NextToken: page.NextToken });
  expect([page.EvaluationResults?.length, rest.EvaluationResults?.length, rest.NextToken]).toEqual([50, 10, undefined]);
  expect(await refusal(list({ Limit: 101 }))).toMatchObject({ name: 'ValidationException' });
  expect(await refusal(list({ NextToken: 'x' }))).toMatchObject({ type: 'InvalidNextTokenException' });
  expect(await refusal(list({ ConfigRuleName: 'other' }))).toMatchObject({ type: 'NoSuchConfigRuleException' });
});

test('a rule is started once a minute', async () => {
  const { aws, config } = setUp();
  const start = (...ConfigRuleNames: string[]) =>
    config.send(new StartConfigRulesEvaluationCommand({ ConfigRuleNames }));
  await start(RULE);
  aws.clock.advance(59_000);
  expect(await refusal(start(RULE))).toMatchObject({ type: 'LimitExceededException' });
  aws.clock.advance(1_000);
  await start(RULE);
  expect(aws.config.started).toHaveLength(2);
  expect(await refusal(start('other'))).toMatchObject({ type: 'NoSuchConfigRuleException' });
  expect(await refusal(start())).toMatchObject({ name: 'ValidationException' });
});

describe('recorded resources', () => {
  const record = (id: string, name: string, more: object = {}) => ({
    resourceType: USER,
    resourceId: id,
    resourceName: name,
    ...more,
  });

  test('are listed as they are now, without those that are deleted', async () => {
    const { aws, config } = setUp();
    aws.config.record(record('AIDA1', 'alice'));
    aws.config.record(record('AIDA1', 'alicia'));
    aws.config.record(record('AIDA2', 'bob', { status: 'ResourceDeleted' }));
    const list = async (input: object = {}) => {
      const answer = await config.send(new ListDiscoveredResourcesCommand({ resourceType: USER, ...input }));
      return answer.resourceIdentifiers?.map(({ resourceName }) => resourceName);
    };
    expect(await list()).toEqual(['alicia']);
    expect(await list({ includeDeletedResources: true })).toEqual(['alicia', 'bob']);
    expect(await list({ resourceIds: ['AIDA2'] })).toEqual([]);
    expect(await refusal(list({ resourceIds: Array.from({ length: 21 }, String) }))).toMatchObject({
      name: 'ValidationException',
    });
  });

  test('are read by key, without those that are deleted', async () => {
    const { aws, config } = setUp();
    aws.config.record(record('AIDA1', 'alice', { configuration: { userName: 'alice', arn: 'arn' } }));
    aws.config.record(record('AIDA2', 'bob', { status: 'ResourceDeleted' }));
    const resourceKeys = ['AIDA1', 'AIDA2', 'AIDA3'].map((resourceId) => ({
      resourceType: USER as 'AWS::IAM::User',
      resourceId,
    }));
    const answer = await config.send(new BatchGetResourceConfigCommand({ resourceKeys }));
    expect(answer.baseConfigurationItems).toMatchObject([
      { resourceId: 'AIDA1', resourceName: 'alice', arn: 'arn', configuration: '{"userName":"alice","arn":"arn"}' },
    ]);
    expect(await refusal(config.send(new BatchGetResourceConfigCommand({ resourceKeys: [] })))).toMatchObject({
      name: 'ValidationException',
    });
  });

  test('have a history, newest first, deleted ones too', async () => {
    const { aws, config } = setUp();
    const start = aws.clock.now();
    aws.config.record(record('AIDA1', 'alice', { capturedAt: start }));
    aws.config.record(record('AIDA1', 'alicia', { capturedAt: start + 5, status: 'ResourceDeleted' }));
    const history = async (input: object = {}, resourceId = 'AIDA1') => {
      const answer = await config.send(
        new GetResourceConfigHistoryCommand({ resourceType: USER, resourceId, ...input }),
      );
      return answer.configurationItems?.map(
        ({ resourceName, configurationItemStatus }) => `${resourceName} ${configurationItemStatus}`,
      );
    };
    expect(await history()).toEqual(['alicia ResourceDeleted', 'alice OK']);
    expect(await history({ limit: 1 })).toEqual(['alicia ResourceDeleted']);
    expect(await history({ laterTime: new Date(start + 4) })).toEqual(['alice OK']);
    expect(await history({ laterTime: new Date(start - 1) })).toEqual([]);
    expect(await refusal(history({}, 'AIDA2'))).toMatchObject({ type: 'ResourceNotDiscoveredException' });
  });
});

test('both services speak over HTTP', async () => {
  const { aws } = setUp();
  const server = await startServer(aws);
  const options = { region: 'eu-west-1', credentials, endpoint: server.url };
  try {
    aws.cloudTrail.addEvent({
      accessKeyId: 'AKIA',
      eventName: 'ListBuckets',
      eventSource: 's3.amazonaws.com',
      sourceIp: '192.0.2.1',
      userAgent: 'cli',
    });
    const config = new ConfigServiceClient(options);
    await config.send(new StartConfigRulesEvaluationCommand({ ConfigRuleNames: [RULE] }));
    const trail = new CloudTrailClient(options);
    const LookupAttributes = [{ AttributeKey: 'AccessKeyId' as const, AttributeValue: 'AKIA' }];
    const { Events: [event] = [] } = await trail.send(new LookupEventsCommand({ LookupAttributes }));
    expect(event).toMatchObject({ EventName: 'ListBuckets', EventTime: expect.any(Date) });
    expect(JSON.parse(event?.CloudTrailEvent ?? '{}')).toMatchObject({
      sourceIPAddress: '192.0.2.1',
      userAgent: 'cli',
    });
  } finally {
    await server.close();
  }
});

test('CloudTrail answers two lookups a second, by one attribute, within a range', async () => {
  const { aws, trail } = setUp();
  const look = (input: object = {}) => trail.send(new LookupEventsCommand(input));
  await look();
  await look();
  expect(await refusal(look())).toMatchObject({ name: 'ThrottlingException' });
  aws.clock.advance(1_000);
  const attribute = { AttributeKey: 'AccessKeyId', AttributeValue: 'AKIA' };
  expect(await refusal(look({ LookupAttributes: [attribute, attribute] }))).toMatchObject({
    type: 'InvalidLookupAttributesException',
  });
  const range = { StartTime: new Date(2), EndTime: new Date(1) };
  expect(await refusal(look(range))).toMatchObject({ type: 'InvalidTimeRangeException' });
});
