import { DAY, SECOND } from '../aws/clock.ts';
import type { AccessKey } from '../aws/iam/iam-state.ts';
import type { Change } from './announcements.ts';
import { judgeAuthor, judgeLease } from './authority.ts';
import { judgeDeactivated } from './deactivation.ts';
import { judgeDeleted } from './deletion.ts';
import { intentOf, keptElsewhere, keyOf, keysOf, type Look, userTag } from './look.ts';
import { fault, isExposedKey, isFrozen, type Judged, owe, type Watch } from './watch.ts';

/** What the call did to each key of the user, and what it left. */
export function judgeKeys(watch: Watch, j: Judged): void {
  const { before, after, call } = j;
  for (const key of keysOf(after)) {
    const old = keyOf(before, key.accessKeyId);
    if (old === undefined) judgeMade(watch, j, key);
    else if (old.status !== key.status) judgeStatus(watch, j, old, key);
  }
  for (const old of keysOf(before)) if (keyOf(after, old.accessKeyId) === undefined) judgeGone(watch, j, old);
  if (call.service === 'iam' && call.mutating) {
    judgeAuthor(watch, j);
    judgeLease(watch, j);
  }
  judgeLockout(watch, j);
}

function judgeMade(watch: Watch, j: Judged, { accessKeyId }: AccessKey): void {
  const { call, before, run } = j;
  const { lives, exposure } = watch;
  lives.of(accessKeyId).madeBy = run;
  owe(watch, j, 'made', accessKeyId);
  const intent = intentOf(before);
  if (intent?.verb !== 'issue') fault(watch, j, 'issue', `${accessKeyId} was made without an intent to issue.`);
  else if (call.at - intent.at > 31 * SECOND)
    fault(watch, j, 'issue', `${accessKeyId} was made long after its intent.`);
  const ours = keysOf(before).filter((key) => {
    const { madeBy, wasCurrent, isReclaimed } = lives.of(key.accessKeyId);
    return madeBy !== undefined && !wasCurrent && !isReclaimed && call.at - key.createdAt < DAY;
  });
  const regions = keptElsewhere(watch.aws, j.userId);
  if (regions.length > 0) {
    fault(
      watch,
      j,
      'elsewhere',
      `${accessKeyId} was made, and a key of the same user is kept in ${regions.join(', ')}.`,
    );
  }
  if (ours.length > 0) {
    const [other] = ours;
    fault(watch, j, 'issue', `${accessKeyId} was made beside ${other?.accessKeyId}, which was not current yet.`);
  }
  const isUrgent = keysOf(before).some((key) => exposure.isExposed(key.accessKeyId));
  if (isFrozen(watch, call.at) && run.command?.action !== 'rotate' && !isUrgent) {
    fault(watch, j, 'freeze', `${accessKeyId} was made in a freeze.`);
  }
}

function judgeStatus(watch: Watch, j: Judged, old: AccessKey, { accessKeyId, status }: AccessKey): void {
  const life = watch.lives.of(accessKeyId);
  life.inactiveSince = status === 'Inactive' ? j.call.at : undefined;
  life.wasInactiveSince = undefined;
  owe(watch, j, status === 'Inactive' ? 'deactivated' : 'reactivated', accessKeyId);
  if (status === 'Inactive') judgeDeactivated(watch, j, old);
  else if (j.run.command?.action !== 'rollback' && intentOf(j.before)?.verb !== 'roll-back') {
    fault(watch, j, '1 reactivated', `${accessKeyId} was reactivated and no one had asked.`);
  }
}

function judgeGone(watch: Watch, j: Judged, old: AccessKey): void {
  const { announcements } = watch;
  const { accessKeyId } = old;
  judgeDeleted(watch, j, old);
  if (old.status === 'Inactive') owe(watch, j, 'deleted', accessKeyId);
  const isOfKey = (change: Change): boolean => change.accessKeyId === accessKeyId;
  // It worked, and was deleted by the run that made it before anybody had its secret: there is nothing to tell of.
  if (old.status === 'Active' && old.lastUsed !== undefined)
    announcements.forgive((change) => isOfKey(change) && change.kind === 'made');
  // That it was made is told with what became of it.
  const isPast = (change: Change): boolean => isOfKey(change) && !['made', 'deleted'].includes(change.kind);
  for (const { kind } of announcements.owed((change) => isPast(change) && change.at < j.call.at)) {
    const what = `${accessKeyId} was deleted, and that it was ${kind} had never been announced.`;
    fault(watch, j, '6 announced', what);
  }
  announcements.forgive(isPast);
}

/** The last Active key goes only where that is meant. */
function judgeLockout(watch: Watch, j: Judged): void {
  const { before, after, run, userId } = j;
  const isAnyActive = (look: Look): boolean => keysOf(look).some(({ status }) => status === 'Active');
  if (!isAnyActive(before) || isAnyActive(after)) return;
  const isRetiring =
    run.command?.action === 'retire' || userTag(before, 'unused') === 'retire' || isExposedKey(watch, j);
  const isOrphanOnly = keysOf(before).every(
    ({ accessKeyId, status }) => status === 'Inactive' || watch.lives.isLost(accessKeyId),
  );
  if (!isRetiring && !isOrphanOnly) fault(watch, j, '1 locked out', `The last active key of ${userId} is gone.`);
}
