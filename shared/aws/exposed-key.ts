import { GetAccessKeyLastUsedCommand, paginateListAttachedUserPolicies } from '@aws-sdk/client-iam';
import { isFailure, messageOf, RotationError } from '../core/errors.ts';
import type { ExposureEvent } from '../core/events.ts';
import type { UserState } from '../core/model.ts';
import { parseSettings, type Settings } from '../core/settings.ts';
import type { Invocation } from '../lambda/handler.ts';
import type { Runtime } from '../lambda/runtime.ts';
import { announce } from './apply/announce.ts';
import { enqueue } from './enqueue.ts';
import { observeUser } from './observe.ts';
import { openPass, type Pass } from './pass.ts';
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
 * Replaces and deactivates every access key that AWS Health names, one after the other. A repeated event, also from
 * another Region, finds the key inactive and changes nothing. On a mere suspicion nothing is changed unless
 * `suspectedKeys` says so. Throws after all keys were tried, naming each failure, each suspected key that was left, and
 * each entity that is no key.
 */
export async function handleExposure(
  runtime: Runtime,
  invocation: Invocation,
  event: ExposureEvent,
): Promise<{ schemaVersion: 1; keys: ExposedKeyAnswer[] }> {
  const settings = parseSettings(runtime.environment);
  const keys: ExposedKeyAnswer[] = [];
  const failures = event.unreadable.map((entity) => `${entity} is no access key ID: see the event in AWS Health.`);
  for (const accessKeyId of event.accessKeyIds) {
    if (event.certainty === 'suspected' && settings.suspectedKeys === 'tell') {
      failures.push(
        `${accessKeyId} is only suspected (${event.code}), so it was left as it is: look, and deactivate it.`,
      );
      continue;
    }
    try {
      keys.push(await handleKey(runtime, settings, invocation, { accessKeyId, eventId: event.eventId }));
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  if (failures.length > 0) throw new RotationError(`Exposed keys were not all dealt with: ${failures.join(' ')}`);
  return { schemaVersion: 1, keys };
}

interface Exposure {
  accessKeyId: string;
  eventId: string;
}

async function handleKey(
  runtime: Runtime,
  settings: Settings,
  invocation: Invocation,
  exposure: Exposure,
): Promise<ExposedKeyAnswer> {
  const { accessKeyId } = exposure;
  const userName = await userNameOf(runtime, accessKeyId);
  const pass = await openPass(runtime, settings, invocation, { origin: 'exposed', accessKeyId, isQueued: false });
  const state = userName === undefined ? undefined : await observeUser(pass.reader, { userName });
  if (state === undefined || !state.keys.some((key) => key.accessKeyId === accessKeyId)) {
    const message = `No IAM user of this account has the key ${accessKeyId} any more: nothing is done.`;
    return { accessKeyId, status: 'unknown', message, quarantinePolicies: [] };
  }
  const quarantinePolicies = await quarantineOf(runtime, state.user.userName);
  const answer = { accessKeyId, userName: state.user.userName, quarantinePolicies };
  const result = await tryNow(noted(pass, quarantinePolicies), state, settings);
  if (result === undefined) return { ...answer, ...(await tryLater(runtime, settings, state, exposure)) };
  if (settings.enforce && isLeftAlone(result)) await tell(pass, result);
  return { ...answer, status: result.status, message: result.message };
}

/**
 * For a key that it does not know AWS answers AccessDenied on the key itself, not NoSuchEntity; a missing permission
 * names the user, and must not pass for an unknown key.
 */
async function userNameOf({ aws }: Runtime, accessKeyId: string): Promise<string | undefined> {
  try {
    return (await aws.iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }))).UserName;
  } catch (error) {
    if (isFailure(error, 'NoSuchEntity') || /on resource: access key/.test(messageOf(error))) return undefined;
    throw error;
  }
}

/** Whatever its version: V4 came this month, and there will be others. */
async function quarantineOf({ aws }: Runtime, userName: string): Promise<string[]> {
  const names: string[] = [];
  for await (const page of paginateListAttachedUserPolicies({ client: aws.iam }, { UserName: userName })) {
    for (const { PolicyName } of page.AttachedPolicies ?? []) if (PolicyName !== undefined) names.push(PolicyName);
  }
  return names.filter((name) => name.startsWith('AWSCompromisedKeyQuarantine'));
}

function noted(pass: Pass, policies: readonly string[]): Pass {
  if (policies.length === 0) return pass;
  return { ...pass, note: `AWS has attached ${policies.join(', ')} to the user; Keyturn leaves that to you.` };
}

/** Undefined: somebody else has the user, or AWS could not answer now. */
async function tryNow(pass: Pass, { user }: UserState, settings: Settings): Promise<Reconciled | undefined> {
  try {
    const result = await reconcile(pass, user, { isDryRun: !settings.enforce });
    return result.status === 'busy' ? undefined : result;
  } catch (error) {
    if (!(error instanceof RotationError) || !error.isTransient) throw error;
    pass.runtime.log.warn('Tried again through the queue', { userName: user.userName, because: messageOf(error) });
    return undefined;
  }
}

async function tryLater(
  { aws }: Runtime,
  { queueUrl }: Settings,
  { user }: UserState,
  { accessKeyId, eventId }: Exposure,
): Promise<Pick<ExposedKeyAnswer, 'status' | 'message'>> {
  const { accountId, userId, userName } = user;
  const message = {
    schemaVersion: 1,
    accountId,
    userId,
    userName,
    origin: 'exposed',
    requestId: eventId,
    accessKeyId,
  } as const;
  const { failed } = await enqueue(aws, queueUrl, [message]);
  if (failed.length > 0)
    throw new RotationError(`Cannot enqueue ${userName} for the exposed key ${accessKeyId}.`, { userName });
  return { status: 'enqueued', message: `Key ${accessKeyId} of ${userName} is dealt with through the queue.` };
}

/** Exempt, or with tags that do not parse: nothing is changed, so at least somebody must know at once. */
function isLeftAlone({ outcomes, reason }: Reconciled): boolean {
  return outcomes.length === 0 && (reason === 'exempt' || reason === 'tags-invalid' || reason === 'status-unknown');
}

async function tell(pass: Pass, { state, reason, message }: Reconciled): Promise<void> {
  if (state === undefined) return;
  await announce(pass, state, { reason, message }, { event: 'exposed', accessKeyId: pass.request.accessKeyId });
}
