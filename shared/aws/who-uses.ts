import { CloudTrailClient, type Event, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { messageOf, RotationError } from '../core/errors.ts';
import type { Caller, UsedBy } from '../core/messages.ts';
import { DAY, type Instant, SECOND } from '../core/time.ts';
import type { Runtime } from './runtime.ts';

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
/** Pages of 50 events in a Region: a busy key would fill hundreds, and its callers show on the first ones. */
const MOST_PAGES = 4;
const MOST_REGIONS = 3;
/** CloudTrail answers two lookups a second, for the whole account in one Region. */
const PAUSE = SECOND / 2;
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
      if (index > 0) await runtime.sleep(PAUSE);
      await lookUp(runtime, { ...question, region }, callers);
    } catch (error) {
      failures.push(error);
    }
  }
  return answerOf([...callers.values()].slice(0, MOST_CALLERS), regions, failures);
}

async function lookUp(
  { aws, sleep }: Pick<Runtime, 'aws' | 'sleep'>,
  { accessKeyId, region, now }: UseQuestion & { region: string },
  callers: Map<string, Caller & { events: string[] }>,
): Promise<void> {
  const client = aws.clientOf((options) => new CloudTrailClient({ ...options, region }));
  const input = {
    LookupAttributes: [{ AttributeKey: 'AccessKeyId' as const, AttributeValue: accessKeyId }],
    StartTime: new Date(now - DAY),
    EndTime: new Date(now),
    MaxResults: 50,
  };
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    if (page > 0) await sleep(PAUSE);
    const { Events = [], NextToken } = await client.send(
      new LookupEventsCommand({ ...input, ...(token === undefined ? {} : { NextToken: token }) }),
    );
    for (const event of Events) note(event, callers);
    token = NextToken;
    if (token === undefined || callers.size >= MOST_CALLERS) return;
  }
}

function note({ CloudTrailEvent, EventName = '' }: Event, callers: Map<string, Caller & { events: string[] }>): void {
  const { sourceIp, userAgent } = readEvent(CloudTrailEvent ?? '');
  const key = `${sourceIp} ${userAgent}`;
  const caller = callers.get(key) ?? { sourceIp, userAgent, events: [] };
  const name = clean(EventName, 64);
  if (!caller.events.includes(name) && caller.events.length < MOST_EVENTS) caller.events.push(name);
  callers.set(key, caller);
}

function readEvent(json: string): Pick<Caller, 'sourceIp' | 'userAgent'> {
  const value: unknown = parsed(json);
  const member = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
  return { sourceIp: clean(member('sourceIPAddress'), 64), userAgent: clean(member('userAgent'), 100) };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Whoever holds the key chooses its user agent: it must not break the lines of an email, nor fill it. */
function clean(value: unknown, max: number): string {
  const text = typeof value === 'string' ? value.replace(/[\p{C}\p{Z}]+/gu, ' ').trim() : '';
  return text.length <= max ? text || 'unknown' : `${text.slice(0, max - 3)}...`;
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
