import { type Answer, act, wait } from '../answer.ts';
import type { Secret } from '../model.ts';
import { isStuckTold } from '../notice-period.ts';
import { keyIdOf, pendingVersion } from '../secret-versions.ts';
import type { Situation } from '../situation.ts';
import { formatInstant, hasPassed } from '../time.ts';
import { allKeys, describeKey } from '../words.ts';
import { frozen, frozenUntil } from './frozen.ts';
import { newerStoredKey } from './inactive-keys.ts';

/*
 * Secrets Manager's own rotation, beside the schedule:
 *
 *   RotateSecret    AWSPENDING on a version without a value; its ID is the token of all four steps
 *   createSecret    steps 1 to 5 of an issue; its intent stays, and a label names the key of that version
 *   setSecret       user and secret belong together       } nothing is written
 *   testSecret      the label is there, the key is active }
 *   finishSecret    takes the intent over: steps 6 to 8
 *   later           the grace period of the old key, by the schedule
 */

/** What the guards of AWS's own template say about a step, before anything else is asked. */
export type Guarded = 'pending' | 'current' | { field: 'SecretId' | 'ClientRequestToken'; problem: string };

/**
 * `pending`: the step may go on. `current`: the rotation is over. Otherwise which field of the event is wrong, and why.
 * https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas/tree/master/SecretsManagerRotationTemplate
 */
export function guardStep(secret: Pick<Secret, 'name' | 'rotationEnabled' | 'versions'>, versionId: string): Guarded {
  const { name, rotationEnabled, versions } = secret;
  if (!rotationEnabled) return { field: 'SecretId', problem: `rotation is not enabled on secret ${name}` };
  const labels = versions[versionId];
  if (labels === undefined) {
    return { field: 'ClientRequestToken', problem: `secret ${name} has no version ${versionId} with a label` };
  }
  if (labels.includes('AWSCURRENT')) return 'current';
  if (labels.includes('AWSPENDING')) return 'pending';
  return { field: 'ClientRequestToken', problem: `version ${versionId} of secret ${name} is not pending` };
}

/**
 * The intent is the one that createSecret of this very rotation left: the key under the rotation's version is none that
 * was there before it. Only then may a later step take it over before its deadline.
 */
export function isOwnIntent({ request, tags, secret }: Pick<Situation, 'request' | 'tags' | 'secret'>): boolean {
  const { rotation } = request;
  if (rotation === undefined || tags.intent?.verb !== 'issue') return false;
  const stored = keyIdOf(secret, rotation.versionId);
  return stored !== undefined && !tags.intent.accessKeyIds.includes(stored);
}

/** The two steps that change something. Everything that is not theirs is left to `intent-past`, or refused. */
export function managedRotation(s: Situation): Answer | undefined {
  const { rotation } = s.request;
  switch (rotation?.step) {
    case 'createSecret':
      return begin(s, rotation.versionId);
    case 'finishSecret':
      return end(s, rotation.versionId);
    default:
      return undefined;
  }
}

function begin(s: Situation, versionId: string): Answer | undefined {
  const { userName } = s.state.user;
  const stored = keyIdOf(s.secret, versionId);
  if (stored !== undefined) return wait('rotation-stored', `Key ${stored} of ${userName} is already stored.`);
  if (s.tags.intent !== undefined) return undefined;
  const [key, second] = s.keys;
  if (second !== undefined) {
    const message =
      `Cannot issue an access key for ${userName}: both key slots are taken by ${allKeys(s)}. The rotation continues once ` +
      'one of them is deleted.';
    return refuse('two-keys', message);
  }
  if (!key?.isActive) {
    const message = `User ${userName} has no active access key to replace: ${allKeys(s)}. Reactivate it, or run \`rotate-user\` action rotate.`;
    return refuse('no-active-key', message);
  }
  const message = `A replacement for ${describeKey(key, s.now)} of ${userName} is issued, as Secrets Manager asks`;
  const until = frozenUntil(s);
  if (until !== undefined) return frozen(until, message);
  return act({ action: 'issue', versionId }, 'rotation-asked', `${message}.`);
}

function end(s: Situation, versionId: string): Answer | undefined {
  const { name } = s.secret ?? { name: 'of the user' };
  const isOwn = isOwnIntent(s);
  if (s.currentVersionId === versionId && !isOwn) {
    return wait('rotation-finished', `Version ${versionId} of secret ${name} is already current.`);
  }
  if (s.tags.intent !== undefined) return undefined;
  const stored = keyIdOf(s.secret, versionId);
  const message =
    stored === undefined
      ? `Version ${versionId} of secret ${name} holds no access key: createSecret has not stored one.`
      : `Key ${stored} is stored as version ${versionId} of secret ${name}, but the record of its rotation is gone. The schedule decides what happens to it.`;
  return refuse('rotation-not-ready', message);
}

function refuse(reason: 'two-keys' | 'no-active-key' | 'rotation-not-ready', message: string): Answer {
  return { ...wait(reason, message), status: 'blocked' };
}

const STUCK_AFTER_DAYS = 1;

/** A rotation that does not end keeps the schedule from issuing, so it is reported. No key changes. */
export function stuckRotation(s: Situation): Answer | undefined {
  const versionId = pendingVersion(s.secret);
  const since = s.secret?.pendingSince;
  if (versionId === undefined || since === undefined) return undefined;
  if (!hasPassed(since, STUCK_AFTER_DAYS, s.now) || isStuckTold(s.tags, versionId, s.now)) return undefined;
  // Pending again since a rollback, whose hold is over: `newer-stored-key` makes it current in this very pass.
  if (newerStoredKey(s) !== undefined) return undefined;
  const message =
    `The rotation that Secrets Manager began for ${s.state.user.userName} has been pending since ` +
    `${formatInstant(since)} as version ${versionId}: ${obstacle(s, versionId)}.`;
  return act({ action: 'announce-stuck', versionId }, 'rotation-stuck', message, { continues: true });
}

function obstacle(s: Situation, versionId: string): string {
  const stored = keyIdOf(s.secret, versionId);
  if (stored !== undefined) return `key ${stored} is stored there, but it was not made current`;
  return s.keys.length > 1
    ? `no key can be issued while both key slots are taken by ${allKeys(s)}`
    : 'no key is stored there';
}
