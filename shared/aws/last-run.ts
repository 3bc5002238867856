import { ListQueueTagsCommand, TagQueueCommand } from '@aws-sdk/client-sqs';
import { formatRun, parseRun, type RunTimes } from '../core/runs.ts';
import type { StateKey, Verifier } from '../core/state-key.ts';
import type { Aws } from './clients.ts';
import { queueClient } from './enqueue.ts';

/** Where a run leaves when it was due: the queue is the one thing that belongs to the schedule and outlives each run. */
const TAG = 'keyturn:last-run';

const fieldsOf = (queueUrl: string, value: string): string[] => ['keyturn/run/1', queueUrl, value];

/** The last scheduled run that sent its digest; undefined before the first, and if others wrote the tag. */
export async function readLastRun(aws: Aws, queueUrl: string, verifier: Verifier): Promise<RunTimes | undefined> {
  const { Tags } = await queueClient(aws).send(new ListQueueTagsCommand({ QueueUrl: queueUrl }));
  const [, value = '', mac = ''] = /^(.*) (\S+)$/.exec(Tags?.[TAG] ?? '') ?? [];
  return verifier.verifies(fieldsOf(queueUrl, value), mac) ? parseRun(value) : undefined;
}

/** After the digest: what a run that sent none would have told is told by the next one. */
export async function rememberRun(aws: Aws, queueUrl: string, stateKey: StateKey, run: RunTimes): Promise<void> {
  const value = formatRun(run);
  const Tags = { [TAG]: `${value} ${stateKey.sign(fieldsOf(queueUrl, value))}` };
  await queueClient(aws).send(new TagQueueCommand({ QueueUrl: queueUrl, Tags }));
}
