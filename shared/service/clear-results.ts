import { discard, hideFor, type Received } from '../aws/dequeue.ts';
import { sendAll } from '../aws/enqueue.ts';
import { messageOf } from '../core/errors.ts';
import { coveredNow, type FleetDigest } from '../core/fleet/fleet-digest.ts';
import { bodyOf, type Reported } from '../core/fleet/messages.ts';
import type { FleetRuntime } from './has-fleet.ts';

// What becomes of the results queue once a digest is published.

/** A message of the results queue, and what it says; undefined: it cannot be read. */
export interface Read {
  received: Received;
  reported: Reported | undefined;
}

/** SQS takes 256 KiB; an account takes about a hundred bytes. */
const COVERED_MAX = 1_500;

/** For the next digest to tell who has left. What cannot be sent is only not told then. */
export async function rememberCovered(
  { aws, log: { warn } }: FleetRuntime,
  url: string,
  digest: FleetDigest,
): Promise<void> {
  const accounts = coveredNow(digest);
  const entries: { MessageBody: string }[] = [];
  for (let start = 0; start < accounts.length; start += COVERED_MAX) {
    const part = accounts.slice(start, start + COVERED_MAX);
    entries.push({ MessageBody: bodyOf({ schemaVersion: 1, runId: digest.runId, kind: 'covered', accounts: part }) });
  }
  // One at a time: SQS takes 256 KiB a call too.
  for (const entry of entries) {
    const [refused] = await sendAll(aws, url, [entry]);
    if (refused !== undefined) warn('Cannot remember whom the digest covered', { because: refused.reason });
  }
}

/** What was told goes, with all that is older; results of a later run are for the next digest. */
export async function clearResults(
  { aws, log: { warn } }: FleetRuntime,
  url: string,
  messages: readonly Read[],
  runId: string,
): Promise<void> {
  const isLater = ({ reported }: Read): boolean => reported !== undefined && reported.runId > runId;
  try {
    await discard(
      aws,
      url,
      messages.filter((each) => !isLater(each)).map(({ received }) => received),
    );
    tellLate(warn, messages, runId);
    await hideFor(
      aws,
      url,
      messages.filter(isLater).map(({ received }) => received),
      0,
    );
  } catch (error) {
    // It is told; what is left says the same to the next digest, or is older than what that counts.
    warn('Cannot delete results that were told', { because: messageOf(error) });
  }
}

/** So many are named; of each scan there is a line anyway. */
const NAMED_MAX = 50;

/** The digest of their run was published without them, and this one is of another: nobody else would tell. */
function tellLate(warn: FleetRuntime['log']['warn'], messages: readonly Read[], runId: string): void {
  const late = messages.flatMap(({ reported }) =>
    reported?.kind === 'result' && reported.runId < runId ? [reported] : [],
  );
  if (late.length === 0) return;
  const accounts = late
    .slice(0, NAMED_MAX)
    .map(({ accountId, name, status, runId: of }) => `${accountId} ${name}: ${status} in the run of ${of}`);
  const message =
    'Results that came after the digest of their run, or that it could not delete, are dropped: if that repeats, make ' +
    'digestSchedule later, or scanConcurrency higher';
  warn(message, { runId, count: late.length, accounts });
}
