import { userNameInConfig, userNameInIam } from '../aws/config.ts';
import { enqueue } from '../aws/enqueue.ts';
import { observeUser, type Reader } from '../aws/observe.ts';
import { ownAccountId } from '../aws/own-account.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import type { TrustFinding } from '../aws/trust.ts';
import { type RemediationEvent, targetOf } from '../core/config-events.ts';
import { EventError, messageOf, RotationError } from '../core/errors.ts';
import type { OfMember } from '../core/events.ts';
import type { User, UserState } from '../core/model.ts';
import { plan } from '../core/plan.ts';
import { present } from '../core/present.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { parseSettings, type Settings } from '../core/settings.ts';
import { type ShownStep, showStep } from '../core/shown-step.ts';
import { asRecorded } from '../core/state-key.ts';
import { DAY, formatDate, formatInstant } from '../core/time.ts';
import { describeMember, nameOf } from './fleet-account.ts';
import { hasFleet } from './has-fleet.ts';
import { asMember } from './member.ts';
import { hindranceIn } from './member-trust.ts';

/** The answer of `config-remediation`; every field is explained in docs/reference.md. */
export interface Remediation {
  schemaVersion: 1;
  dryRun: boolean;
  /** `planned`: it would have been enqueued, but this is a dry run. */
  status: 'enqueued' | 'planned' | 'unchanged' | 'ignored';
  reason: ReasonCode;
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
  const target = targetOf(event, parseSettings(runtime.environment).configRuleName);
  const there = 'ignoredBecause' in target ? { runtime } : await whereOf(runtime, runId, event);
  const settings = parseSettings(there.runtime.environment);
  const said = await answerTo(there, settings, runId, target);
  const { status, reason, message, userId, userName } = said;
  const ruleName = event.kind === 'compliance' ? event.ruleName : undefined;
  runtime.log.info('Remediation', { runId, ruleName, status, reason, because: message, userId, userName });
  return { schemaVersion: 1, dryRun: !settings.enforce, ...said };
}

async function answerTo(
  there: Where,
  settings: Settings,
  runId: string,
  target: ReturnType<typeof targetOf>,
): Promise<Said> {
  if ('ignoredBecause' in target) return ignored(target);
  const { hindrance } = there;
  if (hindrance === undefined) return remediateUser(there, settings, runId, target);
  const { userId } = target;
  return { status: 'ignored', reason: hindrance.reason, message: `Nothing is done: ${hindrance.message}`, userId };
}

/** The account of the user. */
interface Where {
  runtime: Runtime;
  /** Why nobody there is worked on. */
  hindrance?: TrustFinding;
  /** Of a member of a fleet: what a message about its users says beside, and how many are worked on at once. */
  member?: OfMember & { accountConcurrency: number };
}

async function whereOf(runtime: Runtime, runId: string, { accountId }: RemediationEvent): Promise<Where> {
  if (accountId === undefined || !hasFleet(runtime)) {
    return { runtime };
  }
  const own = await ownAccountId(runtime.aws);
  const described = await describeMember(runtime, accountId);
  const { selection, place } = described;
  if (!selection.isMember) {
    if (accountId === own) return { runtime };
    throw new EventError(`account: ${nameOf(described)} ${selection.because}.`, { accountId });
  }
  const member = asMember(runtime, { ...place, isDryRun: selection.isDryRun }, 'observe', {
    by: 'config-remediation',
    runId,
  });
  const notAfter = formatInstant(runtime.clock() + DAY);
  const { accountConcurrency } = runtime.fleet.limits;
  const hindrance = await hindranceIn(runtime, member, place);
  return {
    runtime: member,
    ...present({ hindrance }),
    member: { path: place.path, notAfter, ...present({ accountName: place.accountName }), accountConcurrency },
  };
}

type Said = Omit<Remediation, 'schemaVersion' | 'dryRun'>;

function ignored({ ignoredBecause }: { ignoredBecause: string }): Said {
  return { status: 'ignored', reason: 'ignored', message: `Nothing is done: ${ignoredBecause}.` };
}

async function remediateUser(
  where: Where,
  settings: Settings,
  runId: string,
  { userId }: { userId: string },
): Promise<Said> {
  const { runtime } = where;
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
  await enqueueUser(where, settings, user, formatDate(now));
  return { status: 'enqueued', ...said };
}

async function enqueueUser(
  { runtime: { aws }, member }: Where,
  { queueUrl }: Settings,
  user: User,
  requestId: string,
): Promise<void> {
  const { accountId, userId, userName } = user;
  const { accountConcurrency, ...beside } = member ?? {};
  const message = { schemaVersion: 1, accountId, userId, userName, origin: 'config', requestId, ...beside } as const;
  const { failed } = await enqueue(aws, queueUrl, [message], accountConcurrency);
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
