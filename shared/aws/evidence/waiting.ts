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
  const [queue, ...givenUp] = environment.KEYTURN_EVIDENCE_QUEUE_URLS?.split(' ').filter((url) => url !== '') ?? [];
  if (queue === undefined) {
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

/** Also those that somebody is at: what could not be kept is tried again a quarter of an hour later. */
async function inQueue(sqs: SQSClient, url: string): Promise<{ name: string; count: number }> {
  const wanted = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...wanted] }));
  const count = wanted.reduce((sum, name) => sum + Number(required(Attributes?.[name], PERMISSION, name)), 0);
  return { name: url.slice(url.lastIndexOf('/') + 1), count };
}
