import { type Answer, act, type Step, step, wait } from '../answer.ts';
import { isAboutExposed, namedByRequest, workingKey } from '../exposure.ts';
import { deletedFrom } from '../promises.ts';
import type { ReasonCode } from '../reasons.ts';
import { EXPOSED_SESSIONS_END } from '../secret-policy.ts';
import type { KeyView, Situation } from '../situation.ts';
import { verifiedSecret } from '../verify-secret.ts';
import { allKeys, describeKey, inWords } from '../words.ts';
import { blocked } from './blocked.ts';
import { issueAnswer } from './issue.ts';

/**
 * Before everything else: an exposed key is deactivated and reported, whatever else there is to say about its user.
 * Nothing makes it wait: no lease, no hold, no tag that does not parse, no foreign secret, no missing state key. Only
 * the key of an exempt user is left to its people.
 */
export function exposedKey(s: Situation): Answer | undefined {
  // Secrets Manager's own rotation may only issue.
  if (s.request.origin === 'managed') return undefined;
  const open = s.keys.filter((candidate) => candidate.isExposed && isOpen(s, candidate));
  // What could be read with them comes after them: since when they are Inactive decides what that is.
  const isKnown = (id: string): boolean => s.tags.exposed?.accessKeyIds.includes(id) === true;
  const named = open.find(({ accessKeyId }) => isNamed(s, accessKeyId));
  const key = named ?? open.find(({ accessKeyId }) => isKnown(accessKeyId)) ?? open[0];
  if (key === undefined) return undefined;
  if (s.settings.exemption !== undefined) return tellOnly(s, key, s.settings.exemption.because);
  const only = deactivation(s, key);
  return { status: 'act', reason: only.reason, message: only.message, steps: [only] };
}

function isOpen(s: Situation, { accessKeyId, status, record }: KeyView): boolean {
  const isTold = s.request.told?.has(accessKeyId) ?? false;
  if (status !== 'Inactive') return !isTold || s.settings.exemption === undefined;
  const { exposed } = s.tags;
  const isRecorded = exposed?.accessKeyIds.includes(accessKeyId) && !exposed.isStillActive;
  if (isTold || isRecorded) return false;
  if (isNamed(s, accessKeyId) || exposed?.isStillActive) return true;
  // The run that deactivated it died before it told anyone. What cannot be recorded would be reported in each run.
  const isRecordable = verifiedSecret(s.secret, s.state.user, s.settings) !== undefined;
  return record === undefined && isRecordable && s.settings.exemption === undefined;
}

function isNamed({ request, keys }: Situation, accessKeyId: string): boolean {
  return namedByRequest(request, keys) === accessKeyId;
}

function reasonOf({ request }: Situation): Extract<ReasonCode, 'exposed' | 'compromised'> {
  return request.asked?.compromised ? 'compromised' : 'exposed';
}

function tellOnly(s: Situation, key: KeyView, because: string): Answer {
  const message =
    `${found(s, key)}. User ${s.state.user.userName} is exempt (${because}), so nothing is changed: the key is ` +
    `${key.status}.`;
  return act({ action: 'announce-exposed', accessKeyId: key.accessKeyId }, 'exempt', message, { continues: true });
}

function deactivation(s: Situation, key: KeyView): Step {
  const working = workingKey(s.keys);
  const left =
    working === undefined ? 'no key is left to work with' : `${describeKey(working, s.now)} is the key to use`;
  const isInTheWay = s.keys.length > 1 && working === undefined;
  const notBefore = deletedFrom(s.settings, s.now);
  const deletion = isInTheWay
    ? 'as soon as its slot is needed'
    : `${inWords(notBefore, s.now)}, or when its slot is needed`;
  const message = `${found(s, key)}, and is deactivated immediately; ${left}. It is deleted ${deletion}.`;
  return step({ action: 'deactivate-exposed', accessKeyId: key.accessKeyId }, reasonOf(s), message, {
    notBefore: isInTheWay ? undefined : notBefore,
    continues: true,
  });
}

function found(s: Situation, { accessKeyId }: KeyView): string {
  const { tags, state } = s;
  const key = `Key ${accessKeyId} of ${state.user.userName}`;
  if (isNamed(s, accessKeyId)) {
    return reasonOf(s) === 'compromised'
      ? `${key} was reported by hand as known to others`
      : `${key} is known to others`;
  }
  if (tags.exposed?.accessKeyIds.includes(accessKeyId)) return `${key}, which others know, was active again`;
  return `${key} could be read with a key that others know`;
}

/**
 * Whether the user is owed a key for one that was taken away as exposed. By hand it is replaced in any case; otherwise
 * only if none is left to work with, and not for a key that somebody had taken away before.
 */
export function awaitsReplacement(s: Situation): boolean {
  const { exposed, currentSince, inactiveSeen } = s.tags;
  if (exposed === undefined || (currentSince !== undefined && currentSince.at > exposed.at)) return false;
  if (s.request.asked?.compromised) return true;
  const wasTakenBefore = exposed.accessKeyIds.every((id) => id === inactiveSeen?.accessKeyId);
  return !wasTakenBefore && workingKey(s.keys) === undefined;
}

/**
 * What was begun is finished, by whoever comes: limits, holds and freezes are for what can wait. A pass
 * about an exposed key ends here.
 */
export function exposedReplacement(s: Situation): Answer | undefined {
  if (awaitsReplacement(s)) return replacement(s);
  if (!isAboutExposed(s)) return undefined;
  const working = workingKey(s.keys);
  const left = working === undefined ? 'there is no other' : `${describeKey(working, s.now)} is the key to use`;
  return wait(
    reasonOf(s),
    `The exposed key of ${s.state.user.userName} is inactive, and recorded as exposed; ${left}.`,
  );
}

function replacement(s: Situation): Answer {
  const { userName } = s.state.user;
  const ids = s.tags.exposed?.accessKeyIds.join(' and ');
  if (s.keys.length < 2)
    return issueAnswer(s, reasonOf(s), `A replacement for ${ids} of ${userName}, known to others, is issued.`);
  const inTheWay = slotOfExposed(s);
  if (inTheWay !== undefined) return deleteForSlot(s, inTheWay);
  const message =
    `Key ${ids} of ${userName} is known to others and gone, and no replacement can be issued: both key slots are taken by ` +
    `${allKeys(s)}. Delete one.`;
  return blocked(s, 'two-keys', message);
}

/** An Inactive exposed key, whose slot is free to take; the current one only if there is no other. */
export function slotOfExposed({ keys }: Situation): KeyView | undefined {
  const candidates = keys.filter(({ isExposed, status }) => isExposed && status === 'Inactive');
  return candidates.find(({ role }) => role !== 'current') ?? candidates[0];
}

export function deleteForSlot(s: Situation, { accessKeyId }: KeyView): Answer {
  const message = `Key ${accessKeyId} of ${s.state.user.userName}, known to others, is deleted: its slot is needed.`;
  return act({ action: 'delete', accessKeyId }, 'exposed-slot', message, { continues: true });
}

/** Sessions outlive the key that made them; what keeps them out of the secret stays as long. */
export function exposureOver(s: Situation): Answer | undefined {
  const { exposed } = s.tags;
  if (exposed === undefined || s.request.origin !== 'schedule') return undefined;
  const isLeft = s.keys.some(({ accessKeyId }) => exposed.accessKeyIds.includes(accessKeyId));
  if (isLeft || s.now - exposed.at < EXPOSED_SESSIONS_END || awaitsReplacement(s)) return undefined;
  const message =
    `Exposed ${exposed.accessKeyIds.join(' and ')} of ${s.state.user.userName}: gone, and so are all sessions made with ` +
    'it. Its owner can read the secret as before.';
  return act({ action: 'end-exposure' }, 'exposure-over', message, { continues: true });
}
