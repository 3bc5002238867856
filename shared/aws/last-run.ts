import { ListQueueTagsCommand } from '@aws-sdk/client-sqs';
import { lastRunIn } from '../core/last-run.ts';
import type { RunTimes } from '../core/runs.ts';
import type { Verifier } from '../core/state-key.ts';
import type { Aws } from './clients.ts';
import { queueClient } from './enqueue.ts';

/** The last scheduled run that sent its digest; undefined before the first, and if others wrote the tag. */
export async function readLastRun(aws: Aws, queueUrl: string, verifier: Verifier): Promise<RunTimes | undefined> {
  const { Tags } = await queueClient(aws).send(new ListQueueTagsCommand({ QueueUrl: queueUrl }));
  return lastRunIn(Tags, queueUrl, verifier);
}
