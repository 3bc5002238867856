import { type Answer, act, type Step, step, wait } from '../answer.ts';
import { namedByRequest } from '../exposure.ts';
import type { ReasonCode } from '../reasons.ts';
import { type Intent, isKeyLabel, recordsOf } from '../secret-tags.ts';
import type { Settings } from '../settings.ts';
import type { Situation } from '../situation.ts';
import { formatDate, formatInstant, hasPassed, type Instant, MINUTE } from '../time.ts';
import { describeExemption } from '../user-settings.ts';
import { secretProblem, verifiedSecret } from '../verify-secret.ts';
import { nounOf } from '../words.ts';
import { blocked } from './blocked.ts';
import { awaitsReplacement } from './exposed.ts';
import { isOwnIntent } from './secrets-manager.ts';

/** A read may be up to ten seconds old: if another run's record is younger, our reads may not show what it did. */
export const SETTLING = MINUTE;

/** Another run has the lease, or its record is so young that our reads may be older. */
export function busy(s: Situation): Answer | undefined {
  const { tags, request, now } = s;
  const { intent } = tags;
  // A rotation step goes on with what the step before it began, each in an invocation of its own.
  const isOwn = isOwnIntent(s);
  if (intent !== undefined && now < intent.deadlineAt && !isOwn) {
    const message = `Another run (${intent.runId}) is working on this user until ${formatInstant(intent.deadlineAt)}.`;
    return { ...wait('busy', message, intent.deadlineAt), status: 'busy' };
  }
  const fresh = recordsOf(tags)
    .filter((record) => !isOwn || record !== intent)
    // One ahead of `now` was written while this pass was at work: `now` is read once, before its first call.
    .find(({ at }) => now - at < SETTLING && !request.wroteAt.has(at))?.at;
  if (fresh === undefined) return undefined;
  const message = `Something was recorded about the user at ${formatInstant(fresh)}, less than a minute ago.`;
  return { ...wait('settling', message, fresh + SETTLING), status: 'busy' };
}

/** Exempt, held, or tags that do not parse: nothing but deactivating our own orphan. */
export function leftAlone(s: Situation): Answer | undefined {
  return malformed(s) ?? exempt(s) ?? held(s);
}

function malformed(s: Situation): Answer | undefined {
  if (s.problems.length === 0) return undefined;
  const message = `User ${s.state.user.userName} is left untouched: ${s.problems.join('; ')}. Correct or remove the tag.`;
  return blocked(s, 'tags-invalid', message, { isRecordable: false, also: orphanStep(s) });
}

function exempt(s: Situation): Answer | undefined {
  const { exemption } = s.settings;
  if (exemption === undefined) return undefined;
  const force = s.request.asked?.force ? ' `force` overrides a hold, never an exemption.' : '';
  const message = describeExemption(s.state.user.userName, exemption) + force;
  return orOrphan(s, wait('exempt', message, exemption.until));
}

function held(s: Situation): Answer | undefined {
  const { tags, request, now } = s;
  if (tags.holdUntil === undefined || now >= tags.holdUntil) return undefined;
  // What was taken away as exposed is replaced: no hold is meant for a user without a key.
  const named = namedByRequest(request, s.keys);
  if (request.asked?.compromised || s.keys.some(({ accessKeyId }) => accessKeyId === named)) return undefined;
  if (awaitsReplacement(s)) return undefined;
  if (request.asked?.action === 'hold' || request.asked?.force) return undefined;
  // The rollback wrote this hold itself, so the hold must not keep it from being finished.
  if (tags.intent?.verb === 'roll-back') return undefined;
  const message =
    `User ${s.state.user.userName} is on hold until ${formatDate(tags.holdUntil)}. ` +
    'Lift the hold with `rotate-user` action hold and a past date, or pass force.';
  return orOrphan(s, wait('held', message, tags.holdUntil));
}

function orOrphan(s: Situation, answer: Answer): Answer {
  const orphan = orphanStep(s);
  return orphan === undefined ? answer : { ...answer, status: 'act', steps: [orphan] };
}

/** Every run since should have handled it. So the run is that late, or an old intent was put back. */
export function isTooOld(
  { settings, now }: { settings: Pick<Settings, 'runEveryDays'>; now: Instant },
  { at }: Pick<Intent, 'at'>,
): boolean {
  return hasPassed(at, Math.max(3, 2 * settings.runEveryDays + 1), now);
}

/** The one thing that is done for a user who is otherwise left alone: a key whose secret is lost must not stay Active. */
export function orphanStep(s: Situation): Step | undefined {
  const [orphan] = s.orphans;
  if (s.orphans.length !== 1 || orphan === undefined || !orphan.isActive) return undefined;
  if (s.tags.intent === undefined || isTooOld(s, s.tags.intent)) return undefined;
  // Nothing is written to a secret that may not be ours, not even what was done.
  const isRecordable = verifiedSecret(s.secret, s.state.user, s.settings) !== undefined;
  const action = isRecordable ? 'deactivate-orphan' : 'deactivate-unrecorded';
  return step({ action, accessKeyId: orphan.accessKeyId }, 'orphan-deactivated', orphanMessage(s));
}

export function orphanMessage(s: Situation): string {
  const [orphan] = s.orphans;
  const at = s.tags.intent === undefined ? '' : ` at ${formatInstant(s.tags.intent.at)}`;
  return (
    `Key ${orphan?.accessKeyId} of ${s.state.user.userName} is the leftover of a run that was interrupted${at}: ` +
    'its secret access key was never stored. It is deactivated, and deleted half a day later. ' +
    'If you made this key yourself, reactivate it.'
  );
}

/** The secret is not verifiably ours, or its current value belongs to no key that we know. */
export function secretUnverified(s: Situation): Answer | undefined {
  if (s.secret === undefined) return undefined;
  const problem = secretProblem(s.secret, s.state.user, s.settings);
  if (problem !== undefined) {
    if (problem.reason === 'secret-pending-deletion' && s.request.asked?.restoreSecret) {
      return act({ action: 'restore-secret' }, 'restore-asked', `Secret ${s.secret.name} is restored, as requested.`, {
        continues: true,
      });
    }
    return unverified(s, problem.reason, problem.message);
  }
  const labels = s.secret.versions[s.currentVersionId ?? ''] ?? [];
  if (s.currentVersionId === undefined || labels.filter(isKeyLabel).length === 1) return undefined;
  const message =
    `AWSCURRENT of secret ${s.secret.name} is on version ${s.currentVersionId}, whose labels name ` +
    `${labels.some(isKeyLabel) ? 'several access keys' : 'no access key'}: Keyturn did not write it. ` +
    'Move AWSCURRENT back to a version labelled with an access key ID, or delete the secret.';
  return unverified(s, 'secret-value-foreign', message);
}

function unverified(s: Situation, reason: ReasonCode, message: string): Answer {
  const { intent } = s.tags;
  const unfinished =
    intent === undefined
      ? ''
      : ` The ${nounOf(intent)} begun at ${formatInstant(intent.at)} (${ids(intent)}) is unfinished.`;
  return blocked(s, reason, message + unfinished, { isRecordable: false, also: orphanStep(s) });
}

function ids({ accessKeyIds }: { accessKeyIds: readonly string[] }): string {
  return accessKeyIds.length === 0 ? 'no key before it' : accessKeyIds.join(', ');
}

/** A status that is neither Active nor Inactive: the model now has `Expired`, and may have more. */
export function statusUnknown(s: Situation): Answer | undefined {
  const odd = s.keys.find(({ status }) => status !== 'Active' && status !== 'Inactive');
  if (odd === undefined) return undefined;
  const message =
    `Key ${odd.accessKeyId} of ${s.state.user.userName} has the status ${odd.status}, which is neither Active nor ` +
    'Inactive. Nothing is changed for this user until the key is deleted or its status is one of the two.';
  return {
    ...blocked(s, 'status-unknown', message, { isRecordable: false, accessKeyId: odd.accessKeyId }),
    status: 'failed',
  };
}
