import type { Step } from '../../core/answer.ts';
import { workingKey } from '../../core/checks/exposed.ts';
import type { UserState } from '../../core/model.ts';
import { assess } from '../../core/situation.ts';
import type { Instant } from '../../core/time.ts';
import { verifiedSecret } from '../../core/verify-secret.ts';
import type { Outcome, Pass } from '../pass.ts';
import { stillPlanned } from './again.ts';
import { announce } from './announce.ts';
import { setStatus } from './keys.ts';
import { ensureSecret, tagSecret } from './secret.ts';
import { outcome, recordNow } from './transitions.ts';

/**
 * Deactivates an exposed key before anything else is written: an intent could fail, and every minute counts. What dies
 * after it is repeated with the message or the event, and then only announced and recorded.
 */
export async function deactivateExposed(
  pass: Pass,
  state: UserState,
  step: Extract<Step, { action: 'deactivate-exposed' }>,
  now: Instant,
): Promise<Outcome> {
  const fresh = await stillPlanned(pass, state, step, now);
  if (fresh === undefined) return outcome(step, 'changed');
  const { user } = state;
  const { accessKeyId } = step;
  const situation = assess(fresh, pass.request, pass.settings, now);
  const isActive = situation.keys.some((key) => key.accessKeyId === accessKeyId && key.isActive);
  if (isActive) await setStatus(pass, user, accessKeyId, 'Inactive');
  const { transitionId, tag } = await announce(pass, fresh, step, {
    event: 'exposed',
    accessKeyId,
    newAccessKeyId: workingKey(situation, accessKeyId)?.accessKeyId,
    next: step.notBefore === undefined ? undefined : { action: 'delete', notBefore: step.notBefore },
  });
  const secret = fresh.secret === undefined ? await ensureSecret(pass, user, undefined) : fresh.secret;
  if (verifiedSecret(secret, user, pass.settings) !== undefined) {
    await tagSecret(pass, secret, { ...recordNow(pass, 'deactivated', accessKeyId), ...tag });
  }
  return { ...outcome(step, 'done'), transitionId };
}
