import { sendAll } from '../aws/enqueue.ts';
import { isRefusedRole } from '../aws/member-session.ts';
import { tagsOfAccount } from '../aws/organization.ts';
import { type PlannedStep, plannedSteps } from '../aws/plan-users.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { isNotEnabled } from '../aws/secret-elsewhere.ts';
import { readStateKey } from '../aws/state-key.ts';
import { type TrustFinding, trustOf } from '../aws/trust.ts';
import { messageOf, RotationError } from '../core/errors.ts';
import type { AccountReason } from '../core/fleet/account-reasons.ts';
import {
  type AccountMessage,
  bodyOf,
  boundedResult,
  parseAccountMessage,
  type ResultMessage,
  scheduledAtOf,
} from '../core/fleet/messages.ts';
import { fleetQueue } from '../core/fleet/queues.ts';
import { resultOfScan, resultWithoutScan, sentencesOf } from '../core/fleet/scan-result.ts';
import { type Selection, select } from '../core/fleet/select.ts';
import { expectsUsers, regionFor } from '../core/fleet/settings-for.ts';
import { firstRun } from '../core/runs.ts';
import { digestOf, isUnheard, type Times } from '../core/scheduled-run.ts';
import { parseSettings } from '../core/settings.ts';
import { DAY, type Instant } from '../core/time.ts';
import { parseUserSettings } from '../core/user-settings.ts';
import type { FleetRuntime } from './has-fleet.ts';
import { asMember, placeOf } from './member.ts';
import { type AccountRun, logDetails, measure, type ScannedAccount, scanAndEnqueue } from './scan-and-enqueue.ts';

/**
 * One message of the accounts queue: the account is scanned, and whoever is due is enqueued. Whatever is wrong with the
 * account is its result, so that no other account notices; throws only what should bring the message back: one that cannot
 * be read, a result that could not be sent, and failures that may pass.
 */
export async function scanForFleet(runtime: FleetRuntime, invocation: Invocation, body: string): Promise<void> {
  const message = parseAccountMessage(body);
  const { accountId, runId } = message;
  if (runtime.clock() >= message.notAfter) {
    runtime.meter.add('MessagesDropped', 1);
    runtime.log.warn('Message dropped', { accountId, runId, reason: 'message-too-old' });
    return;
  }
  const { result } = await answerFor(runtime, invocation, message);
  runtime.meter.add(result.status === 'scanned' ? 'AccountsScanned' : 'AccountsRefused', 1);
  report(runtime, result);
  // A run by hand answers whoever began it, or nobody: the digest is of scheduled runs.
  if (scheduledAtOf(runId) === undefined) return;
  const url = fleetQueue(runtime.environment, 'resultsQueueUrl');
  const [refused] = await sendAll(runtime.aws, url, [{ MessageBody: bodyOf(result) }]);
  if (refused !== undefined) {
    throw new RotationError(`Cannot send the result of account ${accountId}: ${refused.reason}`, { isTransient: true });
  }
}

/** The account's result, and in a run by hand the plan of its users. */
export interface Answered {
  result: ResultMessage;
  plan?: readonly PlannedStep[];
  errors: readonly string[];
}

/** Throws only failures that may pass, and what is wrong with the hub itself. */
export async function answerFor(
  runtime: FleetRuntime,
  invocation: Pick<Invocation, 'runId'>,
  message: AccountMessage,
  { showsPlan = false }: { showsPlan?: boolean } = {},
): Promise<Answered> {
  const now = runtime.clock();
  const selection = await selectionOf(runtime, message, now);
  if (!selection.isMember) {
    return refusal(message, now, { reason: selection.reason, because: `The account ${selection.because}.` });
  }
  const isDryRun = message.dryRun || selection.isDryRun;
  const of = { ...message, dryRun: isDryRun };
  const wave = selection.wave === undefined ? {} : { wave: selection.wave };
  try {
    const answered = await scanMember(runtime, invocation, { message: of, isDryRun, showsPlan });
    return { ...answered, result: { ...answered.result, ...wave } };
  } catch (error) {
    const answered = await failureOf(runtime, of, error);
    return { ...answered, result: { ...answered.result, ...wave } };
  }
}

/** Tags of accounts are read here, one call an account, since a list of accounts has none. */
async function selectionOf({ aws, fleet }: FleetRuntime, message: AccountMessage, now: Instant): Promise<Selection> {
  const { accountId, name, path, isManagement = false } = message;
  // It was ACTIVE when the message was made; of one that is not any more the role cannot be taken.
  const account = { accountId, name, path, state: 'ACTIVE', isManagement };
  const selection = select(fleet, account, now);
  if (fleet.select.tags === undefined || !selection.isMember) return selection;
  return select(fleet, { ...account, tags: await tagsOfAccount(aws, accountId) }, now);
}

interface Scanning {
  message: AccountMessage;
  isDryRun: boolean;
  showsPlan: boolean;
}

async function scanMember(
  runtime: FleetRuntime,
  { runId }: Pick<Invocation, 'runId'>,
  { message, isDryRun, showsPlan }: Scanning,
): Promise<Answered> {
  const { accountId, path, name } = message;
  const place = await placeOf(runtime, { accountId, path, name });
  const member = asMember(runtime, { ...place, isDryRun }, 'observe', { by: 'scan', runId });
  const settings = parseSettings(member.environment);
  const findings = await trustOf(runtime, member, place);
  const hindrance = findings.find(({ isRefusal }) => isRefusal);
  if (hindrance !== undefined) {
    const trust = findings.map((finding) => finding.message);
    const refused = refusal(message, runtime.clock(), { reason: hindrance.reason, because: hindrance.message });
    return { ...refused, result: boundedResult({ ...refused.result, trust }) };
  }
  const verifier = await readStateKey(runtime, settings);
  const reader = { aws: member.aws, settings, verifier };
  const times = timesOf(message, runtime.clock(), settings);
  const { accountConcurrency } = runtime.fleet.limits;
  const run: AccountRun = {
    ...{ runtime: member, reader, settings, runId: message.runId, times, errors: [] },
    isDryRun: isDryRun || !settings.enforce || isPaused(findings),
    member: { accountId, accountName: name, path, notAfter: message.notAfter, accountConcurrency, showsPlan },
  };
  const scanned = await scanAndEnqueue(run);
  measure(run, scanned);
  return answered(runtime, message, { run, scanned, findings });
}

/** Somebody there has paused us: the scan goes on, and changes nothing. */
function isPaused(findings: readonly TrustFinding[]): boolean {
  return findings.some(({ reason }) => reason === 'paused');
}

function timesOf({ runId, previousAt }: AccountMessage, now: Instant, settings: { runEveryDays: number }): Times {
  const scheduledAt = scheduledAtOf(runId);
  const run =
    scheduledAt === undefined || previousAt === undefined
      ? firstRun(scheduledAt ?? now, settings)
      : { previousAt, scheduledAt };
  const digest = scheduledAt === undefined ? { previousAt: now - DAY, scheduledAt: now } : run;
  return { run, digest, isScheduled: scheduledAt !== undefined, isRemembered: previousAt !== undefined };
}

function answered(
  { fleet }: FleetRuntime,
  message: AccountMessage,
  { run, scanned, findings }: { run: AccountRun; scanned: ScannedAccount; findings: readonly TrustFinding[] },
): Answered {
  const { scan, triaged, dueUsers, limits, plans, enqueued, refused } = scanned;
  const digest = digestOf(run, scan, triaged, { enqueued, limits, deadLetters: undefined, refused });
  logDetails(run, digest);
  const place = { accountId: message.accountId, path: message.path, region: '' };
  const [paused] = findings.filter(({ reason }) => reason === 'paused');
  const result = resultOfScan({ ...message, dryRun: run.isDryRun }, digest, {
    triaged,
    due: dueUsers.length,
    ...(paused === undefined ? {} : { reason: paused.reason }),
    trust: findings.map(({ message: sentence }) => sentence),
    isUnexpected: scan.users.length > 0 && !expectsUsers(fleet, place),
    isUnheard: isUnheard(triaged, run.settings, limits, scan.at),
    exemptWithSecret: exemptWithSecret(run, scanned),
  });
  const plan = plans === undefined ? {} : { plan: plannedSteps(plans) };
  return { result, errors: run.errors, ...plan };
}

/** A policy of the member keeps keys of exempt users from being made, and says nothing of what their secrets hold. */
function exemptWithSecret({ settings }: AccountRun, { triaged, scan }: ScannedAccount): string[] {
  return triaged.flatMap(({ scanned: { user, secret } }) => {
    const { exemption } = parseUserSettings(user, settings, scan.at).settings;
    return secret === undefined || exemption === undefined ? [] : [user.userName];
  });
}

/** What is known of an account that was not scanned. */
function refusal(
  message: AccountMessage,
  at: Instant,
  { reason, because, status = 'refused' }: { reason: AccountReason; because: string; status?: 'refused' | 'failed' },
): Answered {
  const result = resultWithoutScan(message, { at, status, reason, errors: [because] });
  return { result, errors: [because] };
}

/** An account that joined lately is given its role by a StackSet soon. */
const JOINING = DAY;

/** Throws what may pass: then the message comes back. */
async function failureOf(runtime: FleetRuntime, message: AccountMessage, error: unknown): Promise<Answered> {
  const now = runtime.clock();
  const because = messageOf(error);
  if (isRefusedRole(error)) {
    const isJoining = message.joinedAt !== undefined && now - message.joinedAt < JOINING;
    runtime.meter.add('RolesRefused', 1);
    return refusal(message, now, { reason: isJoining ? 'joining' : 'role-refused', because });
  }
  if (error instanceof RotationError && error.isTransient) throw error;
  if (isRegionOff(error)) {
    const { accountId, name } = message;
    const region = regionFor(runtime.fleet, await placeOf(runtime, message));
    const off = `Region ${region} is not enabled in ${accountId} (${name}): enable it, or set \`region\` for the account.`;
    return refusal(message, now, { reason: 'region-not-enabled', because: off, status: 'failed' });
  }
  return refusal(message, now, { reason: 'failed', because, status: 'failed' });
}

/** IAM answers for every Region, so that this is of the secrets. */
function isRegionOff(error: unknown): boolean {
  return (
    isNotEnabled(error) && error instanceof RotationError && error.facts.action?.startsWith('secretsmanager:') === true
  );
}

/** The log has every account; metrics have none by name. */
function report({ log, meter }: Runtime, result: ResultMessage): void {
  const { runId, accountId, name, wave, dryRun, status, reason, usersScanned, enqueued, errors } = result;
  meter.add('UsersScanned', usersScanned);
  meter.add('UsersEnqueued', enqueued);
  const facts = { runId, accountId, name, wave, dryRun, status, reason, usersScanned, enqueued };
  log.info('AccountResult', { ...facts, errors, trust: result.trust ?? [], skipped: sentencesOf(result.skipped) });
}
