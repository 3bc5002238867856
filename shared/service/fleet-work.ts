import type { FleetRefusal, Pass } from '../apply/pass.ts';
import { isCalm } from '../aws/alarm.ts';
import type { Delivery } from '../aws/dequeue.ts';
import { showAgainIn } from '../aws/enqueue.ts';
import { isRefusedRole } from '../aws/member-session.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { readStateKey } from '../aws/state-key.ts';
import { takeTicket } from '../aws/tickets.ts';
import { admitsStrangers } from '../aws/trust.ts';
import { messageOf } from '../core/errors.ts';
import { parseWorkMessage, type WorkMessage } from '../core/events.ts';
import { BREAKER_VARIABLE, fleetQueue } from '../core/fleet/queues.ts';
import { dryRunBecause, select } from '../core/fleet/select.ts';
import type { Place } from '../core/fleet/settings-for.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { parseSettings } from '../core/settings.ts';
import { isSignedByUs } from '../core/signed-message.ts';
import { parseInstant, SECOND } from '../core/time.ts';
import type { FleetRuntime } from './has-fleet.ts';
import { asMember, asMemberAnyhow, placeOf } from './member.ts';

/** What a fleet adds to a pass. */
export type FleetPass = Pick<Pass, 'mayBegin' | 'note'>;

/** One message about a user, whichever account it is of. */
type WorkOn = (runtime: Runtime, invocation: Invocation, delivery: Delivery, fleetPass: FleetPass) => Promise<void>;

/**
 * One message about a user of a member account. A message that is too old, says nothing of where the account is, or is
 * about one that the fleet does not look after is dropped: the next scan enqueues again whoever is due. A member that
 * refuses its role is one line and a metric, and never a message to an owner. What fails is visible again soon, since it
 * keeps others of its account waiting.
 */
export async function workInFleet(
  runtime: FleetRuntime,
  invocation: Invocation,
  delivery: Delivery,
  workOn: WorkOn,
): Promise<void> {
  await hideWhileAtWork(runtime, invocation, delivery);
  try {
    await workInMember(runtime, invocation, delivery, workOn);
  } catch (error) {
    if (isRefusedRole(error)) return refused(runtime, parseWorkMessage(delivery.body), error);
    await showSoon(runtime, delivery);
    throw error;
  }
}

async function workInMember(
  runtime: FleetRuntime,
  invocation: Invocation,
  delivery: Delivery,
  workOn: WorkOn,
): Promise<void> {
  const message = parseWorkMessage(delivery.body);
  const { accountId, userId, userName, path = '', accountName: name } = message;
  const isExposed = await isSignedExposure(runtime, message);
  const because = isExposed && path === '' ? undefined : notBelieved(runtime, message);
  if (because !== undefined) return drop(runtime, message, because);
  const place = await placeOf(runtime, { accountId, path, name });
  const session = { by: 'worker', runId: invocation.runId, user: { userId, userName } };
  const memberOf = isExposed ? asMemberAnyhow : asMember;
  const member = memberOf(runtime, { ...place, isDryRun: false }, 'rotate', session);
  // Asked for before anything else, so that a refusal is about the account and not about a step.
  await member.aws.iam.config.credentials();
  const drift = await driftOf(runtime, place);
  if (drift !== undefined && !isExposed) return drop(runtime, message, { reason: 'trust-changed', because: drift });
  if (drift !== undefined) runtime.log.error('Trust changed', { accountId, because: drift });
  const note = drift === undefined ? {} : { note: () => Promise.resolve(drift) };
  await workOn(member, invocation, delivery, { mayBegin: () => mayBegin(runtime), ...note });
}

/** Deactivating an exposed key is bounded by IAM alone: it does not wait for the organization to say where the account is. */
async function isSignedExposure(runtime: FleetRuntime, message: WorkMessage): Promise<boolean> {
  if (message.origin !== 'exposed') return false;
  try {
    return isSignedByUs(await readStateKey(runtime, parseSettings(runtime.environment)), message);
  } catch {
    // The pass asks again, and has the message come back.
    return true;
  }
}

interface Because {
  reason: ReasonCode;
  because: string;
}

function notBelieved(runtime: FleetRuntime, message: WorkMessage): Because | undefined {
  const { accountId, path, notAfter } = message;
  const until = notAfter === undefined ? undefined : parseInstant(notAfter);
  if (path === undefined || until === undefined) {
    return { reason: 'message-too-old', because: 'it does not say where the account is, and until when that holds' };
  }
  if (runtime.clock() >= until)
    return { reason: 'message-too-old', because: `it was not to be used after ${notAfter}` };
  // By what the message says. IAM decides the same by where the account is now.
  const account = { accountId, path, name: '', state: 'ACTIVE', isManagement: false };
  const selection = select(runtime.fleet, account, runtime.clock());
  if (!selection.isMember) return { reason: selection.reason, because: `account ${accountId} ${selection.because}` };
  const dryRun = dryRunBecause(selection);
  return dryRun === undefined ? undefined : { reason: 'wave-dry-run', because: `account ${accountId} ${dryRun}` };
}

function drop({ log, meter }: FleetRuntime, message: WorkMessage, { reason, because }: Because): void {
  const { accountId, userName, userId } = message;
  meter.add('MessagesDropped', 1);
  log.warn('Message dropped', { accountId, userName, userId, reason, because });
}

function refused({ log, meter }: FleetRuntime, message: WorkMessage, error: Error): void {
  const { accountId, userName, userId } = message;
  meter.add('RolesRefused', 1);
  log.warn('Role refused', { accountId, userName, userId, reason: 'role-refused', because: messageOf(error) });
}

/** Once for each account and container: the role must not be given to whoever does not know its external ID. */
async function driftOf(runtime: FleetRuntime, place: Place): Promise<string | undefined> {
  const { memory } = runtime;
  memory.trusted ??= new Set();
  if (memory.trusted.has(place.accountId)) return undefined;
  if (await admitsStrangers(runtime, place, 'rotate')) {
    return `keyturn-rotate in ${place.accountId} may be taken without the external ID: its trust was changed.`;
  }
  memory.trusted.add(place.accountId);
  return undefined;
}

/** The breaker first: it costs nothing. Any doubt about it is a no. */
async function mayBegin(runtime: FleetRuntime): Promise<FleetRefusal | undefined> {
  const { aws, environment, clock, fleet, log } = runtime;
  const alarmName = environment[BREAKER_VARIABLE] ?? '';
  if (alarmName !== '') {
    const calm = await isCalm(aws, alarmName).catch((error: unknown) => {
      log.warn('Cannot see whether the breaker of the fleet is open', { because: messageOf(error) });
      return false;
    });
    if (!calm) return { reason: 'breaker-open', because: 'new keys do not work in several accounts of the fleet' };
  }
  const isTaken = await takeTicket(aws, fleetQueue(environment, 'ticketsQueueUrl'), clock);
  if (isTaken) return undefined;
  const { maxNewRotationsPerDay: limit } = fleet.limits;
  return {
    reason: 'daily-limit',
    because: `limits.maxNewRotationsPerDay of the fleet is ${limit}, and they have begun`,
  };
}

/** So that a message whose worker died keeps its account waiting no longer than that could have taken. */
const SPARE = 30;
/** After how many seconds a message is visible again that has failed so often; at once after that: it leaves for the dead letters. */
const SHOWN_AFTER = [30, 60, 120] as const;

async function hideWhileAtWork(runtime: FleetRuntime, { deadlineAt }: Invocation, delivery: Delivery): Promise<void> {
  const left = Math.max(0, Math.ceil((deadlineAt - runtime.clock()) / SECOND));
  await showIn(runtime, delivery, left + SPARE);
}

async function showSoon(runtime: FleetRuntime, delivery: Delivery): Promise<void> {
  // Its own schedule is for it alone, and it waits for nobody.
  if (parsedOrigin(delivery.body) === 'exposed') return;
  const [seconds = 0] = SHOWN_AFTER.slice(delivery.receiveCount - 1);
  await showIn(runtime, delivery, seconds);
}

function parsedOrigin(body: string): string | undefined {
  try {
    return parseWorkMessage(body).origin;
  } catch {
    return undefined;
  }
}

/** If it cannot be, the queue's own time applies. */
async function showIn(
  { aws, environment, log }: FleetRuntime,
  { receiptHandle }: Delivery,
  seconds: number,
): Promise<void> {
  try {
    await showAgainIn(aws, parseSettings(environment).queueUrl, receiptHandle, seconds);
  } catch (error) {
    log.warn('The message comes back when the queue has it', { because: messageOf(error) });
  }
}
