import { formatRun, parseRun, type RunTimes } from './runs.ts';
import type { StateKey, Verifier } from './state-key.ts';

/** Where a run leaves when it was due: the queue is the one thing that belongs to the schedule and outlives each run. */
const TAG = 'keyturn:last-run';

type Tags = Readonly<Record<string, string>>;

const fieldsOf = (queueUrl: string, value: string): string[] => ['keyturn/run/1', queueUrl, value];

/** The run that the queue's tags name; undefined before the first, and if others wrote the tag. */
export function lastRunIn(tags: Tags | undefined, queueUrl: string, verifier: Verifier): RunTimes | undefined {
  const [, value = '', mac = ''] = /^(.*) (\S+)$/.exec(tags?.[TAG] ?? '') ?? [];
  return verifier.verifies(fieldsOf(queueUrl, value), mac) ? parseRun(value) : undefined;
}

/** The tag that names the run, signed for that queue. */
export function lastRunTag(run: RunTimes, queueUrl: string, stateKey: StateKey): Tags {
  const value = formatRun(run);
  return { [TAG]: `${value} ${stateKey.sign(fieldsOf(queueUrl, value))}` };
}
