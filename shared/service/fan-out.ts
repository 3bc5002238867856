import { rememberRun } from '../apply/remember-run.ts';
import { sendAll } from '../aws/enqueue.ts';
import { readLastRun } from '../aws/last-run.ts';
import { listAccounts } from '../aws/organization.ts';
import { attempt } from '../aws/plan-users.ts';
import { callsMade, type Invocation } from '../aws/runtime.ts';
import { readStateKey } from '../aws/state-key.ts';
import { CLEARING_SECONDS, clearTickets, putTickets, REMEMBERED_SECONDS } from '../aws/tickets.ts';
import { RotationError } from '../core/errors.ts';
import type { ScheduledEvent } from '../core/events.ts';
import { type AccountMessage, bodyOf, countBy, runIdOf, shownName } from '../core/fleet/messages.ts';
import { fleetQueue } from '../core/fleet/queues.ts';
import { type OrganizationAccount, type Selection, select } from '../core/fleet/select.ts';
import { present } from '../core/present.ts';
import { firstRun, hashOf, type RunTimes, runAfter } from '../core/runs.ts';
import { parseSettings, type Settings } from '../core/settings.ts';
import type { StateKey } from '../core/state-key.ts';
import { DAY, formatDate, type Instant, SECOND } from '../core/time.ts';
import type { FleetRuntime } from './has-fleet.ts';

/** The answer of a run over a fleet: what its accounts answer is in the digest. */
export interface FannedOut {
  schemaVersion: 1;
  runId: string;
  organizationId: string;
  dryRun: boolean;
  /** Accounts that belong to the fleet. */
  selected: number;
  enqueued: number;
  /** Reason → accounts of the organization that are left out. */
  skipped: Record<string, number>;
  errors: readonly string[];
  awsCalls: number;
}

interface Run {
  runtime: FleetRuntime;
  settings: Settings;
  stateKey: StateKey;
  /** The schedule's time, or an ID of a run by hand. */
  runId: string;
  times: RunTimes;
  isScheduled: boolean;
  isRemembered: boolean;
  isDryRun: boolean;
  errors: string[];
}

/**
 * One message for each account of the fleet, in the queue that feeds the scans. Throws before anything was sent if the
 * organization cannot be listed whole, since whoever is not listed would be taken for one who does not belong; after
 * everything was tried if an account could not be enqueued.
 */
export async function fanOut(
  runtime: FleetRuntime,
  invocation: Pick<Invocation, 'runId'>,
  event: Pick<ScheduledEvent, 'dryRun' | 'scheduledAt'>,
): Promise<FannedOut> {
  const callsBefore = callsMade(runtime);
  const run = await beginRun(runtime, invocation, event);
  const startedAt = runtime.clock();
  const issuing = run.isScheduled && !run.isDryRun;
  const ticketsUrl = issuing ? fleetQueue(runtime.environment, 'ticketsQueueUrl') : '';
  if (issuing) await clearTickets(runtime.aws, ticketsUrl);
  const { members, skipped } = await selectAccounts(runtime, startedAt);
  if (issuing) await refillTickets(run, ticketsUrl, startedAt);
  const unsent = await enqueueAccounts(run, members);
  const { fleet, meter, log } = runtime;
  if (run.isScheduled) await record(run, { startedAt, selected: members.length, skipped, unsent });
  if (issuing) await attempt(run, () => rememberRun(runtime.aws, run.settings.queueUrl, run.stateKey, run.times));
  const enqueued = members.length - unsent.length;
  meter.add('AccountsEnqueued', enqueued);
  const left = Object.entries(skipped).map(([reason, count]) => `${reason}: ${count}`);
  log.info('Fanned out', { runId: run.runId, dryRun: run.isDryRun, selected: members.length, enqueued, skipped: left });
  if (run.errors.length > 0) throw failureOf(run, enqueued);
  return {
    schemaVersion: 1,
    runId: run.runId,
    organizationId: fleet.organizationId,
    dryRun: run.isDryRun,
    selected: members.length,
    enqueued,
    skipped,
    errors: run.errors,
    awsCalls: callsMade(runtime) - callsBefore,
  };
}

async function beginRun(
  runtime: FleetRuntime,
  { runId }: Pick<Invocation, 'runId'>,
  { dryRun, scheduledAt }: Pick<ScheduledEvent, 'dryRun' | 'scheduledAt'>,
): Promise<Run> {
  const settings = parseSettings(runtime.environment);
  const stateKey = await readStateKey(runtime, settings);
  const errors: string[] = [];
  const shared = { runtime, settings, stateKey, isDryRun: dryRun || !settings.enforce, errors };
  if (scheduledAt === undefined) {
    const times = firstRun(runtime.clock(), settings);
    return { ...shared, runId, times, isScheduled: false, isRemembered: false };
  }
  const remembered = await attempt({ errors }, () => readLastRun(runtime.aws, settings.queueUrl, stateKey));
  const times = runAfter(remembered, scheduledAt, settings);
  return { ...shared, runId: runIdOf(scheduledAt), times, isScheduled: true, isRemembered: remembered !== undefined };
}

interface Chosen {
  account: OrganizationAccount;
  selection: Extract<Selection, { isMember: true }>;
}

async function selectAccounts(
  { aws, sleep, log, fleet }: FleetRuntime,
  now: Instant,
): Promise<{ members: Chosen[]; skipped: Record<string, number> }> {
  const members: Chosen[] = [];
  const reasons: string[] = [];
  for await (const account of listAccounts(aws, { sleep, log })) {
    const selection = select(fleet, account, now);
    if (selection.isMember) members.push({ account, selection });
    else reasons.push(selection.reason);
  }
  return { members, skipped: countBy(reasons) };
}

/**
 * What is put while SQS still clears the queue could go with the old. A run that died after it had put its tickets is
 * repeated at the earliest when both waits are over: its tickets are cleared, and SQS takes the same again only when it
 * has forgotten them. Otherwise nothing would begin that day.
 */
async function refillTickets({ runtime, times, errors }: Run, url: string, clearedAt: Instant): Promise<void> {
  const { aws, clock, sleep, fleet } = runtime;
  // No run puts tickets sooner than SQS has cleared the queue, so whoever begins before that repeats none.
  const mayBeRepeated = clearedAt - times.scheduledAt >= CLEARING_SECONDS * SECOND;
  const wait = clearedAt + (mayBeRepeated ? REMEMBERED_SECONDS : CLEARING_SECONDS) * SECOND - clock();
  if (wait > 0) await sleep(wait);
  const count = fleet.limits.maxNewRotationsPerDay;
  const unsent = await putTickets(aws, url, { scheduledAt: times.scheduledAt, count });
  if (unsent > 0) errors.push(`${unsent} of ${count} tickets could not be put: as many rotations fewer begin today.`);
}

/** Returns those for whom no message could be sent. */
async function enqueueAccounts(run: Run, members: readonly Chosen[]): Promise<string[]> {
  const { runtime, errors, times } = run;
  const url = fleetQueue(runtime.environment, 'accountsQueueUrl');
  const ordered = inOrder(runtime.fleet.waves, members, times.scheduledAt);
  const entries = ordered.map(({ account }) => ({ MessageBody: bodyOf(messageOf(run, account)) }));
  const refused = await sendAll(runtime.aws, url, entries);
  const reasons = new Map(refused.map(({ index, reason }) => [index, reason]));
  const unsent = ordered.flatMap(({ account: { accountId } }, index) => {
    const reason = reasons.get(index);
    return reason === undefined ? [] : [{ accountId, reason }];
  });
  errors.push(...unsent.map(({ accountId, reason }) => `${accountId}: ${reason}`));
  return unsent.map(({ accountId }) => accountId);
}

/** The first wave first: what goes wrong there is seen soonest. The rest in another order each day: nobody is always last. */
function inOrder([first]: readonly { name: string }[], members: readonly Chosen[], at: Instant): Chosen[] {
  const date = formatDate(at);
  return members
    .map((member) => ({
      member,
      isFirst: first !== undefined && member.selection.wave === first.name,
      hash: hashOf(`${date}/${member.account.accountId}`),
    }))
    .toSorted((a, b) => Number(b.isFirst) - Number(a.isFirst) || a.hash - b.hash)
    .map(({ member }) => member);
}

/** After how long a message about an account, and all that came of it, is no longer believed. */
const BELIEVED = DAY;

function messageOf(run: Run, { accountId, path, name, joinedAt, isManagement }: OrganizationAccount): AccountMessage {
  return {
    schemaVersion: 1,
    runId: run.runId,
    kind: 'account',
    accountId,
    path,
    name: shownName(name),
    ...present({ joinedAt }),
    ...(isManagement ? { isManagement } : {}),
    ...(run.isRemembered ? { previousAt: run.times.previousAt } : {}),
    dryRun: run.isDryRun,
    notAfter: run.runtime.clock() + BELIEVED,
  };
}

/** Without it the digest calls nobody silent. */
async function record(
  { runtime, runId, errors }: Run,
  facts: { startedAt: Instant; selected: number; skipped: Record<string, number>; unsent: string[] },
): Promise<void> {
  const url = fleetQueue(runtime.environment, 'resultsQueueUrl');
  const body = bodyOf({
    schemaVersion: 1,
    runId,
    kind: 'fan-out',
    ...facts,
    unsent: facts.unsent.slice(0, UNSENT_MAX),
  });
  const [refused] = await sendAll(runtime.aws, url, [{ MessageBody: body }]);
  if (refused !== undefined) errors.push(`The record of the run: ${refused.reason}`);
}

/** SQS takes 256 KiB. */
const UNSENT_MAX = 5_000;

function failureOf({ errors, runtime: { fleet } }: Run, enqueued: number): RotationError {
  return new RotationError(
    `${enqueued} accounts of organization ${fleet.organizationId} were enqueued, but ${errors.length} ` +
      `${errors.length === 1 ? 'thing' : 'things'} failed: ${errors.slice(0, 50).join(' | ')}`,
  );
}
