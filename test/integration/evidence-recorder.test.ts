import { PublishCommand } from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import { createEvidenceRecorder } from '../../functions/evidence-recorder.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { HOUR } from '../../local/aws/clock.ts';
import { faultsByRule } from '../../local/aws/faults.ts';
import { drain } from '../../local/host/event-source.ts';
import { addEvidenceBucket, evidenceBucket, evidenceEnvironment } from '../support/evidence.ts';
import { createWorld, DAY, invoke, pass, published, sqsEvent, type World } from '../support/world.ts';

const QUEUE = 'keyturn-test-EvidenceQueue';

/** A world whose topic delivers to the evidence queue too, as the stack has it. */
function keeping(emails?: string[], queue = QUEUE): World & { evidenceQueueUrl: string } {
  const world = createWorld(emails === undefined ? {} : { emails });
  Object.assign(world.environment, evidenceEnvironment(addEvidenceBucket(world.aws)));
  const evidenceQueueUrl = world.aws.sqs.addQueue(QUEUE, { VisibilityTimeout: '900' });
  const endpoint = world.aws.sqs.queueArn(evidenceQueueUrl).replace(QUEUE, queue);
  world.aws.sns.subscribe(world.topicArn, 'sqs', endpoint, { RawMessageDelivery: 'true' });
  return Object.assign(world, { evidenceQueueUrl });
}

function record(world: World & { evidenceQueueUrl: string }, before?: BeforeCall) {
  const handler = createEvidenceRecorder(world.runtime('evidence-recorder', before));
  return drain(world.aws, {
    queueUrl: world.evidenceQueueUrl,
    batchSize: 10,
    handler: (event) => invoke(world, 'evidence-recorder', handler, event),
  });
}

async function publish(world: World, message: unknown): Promise<void> {
  const Message = typeof message === 'string' ? message : JSON.stringify(message);
  await world.runtime('operator').aws.sns.send(new PublishCommand({ TopicArn: world.topicArn, Message }));
}

const texts = ({ aws }: World): string[] =>
  aws.s3.versions(evidenceBucket).map(({ body }) => Buffer.from(body ?? '').toString());

async function rotated(world: World, daily: () => unknown = () => undefined): Promise<void> {
  world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
  for (let day = 0; day < 14; day++) {
    await pass(world, 'alice');
    await daily();
    world.aws.clock.advance(DAY);
    const newest = world.aws.iam.keysOf('alice').at(-1);
    if (newest) world.aws.iam.useKey(newest.accessKeyId, { service: 's3', region: 'eu-west-1' });
  }
}

test('each message of a rotation becomes one record, byte for byte', async () => {
  const world = keeping();
  await rotated(world);
  await record(world);
  const messages = world.aws.sns.published.map(({ message }) => message.default);
  expect(messages.length).toBeGreaterThan(2);
  expect(texts(world).toSorted()).toEqual(messages.toSorted());
  expect(world.aws.sqs.messages(world.evidenceQueueUrl)).toEqual([]);
  for (const { key } of world.aws.s3.versions(evidenceBucket)) {
    expect(key).toMatch(
      /^111122223333\/records\/2026\/01\/\d{2}\/[a-z-]+_AIDA[A-Z0-9]+_\d{8}T\d{9}Z\.[0-9a-f]{64}\.json$/,
    );
  }
});

test('an alarm on the same topic is kept, what others publish is not', async () => {
  const world = keeping();
  const alarm = JSON.stringify({
    AlarmName: 'keyturn-dev-dead-letters',
    StateChangeTime: '2026-01-01T00:00:00.000+0000',
  });
  for (const message of [alarm, 'lunch?']) await publish(world, message);
  await record(world);
  expect(texts(world)).toEqual([alarm]);
  expect(world.aws.sqs.messages(world.evidenceQueueUrl)).toEqual([]);
});

test('what cannot be kept stays in the queue, alone, and is kept when it can be', async () => {
  const world = keeping();
  await rotated(world);
  const waiting = world.aws.sqs.messages(world.evidenceQueueUrl).length;
  const fault = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
  expect(await record(world, faultsByRule([{ operation: 'PutObject', nth: 2, fault }]))).toMatchObject({ failed: 1 });
  expect(texts(world)).toHaveLength(waiting - 1);
  world.aws.clock.advance(HOUR);
  expect(await record(world)).toMatchObject({ deleted: 1, failed: 0 });
  expect(texts(world)).toHaveLength(waiting);
});

test('it may die at any call: nothing is lost and nothing is there twice', async () => {
  for (let nth = 1; ; nth++) {
    for (const kind of ['crash-before', 'crash-after'] as const) {
      const world = keeping();
      for (const n of [1, 2]) await publish(world, { schemaVersion: 1, event: 'digest', n });
      const messages = 2;
      const { errors, failed } = await record(world, faultsByRule([{ nth, fault: { kind } }]));
      if (errors.length + failed === 0) {
        expect(nth).toBeGreaterThan(2);
        return;
      }
      world.aws.clock.advance(HOUR);
      await record(world);
      expect(texts(world)).toHaveLength(messages);
      expect(new Set(texts(world)).size).toBe(messages);
    }
  }
});

/** Every call but those of the recorder, as far as nothing of it is drawn by lot. */
function rotationOf({ aws }: World): string[] {
  return aws.calls
    .filter(({ caller }) => caller !== 'evidence-recorder')
    .map(({ caller, operation, input, outcome }) => `${caller} ${operation} ${Object.keys(input)}: ${outcome}`);
}

describe('the rotation makes the same calls and tells the same, whether or not anybody keeps evidence', () => {
  const refuse = faultsByRule([
    { operation: 'PutObject', times: 1_000, fault: { kind: 'error', status: 403, code: 'AccessDenied' } },
  ]);

  test.each<[string, string, (world: ReturnType<typeof keeping>) => unknown]>([
    ['every day', QUEUE, (world) => record(world)],
    ['never, so that its messages wait', QUEUE, () => undefined],
    ['into a bucket that refuses', QUEUE, (world) => record(world, refuse)],
    ['from a queue that is gone', 'gone', () => undefined],
  ])('%s', async (_, queue, daily) => {
    const [plain, kept] = [createWorld(), keeping(undefined, queue)];
    await rotated(plain);
    await rotated(kept, () => daily(kept));
    expect(rotationOf(kept)).toEqual(rotationOf(plain));
    expect(published(kept)).toEqual(published(plain));
  });
});

describe('the recorder is a subscription that nobody reads', () => {
  test('where it is the only one, no key is issued', async () => {
    const world = keeping([]);
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
    await pass(world, 'alice');
    expect(world.aws.iam.keysOf('alice')).toHaveLength(1);
    expect(world.logged.join('\n')).toContain('no-subscription');
  });
});

test('without a bucket it says that evidence is off, and with an event that is none what it wants', async () => {
  const world = createWorld();
  const handler = createEvidenceRecorder(world.runtime('evidence-recorder'));
  await expect(invoke(world, 'evidence-recorder', handler, sqsEvent({}))).rejects.toThrow('Evidence is off');
  await expect(invoke(world, 'evidence-recorder', handler, {})).rejects.toThrow('must be a batch of SQS messages');
});
