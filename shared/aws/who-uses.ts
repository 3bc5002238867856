import { messageOf, RotationError } from '../core/errors.ts';
import type { Caller, UsedBy } from '../core/messages/build-message.ts';
import { DAY, type Instant } from '../core/time.ts';
import type { Runtime } from './runtime.ts';
import { lookUpUses, oneLine, TRAIL_PAUSE, type TrailUse } from './trail.ts';

/** For a reminder, whatever happened. */
export interface WhoUses extends UsedBy {
  /** Why the answer is not complete; for the log. */
  explanation?: string;
}

export interface UseQuestion {
  accessKeyId: string;
  /** The Regions that the key's last use names. */
  regions: readonly string[];
  now: Instant;
}

const MOST_CALLERS = 5;
const MOST_EVENTS = 5;
const MOST_REGIONS = 3;
const REGION = /^[a-z]{2}(-[a-z]+)+-\d+$/;
/** LookupEvents knows these alone: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html */
const ONLY_MANAGEMENT = 'It does not list data events, such as reads of S3 objects.';

/**
 * What used the key in the last 24 hours, by CloudTrail's event history. Never throws: a failure is an explanation,
 * since no rotation depends on it. Nothing of an event but its source address, user agent and name leaves this module.
 */
export async function whoUses(runtime: Pick<Runtime, 'aws' | 'sleep'>, question: UseQuestion): Promise<WhoUses> {
  const regions = [...new Set(question.regions)].filter((region) => REGION.test(region)).slice(0, MOST_REGIONS);
  if (regions.length === 0) {
    const sentence = 'CloudTrail was not asked: the last use of the key names no Region.';
    return { callers: [], sentence, explanation: sentence };
  }
  const callers = new Map<string, Caller & { events: string[] }>();
  const failures: unknown[] = [];
  for (const [index, region] of regions.entries()) {
    try {
      if (index > 0) await runtime.sleep(TRAIL_PAUSE);
      await lookUp(runtime, { ...question, region }, callers);
    } catch (error) {
      failures.push(error);
    }
  }
  return answerOf([...callers.values()].slice(0, MOST_CALLERS), regions, failures);
}

async function lookUp(
  runtime: Pick<Runtime, 'aws' | 'sleep'>,
  { accessKeyId, region, now }: UseQuestion & { region: string },
  callers: Map<string, Caller & { events: string[] }>,
): Promise<void> {
  for await (const uses of lookUpUses(runtime, { accessKeyId, region, from: now - DAY, to: now })) {
    for (const use of uses) note(use, callers);
    if (callers.size >= MOST_CALLERS) return;
  }
}

function note({ sourceIp, eventName, ...use }: TrailUse, callers: Map<string, Caller & { events: string[] }>): void {
  const userAgent = oneLine(use.userAgent, 100);
  const key = `${sourceIp} ${userAgent}`;
  const caller = callers.get(key) ?? { sourceIp, userAgent, events: [] };
  if (!caller.events.includes(eventName) && caller.events.length < MOST_EVENTS) caller.events.push(eventName);
  callers.set(key, caller);
}

function answerOf(callers: readonly Caller[], regions: readonly string[], failures: readonly unknown[]): WhoUses {
  const [failure] = failures;
  const explanation = failures.map(messageOf).join(' | ');
  const more = failures.length === 0 ? {} : { explanation };
  if (callers.length > 0) {
    const list = callers.map(
      ({ sourceIp, userAgent, events }) => `${sourceIp} with ${userAgent} (${events.join(', ')})`,
    );
    return { callers, sentence: `In the last 24 hours it was used from ${list.join('; from ')}.`, ...more };
  }
  if (failures.length > 0) {
    return { callers, sentence: `CloudTrail could not be asked what uses it (${codeOf(failure)}).`, ...more };
  }
  const where = regions.join(', ');
  return { callers, sentence: `CloudTrail has no event of it in the last 24 hours in ${where}. ${ONLY_MANAGEMENT}` };
}

/** The sentence of a failure names this function's role and permissions, which are nothing for an owner. */
function codeOf(error: unknown): string {
  return error instanceof RotationError ? error.code : 'failed';
}
