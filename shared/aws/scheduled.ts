import { audienceNotes, isDeaf } from '../core/audience.ts';
import { buildDigestMessage, type Digest } from '../core/digest.ts';
import { messageOf, RotationError } from '../core/errors.ts';
import type { WorkMessage } from '../core/events.ts';
import { keyAges } from '../core/key-ages.ts';
import type { Limits, Request } from '../core/model.ts';
import { plan } from '../core/plan.ts';
import { parseSecretTags } from '../core/secret-tags.ts';
import { environmentName, parseSettings, type Settings } from '../core/settings.ts';
import { DAY, type Instant } from '../core/time.ts';
import { type DueReason, type ScannedUser, type Triage, triage } from '../core/triage.ts';
import { parseUserSettings } from '../core/user-settings.ts';
import { callsMade, type Invocation } from '../lambda/handler.ts';
import type { Runtime } from '../lambda/runtime.ts';
import { countMessages, enqueue } from './enqueue.ts';
import { readLimits, readListeners } from './limits.ts';
import { publish } from './notify.ts';
import { observeUser, type Reader } from './observe.ts';
import { mapConcurrently, type Scan, scanAccount } from './scan.ts';
import { type ShownStep, showStep } from './show.ts';
import { verifyingReader } from './state-key.ts';

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

export type PlannedStep = { userName: string } & ShownStep;

/** A scanned user with the verdict on them. */
interface Triaged {
  scanned: ScannedUser;
  verdict: Triage;
}

/** What the steps of one run share. */
interface Run {
  runtime: Runtime;
  reader: Reader;
  settings: Settings;
  runId: string;
  isDryRun: boolean;
  errors: string[];
}

/**
 * The daily run: scans the account, enqueues who is due, sends the digest. A dry run shows the plans instead. Throws a
 * RotationError that names every failure, after every user was tried and the digest was sent.
 */
export async function runScheduled(
  runtime: Runtime,
  { runId }: Pick<Invocation, 'runId'>,
  { dryRun }: { dryRun: boolean },
): Promise<ScheduledRun> {
  const callsBefore = callsMade(runtime);
  const settings = parseSettings(runtime.environment);
  const reader = await verifyingReader(runtime, settings);
  const scan = await scanAccount(reader, runtime);
  const run: Run = {
    runtime,
    reader,
    settings,
    runId,
    isDryRun: dryRun || !settings.enforce,
    errors: [...scan.errors],
  };
  const triaged = scan.users.map((scanned) => ({ scanned, verdict: triage(scanned, settings, scan.at) }));
  const dueUsers = triaged.filter(({ verdict }) => verdict.isDue).toSorted(byAge);
  const limits = await attempt(run, async () => readLimits(reader, await readListeners(runtime, settings), scan.at));
  const steps = run.isDryRun ? await planAll(run, dueUsers, limits) : undefined;
  const enqueued = run.isDryRun ? 0 : await enqueueAll(run, scan, dueUsers);
  const deadLetters = await attempt(run, async () => deadLettersOf(run));
  const digest = digestOf(run, scan, triaged, { enqueued, limits, deadLetters });
  await attempt(run, () => publish(runtime.aws, settings.topicArn, buildDigestMessage(digest)));
  report(run, digest);
  measure(run, scan, triaged, limits);
  if (run.errors.length > 0) throw failureOf(run, scan);
  return {
    schemaVersion: 1,
    runId,
    accountId: scan.accountId,
    dryRun: run.isDryRun,
    usersScanned: scan.users.length,
    enqueued,
    skipped: digest.skipped,
    ...(steps === undefined ? {} : { plan: steps }),
    errors: run.errors,
    awsCalls: callsMade(runtime) - callsBefore,
  };
}

/** A failure that must not keep the rest of the run from being done; the run fails when it is over. */
async function attempt<T>(run: Run, call: () => Promise<T>, about = ''): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    run.errors.push(`${about}${messageOf(error)}`);
    return undefined;
  }
}

/** Oldest first, so that a daily limit is spent on the keys that need it most; who has no Active key comes last. */
function byAge(a: Triaged, b: Triaged): number {
  const age = ({ verdict }: Triaged): Instant => verdict.oldestActiveAt ?? Number.MAX_SAFE_INTEGER;
  return age(a) - age(b) || (a.scanned.user.userId < b.scanned.user.userId ? -1 : 1);
}

async function enqueueAll(run: Run, { accountId }: Scan, dueUsers: readonly Triaged[]): Promise<number> {
  const messages = dueUsers.map(({ scanned: { user } }): WorkMessage => {
    const { userId, userName } = user;
    return { schemaVersion: 1, accountId, userId, userName, origin: 'schedule', requestId: run.runId };
  });
  const { sent, failed } = await enqueue(run.runtime.aws, run.settings.queueUrl, messages);
  run.errors.push(...failed.map(({ userName, reason }) => `${userName}: ${reason}`));
  return sent;
}

/** What the worker would do about each user, from the same observation and plan, without a write. */
async function planAll(run: Run, dueUsers: readonly Triaged[], limits: Limits | undefined): Promise<PlannedStep[]> {
  const request: Request = {
    origin: 'schedule',
    runId: run.runId,
    wroteAt: new Set(),
    ...(limits === undefined ? {} : { limits }),
  };
  const plans = await mapConcurrently(dueUsers, async ({ scanned: { user } }): Promise<PlannedStep[]> => {
    const { userName, userId } = user;
    const now = run.runtime.clock();
    const observe = (): ReturnType<typeof observeUser> => observeUser(run.reader, { userName, userId });
    const state = await attempt(run, observe, `${userName}: `);
    if (state === undefined) return [];
    return plan(state, request, run.settings, now).steps.map((step) => ({ userName, ...showStep(step) }));
  });
  return plans.flat();
}

async function deadLettersOf({ runtime, settings }: Run): Promise<number | undefined> {
  return settings.deadLetterQueueUrl === '' ? undefined : countMessages(runtime.aws, settings.deadLetterQueueUrl);
}

/** Workers share no memory with this run, so what they did is counted from the tags that they wrote. */
function digestOf(
  { runId, isDryRun, settings, errors }: Run,
  scan: Scan,
  triaged: readonly Triaged[],
  { enqueued, limits, deadLetters }: { enqueued: number; limits: Limits | undefined; deadLetters: number | undefined },
): Digest {
  const { accountId, at, secretsWithoutUser, findings, rootActiveKeys = 0 } = scan;
  const note = noteOf(settings, limits);
  const [oldest] = triaged.filter(({ verdict }) => verdict.oldestActiveAt !== undefined).toSorted(byAge);
  const exemptions = triaged
    .map(({ scanned: { user } }) => parseUserSettings(user, settings, at).settings.exemption)
    .filter((exemption) => exemption !== undefined);
  return {
    accountId,
    runId,
    at,
    dryRun: isDryRun,
    usersScanned: triaged.length,
    enqueued,
    skipped: countSkipped(triaged),
    ...activityOf(triaged, at),
    exemptWithDate: exemptions.filter(({ until }) => until !== undefined).length,
    exemptWithoutDate: exemptions.filter(({ until }) => until === undefined).length,
    activeRootKeys: rootActiveKeys,
    secretsWithoutUser,
    ...(oldest?.verdict.oldestActiveAt === undefined
      ? {}
      : {
          oldestActiveKeyDays: Math.max(0, at - oldest.verdict.oldestActiveAt) / DAY,
          oldestActiveKeyUser: oldest.scanned.user.userName,
        }),
    errors,
    findings,
    ...(deadLetters === undefined ? {} : { deadLetters }),
    ...(note === undefined ? {} : { note }),
  };
}

function countSkipped(triaged: readonly Triaged[]): Record<string, number> {
  const skipped: Record<string, number> = {};
  for (const { verdict } of triaged) if (!verdict.isDue) skipped[verdict.reason] = (skipped[verdict.reason] ?? 0) + 1;
  return skipped;
}

/** States in which nothing is recorded in a tag: the secret or its tags are what is wrong. */
const blockedWithoutTag: readonly DueReason[] = [
  'tags-invalid',
  'secret-foreign',
  'secret-pending-deletion',
  'secret-value-foreign',
  'status-unknown',
];

type Activity = Pick<Digest, 'rotated' | 'deactivated' | 'deleted' | 'postponed' | 'blocked' | 'failed'>;

/** The last 24 hours, as far as the tags remember: `announced` keeps the last message about each user only. */
function activityOf(triaged: readonly Triaged[], now: Instant): Activity {
  const isRecent = (at: Instant | undefined): boolean => at !== undefined && now - at < DAY;
  const users = triaged.map(({ scanned: { secret }, verdict }) => {
    const { tags } = parseSecretTags(secret?.tags ?? {}, now);
    return { ...tags, verdict, event: isRecent(tags.announced?.at) ? tags.announced?.event : undefined };
  });
  const count = (test: (user: (typeof users)[number]) => boolean): number => users.filter(test).length;
  return {
    // `issued-on` is the day of the intent: a grace that merely began again is no rotation.
    rotated: count(
      ({ currentSince, issuedOn }) =>
        currentSince !== undefined && isRecent(currentSince.at) && currentSince.at - (issuedOn ?? 0) < 2 * DAY,
    ),
    deactivated: count(({ deactivated }) => isRecent(deactivated?.at)),
    deleted: count(({ event, doing }) => event === 'deleted' || (event === 'orphan-removed' && doing === undefined)),
    postponed: count(({ event }) => event === 'postponed'),
    // Announced weekly, and due until somebody resolves it.
    blocked: count(
      ({ announced, verdict: { isDue, reason } }) =>
        isDue && (announced?.event === 'blocked' || blockedWithoutTag.includes(reason)),
    ),
    failed: count(({ event }) => event === 'failed'),
  };
}

/** What concerns everybody: why nothing more is done, and who may not hear of it, each with the way out. */
function noteOf(settings: Settings, limits: Limits | undefined): string | undefined {
  const notes = [
    limitNote(settings, limits),
    ...(limits?.audience === undefined ? [] : audienceNotes(limits.audience)),
  ];
  return notes.filter((note) => note !== undefined).join(' ') || undefined;
}

function limitNote(settings: Settings, limits: Limits | undefined): string | undefined {
  if (limits === undefined) return undefined;
  const { audience, isBreakerOpen, issuedToday } = limits;
  if (audience !== undefined && isDeaf(audience)) {
    return (
      `Topic ${settings.topicArn} has no confirmed subscription, so no key is issued and none is taken away: nobody would be told. Subscribe ` +
      `and confirm, or set ${environmentName('requireSubscription')} to false.`
    );
  }
  if (isBreakerOpen) {
    return 'The three newest issues of today failed their proof, so no more keys are issued today. See the logs of the rotation worker.';
  }
  if (issuedToday < settings.maxNewRotationsPerDay) return undefined;
  return (
    `${issuedToday} rotations began today, and ${environmentName('maxNewRotationsPerDay')} is ` +
    `${settings.maxNewRotationsPerDay}: the others go on tomorrow.`
  );
}

function report({ runtime, runId, isDryRun, errors }: Run, { usersScanned, enqueued, skipped }: Digest): void {
  runtime.meter.add('UsersScanned', usersScanned);
  runtime.meter.add('UsersEnqueued', enqueued);
  const reasons = Object.entries(skipped).map(([reason, count]) => `${reason}: ${count}`);
  runtime.log.info('Scanned', { runId, dryRun: isDryRun, usersScanned, enqueued, skipped: reasons });
  for (const reason of errors) runtime.log.error('Failed for one', { runId, reason });
}

/** What alarms and the dashboard say about the account as a whole. */
function measure(
  { runtime: { meter }, settings }: Run,
  { at }: Scan,
  triaged: readonly Triaged[],
  limits: Limits | undefined,
): void {
  const ages = keyAges(triaged, settings, at);
  if (ages !== undefined) {
    meter.add('OldestActiveKeyDays', ages.oldestActiveKeyDays);
    meter.add('DaysToNearestDeadline', ages.daysToNearestDeadline);
  }
  if (limits?.isBreakerOpen) meter.add('BreakerOpen', 1);
}

function failureOf({ errors, isDryRun }: Run, { accountId, users }: Scan): RotationError {
  const what = isDryRun ? 'planned' : 'scanned and enqueued';
  const message =
    `${users.length} users of account ${accountId} were ${what}, but ${errors.length} ` +
    `${errors.length === 1 ? 'thing' : 'things'} failed: ${errors.join(' | ')}`;
  return new RotationError(message, { accountId });
}
