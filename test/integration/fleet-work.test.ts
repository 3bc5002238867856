// Tests of shared/service/fleet-work.ts, shared/service/fleet-limits.ts, shared/service/count-pass.ts, shared/aws/alarm.ts.

import { describe, expect, it } from 'vitest';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import {
  bodies,
  createFleetWorld,
  type FleetWorld,
  lambda,
  scanAll,
  scheduled,
  workAll,
} from '../support/fleet-world.ts';
import { rolesOfMember, UNITS } from '../support/organization.ts';
import { sqsEvent } from '../support/world.ts';

const [PAYMENTS, CANARY, LAB] = ['444455556666', '555566667777', '666677778888'];
const at = '2026-01-01T00:00:00.000Z';
const believed = { path: `o-a1b2c3d4e5/${UNITS.root}/${UNITS.dev}/`, notAfter: '2026-01-02T00:00:00.000Z' };

function withAlice(options: Parameters<typeof createFleetWorld>[0] = {}, count = 1) {
  const world = createFleetWorld(options);
  const { iam } = world.organization.account(LAB);
  for (let n = 0; n < count; n++)
    iam.addUser({ userName: n === 0 ? 'alice' : `user-${n}`, keys: [{ ageDays: 100 + n }] });
  return { world, keys: () => iam.users().reduce((sum, { userName }) => sum + iam.keysOf(userName).length, 0) };
}

function messageTo(world: FleetWorld, more: object = believed) {
  const user = world.organization
    .account(LAB)
    .iam.users()
    .find(({ userName }) => userName === 'alice');
  return {
    ...{
      schemaVersion: 1,
      accountId: LAB,
      userId: user?.userId,
      userName: 'alice',
      origin: 'schedule',
      requestId: 'x',
    },
    mayIssue: true,
    ...more,
  };
}

async function work(world: FleetWorld, message: object, before?: BeforeCall) {
  const handler = createRotationWorker(world.runtime('rotation-worker', before));
  const answer = await lambda(world, 'rotation-worker', handler)(sqsEvent(message));
  return (answer as { batchItemFailures: unknown[] }).batchItemFailures.length === 0;
}

/** Its trust asks for nothing that only the hub knows. */
function withoutExternalId(role: ReturnType<typeof rolesOfMember>[number]): typeof role {
  return JSON.parse(JSON.stringify(role).replace(/,?"sts:ExternalId":"[^"]*"/, ''));
}

const failing =
  (named: string, code: string): BeforeCall =>
  ({ operation }) =>
    operation === named ? { kind: 'error', status: 403, code } : undefined;

const ticketed = async (options: Parameters<typeof createFleetWorld>[0] = {}, count = 1) => {
  const all = withAlice(options, count);
  await scheduled(all.world, { scheduledAt: at });
  return all;
};

describe('a message about a user of a member', () => {
  it.each<[string, object, string]>([
    ['without a path', { notAfter: believed.notAfter }, 'message-too-old'],
    ['without a limit of time', { path: believed.path }, 'message-too-old'],
    ['that is too old', { ...believed, notAfter: '2026-01-01T00:00:00.000Z' }, 'message-too-old'],
    ['of another organization', { ...believed, path: `o-zzzzzzzzzz/${UNITS.root}/${UNITS.dev}/` }, 'not-selected'],
    [
      'of a unit that is not selected',
      { ...believed, path: `o-a1b2c3d4e5/${UNITS.root}/${UNITS.sandbox}/` },
      'not-selected',
    ],
  ])('%s is dropped and counted, and asks for no role', async (_, more, reason) => {
    const { world, keys } = await ticketed();
    const before = world.organization.calls.length;
    expect(await work(world, messageTo(world, more))).toBe(true);
    expect(keys()).toBe(1);
    expect(world.metrics.get('MessagesDropped')).toBe(1);
    expect(world.logged.find(({ message }) => message === 'Message dropped')?.facts).toMatchObject({ reason });
    expect(world.organization.calls.slice(before).filter(({ call }) => call.operation === 'AssumeRole')).toEqual([]);
  });

  it('of a wave that has not begun is dropped', async () => {
    const waves = [{ name: 'later', organizationalUnits: [UNITS.dev], enforceFrom: '2026-02-01' }];
    const { world, keys } = await ticketed({ fleet: { waves } });
    expect(await work(world, messageTo(world))).toBe(true);
    expect(keys()).toBe(1);
    expect(world.logged.find(({ message }) => message === 'Message dropped')?.facts).toMatchObject({
      reason: 'wave-dry-run',
    });
  });

  it('whose account refuses its role is one line and a metric, and no message to an owner', async () => {
    const { world } = await ticketed();
    world.organization.account(LAB).iam.deleteRole('keyturn-rotate');
    expect(await work(world, messageTo(world))).toBe(true);
    expect(world.metrics.get('RolesRefused')).toBe(1);
    expect(world.logged.filter(({ message }) => message === 'Role refused')).toHaveLength(1);
    expect(world.hub.sns.published).toEqual([]);
  });

  it('is worked on by sessions for this one user: another user and another secret are out of reach', async () => {
    const { world } = await ticketed();
    expect(await work(world, messageTo(world))).toBe(true);
    const roles = world.organization.calls.filter(
      ({ call }) => call.operation === 'AssumeRole' && call.input.ExternalId !== undefined,
    );
    const taken = roles
      .map(({ call }) => call.input)
      .filter(({ RoleArn }) => String(RoleArn).endsWith('keyturn-rotate'));
    expect(taken).toHaveLength(1);
    expect(taken[0]).toMatchObject({ DurationSeconds: '900', Policy: expect.stringContaining('alice') });
  });

  it('of a role that anybody may take is dropped', async () => {
    const { world, keys } = await ticketed();
    const { iam } = world.organization.account(LAB);
    const [role] = rolesOfMember(LAB).filter(({ name }) => name === 'keyturn-rotate');
    if (role === undefined) throw new Error('no role');
    iam.putRole(withoutExternalId(role));
    expect(await work(world, messageTo(world))).toBe(true);
    expect(keys()).toBe(1);
    expect(world.logged.find(({ message }) => message === 'Message dropped')?.facts).toMatchObject({
      reason: 'trust-changed',
    });
  });
});

describe('what the fleet lets begin', () => {
  it('is as many rotations as there are tickets, and the rest waits until tomorrow', async () => {
    const { world, keys } = await ticketed({ fleet: { limits: { maxNewRotationsPerDay: 2 } } }, 5);
    await scanAll(world);
    await workAll(world);
    expect(keys()).toBe(7);
    const decided = world.logged.filter(
      ({ message, facts }) => message === 'Decided' && facts.reason === 'daily-limit',
    );
    expect(decided).toHaveLength(3);
    expect(decided[0]?.facts.because).toContain('limits.maxNewRotationsPerDay of the fleet is 2');
  });

  it('takes no ticket for what the account itself refuses', async () => {
    const { world } = await ticketed({ environment: { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '0' } });
    expect(await work(world, messageTo(world, { ...believed, mayIssue: false }))).toBe(true);
    expect(bodies(world, 'tickets')).toHaveLength(250);
  });

  it('takes no second ticket for a rotation that was begun today', async () => {
    const { world, keys } = await ticketed();
    const dies: BeforeCall = ({ operation }) =>
      operation === 'CreateAccessKey' ? { kind: 'crash-before' } : undefined;
    await work(world, messageTo(world), dies).catch(() => false);
    expect(bodies(world, 'tickets')).toHaveLength(249);
    world.hub.clock.advance(3_600_000);
    expect(await work(world, messageTo(world))).toBe(true);
    expect(keys()).toBe(2);
    expect(bodies(world, 'tickets')).toHaveLength(249);
  });

  it.each<[string, 'OK' | 'ALARM', BeforeCall | undefined, number]>([
    ['off', 'OK', undefined, 2],
    ['on', 'ALARM', undefined, 1],
    ['silent', 'OK', failing('DescribeAlarms', 'AccessDenied'), 1],
  ])('depends on the breaker, an alarm that is %s', async (_, state, before, expected) => {
    const { world, keys } = await ticketed({
      environment: { KEYTURN_BREAKER_ALARM_NAME: 'keyturn-test-proofs-failing' },
    });
    world.hub.cloudWatch.setAlarm('keyturn-test-proofs-failing', state);
    expect(await work(world, messageTo(world), before)).toBe(true);
    expect(keys()).toBe(expected);
    expect(bodies(world, 'tickets')).toHaveLength(expected === 2 ? 249 : 250);
  });
});

describe('a message that fails', () => {
  it('is visible again after 30, 60 and 120 seconds, then leaves for the dead letters, and holds nobody longer', async () => {
    const { world } = await ticketed();
    await scanAll(world);
    const unavailable: BeforeCall = ({ operation }) =>
      operation === 'GetUser' ? { kind: 'error', status: 503, code: 'ServiceUnavailable' } : undefined;
    const visible: number[] = [];
    for (let n = 0; n < 3; n++) {
      await workAll(world, unavailable);
      const [message] = world.hub.sqs.messages(world.urls.rotation);
      visible.push(Math.round(((message?.visibleAt ?? 0) - world.hub.clock.now()) / 10_000) * 10);
      world.hub.clock.advance(130_000);
    }
    expect(visible).toEqual([30, 60, 120]);
    // The fourth time it is visible at once, so that the queue, which has no receive left for it, lets go of it now.
    const from = world.hub.clock.now();
    await workAll(world, unavailable);
    expect(world.hub.clock.now() - from).toBeLessThan(10_000);
    expect(world.hub.sqs.messages(world.urls.rotation)).toEqual([]);
    expect(bodies(world, 'dead')).toHaveLength(1);
  });

  it('whose worker died is visible as soon as that could have been done', async () => {
    const { world } = await ticketed();
    await scanAll(world);
    await workAll(world, ({ operation }) => (operation === 'GetUser' ? { kind: 'crash-before' } : undefined)).catch(
      () => undefined,
    );
    const [message] = world.hub.sqs.messages(world.urls.rotation);
    expect((message?.visibleAt ?? 0) - world.hub.clock.now()).toBeLessThanOrEqual(330_000);
  });
});

it('what AWS refuses in one account says nothing of another', async () => {
  const world = createFleetWorld();
  for (const accountId of [PAYMENTS, CANARY, LAB]) {
    const { iam } = world.organization.account(accountId);
    for (let n = 0; n < 4; n++) iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 100 }] });
  }
  const { iam } = world.organization.account(CANARY);
  for (const role of rolesOfMember(CANARY)) {
    iam.putRole(JSON.parse(JSON.stringify(role).replaceAll('iam:CreateAccessKey', 'iam:GetRole')));
  }
  await scheduled(world, { scheduledAt: at });
  await scanAll(world);
  await workAll(world);
  const keys = (accountId: string) =>
    world.organization
      .account(accountId)
      .iam.users()
      .map(({ userName }) => world.organization.account(accountId).iam.keysOf(userName).length);
  expect(keys(CANARY)).toEqual([1, 1, 1, 1]);
  expect([keys(PAYMENTS), keys(LAB)]).toEqual([
    [2, 2, 2, 2],
    [2, 2, 2, 2],
  ]);
});

it('counts a new key that never worked, over all accounts: the breaker of the fleet opens by it', async () => {
  const { world, keys } = await ticketed({ propagationMs: 3_600_000 });
  expect(await work(world, messageTo(world))).toBe(true);
  expect(keys()).toBe(1);
  expect(world.metrics.get('NotProven')).toBe(1);
});
