import { UpdateUserCommand } from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import { createConfigRule } from '../../functions/config-rule.ts';
import type { BeforeCall, Call } from '../../local/aws/aws.ts';
import type { InvocationOptions } from '../../local/aws/config/config.ts';
import { faultsByRule } from '../../local/aws/faults.ts';
import type { Evaluated } from '../../shared/service/config-rule.ts';
import { createLife, live, use } from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { makeSecret } from '../support/signed.ts';
import { createWorld, DAY, invoke, type World, type WorldOptions } from '../support/world.ts';

const RULE = 'keyturn-test-access-keys';
/** Everything that the rule may call: reads, and the report on them. */
const ALLOWED = [
  'GetAccountAuthorizationDetails',
  'GenerateCredentialReport',
  'GetCredentialReport',
  'ListAccessKeys',
  'ListUsers',
  'GetUser',
  'GetAccessKeyLastUsed',
  'ListGroupsForUser',
  'GetCallerIdentity',
  'GenerateMac',
  'ListSecrets',
  'DescribeSecret',
  'ListSecretVersionIds',
  'PutEvaluations',
  'GetComplianceDetailsByConfigRule',
  'GetResourceConfigHistory',
];

searchForSecretsAfterEach();

function withRule(options: WorldOptions = {}): World {
  const world = createWorld(options);
  world.aws.config.addRule(RULE);
  return world;
}

async function evaluate(world: World, options: InvocationOptions = {}, before?: BeforeCall) {
  return evaluateEvent(world, world.aws.config.invocation(RULE, options), before);
}

async function evaluateEvent(world: World, event: unknown, before?: BeforeCall) {
  const first = world.aws.calls.length;
  const handler = createConfigRule(world.runtime('config-rule', before));
  let answer: Evaluated | undefined;
  let error: Error | undefined;
  try {
    answer = (await invoke(world, 'config-rule', handler, event)) as Evaluated;
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  }
  const calls = world.aws.calls.slice(first).filter(({ caller }) => caller === 'config-rule');
  expect(calls.filter(({ mutating }) => mutating)).toEqual([]);
  expect(calls.map(({ operation }) => operation).filter((operation) => !ALLOWED.includes(operation))).toEqual([]);
  return { answer, error, calls };
}

/** User name (or ID, if the user is gone) → compliance type and annotation. */
function verdicts({ aws }: World): Record<string, string> {
  const names = new Map(aws.iam.users().map(({ userId, userName }) => [userId, userName]));
  return Object.fromEntries(
    aws.config
      .evaluations(RULE)
      .map(({ resourceId, complianceType, annotation }) => [
        names.get(resourceId) ?? resourceId,
        `${complianceType}: ${annotation}`,
      ]),
  );
}

const typeOf = (world: World, name: string): string | undefined => verdicts(world)[name]?.split(':')[0];

function table(calls: readonly Call[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation } of calls) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}

describe('a periodic run', () => {
  test('judges every user, and tells AWS Config by UserId', async () => {
    const world = withRule({ environment: { KEYTURN_EXEMPT_GROUPS: '["robots"]' } });
    const { iam, clock, config } = world.aws;
    iam.addUser({ userName: 'young', keys: [{ ageDays: 12 }] });
    iam.addUser({ userName: 'none' });
    const { userId, keys } = iam.addUser({ userName: 'old', keys: [{ ageDays: 95 }] });
    iam.addUser({ userName: 'inactive', keys: [{ ageDays: 95, status: 'Inactive' }] });
    iam.addUser({ userName: 'leave', keys: [{ ageDays: 95 }], tags: { 'keyturn:exempt': '2026-02-01' } });
    iam.addUser({ userName: 'robot', keys: [{ ageDays: 95 }], groups: ['robots'] });
    iam.addUser({ userName: 'lax', keys: [{ ageDays: 95 }], tags: { 'keyturn:max-age-days': '180' } });
    const asked = clock.now();
    const { answer } = await evaluate(world);
    const last4 = keys[0]?.accessKeyId.slice(-4);
    expect(verdicts(world)).toMatchObject({
      young: expect.stringMatching(/^COMPLIANT: /),
      none: expect.stringMatching(/^COMPLIANT: /),
      old: `NON_COMPLIANT: Access key ...${last4} is 95 days old; the limit is 90 days. Next: Key ...${last4} of old is 95 days old: a replacement is issued. [due]`,
      inactive: expect.stringMatching(/^COMPLIANT: /),
      leave: 'NOT_APPLICABLE: User leave is exempt until 2026-02-01: tag keyturn:exempt.',
      robot: expect.stringMatching(/^NON_COMPLIANT: .* User robot is exempt: member of the group robots\. \[exempt\]$/),
      lax: expect.stringMatching(/^COMPLIANT: /),
    });
    const stored = config.evaluations(RULE);
    expect(stored).toHaveLength(7);
    expect(stored.find(({ resourceId }) => resourceId === userId)).toMatchObject({
      resourceType: 'AWS::IAM::User',
      orderingAt: asked,
    });
    expect(new Set(stored.map(({ orderingAt }) => orderingAt))).toEqual(new Set([asked]));
    expect(answer).toMatchObject({
      schemaVersion: 1,
      ruleName: RULE,
      accountId: world.aws.accountId,
      testMode: false,
      evaluations: { COMPLIANT: 4, NON_COMPLIANT: 2, NOT_APPLICABLE: 1 },
    });
  });

  test('takes the lower limit of the rule and of the user', async () => {
    const world = withRule();
    world.aws.iam.addUser({ userName: 'lax', keys: [{ ageDays: 95 }], tags: { 'keyturn:max-age-days': '180' } });
    world.aws.iam.addUser({ userName: 'strict', keys: [{ ageDays: 50 }], tags: { 'keyturn:max-age-days': '45' } });
    await evaluate(world, { ruleParameters: { maxAccessKeyAge: '90' } });
    expect(typeOf(world, 'lax')).toBe('NON_COMPLIANT');
    expect(typeOf(world, 'strict')).toBe('NON_COMPLIANT');
    await evaluate(world, { ruleParameters: { maxAccessKeyAge: '180' } });
    expect(typeOf(world, 'lax')).toBe('COMPLIANT');
    expect(typeOf(world, 'strict')).toBe('NON_COMPLIANT');
  });

  test('accuses nobody by a report that is behind', async () => {
    const world = withRule();
    const { iam } = world.aws;
    const { keys } = iam.addUser({ userName: 'alice', keys: [{ ageDays: 95 }] });
    await evaluate(world);
    expect(typeOf(world, 'alice')).toBe('NON_COMPLIANT');
    iam.addKey('alice');
    iam.deleteKey(keys[0]?.accessKeyId ?? '');
    world.aws.clock.advance(DAY / 8);
    const { calls } = await evaluate(world);
    expect(typeOf(world, 'alice')).toBe('COMPLIANT');
    expect(table(calls)).toMatchObject({ ListAccessKeys: 1 });
  });

  test('acquits nobody by a report in which a toggled key looks young', async () => {
    const world = withRule();
    const { iam, clock } = world.aws;
    const { keys } = iam.addUser({ userName: 'alice', keys: [{ ageDays: 95 }] });
    await evaluate(world);
    const id = keys[0]?.accessKeyId ?? '';
    iam.setKeyStatus(id, 'Inactive');
    iam.setKeyStatus(id, 'Active');
    for (let day = 0; day < 5; day++) {
      clock.advance(DAY);
      await evaluate(world);
      expect(typeOf(world, 'alice')).toBe('NON_COMPLIANT');
    }
  });

  test('withdraws its verdict on users who are gone, or moved out of the path', async () => {
    const world = withRule({ environment: { KEYTURN_USER_PATH_PREFIX: '/team/' } });
    const { iam, config } = world.aws;
    const ids = Array.from(
      { length: 130 },
      (_, n) => iam.addUser({ userName: `user-${n}`, path: '/team/', keys: [{ ageDays: n }] }).userId,
    );
    iam.addUser({ userName: 'outside', keys: [{ ageDays: 95 }] });
    await evaluate(world);
    expect(config.evaluations(RULE)).toHaveLength(130);
    for (const n of [3, 129]) iam.deleteUser(`user-${n}`);
    const { iam: admin } = world.runtime('administrator').aws;
    await admin.send(new UpdateUserCommand({ UserName: 'user-128', NewPath: '/other/' }));
    const { answer, calls } = await evaluate(world);
    expect(table(calls)).toMatchObject({ GetComplianceDetailsByConfigRule: 2, PutEvaluations: 2 });
    expect(answer?.evaluations).toEqual({ COMPLIANT: 89, NON_COMPLIANT: 38, NOT_APPLICABLE: 3 });
    const gone = config.evaluations(RULE).filter(({ complianceType }) => complianceType === 'NOT_APPLICABLE');
    expect(gone.map(({ resourceId }) => resourceId).toSorted()).toEqual([ids[3], ids[128], ids[129]].toSorted());
    const again = await evaluate(world);
    expect(again.answer?.evaluations.NOT_APPLICABLE).toBe(0);
  });

  test('of an account without users says so', async () => {
    const world = withRule();
    const { answer } = await evaluate(world);
    expect(answer?.evaluations).toEqual({ COMPLIANT: 0, NON_COMPLIANT: 0, NOT_APPLICABLE: 1 });
    expect(world.aws.config.evaluations(RULE)).toMatchObject([
      { resourceType: 'AWS::::Account', resourceId: world.aws.accountId },
    ]);
  });

  test('follows the facts through the life of a key', async () => {
    const life = createLife({ ageDays: 88 });
    life.aws.config.addRule(RULE);
    const days: string[] = [];
    const daily = async (day: number): Promise<void> => {
      await evaluate(life);
      life.aws.clock.advance(60_000);
      const { iam, clock } = life.aws;
      const keys = iam.keysOf('alice');
      const isOver = keys.some(({ status, createdAt }) => status === 'Active' && clock.now() - createdAt >= 90 * DAY);
      expect(`${day} ${typeOf(life, 'alice')}`).toBe(`${day} ${isOver ? 'NON_COMPLIANT' : 'COMPLIANT'}`);
      const [, reason = ''] = /\[(.*)\]$/.exec(verdicts(life).alice ?? '') ?? [];
      days.push(`${day} ${reason}`);
      const newest = keys.at(-1)?.accessKeyId;
      if (day > 92) use(life, newest);
    };
    await live(life, { from: 88, to: 112, daily });
    expect(days.filter((line, n) => line.split(' ')[1] !== days[n - 1]?.split(' ')[1])).toEqual([
      '88 ',
      '90 due',
      '91 in-grace',
      '93 reminder-due',
      '94 in-grace',
      '97 reminder-due',
      '98 in-grace',
      '99 reminder-due',
      '100 grace-over',
      '101 ',
    ]);
  });
});

describe('what it costs', () => {
  test('300 users, of whom 40 are over the limit and 30 in their recovery period', async () => {
    const world = withRule();
    for (let n = 0; n < 300; n++) {
      const isOver = n < 40;
      const isRecovering = n >= 40 && n < 70;
      const keys = isOver ? [{ ageDays: 95 }] : [{ ageDays: 5 }];
      const { userId } = world.aws.iam.addUser({ userName: `user-${n}`, keys });
      const deactivated = '2025-12-30T00:00:00.000Z AKIAOLDOLDOLDOLDOLD0';
      await makeSecret(world, userId, isRecovering ? { deactivated } : {});
    }
    await evaluate(world);
    const { answer, calls } = await evaluate(world);
    console.log('calls of a periodic run at 300 users:', calls.length, table(calls));
    expect(answer).toMatchObject({ evaluations: { COMPLIANT: 260, NON_COMPLIANT: 40 }, awsCalls: calls.length });
    expect(table(calls)).toMatchObject({
      GetAccountAuthorizationDetails: 1,
      ListSecrets: 3,
      GetComplianceDetailsByConfigRule: 3,
      PutEvaluations: 3,
      GetUser: 40,
      DescribeSecret: 40,
      GetAccessKeyLastUsed: 40,
    });
    // Those in rotation once, those over the limit twice, and a thirtieth of all others on their day.
    expect(table(calls).ListAccessKeys).toBeLessThanOrEqual(30 + 2 * 40 + 20);
    expect(calls.length).toBeLessThanOrEqual(300);
  });
});

describe('what fails', () => {
  const threeUsers = (): World => {
    const world = withRule();
    for (const userName of ['alice', 'bob', 'carol']) world.aws.iam.addUser({ userName, keys: [{ ageDays: 95 }] });
    return world;
  };
  const aboutBob =
    (operation: string): BeforeCall =>
    (call) =>
      call.operation === operation && call.input.UserName === 'bob'
        ? { kind: 'error', status: 500, code: 'ServiceFailure' }
        : undefined;

  test.each(['ListAccessKeys', 'GetUser'])(
    'a user whose %s fails gets no verdict; all others do, and the run throws',
    async (operation) => {
      const world = threeUsers();
      const { error } = await evaluate(world, {}, aboutBob(operation));
      expect(Object.keys(verdicts(world)).toSorted()).toEqual(['alice', 'carol']);
      expect(error).toMatchObject({
        name: 'RotationError',
        message: expect.stringMatching(
          /^Rule keyturn-test-access-keys judged 2 resources of account \d+, but 1 thing failed: bob: (Cannot look at bob: )?Cannot call iam:/,
        ),
      });
    },
  );

  test('nor is a young user acquitted by the report on the day on which their exact keys cannot be read', async () => {
    const world = withRule({ environment: { KEYTURN_EXACT_SWEEP_DAYS: '1' } });
    for (const userName of ['alice', 'bob']) world.aws.iam.addUser({ userName, keys: [{ ageDays: 5 }] });
    const { error } = await evaluate(world, {}, aboutBob('ListAccessKeys'));
    expect(Object.keys(verdicts(world))).toEqual(['alice']);
    expect(error?.message).toContain('1 thing failed: bob: ');
  });

  test('a verdict of before stays where there is no new one', async () => {
    const world = threeUsers();
    await evaluate(world);
    world.aws.clock.advance(DAY);
    const { error } = await evaluate(world, {}, aboutBob('ListAccessKeys'));
    expect(error?.message).toContain('bob');
    expect(typeOf(world, 'bob')).toBe('NON_COMPLIANT');
  });

  test('without a report everybody is judged by exact keys, and the run throws', async () => {
    const world = threeUsers();
    world.aws.iam.addUser({ userName: 'dave', keys: [{ ageDays: 5 }] });
    world.aws.iam.addUser({ userName: 'erin', keys: [{ ageDays: 95 }], tags: { 'keyturn:exempt': 'true' } });
    const before = faultsByRule([
      { operation: 'GetCredentialReport', times: 99, fault: { kind: 'error', status: 403, code: 'AccessDenied' } },
    ]);
    const { error } = await evaluate(world, {}, before);
    expect(error?.message).toContain('iam:GetCredentialReport');
    expect(['alice', 'bob', 'carol', 'dave', 'erin'].map((name) => typeOf(world, name))).toEqual([
      'NON_COMPLIANT',
      'NON_COMPLIANT',
      'NON_COMPLIANT',
      'COMPLIANT',
      'NON_COMPLIANT',
    ]);
  });

  test.each(['GetAccountAuthorizationDetails', 'ListSecrets', 'GetComplianceDetailsByConfigRule'])(
    'nothing is put if %s fails',
    async (operation) => {
      const world = threeUsers();
      const before = faultsByRule([
        { operation, times: 99, fault: { kind: 'error', status: 500, code: 'ServiceFailure' } },
      ]);
      const { error, calls } = await evaluate(world, {}, before);
      expect(error?.message).toContain(operation);
      expect(table(calls).PutEvaluations).toBeUndefined();
    },
  );

  test('a user renamed or deleted during the run is looked up again', async () => {
    const world = threeUsers();
    const { iam: admin } = world.runtime('administrator').aws;
    const { userId: bob } = world.aws.iam.users()[1] ?? {};
    const { answer, error } = await evaluate(world, {}, async ({ operation, input }) => {
      if (operation !== 'ListAccessKeys') return undefined;
      const isThere = world.aws.iam.users().some(({ userName }) => userName === input.UserName);
      if (input.UserName === 'bob' && isThere) world.aws.iam.deleteUser('bob');
      if (input.UserName === 'alice' && isThere) {
        await admin.send(new UpdateUserCommand({ UserName: 'alice', NewUserName: 'alicia' }));
      }
      return undefined;
    });
    expect(error).toBeUndefined();
    expect(answer?.evaluations).toEqual({ COMPLIANT: 0, NON_COMPLIANT: 2, NOT_APPLICABLE: 1 });
    expect(typeOf(world, 'alicia')).toBe('NON_COMPLIANT');
    expect(typeOf(world, bob ?? '')).toBe('NOT_APPLICABLE');
  });
});

describe('PutEvaluations', () => {
  const manyUsers = (): World => {
    const world = withRule();
    for (let n = 0; n < 250; n++) world.aws.iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 5 }] });
    return world;
  };

  test('is called in hundreds, and once more for what it returns as failed', async () => {
    const world = manyUsers();
    const { userId } = world.aws.iam.users()[120] ?? {};
    world.aws.config.refuse(userId ?? '', 1);
    const { answer, calls } = await evaluate(world);
    const puts = calls
      .filter(({ operation }) => operation === 'PutEvaluations')
      .map(({ input }) => (input.Evaluations as unknown[]).length);
    expect(puts).toEqual([100, 100, 1, 50]);
    expect(answer?.evaluations.COMPLIANT).toBe(250);
    expect(world.aws.config.evaluations(RULE)).toHaveLength(250);
  });

  test('that refuses a user twice fails the run by UserId, after all others', async () => {
    const world = manyUsers();
    const { userId } = world.aws.iam.users()[120] ?? {};
    world.aws.config.refuse(userId ?? '', 2);
    const { error } = await evaluate(world);
    expect(error?.message).toContain(`1 thing failed: ${userId}: AWS Config did not take the evaluation.`);
    expect(world.aws.config.evaluations(RULE)).toHaveLength(249);
  });

  test('that is throttled is tried again; a hundred that fails does not stop the others', async () => {
    const world = manyUsers();
    await evaluate(world, {}, faultsByRule([{ operation: 'PutEvaluations', fault: { kind: 'throttle' } }]));
    expect(world.aws.config.evaluations(RULE)).toHaveLength(250);
    const other = manyUsers();
    const fault = { kind: 'error', status: 400, code: 'InvalidParameterValueException' } as const;
    const { error } = await evaluate(other, {}, faultsByRule([{ operation: 'PutEvaluations', nth: 2, fault }]));
    expect(error?.message).toContain('Cannot call config:PutEvaluations');
    expect(other.aws.config.evaluations(RULE)).toHaveLength(150);
  });

  test('is told of a test, and then stores nothing, even for a rule that does not exist', async () => {
    const world = manyUsers();
    const event = { ...world.aws.config.invocation(RULE), resultToken: 'TESTMODE', configRuleName: 'not-there' };
    const { answer, calls } = await evaluateEvent(world, event);
    expect(answer).toMatchObject({ testMode: true, evaluations: { COMPLIANT: 250 } });
    expect(
      calls.filter(({ operation }) => operation === 'PutEvaluations').every(({ input }) => input.TestMode === true),
    ).toBe(true);
    expect(world.aws.config.evaluations(RULE)).toEqual([]);
  });

  test('gets a token that no log, error or answer shows', async () => {
    const world = manyUsers();
    const event = world.aws.config.invocation(RULE);
    await evaluateEvent(world, event);
    await evaluateEvent(world, { ...event, resultToken: 'unknown-token-000' });
    const seen = JSON.stringify([world.logged, world.shown.map(String)]);
    expect(seen).toContain('InvalidResultToken');
    expect(seen).not.toContain(String(event.resultToken));
    expect(seen).not.toContain('unknown-token-000');
  });
});

test('the events of another account are refused', async () => {
  const world = withRule();
  world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 95 }] });
  const event = { ...world.aws.config.invocation(RULE), accountId: '999988887777' };
  const { error } = await evaluateEvent(world, event);
  expect(error).toMatchObject({ name: 'EventError', message: expect.stringMatching(/^accountId: .*999988887777/) });
  expect(verdicts(world)).toEqual({});
});
