import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { operatorCredentials } from '../../local/aws/principals.ts';
import { startServer } from '../../local/aws/server.ts';
import { putEvidence } from '../../shared/apply/put-evidence.ts';
import { hashOf } from '../../shared/core/evidence/chain.ts';
import type { Manifest } from '../../shared/core/evidence/manifest.ts';
import { DAY, formatInstant } from '../../shared/core/time.ts';
import { appendDigest } from '../../shared/service/append-digest.ts';
import { keepRecord } from '../../shared/service/evidence-recorder.ts';
import { type CollectorWorld, collect, createCollectorWorld } from '../support/collector.ts';
import { evidenceBucket } from '../support/evidence.ts';

const [USERS, WITH_KEYS, BUCKETS, DAYS, RECORDS] = [1_000, 600, 500, 92, 12];

/** What a quarter of evidence costs whoever verifies it, or asks for a report about it: calls, time and memory. */
export async function quarter(): Promise<void> {
  const account = createCollectorWorld();
  const { aws } = account.world;
  for (let n = 0; n < USERS; n++) {
    const keys = n < WITH_KEYS ? [{ ageDays: (n * 80) / WITH_KEYS }] : [];
    aws.iam.addUser({ userName: `user-${n}`, keys, createdAt: aws.clock.now() - 90 * DAY });
  }
  for (let n = 0; n < BUCKETS; n++) aws.s3.addBucket({ name: `bucket-${n}` });
  await keepQuarter(account);
  const server = await startServer(aws);
  const last = formatInstant(aws.clock.now() - DAY).slice(0, 10);
  const period = `2026-01-01/${last}`;
  console.log(`\n## A quarter of evidence: ${USERS} users, ${BUCKETS} buckets, ${DAYS} days of ${RECORDS} records\n`);
  console.log('| command | calls | wall time | peak memory |\n|---|---|---|---|');
  for (const [name, args] of [
    ['verify', ['verify', `s3://${evidenceBucket}`]],
    ['verify --quick', ['verify', `s3://${evidenceBucket}`, '--quick']],
    ['evidence report', ['evidence', 'report', `s3://${evidenceBucket}`, '--period', period]],
  ] as const) {
    const before = aws.calls.length;
    const startedAt = performance.now();
    const peak = await peakOf(server.url, args);
    const seconds = (performance.now() - startedAt) / 1_000;
    console.log(`| \`${name}\` | ${aws.calls.length - before} | ${seconds.toFixed(1)} s | ${peak} MiB |`);
  }
  await server.close();
  console.log('\nIn a process of its own, over HTTP, eight objects at a time.');
}

/** One run of the collector, and what it wrote again for every other day. */
async function keepQuarter(account: CollectorWorld): Promise<void> {
  const { world, settings } = account;
  const { aws } = world;
  const [runtime, recorder] = [world.runtime('evidence-collector'), world.runtime('evidence-recorder')];
  const { folder, manifest } = await collect(account);
  const files = aws.s3
    .versions(evidenceBucket)
    .filter(({ key }) => key.startsWith(folder) && !key.includes('/manifest.'));
  for (let day = 1; day < DAYS; day++) {
    for (let n = 0; n < RECORDS; n++) {
      const at = formatInstant(aws.clock.now() + n);
      const message = {
        schemaVersion: 1,
        event: 'reminder',
        transitionId: `reminder/x/${at}`,
        accountId: aws.accountId,
        at,
      };
      await keepRecord(recorder, settings, { body: JSON.stringify(message), messageId: 'x' });
    }
    aws.clock.advance(DAY);
    const startedAt = formatInstant(aws.clock.now());
    const own = folder.replace(/\d{8}T\d{6}Z/, startedAt.replace(/\.\d+Z$/, 'Z').replace(/[-:]/g, ''));
    for (const { key, body } of files) {
      await putEvidence(runtime.aws, settings, { key: key.replace(folder, own), body: body ?? '' });
    }
    const redated: Manifest = { ...manifest, startedAt, endedAt: startedAt };
    const text = JSON.stringify(redated);
    const named = { key: `${own}manifest.${hashOf(text)}.json`, sha256: hashOf(text) };
    await putEvidence(runtime.aws, settings, { key: named.key, body: text });
    await appendDigest(runtime, settings, { manifest: named, unfinished: [], eventsUntil: {}, version: '0.0.0' });
  }
  aws.clock.advance(DAY);
}

async function peakOf(endpoint: string, args: readonly string[]): Promise<string> {
  const script = fileURLToPath(new URL('keyturn-once.ts', import.meta.url));
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: operatorCredentials.secretAccessKey,
  };
  const { stderr } = await promisify(execFile)(process.execPath, [script, ...args], { env, maxBuffer: 100_000_000 });
  return /peak (\d+) MiB/.exec(stderr)?.[1] ?? 'unknown';
}

if (import.meta.main) await quarter();
