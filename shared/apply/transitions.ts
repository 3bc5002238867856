import { listAccessKeys, observeAgain } from '../aws/observe.ts';
import type { Step } from '../core/answer.ts';
import { ConflictError, RotationError } from '../core/errors.ts';
import { formatDeactivated, formatIssued } from '../core/format-secret-tags.ts';
import type { Secret, UserState } from '../core/model.ts';
import { ANY_TIME, parseSecretTags } from '../core/read-secret-tags.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import { assess, keyLabels, versionWith } from '../core/situation.ts';
import { DAY, formatDate, type Instant } from '../core/time.ts';
import { deleteAccessKey, setStatus } from './access-keys.ts';
import { type Announcement, announce } from './announce.ts';
import { currentSince, promote, settle, tell } from './issue.ts';
import { abandon, confirm, countedBy, holds, type Intent, type Lease, release, takeLease, takeOver } from './lease.ts';
import type { Outcome, Pass, Result } from './pass.ts';
import { asksLastUse, isStillPlanned, withDoing } from './replan.ts';
import { ensureSecret, moveCurrent, tagSecret, takeLabelOff, untagSecret } from './secret.ts';

/** Everything that a transition on one key works with once it holds the lease and its plan still stands. */
interface Held {
  pass: Pass;
  state: UserState;
  secret: Secret;
  step: Step;
  lease: Lease;
  accessKeyId: string;
}

type KeyStep = Extract<Step, { accessKeyId: string }>;

/** The four transitions on one key that is there already: announced in `doing`, written, published, recorded. */
export async function transition(
  pass: Pass,
  state: UserState,
  step: Extract<KeyStep, { action: 'deactivate' | 'retire' | 'delete' | 'roll-back' | 'move-forward' }>,
  now: Instant,
): Promise<Outcome> {
  const secret = await ensureSecret(pass, state.user, state.secret);
  const versionId = versionWith(secret, 'AWSCURRENT');
  const intent: Intent = {
    verb: step.action,
    accessKeyIds: [step.accessKeyId],
    ...(versionId === undefined ? {} : { versionId }),
  };
  const lease = await takeLease(pass, state, secret, intent, now, countedTag(pass, step));
  if (lease === undefined) return outcome(step, 'busy');
  const held = await hold(pass, state, step, lease, now, undefined);
  if (held === 'changed') await abandon(pass, lease);
  if (typeof held === 'string') return outcome(step, held, lease);
  try {
    await write(held);
  } catch (error) {
    // Refused for certain before anything was done: the intent has nothing to remember.
    if (error instanceof RotationError && error.isDefinite && !hasSeveralWrites(step)) await abandon(pass, lease);
    throw error;
  }
  await conclude(held);
  return outcome(step, 'done', lease);
}

/** By hand as many keys may be retired as somebody likes; otherwise so many a day as are issued. */
function countedTag({ runtime, request: { origin } }: Pass, { action }: Step): Record<string, string> {
  if (action !== 'retire' || origin === 'manual') return {};
  return { [secretTagNames.issuedOn]: formatIssued({ day: runtime.clock(), origin }) };
}

/** Row 4: finishes, or clears, what another run began. */
export async function resume(
  pass: Pass,
  state: UserState,
  step: Extract<Step, { action: 'finish' | 'clear-intent' }>,
  now: Instant,
): Promise<Outcome> {
  const held = await holdInterrupted(pass, state, step, now);
  if ('result' in held) return held;
  const { lease } = held;
  if (step.action === 'clear-intent') {
    if (step.restartGrace) await untagSecret(pass, held.secret, secretTagNames.currentSince);
    if (step.tells !== undefined) await tellCleared(held, step.tells);
    return outcome(step, (await forget(held)) ? 'done' : 'changed', lease);
  }
  if (step.verb === 'issue') return finishIssue(held);
  await conclude(held);
  return outcome(step, 'done', lease);
}

/** An issue whose key its owner was told of has only not taken its intent off. */
function fruitless({ secret, lease: { doing } }: Held): string[] {
  const { currentSince: since } = parseSecretTags(secret.tags, ANY_TIME).tags;
  return since !== undefined && since.at >= doing.at ? [] : countedBy(doing.verb);
}

/**
 * Takes the intent off. An issue's stays while a key shows that it may have left behind, unless it is too old to be acted
 * on: then the key is somebody's to decide about, and to keep the intent would be to tell of it every day.
 */
async function forget(held: Held): Promise<boolean> {
  const { pass, state, step, lease } = held;
  const isTold = step.action === 'clear-intent' && step.tells === 'failed';
  if (!isTold) return settle(pass, state, lease, ...fruitless(held));
  await release(pass, lease, ...fruitless(held));
  return true;
}

async function tellCleared({ pass, state, secret, step, lease, accessKeyId }: Held, event: 'reactivated' | 'failed') {
  const { tag } = await announce(pass, state, step, { event, transitionId: lease.transitionId, accessKeyId });
  await tagSecret(pass, secret, tag);
}

/** Takes over the intent that is there, and reads everything again under it; an outcome, if there is nothing to hold. */
export async function holdInterrupted(pass: Pass, state: UserState, step: Step, now: Instant): Promise<Held | Outcome> {
  const { secret } = state;
  const { doing } = parseSecretTags(secret?.tags ?? {}, now).tags;
  if (secret === undefined || doing === undefined) return outcome(step, 'changed');
  const lease = await takeOver(pass, state, secret, doing, now);
  if (lease === undefined) return outcome(step, 'busy');
  const held = await hold(pass, state, step, lease, now, secret.tags[secretTagNames.doing]);
  return typeof held === 'string' ? outcome(step, held, lease) : held;
}

async function finishIssue({ pass, state, secret, step, lease, accessKeyId }: Held): Promise<Outcome> {
  const versionId = versionWith(secret, accessKeyId);
  if (versionId === undefined) return outcome(step, 'changed', lease);
  const isCurrent = versionWith(secret, 'AWSCURRENT') === versionId;
  if (!isCurrent && !(await promote(pass, lease, versionId))) return outcome(step, 'lost', lease);
  await tell(pass, state, step, lease, accessKeyId);
  return outcome(step, 'done', lease);
}

/**
 * Reads everything again under the lease: `busy`, the lease is somebody else's; `changed`, the plan no longer holds.
 * `doing` is the intent that stood there when the step was planned.
 */
async function hold(
  pass: Pass,
  state: UserState,
  step: Step,
  lease: Lease,
  now: Instant,
  doing: string | undefined,
): Promise<Held | 'busy' | 'changed'> {
  const at = pass.runtime.clock();
  const read = await observeAgain(pass.reader, state.user, asksLastUse(pass, now));
  if (!(await confirm(pass, lease, { secret: read.secret, at }))) return 'busy';
  const fresh = { ...read, secret: lease.secret };
  if (!isStillPlanned(pass, withDoing(fresh, doing), step, now)) return 'changed';
  // The reads may have been slow; somebody who has taken the lease meanwhile goes by what we have not done yet.
  if (!(await holds(pass, lease))) return 'busy';
  const accessKeyId = 'accessKeyId' in step ? (step.accessKeyId ?? '-') : '-';
  return { pass, state: fresh, secret: fresh.secret, step, lease, accessKeyId };
}

function verbOf({ lease }: Held): Lease['doing']['verb'] {
  return lease.doing.verb;
}

function hasSeveralWrites(step: Step): boolean {
  return step.action === 'roll-back' || step.action === 'move-forward';
}

/** The one change that the transition is about. */
async function write(held: Held): Promise<void> {
  const { pass, state, secret, accessKeyId, lease } = held;
  switch (verbOf(held)) {
    case 'deactivate':
    case 'retire':
      return setStatus(pass, state.user, accessKeyId, 'Inactive');
    case 'delete':
      return deleteAccessKey(pass, state.user, accessKeyId);
    case 'roll-back':
      return rollBack(held);
    case 'move-forward':
      // Before the move, so that nobody's time runs on the key that is current again before they are told.
      await untagSecret(pass, secret, secretTagNames.currentSince);
      return moveTo(pass, secret, lease, accessKeyId);
    case 'issue':
      throw new ConflictError('An issue is not a transition on a key that is there already.');
  }
}

/** The hold first: whatever dies after it, no schedule undoes the half of it. */
async function rollBack({ pass, state, secret, step, lease, accessKeyId }: Held): Promise<void> {
  if (step.action !== 'roll-back') throw new ConflictError('A roll-back is never finished by another run.');
  await tagSecret(pass, secret, { [secretTagNames.hold]: formatDate(step.holdUntil) });
  await untagSecret(pass, secret, secretTagNames.currentSince, ...recordsOf(secret, accessKeyId));
  await setStatus(pass, state.user, accessKeyId, 'Active');
  await moveTo(pass, secret, lease, accessKeyId);
  const keys = await listAccessKeys(pass.runtime.aws, state.user.userName);
  if (keys.some((key) => key.accessKeyId === accessKeyId && key.status === 'Active')) return;
  throw new ConflictError(
    `Key ${accessKeyId} of ${state.user.userName} was reactivated, but IAM does not show it Active.`,
  );
}

/** AWSCURRENT to the key's version, unless it is there, or the key was never stored. */
async function moveTo(pass: Pass, secret: Secret, lease: Lease, accessKeyId: string): Promise<void> {
  const versionId = versionWith(secret, accessKeyId);
  if (versionId === undefined || versionWith(secret, 'AWSCURRENT') === versionId) return;
  if (lease.doing.versionId === undefined)
    throw new ConflictError(`Secret ${secret.name} had no current version to move from.`);
  await moveCurrent(pass, secret, lease.doing.versionId, versionId);
}

/** The tags that record this key as Inactive, or as about to be taken away. */
export function recordsOf(secret: Secret, accessKeyId: string): string[] {
  const { deactivated, inactiveSeen, notice } = parseSecretTags(secret.tags, ANY_TIME).tags;
  return [
    ...(deactivated?.accessKeyId === accessKeyId ? [secretTagNames.deactivated] : []),
    ...(inactiveSeen?.accessKeyId === accessKeyId ? [secretTagNames.inactiveSeen] : []),
    ...(notice?.accessKeyId === accessKeyId ? [secretTagNames.notice] : []),
  ];
}

/** Publish, then record, then take the intent off: a crash in between only repeats the message, under the same id. */
async function conclude(held: Held): Promise<void> {
  const { pass, state, secret, step, lease, accessKeyId } = held;
  const announced = await announce(pass, state, step, announcementOf(held));
  switch (verbOf(held)) {
    case 'deactivate':
    case 'retire': {
      const { recoveryDays } = assess(state, pass.request, pass.settings, pass.runtime.clock()).settings;
      const record = recordNow(pass, 'deactivated', accessKeyId, recoveryDays);
      await tagSecret(pass, secret, { ...record, ...announced.tag });
      break;
    }
    case 'delete': {
      await takeOwnLabelOff(pass, secret, accessKeyId);
      await tagSecret(pass, secret, announced.tag);
      return release(pass, lease, ...recordsOf(secret, accessKeyId));
    }
    case 'move-forward': {
      const { settings } = assess(state, pass.request, pass.settings, pass.runtime.clock());
      await tagSecret(pass, secret, {
        [secretTagNames.currentSince]: currentSince(pass, settings, accessKeyId),
        ...announced.tag,
      });
      break;
    }
    case 'roll-back':
    case 'issue':
      await tagSecret(pass, secret, announced.tag);
  }
  await release(pass, lease);
}

const events = {
  issue: 'issued',
  deactivate: 'deactivated',
  retire: 'retired',
  delete: 'deleted',
  'roll-back': 'rolled-back',
  'move-forward': 'moved-forward',
} as const;

function announcementOf(held: Held): Announcement {
  const { pass, state, step, lease, accessKeyId } = held;
  const verb = verbOf(held);
  const common = { event: events[verb], transitionId: lease.transitionId };
  const { currentKeyId, settings, now } = assess(state, pass.request, pass.settings, pass.runtime.clock());
  switch (verb) {
    case 'move-forward': {
      const old = state.keys.find((key) => key.accessKeyId !== accessKeyId)?.accessKeyId;
      const next = { action: 'deactivate', notBefore: now + settings.graceDays * DAY };
      return { ...common, accessKeyId: old, newAccessKeyId: accessKeyId, next };
    }
    case 'roll-back': {
      const next = step.notBefore === undefined ? undefined : { action: 'none', notBefore: step.notBefore };
      const newAccessKeyId = currentKeyId === accessKeyId ? undefined : currentKeyId;
      return { ...common, accessKeyId, newAccessKeyId, next };
    }
    case 'deactivate':
    case 'retire': {
      const next = { action: 'delete', notBefore: now + settings.recoveryDays * DAY };
      return { ...common, accessKeyId, next };
    }
    default:
      return { ...common, accessKeyId };
  }
}

/** A record that a key is Inactive, from now, and how long it is kept. */
export function recordNow(
  pass: Pass,
  kind: 'deactivated' | 'inactiveSeen',
  accessKeyId: string,
  recoveryDays?: number,
): Record<string, string> {
  const at = pass.runtime.clock();
  pass.wroteAt.add(at);
  const promise = recoveryDays === undefined ? {} : { recoveryDays };
  return { [secretTagNames[kind]]: formatDeactivated({ at, accessKeyId, ...promise }) };
}

/** The key is gone: its label comes off, and so does its record. */
export async function forgetKey(pass: Pass, secret: Secret, accessKeyId: string): Promise<void> {
  await takeOwnLabelOff(pass, secret, accessKeyId);
  await untagSecret(pass, secret, ...recordsOf(secret, accessKeyId));
}

/** Unless AWSCURRENT is there too: then the label says that the current key is gone. */
async function takeOwnLabelOff(pass: Pass, secret: Secret, accessKeyId: string): Promise<void> {
  const label = keyLabels(secret).find((candidate) => candidate.accessKeyId === accessKeyId);
  if (label === undefined || label.versionId === versionWith(secret, 'AWSCURRENT')) return;
  await takeLabelOff(pass, secret, accessKeyId, label.versionId);
}

export function outcome(step: Step, result: Result, lease?: Lease): Outcome {
  const about = 'accessKeyId' in step && step.accessKeyId !== undefined ? { accessKeyId: step.accessKeyId } : {};
  return { action: step.action, result, transitionId: lease?.transitionId ?? '-', ...about };
}
