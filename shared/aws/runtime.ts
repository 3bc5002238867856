import type { Fleet } from '../core/fleet/fleet.ts';
import { sessionPolicy } from '../core/fleet/session-policy.ts';
import { environmentFor, type Place, regionFor } from '../core/fleet/settings-for.ts';
import type { User } from '../core/model.ts';
import type { RefusalMemory } from '../core/refusals.ts';
import { parseSettings } from '../core/settings.ts';
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
export type MetricName = (typeof metricNames)[number];

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
  /** The accounts that this deployment looks after; absent: its own alone. */
  fleet?: Fleet;
}

/** What a container keeps from one invocation to the next, because to read it again would cost a call each time. */
export interface Memory {
  /** By KMS key and epoch. */
  stateKeys: Map<string, StateKey>;
  /** What AWS refused, by UserId; made with the first refusal. */
  refusals?: RefusalMemory;
  /** By topic. */
  audiences: AudienceMemory;
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

/** Who takes the member's role, as its CloudTrail shows it, and for whom: a session that changes anything is of one user. */
export type MemberSession =
  | [role: 'observe', session: { by: string; runId: string }]
  | [role: 'rotate', session: { by: string; runId: string; user: Pick<User, 'userName' | 'userId'> }];

/** An hour is the longest that a role gets of another role, and a pass over one user never takes so long. */
const SESSION_SECONDS = { observe: 3_600, rotate: 900 };
/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const SESSION_NAME_MAX = 64;

/**
 * The runtime with the clients and the settings of an account of the fleet. Nothing is asked of AWS yet: a role that is
 * refused is a RotationError of the first call there (`isRefusedRole`).
 */
export function inMember(runtime: Runtime & { fleet: Fleet }, place: Place, ...as: MemberSession): Runtime {
  const { fleet, aws, memory, clock } = runtime;
  const [role, { by, runId }] = as;
  const { accountId } = place;
  const environment = environmentFor(runtime.environment, fleet, place);
  const settings = parseSettings(environment);
  const region = regionFor(fleet, place);
  memory.refusedRoles ??= new Map();
  const target = {
    ...{ accountId, region, role, roleSuffix: settings.roleSuffix, externalId: fleet.externalId },
    sessionName: `keyturn-${by}-${runId}`.replace(/[^\w+=,.@-]/g, '-').slice(0, SESSION_NAME_MAX),
    durationSeconds: SESSION_SECONDS[role],
    refused: { until: memory.refusedRoles, clock },
    ...(as[0] === 'rotate' ? { policy: sessionPolicy({ accountId, region, ...as[1].user }, settings) } : {}),
  };
  return { ...runtime, environment, aws: aws.inAccount(target) };
}
