import type { Context, SQSEvent } from 'aws-lambda';
import { createRotateUser } from '../../functions/rotate-user.ts';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { type BeforeCall, createLocalAws, type LocalAws, type LocalAwsOptions } from '../../local/aws/aws.ts';
import { DAY } from '../../local/aws/clock.ts';
import { functionCredentials } from '../../local/aws/principals.ts';
import * as host from '../../local/host/runtime.ts';
import type { MetricName, Runtime } from '../../shared/aws/runtime.ts';
import type { Handler } from '../../shared/lambda/handler.ts';
import type { RotateUserAnswer } from '../../shared/service/rotate-user.ts';
import { functionNamed } from './requests.ts';
import { worldListeners } from './world-listeners.ts';

export { DAY };

/** An account with a topic and queues, and this service's handlers wired to it without a socket. */
export interface World {
  aws: LocalAws;
  topicArn: string;
  queueUrl: string;
  deadLetterQueueUrl: string;
  environment: Record<string, string>;
  /** Every log line, as it would be written. */
  logged: string[];
  metrics: Map<MetricName, number>;
  /** What the handlers returned and threw. */
  shown: unknown[];
  /**
   * A process: its own connection, with faults if wanted. One that is named like a function of this service calls as that
   * function's role, any other as the operator.
   */
  runtime(name: string, before?: BeforeCall): Runtime;
}

export interface WorldOptions extends LocalAwsOptions {
  environment?: Record<string, string>;
  emails?: string[];
}

export function createWorld({ environment = {}, emails, ...options }: WorldOptions = {}): World {
  const aws = createLocalAws(options);
  const topicArn = aws.sns.addTopic('keyturn-test', emails);
  const { queueUrl, deadLetterQueueUrl } = aws.sqs.addFifoPair('keyturn-test', {
    visibilitySeconds: 1_800,
    maxReceiveCount: 4,
  });
  const world: World = {
    aws,
    topicArn,
    queueUrl,
    deadLetterQueueUrl,
    environment: {
      KEYTURN_ENFORCE: 'true',
      KEYTURN_TOPIC_ARN: topicArn,
      KEYTURN_QUEUE_URL: queueUrl,
      ...environment,
    },
    logged: [],
    metrics: new Map(),
    shown: [],
    runtime: (name, before) => runtimeOf(world, name, before),
  };
  for (const listener of worldListeners) listener(world);
  return world;
}

/** What the names of the functions begin with. */
export const STACK = 'keyturn-test';

/** Where log lines go, as they would be written. */
export function logTo({ logged }: World): (line: host.LogLine) => void {
  return ({ level, message, facts }) => logged.push(JSON.stringify({ level, message, ...facts }));
}

function runtimeOf(world: World, name: string, before: BeforeCall | undefined): Runtime {
  const { aws, environment, metrics } = world;
  const functionName = functionNamed(name);
  return host.createRuntime({
    aws,
    line: host.directLine(aws.connect(name, before)),
    ...(functionName !== undefined && { credentials: functionCredentials(functionName) }),
    environment,
    onLog: logTo(world),
    onMetric: (metric, value) => metrics.set(metric, (metrics.get(metric) ?? 0) + value),
  });
}

/** Lambda's context of the world's own function of that name. */
export function contextOf({ aws }: World, functionName: string, timeoutMs = 300_000): Context {
  return host.contextOf(aws, `${STACK}-${functionName}`, timeoutMs);
}

export async function invoke(world: World, functionName: string, handler: Handler, event: unknown): Promise<unknown> {
  try {
    const answer = await handler(event, contextOf(world, functionName));
    world.shown.push(answer);
    return answer;
  } catch (error) {
    world.shown.push(error);
    throw error;
  }
}

/** `rotate-user` for one event. */
export async function rotateUser(world: World, event: unknown, before?: BeforeCall): Promise<RotateUserAnswer> {
  const answer = await invoke(world, 'rotate-user', createRotateUser(world.runtime('rotate-user', before)), event);
  return answer as RotateUserAnswer;
}

/** One pass of the worker over one user, as the queue would drive it; true unless the message failed. */
export async function pass(world: World, userName: string, before?: BeforeCall, origin = 'schedule'): Promise<boolean> {
  const user = world.aws.iam.users().find((candidate) => candidate.userName === userName);
  const body = {
    schemaVersion: 1,
    accountId: world.aws.accountId,
    userId: user?.userId ?? 'AIDAGONE000000000000',
    userName,
    origin,
    requestId: 'test',
  };
  const handler = before === undefined ? warmWorker(world) : createRotationWorker(world.runtime('worker', before));
  const answer = await invoke(world, 'rotation-worker', handler, sqsEvent(body));
  return (answer as { batchItemFailures: unknown[] }).batchItemFailures.length === 0;
}

/** As Lambda does, one process serves many invocations: its clients are made once. */
const warmWorkers = new WeakMap<World['logged'], Handler>();

function warmWorker(world: World): Handler {
  const warm = warmWorkers.get(world.logged) ?? createRotationWorker(world.runtime('worker'));
  warmWorkers.set(world.logged, warm);
  return warm;
}

export function sqsEvent(body: unknown): SQSEvent {
  return {
    Records: [
      {
        messageId: '19dd0b57-b21e-4ac1-bd88-01bbb068cb78',
        receiptHandle: 'receipt',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: '0',
          SenderId: 'local',
          ApproximateFirstReceiveTimestamp: '0',
          MessageGroupId: 'group',
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:eu-west-1:111122223333:keyturn-test.fifo',
        awsRegion: 'eu-west-1',
      },
    ],
  };
}

/** The events that were published, oldest first. */
export function published(world: World): string[] {
  return world.aws.sns.published.map(({ attributes }) => String(attributes.event));
}
