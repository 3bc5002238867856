import { DAY, formatInstant, type Instant, MINUTE, parseInstant } from '../time.ts';

// Which part of CloudTrail's history a run asks for, by event name: from where the last one ended to what has surely
// arrived. Every digest says how far each name is known, so that no run leaves anything out.

/** What changes an access key, or how somebody signs in. */
export const keyEventNames = [
  'CreateAccessKey',
  'UpdateAccessKey',
  'DeleteAccessKey',
  'EnableMFADevice',
  'DeactivateMFADevice',
  'DeleteVirtualMFADevice',
  'CreateLoginProfile',
  'UpdateLoginProfile',
  'DeleteLoginProfile',
  'DeleteUser',
  'TagUser',
  'UntagUser',
] as const;
export type KeyEventName = (typeof keyEventNames)[number];

/** CloudTrail delivers within about 15 minutes. */
export const TRAIL_LAG = 20 * MINUTE;
const OVERLAP = 5 * MINUTE;
/** So long is its history. */
export const HISTORY = 90 * DAY;

export interface EventWindow {
  name: KeyEventName;
  from: Instant;
  to: Instant;
  /** No run has asked before: it is all of the history, and what is cut of it is older than any evidence. */
  isFirst?: boolean;
  /** What nobody can ask for any more. */
  lost?: { from: Instant; to: Instant };
}

/** @param eventsUntil As the newest digest has it. A name that it does not have is asked for as far as there is history. */
export function windowsFor(eventsUntil: Readonly<Record<string, string>>, now: Instant): EventWindow[] {
  const to = now - TRAIL_LAG;
  return keyEventNames.map((name) => {
    const until = parseInstant(eventsUntil[name] ?? '');
    if (until === undefined) return { name, from: now - HISTORY, to, isFirst: true };
    const wanted = Math.min(until, to) - OVERLAP;
    const from = Math.max(wanted, now - HISTORY);
    return { name, from, to: Math.max(to, from), ...(from > wanted ? { lost: { from: wanted, to: from } } : {}) };
  });
}

/** What the digest says then: a name that was cut, or not answered, is asked for again from where it was. */
export function knownUntil(
  before: Readonly<Record<string, string>>,
  windows: readonly (EventWindow & { isWhole: boolean })[],
): Record<string, string> {
  const known = windows.flatMap(({ name, from, to, isWhole }): [string, string][] => {
    const kept = before[name] ?? formatInstant(from + OVERLAP);
    return [[name, isWhole ? formatInstant(to) : kept]];
  });
  return { ...before, ...Object.fromEntries(known) };
}
