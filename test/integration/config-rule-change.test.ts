import { UpdateUserCommand } from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { createConfigRule } from '../../functions/config-rule.ts';
import type { Evaluated } from '../../shared/service/config-rule.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { createWorld, DAY, invoke, type World, type WorldOptions } from '../support/world.ts';

const RULE = 'keyturn-test-access-keys';
const TYPE = 'AWS::IAM::User';

searchForSecretsAfterEach();

/** `alice`, whose key is 95 days old, and a young key of `bob`. */
function setUp(options: WorldOptions = {}) {
  const world = createWorld(options);
  world.aws.config.addRule(RULE);
  const { userId } = world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 95 }] });
  world.aws.iam.addUser({ userName: 'bob', keys: [{ ageDays: 5 }] });
  return { world, userId };
}

const CAPTURED_AT = '2025-12-31T23:59:00.500Z';
const itemOf = (resourceId: string, more: object = {}) => ({
  configurationItemCaptureTime: CAPTURED_AT,
  configurationItemStatus: 'OK',
  resourceType: TYPE,
  resourceId,
  resourceName: 'alice',
  configuration: { userName: 'alice' },
  ...more,
});

async function evaluate(world: World, invokingEvent: object, more: object = {}) {
  const event = { ...world.aws.config.invocation(RULE, { invokingEvent }), ...more };
  const first = world.aws.calls.length;
  const answer = await invoke(world, 'config-rule', createConfigRule(world.runtime('config-rule')), event);
  const calls = world.aws.calls.slice(first);
  expect(calls.filter(({ mutating }) => mutating)).toEqual([]);
  return { answer: answer as Evaluated, operations: calls.map(({ operation }) => operation) };
}

const change = (configurationItem: object) => ({
  messageType: 'ConfigurationItemChangeNotification',
  configurationItem,
});
const oversized = (configurationItemSummary: object) => ({
  messageType: 'OversizedConfigurationItemChangeNotification',
  configurationItemSummary,
});

const stored = (world: World) => world.aws.config.evaluations(RULE);

test('a change of one user is judged by their exact keys, at the time of the item', async () => {
  const { world, userId } = setUp();
  const { answer, operations } = await evaluate(world, change(itemOf(userId)));
  expect(stored(world)).toMatchObject([
    {
      resourceId: userId,
      complianceType: 'NON_COMPLIANT',
      orderingAt: Date.parse(CAPTURED_AT),
      annotation: expect.stringContaining('95 days old'),
    },
  ]);
  expect(answer).toMatchObject({ evaluations: { NON_COMPLIANT: 1 }, judgedExactly: 1 });
  expect(operations).toEqual([
    'GenerateMac',
    'GetUser',
    'ListAccessKeys',
    'DescribeSecret',
    'GetAccessKeyLastUsed',
    'PutEvaluations',
  ]);
});

test.each([
  ['renamed since', { resourceName: 'formerly-alice' }],
  ['whose old name somebody else has now', { resourceName: 'bob' }],
  ['whose name was not recorded', { resourceName: null }],
])('a user %s is found by UserId', async (_, more) => {
  const { world, userId } = setUp();
  const { operations } = await evaluate(world, change(itemOf(userId, more)));
  expect(stored(world)).toMatchObject([{ resourceId: userId, complianceType: 'NON_COMPLIANT' }]);
  expect(operations).toContain('ListUsers');
});

test.each(['ResourceDeleted', 'ResourceDeletedNotRecorded', 'ResourceNotRecorded'])(
  'an item of status %s is not applicable, without a look',
  async (configurationItemStatus) => {
    const { world, userId } = setUp();
    const { operations } = await evaluate(
      world,
      change(itemOf(userId, { configurationItemStatus, configuration: null })),
    );
    expect(stored(world)).toMatchObject([{ resourceId: userId, complianceType: 'NOT_APPLICABLE' }]);
    expect(operations).toEqual(['PutEvaluations']);
  },
);

test('a user discovered is judged; one who left the scope is not applicable', async () => {
  const { world, userId } = setUp();
  await evaluate(world, change(itemOf(userId, { configurationItemStatus: 'ResourceDiscovered' })));
  expect(stored(world)).toMatchObject([{ complianceType: 'NON_COMPLIANT' }]);
  await evaluate(world, change(itemOf(userId)), { eventLeftScope: true });
  expect(stored(world)).toMatchObject([{ complianceType: 'NOT_APPLICABLE' }]);
});

test('a user deleted since the item, or outside the path, is not applicable', async () => {
  const { world, userId } = setUp({ environment: { KEYTURN_USER_PATH_PREFIX: '/' } });
  await evaluate(world, change(itemOf('AIDAGONEGONEGONEGONE0')));
  expect(stored(world)).toMatchObject([{ resourceId: 'AIDAGONEGONEGONEGONE0', complianceType: 'NOT_APPLICABLE' }]);
  const { world: other, userId: id } = setUp({ environment: { KEYTURN_USER_PATH_PREFIX: '/team/' } });
  await evaluate(other, change(itemOf(id)));
  expect(stored(other)).toMatchObject([{ resourceId: id, complianceType: 'NOT_APPLICABLE' }]);
  expect(userId).toBeDefined();
});

test('another type of resource is not applicable, without a look', async () => {
  const { world } = setUp();
  const { operations } = await evaluate(
    world,
    change(itemOf('i-0123', { resourceType: 'AWS::EC2::Instance', resourceName: null })),
  );
  expect(stored(world)).toMatchObject([
    { resourceType: 'AWS::EC2::Instance', resourceId: 'i-0123', complianceType: 'NOT_APPLICABLE' },
  ]);
  expect(operations).toEqual(['PutEvaluations']);
});

test('an oversized item is read from the history as it was then', async () => {
  const { world, userId } = setUp();
  const { configuration: _, ...summary } = itemOf(userId, { resourceName: null });
  const record = { resourceType: TYPE, resourceId: userId };
  world.aws.config.record({ ...record, resourceName: 'alice', capturedAt: Date.parse(CAPTURED_AT) });
  world.aws.config.record({ ...record, status: 'ResourceDeleted', capturedAt: Date.parse(CAPTURED_AT) + DAY });
  const { operations } = await evaluate(world, oversized(summary));
  expect(stored(world)).toMatchObject([{ resourceId: userId, complianceType: 'NON_COMPLIANT' }]);
  expect(operations.slice(0, 3)).toEqual(['GetResourceConfigHistory', 'GenerateMac', 'GetUser']);
});

test('an oversized item that the history calls deleted is not applicable', async () => {
  const { world, userId } = setUp();
  world.aws.config.record({
    resourceType: TYPE,
    resourceId: userId,
    status: 'ResourceDeleted',
    capturedAt: Date.parse(CAPTURED_AT),
  });
  await evaluate(world, oversized(itemOf(userId)));
  expect(stored(world)).toMatchObject([{ resourceId: userId, complianceType: 'NOT_APPLICABLE' }]);
});

test('an oversized item of which the history knows nothing is an error, not a guess', async () => {
  const { world, userId } = setUp();
  await expect(evaluate(world, oversized(itemOf(userId)))).rejects.toThrow('config:GetResourceConfigHistory');
  world.aws.config.record({ resourceType: TYPE, resourceId: userId, resourceName: 'alice' });
  await expect(evaluate(world, oversized(itemOf(userId)))).rejects.toThrow(
    `AWS Config has no item of ${userId} at ${CAPTURED_AT}`,
  );
  expect(stored(world)).toEqual([]);
});

test('a failed read of the one user fails the invocation, and puts nothing', async () => {
  const { world, userId } = setUp();
  const { iam } = world.runtime('administrator').aws;
  await iam.send(new UpdateUserCommand({ UserName: 'alice', NewUserName: 'alicia' }));
  const event = world.aws.config.invocation(RULE, { invokingEvent: change(itemOf(userId)) });
  const fault = { kind: 'error', status: 500, code: 'ServiceFailure' } as const;
  const runtime = world.runtime('config-rule', ({ operation }) => (operation === 'ListUsers' ? fault : undefined));
  await expect(invoke(world, 'config-rule', createConfigRule(runtime), event)).rejects.toThrow('iam:ListUsers');
  expect(stored(world)).toEqual([]);
});
