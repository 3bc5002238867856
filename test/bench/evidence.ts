import { setTimeout } from 'node:timers/promises';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { TRAIL_PAUSE } from '../../shared/aws/trail.ts';
import { type CollectorWorld, collect, createCollectorWorld } from '../support/collector.ts';
import { evidenceEnvironment } from '../support/evidence.ts';
import { DAY } from '../support/world.ts';
import { peakOf } from './peak.ts';

const [USERS, WITH_KEYS, BUCKETS] = [1_000, 600, 500];
const ADDED_MS = 50;
/** Of an ordinary day. */
const LIMITS = { calls: 620, seconds: 15 };

/** One run of the collector, on its first day and on the next, with 50 ms added to every call. */
export async function evidenceRuns(): Promise<void> {
  const account = populated();
  const { aws } = account.world;
  const slowly: BeforeCall = async () => {
    await setTimeout(ADDED_MS);
    return undefined;
  };
  const first = await timed(() => collect(account, slowly));
  aws.clock.advance(DAY);
  for (const { userName } of aws.iam.users().slice(0, WITH_KEYS)) {
    for (const { accessKeyId } of aws.iam.keysOf(userName))
      aws.iam.useKey(accessKeyId, { service: 's3', region: aws.region });
  }
  const second = await timed(() => collect(account, slowly));
  console.log(`\n## A run of evidence: ${USERS} users, ${BUCKETS} buckets, with ${ADDED_MS} ms added to every call\n`);
  console.log('| call | first day | ordinary day |\n|---|---|---|');
  const names = [...new Set([...first.calls.keys(), ...second.calls.keys()])].toSorted();
  for (const name of names) console.log(`| ${name} | ${first.calls.get(name) ?? 0} | ${second.calls.get(name) ?? 0} |`);
  console.log(`| **all** | **${total(first.calls)}** | **${total(second.calls)}**, at most ${LIMITS.calls} |`);
  console.log(
    `| wall time | ${first.seconds.toFixed(1)} s | ${second.seconds.toFixed(1)} s, at most ${LIMITS.seconds} s |`,
  );
  console.log(`| of it, pauses between look-ups | ${first.paused.toFixed(1)} s | ${second.paused.toFixed(1)} s |`);
  console.log(`| peak memory | ${await firstPeak()} MiB | – |`);
}

function populated(now?: number): CollectorWorld {
  const account = createCollectorWorld(now === undefined ? {} : { now });
  const { aws } = account.world;
  for (let n = 0; n < USERS; n++) {
    const keys = n < WITH_KEYS ? [{ ageDays: (n * 80) / WITH_KEYS, lastUsed: usedNow(aws.clock.now()) }] : [];
    aws.iam.addUser({ userName: `user-${n}`, keys, createdAt: aws.clock.now() - 90 * DAY });
  }
  for (let n = 0; n < BUCKETS; n++) aws.s3.addBucket({ name: `bucket-${n}` });
  return account;
}

/** Of the function that reads most, over HTTP. */
async function firstPeak(): Promise<string> {
  const { world, settings } = populated(Date.now());
  Object.assign(world.environment, evidenceEnvironment(settings));
  return peakOf(world, 'evidence-collector');
}

function usedNow(at: number) {
  return { at, service: 's3', region: 'eu-west-1' };
}

function total(calls: ReadonlyMap<string, number>): number {
  return [...calls.values()].reduce((sum, count) => sum + count, 0);
}

/** With the pauses between look-ups: nothing but the simulated clock waits for them. */
async function timed(
  run: () => ReturnType<typeof collect>,
): Promise<{ calls: Map<string, number>; seconds: number; paused: number }> {
  const startedAt = performance.now();
  const { calls } = await run();
  const paused = ((calls.get('cloudtrail:LookupEvents') ?? 0) * TRAIL_PAUSE) / 1_000;
  return { calls, seconds: (performance.now() - startedAt) / 1_000 + paused, paused };
}

if (import.meta.main) await evidenceRuns();
