import type { TransitionVerb } from './model.ts';
import type { ReasonCode } from './reasons.ts';
import type { SecretPart } from './secret-settings.ts';
import type { Exposed, NoticeKind } from './secret-tags.ts';
import type { Instant } from './time.ts';

/** What a pass may do: one verb for each kind of step, with what it is about. Published in docs/reference.md. */
export type Action =
  /** With a key ID: the key that is waited for. */
  | { action: 'none'; accessKeyId?: string }
  /** With a version ID: stored under it and left pending, for Secrets Manager's own rotation. */
  | { action: 'issue'; graceDays?: number; versionId?: string }
  | { action: 'finish'; verb: TransitionVerb; accessKeyId: string }
  /** With an event: what the transition had done before it was interrupted, without a message. */
  | { action: 'clear-intent'; restartGrace: boolean; tells?: 'reactivated' | 'failed'; accessKeyId?: string }
  | { action: 'deactivate-orphan'; accessKeyId: string }
  | { action: 'deactivate-unrecorded'; accessKeyId: string }
  | { action: 'deactivate-exposed'; accessKeyId: string }
  /** Tells of an exposed key that is not to be touched. */
  | { action: 'announce-exposed'; accessKeyId: string }
  /** An exposed key, and the sessions made with it, can no longer be used. */
  | { action: 'end-exposure' }
  | { action: 'record-orphan'; accessKeyId: string }
  | { action: 'delete-orphan'; accessKeyId: string }
  | { action: 'deactivate'; accessKeyId: string }
  | { action: 'delete'; accessKeyId: string }
  | { action: 'retire'; accessKeyId: string }
  | { action: 'roll-back'; accessKeyId: string; holdUntil: Instant }
  | { action: 'move-forward'; accessKeyId: string }
  | { action: 'forget'; accessKeyId: string }
  | { action: 'restart-grace'; accessKeyId: string }
  | { action: 'start-grace'; accessKeyId: string }
  /** Tells what is taken away, and from when on at the earliest. */
  | { action: 'remind'; accessKeyId: string; kind: NoticeKind; earliestAt: Instant }
  /** The same of a deactivation that waits for the owner, but no longer than until `latestAt`. */
  | { action: 'postpone'; accessKeyId: string; earliestAt: Instant; latestAt: Instant }
  | { action: 'record-inactive'; accessKeyId: string }
  | { action: 'confirm'; accessKeyId: string }
  | { action: 'hold'; holdUntil?: Instant }
  | { action: 'restore-secret' }
  /** Takes off tags of state that we did not write. */
  | { action: 'drop-tags'; names: readonly string[] }
  /** Signs what a secret from elsewhere says about these keys, its hold and its exposure. */
  | { action: 'adopt-secret'; accessKeyIds: readonly string[]; holdUntil?: Instant; exposed?: Exposed }
  /** Puts what of the secret is not as the settings want it: its policy, and what goes with that. */
  | { action: 'put-policy'; parts: readonly SecretPart[] }
  /** Orders replicas that failed once more; without any, notes that all are in step. */
  | { action: 'sync-replicas'; regions: readonly string[]; tells: boolean }
  | { action: 'announce-blocked'; accessKeyId?: string; isRecordable: boolean }
  | { action: 'announce-stuck'; versionId: string };

export type ActionName = Action['action'];

/**
 * In the order in which a rotation may meet them, each with what follows "cannot" in a sentence: the names are for
 * programs. One that is missing does not compile.
 */
const phrases: Readonly<Record<ActionName, string>> = {
  none: 'wait',
  issue: 'issue an access key',
  finish: 'finish an interrupted change',
  'clear-intent': 'discard an interrupted change',
  'deactivate-orphan': 'deactivate a leftover key',
  'deactivate-unrecorded': 'deactivate an unrecorded key',
  'deactivate-exposed': 'deactivate an exposed key',
  'announce-exposed': 'announce an exposed key',
  'end-exposure': 'record the end of an exposure',
  'record-orphan': 'record a leftover key',
  'delete-orphan': 'delete a leftover key',
  deactivate: 'deactivate the old key',
  delete: 'delete an inactive key',
  retire: 'retire an access key',
  'roll-back': 'go back to the previous key',
  'move-forward': 'make the newer key current',
  forget: 'remove the label of a deleted key',
  'restart-grace': 'restart the grace period',
  'start-grace': 'start the grace period',
  remind: 'send a reminder',
  postpone: 'postpone the deactivation',
  'record-inactive': 'record an inactive key',
  confirm: 'record the confirmation',
  hold: 'change the hold',
  'restore-secret': 'restore the secret',
  'drop-tags': 'remove tags that Keyturn did not write',
  'adopt-secret': 'adopt the secret',
  'put-policy': 'bring the secret into line with the settings',
  'sync-replicas': 'replicate the secret',
  'announce-blocked': 'announce that a decision is needed',
  'announce-stuck': 'announce a stuck rotation',
};

export const actionNames: readonly string[] = Object.keys(phrases);

export const phraseOf = ({ action }: Action): string => phrases[action];

/** One step of a plan: what, why, and in words. */
export type Step = Action & {
  reason: ReasonCode;
  message: string;
  /** When something will happen to the key, or when this user is to be looked at next. */
  notBefore?: Instant;
  /** The pass looks again after this step; otherwise it ends. */
  continues: boolean;
};

export type PlanStatus = 'act' | 'unchanged' | 'blocked' | 'busy' | 'failed';

/** What a check answers. No answer has more than one step that changes something. */
export interface Answer {
  status: PlanStatus;
  reason: ReasonCode;
  message: string;
  steps: readonly Step[];
}

/** Facts that a step may carry beside its action. */
interface StepOptions {
  notBefore?: Instant | undefined;
  continues?: boolean;
}

/** An answer that does one thing. */
export function act(action: Action, reason: ReasonCode, message: string, options: StepOptions = {}): Answer {
  return { status: 'act', reason, message, steps: [step(action, reason, message, options)] };
}

/** An answer that changes nothing, and says what it waits for: until when, and about which key, if it is about one. */
export function wait(reason: ReasonCode, message: string, notBefore?: Instant, about?: string): Answer {
  const action = { action: 'none', ...(about === undefined ? {} : { accessKeyId: about }) } as const;
  return { status: 'unchanged', reason, message, steps: [step(action, reason, message, { notBefore })] };
}

export function step(action: Action, reason: ReasonCode, message: string, options: StepOptions = {}): Step {
  const { notBefore, continues = false } = options;
  return { ...action, reason, message, continues, ...(notBefore === undefined ? {} : { notBefore }) };
}
