import { GetSubscriptionAttributesCommand } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { RotationError } from '../../core/errors.ts';
import { SECOND } from '../../core/time.ts';
import { required } from '../observe.ts';
import type { Runtime } from '../runtime.ts';
import type { Asking } from './connection.ts';

/** What is taken within this time was waiting for nothing but its turn. */
const [LOOKS, BETWEEN] = [6, 5 * SECOND];

const PERMISSION = 'sqs:GetQueueAttributes';

/**
 * Whether messages become records. A recorder that is switched off, or whose puts are refused, leaves them in its queue;
 * what it or SNS gave up on lies in the other two.
 */
export async function askRecorder(
  { aws, environment, sleep }: Pick<Runtime, 'aws' | 'environment' | 'sleep'>,
  { ask, skip }: Asking,
): Promise<void> {
  const { KEYTURN_EVIDENCE_QUEUE_URLS = '' } = environment;
  const [queue, ...givenUp] = KEYTURN_EVIDENCE_QUEUE_URLS.split(' ');
  if (queue === undefined || queue === '') {
    skip(PERMISSION, 'There is no queue to ask about.');
    return;
  }
  const sqs = aws.homeClientOf((options) => new SQSClient(options));
  await ask(PERMISSION, async () => {
    const [lost] = (await Promise.all(givenUp.map((url) => inQueue(sqs, url)))).filter(({ count }) => count > 0);
    if (lost !== undefined) {
      throw new RotationError(
        `${lost.name} has messages that are not kept, ${lost.count} of them: they are lost 14 days after they were published.`,
      );
    }
    for (let look = 1; ; look++) {
      const { name, count } = await inQueue(sqs, queue);
      if (count === 0) return;
      if (look === LOOKS) {
        throw new RotationError(
          `${name} has messages that evidence-recorder does not keep, ${count} of them: its log says why.`,
        );
      }
      await sleep(BETWEEN);
    }
  });
}

/** Whether every message of the topic comes into the queue, as it is. */
export async function askSubscription(
  { aws, environment }: Pick<Runtime, 'aws' | 'environment'>,
  homeAccountId: string,
  { ask, skip }: Asking,
): Promise<void> {
  const permission = 'sns:GetSubscriptionAttributes';
  const { KEYTURN_EVIDENCE_SUBSCRIPTION_ARN: SubscriptionArn = '' } = environment;
  if (SubscriptionArn === '') return skip(permission, 'There is no subscription to ask about.');
  if (SubscriptionArn.split(':')[4] !== homeAccountId) return skip(permission, 'The topic is of another account.');
  await ask(permission, async () => {
    const { Attributes = {} } = await aws.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    const { PendingConfirmation, RawMessageDelivery, FilterPolicy } = Attributes;
    if (PendingConfirmation === 'false' && RawMessageDelivery === 'true' && FilterPolicy === undefined) return;
    throw new RotationError(
      'The subscription of EvidenceQueue is not confirmed, has a filter, or does not deliver messages as they are: deploy again.',
    );
  });
}

/** Also those that somebody is at: what could not be kept is tried again a quarter of an hour later. */
async function inQueue(sqs: SQSClient, url: string): Promise<{ name: string; count: number }> {
  const wanted = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...wanted] }));
  const count = wanted.reduce((sum, name) => sum + Number(required(Attributes?.[name], PERMISSION, name)), 0);
  return { name: url.slice(url.lastIndexOf('/') + 1), count };
}
