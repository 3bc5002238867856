import { userNameInConfig, userNameInIam } from '../aws/config.ts';
import { enqueue } from '../aws/enqueue.ts';
import { observeUser, type Reader } from '../aws/observe.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { type RemediationEvent, targetOf } from '../core/config-events.ts';
import { messageOf, RotationError } from '../core/errors.ts';
import type { User, UserState } from '../core/model.ts';
import { type Plan, plan } from '../core/plan.ts';
import { parseSettings, type Settings } from '../core/settings.ts';
import { type ShownStep, showStep } from '../core/shown-step.ts';
import { asRecorded } from '../core/state-key.ts';
import { formatDate } from '../core/time.ts';

/** The answer of `config-remediation`; every field is explained in the README. */
export interface Remediation {
  schemaVersion: 1;
  dryRun: boolean;
  /** `planned`: it would have been enqueued, but this is a dry run. */
  status: 'enqueued' | 'planned' | 'unchanged' | 'ignored';
  /** A reason code of the plan, or `ignored`. */
  reason: Plan['reason'] | 'ignored';
  message: string;
  userId?: string;
  userName?: string;
  plan?: readonly ShownStep[];
}

/**
 * One user whom a rule calls non-compliant: read again, and enqueued if something is due. The rule may be hours behind,
 * and several rules in several Regions may say the same: the worker decides, within the limits of the day.
 */
export async function remediate(
  runtime: Runtime,
  { runId }: Pick<Invocation, 'runId'>,
  event: RemediationEvent,
): Promise<Remediation> {
  const settings = parseSettings(runtime.environment);
  const target = targetOf(event, settings.configRuleName);
  const said = 'ignoredBecause' in target ? ignored(target) : await remediateUser(runtime, settings, runId, target);
  const { status, reason, message, userId, userName } = said;
  const ruleName = event.kind === 'compliance' ? event.ruleName : undefined;
  runtime.log.info('Remediation', { runId, ruleName, status, reason, because: message, userId, userName });
  return { schemaVersion: 1, dryRun: !settings.enforce, ...said };
}

type Said = Omit<Remediation, 'schemaVersion' | 'dryRun'>;

function ignored({ ignoredBecause }: { ignoredBecause: string }): Said {
  return { status: 'ignored', reason: 'ignored', message: `Nothing is done: ${ignoredBecause}.` };
}

async function remediateUser(
  runtime: Runtime,
  settings: Settings,
  runId: string,
  { userId }: { userId: string },
): Promise<Said> {
  const now = runtime.clock();
  // It has no state key. Whatever the tags say, a message carries no decision: the worker, which has it, looks again.
  const reader = { aws: runtime.aws, settings, verifier: asRecorded };
  const state = await observeByIamOrConfig(runtime, reader, userId);
  if (state === undefined) {
    const message = `The IAM user with the UserId ${userId} no longer exists; nothing was changed.`;
    return { status: 'unchanged', reason: 'user-changed', message, userId };
  }
  const { user } = state;
  const { reason, message, steps } = plan(state, { origin: 'config', runId, wroteAt: new Set() }, settings, now);
  const said = { reason, message, userId, userName: user.userName };
  if (steps.every(({ action }) => action === 'none')) return { status: 'unchanged', ...said };
  if (!settings.enforce) return { status: 'planned', ...said, plan: steps.map(showStep) };
  // The date alone: however many rules report the user today, the queue keeps one message, and later copies are harmless.
  await enqueueUser(runtime, settings, user, formatDate(now));
  return { status: 'enqueued', ...said };
}

async function enqueueUser({ aws }: Runtime, { queueUrl }: Settings, user: User, requestId: string): Promise<void> {
  const { accountId, userId, userName } = user;
  const message = { schemaVersion: 1, accountId, userId, userName, origin: 'config', requestId } as const;
  const { failed } = await enqueue(aws, queueUrl, [message]);
  const [unsent] = failed;
  if (unsent === undefined) return;
  const text = `Cannot enqueue ${userName} of account ${accountId}: ${unsent.reason}`;
  throw new RotationError(text, { userName, accountId, isTransient: true });
}

/** By IAM's own list; by what AWS Config has recorded where IAM cannot be asked, or does not list the user. */
async function observeByIamOrConfig({ log }: Runtime, reader: Reader, userId: string): Promise<UserState | undefined> {
  const { aws } = reader;
  const byIam = await settled(userNameInIam(aws, userId));
  if ('failure' in byIam) log.warn('IAM could not list users; asking AWS Config', { reason: messageOf(byIam.failure) });
  const userName = ('failure' in byIam ? undefined : byIam.value) ?? (await userNameInConfig(aws, userId));
  const state = userName === undefined ? undefined : await observeUser(reader, { userName, userId });
  // The recorded name may be an old one. As long as IAM was not heard, to call the user gone would be a guess.
  if (state === undefined && 'failure' in byIam) throw byIam.failure;
  return state;
}

async function settled<T>(call: Promise<T>): Promise<{ value: T } | { failure: unknown }> {
  try {
    return { value: await call };
  } catch (failure) {
    return { failure };
  }
}
