import { readFileSync } from 'node:fs';
import { UpdateUserCommand } from '@aws-sdk/client-iam';
import { createConfigRemediation } from '../../functions/config-remediation.ts';
import { createConfigRule } from '../../functions/config-rule.ts';
import { createEvidenceCollector } from '../../functions/evidence-collector.ts';
import { createEvidenceRecorder } from '../../functions/evidence-recorder.ts';
import { createExposedKey } from '../../functions/exposed-key.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { drain } from '../../local/host/event-source.ts';
import { addEvidenceBucket, evidenceEnvironment } from '../support/evidence.ts';
import { workerSource } from '../support/queue.ts';
import { around, attempt, ROTATOR, rotateSecret } from '../support/rotation.ts';
import { deploySuspicious, trailLogGroupName } from '../support/suspicious.ts';
import {
  createWorld,
  DAY,
  invoke,
  pass,
  rotateUser,
  sqsEvent,
  type World,
  type WorldOptions,
} from '../support/world.ts';

const RULE = 'keyturn-test-access-keys';

/** An account whose deployment looks after `/team/` alone, with all that the stack sets. */
export function createTeam(options: WorldOptions = {}): World {
  const environment = {
    KEYTURN_USER_PATH_PREFIX: '/team/',
    KEYTURN_EXEMPT_GROUPS: '["robots"]',
    KEYTURN_CONFIG_RULE_NAME: RULE,
    KEYTURN_SECRET_ROTATION_FUNCTION_ARN: ROTATOR,
  };
  const world = createWorld({ emails: ['ops@example.com'], environment, ...options });
  world.environment.KEYTURN_DEAD_LETTER_QUEUE_URL = world.deadLetterQueueUrl;
  world.aws.config.addRule(RULE);
  around(world, {});
  return world;
}

/** Alice, whose key is due. */
export function aliceInTheTeam(world: World): string {
  return world.aws.iam.addUser({ userName: 'alice', path: '/team/', keys: [{ ageDays: 90 }] }).userId;
}

/** Somebody replicates the secret as well, which no setting wants: it is taken off before the next value. */
export async function rename(world: World, from: string, to: string): Promise<void> {
  const { userId } = world.aws.iam.state.user(from);
  world.aws.secrets.configure(`keyturn/${userId}/access-key`, { replicaRegions: ['us-east-1'] });
  await world.runtime('administrator').aws.iam.send(new UpdateUserCommand({ UserName: from, NewUserName: to }));
}

/** A pass a day; the owner uses the newest key. */
export async function liveWith(world: World, userName: string, days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    await pass(world, userName);
    world.aws.clock.advance(DAY);
    const newest = world.aws.iam.keysOf(userName).at(-1);
    if (newest) world.aws.iam.useKey(newest.accessKeyId, { service: 's3', region: 'eu-west-1' });
  }
}

/** What starts the functions beside the schedule, the queue and a command by hand. */
export async function otherTriggers(): Promise<World[]> {
  return [
    await pendingRotation(),
    await awsConfig(),
    await exposures(),
    await exposedKeyWhoseReplacementNeverWorks(),
    await exposedKeyThatFailsAgain(),
    await rotations(),
    await rotationWhoseKeyNeverWorks(),
    await evidence(),
  ];
}

async function evidence(): Promise<World> {
  const world = createTeam();
  const { arn: signingKeyArn } = world.aws.kms.addSigningKey({ alias: 'alias/evidence' });
  const settings = { ...addEvidenceBucket(world.aws), signingKeyArn, trailLogGroupName };
  deploySuspicious(world.aws, world.topicArn);
  Object.assign(world.environment, evidenceEnvironment(settings));
  const handler = createEvidenceRecorder(world.runtime('evidence-recorder'));
  const message = { schemaVersion: 1, event: 'digest', accountId: world.aws.accountId, at: '2026-01-01T00:00:00.000Z' };
  await invoke(world, 'evidence-recorder', handler, sqsEvent(message));
  await collectTwice(world);
  return world;
}

/** Of people and keys that the report accuses; the first run dies, and the second says what is there of it. */
async function collectTwice(world: World): Promise<void> {
  const { aws } = world;
  const sinceLong = { passwordEnabled: true, passwordLastUsed: aws.clock.now() };
  aws.iam.addUser({ userName: 'person', path: '/team/', ...sinceLong, keys: [{ ageDays: 10 }] });
  aws.cloudTrail.addTrail({ name: 'all' });
  aws.clock.advance(60 * DAY);
  const collect = (before?: BeforeCall) =>
    invoke(world, 'evidence-collector', createEvidenceCollector(world.runtime('evidence-collector', before)), {});
  await collect(({ operation, input }) =>
    operation === 'PutObject' && /manifest/.test(String(input.Key)) ? { kind: 'throttle' } : undefined,
  ).catch(() => undefined);
  aws.clock.advance(DAY);
  await collect();
  const queues = ['EvidenceQueue', 'EvidenceDeadLetterQueue', 'EvidenceUndeliveredQueue'];
  world.environment.KEYTURN_EVIDENCE_QUEUE_URLS = queues.map((name) => aws.sqs.addQueue(name)).join(' ');
  const attributes = { RawMessageDelivery: 'true' };
  const subscription = aws.sns.subscribe(world.topicArn, 'sqs', aws.sqs.queueArn(world.queueUrl), attributes);
  world.environment.KEYTURN_EVIDENCE_SUBSCRIPTION_ARN = subscription;
  const asked = createEvidenceCollector(world.runtime('evidence-collector'));
  await invoke(world, 'evidence-collector', asked, { action: 'test' });
}

/** Everybody who looks at Alice while Secrets Manager rotates her secret asks since when. */
async function pendingRotation(): Promise<World> {
  const world = createTeam();
  const userId = aliceInTheTeam(world);
  await liveWith(world, 'alice', 3);
  await rotateSecret(world, userId);
  const scan = createScheduledRotation(world.runtime('scheduled-rotation'));
  await invoke(world, 'scheduled-rotation', scan, { dryRun: true });
  await invoke(world, 'scheduled-rotation', scan, { scheduledAt: new Date(world.aws.clock.now()).toISOString() });
  await evaluate(world);
  await remediate(world, userId);
  await pass(world, 'alice');
  await rotateUser(world, { userName: 'alice' });
  await expose(world, newestKey(world, 'alice'));
  return world;
}

async function awsConfig(): Promise<World> {
  const world = createTeam();
  const userId = aliceInTheTeam(world);
  const outside = world.aws.iam.addUser({ userName: 'eve', keys: [{ ageDays: 95 }] });
  await evaluate(world);
  for (const resourceId of [userId, outside.userId]) {
    const resourceType = 'AWS::IAM::User';
    world.aws.config.record({ resourceType, resourceId });
    const item = {
      configurationItemCaptureTime: new Date(world.aws.clock.now()).toISOString(),
      configurationItemStatus: 'OK',
      resourceType,
      resourceId,
    };
    // Without a name the user is found by the UserId.
    await evaluate(world, { messageType: 'ConfigurationItemChangeNotification', configurationItem: item });
    const oversized = 'OversizedConfigurationItemChangeNotification';
    await evaluate(world, { messageType: oversized, configurationItemSummary: { ...item, resourceName: 'alice' } });
    await remediate(world, resourceId);
  }
  await remediate(world, 'AIDAGONEGONEGONEGONE0');
  return world;
}

async function evaluate(world: World, invokingEvent?: object): Promise<void> {
  const event = world.aws.config.invocation(RULE, invokingEvent === undefined ? {} : { invokingEvent });
  await invoke(world, 'config-rule', createConfigRule(world.runtime('config-rule')), event);
}

async function remediate(world: World, resourceId: string): Promise<void> {
  const handler = createConfigRemediation(world.runtime('config-remediation'));
  await invoke(world, 'config-remediation', handler, { resourceId });
}

/** Of a key that is stored under the user's former name, of a first key, and of one that is dealt with later. */
async function exposures(): Promise<World> {
  const world = createTeam();
  aliceInTheTeam(world);
  await liveWith(world, 'alice', 25);
  await rename(world, 'alice', 'alice.b');
  await expose(world, newestKey(world, 'alice.b'));
  world.aws.iam.addUser({ userName: 'bob', path: '/team/', keys: [{ ageDays: 10 }] });
  await expose(world, newestKey(world, 'bob'), failing('CreateAccessKey'));
  return world;
}

async function exposedKeyWhoseReplacementNeverWorks(): Promise<World> {
  const world = createTeam({ propagationMs: 10 * 60_000 });
  aliceInTheTeam(world);
  await expose(world, newestKey(world, 'alice'));
  return world;
}

/** Its message comes back sooner than others. */
async function exposedKeyThatFailsAgain(): Promise<World> {
  const world = createTeam();
  aliceInTheTeam(world);
  const throttled: BeforeCall = ({ operation }) => (operation === 'CreateAccessKey' ? { kind: 'throttle' } : undefined);
  await expose(world, newestKey(world, 'alice'), throttled);
  world.aws.clock.advance(10 * 60_000);
  await drain(world.aws, workerSource(world, throttled));
  return world;
}

async function expose(world: World, accessKeyId: string, before?: BeforeCall): Promise<void> {
  const event = JSON.parse(readFileSync(new URL('../../events/exposed-key-health.json', import.meta.url), 'utf8'));
  const exposed = { ...event, detail: { ...event.detail, affectedEntities: [{ entityValue: accessKeyId }] } };
  await invoke(world, 'exposed-key', createExposedKey(world.runtime('exposed-key', before)), exposed);
}

function newestKey({ aws }: World, userName: string): string {
  return aws.iam.keysOf(userName).at(-1)?.accessKeyId ?? '';
}

/** Under a new name; the answer about the first new key is lost, so that it is an orphan. */
async function rotations(): Promise<World> {
  const world = createTeam();
  const userId = aliceInTheTeam(world);
  await liveWith(world, 'alice', 25);
  await rename(world, 'alice', 'alice.b');
  world.aws.clock.advance(DAY);
  await rotateSecret(world, userId);
  around(world, { faults: { createSecret: failing('CreateAccessKey', 'lost-response') } });
  await attempt(world);
  around(world, {});
  for (let tries = 0; tries < 4; tries++) {
    world.aws.clock.advance(DAY);
    await world.aws.secrets.rotations.attempt();
  }
  return world;
}

async function rotationWhoseKeyNeverWorks(): Promise<World> {
  const world = createTeam();
  const userId = aliceInTheTeam(world);
  await liveWith(world, 'alice', 25);
  await rotateSecret(world, userId);
  around(world, { faults: { createSecret: failing('GetCallerIdentity') } });
  await attempt(world);
  return world;
}

function failing(operation: string, kind: 'error' | 'lost-response' = 'error'): BeforeCall {
  const fault = kind === 'error' ? ({ kind, status: 500, code: 'ServiceFailure' } as const) : ({ kind } as const);
  return (call) => (call.operation === operation ? fault : undefined);
}
