import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { Call } from '../../local/aws/aws.ts';
import { drain } from '../../local/host/event-source.ts';
import { build } from '../../scripts/build.ts';
import { contextOf, createWorld, DAY, invoke, type World } from '../support/world.ts';
import { evidenceRuns } from './evidence.ts';
import { fleetDay } from './fleet.ts';
import { peakOf } from './peak.ts';
import { quarter } from './period.ts';
import { previews } from './preview.ts';

/** `npm run bench`: call counts and ratios of the service over the embedded AWS. Asserts nothing; prints Markdown. */

const root = fileURLToPath(new URL('../..', import.meta.url));

type Counts = Map<string, number>;

function total(counts: Counts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** Calls of all functions since the n-th, by operation; the repeated tries of a proof are counted by themselves. */
function countsSince(world: World, from: number): { counts: Counts; proofRetries: number } {
  const counts: Counts = new Map();
  let proofRetries = 0;
  for (const { service, operation, outcome } of world.aws.calls.slice(from)) {
    if (operation === 'GetCallerIdentity' && outcome !== 'ok') proofRetries++;
    else counts.set(`${service}:${operation}`, (counts.get(`${service}:${operation}`) ?? 0) + 1);
  }
  return { counts, proofRetries };
}

/** One day: the scheduled run, and the queue drained into the worker. */
async function day(world: World): Promise<void> {
  await invoke(world, 'scheduled-rotation', createScheduledRotation(world.runtime('scan')), {});
  const worker = createRotationWorker(world.runtime('worker'));
  await drain(world.aws, {
    queueUrl: world.queueUrl,
    handler: (event) => worker(event, contextOf(world, 'rotation-worker')),
  });
}

function addUsers({ aws }: World, count: number, ageDays: (index: number) => number): void {
  for (let index = 0; index < count; index++) {
    aws.iam.addUser({ userName: `user-${index}`, keys: [{ ageDays: ageDays(index) }] });
  }
}

/** Everybody uses the key that is current in their secret. */
function ownersWork({ aws }: World): void {
  for (const { userName } of aws.iam.users()) {
    const newest = aws.iam.keysOf(userName).toSorted((a, b) => b.createdAt - a.createdAt)[0];
    if (newest?.status === 'Active') aws.iam.useKey(newest.accessKeyId, { service: 's3', region: aws.region });
  }
}

async function scanOf(users: number, due: number): Promise<{ all: number; counts: Counts; proofRetries: number }> {
  const world = createWorld({ environment: { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: String(users) } });
  addUsers(world, users, (index) => (index < due ? 91 : 10));
  await day(world);
  const { counts, proofRetries } = countsSince(world, 0);
  return { all: total(counts), counts, proofRetries };
}

interface Days {
  perDay: number;
  counts: Counts;
  proofRetries: number;
  passes: Pass[];
}

async function inRotation(users: number, days: number): Promise<Days> {
  const world = createWorld();
  addUsers(world, users, (index) => (index * 90) / users);
  const oneDay = async (): Promise<void> => {
    await day(world);
    ownersWork(world);
    world.aws.clock.advance(DAY);
  };
  for (let warmUp = 0; warmUp < 115; warmUp++) await oneDay();
  const from = world.aws.calls.length;
  for (let measured = 0; measured < days; measured++) await oneDay();
  const { counts, proofRetries } = countsSince(world, from);
  return { perDay: total(counts) / days, counts, proofRetries, passes: passesOf(world.aws.calls.slice(from)) };
}

/** One user's pass of the worker: what it did, and its calls but for repeated proofs. */
interface Pass {
  did: string;
  calls: number;
}

const deeds: Readonly<Record<string, string>> = {
  CreateAccessKey: 'issue',
  UpdateAccessKey: 'deactivation',
  DeleteAccessKey: 'deletion',
};

/** Every pass begins by looking at its user. */
function passesOf(calls: readonly Call[]): Pass[] {
  const passes: Call[][] = [];
  for (const call of calls.filter(({ caller }) => caller === 'worker')) {
    if (call.operation === 'GetUser') passes.push([]);
    if (call.operation !== 'GetCallerIdentity' || call.outcome === 'ok') passes.at(-1)?.push(call);
  }
  return passes.map((pass) => {
    const deed = pass.map(({ operation }) => deeds[operation]).find((name) => name !== undefined);
    const isTold = pass.some(({ operation }) => operation === 'Publish');
    return { did: deed ?? (isTold ? 'reminder' : 'nothing'), calls: pass.length };
  });
}

function printCounts(title: string, counts: Counts, per: number): void {
  console.log(`\n${title}\n\n| call | count |\n|---|---|`);
  for (const [name, count] of [...counts].toSorted(([, a], [, b]) => b - a)) {
    console.log(`| ${name} | ${Number((count / per).toFixed(2))} |`);
  }
}

async function callCounts(): Promise<void> {
  console.log('## Calls of a scheduled run, by all functions\n\n| users | due | calls | limit |\n|---|---|---|---|');
  for (const users of [100, 1_000, 5_000]) {
    const { all } = await scanOf(users, 0);
    console.log(`| ${users} | 0 | ${all} | ${Math.floor(30 + users / 30)} |`);
  }
  const quiet = (await scanOf(1_000, 0)).all;
  const { all, counts, proofRetries } = await scanOf(1_000, 10);
  const each = (all - quiet) / 10;
  console.log(`| 1000 | 10 (first rotation) | ${all} | ${quiet} + 26 each |`);
  console.log(`\nEach due user adds ${each} calls on a first rotation (and ${proofRetries / 10} repeated proofs).`);
  printCounts('By operation, with ten of 1,000 users due:', counts, 1);
}

async function ordinaryDay(): Promise<void> {
  const users = 1_000;
  const { perDay, counts, proofRetries, passes } = await inRotation(users, 90);
  console.log('\n## An ordinary day of an account where every user is in rotation\n');
  console.log(
    `${users} users, mean of 90 days: ${perDay.toFixed(0)} calls a day, ${(perDay / users).toFixed(2)} for each user ` +
      `(repeated proofs apart: ${(proofRetries / 90).toFixed(0)} a day). The limit is 0.7.`,
  );
  printCounts('By operation, a day:', counts, 90);
  printPasses(passes, total(counts));
}

function printPasses(passes: readonly Pass[], calls: number): void {
  const kinds = Map.groupBy(passes, ({ did }) => did);
  const rotations = kinds.get('issue')?.length ?? 0;
  console.log('\nWhat one rotation costs:\n\n| pass | for each rotation | calls each | together |\n|---|---|---|---|');
  const row = (name: string, count: number, sum: number): void =>
    console.log(`| ${[name, count, sum / count, sum].map(rounded).join(' | ')} |`);
  let inPasses = 0;
  for (const [did, some] of kinds) {
    const sum = some.reduce((all, pass) => all + pass.calls, 0);
    inPasses += sum;
    row(did, some.length / rotations, sum / rotations);
  }
  row('the scan, its share', 1, (calls - inPasses) / rotations);
  console.log(
    '\nSafety needs each of them: the reads that a pass decides on, the same reads again under the lease before it writes, ' +
      'writing and removing the intent, and three reminders. 0.7 for each user would be 63 for a rotation of 90 days.',
  );
}

function rounded(value: string | number): string {
  return typeof value === 'string' ? value : String(Number(value.toFixed(1)));
}

async function latency(): Promise<void> {
  console.log(
    '\n## The scan of 5,000 users, with 50 ms added to every call\n\n| added | wall time | calls |\n|---|---|---|',
  );
  for (const added of [0, 50]) {
    const world = createWorld();
    addUsers(world, 5_000, () => 10);
    const before = added === 0 ? undefined : async () => setTimeout(added, undefined);
    const handler = createScheduledRotation(world.runtime('scan', before));
    const startedAt = performance.now();
    await invoke(world, 'scheduled-rotation', handler, {});
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    console.log(`| ${added} ms | ${seconds} s | ${world.aws.calls.length} |`);
  }
  console.log('\nThe exact sweep runs four calls at a time. All other calls run one after another.');
}

async function memory(): Promise<void> {
  const world = createWorld({ now: Date.now() });
  addUsers(world, 5_000, () => 10);
  const peak = await peakOf(world, 'scheduled-rotation');
  console.log(`\n## Peak memory of the scan of 5,000 users\n\n${peak} MiB resident, for the whole process over HTTP.`);
}

async function bundles(): Promise<void> {
  const dist = `${root}/dist`;
  const built = await build(dist);
  console.log('\n## Bundles\n\nSizes are of what every cold start loads.\n');
  console.log('| function | minified | gzip | import (median of 7) |\n|---|---|---|---|');
  for (const { name, minifiedBytes, gzippedBytes } of built) {
    const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;
    const time = importTime(`${dist}/${name}/index.js`);
    console.log(`| ${name} | ${kib(minifiedBytes)} | ${kib(gzippedBytes)} | ${time} ms |`);
  }
}

function importTime(file: string): string {
  const code = `const s = performance.now(); await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(performance.now() - s)`;
  const times = Array.from({ length: 7 }, () =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', code], {
        env: { ...process.env, AWS_REGION: 'eu-west-1' },
      }),
    ),
  );
  return (times.toSorted((a, b) => a - b)[3] ?? 0).toFixed(0);
}

console.log(
  `# Benchmarks\n\nNode ${process.version}. Run with \`npm run bench\`. Counts repeat exactly; times are from one machine.\n`,
);
await callCounts();
await ordinaryDay();
await latency();
await previews();
await evidenceRuns();
await quarter();
await fleetDay();
await memory();
await bundles();
