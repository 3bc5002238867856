import { firstRun, isInSweep } from '../runs.ts';
import type { Settings } from '../settings.ts';
import type { Instant } from '../time.ts';
import { blockedAsReported } from './blocked-as-reported.ts';
import { type Answer, type DueReason, type Facts, factsOf, type Question, type ScannedUser, skip } from './facts.ts';
import { leftover, oldEnough, oldestActive, planned, recovering, superseded } from './keys.ts';
import {
  exposed,
  inFlight,
  intentPast,
  leftAlone,
  policyOutdated,
  rotationPending,
  secretOdd,
  stateUnverified,
  tagsInvalid,
  voidTags,
} from './state.ts';

/** Whether the worker is to look at the user now, why (not), and how old the oldest Active key seems. */
export type Triage = Answer & {
  oldestActiveAt?: Instant;
};

/**
 * Whether a user is worth a closer look: a look is half a dozen calls, so a user in rotation is due only once the next
 * instant of their tags has passed, and one who is blocked once that is to be told again. Never a decision about a key:
 * the worker observes again. Pure and total; in doubt the user is due.
 */
export function triage(scanned: ScannedUser, settings: Settings, now: Instant, run = firstRun(now, settings)): Triage {
  const facts = factsOf(scanned, settings, now, run);
  const answer = answerOf(facts, scanned.keys === undefined ? byReport : byExactKeys);
  const oldestActiveAt = oldestActive(scanned);
  const isLimited = answer.isLimited ?? (goesOn.includes(answer.reason) && oldEnough(facts)?.isLimited);
  return {
    ...answer,
    ...(isLimited ? { isLimited } : {}),
    ...(oldestActiveAt === undefined ? {} : { oldestActiveAt }),
  };
}

/** After these steps the pass looks again, and may issue. */
const goesOn: readonly DueReason[] = ['policy-put', 'replica-failed', 'state-unverified', 'finished'];

/**
 * The first match wins, in the order of the plan where that matters. Before `recovering` nothing asks about the age of
 * keys, so that an intent never waits for a report.
 */
const byReport: readonly Question[] = [
  exposed,
  inFlight,
  stateUnverified,
  policyOutdated,
  blockedAsReported,
  intentPast,
  tagsInvalid,
  leftAlone,
  secretOdd,
  voidTags,
  rotationPending,
  recovering,
  superseded,
  leftover,
  oldEnough,
];
const byExactKeys: readonly Question[] = [
  exposed,
  inFlight,
  stateUnverified,
  policyOutdated,
  intentPast,
  rotationPending,
  planned,
];

function answerOf(facts: Facts, questions: readonly Question[]): Answer {
  for (const question of questions) {
    const answer = question(facts);
    if (answer !== undefined) return answer;
  }
  return skip(facts.slots?.active.length === 0 ? 'no-active-key' : 'nothing-due');
}

/** Left alone on purpose, or in the hands of another run: what their keys are does not matter today. */
const unasked: readonly DueReason[] = ['exempt', 'held', 'busy', 'orphan-waiting'];

/**
 * Whether the keys are to be listed exactly: without a row in the report, or when it is the user's turn in the sweep,
 * since a toggled key looks young in the report.
 */
export function needsExactKeys(
  scanned: ScannedUser,
  settings: Settings,
  now: Instant,
  run = firstRun(now, settings),
): boolean {
  const { isDue, reason } = triage(scanned, settings, now, run);
  if (isDue) return reason === 'unread';
  if (unasked.includes(reason)) return false;
  return scanned.report === undefined || isInSweep(scanned.user.userId, settings, run.scheduledAt);
}
