import type { Answer } from './answer.ts';
import { askedByHand } from './checks/asked.ts';
import { adoption, policyOutdated, stateKeyMissing, stateUnverified, voidTags } from './checks/authorship.ts';
import { currentGone, due, nothingDue, slotsTaken, unusedRetired } from './checks/due.ts';
import { exposedKey, exposedReplacement, exposureOver } from './checks/exposed.ts';
import { superseded } from './checks/grace-period.ts';
import { busy, leftAlone, secretUnverified, statusUnknown } from './checks/hands-off.ts';
import { unlessUnheard } from './checks/heard.ts';
import { intentPast } from './checks/in-flight.ts';
import {
  currentInactive,
  inactiveUnrecorded,
  keyGone,
  newerStoredKey,
  noneActive,
  reactivated,
  recovering,
} from './checks/inactive-keys.ts';
import { managedRotation, stuckRotation } from './checks/secrets-manager.ts';
import type { Request, UserState } from './model.ts';
import type { Settings } from './settings.ts';
import { assess, type Situation } from './situation.ts';
import type { Instant } from './time.ts';

/*
 * The life of a key, in days (defaults):
 *
 *   0 ─────────────── 90 ──── 93 ──── 97 ── 99 ── 100 ·········· 110 ────── 120
 *   old key Active    │        reminders          │   put off while │        │
 *                     │                           │   in use, or    │        │
 *                     │                           │   not switched  │        │
 *                     issued: created, proven,    deactivated ──────┘        deleted, its label
 *                     stored, made current,       (10 days to change         is taken off
 *                     announced                   one's mind)
 *
 * Scenarios, and the rows that carry them:
 *
 *   first rotation    S due, alone (15) → S, C: the ladder on S (12) → S Inactive, recorded (8) → C
 *   every other one   C due, alone (15) → P, C: the ladder on P (12) → P Inactive, recorded (8) → C
 *   a crash           an intent past its deadline is finished or cleared (4), whatever row began it
 *   second thoughts   P reactivated by its owner (6) → the ladder begins again (12)
 *   a rollback        C becomes the older key, the newer one waits under the hold (1) → current again (7) → ladder (12)
 *   a stranger        made by hand beside C: Inactive → recorded (11) and deleted (8); Active and some key due → blocked (16)
 *   an exposed key    deactivated before anything else, recorded, then replaced; what it could read is exposed too
 *   a deleted key     its label or record is taken off (5); if it was C, the other one is replaced when due (14)
 */

/**
 * The rows of the table "Two slots", in its order. The order is part of the contract: each check may rely on every
 * earlier one having passed.
 */
const checks = {
  'exposed-key': exposedKey,
  'state-key-missing': stateKeyMissing,
  'row-0-busy': busy,
  adoption: adoption,
  'state-unverified': stateUnverified,
  'policy-outdated': policyOutdated,
  'row-1-left-alone': leftAlone,
  'row-2-secret-unverified': secretUnverified,
  'row-3-status-unknown': statusUnknown,
  'void-tags': voidTags,
  'managed-rotation': managedRotation,
  'row-4-intent-past': intentPast,
  'asked-by-hand': askedByHand,
  'exposed-replacement': exposedReplacement,
  'exposure-over': exposureOver,
  'rotation-stuck': stuckRotation,
  'row-5-key-gone': keyGone,
  'row-6-reactivated': reactivated,
  'row-7-newer-stored-key': newerStoredKey,
  'row-8-recovering': recovering,
  'row-9-current-inactive': currentInactive,
  'row-10-none-active': noneActive,
  'row-11-inactive-unrecorded': inactiveUnrecorded,
  'row-12-superseded': superseded,
  'row-13-unused-retired': unusedRetired,
  'row-14-current-gone': currentGone,
  'row-15-due': due,
  'row-16-slots-taken': slotsTaken,
  'row-17-nothing-due': nothingDue,
} as const satisfies Record<string, (situation: Situation) => Answer | undefined>;

export type CheckName = keyof typeof checks;

/** The names of the checks, in order. */
export const checkNames: readonly string[] = Object.keys(checks);

/** One check's answer for one user, and which check gave it. */
export interface Plan extends Answer {
  check: string;
}

/**
 * What to do about one user now. Pure and total: the same answer for the same input, and an answer for every input.
 * At most one step changes something; every sentence is fit for logs and messages.
 */
export function plan(state: UserState, request: Request, settings: Settings, now: Instant): Plan {
  return planFor(assess(state, request, settings, now));
}

/** The same, for a caller that has assessed the state already. */
export function planFor(situation: Situation): Plan {
  for (const [check, answers] of Object.entries(checks)) {
    const answer = answers(situation);
    if (answer !== undefined) return { check, ...unlessUnheard(situation, answer) };
  }
  return { check: 'row-17-nothing-due', ...nothingDue(situation) };
}
