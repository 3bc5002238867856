import type { Step } from '../core/answer.ts';
import type { UserState } from '../core/model.ts';
import { ORPHAN_RECOVERY } from '../core/situation.ts';
import type { Instant } from '../core/time.ts';
import { deleteAccessKey, setStatus } from './access-keys.ts';
import { announce } from './announce.ts';
import { settle } from './issue.ts';
import { countedBy } from './lease.ts';
import type { Outcome, Pass } from './pass.ts';
import { stillPlanned } from './replan.ts';
import { tagSecret } from './secret.ts';
import { forgetKey, holdInterrupted, outcome, recordNow } from './transitions.ts';

type OrphanStep = Extract<Step, { action: 'deactivate-orphan' | 'record-orphan' | 'delete-orphan' }>;

/** Deals with the leftover of a crashed issue under that issue's own intent, which stays until the key is gone. */
export async function removeOrphan(pass: Pass, state: UserState, step: OrphanStep, now: Instant): Promise<Outcome> {
  const held = await holdInterrupted(pass, state, step, now);
  if ('result' in held) return held;
  const { lease } = held;
  const { accessKeyId } = step;
  const { user } = state;
  if (step.action === 'deactivate-orphan') await setStatus(pass, user, accessKeyId, 'Inactive');
  if (step.action === 'delete-orphan') await deleteAccessKey(pass, user, accessKeyId);
  const isDeleted = step.action === 'delete-orphan';
  const announced = await announce(pass, held.state, step, {
    event: 'orphan-removed',
    transitionId: lease.transitionId,
    accessKeyId,
    next: isDeleted ? undefined : deletion(pass),
  });
  if (isDeleted) {
    await tagSecret(pass, held.secret, announced.tag);
    await forgetKey(pass, held.secret, accessKeyId);
    await settle(pass, held.state, lease, ...countedBy(lease.doing.verb));
  } else {
    await tagSecret(pass, held.secret, {
      ...recordNow(pass, 'deactivated', accessKeyId),
      ...announced.tag,
    });
  }
  return outcome(step, 'done', lease);
}

/** A secret that may not be ours gets no tag; the key is deactivated all the same, and somebody is told. */
export async function removeUnrecorded(
  pass: Pass,
  state: UserState,
  step: Extract<Step, { action: 'deactivate-unrecorded' }>,
  now: Instant,
): Promise<Outcome> {
  const fresh = await stillPlanned(pass, state, step, now);
  if (fresh === undefined) return outcome(step, 'changed');
  await setStatus(pass, state.user, step.accessKeyId, 'Inactive');
  const announcement = { event: 'orphan-removed', accessKeyId: step.accessKeyId, next: deletion(pass) } as const;
  const { transitionId } = await announce(pass, fresh, step, announcement);
  return { ...outcome(step, 'done'), transitionId };
}

function deletion({ runtime }: Pass): { action: string; notBefore: Instant } {
  return { action: 'delete-orphan', notBefore: runtime.clock() + ORPHAN_RECOVERY };
}
