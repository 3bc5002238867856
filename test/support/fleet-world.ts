import type { Context } from 'aws-lambda';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { BeforeCall, LocalAws } from '../../local/aws/aws.ts';
import { type FunctionName, functionCredentials } from '../../local/aws/principals.ts';
import { deliver, drain } from '../../local/host/event-source.ts';
import * as host from '../../local/host/runtime.ts';
import { addFleetQueues } from '../../local/host/set-up.ts';
import type { LocalOrganization } from '../../local/organization/organization.ts';
import { workingOn } from '../../local/organization/work.ts';
import type { MetricName, Runtime } from '../../shared/aws/runtime.ts';
import { type Fleet, parseFleet } from '../../shared/core/fleet/fleet.ts';
import type { Handler } from '../../shared/lambda/handler.ts';
import { createFleetOrganization, EXTERNAL_ID, type FleetOptions, ORGANIZATION, UNITS } from './organization.ts';
import { STACK } from './world.ts';
import { fleetWorldListeners } from './world-listeners.ts';

/** A hub with its queues, its handlers wired to them without a socket, and the accounts that it looks after. */
export interface FleetWorld {
  readonly organization: LocalOrganization;
  readonly hub: LocalAws;
  readonly fleet: Fleet;
  readonly environment: Record<string, string>;
  readonly urls: Readonly<Record<'rotation' | 'accounts' | 'results' | 'tickets' | 'dead' | 'accountsDead', string>>;
  readonly logged: { message: string; facts: Readonly<Record<string, unknown>> }[];
  readonly metrics: Map<MetricName, number>;
  /** A process of that function, with a connection of its own; by which name it calls, if there are several. */
  runtime(name: FunctionName, before?: BeforeCall, caller?: string): Runtime;
}

export interface FleetWorldOptions extends FleetOptions {
  /** Over a fleet in which everybody but the sandbox takes part since long. */
  fleet?: Record<string, unknown>;
  environment?: Record<string, string>;
}

export function createFleetWorld({ fleet, environment = {}, ...options }: FleetWorldOptions = {}): FleetWorld {
  const organization = createFleetOrganization(options);
  const { hub } = organization;
  const topicArn = hub.sns.addTopic(STACK, ['ops@example.com']);
  const { queueUrl, deadLetterQueueUrl } = hub.sqs.addFifoPair(STACK, { visibilitySeconds: 1_800, maxReceiveCount: 4 });
  const queues = addFleetQueues(hub, STACK);
  const urls = {
    ...{ rotation: queueUrl, dead: deadLetterQueueUrl, accountsDead: queues.accountsDeadLetterQueueUrl },
    ...{ accounts: queues.accountsQueueUrl, results: queues.resultsQueueUrl, tickets: queues.ticketsQueueUrl },
  };
  const world: FleetWorld = {
    ...{ organization, hub, urls, logged: [], metrics: new Map() },
    fleet: parseFleet({ ...usual, ...fleet }),
    environment: {
      KEYTURN_ENFORCE: 'true',
      KEYTURN_TOPIC_ARN: topicArn,
      KEYTURN_QUEUE_URL: queueUrl,
      KEYTURN_DEAD_LETTER_QUEUE_URL: deadLetterQueueUrl,
      ...queues.environment,
      ...environment,
    },
    runtime: (name, before, caller = name) => runtimeOf(world, name, { before, caller }),
  };
  for (const listener of fleetWorldListeners) listener(world);
  return world;
}

const usual = {
  organizationId: ORGANIZATION,
  externalId: EXTERNAL_ID,
  select: { organizationalUnits: [UNITS.prod, UNITS.dev] },
  waves: [
    { name: 'canary', organizationalUnits: [UNITS.canary], enforceFrom: '2025-06-01' },
    { name: 'all', organizationalUnits: [UNITS.prod, UNITS.dev], enforceFrom: '2025-07-01' },
  ],
};

function runtimeOf(
  world: FleetWorld,
  name: FunctionName,
  { before, caller }: { before: BeforeCall | undefined; caller: string },
): Runtime {
  const { organization, environment, metrics, logged, fleet } = world;
  return host.createRuntime({
    aws: organization.hub,
    line: host.directLine(organization.connect(caller, before)),
    credentials: functionCredentials(name),
    environment,
    onLog: ({ message, facts }) => logged.push({ message, facts }),
    onMetric: (metric, value) => metrics.set(metric, (metrics.get(metric) ?? 0) + value),
    fleet,
  });
}

function contextOf({ hub }: FleetWorld, name: FunctionName): Context {
  return host.contextOf(hub, `${STACK}-${name}`, name === 'rotation-worker' ? 300_000 : 900_000);
}

/** One invocation, as a process of its own. */
export async function scheduled(world: FleetWorld, event: unknown, before?: BeforeCall): Promise<unknown> {
  return lambda(
    world,
    'scheduled-rotation',
    createScheduledRotation(world.runtime('scheduled-rotation', before)),
  )(event);
}

/** Its calls are known to be for the account that the event is about. */
export function lambda(world: FleetWorld, name: FunctionName, handler: Handler): (event: unknown) => Promise<unknown> {
  return (event) => workingOn(event, world.hub.accountId, () => handler(event, contextOf(world, name)));
}

/** Every scan that is waiting. */
export function scanAll(world: FleetWorld, before?: BeforeCall) {
  const handler = createScheduledRotation(world.runtime('scheduled-rotation', before));
  const source = { queueUrl: world.urls.accounts, handler: lambda(world, 'scheduled-rotation', handler) };
  return drain(world.hub, { ...source, batchSize: 1 });
}

/** Every pass that is waiting. */
export function workAll(world: FleetWorld, before?: BeforeCall, concurrency = 1) {
  const handler = createRotationWorker(world.runtime('rotation-worker', before));
  const source = { queueUrl: world.urls.rotation, handler: lambda(world, 'rotation-worker', handler) };
  return drain(world.hub, { ...source, batchSize: 1, concurrency });
}

/** One message of the accounts queue, if one is visible. */
export function scanOne(world: FleetWorld, before?: BeforeCall) {
  const handler = createScheduledRotation(world.runtime('scheduled-rotation', before));
  const source = { queueUrl: world.urls.accounts, handler: lambda(world, 'scheduled-rotation', handler) };
  return deliver(world.hub, { ...source, batchSize: 1 });
}

/** A scheduled day of the fleet: fan-out, scans, passes, digest. Returns what the digest said. */
export async function day(world: FleetWorld): Promise<Record<string, unknown>> {
  const at = new Date(world.hub.clock.now()).toISOString();
  await scheduled(world, { scheduledAt: at });
  await scanAll(world);
  await workAll(world);
  world.hub.clock.advance(4 * 3_600_000);
  await scheduled(world, { digest: true, scheduledAt: new Date(world.hub.clock.now()).toISOString() });
  return lastDigest(world);
}

/** The JSON document of the last digest. */
export function lastDigest({ hub }: FleetWorld): Record<string, unknown> {
  const last = hub.sns.published.findLast(({ attributes }) => attributes.event === 'digest');
  return JSON.parse(last?.message.default ?? '{}');
}

/** The messages of a queue. */
export function bodies({ hub, urls }: FleetWorld, queue: keyof FleetWorld['urls']): Record<string, unknown>[] {
  return hub.sqs.messages(urls[queue]).map(({ body }) => JSON.parse(body));
}
