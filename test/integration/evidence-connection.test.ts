// shared/service/evidence-connection.ts, shared/aws/evidence/connection.ts, shared/aws/evidence/recorder.ts
import { describe, expect, test } from 'vitest';
import { createEvidenceCollector } from '../../functions/evidence-collector.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { faultsByRule } from '../../local/aws/faults.ts';
import type { ConnectionAnswer } from '../../shared/service/evidence-connection.ts';
import { createCollectorWorld, populate } from '../support/collector.ts';
import { evidenceBucket, evidenceEnvironment } from '../support/evidence.ts';
import { readPermissions, statementsOfFunction } from '../support/permissions-table.ts';
import { trailLogGroupName } from '../support/suspicious.ts';
import { invoke } from '../support/world.ts';

function setUp(fill = populate) {
  const account = createCollectorWorld({ emails: ['ops@example.com'] });
  const { world, settings } = account;
  fill(account);
  const { arn: signingKeyArn } = world.aws.kms.addSigningKey({ alias: 'alias/evidence' });
  const queues = ['EvidenceQueue', 'EvidenceDeadLetterQueue', 'EvidenceUndeliveredQueue'].map((name) =>
    world.aws.sqs.addQueue(name),
  );
  Object.assign(world.environment, evidenceEnvironment({ ...settings, signingKeyArn, trailLogGroupName }), {
    KEYTURN_EVIDENCE_QUEUE_URLS: queues.join(' '),
    KEYTURN_EVIDENCE_SUBSCRIPTION_ARN: subscribed(account, { RawMessageDelivery: 'true' }),
  });
  const collector = (before?: BeforeCall) => createEvidenceCollector(world.runtime('evidence-collector', before));
  return {
    ...account,
    queues,
    ask: async (before?: BeforeCall) =>
      (await invoke(world, 'evidence-collector', collector(before), { action: 'test' })) as ConnectionAnswer,
  };
}

function subscribed({ world }: ReturnType<typeof createCollectorWorld>, attributes: Record<string, string>): string {
  const endpoint = `arn:aws:sqs:eu-west-1:${world.aws.accountId}:keyturn-test-EvidenceQueue`;
  return world.aws.sns.subscribe(world.topicArn, 'sqs', endpoint, attributes);
}

const deployment = {
  account: '111122223333',
  region: 'eu-west-1',
  stage: 'test',
  userPathPrefix: '/',
  secretPrefix: 'keyturn',
};
/** Of the role, but for what Lambda itself does with it, and SNS where the topic has a key. */
const permissions = statementsOfFunction(readPermissions(deployment), 'evidence-collector')
  .filter(({ effect, sid }) => effect === 'Allow' && sid !== 'WriteLogs' && sid !== 'EncryptForTopic')
  .flatMap(({ actions }) => actions);

describe('a test of the connection', () => {
  test('asks for every permission of the role, once, and writes no evidence', async () => {
    const { ask, world } = setUp();
    const { checks, isConnected } = await ask();
    const says = 'A test sends no message: a run fails at its end if what it has to tell is refused.';
    const publishing = { permission: 'sns:Publish', result: 'not-asked', says };
    expect(checks.filter(({ result }) => result !== 'ok')).toEqual([publishing]);
    expect(world.aws.sns.published).toEqual([]);
    expect(isConnected).toBe(true);
    expect(new Set(checks.map(({ permission }) => permission))).toEqual(new Set(permissions));
    expect(checks).toHaveLength(new Set(permissions).size);
    const keys = () => world.aws.s3.versions(evidenceBucket).map(({ key }) => key);
    expect(keys()).toEqual(['111122223333/tests/connection.json']);
    expect(await ask()).toMatchObject({ isConnected: true });
    expect(keys()).toHaveLength(1);
  });

  test('asks about nobody in an account where there is nobody', async () => {
    const { ask, world } = setUp(() => {});
    world.aws.cloudTrail.removeTrail('all');
    const { checks, isConnected } = await ask();
    expect(isConnected).toBe(true);
    expect(checks.filter(({ result }) => result === 'not-asked').map(({ permission }) => permission)).toEqual([
      'iam:GetUser',
      'iam:GetLoginProfile',
      'iam:ListMFADevices',
      'iam:ListAccessKeys',
      'iam:GetAccessKeyLastUsed',
      's3:GetEncryptionConfiguration',
      'cloudtrail:GetTrailStatus',
      'cloudtrail:GetEventSelectors',
      'sns:Publish',
    ]);
  });

  test('of somebody without an access key does not ask when it was used', async () => {
    const { ask } = setUp(({ world }) => void world.aws.iam.addUser({ userName: 'alice' }));
    const { checks } = await ask();
    const left = checks.filter(({ result }) => result === 'not-asked').map(({ says }) => says);
    expect(left).toContain('There is no access key of alice to ask about.');
  });

  test.each([
    ['GetCredentialReport', 'iam:GetCredentialReport'],
    ['GetAccountAuthorizationDetails', 'iam:GetAccountAuthorizationDetails'],
    ['ListAccessKeys', 'iam:ListAccessKeys'],
    ['ListSecrets', 'secretsmanager:ListSecrets'],
    ['GetBucketEncryption', 's3:GetEncryptionConfiguration'],
    ['ListObjectVersions', 's3:ListBucketVersions'],
    ['LookupEvents', 'cloudtrail:LookupEvents'],
    ['PutObject', 's3:PutObject'],
  ])(
    '%s that is refused is named with the way out, and everything else is asked for',
    async (operation, permission) => {
      const { ask } = setUp();
      const refused = faultsByRule([
        { operation, times: 9, fault: { kind: 'error', status: 403, code: 'AccessDenied' } },
      ]);
      const { checks, isConnected } = await ask(refused);
      expect(isConnected).toBe(false);
      const problems = checks.filter(({ result }) => result === 'refused');
      expect(problems.map((each) => each.permission)).toEqual([permission]);
      expect(problems[0]?.says).toContain(`Add ${permission} on that resource to the policy of this function's role.`);
      expect(new Set(checks.map((each) => each.permission))).toEqual(new Set(permissions));
    },
  );

  test('signs nothing where digests are not signed', async () => {
    const { ask, world } = setUp();
    world.environment.KEYTURN_EVIDENCE_SIGNING_KEY_ARN = '';
    const { checks } = await ask();
    expect(checks.map(({ permission }) => permission)).not.toContain('kms:Sign');
  });

  test.each([
    [0, /^EvidenceQueue has messages that evidence-recorder does not keep, 1 of them: /],
    [1, /^EvidenceDeadLetterQueue has messages that are not kept, 1 of them: /],
    [2, /^EvidenceUndeliveredQueue has messages that are not kept, 1 of them: /],
  ])('a message that lies in queue %i and is not kept is told of', async (index, says) => {
    const { ask, world, queues } = setUp();
    world.aws.sqs.deliver(world.aws.sqs.queueArn(queues[index] ?? ''), 'a message');
    const { checks, isConnected } = await ask();
    expect(checks.filter(({ result }) => result === 'refused')).toEqual([
      { permission: 'sqs:GetQueueAttributes', result: 'refused', says: expect.stringMatching(says) },
    ]);
    expect(isConnected).toBe(false);
  });

  test('a message that is taken while it looks has waited for its turn alone', async () => {
    const { ask, world, queues } = setUp();
    const { sqs } = world.aws;
    const [queue = ''] = queues;
    sqs.deliver(sqs.queueArn(queue), 'a message');
    let looks = 0;
    const taken: BeforeCall = ({ operation, input }) => {
      if (operation === 'GetQueueAttributes' && input.QueueUrl === queue && ++looks === 3) {
        for (const { receiptHandle = '' } of sqs.take(queue, 1)) sqs.drop(queue, receiptHandle);
      }
      return undefined;
    };
    expect(await ask(taken)).toMatchObject({ isConnected: true });
    expect(looks).toBe(3);
  });

  test.each([
    ['does not deliver messages as they are', {}],
    ['has a filter', { RawMessageDelivery: 'true', FilterPolicy: '{"event":["issued"]}' }],
  ])('a subscription that %s is told of', async (_, attributes) => {
    const { ask, ...account } = setUp();
    account.world.aws.sns.unsubscribeByLink(account.world.environment.KEYTURN_EVIDENCE_SUBSCRIPTION_ARN ?? '');
    account.world.environment.KEYTURN_EVIDENCE_SUBSCRIPTION_ARN = subscribed(account, attributes);
    const { checks } = await ask();
    expect(checks.filter(({ result }) => result === 'refused')).toEqual([
      {
        permission: 'sns:GetSubscriptionAttributes',
        result: 'refused',
        says: expect.stringMatching(/^The subscription of EvidenceQueue/),
      },
    ]);
  });

  test.each([
    ['', 'There is no subscription to ask about.'],
    ['arn:aws:sns:eu-west-1:999988887777:ops:1', 'The topic is of another account.'],
  ])('the subscription "%s" is not asked about', async (arn, says) => {
    const { ask, world } = setUp();
    world.environment.KEYTURN_EVIDENCE_SUBSCRIPTION_ARN = arn;
    const { checks } = await ask();
    expect(checks).toContainEqual({ permission: 'sns:GetSubscriptionAttributes', result: 'not-asked', says });
  });

  test('where no queue is known none is asked about', async () => {
    const { ask, world } = setUp();
    delete world.environment.KEYTURN_EVIDENCE_QUEUE_URLS;
    delete world.environment.KEYTURN_EVIDENCE_SUBSCRIPTION_ARN;
    const { checks, isConnected } = await ask();
    expect(isConnected).toBe(true);
    expect(checks).toContainEqual({
      permission: 'sqs:GetQueueAttributes',
      result: 'not-asked',
      says: 'There is no queue to ask about.',
    });
  });

  test('without evidence says how it is switched on', async () => {
    const { ask, world } = setUp();
    world.environment.KEYTURN_EVIDENCE_BUCKET = '';
    await expect(ask()).rejects.toThrow('Evidence is off: deploy with keepEvidence=true.');
  });
});
