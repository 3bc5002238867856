import { DAY } from '../aws/clock.ts';
import { isExempt } from './authority.ts';
import { isNamedExposed } from './exposure.ts';
import { intentOf, isActive, keysOf, transitionIdOf } from './look.ts';
import { believedLook, report, type Watch } from './watch.ts';

const BETWEEN = 'between two calls';

/** After a pass that was not disturbed. */
export function judgePassed(watch: Watch, userId: string, begunAt: number): void {
  const { lives, exposure } = watch;
  const look = believedLook(watch, userId);
  for (const { accessKeyId: id, status } of keysOf(look)) {
    lives.of(id).wasInactiveSince = undefined;
    const isForgotten = !exposure.named.has(id) || !isNamedExposed(look, id) || isExempt(look, begunAt);
    if (status === 'Active' && !isForgotten) {
      report(watch, userId, 'exposed', `${id}, which others know, is Active after a completed pass.`, BETWEEN);
    }
  }
  const intent = intentOf(look);
  const lost = lostKeys(watch, userId);
  if (intent?.verb !== 'issue' || intent.deadlineAt > begunAt || lost.length > 1) return;
  // With a run a day: what nobody has seen to for three of them may be an intent that was put back.
  if (begunAt - intent.at >= 3 * DAY) return;
  for (const id of lost) {
    if (isActive(look, id) && !lives.of(id).isReclaimed) {
      report(watch, userId, '3 orphan', `${id} is still Active after a completed pass.`, BETWEEN);
    }
  }
}

/** When nothing more is planned. */
export function judgeAtRest(watch: Watch, userId: string, isBlocked: boolean): void {
  const { announcements, exposure } = watch;
  announcements.read();
  const look = believedLook(watch, userId);
  // What the intent had not announced yet is announced with the message that the user is blocked.
  const told = isBlocked ? transitionIdOf(userId, look) : undefined;
  const isUnsaid = (transitionId: string | undefined): boolean => told === undefined || transitionId !== told;
  for (const change of announcements.owed((c) => c.userId === userId && isUnsaid(c.transitionId))) {
    const { kind, accessKeyId, isByHand } = change;
    if (isByHand && kind === 'deactivated' && exposure.isExposed(accessKeyId)) continue;
    report(watch, userId, '6 announced', `${accessKeyId} was ${kind}, and that was never announced.`, BETWEEN);
  }
  const lost = lostKeys(watch, userId);
  if (lost.length > 0 && intentOf(look) !== undefined && !isBlocked) {
    report(watch, userId, '3 orphan', `${lost.join(', ')} is still there.`, BETWEEN);
  }
}

/** Where runs come daily: whatever changed before this instant was announced by now. */
export function judgeOverdue(watch: Watch, before: number): void {
  const { announcements } = watch;
  announcements.read();
  for (const { userId, kind, accessKeyId, at } of announcements.owed((change) => change.at <= before)) {
    const what = `${accessKeyId} was ${kind} at ${new Date(at).toISOString()}, which was not announced.`;
    report(watch, userId, '6 announced', what, 'between two runs');
  }
  announcements.forgive((change) => change.at <= before);
}

/** Made by an invocation, and the secret is nowhere. */
export function lostKeys(watch: Watch, userId: string): readonly string[] {
  const { lives } = watch;
  return keysOf(believedLook(watch, userId))
    .map(({ accessKeyId }) => accessKeyId)
    .filter((id) => lives.of(id).madeBy !== undefined && lives.isLost(id));
}
