import { announceFailure } from '../apply/announce-failure.ts';
import { announceExposed } from '../apply/exposed.ts';
import { openPass, type Pass } from '../apply/pass.ts';
import { refusedHere } from '../apply/refusals.ts';
import type { Delivery } from '../aws/dequeue.ts';
import { comeBackSoon, MOST_RECEIVES } from '../aws/enqueue.ts';
import { evaluateAgain } from '../aws/evaluate-again.ts';
import { observeUser, withoutSecret } from '../aws/observe.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { type ActionName, actionNames } from '../core/answer.ts';
import { ConflictError, messageOf, RotationError } from '../core/errors.ts';
import { parseWorkMessage, type WorkMessage } from '../core/events.ts';
import { present } from '../core/present.ts';
import { parseSettings } from '../core/settings.ts';
import { isSignedByUs } from '../core/signed-message.ts';
import { parseInstant } from '../core/time.ts';
import type { FleetPass } from './fleet-work.ts';
import { hasFleet } from './has-fleet.ts';
import { isDealtWith } from './is-dealt-with.ts';
import { type Reconciled, reconcile } from './reconcile.ts';

/**
 * One message of the queue: one user, observed anew, so an old or repeated message is harmless. Throws what should
 * bring the message back: a body that does not parse, and failures that may pass. Blocked and busy are success; a
 * failure that stays is announced. What a fleet has beside is loaded only for one.
 */
export async function work(runtime: Runtime, invocation: Invocation, delivery: Delivery): Promise<void> {
  if (!hasFleet(runtime)) return workOn(runtime, invocation, delivery, {});
  const { workInFleet } = await import('./fleet-work.ts');
  return workInFleet(runtime, invocation, delivery, workOn);
}

async function workOn(
  runtime: Runtime,
  invocation: Invocation,
  delivery: Delivery,
  fleetPass: FleetPass,
): Promise<void> {
  const settings = parseSettings(runtime.environment);
  const message = parseWorkMessage(delivery.body);
  const opened = {
    ...(await openPass(runtime, settings, invocation, { origin: 'config', isQueued: true })),
    ...fleetPass,
  };
  const { accessKeyId, mayIssue, mayRepeat } = message;
  if (message.origin === 'exposed' && accessKeyId !== undefined && isSignedByUs(opened.reader.verifier, message)) {
    const reportedAt = parseInstant(message.reportedAt ?? '');
    const request = { ...opened.request, origin: 'exposed', accessKeyId, ...present({ reportedAt }) } as const;
    // Its group is the key's own, so another pass over the same user may run: treated like a run outside the queue.
    return workOnExposed({ ...opened, request, isQueued: false }, message, { ...delivery, accessKeyId });
  }
  if (message.origin === 'exposed' && opened.stateKey === undefined) {
    // It may be one of ours, so it waits no longer than those do.
    await comeBack(opened, delivery);
    throw new ConflictError(
      `Cannot tell whether a message about ${message.userName} is signed: KMS does not provide the state key.`,
    );
  }
  // A sender who may only write to the queue gets no key deactivated: an unsigned message counts as one of Config.
  const origin = message.origin === 'exposed' ? 'config' : message.origin;
  const refusal = refusedHere(runtime.memory, runtime.clock());
  const asks = {
    origin,
    // Config has no share of the day, even if its message says so.
    ...(mayIssue === undefined || origin !== 'schedule' ? {} : { mayIssue }),
    ...(mayRepeat === undefined ? {} : { mayRepeat }),
    ...(refusal === undefined ? {} : { refusal }),
  };
  const pass: Pass = {
    ...opened,
    request: { ...opened.request, ...asks },
    ...(settings.cloudtrailLookups ? { whoUses: askCloudTrail(runtime) } : {}),
  };
  try {
    const result = await reconcile(pass, message, { isDryRun: !settings.enforce });
    // Nobody but KMS can help, so the message comes back, and its dead-letter queue has an alarm.
    if (result.reason === 'state-key-unavailable') throw new ConflictError(result.message, { action: origin });
    await judgeAgain(pass, result);
  } catch (error) {
    if (!(error instanceof RotationError) || error.isTransient || !settings.enforce) throw error;
    await fail(pass, message, error);
  }
}

/**
 * Done only once nothing is left to do about the key; otherwise the message comes back soon, and in the end the
 * dead-letter queue has it, and its user and key are named.
 */
async function workOnExposed(
  pass: Pass,
  message: WorkMessage,
  { accessKeyId, ...delivery }: Delivery & { accessKeyId: string },
): Promise<void> {
  const { settings } = pass;
  try {
    const result = await reconcile(pass, message, { isDryRun: !settings.enforce });
    await judgeAgain(pass, result);
    if (settings.enforce && !isDealtWith(result, accessKeyId)) {
      throw new ConflictError(`Exposed key ${accessKeyId} of ${message.userName}: ${result.message}`);
    }
  } catch (error) {
    if (delivery.receiveCount >= MOST_RECEIVES) await tellOfLast(pass, message, error);
    await comeBack(pass, delivery);
    throw error;
  }
}

/** At the latest when the queue has it. */
async function comeBack({ runtime, settings }: Pass, delivery: Delivery): Promise<void> {
  try {
    await comeBackSoon(runtime.aws, settings.queueUrl, delivery);
  } catch (error) {
    runtime.log.warn('The message comes back when the queue has it', { because: messageOf(error) });
  }
}

/**
 * Never throws: a reminder goes out whatever CloudTrail says. The log has why it said nothing. Its client is loaded only
 * where lookups are switched on.
 */
function askCloudTrail(runtime: Runtime): NonNullable<Pass['whoUses']> {
  return async (accessKeyId, { region }) => {
    const question = { accessKeyId, regions: [region], now: runtime.clock() };
    const { whoUses } = await import('../aws/who-uses.ts');
    const { explanation, ...usedBy } = await whoUses(runtime, question);
    if (explanation !== undefined) runtime.log.warn('CloudTrail has no full answer', { because: explanation });
    return usedBy;
  };
}

const disabling: readonly ActionName[] = [
  'deactivate',
  'deactivate-exposed',
  'retire',
  'delete',
  'roll-back',
  'finish',
];

/** Config's verdict follows what was done to a key at once, not a day later. A verdict that lags is no failed pass. */
async function judgeAgain({ runtime, settings }: Pass, { outcomes }: Reconciled): Promise<void> {
  const isDone = outcomes.some(({ action, result }) => result === 'done' && disabling.includes(action));
  if (settings.configRuleName === '' || !isDone) return;
  try {
    await evaluateAgain(runtime.aws, settings.configRuleName);
  } catch (error) {
    runtime.log.warn('Cannot have the Config rule evaluated again', { because: messageOf(error) });
  }
}

/** The alarm of a queue names neither. What cannot be read, or told, now is in the log. */
async function tellOfLast(pass: Pass, { userName, userId, accessKeyId = '' }: WorkMessage, error: unknown) {
  const message = `Exposed key ${accessKeyId} of ${userName} was not dealt with in ${MOST_RECEIVES} tries. ${messageOf(error)}`;
  pass.runtime.log.error('Exposed key given up', { userName, userId, accessKeyId, because: messageOf(error) });
  try {
    const state = await observeUser(withoutSecret(pass.reader), { userName, userId }, () => false);
    const step = { action: 'announce-exposed', accessKeyId, reason: 'exposed', message, continues: false } as const;
    if (state !== undefined) await announceExposed({ pass, state, step });
  } catch (failure) {
    pass.runtime.log.error('Exposed key not told of', { accessKeyId, because: messageOf(failure) });
  }
}

/** Trying again would fail again, so the message is done with; the topic, the log and the metric say so. */
async function fail(pass: Pass, message: WorkMessage, error: RotationError): Promise<void> {
  const { runtime, request } = pass;
  const { userName, userId } = message;
  runtime.log.error('Pass failed', {
    runId: request.runId,
    userName,
    userId,
    code: error.code,
    because: messageOf(error),
  });
  runtime.meter.add('Failed', 1);
  // Told by itself, with the command that helps.
  if (error.facts.action === 'deactivate-exposed') return;
  // A failed step was planned for a user who may be changed; before that nothing is known, not even an exemption.
  const isStep = actionNames.some((action) => action === error.facts.action);
  await announceFailure(pass, message, { error, isRecordable: isStep, isProbe: message.isProbe ?? false });
}
