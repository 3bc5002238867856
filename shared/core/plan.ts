import type { Answer } from './answer.ts';
import { adoption, policyOutdated, stateKeyMissing, stateUnverified, voidTags } from './checks/authorship.ts';
import { askedByHand } from './checks/by-hand.ts';
import { currentGone, due, nothingDue, slotsTaken, unusedRetired } from './checks/due.ts';
import { exposedKey, exposedReplacement, exposureOver } from './checks/exposed.ts';
import { superseded } from './checks/grace-period.ts';
import { busy, leftAlone, secretUnverified, statusUnknown } from './checks/hands-off.ts';
import { unlessUnheard } from './checks/heard.ts';
import {
  currentInactive,
  inactiveUnrecorded,
  keyGone,
  newerStoredKey,
  noneActive,
  reactivated,
  recovering,
} from './checks/inactive-keys.ts';
import { intentPast } from './checks/intent-past.ts';
import { unlessElsewhere } from './checks/secret-elsewhere.ts';
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
 * C is the current key, P the previous one, S a stranger. Scenarios, and the checks that carry them:
 *
 *   first rotation    S `due`, alone → S, C: the grace period of S (`superseded`) → S Inactive (`recovering`) → C
 *   every other one   C `due`, alone → P, C: the grace period of P (`superseded`) → P Inactive (`recovering`) → C
 *   a crash           an intent past its deadline is finished or cleared (`intent-past`), whatever check began it
 *   second thoughts   P `reactivated` by its owner → its grace period begins again (`superseded`)
 *   a rollback        C becomes the older key, the newer one waits under the hold (`left-alone`) → it is current again
 *                     (`newer-stored-key`) → the grace period of the older (`superseded`)
 *   a stranger        made by hand beside C: Inactive → recorded (`inactive-unrecorded`) and deleted (`recovering`);
 *                     Active, and some key due → blocked (`slots-taken`)
 *   an exposed key    deactivated before anything else, recorded, then replaced; what it could read is exposed too
 *   a deleted key     its label or record is taken off (`key-gone`); if it was C, the other one is replaced when due
 *                     (`current-gone`)
 */

/**
 * The chain: the first check that answers decides. The order is part of the contract: each check may rely on every
 * earlier one having passed. `docs/architecture.md` has it as a table, with what each answers.
 */
const checks = {
  'exposed-key': exposedKey, // others know an active key: nothing comes before that
  'state-key-missing': stateKeyMissing, // nothing tells what we wrote from what others wrote
  busy, // another run is at work, or was a minute ago
  adoption, // somebody takes over a secret that we did not sign
  'state-unverified': stateUnverified, // a hold or an exposure that we did not write
  'policy-outdated': policyOutdated, // the secret is not as today's settings want it
  'left-alone': leftAlone, // exempt, held, or tags that do not parse
  'secret-unverified': secretUnverified, // the secret is not ours, or its value is of no key that we know
  'status-unknown': statusUnknown, // a key neither Active nor Inactive
  'void-tags': voidTags, // other tags that we did not write
  'managed-rotation': managedRotation, // a step of Secrets Manager's own rotation
  'intent-past': intentPast, // a run died: finish what it wrote in IAM, or clear its intent
  'asked-by-hand': askedByHand, // what an operator or the owner wants now
  'exposed-replacement': exposedReplacement, // a key is owed for one that was exposed
  'exposure-over': exposureOver, // nobody has the exposed key any longer, nor a session of it
  'rotation-stuck': stuckRotation, // Secrets Manager's own rotation does not end
  'key-gone': keyGone, // a label or a record names a key that IAM does not have
  reactivated, // recorded as Inactive, but Active: somebody wants it back
  'newer-stored-key': newerStoredKey, // the hold after a rollback is over
  recovering, // Inactive since a recorded instant: told of, then deleted
  'current-inactive': currentInactive, // somebody else deactivated the current key
  'none-active': noneActive, // no key is Active: the schedule issues none
  'inactive-unrecorded': inactiveUnrecorded, // an Inactive key in the way: its recovery period begins
  superseded, // an Active key older than the current one: its grace period
  'unused-retired': unusedRetired, // due, unused, and wanted to be taken away for good
  'current-gone': currentGone, // the current key was deleted, and the other one is due
  due, // the only key is due
  'slots-taken': slotsTaken, // some key is due, and both slots are taken by Active keys
  'nothing-due': nothingDue, // anything else
} as const satisfies Record<string, (situation: Situation) => Answer | undefined>;

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
    if (answer !== undefined) return { check, ...unlessUnheard(situation, unlessElsewhere(situation, answer)) };
  }
  return { check: 'nothing-due', ...nothingDue(situation) };
}
