import { type Action, type Answer, act, wait } from '../answer.ts';
import type { Intent } from '../secret-tags.ts';
import { keyLabels } from '../secret-versions.ts';
import { ORPHAN_RECOVERY, type Situation } from '../situation.ts';
import { formatInstant, MINUTE } from '../time.ts';
import { describeKey, nounOf } from '../words.ts';
import { blocked } from './blocked.ts';
import { isTooOld, orphanMessage, orphanStep } from './hands-off.ts';
import { isOwnIntent } from './secrets-manager.ts';

type ClearIntent = Extract<Action, { action: 'clear-intent' }>;

/** IAM may not yet show a key to every reader: until then "no such key" means "not visible yet", not "gone". */
const VISIBLE_AFTER = 10 * MINUTE;

/** An intent whose deadline is past is finished if its write is done in IAM, and cleared otherwise. */
export function intentPast(s: Situation): Answer | undefined {
  const { intent } = s.tags;
  if (intent === undefined) return undefined;
  const isOld = isTooOld(s, intent);
  switch (intent.verb) {
    case 'issue':
      return isOld
        ? oldIssue(s, intent)
        : (storedKey(s, intent) ?? orphaned(s) ?? clear(intent, 'The interrupted rotation left no key behind'));
    case 'deactivate':
    case 'retire':
      if (isOld) return clear(intent, TOO_OLD);
      return isInactiveOrGone(s, target(intent))
        ? finish(s, intent)
        : clear(intent, `Key ${target(intent)} is still active`);
    case 'delete':
      if (isOld) return clear(intent, TOO_OLD);
      return isInIam(s, target(intent)) ? clear(intent, `Key ${target(intent)} is still there`) : finish(s, intent);
    case 'roll-back':
      return rolledBack(s, intent);
    case 'move-forward':
      return s.currentKeyId === target(intent) ? finish(s, intent) : clear(intent, 'AWSCURRENT was not moved');
  }
}

const TOO_OLD = 'It is too old to be continued';

/** It tells, where there is something to tell, and no key is touched by it. */
function oldIssue(s: Situation, intent: Intent): Answer | undefined {
  const stored = storedKey(s, intent);
  const [step] = stored?.steps ?? [];
  // Made current already: what is left is the announcement.
  if (step?.action === 'finish' && step.accessKeyId === s.currentKeyId) return stored;
  const [orphan] = s.orphans;
  if (orphan === undefined) return clear(intent, TOO_OLD);
  const why =
    `Key ${describeKey(orphan, s.now)} of ${s.state.user.userName} may be the leftover of a run that was ` +
    'interrupted long ago, and its secret access key is lost. Delete it unless it is in use';
  return clear(intent, why, { tells: 'failed', accessKeyId: orphan.accessKeyId });
}

/** Nothing is reactivated by an intent: the operator who wanted the key back may have reconsidered since. */
function rolledBack(s: Situation, intent: Intent): Answer {
  const key = s.keys.find(({ accessKeyId }) => accessKeyId === target(intent));
  if (key === undefined) return clear(intent, `Key ${target(intent)} is gone`);
  if (!key.isActive) return clear(intent, `Key ${target(intent)} was not reactivated`);
  if (key.role === 'current' || key.versionId === undefined) return finish(s, intent);
  const why = `Key ${target(intent)} of ${s.state.user.userName} was reactivated, but AWSCURRENT was not moved back to it`;
  return clear(intent, why, { tells: 'reactivated', accessKeyId: key.accessKeyId });
}

/** A key that the issue stored: a label names it, so it was proven and its secret is safe. */
function storedKey(s: Situation, intent: Intent): Answer | undefined {
  const stored = keyLabels(s.secret).filter(
    ({ accessKeyId, versionId }) => !intent.accessKeyIds.includes(accessKeyId) && versionId !== intent.versionId,
  );
  const key = s.keys.find(({ accessKeyId }) => stored.some((label) => label.accessKeyId === accessKeyId));
  if (key === undefined) {
    const [missing] = stored;
    if (missing === undefined || s.now - intent.at >= VISIBLE_AFTER) return undefined;
    const message = `Key ${missing.accessKeyId} is stored but IAM does not show it yet.`;
    return { ...wait('settling', message, intent.at + VISIBLE_AFTER), status: 'busy' };
  }
  if (s.tags.currentSince?.accessKeyId === key.accessKeyId && key.role === 'current') return undefined;
  // No version is current: only while Secrets Manager shows a first version that has had no value yet.
  const isFirst = intent.versionId === undefined && isOwnIntent(s);
  const isPromotable =
    key.role === 'current' || ((intent.versionId !== undefined || isFirst) && intent.versionId === s.currentVersionId);
  if (key.isActive && isPromotable) return finish(s, intent, key.accessKeyId);
  return clear(intent, `Key ${key.accessKeyId} is stored, but it is inactive or another version became current`);
}

function orphaned(s: Situation): Answer | undefined {
  const [orphan, second] = s.orphans;
  if (orphan === undefined) return undefined;
  if (second !== undefined) {
    const message =
      `Two keys of ${s.state.user.userName} may be the leftover of one interrupted run: ` +
      `${describeKey(orphan, s.now)} and ${describeKey(second, s.now)}. Delete the one that is not in use.`;
    return blocked(s, 'two-orphans', message, { accessKeyId: orphan.accessKeyId });
  }
  const { accessKeyId } = orphan;
  const deactivation = orphanStep(s);
  if (deactivation !== undefined) {
    const { reason, message } = deactivation;
    return { status: 'act', reason, message, steps: [deactivation] };
  }
  if (orphan.inactiveSince === undefined) {
    return act({ action: 'record-orphan', accessKeyId }, 'orphan-deactivated', orphanMessage(s));
  }
  const notBefore = orphan.inactiveSince + ORPHAN_RECOVERY;
  if (s.now < notBefore) return wait('orphan-waiting', orphanMessage(s), notBefore);
  const message = `Key ${accessKeyId}, the leftover of an interrupted run, stayed inactive and unused and is deleted.`;
  return act({ action: 'delete-orphan', accessKeyId }, 'orphan-deleted', message);
}

function finish(s: Situation, intent: Intent, accessKeyId = target(intent)): Answer {
  if (isOwnIntent(s)) return finishRotation(s, intent, accessKeyId);
  const message = `The ${nounOf(intent)} of ${accessKeyId} begun at ${formatInstant(intent.at)} was interrupted and is now finished.`;
  // An issue finished here is the one that was asked for; any other command goes on after the unfinished work.
  const { asked, origin } = s.request;
  const isIssued = asked?.action === 'rotate' && intent.verb === 'issue' && !asked.compromised;
  const isCommand = asked !== undefined && !isIssued;
  const continues = isCommand || origin === 'exposed';
  return act({ action: 'finish', verb: intent.verb, accessKeyId }, 'finished', message, { continues });
}

/** Not interrupted: the last step of Secrets Manager's rotation goes on with what its first step began. */
function finishRotation(s: Situation, intent: Intent, accessKeyId: string): Answer {
  const old = s.keys.find((key) => intent.accessKeyIds.includes(key.accessKeyId));
  const replaces = old === undefined ? '' : ` and replaces ${describeKey(old, s.now)}`;
  const message = `Key ${accessKeyId} of ${s.state.user.userName} becomes current${replaces}, as Secrets Manager asks.`;
  return act({ action: 'finish', verb: intent.verb, accessKeyId }, 'rotation-finished', message);
}

function clear(intent: Intent, why: string, told: Pick<ClearIntent, 'tells' | 'accessKeyId'> = {}): Answer {
  const message = `${why}: the ${nounOf(intent)} begun at ${formatInstant(intent.at)} is discarded, and the user is planned again.`;
  // Unless its grace period is removed first, a key that was reactivated meanwhile would be deactivated unannounced.
  const restartGrace = intent.verb === 'deactivate';
  return act({ action: 'clear-intent', restartGrace, ...told }, 'intent-cleared', message, { continues: true });
}

function target({ accessKeyIds }: Intent): string {
  const [first = '-'] = accessKeyIds;
  return first;
}

function isInIam({ keys }: Situation, id: string): boolean {
  return keys.some(({ accessKeyId }) => accessKeyId === id);
}

function isInactiveOrGone({ keys }: Situation, id: string): boolean {
  return keys.every(({ accessKeyId, isActive }) => accessKeyId !== id || !isActive);
}
