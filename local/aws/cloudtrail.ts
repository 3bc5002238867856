import { AwsError, constraintError } from './errors.ts';
import { type Input, isRecord, list, optionalInteger, optionalText, text } from './input.ts';
import { seconds } from './secrets-manager/secret-views.ts';
import type { Environment, Operations } from './service.ts';
import { createTrails, type Trails } from './trails.ts';

/** A management event that a key caused. */
export interface TrailEvent {
  readonly accessKeyId: string;
  readonly eventName: string;
  /** `s3.amazonaws.com` */
  readonly eventSource: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  /** The Region of the local AWS unless told. */
  readonly region?: string;
  /** Now unless told. */
  readonly at?: number;
  /** Anything else inside the event, which nobody else is to see. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** CloudTrail's event history as this service uses it. https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/ */
export interface CloudTrail extends Trails {
  readonly operations: Operations;
  addEvent(event: TrailEvent): void;
}

type Event = Required<TrailEvent> & { readonly eventId: string };

/** Two calls a second for each account and Region. */
const callsPerSecond = 2;

/** The Region that the caller spoke to: `https://cloudtrail.eu-west-1.amazonaws.com`; loopback speaks for our own. */
function regionOf(endpoint: string, own: string): string {
  return /\/\/cloudtrail\.([a-z0-9-]+)\.amazonaws\.com/.exec(endpoint)?.[1] ?? own;
}

function attributeOf(input: Input): { key: string; value: string } | undefined {
  const [attribute, ...rest] = list(input, 'LookupAttributes');
  if (rest.length > 0) {
    throw new AwsError(400, 'InvalidLookupAttributesException', 'Only one lookup attribute can be specified.');
  }
  if (attribute === undefined) return undefined;
  if (!isRecord(attribute)) throw constraintError('lookupAttributes', 'be a list of structures');
  const key = text(attribute, 'AttributeKey');
  if (key !== 'AccessKeyId' && key !== 'EventName') {
    throw new AwsError(400, 'InvalidLookupAttributesException', `The local AWS does not look up by ${key}.`);
  }
  return { key, value: text(attribute, 'AttributeValue') };
}

function instant(input: Input, name: string, otherwise: number): number {
  const value = input[name];
  return typeof value === 'number' ? Math.round(value * 1000) : otherwise;
}

function view(event: Event) {
  const { eventId, eventName, eventSource, sourceIp, userAgent, accessKeyId, at, region, more } = event;
  const eventTime = new Date(at).toISOString();
  const content = {
    eventTime,
    eventSource,
    eventName,
    awsRegion: region,
    sourceIPAddress: sourceIp,
    userAgent,
    ...more,
  };
  return {
    EventId: eventId,
    EventName: eventName,
    EventSource: eventSource,
    EventTime: seconds(at),
    AccessKeyId: accessKeyId,
    CloudTrailEvent: JSON.stringify(content),
  };
}

export function createCloudTrail(environment: Environment): CloudTrail {
  const { region, clock, random, pageSize = 50 } = environment;
  const trails = createTrails(environment);
  const events: Event[] = [];
  let calls: { at: number; region: string }[] = [];

  function throttle(asked: string, now: number): void {
    calls = calls.filter(({ at }) => now - at < 1_000);
    if (calls.filter((call) => call.region === asked).length >= callsPerSecond) {
      throw new AwsError(400, 'ThrottlingException', 'Rate exceeded');
    }
    calls.push({ at: now, region: asked });
  }

  return {
    ...trails,
    operations: {
      ...trails.operations,
      LookupEvents(input, { now, endpoint }) {
        const asked = regionOf(endpoint, region);
        throttle(asked, now);
        const attribute = attributeOf(input);
        const from = instant(input, 'StartTime', 0);
        const to = instant(input, 'EndTime', now);
        if (from > to) throw new AwsError(400, 'InvalidTimeRangeException', 'The start time is after the end time.');
        const found = events
          .filter((event) => event.region === asked && event.at >= from && event.at <= to)
          .filter(({ accessKeyId, eventName }) => {
            if (attribute === undefined) return true;
            return attribute.value === (attribute.key === 'AccessKeyId' ? accessKeyId : eventName);
          })
          .toSorted((a, b) => b.at - a.at);
        const start = Number(optionalText(input, 'NextToken') ?? 0);
        const end = start + Math.min(optionalInteger(input, 'MaxResults', 1, 50) ?? 50, pageSize);
        return { Events: found.slice(start, end).map(view), NextToken: end < found.length ? String(end) : undefined };
      },
    },
    addEvent(event) {
      events.push({ region, at: clock.now(), more: {}, ...event, eventId: random.uuid() });
    },
  };
}
