import { type Answer, type Step, step } from '../answer.ts';
import type { KeyView, Situation } from '../situation.ts';
import { DAY } from '../time.ts';
import { describeKey, inWords } from '../words.ts';
import { issueAnswer } from './asked.ts';

/** The key that AWS found in public, if this pass is about one and the user still has it. */
export function exposedKeyOf({ request, keys }: Situation): KeyView | undefined {
  if (request.origin !== 'exposed') return undefined;
  return keys.find(({ accessKeyId }) => accessKeyId === request.accessKeyId);
}

/**
 * Before row 4: an exposed key is replaced and then deactivated without grace. Nothing makes the deactivation wait: not
 * a taken slot, not an interrupted transition, not an issue that failed. Only the replacement waits for row 4.
 */
export function exposedKey(s: Situation): Answer | undefined {
  const key = exposedKeyOf(s);
  if (key === undefined) return undefined;
  const isReplaceable = s.keys.length === 1 && s.request.completed === undefined;
  const replacement = isReplaceable && s.tags.doing === undefined ? replace(s, key) : undefined;
  if (key.isActive) return isReplaceable ? replacement : deactivation(s, key);
  if (key.record === undefined) return deactivation(s, key);
  // The deactivation did not wait for a replacement; the user is still owed one.
  return key.record === 'deactivated' ? replacement : undefined;
}

function replace(s: Situation, key: KeyView): Answer {
  const message = `Key ${key.accessKeyId} of ${s.state.user.userName} was found in public: a replacement is issued at once.`;
  return issueAnswer(s, 'exposed', message);
}

function deactivation(s: Situation, key: KeyView): Answer {
  const only = exposedAction(s, key);
  return { status: 'act', reason: only.reason, message: only.message, steps: [only] };
}

/** The deactivation alone, for a user about whom nothing else may be done. */
export function exposedStep(s: Situation): Step | undefined {
  const key = exposedKeyOf(s);
  return key?.isActive ? exposedAction(s, key) : undefined;
}

/** The key that its owner has left; not an orphan, whose secret access key is nowhere. */
export function workingKey({ keys }: Situation, exposedKeyId: string): KeyView | undefined {
  return keys.find(({ accessKeyId, isActive, role }) => accessKeyId !== exposedKeyId && isActive && role !== 'orphan');
}

function exposedAction(s: Situation, key: KeyView): Step {
  const { userName } = s.state.user;
  const working = workingKey(s, key.accessKeyId);
  const left =
    working === undefined ? 'no key is left to work with' : `${describeKey(working, s.now)} is the key to use`;
  const notBefore = s.now + s.settings.recoveryDays * DAY;
  const message =
    `Key ${key.accessKeyId} of ${userName} was found in public and is deactivated at once; ${left}. ` +
    `The exposed key is deleted ${inWords(notBefore, s.now)}.`;
  return step({ action: 'deactivate-exposed', accessKeyId: key.accessKeyId }, 'exposed', message, { notBefore });
}
