import { listAccessKeys } from '../aws/observe.ts';
import type { Step } from '../core/answer.ts';
import { ConflictError, RotationError } from '../core/errors.ts';
import type { TransitionVerb } from '../core/model.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import { versionWith } from '../core/secret-versions.ts';
import { DAY, formatDate } from '../core/time.ts';
import { deleteAccessKey, setStatus } from './access-keys.ts';
import { type Attempt, type StepOf, situationOf } from './attempt.ts';
import { type Ending, leased } from './frame.ts';
import { abandon, type Leased } from './lease.ts';
import type { Outcome } from './pass.ts';
import { currentSince, recordNow, recordsOf, takeOwnLabelOff } from './records.ts';
import { tagSecret, untagSecret } from './secret.ts';
import { moveCurrent } from './secret-value.ts';

type TransitionStep = StepOf<'deactivate' | 'retire' | 'delete' | 'roll-back' | 'move-forward'>;
type KeyStep = Extract<Step, { accessKeyId: string }>;

/** The transitions on one key that is there already. */
export function transition(attempt: Attempt<TransitionStep>): Promise<Outcome> {
  const { action, accessKeyId } = attempt.step;
  return leased(attempt, { verb: action, accessKeyIds: [accessKeyId] }, async (ours) => {
    await writeOrAbandon(ours);
    return endingOf(ours, action);
  });
}

async function writeOrAbandon(ours: Leased<TransitionStep>): Promise<void> {
  const { pass, step, lease } = ours;
  const hasSeveralWrites = step.action === 'roll-back' || step.action === 'move-forward';
  try {
    await write(ours);
  } catch (error) {
    // Refused for certain before anything was done: the intent has nothing to remember.
    if (error instanceof RotationError && error.isDefinite && !hasSeveralWrites) await abandon(pass, lease);
    throw error;
  }
}

/** The one change that the transition is about. */
async function write(ours: Leased<TransitionStep>): Promise<void> {
  const { pass, state, step } = ours;
  const { accessKeyId } = step;
  switch (step.action) {
    case 'deactivate':
    case 'retire':
      return setStatus(pass, state.user, { accessKeyId, status: 'Inactive' });
    case 'delete':
      return deleteAccessKey(pass, state.user, accessKeyId);
    case 'roll-back':
      return rollBack({ ...ours, step });
    case 'move-forward':
      // Before the move, so that no grace period runs on the key that is current again before its owner is told.
      await untagSecret(pass, state.secret, secretTagNames.currentSince);
      return moveTo(ours);
  }
}

/** The hold first: if the run dies after it, no schedule undoes half of the rollback. */
async function rollBack(ours: Leased<StepOf<'roll-back'>>): Promise<void> {
  const { pass, state, step } = ours;
  const { user, secret } = state;
  const { accessKeyId } = step;
  await tagSecret(pass, secret, { [secretTagNames.hold]: formatDate(step.holdUntil) });
  await untagSecret(pass, secret, secretTagNames.currentSince, ...recordsOf(secret, accessKeyId));
  await setStatus(pass, user, { accessKeyId, status: 'Active' });
  await moveTo(ours);
  const keys = await listAccessKeys(pass.runtime.aws, user.userName);
  if (keys.some((key) => key.accessKeyId === accessKeyId && key.status === 'Active')) return;
  throw new ConflictError(`Key ${accessKeyId} of ${user.userName} was reactivated, but IAM does not show it Active.`);
}

/** AWSCURRENT to the key's version, unless it is there, or the key was never stored. */
async function moveTo({ pass, state: { secret }, step, lease }: Leased<TransitionStep>): Promise<void> {
  const toVersionId = versionWith(secret, step.accessKeyId);
  if (toVersionId === undefined || versionWith(secret, 'AWSCURRENT') === toVersionId) return;
  const fromVersionId = lease.intent.versionId;
  if (fromVersionId === undefined)
    throw new ConflictError(`Secret ${secret.name} had no current version to move from.`);
  await moveCurrent(pass, secret, { fromVersionId, toVersionId });
}

/** What is told and recorded of a transition, also of one that another run began. */
export function endingOf(ours: Leased<KeyStep>, verb: Exclude<TransitionVerb, 'issue'>): Ending {
  switch (verb) {
    case 'deactivate':
      return deactivated(ours, 'deactivated');
    case 'retire':
      return deactivated(ours, 'retired');
    case 'delete':
      return deleted(ours);
    case 'roll-back':
      return rolledBack(ours);
    case 'move-forward':
      return movedForward(ours);
  }
}

function deactivated(ours: Leased<KeyStep>, event: 'deactivated' | 'retired'): Ending {
  const { pass, state, step } = ours;
  const { accessKeyId } = step;
  const { settings, now } = situationOf(ours);
  const { recoveryDays } = settings;
  return {
    announcement: { event, accessKeyId, next: { action: 'delete', notBefore: now + recoveryDays * DAY } },
    record: (told) =>
      tagSecret(pass, state.secret, { ...recordNow(pass, 'deactivated', { accessKeyId, recoveryDays }), ...told }),
  };
}

function deleted({ pass, state: { secret }, step: { accessKeyId } }: Leased<KeyStep>): Ending {
  return {
    announcement: { event: 'deleted', accessKeyId },
    record: async (told) => {
      await takeOwnLabelOff(pass, secret, accessKeyId);
      await tagSecret(pass, secret, told);
    },
    alsoUntag: recordsOf(secret, accessKeyId),
  };
}

function rolledBack(ours: Leased<KeyStep>): Ending {
  const { accessKeyId, notBefore } = ours.step;
  const { currentKeyId } = situationOf(ours);
  return {
    announcement: {
      event: 'rolled-back',
      accessKeyId,
      newAccessKeyId: currentKeyId === accessKeyId ? undefined : currentKeyId,
      next: notBefore === undefined ? undefined : { action: 'none', notBefore },
    },
  };
}

function movedForward(ours: Leased<KeyStep>): Ending {
  const { pass, state, step } = ours;
  const { settings, now } = situationOf(ours);
  const { accessKeyId: newAccessKeyId } = step;
  return {
    announcement: {
      event: 'moved-forward',
      accessKeyId: state.keys.find((key) => key.accessKeyId !== newAccessKeyId)?.accessKeyId,
      newAccessKeyId,
      next: { action: 'deactivate', notBefore: now + settings.graceDays * DAY },
    },
    record: (told) =>
      tagSecret(pass, state.secret, {
        ...currentSince(pass, settings, { accessKeyId: newAccessKeyId }),
        ...told,
      }),
  };
}
