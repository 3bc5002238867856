import type { ReasonCode } from '../reasons.ts';
import { WEEKLY_DAYS } from '../runs.ts';
import { hasPassed } from '../time.ts';
import { type Answer, type Facts, type Slots, skip } from './facts.ts';
import { leftAlone, secretOdd, tagsInvalid, voidTags } from './state.ts';

interface Report {
  reason: ReasonCode;
  /** The keys still are what they were when that was told. */
  isUnchanged: (facts: Facts, slots: Slots) => boolean;
}

const reports: readonly Report[] = [
  { reason: 'two-orphans', isUnchanged: (_, { active, inactive }) => active.length + inactive.length === 2 },
  {
    reason: 'slots-taken',
    isUnchanged: ({ settings }, { active }) => active.length === 2 && settings.onBlocked === 'report',
  },
  {
    reason: 'managed-rotation',
    isUnchanged: ({ scanned }, { inactive }) => inactive.length === 0 && scanned.secret?.rotationEnabled === true,
  },
  { reason: 'current-inactive', isUnchanged: (_, { inactive }) => inactive.length > 0 },
  { reason: 'none-active', isUnchanged: (_, { inactive }) => inactive.length === 2 },
];

/** Blocked as it was when it was reported: the worker would only wait. Any change of the keys is looked at. */
export function blockedAsReported(facts: Facts): Answer | undefined {
  const { tags, slots, now } = facts;
  const { announced, intent } = tags;
  if (announced?.event !== 'blocked' || hasPassed(announced.at, WEEKLY_DAYS, now) || slots === undefined) {
    return undefined;
  }
  if (tagsInvalid(facts) ?? leftAlone(facts) ?? secretOdd(facts) ?? voidTags(facts)) return undefined;
  if (slots.active.some((since) => since > announced.at)) return undefined;
  // Only two orphans go with an intent.
  if (intent !== undefined && announced.reason !== 'two-orphans') return undefined;
  const state = reports.find(({ reason }) => reason === announced.reason);
  return state?.isUnchanged(facts, slots) ? skip(state.reason) : undefined;
}
