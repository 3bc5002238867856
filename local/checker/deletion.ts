import { DAY, HOUR, MINUTE, SECOND } from '../aws/clock.ts';
import type { AccessKey } from '../aws/iam/iam-state.ts';
import { isNamedExposed } from './exposure.ts';
import { keyLabels, keysOf, record } from './look.ts';
import { inactiveKnown, isPromise, judgeNotice } from './notice.ts';
import { fault, isFrozen, type Judged, SLACK, type Watch } from './watch.ts';

export function judgeDeleted(watch: Watch, j: Judged, key: AccessKey): void {
  const { lives, exposure } = watch;
  const id = key.accessKeyId;
  if (key.status === 'Active') {
    judgeActive(watch, j, key);
    return;
  }
  const isWanted = !lives.isLost(id) && !exposure.isExposed(id);
  if (isWanted && isFrozen(watch, j.call.at)) fault(watch, j, 'freeze', `${id} was deleted in a freeze.`);
  const writtenAt = recordedAt(watch, j, id);
  if (writtenAt === undefined) fault(watch, j, '2 record', `${id} was deleted without a record of its inactivity.`);
  else {
    judgeRecovery(watch, j, key, writtenAt);
    if (isWanted) judgeUnheard(watch, j, id, writtenAt);
  }
  judgeKnown(watch, j, id, writtenAt);
  const others = keysOf(j.before).filter(({ accessKeyId }) => accessKeyId !== id);
  if (isWanted && others.length > 0 && others.every(({ status }) => status !== 'Active')) {
    fault(watch, j, '2 none active', `${id} was deleted while the only other key was Inactive.`);
  }
}

/** Only the run that made a key deletes it while Active, at once, and while nobody has its secret. */
function judgeActive(watch: Watch, j: Judged, { accessKeyId: id, createdAt }: AccessKey): void {
  const { madeBy, wasCurrent } = watch.lives.of(id);
  if (madeBy !== j.run || j.call.at - createdAt > 5 * MINUTE) {
    fault(watch, j, '2 active deleted', `${id} was deleted while it was Active.`);
  }
  if (wasCurrent) fault(watch, j, '2 active deleted', `${id} was deleted though its secret was handed out.`);
  if (keyLabels(j.before).some(({ label }) => label === id)) {
    fault(watch, j, '2 label', `${id} was deleted while a label still named it.`);
  }
}

/** Since when it is recorded as Inactive. */
function recordedAt({ lives }: Watch, { before, call }: Judged, id: string): number | undefined {
  // Of two exposed keys one has a record of its own; the tag that names them is the other's.
  const byExposure = isNamedExposed(before, id)
    ? { at: lives.of(id).inactiveSince ?? call.at, accessKeyId: id }
    : undefined;
  const records = [record(before, 'deactivated'), record(before, 'inactive-seen'), byExposure];
  return records.find((written) => written?.accessKeyId === id)?.at;
}

function judgeRecovery(watch: Watch, j: Judged, { accessKeyId: id, lastUsed }: AccessKey, writtenAt: number): void {
  const { lives, exposure, expected } = watch;
  const { call } = j;
  // Nobody may want an exposed key back: it goes when its slot is needed.
  const isExposed = exposure.isExposed(id);
  const wait = isExposed ? 0 : lives.isLost(id) ? 12 * HOUR : expected.limits.recoveryDays * DAY;
  if (call.at - writtenAt < wait) fault(watch, j, '2 recovery', `${id} was deleted before its recovery was over.`);
  if (isExposed) return;
  if (!isReplayed(watch, j) && (lives.of(id).inactiveSince ?? call.at) > writtenAt + 5 * MINUTE) {
    fault(watch, j, '2 toggled', `${id} was deleted though it was Active since its record.`);
  }
  if ((lastUsed?.at ?? 0) > writtenAt + MINUTE + SECOND)
    fault(watch, j, '2 used', `${id} was deleted though used since.`);
}

/** An old record that was put back counts from an earlier day, while the key is Inactive and unused since. */
function isReplayed({ authors }: Watch, { before }: Judged): boolean {
  return ['deactivated', 'inactive-seen'].some((name) => authors.isReplayed(before, name));
}

function judgeUnheard(watch: Watch, j: Judged, id: string, writtenAt: number): void {
  judgeNotice(watch, j, id, writtenAt - SLACK);
  // Whoever takes the record off takes what was promised with it: the recovery begins anew, by the settings of then.
  const isEarly = watch.mailbox
    .about(j.userId)
    .some((m) => m.at >= writtenAt - SLACK && isPromise(m, 'delete', id, j.call));
  if (isEarly && !isReplayed(watch, j)) {
    fault(watch, j, 'promised', `${id} was deleted before the day that was promised.`);
  }
}

function judgeKnown(watch: Watch, j: Judged, id: string, writtenAt: number | undefined): void {
  const knownBy = watch.exposure.isExposed(id) || writtenAt === undefined ? j.call.at : writtenAt + SLACK;
  const isKnown = watch.mailbox
    .about(j.userId)
    .some((m) => inactiveKnown.includes(m.event) && m.accessKeyId === id && m.at <= knownBy);
  if (!isKnown) fault(watch, j, '2 told', `${id} was deleted before anyone was told that it is Inactive.`);
}
