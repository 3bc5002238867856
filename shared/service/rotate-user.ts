import { type Outcome, openPass, type Pass } from '../apply/pass.ts';
import { observeUser, withoutSecret } from '../aws/observe.ts';
import { ownAccountId } from '../aws/own-account.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { EventError } from '../core/errors.ts';
import type { RotateUserEvent } from '../core/events.ts';
import { handOnProblem } from '../core/hand-on.ts';
import type { Asked, Role, UserState } from '../core/model.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { parseSettings, timelineProblem } from '../core/settings.ts';
import { type ShownStep, showStep } from '../core/shown-step.ts';
import { assess } from '../core/situation.ts';
import { aboutSmtp } from '../core/smtp.ts';
import { formatInstant } from '../core/time.ts';
import { parseUserSettings } from '../core/user-settings.ts';
import { hasFleet } from './has-fleet.ts';
import { refuseOtherAccount } from './other-account.ts';
import { type Reconciled, reconcile } from './reconcile.ts';

export interface ShownKey {
  accessKeyId: string;
  status: string;
  createdAt: string;
  role: Role;
  lastUsed?: { at: string; service: string; region: string };
}

/** The answer of `rotate-user`; every field is explained in docs/reference.md. */
export interface RotateUserAnswer {
  schemaVersion: 1;
  accountId: string;
  userId: string;
  userName: string;
  action: Asked['action'];
  dryRun: boolean;
  status: Reconciled['status'];
  reason: ReasonCode;
  message: string;
  plan: ShownStep[];
  outcomes: readonly Outcome[];
  keys: ShownKey[];
  secret?: { name: string; arn: string; versionId?: string };
}

/** One user, by hand, from outside the queue. Throws an EventError for a user that does not exist. */
export async function rotateUser(
  runtime: Runtime,
  invocation: Invocation,
  event: RotateUserEvent,
): Promise<RotateUserAnswer> {
  const { accountId } = event;
  if (accountId === undefined || !hasFleet(runtime)) {
    await refuseOtherAccount(runtime, accountId);
    return rotateHere(runtime, invocation, event);
  }
  const { inMemberOf } = await import('./fleet-rotate-user.ts');
  const { runtime: member, note } = await inMemberOf(runtime, invocation, { ...event, accountId });
  const answer = await rotateHere(member, invocation, event);
  return note === undefined ? answer : { ...answer, message: `${answer.message} ${note}` };
}

/** In the account whose clients and settings these are. */
async function rotateHere(
  runtime: Runtime,
  invocation: Invocation,
  { accountId, userName, asked }: RotateUserEvent,
): Promise<RotateUserAnswer> {
  const settings = parseSettings(runtime.environment);
  const reported = asked.compromised ? { reportedAt: invocation.startedAt } : {};
  const pass = await openPass(runtime, settings, invocation, { origin: 'manual', asked, isQueued: false, ...reported });
  const isQuestion = asked.action === 'plan' || asked.action === 'status';
  const before = asked.compromised
    ? await observeUser(withoutSecret(pass.reader), { userName }, () => false)
    : await observeUser(pass.reader, { userName });
  if (before === undefined) throw unknownUser(accountId ?? (await ownAccountId(runtime.aws)), userName);
  refuseGrace(pass, before, asked);
  const dryRun = !settings.enforce;
  const { user } = before;
  const result = await reconcile(pass, user, { isDryRun: isQuestion || dryRun });
  const after = result.outcomes.length === 0 ? result.state : await observeUser(pass.reader, user);
  const shown = after ?? before;
  return {
    schemaVersion: 1,
    accountId: user.accountId,
    userId: user.userId,
    userName: user.userName,
    action: asked.action,
    dryRun,
    status: result.status,
    reason: result.reason,
    message: isQuestion ? withNotes(result.message, shown, pass) : result.message,
    plan: result.plan.map(showStep),
    outcomes: result.outcomes,
    ...show(shown, pass, runtime.clock()),
  };
}

/** What the operator should know about the user, in addition to the plan. */
function withNotes(message: string, { user }: UserState, { settings, runtime }: Pass): string {
  const { sesSmtpRegions } = parseUserSettings(user, settings, runtime.clock()).settings;
  return [message, ...aboutSmtp(user.userName, sesSmtpRegions)].join(' ');
}

function show(state: UserState, pass: Pass, now: number): Pick<RotateUserAnswer, 'keys' | 'secret'> {
  const { keys, secret, currentVersionId } = assess(state, pass.request, pass.settings, now);
  const shown = keys.map(
    ({ accessKeyId, status, createdAt, role, lastUsed }): ShownKey => ({
      accessKeyId,
      status,
      createdAt: formatInstant(createdAt),
      role,
      ...(lastUsed === undefined ? {} : { lastUsed: { ...lastUsed, at: formatInstant(lastUsed.at) } }),
    }),
  );
  if (secret === undefined) return { keys: shown };
  const version = currentVersionId === undefined ? {} : { versionId: currentVersionId };
  return { keys: shown, secret: { name: secret.name, arn: secret.arn, ...version } };
}

function unknownUser(accountId: string, userName: string): EventError {
  const message = `userName: there is no IAM user ${userName} in account ${accountId}. Check the name, and the account of your credentials.`;
  return new EventError(message, { userName, accountId });
}

/** A grace asked for by hand must leave room for the next rotation, and time to hand the key on, like any other. */
function refuseGrace({ settings, runtime }: Pass, { user }: UserState, { graceDays }: Asked): void {
  if (graceDays === undefined) return;
  const given = { ...parseUserSettings(user, settings, runtime.clock()).settings, graceDays };
  const overlong = timelineProblem(given);
  const problem = overlong ?? handOnProblem(user, given);
  if (problem === undefined) return;
  const { userName, accountId } = user;
  const says = overlong === undefined ? 'cannot be' : 'is too long';
  const message = `graceDays: ${graceDays} ${says} for ${userName} in account ${accountId}: ${problem}.`;
  throw new EventError(message, { userName, accountId });
}
