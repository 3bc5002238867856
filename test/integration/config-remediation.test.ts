import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createConfigRemediation } from '../../functions/config-remediation.ts';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { faultsByRule } from '../../local/aws/faults.ts';
import { drain } from '../../local/host/event-source.ts';
import { parseWorkMessage } from '../../shared/core/events.ts';
import type { Remediation } from '../../shared/service/config-remediation.ts';
import { createLife, live } from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { contextOf, createWorld, DAY, invoke, type World } from '../support/world.ts';

const RULE = 'keyturn-test-access-keys';
const environment = { KEYTURN_CONFIG_RULE_NAME: RULE };

searchForSecretsAfterEach();

/** A sample event about this user, of this rule. */
function eventOf(userId: string, ruleName = 'access-keys-rotated', file = 'managed'): unknown {
  const text = readFileSync(new URL(`../../events/config-remediation-${file}.json`, import.meta.url), 'utf8');
  const event = JSON.parse(text);
  Object.assign(event.detail, { resourceId: userId, configRuleName: ruleName });
  return event;
}

async function remediate(world: World, event: unknown, before?: BeforeCall) {
  const first = world.aws.calls.length;
  const handler = createConfigRemediation(world.runtime('config-remediation', before));
  const answer = (await invoke(world, 'config-remediation', handler, event)) as Remediation;
  const calls = world.aws.calls.slice(first).filter(({ caller }) => caller === 'config-remediation');
  expect(calls.filter(({ mutating }) => mutating)).toEqual([]);
  return { answer, operations: calls.map(({ operation }) => operation) };
}

const queue = (world: World) => world.aws.sqs.messages(world.queueUrl);
const failing = (...operations: string[]): BeforeCall =>
  faultsByRule(
    operations.map((operation) => ({
      operation,
      times: 99,
      fault: { kind: 'error', status: 403, code: 'AccessDenied' } as const,
    })),
  );

describe('a user with something due', () => {
  test('is enqueued in their own group, with the UTC date as the request', async () => {
    const life = createLife({ environment });
    const { answer, operations } = await remediate(life, eventOf(life.userId));
    expect(answer).toMatchObject({
      schemaVersion: 1,
      dryRun: false,
      status: 'enqueued',
      reason: 'due',
      userId: life.userId,
      userName: 'alice',
    });
    expect(operations).toEqual([
      'ListUsers',
      'GetUser',
      'ListAccessKeys',
      'DescribeSecret',
      'GetAccessKeyLastUsed',
      'SendMessageBatch',
    ]);
    const [message, ...others] = queue(life);
    expect(others).toEqual([]);
    expect(message).toMatchObject({ groupId: life.userId, deduplicationId: `config/2026-01-01/${life.userId}` });
    expect(parseWorkMessage(message?.body ?? '')).toEqual({
      schemaVersion: 1,
      accountId: life.aws.accountId,
      userId: life.userId,
      userName: 'alice',
      origin: 'config',
      requestId: '2026-01-01',
    });
  });

  test('is enqueued once, however many rules and Regions say so', async () => {
    const life = createLife({ environment });
    for (const rule of [
      'access-keys-rotated',
      RULE,
      'securityhub-access-keys-rotated-baa2cf8c',
      'access-keys-rotated',
    ]) {
      expect((await remediate(life, eventOf(life.userId, rule))).answer.status).toBe('enqueued');
    }
    expect((await remediate(life, { resourceId: life.userId })).answer.status).toBe('enqueued');
    expect(queue(life)).toHaveLength(1);
  });

  test('is rotated once, however late the copies come', async () => {
    const life = createLife({ environment });
    const handler = createRotationWorker(life.runtime('worker'));
    const source = {
      queueUrl: life.queueUrl,
      handler: (event: unknown) => handler(event, contextOf(life, 'rotation-worker')),
    };
    for (let hour = 0; hour < 4; hour++) {
      await remediate(life, eventOf(life.userId));
      await drain(life.aws, source);
      life.aws.clock.advance(DAY / 24);
    }
    const issued = life.aws.calls.filter(({ operation }) => operation === 'CreateAccessKey');
    expect(issued).toHaveLength(1);
    expect((await remediate(life, eventOf(life.userId))).answer).toMatchObject({
      status: 'unchanged',
      reason: 'in-grace',
    });
  });
});

test('events by the hundred at once respect the daily limit', async () => {
  const world = createWorld({ environment: { ...environment, KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '5' } });
  const ids = Array.from(
    { length: 40 },
    (_, n) => world.aws.iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 95 }] }).userId,
  );
  const handler = createConfigRemediation(world.runtime('config-remediation'));
  const events = Array.from({ length: 200 }, (_, n) => eventOf(ids[n % ids.length] ?? ''));
  await Promise.all(events.map((event) => invoke(world, 'config-remediation', handler, event)));
  expect(queue(world)).toHaveLength(40);
  const worker = createRotationWorker(world.runtime('worker'));
  const delivery = await drain(world.aws, {
    queueUrl: world.queueUrl,
    handler: (event) => worker(event, contextOf(world, 'rotation-worker')),
  });
  expect(delivery).toMatchObject({ deleted: 40, failed: 0 });
  expect(world.aws.calls.filter(({ operation }) => operation === 'CreateAccessKey')).toHaveLength(5);
});

describe('nothing is enqueued', () => {
  test.each<[string, Parameters<typeof createLife>[0], string]>([
    ['for a young key', { ageDays: 5 }, 'nothing-due'],
    ['one day before the limit', { ageDays: 89 }, 'nothing-due'],
    ['for an exempt user', { tags: { 'keyturn:exempt': 'true' } }, 'exempt'],
    ['for a user outside the path', { environment: { KEYTURN_USER_PATH_PREFIX: '/team/' } }, 'exempt'],
  ])('%s', async (_, options, reason) => {
    const life = createLife({ ...options, environment: { ...environment, ...options?.environment } });
    expect((await remediate(life, eventOf(life.userId))).answer).toMatchObject({ status: 'unchanged', reason });
    expect(queue(life)).toEqual([]);
  });

  test('while the old key is in its grace period', async () => {
    const life = createLife({ environment });
    await live(life, { from: 90, to: 91 });
    life.aws.clock.advance(DAY / 24);
    expect((await remediate(life, eventOf(life.userId, RULE))).answer).toMatchObject({
      status: 'unchanged',
      reason: 'in-grace',
    });
    expect(queue(life)).toEqual([]);
  });

  test('in a dry run, which shows the plan', async () => {
    const life = createLife({ environment: { ...environment, KEYTURN_ENFORCE: 'false' } });
    const { answer } = await remediate(life, { resourceId: life.userId });
    expect(answer).toMatchObject({
      dryRun: true,
      status: 'planned',
      reason: 'due',
      plan: [{ action: 'issue', reason: 'due' }],
    });
    expect(queue(life)).toEqual([]);
  });

  test.each([
    [
      'of another rule',
      'other-rule',
      'rule iam-user-mfa-enabled is not about the age of access keys',
      'iam-user-mfa-enabled',
    ],
    ['of a user who is compliant', 'compliant', 'the compliance type is COMPLIANT', RULE],
    ['of another resource type', 'other-type', 'AWS::::Account has no access keys', RULE],
  ])('for an event %s, and no call is made', async (_, file, because, rule) => {
    const life = createLife({ environment });
    const { answer, operations } = await remediate(life, eventOf(life.userId, rule, file));
    expect(answer).toEqual({
      schemaVersion: 1,
      dryRun: false,
      status: 'ignored',
      reason: 'ignored',
      message: `Nothing is done: ${because}.`,
    });
    expect(operations).toEqual([]);
    expect(life.logged.at(-1)).toContain('"status":"ignored"');
  });

  test('for a user who is gone', async () => {
    const life = createLife({ environment });
    life.aws.iam.deleteUser('alice');
    const { answer } = await remediate(life, eventOf(life.userId));
    expect(answer).toMatchObject({ status: 'unchanged', reason: 'user-changed', userId: life.userId });
  });

  test('for a namesake made since, whatever the recorder knows', async () => {
    const life = createLife({ environment });
    life.aws.config.record({ resourceType: 'AWS::IAM::User', resourceId: life.userId, resourceName: 'alice' });
    life.aws.iam.deleteUser('alice');
    life.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 95 }] });
    expect((await remediate(life, eventOf(life.userId))).answer).toMatchObject({
      status: 'unchanged',
      reason: 'user-changed',
    });
    expect(queue(life)).toEqual([]);
  });
});

describe('from UserId to user', () => {
  test('by IAM page by page, after a rename too', async () => {
    const world = createWorld({ environment, pageSize: 10 });
    const ids = Array.from(
      { length: 25 },
      (_, n) => world.aws.iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 95 }] }).userId,
    );
    const { answer, operations } = await remediate(world, eventOf(ids[24] ?? ''));
    expect(answer).toMatchObject({ status: 'enqueued', userName: 'user-24' });
    expect(operations.filter((operation) => operation === 'ListUsers')).toHaveLength(3);
  });

  test('by AWS Config where IAM cannot be asked', async () => {
    const life = createLife({ environment });
    life.aws.config.record({ resourceType: 'AWS::IAM::User', resourceId: life.userId, resourceName: 'alice' });
    const { answer, operations } = await remediate(life, eventOf(life.userId), failing('ListUsers'));
    expect(answer).toMatchObject({ status: 'enqueued', userName: 'alice' });
    expect(operations.slice(0, 3)).toEqual(['ListUsers', 'ListDiscoveredResources', 'GetUser']);
  });

  test.each([
    ['neither knows the user', undefined, 'iam:ListUsers'],
    ['the recorded name is an old one', 'formerly-alice', 'iam:ListUsers'],
  ])('an error, not a guess, where IAM cannot be asked and %s', async (_, resourceName, message) => {
    const life = createLife({ environment });
    if (resourceName !== undefined)
      life.aws.config.record({ resourceType: 'AWS::IAM::User', resourceId: life.userId, resourceName });
    await expect(remediate(life, eventOf(life.userId), failing('ListUsers'))).rejects.toThrow(message);
    await expect(
      remediate(life, eventOf(life.userId), failing('ListUsers', 'ListDiscoveredResources')),
    ).rejects.toThrow('config:ListDiscoveredResources');
    expect(queue(life)).toEqual([]);
  });
});

test('a queue that refuses fails the invocation', async () => {
  const life = createLife({ environment });
  await expect(remediate(life, eventOf(life.userId), failing('SendMessageBatch'))).rejects.toThrow(
    'Cannot enqueue alice of account',
  );
});

test.each([
  ['a text', 'x'],
  ['nothing', {}],
  ['a name', { resourceId: 'alice' }],
  ['another source', { source: 'aws.health', 'detail-type': 'AWS Health Event', detail: {} }],
])('%s is no event', async (_, event) => {
  const life = createLife({ environment });
  await expect(remediate(life, event)).rejects.toThrow(expect.objectContaining({ name: 'EventError' }));
});
