// local/checker/checker.ts, local/checker/watch.ts, local/checker/look.ts, local/checker/runs.ts,
// local/checker/lives.ts, local/checker/keys.ts, local/checker/secret.ts, local/checker/secrecy.ts,
// local/checker/authority.ts, local/checker/authors.ts, local/checker/announcements.ts, local/checker/mailbox.ts,
// local/checker/notice.ts, local/checker/deactivation.ts, local/checker/deletion.ts, local/checker/exposure.ts,
// local/checker/outside.ts, local/checker/rest.ts, local/checker/unsigned.ts, local/checker/json.ts

import { CreateAccessKeyCommand, DeleteAccessKeyCommand, UpdateAccessKeyCommand } from '@aws-sdk/client-iam';
import {
  CreateSecretCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  TagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { PublishCommand } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { type Checker, createChecker } from '../../local/checker/checker.ts';
import { printVerdict } from '../../local/demo/print.ts';
import { exitCodeOf } from '../../local/demo/report.ts';
import { demoLimits } from '../../local/demo/stage.ts';
import type { Aws } from '../../shared/aws/clients.ts';
import { printed } from '../support/printed.ts';
import { createWorld, DAY, invoke, pass, sqsEvent, type World } from '../support/world.ts';

/** An account with the checker on guard, and hands that do what the service must never do. */
interface Guarded {
  world: World;
  checker: Checker;
  aws: Aws;
  userId: string;
  /** The owner's key, a secret of 90 days. */
  keyId: string;
  secret: string;
}

function guard(tags: Record<string, string> = {}, freezes: [number, number][] = []): Guarded {
  const world = createWorld();
  const user = world.aws.iam.addUser({ userName: 'alice', tags, keys: [{ ageDays: 90 }] });
  const [key] = user.keys;
  if (key === undefined) throw new Error('alice has no key');
  const checker = createChecker(world.aws, {
    limits: demoLimits,
    freezes,
    handOf: () => new Set([key.accessKeyId]),
  });
  const { aws } = world.runtime('broken');
  checker.begin({ caller: 'broken' });
  return { world, checker, aws, userId: user.userId, keyId: key.accessKeyId, secret: key.secretAccessKey };
}

function secretName({ userId }: Guarded): string {
  return `keyturn/${userId}/access-key`;
}

async function store(guarded: Guarded, value: string, label: string, policy = true): Promise<void> {
  const { secrets } = guarded.aws;
  const SecretId = secretName(guarded);
  await secrets.send(new CreateSecretCommand({ Name: SecretId }));
  if (policy) {
    const Condition = { StringNotEquals: { 'aws:userid': guarded.userId } };
    const Statement = [
      { Effect: 'Deny', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*', Condition },
    ];
    const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement });
    await secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy }));
  }
  await secrets.send(
    new PutSecretValueCommand({
      SecretId,
      SecretString: value,
      VersionStages: ['AWSPENDING', `${label}.1AAAAAAAAAAAAAAAAAAAAAA`],
    }),
  );
}

const setStatus = ({ aws, keyId }: Guarded) =>
  aws.iam.send(new UpdateAccessKeyCommand({ UserName: 'alice', AccessKeyId: keyId, Status: 'Inactive' }));
const deleteKey = ({ aws, keyId }: Guarded) =>
  aws.iam.send(new DeleteAccessKeyCommand({ UserName: 'alice', AccessKeyId: keyId }));
const create = ({ aws }: Guarded) => aws.iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
const publish = ({ aws, world }: Guarded, Message: string) =>
  aws.sns.send(new PublishCommand({ TopicArn: world.topicArn, Message }));
const secretValue = (AccessKeyId: string, SecretAccessKey: string) => JSON.stringify({ AccessKeyId, SecretAccessKey });

describe('the checker finds', () => {
  const sins: [string, RegExp, (guarded: Guarded) => Promise<unknown>][] = [
    ['the only key deactivated', /no other Active key was under AWSCURRENT/, setStatus],
    ['an Active key deleted', /deleted while it was Active/, deleteKey],
    [
      'a key deleted without a word',
      /before anyone was told that it is Inactive/,
      async (guarded) => {
        guarded.world.aws.iam.setKeyStatus(guarded.keyId, 'Inactive');
        guarded.checker.outside();
        await deleteKey(guarded);
      },
    ],
    [
      'a key that nobody was told of',
      /made .* was not announced/,
      async (guarded) => {
        await create(guarded);
        guarded.checker.upTo(guarded.world.aws.clock.now());
      },
    ],
    [
      'another key under a label',
      /does not hold that key/,
      (guarded) => store(guarded, secretValue(guarded.keyId, 'something else'), guarded.keyId),
    ],
    [
      'a key stored before it worked',
      /before it was proven/,
      (guarded) => store(guarded, secretValue(guarded.keyId, guarded.secret), guarded.keyId),
    ],
    [
      'a key stored without a policy',
      /without a policy/,
      (guarded) => store(guarded, secretValue(guarded.keyId, guarded.secret), guarded.keyId, false),
    ],
    ['a secret in a message', /sent in the open/, (guarded) => publish(guarded, `the key is ${guarded.secret}`)],
    [
      'a secret in a message, encoded',
      /sent in the open/,
      (guarded) => publish(guarded, Buffer.from(guarded.secret).toString('base64')),
    ],
    [
      'a secret in a tag',
      /sent in the open/,
      async (guarded) => {
        const { secrets } = guarded.aws;
        await secrets.send(new CreateSecretCommand({ Name: secretName(guarded) }));
        const Tags = [{ Key: 'note', Value: guarded.secret }];
        await secrets.send(new TagResourceCommand({ SecretId: secretName(guarded), Tags }));
      },
    ],
    [
      'a secret in a log line',
      /written down/,
      async ({ checker, secret }) => checker.readText('a log line', JSON.stringify({ message: 'made', secret })),
    ],
    [
      'a grace period that begins in silence',
      /began before its owner was told/,
      async (guarded) => {
        const SecretId = secretName(guarded);
        await guarded.aws.secrets.send(new CreateSecretCommand({ Name: SecretId }));
        const Value = `2026-01-01T00:00:00.000Z ${guarded.keyId}`;
        const Tags = [{ Key: 'keyturn:current-since', Value }];
        await guarded.aws.secrets.send(new TagResourceCommand({ SecretId, Tags }));
      },
    ],
    [
      'a dry run that writes',
      /dry run changed/,
      async (guarded) => {
        guarded.checker.begin({ caller: 'broken', isDryRun: true });
        await create(guarded);
      },
    ],
  ];
  it.each(sins)('%s', async (_name, expected, commit) => {
    const guarded = guard();
    expect(guarded.checker.violations).toEqual([]);
    await commit(guarded);
    expect(guarded.checker.violations.map(({ what }) => what)).toContainEqual(expect.stringMatching(expected));
    expect(exitCodeOf(guarded.checker)).toBe(1);
  });

  it('what, whose, when and after which call, and prints it', async () => {
    const guarded = guard();
    await setStatus(guarded);
    const text = printed((out) => printVerdict(guarded.checker, out));
    expect(text).toMatch(
      /^\d violations of what must always hold:\n {2}2026-01-01T00:00:00\.\d+Z {2}alice: AKIA\w+ was deact/,
    );
    expect(text).toContain('Found at iam:UpdateAccessKey, call 1 of broken');
  });

  it('an exempt user touched', async () => {
    const guarded = guard({ 'keyturn:exempt': 'true' });
    await create(guarded);
    expect(guarded.checker.violations[0]).toMatchObject({ userName: 'alice', what: 'An exempt user was touched.' });
  });

  it('a key made in a freeze', async () => {
    const guarded = guard({}, [[0, Number.MAX_SAFE_INTEGER]]);
    await create(guarded);
    expect(guarded.checker.violations[0]).toMatchObject({ where: expect.stringContaining('iam:CreateAccessKey') });
  });

  it('a worker whose messages go nowhere', async () => {
    const guarded = guard();
    const { world, checker, userId } = guarded;
    const runtime = world.runtime('worker');
    checker.begin({ caller: 'worker' });
    runtime.aws.sns.middlewareStack.add(() => async () => ({ output: { $metadata: {} }, response: {} }), {
      step: 'initialize',
      priority: 'low',
    });
    const { accountId } = world.aws;
    const body = { schemaVersion: 1, accountId, userId, userName: 'alice', origin: 'schedule', requestId: 'mute' };
    const environment = { ...runtime.environment, KEYTURN_REQUIRE_SUBSCRIPTION: 'false' };
    await invoke(world, 'rotation-worker', createRotationWorker({ ...runtime, environment }), sqsEvent(body));
    checker.upTo(world.aws.clock.now());
    const found = checker.violations.map(({ what }) => what).join('\n');
    expect(found).toMatch(/grace period of AKIA\w+ began before its owner was told/);
    expect(found).toMatch(/AKIA\w+ was made .* was not announced/);
  });

  it.each([
    ['early', 2, 'days of grace'],
    ['without a reminder', 11, 'without a message about it'],
  ])('an old key deactivated %s', async (_name, days, expected) => {
    const guarded = guard();
    guarded.checker.begin({ caller: 'worker' });
    await pass(guarded.world, 'alice');
    expect(guarded.checker.violations).toEqual([]);
    guarded.world.aws.clock.advance(days * DAY);
    guarded.checker.begin({ caller: 'broken' });
    await setStatus(guarded);
    expect(guarded.checker.violations.map(({ what }) => what).join()).toContain(expected);
  });

  it('nothing in an ordinary rotation', async () => {
    const { world, checker } = guard();
    for (let day = 0; day < 30; day++) {
      checker.begin({ caller: 'worker' });
      await pass(world, 'alice');
      checker.upTo(world.aws.clock.now() - DAY);
      world.aws.clock.advance(DAY);
    }
    checker.upTo(world.aws.clock.now());
    expect(checker.violations).toEqual([]);
  });
});
