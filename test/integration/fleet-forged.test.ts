// What those gain who may send to the queues of a fleet's hub, and nothing else: docs/security.md names it, and this holds it.

import { expect, it } from 'vitest';
import { sendAll } from '../../shared/aws/enqueue.ts';
import {
  bodies,
  createFleetWorld,
  type FleetWorld,
  lastDigest,
  scanAll,
  scheduled,
  workAll,
} from '../support/fleet-world.ts';
import { MEMBERS, permit, UNITS } from '../support/organization.ts';

const [PAYMENTS, LAB, SANDBOX] = ['444455556666', '666677778888', '777788889999'];
const at = '2026-01-01T00:00:00.000Z';
const accounts = [...MEMBERS, { accountId: SANDBOX, name: 'sandbox', parent: UNITS.sandbox }];
const waves = [
  { name: 'dev', organizationalUnits: [UNITS.dev], enforceFrom: '2025-06-01' },
  { name: 'prod', organizationalUnits: [UNITS.prod], enforceFrom: '2026-02-01' },
];
const pathOf = (unit: string) => `o-a1b2c3d4e5/${UNITS.root}/${unit}/`;

/** As it is deployed: production later, the sandbox never. In each account an alice whose key is due, and a bob whose is not. */
function deployed(fleet: Record<string, unknown> = {}): FleetWorld {
  const world = createFleetWorld({ accounts, fleet: { waves, ...fleet } });
  for (const { accountId } of accounts) {
    const { iam } = world.organization.account(accountId);
    iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
    iam.addUser({ userName: 'bob', keys: [{ ageDays: 10 }] });
  }
  permit(world.organization, world.fleet);
  return world;
}

type Queue = 'accounts' | 'rotation' | 'results' | 'tickets';
async function forge(world: FleetWorld, queue: Queue, ...messages: object[]): Promise<void> {
  const isFifo = queue === 'rotation' || queue === 'tickets';
  const entries = messages.map((message, n) => ({
    MessageBody: JSON.stringify(message),
    ...(isFifo && { MessageGroupId: `forged-${n}`, MessageDeduplicationId: `forged-${n}` }),
  }));
  expect(await sendAll(world.runtime('scheduled-rotation').aws, world.urls[queue], entries)).toEqual([]);
}

const keys = ({ organization }: FleetWorld, userName = 'alice') =>
  Object.fromEntries(
    accounts.map(({ accountId, name }) => [name, organization.account(accountId).iam.keysOf(userName).length]),
  );
const nobodys = { payments: 1, canary: 1, lab: 1, sandbox: 1 };

function about({ organization }: FleetWorld, accountId: string, unit: string, userName = 'alice') {
  const user = organization
    .account(accountId)
    .iam.users()
    .find((each) => each.userName === userName);
  return {
    ...{ schemaVersion: 1, accountId, userId: user?.userId, userName, origin: 'schedule', requestId: 'x' },
    ...{ mayIssue: true, path: pathOf(unit), notAfter: '2099-01-01T00:00:00.000Z' },
  };
}

it.each([
  ['of no selected unit', SANDBOX],
  ['of a wave that has not begun', PAYMENTS],
])('a message about a user of an account %s gets no session, whatever path it claims', async (_, accountId) => {
  const world = deployed();
  await forge(world, 'tickets', { date: '2026-01-01', n: 1 });
  await forge(world, 'rotation', about(world, accountId, UNITS.dev));
  await workAll(world);
  expect(keys(world)).toEqual(nobodys);
  expect(world.logged.filter(({ message }) => message === 'Role refused')).toHaveLength(1);
  expect([world.hub.sns.published, bodies(world, 'tickets').length]).toEqual([[], 1]);
});

it('a message about a user who is not due, or an exposed key, has nothing changed', async () => {
  const world = deployed();
  await forge(world, 'tickets', { date: '2026-01-01', n: 1 });
  const [key] = world.organization.account(LAB).iam.keysOf('bob');
  const bob = about(world, LAB, UNITS.dev, 'bob');
  await forge(world, 'rotation', bob, { ...bob, origin: 'exposed', accessKeyId: key?.accessKeyId, mac: 'AAAA' });
  await workAll(world);
  expect(world.organization.account(LAB).iam.keysOf('bob')).toEqual([key]);
  expect(bodies(world, 'tickets')).toHaveLength(1);
});

it('the path of a message chooses settings: those of another unit of fleet.yml, and no other', async () => {
  const world = deployed({
    settings: [{ organizationalUnits: [UNITS.dev], freeze: [['2026-01-01', '2026-02-01']] }],
    waves: begun,
  });
  await forge(world, 'tickets', { date: '2026-01-01', n: 1 }, { date: '2026-01-01', n: 2 });
  await forge(world, 'rotation', about(world, LAB, UNITS.dev));
  await workAll(world);
  expect(keys(world)).toEqual(nobodys);
  world.hub.clock.advance(3_600_000);
  await forge(world, 'rotation', { ...about(world, LAB, UNITS.prod), requestId: 'y' });
  await workAll(world);
  expect(keys(world)).toEqual({ ...nobodys, lab: 2 });
});

it('a message about a user of an account that only its tags leave out is believed by whoever works on it', async () => {
  const select = { organizationalUnits: [UNITS.prod, UNITS.dev], tags: { keyturn: 'on' } };
  const world = deployed({ select });
  await scheduled(world, { scheduledAt: at });
  await scanAll(world);
  expect(bodies(world, 'rotation')).toEqual([]);
  await forge(world, 'rotation', about(world, LAB, UNITS.dev));
  await workAll(world);
  expect(keys(world)).toEqual({ ...nobodys, lab: 2 });
});

const begun = [{ name: 'all', organizationalUnits: [UNITS.prod, UNITS.dev], enforceFrom: '2025-06-01' }];

it('a message about an account has it scanned, if the hub may look there, and nobody rotated who is not due', async () => {
  const world = deployed();
  const message = { schemaVersion: 1, runId: at, kind: 'account', path: pathOf(UNITS.dev), name: 'x', dryRun: false };
  const forged = accounts.map(({ accountId }) => ({ ...message, accountId, notAfter: '2099-01-01T00:00:00.000Z' }));
  await forge(world, 'tickets', ...[1, 2, 3, 4].map((n) => ({ date: '2026-01-01', n })));
  await forge(world, 'accounts', ...forged);
  await scanAll(world);
  const results = bodies(world, 'results').map(({ accountId, status }) => [accountId, status]);
  expect(Object.fromEntries(results)).toMatchObject({ [LAB]: 'scanned', [PAYMENTS]: 'scanned', [SANDBOX]: 'refused' });
  await workAll(world);
  expect(keys(world)).toEqual({ ...nobodys, lab: 2 });
  expect(keys(world, 'bob')).toEqual(nobodys);
});

it('tickets raise the limit of the fleet, and none of an account’s own', async () => {
  const own = { settings: [{ accounts: [LAB], maxNewRotationsPerDay: 1 }], limits: { maxNewRotationsPerDay: 0 } };
  const world = deployed({ ...own, waves: begun });
  const { iam } = world.organization.account(LAB);
  iam.addUser({ userName: 'carol', keys: [{ ageDays: 100 }] });
  await scheduled(world, { scheduledAt: at });
  await forge(world, 'tickets', ...Array.from({ length: 9 }, (_, n) => ({ date: '2026-01-01', n })), { date: 1 }, []);
  await scanAll(world);
  await workAll(world);
  expect(keys(world)).toMatchObject({ payments: 2, canary: 2, sandbox: 1 });
  expect([keys(world).lab, iam.keysOf('carol').length].toSorted()).toEqual([1, 2]);
});

it('results are told, so a forged one is, and decide nothing', async () => {
  const world = deployed({ waves: begun });
  await scheduled(world, { scheduledAt: at });
  await scanAll(world);
  const [own] = bodies(world, 'results').filter(({ accountId }) => accountId === LAB);
  await forge(world, 'results', { ...own, at: '2026-01-01T01:00:00.000Z', rotated: 7 }, { ...own, accountId: SANDBOX });
  await forge(world, 'results', { kind: 'nonsense' });
  await workAll(world);
  expect(keys(world)).toEqual({ payments: 2, canary: 2, lab: 2, sandbox: 1 });
  world.hub.clock.advance(4 * 3_600_000);
  await scheduled(world, { digest: true, scheduledAt: new Date(world.hub.clock.now()).toISOString() });
  const accountsThen = { selected: 3, answered: 3 };
  expect(lastDigest(world)).toMatchObject({ rotated: 7, accounts: accountsThen, usersScanned: 6, unreadable: 1 });
});
