import { enqueue } from '../aws/enqueue.ts';
import { readListeners } from '../aws/limits.ts';
import type { Reader } from '../aws/observe.ts';
import { type Judged, judgeAccount, planUsers, type UserPlan } from '../aws/plan-users.ts';
import type { Runtime } from '../aws/runtime.ts';
import type { Scan } from '../aws/scan.ts';
import type { Triaged } from '../core/activity.ts';
import type { Digest } from '../core/digest.ts';
import type { OfMember, WorkMessage } from '../core/events.ts';
import { keyAges } from '../core/key-ages.ts';
import type { Limits } from '../core/model.ts';
import { isWeeklyTurn } from '../core/runs.ts';
import { type Refused, type RunFacts, refusedOf } from '../core/scheduled-run.ts';
import { type Probe, shareOut } from '../core/shares.ts';
import { formatInstant, type Instant } from '../core/time.ts';

/** How one run looks at one account. */
export interface AccountRun extends RunFacts {
  runtime: Runtime;
  reader: Reader;
  errors: string[];
  /** Of an account that is a member of a fleet. */
  member?: Member;
}

export interface Member {
  accountId: string;
  accountName: string;
  path: string;
  /** Until when messages about its users are believed. */
  notAfter: Instant;
  /** Passes at once in one account. */
  accountConcurrency: number;
  /** Somebody asked for the plans of a dry run; otherwise they are not made, since that takes calls for each user. */
  showsPlan: boolean;
}

/** What was seen, and what was done about it. */
export interface ScannedAccount extends Judged {
  /** In a dry run. */
  plans: readonly UserPlan[] | undefined;
  refused: Refused | undefined;
  enqueued: number;
}

/**
 * Scans the account and enqueues who is due; a dry run shows their plans instead. Throws as `scanAccount` does; what else
 * fails is added to the errors.
 */
export async function scanAndEnqueue(run: AccountRun): Promise<ScannedAccount> {
  const { runtime, settings, times, reader, runId, isDryRun, errors, member } = run;
  const of = member === undefined ? {} : { accountId: member.accountId };
  const view = { reader, runtime, run: times.run, errors, ...of };
  const judged = await judgeAccount(view, () => readListeners(runtime, settings));
  const { scan, triaged, dueUsers, limits } = judged;
  const isShown = isDryRun && member?.showsPlan !== false;
  const plans = isShown ? await planUsers(view, dueUsers, { runId, limits }) : undefined;
  const refused = refusedOf(run, { triaged, dueUsers, at: scan.at }, limits);
  const enqueued = isDryRun ? 0 : await enqueueAll(run, scan, dueUsers, { limits, probe: refused?.probe });
  return { ...judged, plans, refused, enqueued };
}

/** Everybody due is looked at; of new keys the run gives away what is left of the day. */
async function enqueueAll(
  { runtime, settings, runId, times, errors, member }: AccountRun,
  { accountId }: Scan,
  dueUsers: readonly Triaged[],
  { limits, probe }: { limits: Limits | undefined; probe: Probe | undefined },
): Promise<number> {
  // Without the limits each worker asks for them.
  const left = limits === undefined ? undefined : Math.max(0, settings.maxNewRotationsPerDay - limits.issuedToday);
  const shares = left === undefined ? undefined : shareOut(dueUsers, left, probe);
  const messages = dueUsers.map(({ scanned: { user } }): WorkMessage => {
    const { userId, userName } = user;
    return {
      schemaVersion: 1,
      accountId,
      userId,
      userName,
      origin: 'schedule',
      requestId: runId,
      mayRepeat: isWeeklyTurn(userId, times.run),
      ...(shares === undefined ? {} : (shares.get(userId) ?? { mayIssue: false })),
      ...(member === undefined ? {} : ofMember(member)),
    };
  });
  const { sent, failed } = await enqueue(runtime.aws, settings.queueUrl, messages, member?.accountConcurrency);
  errors.push(...failed.map(({ userName, reason }) => `${userName}: ${reason}`));
  return sent;
}

function ofMember({ path, notAfter, accountName }: Member): OfMember {
  return { path, notAfter: formatInstant(notAfter), accountName };
}

/** What alarms and the dashboard say about the account as a whole. */
export function measure(
  { runtime: { meter }, settings, member, isDryRun }: AccountRun,
  { scan, triaged, limits }: ScannedAccount,
): void {
  const ages = keyAges(triaged, settings, scan.at);
  if (ages !== undefined) {
    meter.add('OldestActiveKeyDays', ages.oldestActiveKeyDays);
    // The alarm about it is the whole fleet's: it must not ring for accounts whose wave has not begun.
    if (member === undefined || !isDryRun) meter.add('DaysToNearestDeadline', ages.daysToNearestDeadline);
  }
  if (limits?.isBreakerOpen) meter.add('BreakerOpen', 1);
}

/** The log has what a digest has no room for. */
export function logDetails({ runtime: { log }, runId, member, errors }: AccountRun, digest: Digest): void {
  const { needsDecision, findings, secretsWithoutUser } = digest;
  const of = member === undefined ? { runId } : { runId, accountId: member.accountId };
  for (const { userName, reason, message } of needsDecision) {
    log.info('Needs a decision', { ...of, userName, reason, because: message });
  }
  for (const finding of findings) log.info('To be checked', { ...of, finding });
  for (const secretName of secretsWithoutUser) log.info('Secret without a user', { ...of, secretName });
  for (const reason of errors) log.error('Failed for one', { ...of, reason });
}
