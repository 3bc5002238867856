import type { Fleet } from '../core/fleet/fleet.ts';
import type { User } from '../core/model.ts';
import type { RefusalMemory } from '../core/refusals.ts';
import type { Settings } from '../core/settings.ts';
import type { StateKey } from '../core/state-key.ts';
import type { Instant } from '../core/time.ts';
import type { AudienceMemory } from './audience.ts';
import type { Aws } from './clients.ts';

/** Facts of a log line. Never an input or a response of a call, never an event: those may hold secrets. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined | readonly string[]>>;

export interface Log {
  info(message: string, facts?: Facts): void;
  warn(message: string, facts?: Facts): void;
  error(message: string, facts?: Facts): void;
}

/** Metrics of the service: counts, and two gauges that each scan sets, in days. */
export const metricNames = [
  'UsersScanned',
  'UsersEnqueued',
  'Rotated',
  'Deactivated',
  'Deleted',
  'Postponed',
  'Blocked',
  'BreakerOpen',
  'Failed',
  'AwsCalls',
  'OldestActiveKeyDays',
  'DaysToNearestDeadline',
] as const;
/** Of a fleet alone. Without a dimension by account: a thousand accounts would cost thousands a month. */
export const fleetMetricNames = [
  'AccountsEnqueued',
  'AccountsScanned',
  'AccountsRefused',
  'RolesRefused',
  'MessagesDropped',
  'NotProven',
] as const;
export type MetricName = (typeof metricNames | typeof fleetMetricNames)[number];

export interface Meter {
  add(name: MetricName, value: number): void;
}

/** Everything that a handler does not compute: arguments of its factory, so that a test can pass its own. */
export interface Runtime {
  aws: Aws;
  environment: Readonly<Record<string, string | undefined>>;
  clock(): Instant;
  sleep(ms: number): Promise<void>;
  /** A fresh UUID for each invocation: Lambda's retries repeat the request ID. */
  newRunId(): string;
  log: Log;
  meter: Meter;
  memory: Memory;
  /** In an account of a fleet of several Regions: those other ones in which a key of the user is kept. */
  regionsElsewhere?(settings: Pick<Settings, 'secretPrefix'>, user: User): Promise<readonly string[]>;
  /** The accounts that this deployment looks after; absent: its own alone. */
  fleet?: Fleet;
}

/** What a container keeps from one invocation to the next, because to read it again would cost a call each time. */
export interface Memory {
  /** By KMS key and epoch. */
  stateKeys: Map<string, StateKey>;
  /** What AWS refused, by UserId; made with the first refusal. */
  refusals?: RefusalMemory;
  /** The same in accounts of the fleet, by account; made with the first of them. */
  refusalsOf?: Map<string, RefusalMemory>;
  /** By topic. */
  audiences: AudienceMemory;
  /** The account of the function itself; known with the first member whose trust was looked at. */
  hubAccountId?: string;
  /** Accounts whose rotating role is known to refuse whoever lacks its ExternalId; made with the first. */
  trusted?: Set<string>;
  /** Accounts that messages were about, and whether the fleet looks after them; made with the first. */
  members?: Map<string, boolean>;
  /** Roles of members that AWS refused, and until when; made with the first member. */
  refusedRoles?: Map<string, Instant>;
}

/** What a handler knows of its own invocation. */
export interface Invocation {
  runId: string;
  startedAt: Instant;
  deadlineAt: Instant;
  functionName: string;
}

/** Calls of every client so far: the difference over an invocation is what it made. */
export function callsMade({ aws }: Pick<Runtime, 'aws'>): number {
  return [...aws.counts.values()].reduce((sum, count) => sum + count, 0);
}
