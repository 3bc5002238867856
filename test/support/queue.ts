import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import type { EventSource } from '../../local/host/event-source.ts';
import { invoke, type World } from './world.ts';

const VISIBILITY_MS = 1_800_000;

/** The event source mapping of the worker: one message an invocation. */
export function workerSource(world: World, before?: BeforeCall): EventSource {
  const handler = createRotationWorker(world.runtime('worker', before));
  return { queueUrl: world.queueUrl, handler: (event) => invoke(world, 'rotation-worker', handler, event) };
}

export interface Body {
  schemaVersion: 1;
  accountId: string;
  userId: string;
  userName: string;
  origin: string;
  requestId: string;
  accessKeyId?: string;
}

/** A message about the user of that name as of now. */
export function bodyOf({ aws }: World, userName: string, origin = 'schedule'): Body {
  const { userId } = aws.iam.state.user(userName);
  return { schemaVersion: 1, accountId: aws.accountId, userId, userName, origin, requestId: 'run-1' };
}

/** Puts a body into the queue, in the group of a user. */
export async function send(world: World, body: unknown, group = 'AIDAGROUP00000000000'): Promise<void> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  await world
    .runtime('sender')
    .aws.clientOf((options) => new SQSClient({ ...options, useQueueUrlAsEndpoint: false }))
    .send(
      new SendMessageCommand({
        QueueUrl: world.queueUrl,
        MessageBody: text,
        MessageGroupId: group,
        MessageDeduplicationId: `${world.aws.calls.length}`,
      }),
    );
}

/** What failed is visible again after this. */
export function waitForVisibility({ aws }: World): void {
  aws.clock.advance(VISIBILITY_MS);
}

export function bodiesIn({ aws }: World, queueUrl: string): string[] {
  return aws.sqs.messages(queueUrl).map(({ body }) => body);
}
