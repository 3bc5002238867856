import { CloudTrailClient, type Event, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { jsonOf } from '../core/json.ts';
import { present } from '../core/present.ts';
import { type Instant, SECOND } from '../core/time.ts';
import type { Runtime } from './runtime.ts';

/** One use of a key, as CloudTrail tells it. Nothing else of an event leaves this module. */
export interface TrailUse {
  sourceIp: string;
  /** Chosen by whoever holds the key: it proves nothing. In one line, and cut at 512 letters. */
  userAgent: string;
  eventName: string;
  /** `s3.amazonaws.com` */
  eventSource: string;
  at?: Instant;
  vpcEndpointId?: string;
}

export interface TrailQuestion {
  accessKeyId: string;
  region: string;
  from: Instant;
  to: Instant;
}

/** Pages of 50 events in a Region: a busy key would fill hundreds, and its callers show on the first ones. */
const MOST_PAGES = 4;
/** CloudTrail answers two lookups a second, for the whole account in one Region. */
export const TRAIL_PAUSE = SECOND / 2;

/** The largest page that CloudTrail gives. */
export function lookupOf(
  AttributeKey: 'AccessKeyId' | 'EventName',
  AttributeValue: string,
  { from, to }: { from: Instant; to: Instant },
) {
  const LookupAttributes = [{ AttributeKey, AttributeValue }];
  return { LookupAttributes, StartTime: new Date(from), EndTime: new Date(to), MaxResults: 50 };
}

/** The uses of a key in one Region, newest first, page by page: whoever has seen enough stops. */
export async function* lookUpUses(
  { aws, sleep }: Pick<Runtime, 'aws' | 'sleep'>,
  { accessKeyId, region, from, to }: TrailQuestion,
): AsyncGenerator<readonly TrailUse[]> {
  const client = aws.clientOf((options) => new CloudTrailClient({ ...options, region }));
  const input = lookupOf('AccessKeyId', accessKeyId, { from, to });
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    if (page > 0) await sleep(TRAIL_PAUSE);
    const { Events = [], NextToken } = await client.send(
      new LookupEventsCommand({ ...input, ...present({ NextToken: token }) }),
    );
    yield Events.map(useOf);
    token = NextToken;
    if (token === undefined) return;
  }
}

function useOf({ CloudTrailEvent, EventName, EventSource, EventTime }: Event): TrailUse {
  const value: unknown = jsonOf(CloudTrailEvent);
  const member = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
  const endpoint = member('vpcEndpointId');
  return {
    sourceIp: oneLine(member('sourceIPAddress'), 64),
    userAgent: oneLine(member('userAgent'), 512),
    eventName: oneLine(EventName, 64),
    eventSource: oneLine(EventSource, 64),
    ...present({ at: EventTime?.getTime(), vpcEndpointId: endpoint === undefined ? undefined : oneLine(endpoint, 64) }),
  };
}

/** Whoever holds the key chooses its user agent: it must not break the lines of an email or a table, nor fill it. */
export function oneLine(value: unknown, max: number): string {
  const text = typeof value === 'string' ? value.replace(/[\p{C}\p{Z}]+/gu, ' ').trim() : '';
  return text.length <= max ? text || 'unknown' : `${text.slice(0, max - 3)}...`;
}
