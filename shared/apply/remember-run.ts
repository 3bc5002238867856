import { TagQueueCommand } from '@aws-sdk/client-sqs';
import type { Aws } from '../aws/clients.ts';
import { queueClient } from '../aws/enqueue.ts';
import { lastRunTag } from '../core/last-run.ts';
import type { RunTimes } from '../core/runs.ts';
import type { StateKey } from '../core/state-key.ts';

/** After the digest: what a run that sent none would have told is told by the next one. */
export async function rememberRun(aws: Aws, queueUrl: string, stateKey: StateKey, run: RunTimes): Promise<void> {
  const Tags = lastRunTag(run, queueUrl, stateKey);
  await queueClient(aws).send(new TagQueueCommand({ QueueUrl: queueUrl, Tags }));
}
