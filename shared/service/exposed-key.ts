import { announceNobody } from '../apply/announce.ts';
import { announceExposed } from '../apply/exposed.ts';
import { openPass, type Pass } from '../apply/pass.ts';
import { STALE_READS } from '../apply/secret.ts';
import { enqueue } from '../aws/enqueue.ts';
import { userWithKey } from '../aws/key-owner.ts';
import { observeUser, withoutSecret } from '../aws/observe.ts';
import { ownAccountId } from '../aws/own-account.ts';
import type { Invocation, Runtime } from '../aws/runtime.ts';
import { messageOf, RotationError } from '../core/errors.ts';
import type { ExposureEvent, OfMember } from '../core/events.ts';
import type { UserState } from '../core/model.ts';
import { present } from '../core/present.ts';
import { parseSettings } from '../core/settings.ts';
import { signMessage } from '../core/signed-message.ts';
import { formatInstant } from '../core/time.ts';
import type { Hands } from './fleet-exposed-key.ts';
import { hasFleet } from './has-fleet.ts';
import { hasKey, isDealtWith } from './is-dealt-with.ts';
import { quarantineNote } from './quarantine.ts';
import { type Reconciled, reconcile } from './reconcile.ts';

/** What became of one exposed key. */
export interface ExposedKeyAnswer {
  accessKeyId: string;
  /** `unknown`: no IAM user of this account has the key. `enqueued`: the worker tries again. */
  status: Reconciled['status'] | 'unknown' | 'enqueued';
  message: string;
  userName?: string;
  /** AWS's quarantine policies on the user: reported, never removed. */
  quarantinePolicies: readonly string[];
}

/**
 * Deactivates and replaces every access key that AWS Health names, one after the other. A repeated event, also from
 * another Region, finds the key inactive and changes nothing. On a mere suspicion nothing is changed unless
 * `suspectedKeys` says so: then somebody is told. Throws after all keys were tried, naming each failure and each entity
 * that is no key.
 */
export async function handleExposure(
  runtime: Runtime,
  invocation: Invocation,
  event: ExposureEvent,
): Promise<{ schemaVersion: 1; keys: ExposedKeyAnswer[] }> {
  const hands = await handsFor(runtime, invocation, event);
  const keys: ExposedKeyAnswer[] = [];
  const failures = event.unreadable.map((entity) => `${entity} is no access key ID: see the event in AWS Health.`);
  for (const accessKeyId of event.accessKeyIds) {
    try {
      keys.push(await handleKey(hands, invocation, { event, accessKeyId }));
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  if (failures.length > 0) throw new RotationError(`Not every exposed key was dealt with: ${failures.join(' ')}`);
  return { schemaVersion: 1, keys };
}

/** One of the keys that an event names. */
interface Named {
  event: ExposureEvent;
  accessKeyId: string;
}

async function handsFor(runtime: Runtime, invocation: Invocation, event: ExposureEvent): Promise<Hands> {
  const alone: Hands = { runtime, acting: () => runtime };
  if (!hasFleet(runtime)) return alone;
  const { handsInFleet } = await import('./fleet-exposed-key.ts');
  return (await handsInFleet(runtime, invocation, event)) ?? alone;
}

async function handleKey(hands: Hands, invocation: Invocation, named: Named): Promise<ExposedKeyAnswer> {
  const { event, accessKeyId } = named;
  const { runtime } = hands;
  const settings = parseSettings(runtime.environment);
  const { reportedAt } = event;
  const asks = { origin: 'exposed', accessKeyId, isQueued: false, ...present({ reportedAt }) } as const;
  const pass = await openPass(runtime, settings, invocation, asks);
  const refusal = await hands.refusal?.(accessKeyId);
  if (refusal !== undefined) return tellOfRefusal(pass, hands, { accessKeyId, message: refusal });
  let { userName, state } = await findKey(pass, accessKeyId);
  if (state === undefined) {
    // IAM may not show yet what was made seconds ago.
    await runtime.sleep(STALE_READS);
    const again = await findKey(pass, accessKeyId);
    userName ??= again.userName;
    ({ state } = again);
  }
  if (userName === undefined) return tellOfNobody(pass, hands, named);
  if (state === undefined) {
    const message = `User ${userName} of this account no longer has the key ${accessKeyId}; nothing was changed.`;
    return { accessKeyId, status: 'unknown', message, quarantinePolicies: [] };
  }
  if (event.certainty === 'suspected' && settings.suspectedKeys === 'tell') {
    return tellOfSuspicion(pass, state, named);
  }
  const acting = hands.acting(state.user);
  const own = acting === runtime ? pass : await openPass(acting, settings, invocation, asks);
  const policies: string[] = [];
  const noted = { ...own, note: () => noteOf(hands, pass, { state, policies }) };
  const answer = { accessKeyId, userName, quarantinePolicies: policies };
  const result = await tryNow(noted, state, accessKeyId);
  if (result === undefined) return { ...answer, ...(await tryLater(own, state, { ...named, ...hands.beside })) };
  return { ...answer, status: result.status, message: result.message };
}

/** The user whose key it is, and who has it still; who has the key, and what it is, IAM says. */
async function findKey(
  { runtime, reader }: Pass,
  accessKeyId: string,
): Promise<{ userName?: string | undefined; state?: UserState | undefined }> {
  const userName = await userWithKey(runtime.aws, accessKeyId);
  if (userName === undefined) return {};
  const state = await observeUser(withoutSecret(reader), { userName }, () => false);
  return { userName, state: hasKey(state, accessKeyId) ? state : undefined };
}

/** A delegated administrator is sent the events of other accounts, and the root user's keys are no user's. */
async function tellOfNobody(
  pass: Pass,
  { accountId: known }: Hands,
  { event, accessKeyId }: Named,
): Promise<ExposedKeyAnswer> {
  const accountId = known ?? (await ownAccountId(pass.runtime.aws));
  const isElsewhere = event.accountId !== undefined && event.accountId !== accountId;
  const whose = isElsewhere ? ` AWS says that it is of account ${event.accountId}.` : '';
  const message = `No IAM user of account ${accountId} has the key ${accessKeyId} (${event.code}); nothing was changed.${whose}`;
  await announceNobody(pass, { accountId, accessKeyId, message });
  return { accessKeyId, status: 'unknown', message, quarantinePolicies: [] };
}

/** Nothing may be done there; somebody has to know all the same. */
async function tellOfRefusal(
  pass: Pass,
  { accountId = '' }: Hands,
  { accessKeyId, message }: { accessKeyId: string; message: string },
): Promise<ExposedKeyAnswer> {
  await announceNobody(pass, { accountId, accessKeyId, message });
  return { accessKeyId, status: 'unknown', message, quarantinePolicies: [] };
}

async function tellOfSuspicion(
  pass: Pass,
  state: UserState,
  { event: { code }, accessKeyId }: Named,
): Promise<ExposedKeyAnswer> {
  const { userName } = state.user;
  const { status = 'gone' } = { ...state.keys.find((key) => key.accessKeyId === accessKeyId) };
  const message = `AWS only suspects that key ${accessKeyId} of ${userName} is known to others (${code}), so nothing is changed: the key is ${status}.`;
  const step = {
    action: 'announce-exposed',
    accessKeyId,
    reason: 'exposure-suspected',
    message,
    continues: false,
  } as const;
  await announceExposed({ pass, state, step });
  return { accessKeyId, userName, status: 'unchanged', message, quarantinePolicies: [] };
}

async function noteOf(
  hands: Hands,
  pass: Pass,
  { state, policies }: { state: UserState; policies: string[] },
): Promise<string | undefined> {
  const quarantine = await quarantineNote(pass, state, policies);
  const notes = [quarantine, await hands.note?.()].filter((each) => each !== undefined);
  return notes.length === 0 ? undefined : notes.join(' ');
}

/** Undefined: there is more to do later, because another run has the user or AWS could not answer. */
async function tryNow(pass: Pass, { user }: UserState, accessKeyId: string): Promise<Reconciled | undefined> {
  const isDryRun = !pass.settings.enforce;
  try {
    const result = await reconcile(pass, user, { isDryRun });
    return isDryRun || isDealtWith(result, accessKeyId) ? result : undefined;
  } catch (error) {
    if (!(error instanceof RotationError) || !error.isTransient) throw error;
    pass.runtime.log.warn('Tried again through the queue', { userName: user.userName, because: messageOf(error) });
    return undefined;
  }
}

async function tryLater(
  { runtime, settings, stateKey }: Pass,
  { user }: UserState,
  { event, accessKeyId, path, notAfter, accountName }: Named & OfMember,
): Promise<Pick<ExposedKeyAnswer, 'status' | 'message'>> {
  const { accountId, userId, userName } = user;
  if (stateKey === undefined) {
    const message = `Exposed key ${accessKeyId} of ${userName} is neither replaced nor recorded while KMS does not provide the state key.`;
    throw new RotationError(message, { userName, isTransient: true });
  }
  const body = {
    schemaVersion: 1,
    accountId,
    userId,
    userName,
    origin: 'exposed',
    requestId: event.eventId,
    accessKeyId,
    ...present({ path, notAfter, accountName }),
    ...(event.reportedAt === undefined ? {} : { reportedAt: formatInstant(event.reportedAt) }),
  } as const;
  const { failed } = await enqueue(runtime.aws, settings.queueUrl, [signMessage(stateKey, body)]);
  if (failed.length > 0)
    throw new RotationError(`Cannot enqueue ${userName} for the exposed key ${accessKeyId}.`, { userName });
  return {
    status: 'enqueued',
    message: `Key ${accessKeyId} of ${userName} is handed to the worker through the queue.`,
  };
}
