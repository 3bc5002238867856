import { rememberRun } from '../apply/remember-run.ts';
import { countMessages } from '../aws/enqueue.ts';
import { readLastRun } from '../aws/last-run.ts';
import { publish } from '../aws/notify.ts';
import type { Reader } from '../aws/observe.ts';
import { attempt, type PlannedStep, plannedSteps } from '../aws/plan-users.ts';
import { callsMade, type Invocation, type Runtime } from '../aws/runtime.ts';
import type { Scan } from '../aws/scan.ts';
import { readStateKey } from '../aws/state-key.ts';
import { buildDigestMessage, type Digest } from '../core/digest.ts';
import { EventError, RotationError } from '../core/errors.ts';
import type { ScheduledEvent } from '../core/events.ts';
import { firstRun, runAfter } from '../core/runs.ts';
import { digestOf, type Times } from '../core/scheduled-run.ts';
import { parseSettings } from '../core/settings.ts';
import type { StateKey } from '../core/state-key.ts';
import { DAY, type Instant } from '../core/time.ts';
import { refuseOtherAccount } from './other-account.ts';
import { type AccountRun, logDetails, measure, scanAndEnqueue } from './scan-and-enqueue.ts';

/** What the steps of one run share: it remembers what it has told. */
interface Run extends AccountRun {
  reader: Reader & { verifier: StateKey };
}

export interface ScheduledRun {
  schemaVersion: 1;
  runId: string;
  accountId: string;
  dryRun: boolean;
  usersScanned: number;
  enqueued: number;
  /** Reason → users who were left alone. */
  skipped: Record<string, number>;
  /** In a dry run: every step of the plan of every user who would have been enqueued, oldest key first. */
  plan?: readonly PlannedStep[];
  errors: readonly string[];
  awsCalls: number;
}

/**
 * A scheduled run: scans the account, enqueues who is due, sends the digest. A dry run shows the plans instead. Throws a
 * RotationError that names every failure, after every user was tried and the digest was sent.
 */
export async function runScheduled(
  runtime: Runtime,
  { runId }: Pick<Invocation, 'runId'>,
  { dryRun, scheduledAt, accountId, digest: isFleetDigest, check }: ScheduledEvent,
): Promise<ScheduledRun> {
  if (isFleetDigest || check) throw withoutFleet(check ? 'check' : 'digest');
  await refuseOtherAccount(runtime, accountId);
  const callsBefore = callsMade(runtime);
  const settings = parseSettings(runtime.environment);
  const verifier = await readStateKey(runtime, settings);
  const reader = { aws: runtime.aws, settings, verifier };
  const errors: string[] = [];
  const times = await timesOf(runtime, reader, scheduledAt, errors);
  const run: Run = { runtime, reader, settings, runId, times, isDryRun: dryRun || !settings.enforce, errors };
  const scanned = await scanAndEnqueue(run);
  const { scan, plans, enqueued } = scanned;
  const deadLetters = await attempt(run, async () => deadLettersOf(run));
  const digest = digestOf(run, scan, scanned.triaged, { ...scanned, deadLetters });
  await attempt(run, () => send(run, digest));
  report(run, digest);
  measure(run, scanned);
  if (run.errors.length > 0) throw failureOf(run, scan);
  return {
    schemaVersion: 1,
    runId,
    accountId: scan.accountId,
    dryRun: run.isDryRun,
    usersScanned: scan.users.length,
    enqueued,
    skipped: digest.skipped,
    ...(plans === undefined ? {} : { plan: plannedSteps(plans) }),
    errors: run.errors,
    awsCalls: callsMade(runtime) - callsBefore,
  };
}

function withoutFleet(field: string): EventError {
  return new EventError(`${field}: this deployment has no fleet; deploy it with fleet=fleet.yml.`);
}

/** By hand there is no run before this one, and the digest covers a day. */
async function timesOf(
  { aws, clock }: Runtime,
  { settings, verifier }: Reader,
  scheduledAt: Instant | undefined,
  errors: string[],
): Promise<Times> {
  if (scheduledAt === undefined) {
    const at = clock();
    const digest = { previousAt: at - DAY, scheduledAt: at };
    return { run: firstRun(at, settings), digest, isScheduled: false, isRemembered: false };
  }
  const remembered = await attempt({ errors }, () => readLastRun(aws, settings.queueUrl, verifier));
  const run = runAfter(remembered, scheduledAt, settings);
  return { run, digest: run, isScheduled: true, isRemembered: remembered !== undefined };
}

/** A scheduled run that has told is remembered; a dry run leaves nothing behind. */
async function send({ runtime: { aws }, settings, reader, times, isDryRun }: Run, digest: Digest): Promise<void> {
  await publish(aws, settings.topicArn, buildDigestMessage(digest));
  if (times.isScheduled && !isDryRun) await rememberRun(aws, settings.queueUrl, reader.verifier, times.run);
}

async function deadLettersOf({ runtime, settings }: Run): Promise<number | undefined> {
  return settings.deadLetterQueueUrl === '' ? undefined : countMessages(runtime.aws, settings.deadLetterQueueUrl);
}

function report(run: Run, digest: Digest): void {
  const { runtime, runId, isDryRun } = run;
  const { usersScanned, enqueued, skipped } = digest;
  runtime.meter.add('UsersScanned', usersScanned);
  runtime.meter.add('UsersEnqueued', enqueued);
  const reasons = Object.entries(skipped).map(([reason, count]) => `${reason}: ${count}`);
  runtime.log.info('Scanned', { runId, dryRun: isDryRun, usersScanned, enqueued, skipped: reasons });
  logDetails(run, digest);
}

function failureOf({ errors, isDryRun }: Run, { accountId, users }: Scan): RotationError {
  const what = isDryRun ? 'planned' : 'scanned and enqueued';
  const message =
    `${users.length} users of account ${accountId} were ${what}, but ${errors.length} ` +
    `${errors.length === 1 ? 'thing' : 'things'} failed: ${errors.join(' | ')}`;
  return new RotationError(message, { accountId });
}
