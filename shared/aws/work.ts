import { type ActionName, actionNames } from '../core/answer.ts';
import { ConflictError, messageOf, RotationError } from '../core/errors.ts';
import { parseWorkMessage, type WorkMessage } from '../core/events.ts';
import { parseSettings } from '../core/settings.ts';
import type { Invocation } from '../lambda/handler.ts';
import type { Runtime } from '../lambda/runtime.ts';
import { announceFailure } from './apply/failed.ts';
import { evaluateAgain } from './evaluate-again.ts';
import { openPass, type Pass } from './pass.ts';
import { type Reconciled, reconcile } from './reconcile.ts';
import { refusedHere } from './refusals.ts';
import { whoUses } from './who-uses.ts';

/**
 * One message of the queue: one user, observed anew, so an old or repeated message is harmless. Throws what should
 * bring the message back: a body that does not parse, and failures that may pass. Blocked and busy are success; a
 * failure that stays is announced.
 */
export async function work(runtime: Runtime, invocation: Invocation, body: string): Promise<void> {
  const settings = parseSettings(runtime.environment);
  const message = parseWorkMessage(body);
  const { origin, accessKeyId, mayIssue, mayRepeat } = message;
  const refusal = refusedHere(runtime.memory, runtime.clock());
  const asks = {
    origin,
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    // Config has no share of the day, whatever its message says.
    ...(mayIssue === undefined || origin !== 'schedule' ? {} : { mayIssue }),
    ...(mayRepeat === undefined ? {} : { mayRepeat }),
    ...(refusal === undefined || origin === 'exposed' ? {} : { refusal }),
  };
  const pass: Pass = {
    ...(await openPass(runtime, settings, invocation, { ...asks, isQueued: true })),
    ...(settings.cloudtrailLookups ? { whoUses: askCloudTrail(runtime) } : {}),
  };
  try {
    const result = await reconcile(pass, message, { isDryRun: !settings.enforce });
    // Nobody but KMS can help, so the message comes back, and its dead-letter queue has an alarm.
    if (result.reason === 'state-key-unavailable') throw new ConflictError(result.message, { action: origin });
    if (result.status === 'busy' && origin === 'exposed') throw new ConflictError(result.message, { action: origin });
    await judgeAgain(pass, result);
  } catch (error) {
    if (!(error instanceof RotationError) || error.isTransient || !settings.enforce) throw error;
    await fail(pass, message, error);
  }
}

/** Never throws: a reminder goes out whatever CloudTrail says. The log has why it said nothing. */
function askCloudTrail(runtime: Runtime): NonNullable<Pass['whoUses']> {
  return async (accessKeyId, { region }) => {
    const question = { accessKeyId, regions: [region], now: runtime.clock() };
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
  // A failed step was planned for a user who may be changed; before that nothing is known, not even an exemption.
  const isStep = actionNames.some((action) => action === error.facts.action);
  await announceFailure(pass, message, error, { isRecordable: isStep, isProbe: message.isProbe ?? false });
}
