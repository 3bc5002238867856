// Of several accounts, one has a trouble: what becomes of every other is what becomes of it undisturbed. Scans, and passes,
// of all accounts share a container.

import type { SQSEvent } from 'aws-lambda';
import { afterAll, describe, expect, it } from 'vitest';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { Call, Fault } from '../../local/aws/aws.ts';
import { HOUR, MINUTE } from '../../local/aws/clock.ts';
import { drain } from '../../local/host/event-source.ts';
import { crossTalk } from '../../local/organization/cross-talk.ts';
import { bodies, type FleetWorld, lambda, scheduled } from '../support/fleet-world.ts';
import { HUB, MEMBERS, rolesOfMember, UNITS } from '../support/organization.ts';
import { staleRead } from '../support/proof/faults.ts';
import { createProofFleet, digests, endOf } from '../support/proof/fleet-days.ts';
import { printTable, seconds } from '../support/proof/report.ts';

const accounts = [...MEMBERS, { accountId: '777788889999', name: 'audit', parent: UNITS.dev }];
const ids = accounts.map(({ accountId }) => accountId);

interface Trouble {
  readonly name: string;
  /** What is done to the account. */
  readonly spoil?: (world: FleetWorld, accountId: string) => void;
  /** What its calls meet. */
  readonly fault?: (call: Call) => Fault | undefined;
  /** Those who have it may fare as well as without. */
  readonly isHarmless?: boolean;
}

function forget(role: 'keyturn-observe' | 'keyturn-rotate') {
  return ({ organization }: FleetWorld, accountId: string) => organization.account(accountId).iam.deleteRole(role);
}

/** Roles that may be taken without what only the hub knows. */
function open({ organization }: FleetWorld, accountId: string): void {
  const roles: ReturnType<typeof rolesOfMember> = JSON.parse(
    JSON.stringify(rolesOfMember(accountId)).replaceAll(/,?"sts:ExternalId":"[^"]*"/g, ''),
  );
  for (const role of roles) organization.account(accountId).iam.putRole(role);
}

/** No role of a suspended account can be taken. */
function suspend(world: FleetWorld, accountId: string): void {
  world.organization.setState(accountId, 'SUSPENDED');
  forget('keyturn-observe')(world, accountId);
  forget('keyturn-rotate')(world, accountId);
}

/** Another trust than the template's, with which the hub still gets in. */
function letOthersIn({ organization }: FleetWorld, accountId: string): void {
  const { iam } = organization.account(accountId);
  for (const role of ['keyturn-observe', 'keyturn-rotate']) {
    const trust = JSON.stringify(iam.role(role)?.trust.document);
    iam.setTrust(role, JSON.parse(trust.replace('"sts:AssumeRole"', '["sts:AssumeRole","sts:TagSession"]')));
  }
}

const isOf = (name: string, fault: Fault) => (call: Call) => (call.operation === name ? fault : undefined);
const troubles: readonly Trouble[] = [
  { name: 'observe role gone', spoil: forget('keyturn-observe') },
  { name: 'rotate role gone', spoil: forget('keyturn-rotate') },
  { name: 'trust without an external ID', spoil: open },
  { name: 'trust of others, with the external ID', spoil: letOthersIn },
  {
    name: 'Region off',
    spoil: ({ organization }, accountId) => organization.account(accountId).disableRegion('eu-west-1'),
  },
  { name: 'stale answers', fault: staleRead, isHarmless: true },
  { name: 'throttled', fault: () => ({ kind: 'throttle' }) },
  { name: 'error 503', fault: () => ({ kind: 'error', status: 503, code: 'ServiceUnavailable' }) },
  { name: 'no answer', fault: () => ({ kind: 'lost-response' }) },
  {
    name: 'slow report',
    fault: isOf('GetCredentialReport', { kind: 'error', status: 404, code: 'ReportInProgress' }),
  },
  { name: 'every key refused', fault: isOf('CreateAccessKey', { kind: 'error', status: 403, code: 'AccessDenied' }) },
  { name: 'suspended', spoil: suspend },
];
/** When the trouble begins. */
const moments = ['before the run', 'before the scans', 'before the passes'] as const;

interface Outcome {
  readonly results: Readonly<Record<string, unknown>>;
  readonly end: Readonly<Record<string, string>>;
  /** Accounts that the digest says something of. */
  readonly named: readonly string[];
  readonly crossTalk: readonly string[];
}

interface Disturbance {
  readonly accountId: string;
  readonly trouble: Trouble;
  readonly moment: (typeof moments)[number];
}

async function live(disturbance?: Disturbance): Promise<Outcome> {
  const { world } = createProofFleet({ accounts, fleet: { limits: { maxNewRotationsPerDay: 20 } } });
  const { hub, urls } = world;
  let atWorkOn: string | undefined;
  let isTroubled = false;
  const before = (call: Call): Fault | undefined =>
    isTroubled && atWorkOn === disturbance?.accountId && ['iam', 'secretsmanager'].includes(call.service)
      ? disturbance?.trouble.fault?.(call)
      : undefined;
  const reach = (moment: Disturbance['moment']): void => {
    if (disturbance?.moment !== moment) return;
    isTroubled = true;
    disturbance.trouble.spoil?.(world, disturbance.accountId);
  };
  const all = async (name: 'scheduled-rotation' | 'rotation-worker', queueUrl: string): Promise<void> => {
    const create = name === 'rotation-worker' ? createRotationWorker : createScheduledRotation;
    const invoke = lambda(world, name, create(world.runtime(name, before)));
    const handler = (event: SQSEvent): Promise<unknown> => {
      atWorkOn = JSON.parse(event.Records[0]?.body ?? '{}').accountId;
      return invoke(event);
    };
    // What fails comes back a few times, among the others' messages.
    for (let round = 0; round < 5 && hub.sqs.messages(queueUrl).length > 0; round++, hub.clock.advance(6 * MINUTE))
      await drain(hub, { queueUrl, handler });
  };
  reach('before the run');
  await scheduled(world, { scheduledAt: new Date(hub.clock.now()).toISOString() });
  reach('before the scans');
  await all('scheduled-rotation', urls.accounts);
  reach('before the passes');
  await all('rotation-worker', urls.rotation);
  const results = Object.fromEntries(
    bodies(world, 'results')
      .filter(({ kind }) => kind === 'result')
      .map(({ at, oldestActiveKeyDays, ...result }) => [
        String(result.accountId),
        { ...result, oldestActiveKeyDays: Math.floor(Number(oldestActiveKeyDays)) },
      ]),
  );
  hub.clock.advance(4 * HOUR);
  await scheduled(world, { digest: true, scheduledAt: new Date(hub.clock.now()).toISOString() });
  const named = digests(world).flatMap(({ attention }) => attention.flatMap((each) => each.accounts));
  return { results, end: endOf(world, ids), named, crossTalk: crossTalk(world.organization.calls, HUB) };
}

const rows: (string | number)[][] = [];
afterAll(() => printTable('One account of four in trouble', [['trouble', 'runs', 'seconds'], ...rows]));

/** What is not as without the trouble, outside the account that has it. */
function differences(outcome: Outcome, quiet: Outcome, accountId: string): string[] {
  const others = ids.filter((id) => id !== accountId);
  return [
    ...others
      .filter((id) => JSON.stringify(outcome.results[id]) !== JSON.stringify(quiet.results[id]))
      .map((id) => `result of ${id}: ${JSON.stringify(outcome.results[id])}`),
    ...Object.entries(outcome.end).flatMap(([user, keys]) =>
      user.startsWith(accountId) || keys === quiet.end[user] ? [] : [`${user} ends with ${keys}`],
    ),
    ...outcome.named.filter((name) => !name.startsWith(accountId)).map((name) => `the digest names ${name}`),
    ...outcome.crossTalk,
  ];
}

describe('one account in trouble', () => {
  it.each(troubles)('$name: every other account fares as if it were not there', async (trouble) => {
    const begun = performance.now();
    const quiet = await live();
    expect(Object.keys(quiet.results).toSorted()).toEqual(ids.toSorted());
    expect(quiet.named).toEqual([]);
    const found: string[] = [];
    let harmed = 0;
    for (const accountId of ids) {
      for (const moment of moments) {
        const outcome = await live({ accountId, trouble, moment });
        const isHarmed = outcome.named.length > 0 || JSON.stringify(outcome.end) !== JSON.stringify(quiet.end);
        harmed += isHarmed ? 1 : 0;
        const wrong = differences(outcome, quiet, accountId);
        // Whatever its trouble is, nobody there is locked out.
        const lost = Object.entries(outcome.end).filter(([, keys]) => !keys.includes('Active'));
        wrong.push(...lost.map(([user]) => `${user} has no active key`));
        found.push(...wrong.map((what) => `${accountId}, ${moment}: ${what}`));
      }
    }
    rows.push([trouble.name, ids.length * moments.length, seconds(begun)]);
    expect(found).toEqual([]);
    // It was a trouble: where nothing is harmed, nothing was tried.
    if (!trouble.isHarmless) expect(harmed).toBeGreaterThanOrEqual(ids.length);
  });
});
