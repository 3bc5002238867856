import { createRotationWorker } from '../../../functions/rotation-worker.ts';
import type { BeforeCall } from '../../../local/aws/aws.ts';
import { DAY, HOUR, MINUTE } from '../../../local/aws/clock.ts';
import { currentKeyId, keysOf, lookAt } from '../../../local/checker/look.ts';
import { deliver } from '../../../local/host/event-source.ts';
import { crossTalk } from '../../../local/organization/cross-talk.ts';
import {
  createFleetWorld,
  type FleetWorld,
  type FleetWorldOptions,
  lambda,
  scanOne,
  scheduled,
} from '../fleet-world.ts';
import { HUB, MEMBERS } from '../organization.ts';

/** Fewer than there are users who are due, so that the limit is reached on the first day. */
export const TICKETS = 3;
const ids = MEMBERS.map(({ accountId }) => accountId);
const [PAYMENTS] = ids;

/** Who is due; carol is not. Only payments has a bob. */
const users = [
  { userName: 'alice', ageDays: 100 },
  { userName: 'bob', ageDays: 120 },
  { userName: 'carol', ageDays: 10 },
];
export const DUE = 4;

/** A fleet under proof, and what was seen of it. */
export interface ProofFleet {
  readonly world: FleetWorld;
  /** Of the rotation queue, each once, in the order of their first delivery. */
  readonly delivered: Map<string, { readonly user: string; readonly runId: string }>;
}

export function createProofFleet({ fleet, ...options }: FleetWorldOptions = {}): ProofFleet {
  const world = createFleetWorld({ fleet: { limits: { maxNewRotationsPerDay: TICKETS }, ...fleet }, ...options });
  for (const { accountId } of options.accounts ?? MEMBERS) {
    for (const { userName, ageDays } of users) {
      if (userName === 'bob' && accountId !== PAYMENTS) continue;
      world.organization.account(accountId).iam.addUser({ userName, keys: [{ ageDays }] });
    }
  }
  return { world, delivered: new Map() };
}

/** Which invocation of a day is disturbed, and how. */
export type Disturbed = 'fan-out' | 'scan' | 'pass' | 'digest';

export interface Disturbance {
  readonly of: Disturbed;
  readonly before: BeforeCall;
  /** Scans and passes come before the fan-out is repeated. */
  readonly isSlow?: boolean;
}

/** What a day came to. */
export interface DayOf {
  /** Rotations that the fleet let begin before a fan-out that had died was repeated. */
  readonly takenBefore: number;
  readonly taken: number;
  /** Users who have a key more. */
  readonly begun: number;
}

/** Fan-out, scans, passes and digest, each repeated as Lambda and the queues repeat them. */
export async function liveDay(fleet: ProofFleet, disturbance?: Disturbance): Promise<DayOf> {
  const { world } = fleet;
  const { clock } = world.hub;
  const begunAt = clock.now();
  const at = new Date(begunAt).toISOString();
  const from = world.hub.calls.length;
  const issuedBefore = issued(world);
  const of = (name: Disturbed): BeforeCall | undefined => (disturbance?.of === name ? disturbance.before : undefined);
  let takenBefore = 0;
  await repeated(world, { scheduledAt: at }, of('fan-out'), async () => {
    if (!disturbance?.isSlow) return;
    await scanAndWork(fleet, {});
    takenBefore = ticketsTaken(world, from);
  });
  await scanAndWork(fleet, { scan: of('scan'), pass: of('pass') });
  clock.advance(Math.max(0, begunAt + 4 * HOUR - clock.now()));
  await repeated(world, { digest: true, scheduledAt: new Date(clock.now()).toISOString() }, of('digest'));
  const taken = ticketsTaken(world, from);
  const begun = issued(world) - issuedBefore;
  clock.advance(begunAt + DAY - clock.now());
  return { takenBefore, taken, begun };
}

/** Lambda gives an event that failed twice more: a minute later, and two after that. */
async function repeated(
  world: FleetWorld,
  event: object,
  before: BeforeCall | undefined,
  between: () => Promise<void> = async () => {},
): Promise<void> {
  for (const wait of [MINUTE, 2 * MINUTE, 0]) {
    try {
      await scheduled(world, event, wait === MINUTE ? before : undefined);
      return;
    } catch {
      world.hub.clock.advance(wait);
      if (wait === MINUTE) await between();
    }
  }
  throw new Error(`${JSON.stringify(event)} failed three times.`);
}

/** Until nothing waits in either queue, not even hidden; the first scan and the first pass may be disturbed. */
export async function scanAndWork(
  fleet: ProofFleet,
  { scan, pass }: { scan?: BeforeCall | undefined; pass?: BeforeCall | undefined } = {},
): Promise<void> {
  const { hub, urls } = fleet.world;
  let [nextScan, nextPass] = [scan, pass];
  for (let round = 0; round < 8; round++) {
    while ((await scanOne(fleet.world, nextScan)).received > 0) nextScan = undefined;
    while (await workOne(fleet, nextPass)) nextPass = undefined;
    const waiting = hub.sqs.messages(urls.rotation).length > 0 ? 6 * MINUTE : 91 * MINUTE;
    if (hub.sqs.messages(urls.rotation).length + hub.sqs.messages(urls.accounts).length === 0) return;
    hub.clock.advance(waiting);
  }
}

/** One message of the rotation queue, in a process of its own. */
async function workOne({ world, delivered }: ProofFleet, before?: BeforeCall): Promise<boolean> {
  const handler = lambda(world, 'rotation-worker', createRotationWorker(world.runtime('rotation-worker', before)));
  const { received } = await deliver(world.hub, {
    queueUrl: world.urls.rotation,
    handler: (event) => {
      for (const { body, messageId } of event.Records) {
        const { accountId, userName, requestId }: Record<string, string> = JSON.parse(body);
        delivered.set(messageId, { user: `${accountId}/${userName}`, runId: requestId ?? '' });
      }
      return handler(event);
    },
  });
  return received > 0;
}

/** `account/userName` → how many messages there were about the user, and of how many runs. */
export function messagesAbout({ delivered }: ProofFleet): Map<string, { messages: number; runs: number }> {
  const byUser = Map.groupBy(delivered.values(), ({ user }) => user);
  return new Map(
    [...byUser].map(([user, messages]) => {
      return [user, { messages: messages.length, runs: new Set(messages.map(({ runId }) => runId)).size }];
    }),
  );
}

/** Deletions of tickets that SQS took, one for each that was there. */
function ticketsTaken({ hub, urls }: FleetWorld, from: number): number {
  const handles = hub.calls
    .slice(from)
    .filter(
      ({ operation, input, outcome }) =>
        operation === 'DeleteMessage' && input.QueueUrl === urls.tickets && outcome === 'ok',
    )
    .map(({ input }) => input.ReceiptHandle);
  return new Set(handles).size;
}

/** `account/userName` → what became of the user, without what differs between two runs. */
export function endOf({ organization }: FleetWorld, accounts: readonly string[] = ids): Record<string, string> {
  return Object.fromEntries(
    accounts.flatMap((accountId) => {
      const aws = organization.account(accountId);
      return aws.iam.users().map(({ userName, userId }) => {
        const look = lookAt(aws, userId);
        const current = currentKeyId(look);
        const keys = keysOf(look).map((key) => `${key.accessKeyId === current ? 'stored ' : ''}${key.status}`);
        return [`${accountId}/${userName}`, keys.toSorted().join(', ')];
      });
    }),
  );
}

/** Who is due has the key of before and a stored one. */
export const ROTATED = 'Active, stored Active';
export function otherThanExpected(end: Readonly<Record<string, string>>): string[] {
  return Object.entries(end)
    .filter(([user, keys]) => keys !== (user.endsWith('/carol') ? 'Active' : ROTATED))
    .map(([user, keys]) => `${user} ends with ${keys}`);
}

/** Keys that were made, and not taken back. */
export function issued({ organization }: FleetWorld): number {
  const count = (name: string): number =>
    organization.calls.filter(({ call }) => call.operation === name && call.outcome === 'ok').length;
  return count('CreateAccessKey') - count('DeleteAccessKey');
}

/**
 * Each session may what it is for: the template's role, narrowed to one user, is enough for all that is done there. Of a key
 * that another pass has deleted IAM says so too.
 */
function refusedInMembers({ organization }: FleetWorld): string[] {
  return organization.calls
    .filter(({ accountId, call: { outcome, fault } }) => accountId !== HUB && /^AccessDenied/.test(outcome) && !fault)
    .filter(({ call: { operation } }) => operation !== 'GetAccessKeyLastUsed')
    .map(({ accountId, call }) => `${call.service}:${call.operation} is refused in ${accountId}`);
}

/** What must be true of a fleet at any time: nothing was given up, nothing told that must not be. */
export function alwaysWrong({ world }: ProofFleet): string[] {
  const { organization, hub, urls, logged } = world;
  const secrets = organization.accountIds.flatMap((id) => organization.account(id).iam.everySecretAccessKey());
  const told = JSON.stringify([logged, hub.sns.published]);
  return [
    ...crossTalk(organization.calls, HUB),
    ...refusedInMembers(world),
    ...[urls.dead, urls.accountsDead].flatMap((url) => hub.sqs.messages(url).map(({ body }) => `given up: ${body}`)),
    ...(secrets.some((secret) => told.includes(secret)) ? ['a secret is in a log line or a message'] : []),
  ];
}

/** What a digest says, as far as it may not differ. */
export interface Told {
  readonly accounts: { readonly selected: number; readonly answered: number };
  readonly attention: readonly { readonly kind: string; readonly accounts: readonly string[] }[];
  readonly message: string;
  readonly [name: string]: unknown;
}

export function digests({ hub }: FleetWorld, from = 0): Told[] {
  return hub.sns.published
    .filter(({ attributes }) => attributes.event === 'digest')
    .slice(from)
    .map(({ message }) => JSON.parse(message.default ?? '{}'));
}
