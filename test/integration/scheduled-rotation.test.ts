// Tests of shared/service/scheduled-rotation.ts, shared/aws/scan.ts, shared/aws/enqueue.ts, shared/aws/last-run.ts,
// shared/core/last-run.ts, shared/apply/remember-run.ts,
// shared/core/shares.ts, shared/core/scheduled-run.ts, shared/aws/plan-users.ts, shared/aws/account-report.ts,
// shared/service/scan-and-enqueue.ts and shared/aws/map-concurrently.ts.

import { readdirSync, readFileSync } from 'node:fs';
import { UpdateAccessKeyCommand } from '@aws-sdk/client-iam';
import { DeleteSecretCommand } from '@aws-sdk/client-secrets-manager';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { ListQueueTagsCommand, SQSClient, TagQueueCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { BeforeCall, Call } from '../../local/aws/aws.ts';
import { observeUser } from '../../shared/aws/observe.ts';
import { scanAccount } from '../../shared/aws/scan.ts';
import { parseScheduledEvent, parseWorkMessage } from '../../shared/core/events.ts';
import { plan } from '../../shared/core/plan.ts';
import { parseSettings } from '../../shared/core/settings.ts';
import { asRecorded } from '../../shared/core/state-key.ts';
import type { ScheduledRun } from '../../shared/service/scheduled-rotation.ts';
import { makeSecret } from '../support/signed.ts';
import { createWorld, DAY, invoke, sqsEvent, type World } from '../support/world.ts';

const HOUR = DAY / 24;

/** One invocation of `scheduled-rotation`, as a process of its own; `calls` are those it made. */
async function run(world: World, event: unknown = {}, before?: BeforeCall) {
  const first = world.aws.calls.length;
  const handler = createScheduledRotation(world.runtime('scan', before));
  const calls = () => world.aws.calls.slice(first);
  try {
    return { answer: (await invoke(world, 'scheduled-rotation', handler, event)) as ScheduledRun, calls: calls() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)), calls: calls() };
  }
}

const count = (calls: readonly Call[], operation: string): number =>
  calls.filter((call) => call.operation === operation).length;

function table(calls: readonly Call[]): Record<string, number> {
  const names = [...new Set(calls.map(({ operation }) => operation))];
  return Object.fromEntries(names.map((name) => [name, count(calls, name)]));
}

function queued(world: World) {
  return world.aws.sqs.messages(world.queueUrl).map(({ body, groupId, deduplicationId }) => {
    return { ...parseWorkMessage(body), groupId, deduplicationId };
  });
}

const queuedNames = (world: World): string[] => queued(world).map(({ userName }) => userName);

/** The last digest, as the JSON document that other tools read. */
function digest(world: World): Record<string, unknown> {
  const last = world.aws.sns.published.filter(({ attributes }) => attributes.event === 'digest').at(-1);
  return JSON.parse(last?.message.default ?? '{}');
}

function failing(operation: string, code: string, status = 400, times = Number.POSITIVE_INFINITY): BeforeCall {
  let left = times;
  return (call) => (call.operation === operation && left-- > 0 ? { kind: 'error', status, code } : undefined);
}

describe('a large account', () => {
  test('is read page by page: 2,500 users, 130 secrets', async () => {
    const world = createWorld();
    for (let n = 0; n < 2_500; n++) {
      const user = world.aws.iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: n === 2_499 ? 91 : 5 }] });
      if (n >= 2_370) await makeSecret(world, user.userId, n === 2_498 ? { hold: '2027-01-01' } : {});
    }
    // What was made today is in the list for the daily limit too.
    world.aws.clock.advance(DAY);
    const { answer, calls } = await run(world);
    expect(table(calls)).toMatchObject({ GetAccountAuthorizationDetails: 3, ListSecrets: 3, SendMessageBatch: 1 });
    expect(answer).toMatchObject({ usersScanned: 2_500, enqueued: 1, skipped: { held: 1 }, errors: [] });
    expect(queuedNames(world)).toEqual(['user-2499']);
    expect(answer?.awsCalls).toBe(calls.length);
  });

  test('in which nothing is due costs at most 30 + N/30 calls', async () => {
    const world = createWorld();
    const N = 500;
    for (let n = 0; n < N; n++) {
      await makeSecret(world, world.aws.iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 5 }] }).userId);
    }
    // What was made today is in the list for the daily limit too.
    world.aws.clock.advance(DAY);
    const costs: number[] = [];
    for (let day = 0; day < 8; day++) {
      const { answer, calls } = await run(world);
      expect(answer).toMatchObject({ usersScanned: N, enqueued: 0, skipped: { 'nothing-due': N } });
      if (day === 0) console.log('calls of a scan of 500 users, nothing due:', table(calls));
      // Who would hear is read apart from what everything else costs.
      costs.push(calls.length - count(calls, 'ListSubscriptionsByTopic'));
      world.aws.clock.advance(DAY);
    }
    console.log('calls on eight days in turn:', costs.join(' '));
    expect(Math.max(...costs)).toBeLessThanOrEqual(30 + N / 30);
    expect(world.aws.calls.filter(({ caller, mutating }) => caller === 'scan' && mutating)).toEqual([]);
  });
});

describe('who is enqueued', () => {
  test('the oldest key first, in batches of ten, each user in a group of their own', async () => {
    const world = createWorld();
    const ages = Array.from({ length: 25 }, (_, n) => 90 + ((n * 7) % 25));
    for (const age of ages) world.aws.iam.addUser({ userName: `aged-${age}`, keys: [{ ageDays: age }] });
    const { answer, calls } = await run(world);
    expect(answer?.enqueued).toBe(25);
    expect(count(calls, 'SendMessageBatch')).toBe(3);
    expect(queuedNames(world)).toEqual(ages.toSorted((a, b) => b - a).map((age) => `aged-${age}`));
    const [first] = queued(world);
    const [user] = world.aws.iam.users().filter(({ userName }) => userName === 'aged-114');
    const common = { userId: user?.userId, userName: 'aged-114', accountId: world.aws.accountId };
    expect(first).toEqual({
      ...common,
      schemaVersion: 1,
      origin: 'schedule',
      requestId: answer?.runId,
      mayIssue: true,
      mayRepeat: expect.any(Boolean),
      groupId: user?.userId,
      deduplicationId: `schedule/${answer?.runId}/${user?.userId}`,
    });
  });

  test('what SQS refuses inside a batch is sent once more', async () => {
    const world = createWorld();
    for (const userName of ['alice', 'bob']) world.aws.iam.addUser({ userName, keys: [{ ageDays: 91 }] });
    const { answer, calls } = await run(world, {}, refusing(1));
    expect(answer).toMatchObject({ enqueued: 2, errors: [] });
    expect(count(calls, 'SendMessageBatch')).toBe(2);
    expect(queuedNames(world).toSorted()).toEqual(['alice', 'bob']);
  });

  test('what SQS refuses twice fails the run by name, after the digest', async () => {
    const world = createWorld();
    for (const userName of ['alice', 'bob']) world.aws.iam.addUser({ userName, keys: [{ ageDays: 91 }] });
    const { error } = await run(world, {}, refusing(2));
    expect(error?.name).toBe('RotationError');
    expect(error?.message).toMatch(/: Cannot call sqs:SendMessage: InvalidParameterValue: /);
    expect(queuedNames(world)).toHaveLength(1);
    expect(digest(world)).toMatchObject({ enqueued: 1, errorCount: 1 });
  });

  test('a batch that cannot be sent does not stop the next one', async () => {
    const world = createWorld();
    for (let n = 0; n < 11; n++) world.aws.iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 100 - n / 10 }] });
    const { error } = await run(world, {}, failing('SendMessageBatch', 'AccessDenied', 403, 2));
    expect(queuedNames(world)).toEqual(['user-10']);
    expect(error?.message).toMatch(/but 10 things failed: user-0: Cannot call sqs:SendMessage on /);
    expect(error?.message).toMatch(/user-9: /);
  });

  test('a user whose secret is pending deletion, once a week; each digest names them', async () => {
    const world = createWorld();
    const alice = world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 5 }] });
    await makeSecret(world, alice.userId);
    const SecretId = `keyturn/${alice.userId}/access-key`;
    await world.runtime('operator').aws.secrets.send(new DeleteSecretCommand({ SecretId }));
    const enqueued: number[] = [];
    for (let day = 0; day < 14; day++) {
      const { answer } = await run(world);
      enqueued.push(answer?.enqueued ?? 0);
      expect(digest(world)).toMatchObject({
        blocked: 1,
        needsDecision: [{ userName: 'alice', reason: 'secret-pending-deletion' }],
      });
      world.aws.clock.advance(DAY);
    }
    expect(enqueued.filter((n) => n === 1)).toHaveLength(2);
  });

  test('users below the path only, and nobody for a secret that merely looks like ours', async () => {
    const world = createWorld({ environment: { KEYTURN_USER_PATH_PREFIX: '/robots/' } });
    const { aws } = world;
    const outside = aws.iam.addUser({ userName: 'outside', keys: [{ ageDays: 99 }] });
    aws.iam.addUser({ userName: 'inside', path: '/robots/ci/', keys: [{ ageDays: 99 }] });
    aws.iam.setRootKey(true);
    await makeSecret(world, outside.userId);
    await makeSecret(world, 'AIDAGONE');
    await makeSecret(world, 'AIDAGONE/more');
    const { answer } = await run(world);
    expect(answer).toMatchObject({ usersScanned: 1, enqueued: 1 });
    expect(queuedNames(world)).toEqual(['inside']);
    expect(digest(world)).toMatchObject({
      secretsWithoutUser: ['keyturn/AIDAGONE/access-key'],
      activeRootKeys: 1,
      oldestActiveKeyDays: expect.closeTo(99, 1),
      oldestActiveKeyUser: 'inside',
    });
  });
});

/** Makes SQS refuse one entry of each of the next batches: no fault can, since such an answer is a success. */
function refusing(times: number): BeforeCall {
  let left = times;
  return ({ operation, input: { Entries: entries } }) => {
    if (operation === 'SendMessageBatch' && left-- > 0 && Array.isArray(entries))
      entries[0].MessageGroupId = 'not valid';
    return undefined;
  };
}

describe('a report that does not tell', () => {
  test('a toggled key looks young in it, and is found within 30 days all the same', async () => {
    const world = createWorld();
    const { keys } = world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 300 }] });
    for (const status of ['Inactive', 'Active'] as const)
      world.aws.iam.setKeyStatus(keys[0]?.accessKeyId ?? '', status);
    const enqueued: number[] = [];
    for (let day = 0; day < 30; day++) {
      enqueued.push((await run(world)).answer?.enqueued ?? 0);
      world.aws.clock.advance(DAY);
    }
    expect(enqueued.filter((n) => n === 1)).toHaveLength(1);
  });

  test('a user made after it is looked at exactly, a namesake too', async () => {
    const world = createWorld();
    const { iam, clock } = world.aws;
    iam.addUser({ userName: 'namesake', keys: [{ ageDays: 1 }] });
    await run(world);
    clock.advance(HOUR);
    iam.deleteUser('namesake');
    iam.addUser({ userName: 'namesake', createdAt: clock.now(), keys: [{ ageDays: 95 }] });
    iam.addUser({ userName: 'new', keys: [{ ageDays: 5 }] });
    const { answer, calls } = await run(world);
    expect(calls.filter(({ operation }) => operation === 'ListAccessKeys').map(({ input }) => input.UserName)).toEqual([
      'namesake',
      'new',
    ]);
    expect(answer).toMatchObject({ enqueued: 1, skipped: { 'nothing-due': 1 } });
  });

  test('is asked for again when it expired meanwhile', async () => {
    const world = createWorld();
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
    const { answer, calls } = await run(world, {}, failing('GetCredentialReport', 'ReportExpired', 410, 1));
    expect(answer?.enqueued).toBe(1);
    expect(table(calls)).toMatchObject({ GenerateCredentialReport: 2, GetCredentialReport: 2 });
    expect(calls.filter(({ input }) => input.UserName === 'alice')).toEqual([]);
  });

  test('and never comes: every user is looked at exactly, and the run fails after all was done', async () => {
    const world = createWorld();
    for (const age of [5, 91]) world.aws.iam.addUser({ userName: `aged-${age}`, keys: [{ ageDays: age }] });
    const { error, calls } = await run(world, {}, failing('GetCredentialReport', 'ReportInProgress', 404));
    expect(error?.message).toMatch(/2 users of account 111122223333 were scanned and enqueued, but 1 thing failed: /);
    expect(error?.message).toMatch(/AWS did not make one within two minutes\. Without the report every user was /);
    expect(queuedNames(world)).toEqual(['aged-91']);
    expect(table(calls)).toMatchObject({ GetCredentialReport: 120, ListAccessKeys: 2, Publish: 1 });
    expect(digest(world)).toMatchObject({ severity: 'warning', errorCount: 1, enqueued: 1 });
  });

  test('and is denied: the error names the permission', async () => {
    const world = createWorld();
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
    const { error } = await run(world, {}, failing('GenerateCredentialReport', 'AccessDenied', 403));
    expect(error?.message).toMatch(/Add iam:GenerateCredentialReport on that resource to the policy/);
    expect(queuedNames(world)).toEqual(['alice']);
  });
});

describe('a failure', () => {
  const daily = { KEYTURN_EXACT_SWEEP_DAYS: '1' };
  const forUser =
    (userName: string, fault: ReturnType<BeforeCall>): BeforeCall =>
    (call) =>
      call.operation === 'ListAccessKeys' && call.input.UserName === userName ? fault : undefined;

  test('of one user stops nobody else, and names them when all is done', async () => {
    const world = createWorld({ environment: daily });
    const { iam } = world.aws;
    for (const userName of ['alice', 'bob', 'carol']) {
      const { keys } = iam.addUser({ userName, keys: [{ ageDays: 300 }] });
      for (const status of ['Inactive', 'Active'] as const) iam.setKeyStatus(keys[0]?.accessKeyId ?? '', status);
    }
    const { error } = await run(world, {}, forUser('bob', { kind: 'throttle' }));
    expect(error?.name).toBe('RotationError');
    expect(error?.message).toMatch(/1 thing failed: bob: Cannot call iam:ListAccessKeys on bob: Throttling/);
    expect(queuedNames(world).toSorted()).toEqual(['alice', 'carol']);
    expect(digest(world)).toMatchObject({ enqueued: 2, skipped: { 'nothing-due': 1 }, errorCount: 1 });
    expect(world.logged.filter((line) => line.includes('Failed for one'))).toHaveLength(1);
  });

  test('to find a user who was deleted meanwhile is none', async () => {
    const world = createWorld({ environment: daily });
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 5 }] });
    const gone = { kind: 'error', status: 404, code: 'NoSuchEntity' } as const;
    const { answer } = await run(world, {}, forUser('alice', gone));
    expect(answer).toMatchObject({ skipped: { 'no-active-key': 1 }, errors: [] });
  });

  test('to list the users ends the run, since nobody can be judged', async () => {
    const world = createWorld();
    const { error } = await run(world, {}, failing('GetAccountAuthorizationDetails', 'AccessDenied', 403));
    expect(error?.message).toMatch(/Add iam:GetAccountAuthorizationDetails/);
    expect(world.aws.sns.published).toEqual([]);
  });

  test.each(['Publish', 'GetTopicAttributes'])('of %s is named after everybody was enqueued', async (operation) => {
    const world = createWorld();
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
    // Where subscriptions may not be read, their number is asked for.
    const { error } = await run(world, {}, (call) =>
      [operation, 'ListSubscriptionsByTopic'].includes(call.operation)
        ? { kind: 'error', status: 403, code: 'AuthorizationError' }
        : undefined,
    );
    expect(error?.message).toContain(`Add sns:${operation}`);
    expect(queuedNames(world)).toEqual(['alice']);
  });
});

describe('a dry run', () => {
  const plans = async (world: World, event: unknown, before?: BeforeCall) => {
    const { iam } = world.aws;
    iam.addUser({ userName: 'old', keys: [{ ageDays: 95 }] });
    iam.addUser({ userName: 'older', keys: [{ ageDays: 120 }] });
    iam.addUser({ userName: 'young', keys: [{ ageDays: 5 }] });
    iam.addUser({ userName: 'exempt', tags: { 'keyturn:exempt': 'true' }, keys: [{ ageDays: 500 }] });
    return run(world, event, before);
  };

  test.each<[string, string, unknown]>([
    ['asked for', 'true', { dryRun: true }],
    ['without enforcement', 'false', {}],
  ])('%s shows the plans, changes nothing, and publishes nothing but the digest', async (_, enforce, event) => {
    const world = createWorld({ environment: { KEYTURN_ENFORCE: enforce } });
    const { answer, calls } = await plans(world, event);
    expect(answer).toMatchObject({
      schemaVersion: 1,
      accountId: '111122223333',
      dryRun: true,
      usersScanned: 4,
      enqueued: 0,
      skipped: { exempt: 1, 'nothing-due': 1 },
      errors: [],
    });
    expect(answer?.plan).toMatchObject([
      { userName: 'older', action: 'issue', reason: 'due' },
      { userName: 'old', action: 'issue', reason: 'due' },
    ]);
    expect(calls.filter(({ mutating, service }) => mutating || service === 'sqs')).toEqual([]);
    expect(world.aws.sns.published.map(({ attributes }) => attributes.event)).toEqual(['digest']);
    expect(digest(world)).toMatchObject({ dryRun: true, enqueued: 0, exemptWithoutDate: 1 });
  });

  test('says what stops an issue', async () => {
    const world = createWorld({ emails: [] });
    const { answer } = await plans(world, { dryRun: true });
    expect(answer?.plan?.map(({ action, reason }) => `${action} ${reason}`)).toEqual([
      'none no-subscription',
      'none no-subscription',
    ]);
  });

  test('leaves out a user who was deleted meanwhile, and names one who cannot be read', async () => {
    const gone = createWorld();
    const { answer } = await plans(gone, { dryRun: true }, (call) =>
      call.operation === 'GetUser' && call.input.UserName === 'old'
        ? { kind: 'error', status: 404, code: 'NoSuchEntity' }
        : undefined,
    );
    expect(answer?.plan?.map(({ userName }) => userName)).toEqual(['older']);
    const denied = createWorld();
    const { error } = await plans(denied, { dryRun: true }, failing('GetUser', 'AccessDenied', 403, 1));
    expect(error?.message).toMatch(
      /4 users of account 111122223333 were planned, but 1 thing failed: older: Cannot look at older: Cannot call/,
    );
  });
});

describe('the digest', () => {
  test.each<[string, string[], Record<string, string>, RegExp | undefined]>([
    ['no confirmed subscription', [], {}, /^Topic .* has no confirmed subscription, so no key is issued/],
    ['no subscription required', [], { KEYTURN_REQUIRE_SUBSCRIPTION: 'false' }, undefined],
    ['a confirmed subscription', ['a@example.com'], {}, undefined],
    [
      'a limit of no rotations',
      ['a@example.com'],
      { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '0' },
      /^All other rotations are postponed until \d{4}-\d\d-\d\d: 0 rotations began today, and maxNewRotationsPerDay is 0\.$/,
    ],
  ])('says why nothing is issued: %s', async (_, emails, environment, note) => {
    const world = createWorld({ emails, environment });
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
    const { answer } = await run(world);
    expect(answer?.enqueued).toBe(1);
    const said = digest(world).note;
    if (note === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(note);
  });

  test('says how many messages the worker gave up on', async () => {
    const world = createWorld();
    world.environment.KEYTURN_DEAD_LETTER_QUEUE_URL = world.deadLetterQueueUrl;
    await run(world);
    expect(digest(world)).toMatchObject({ deadLetters: 0 });
  });

  test('says that the circuit breaker is open', async () => {
    const world = createWorld();
    const now = new Date(world.aws.clock.now() + HOUR).toISOString();
    world.aws.clock.advance(2 * HOUR);
    for (const userName of ['a', 'b', 'c']) {
      await makeSecret(world, world.aws.iam.addUser({ userName, keys: [{ ageDays: 91 }] }).userId, {
        'issued-on': `${now.slice(0, 10)} schedule`,
        announced: `failed ${now} AKIA1234567890123456 not-proven`,
      });
    }
    await run(world);
    expect(digest(world)).toMatchObject({
      failed: 3,
      note: expect.stringMatching(
        /^All rotations are postponed until .*: the three newest keys of the day did not work\. See/,
      ),
    });
    expect(world.metrics.get('BreakerOpen')).toBe(1);
  });

  test('goes with metrics of the oldest key and of the nearest deadline, if anybody has a key', async () => {
    const world = createWorld();
    await run(world);
    expect([...world.metrics.keys()]).not.toContain('OldestActiveKeyDays');
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 95 }] });
    world.aws.iam.addUser({ userName: 'bob', keys: [{ ageDays: 400 }], tags: { 'keyturn:exempt': 'true' } });
    world.aws.clock.advance(5 * HOUR);
    await run(world);
    expect(world.metrics.get('OldestActiveKeyDays')).toBeCloseTo(95, 0);
    expect(world.metrics.get('DaysToNearestDeadline')).toBeCloseTo(15, 0);
    expect(world.metrics.has('BreakerOpen')).toBe(false);
  });

  test('names settings that match nobody, in every run', async () => {
    const world = createWorld({
      environment: {
        KEYTURN_EXEMPT_GROUPS: '["robots","ADMINS"]',
        KEYTURN_EXEMPT_PATHS: '["/none/"]',
        KEYTURN_READER_ARNS: '[{"arn":"arn:aws:iam::111122223333:role/eso","users":["alice","alcie"]}]',
      },
    });
    world.aws.iam.addUser({ userName: 'alice', groups: ['admins'], keys: [{ ageDays: 5 }] });
    for (let day = 0; day < 2; day++) {
      const { error } = await run(world);
      expect(error).toBeUndefined();
      expect(digest(world)).toMatchObject({
        severity: 'info',
        findingCount: 3,
        findings: [
          expect.stringContaining('the group robots'),
          expect.stringContaining('the path /none/'),
          expect.stringContaining('called alcie'),
        ],
      });
      world.aws.clock.advance(DAY);
    }
  });

  test('lists fifty and a count, and the log has all of them', async () => {
    const world = createWorld({ environment: { KEYTURN_EXEMPT_GROUPS: '["robots"]' } });
    const names = Array.from({ length: 52 }, (_, n) => `misspelt-${n + 10}`);
    for (const userName of names) world.aws.iam.addUser({ userName, tags: { 'keyturn:exmept': 'true' } });
    await run(world);
    const { needsDecision, needsDecisionCount } = digest(world);
    expect([(needsDecision as unknown[]).length, needsDecisionCount]).toEqual([50, 52]);
    expect(world.aws.sns.published.at(-1)?.message.email).toContain('and 2 more; the log has all of them');
    const logged = world.logged.join('\n');
    for (const text of [...names, 'the group robots']) expect(logged).toContain(text);
  });

  test('names who waits since nobody would hear of them', async () => {
    const world = createWorld({ emails: [] });
    const { iam, sns, clock } = world.aws;
    const client = world.runtime('operator').aws.sns;
    const filters = ['{"userName":["alice"]}', '{"owner":["team-a"]}', '{"event":["digest"]}'];
    for (const [n, FilterPolicy] of filters.entries()) {
      const email = { TopicArn: world.topicArn, Protocol: 'email', Endpoint: `${n}@example.com` };
      await client.send(new SubscribeCommand({ ...email, Attributes: { FilterPolicy } }));
    }
    for (const { arn } of sns.subscriptions(world.topicArn)) sns.confirm(arn);
    for (const userName of ['alice', 'bob']) iam.addUser({ userName, keys: [{ ageDays: 91 }] });
    iam.addUser({ userName: 'carol', keys: [{ ageDays: 91 }], tags: { 'keyturn:owner': 'team-a' } });
    iam.addUser({ userName: 'young', keys: [{ ageDays: 5 }] });
    const left = iam.addUser({ userName: 'left', keys: [{ ageDays: 91, status: 'Inactive' }, { ageDays: 20 }] });
    const [inactive = { accessKeyId: '' }] = left.keys;
    const since = new Date(clock.now() - 9 * DAY).toISOString();
    await makeSecret(world, left.userId, { 'inactive-seen': `${since} ${inactive.accessKeyId}` });
    await run(world);
    expect(digest(world)).toMatchObject({
      blocked: 0,
      needsDecision: [
        { userName: 'bob', reason: 'no-subscription', message: expect.stringContaining('widen a filter') },
        { userName: 'left', reason: 'notice-undeliverable' },
      ],
    });
  });

  test('says that most users are not in the report', async () => {
    const world = createWorld();
    const { iam, clock } = world.aws;
    const createdAt = clock.now() - 30 * DAY;
    iam.addUser({ userName: 'alice', createdAt, keys: [{ ageDays: 5 }] });
    await run(world);
    clock.advance(HOUR);
    iam.addUser({ userName: 'bob', createdAt, keys: [{ ageDays: 5 }] });
    await run(world);
    expect(digest(world)).toMatchObject({ findings: [] });
    iam.addUser({ userName: 'carol', createdAt, keys: [{ ageDays: 5 }] });
    iam.addUser({ userName: 'new', createdAt: clock.now(), keys: [{ ageDays: 0 }] });
    await run(world);
    expect(digest(world)).toMatchObject({
      findings: [expect.stringMatching(/^2 of 3 users are not in the credential report/)],
    });
  });

  test('counts the last 24 hours from the tags, and who is exempt', async () => {
    const world = createWorld();
    const { iam, clock } = world.aws;
    const key = 'AKIA1234567890123456';
    const now = clock.now();
    const ago = (hours: number) => new Date(now - hours * HOUR).toISOString();
    const today = ago(0).slice(0, 10);
    const people: Record<string, Record<string, string>> = {
      rotated: { 'current-since': `${ago(2)} ${key}`, 'issued-on': today, announced: `issued ${ago(2)} ${key}` },
      yesterday: { 'current-since': `${ago(24.01)} ${key}`, announced: `issued ${ago(24.01)} ${key}` },
      restarted: { 'current-since': `${ago(3)} ${key}`, 'issued-on': '2025-10-01' },
      deactivated: { deactivated: `${ago(23.9)} ${key}`, announced: `deactivated ${ago(23.9)} ${key}` },
      deleted: { announced: `deleted ${ago(1)} ${key}` },
      orphaned: { announced: `orphan-removed ${ago(1)} ${key}` },
      postponed: { announced: `postponed ${ago(1)} ${key}` },
      failed: { announced: `failed ${ago(1)} -` },
      before: { announced: `deleted ${ago(24.01)} ${key}` },
    };
    for (const [userName, tags] of Object.entries(people)) {
      await makeSecret(world, iam.addUser({ userName, keys: [{ ageDays: 5 }] }).userId, tags);
    }
    const blocked = iam.addUser({ userName: 'blocked', keys: [{ ageDays: 95 }, { ageDays: 95 }] });
    await makeSecret(world, blocked.userId, { announced: `blocked ${ago(72)} ${key} slots-taken` });
    iam.addUser({ userName: 'misspelt', tags: { 'keyturn:exmept': 'true' } });
    iam.addUser({ userName: 'for-now', tags: { 'keyturn:exempt': '2026-06-01' } });
    iam.addUser({ userName: 'for-ever', tags: { 'keyturn:exempt': 'true' } });
    clock.set(now);
    await run(world);
    expect(digest(world)).toMatchObject({
      rotated: 1,
      deactivated: 1,
      deleted: 2,
      postponed: 1,
      failed: 1,
      blocked: 2,
      exemptWithDate: 1,
      exemptWithoutDate: 1,
      oldestActiveKeyUser: 'blocked',
      needsDecisionCount: 3,
      needsDecision: [
        { userName: 'blocked', reason: 'slots-taken', message: expect.stringMatching(/^A key is due, but both /) },
        { userName: 'failed', reason: 'failed', message: expect.stringContaining('Do what the message says') },
        { userName: 'misspelt', reason: 'tags-invalid', message: expect.stringContaining('keyturn:exmept') },
      ],
    });
  });
});

describe('the account itself', () => {
  test('may be empty', async () => {
    const world = createWorld();
    const { answer } = await run(world);
    expect(answer).toMatchObject({ accountId: '111122223333', usersScanned: 0, enqueued: 0, skipped: {} });
    expect(digest(world)).not.toHaveProperty('oldestActiveKeyDays');
  });

  test('is scanned with at most four calls at once', async () => {
    const world = createWorld({ environment: { KEYTURN_EXACT_SWEEP_DAYS: '1' } });
    for (let n = 0; n < 40; n++) world.aws.iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 5 }] });
    let running = 0;
    let most = 0;
    const { aws, ...runtime } = world.runtime('scan', async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return undefined;
    });
    const settings = parseSettings(world.environment);
    const { users } = await scanAccount({ aws, settings, verifier: asRecorded }, runtime);
    expect(users.every(({ keys }) => keys?.length === 1)).toBe(true);
    expect(most).toBe(4);
  });
});

describe('runs that are not days', () => {
  const at = (world: World) => ({ scheduledAt: new Date(world.aws.clock.now()).toISOString() });

  /** Runs at each of these hours from now on, each looked at by the worker. */
  async function schedule(world: World, hours: readonly number[]): Promise<void> {
    const start = world.aws.clock.now();
    const worker = createRotationWorker(world.runtime('worker'));
    for (const hour of hours) {
      world.aws.clock.set(start + hour * HOUR);
      await run(world, at(world));
      await drain(world, worker);
    }
  }
  const everyHours = (step: number, days: number) => Array.from({ length: (days * 24) / step }, (_, n) => n * step);

  test.each<[string, number, number, number]>([
    ['every three hours', 3, 7, 1],
    ['daily', 24, 28, 1],
    ['every four days', 96, 56, 4],
    ['weekly', 168, 56, 7],
  ])('%s: what no tag can remember is told once a week, and named in each digest', async (_, step, days, every) => {
    const world = createWorld({ environment: { KEYTURN_RUN_EVERY_DAYS: String(every) } });
    world.aws.iam.addUser({ userName: 'misspelt', tags: { 'keyturn:exmept': 'true' }, keys: [{ ageDays: 5 }] });
    // The first run knows of none before it.
    const hours = [...everyHours(step, days), days * 24];
    const start = world.aws.clock.now();
    await schedule(world, hours);
    const told = world.aws.sns.published.filter(({ attributes, at: when }) => {
      return attributes.event === 'blocked' && when >= start + step * HOUR;
    });
    expect(told).toHaveLength(days / 7);
    const named = world.aws.sns.published
      .filter(({ attributes }) => attributes.event === 'digest')
      .map(({ message }) => JSON.parse(message.default ?? '{}').needsDecision);
    expect(named).toHaveLength(hours.length);
    for (const each of named) expect(each).toMatchObject([{ userName: 'misspelt', reason: 'tags-invalid' }]);
  });

  test.each<[string, readonly number[]]>([
    ['every three hours', everyHours(3, 3)],
    ['on weekdays', [0, 24, 48, 72, 144, 168]],
    ['with missed runs', [0, 24, 120, 144, 150]],
  ])('%s: each rotation is in one digest', async (_, hours) => {
    const world = createWorld({ environment: { KEYTURN_RUN_EVERY_DAYS: '3' } });
    for (const ageDays of [91, 90, 89, 88, 87])
      world.aws.iam.addUser({ userName: `aged-${ageDays}`, keys: [{ ageDays }] });
    await schedule(world, hours);
    const digests = world.aws.sns.published
      .filter(({ attributes }) => attributes.event === 'digest')
      .map(({ message }) => JSON.parse(message.default ?? '{}'));
    for (const [n, each] of digests.slice(1).entries()) expect(each.from).toBe(digests[n]?.until);
    const issued = world.aws.sns.published.filter(({ attributes, message }) => {
      return attributes.event === 'issued' && JSON.parse(message.default ?? '{}').at < digests.at(-1)?.until;
    });
    expect(issued.length).toBeGreaterThan(1);
    expect(digests.reduce((sum, { rotated }) => sum + rotated, 0)).toBe(issued.length);
  });

  test('a run that is repeated covers the same time; one whose digest was not sent is made up for', async () => {
    const world = createWorld();
    const first = at(world);
    await run(world, first);
    world.aws.clock.advance(DAY);
    const second = at(world);
    await run(world, second);
    world.aws.clock.advance(HOUR);
    await run(world, second);
    expect(digest(world)).toMatchObject({ from: first.scheduledAt, until: second.scheduledAt });
    world.aws.clock.advance(DAY);
    await run(world, at(world), failing('Publish', 'AuthorizationError', 403));
    world.aws.clock.advance(DAY);
    await run(world, at(world));
    expect(digest(world)).toMatchObject({ from: second.scheduledAt });
  });

  test.each([{}, { dryRun: true }])('a run by hand is not remembered: %j', async (event) => {
    const world = createWorld({ environment: { KEYTURN_RUN_EVERY_DAYS: '7' } });
    const first = at(world);
    await run(world, first);
    world.aws.clock.advance(3 * DAY);
    await run(world, event);
    const { from, until } = digest(world);
    expect(Date.parse(String(until)) - Date.parse(String(from))).toBe(DAY);
    world.aws.clock.advance(4 * DAY);
    await run(world, at(world));
    expect(digest(world)).toMatchObject({ from: first.scheduledAt });
  });

  test('what others wrote into the tag of the queue counts for nothing', async () => {
    const world = createWorld();
    await run(world, at(world));
    const client = world
      .runtime('operator')
      .aws.clientOf((options) => new SQSClient({ ...options, useQueueUrlAsEndpoint: false }));
    const { Tags } = await client.send(new ListQueueTagsCommand({ QueueUrl: world.queueUrl }));
    expect(Tags?.['keyturn:last-run']).toMatch(/^2026-\S+ 2025-\S+ 1\S{22}$/);
    const forged = (Tags?.['keyturn:last-run'] ?? '').replace('2025-12-31', '2025-01-01');
    await client.send(new TagQueueCommand({ QueueUrl: world.queueUrl, Tags: { 'keyturn:last-run': forged } }));
    const { scheduledAt } = at(world);
    await run(world, { scheduledAt });
    expect(Date.parse(scheduledAt) - Date.parse(String(digest(world).from))).toBe(DAY);
  });
});

describe('what is left of the day', () => {
  test('is given to the oldest keys; everybody else is looked at all the same', async () => {
    const world = createWorld({ environment: { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '3' } });
    const { iam, clock } = world.aws;
    const today = new Date(clock.now()).toISOString().slice(0, 10);
    for (const ageDays of [91, 92, 93, 94]) iam.addUser({ userName: `aged-${ageDays}`, keys: [{ ageDays }] });
    iam.addUser({ userName: 'two', keys: [{ ageDays: 99 }, { ageDays: 98 }] });
    const done = iam.addUser({ userName: 'done', keys: [{ ageDays: 5 }] });
    await makeSecret(world, done.userId, { 'issued-on': `${today} schedule` });
    const refused = iam.addUser({ userName: 'refused', keys: [{ ageDays: 200 }] });
    await makeSecret(world, refused.userId, {
      announced: `failed ${new Date(clock.now() - HOUR).toISOString()} - refused cause=iam:CreateAccessKey/AccessDenied`,
    });
    await run(world);
    expect(queued(world).map(({ userName, mayIssue }) => [userName, mayIssue])).toEqual([
      ['two', false],
      ['aged-94', true],
      ['aged-93', true],
      ['aged-92', false],
      ['aged-91', false],
      ['refused', false],
    ]);
  });

  test('is not given away while nobody knows how much it is', async () => {
    const world = createWorld();
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
    await run(world, {}, failing('ListSubscriptionsByTopic', 'InternalError', 500));
    expect(queued(world)[0]).not.toHaveProperty('mayIssue');
  });
});

describe('every sample event', () => {
  const names = readdirSync('events').filter((name) => name.startsWith('scheduled-rotation-'));
  test.each(names)('%s is read', (name) => {
    const event: unknown = JSON.parse(readFileSync(`events/${name}`, 'utf8'));
    const hasTime = ['rule', 'schedule', 'scheduler'].some((kind) => name === `scheduled-rotation-${kind}.json`);
    expect(parseScheduledEvent(event)).toEqual({
      dryRun: name === 'scheduled-rotation-dry-run.json',
      ...(hasTime ? { scheduledAt: Date.UTC(2026, 2, 2, 5) } : {}),
    });
  });

  test('and nothing else', async () => {
    const world = createWorld();
    for (const event of [{ dryrun: true }, { scheduledAt: 'yesterday' }, { scheduledAt: '2026-02-30T05:00:00Z' }]) {
      const { error, calls } = await run(world, event);
      expect(error?.name).toBe('EventError');
      expect(calls).toEqual([]);
    }
  });
});

/** Everybody uses their newest key from its third day on. */
function useKeys({ aws }: World): void {
  for (const { keys } of aws.iam.users()) {
    const settled = keys.filter((key) => aws.clock.now() - key.createdAt > 2 * DAY);
    const newest = settled.toSorted((a, b) => b.createdAt - a.createdAt)[0];
    if (newest?.status === 'Active') aws.iam.useKey(newest.accessKeyId, { service: 's3', region: 'eu-west-1' });
  }
}

/** Drives the worker until the queue is empty: who was looked at, and who of them for nothing. */
async function drain(
  world: World,
  worker = createRotationWorker(world.runtime('worker')),
): Promise<{ looked: string[]; inVain: string[] }> {
  const { aws, queueUrl } = world;
  const looked: string[] = [];
  const inVain: string[] = [];
  for (;;) {
    const [message] = aws.sqs.take(queueUrl, 1);
    if (message === undefined) return { looked, inVain };
    const first = aws.calls.length;
    await invoke(world, 'rotation-worker', worker, sqsEvent(message.body));
    const { userName } = parseWorkMessage(message.body);
    looked.push(userName);
    const didSomething = aws.calls.slice(first).some(({ mutating, operation }) => mutating || operation === 'Publish');
    if (!didSomething) inVain.push(userName);
    aws.sqs.drop(queueUrl, message.receiptHandle ?? '');
  }
}

/** Users for whom the plan, from an exact observation, would do something. */
async function neglected(world: World, looked: readonly string[], now: number): Promise<string[]> {
  const { aws } = world.runtime('checker');
  const settings = parseSettings(world.environment);
  const request = { origin: 'schedule', runId: '-', wroteAt: new Set<number>() } as const;
  const names: string[] = [];
  for (const { userName } of world.aws.iam.users()) {
    if (looked.includes(userName)) continue;
    const state = await observeUser({ aws, settings, verifier: asRecorded }, { userName });
    const answer = state && plan(state, request, settings, now);
    if (answer?.status !== 'unchanged') names.push(`${userName}: ${answer?.reason}`);
  }
  return names;
}

describe('day after day', () => {
  test.each([1, 7])(
    'nobody is looked at in vain, and nobody is neglected: a run in %d',
    async (every) => {
      const world = createWorld({ environment: { KEYTURN_RUN_EVERY_DAYS: String(every) } });
      const { clock, iam } = world.aws;
      const start = clock.now();
      const users = 4;
      for (let n = 0; n < users; n++) iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: n * 22 }] });
      const worker = createRotationWorker(world.runtime('worker'));
      let looks = 0;
      let workCalls = 0;
      for (let day = 0; day < 121; day += every) {
        clock.set(start + day * DAY);
        useKeys(world);
        const { answer } = await run(world, { scheduledAt: new Date(clock.now()).toISOString() });
        expect(answer?.errors).toEqual([]);
        const first = world.aws.calls.length;
        const { looked, inVain } = await drain(world, worker);
        if (day > 30) {
          looks += looked.length;
          workCalls += world.aws.calls.length - first;
        }
        expect(inVain).toEqual([]);
        if (day % 5 < every) expect(await neglected(world, looked, start + day * DAY)).toEqual([]);
      }
      console.log(
        `every ${every} days: ${looks} looks for ${users} rotations in 90 days, ${workCalls} calls of the workers`,
      );
      // Issue, three reminders, deactivation, the notice of the deletion, deletion; rarer runs give fewer reminders.
      expect(Math.round(looks / users)).toBeLessThanOrEqual(7);
    },
    120_000,
  );

  test('an owner who deactivates the old key, deletes it or wants it back is noticed the next day', async () => {
    const world = createWorld();
    const { clock, iam } = world.aws;
    const { keys } = iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
    const old = keys[0]?.accessKeyId ?? '';
    const nextDay = async (): Promise<string[]> => {
      await run(world);
      const { looked } = await drain(world);
      clock.advance(DAY);
      return looked;
    };
    expect(await nextDay()).toEqual(['alice']);
    expect(await nextDay()).toEqual([]);
    const { iam: client } = world.runtime('owner').aws;
    await client.send(new UpdateAccessKeyCommand({ UserName: 'alice', AccessKeyId: old, Status: 'Inactive' }));
    expect(await nextDay()).toEqual(['alice']);
    expect(await nextDay()).toEqual([]);
    await client.send(new UpdateAccessKeyCommand({ UserName: 'alice', AccessKeyId: old, Status: 'Active' }));
    expect(await nextDay()).toEqual(['alice']);
    expect(await nextDay()).toEqual([]);
  });
});
