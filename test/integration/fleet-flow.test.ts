// Tests of shared/service/fan-out.ts, shared/service/account-scan.ts, shared/service/fleet-digest.ts,
// shared/service/clear-results.ts, shared/service/fleet-run.ts, shared/service/member.ts, shared/service/has-fleet.ts,
// shared/service/fleet-account.ts and shared/core/fleet/scan-result.ts.

import { describe, expect, it } from 'vitest';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import { crossTalk } from '../../local/organization/cross-talk.ts';
import {
  bodies,
  createFleetWorld,
  day,
  type FleetWorld,
  lambda,
  lastDigest,
  scanAll,
  scheduled,
  workAll,
} from '../support/fleet-world.ts';
import { HUB, MEMBERS, UNITS } from '../support/organization.ts';
import { refusedInFleet } from '../support/within-fleet-permissions.ts';
import { sqsEvent } from '../support/world.ts';

const ids = MEMBERS.map(({ accountId }) => accountId);
const [PAYMENTS, CANARY, LAB] = ['444455556666', '555566667777', '666677778888'];
const at = '2026-01-01T00:00:00.000Z';

/** Everybody has an alice with an old key. */
function withAlices(options: Parameters<typeof createFleetWorld>[0] = {}): FleetWorld {
  const world = createFleetWorld(options);
  for (const accountId of world.organization.accountIds) {
    world.organization.account(accountId).iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
  }
  return world;
}

const keys = ({ organization }: FleetWorld, accountId = ''): number =>
  organization.account(accountId).iam.keysOf('alice').length;
const digestAt = (world: FleetWorld, hours = 4) => {
  world.hub.clock.advance(Math.max(0, Date.parse(at) + hours * 3_600_000 - world.hub.clock.now()));
  return scheduled(world, { digest: true, scheduledAt: `2026-01-01T0${hours}:00:00.000Z` });
};

describe('a day of a fleet', () => {
  it('rotates in every account and in no other, and one digest names them', async () => {
    const world = withAlices();
    const fanned = await scheduled(world, { scheduledAt: at });
    expect(fanned).toMatchObject({ selected: 3, enqueued: 3, skipped: { 'not-selected': 2 }, errors: [] });
    expect(bodies(world, 'accounts')[0]).toMatchObject({ accountId: CANARY, runId: at });
    expect(bodies(world, 'tickets')).toHaveLength(250);
    expect(await scanAll(world)).toMatchObject({ received: 3, deleted: 3 });
    const groups = world.hub.sqs.messages(world.urls.rotation).map(({ groupId = '' }) => groupId);
    expect(groups.every((group) => /^\d{12}\/[01]$/.test(group))).toBe(true);
    expect(bodies(world, 'rotation')[0]).toMatchObject({
      mayIssue: true,
      path: expect.stringContaining('o-a1b2c3d4e5'),
    });
    expect(await workAll(world)).toMatchObject({ received: 3, deleted: 3 });
    expect(ids.map((id) => keys(world, id))).toEqual([2, 2, 2]);
    expect(keys(world, HUB)).toBe(1);
    const issued = world.hub.sns.published.filter(({ attributes }) => attributes.event === 'issued');
    const names = issued.map(({ message }) => JSON.parse(message.default ?? '').accountName);
    expect(names.toSorted()).toEqual(['canary', 'lab', 'payments']);
    expect(bodies(world, 'tickets')).toHaveLength(247);
    expect(await digestAt(world)).toMatchObject({ runId: at, selected: 3, answered: 3, silent: 0, errors: [] });
    expect(lastDigest(world)).toMatchObject({
      scope: 'fleet',
      severity: 'info',
      accounts: { selected: 3, answered: 3 },
    });
    world.hub.clock.advance(20 * 3_600_000);
    expect(await day(world)).toMatchObject({ rotated: 3, failed: 0, underWay: 3, accounts: { answered: 3 } });
    const { calls } = world.organization;
    expect(crossTalk(calls, HUB)).toEqual([]);
    expect(calls.filter(({ about }) => about === undefined)).toEqual([]);
  });

  it('has each message worked on in its own account, or it would be seen', async () => {
    const world = withAlices();
    await scheduled(world, { scheduledAt: at });
    const { calls } = world.organization;
    const scan = createScheduledRotation(world.runtime('scheduled-rotation'));
    const [own, other] = bodies(world, 'accounts');
    const astray = lambda(world, 'scheduled-rotation', (_, context) => scan(sqsEvent({ ...other }), context));
    const from = calls.length;
    await astray(sqsEvent({ ...own }));
    const seen = crossTalk(calls.slice(from), HUB);
    const about = `and the message about ${own?.accountId}`;
    for (const what of ['sts:AssumeRole', 'iam:GetAccountAuthorizationDetails', 'sqs:SendMessageBatch']) {
      const where = what.startsWith('iam') ? other?.accountId : HUB;
      expect(seen).toContain(`${what} by scheduled-rotation in ${where} is about ${other?.accountId}, ${about}`);
    }
  });

  it('asks for nothing that the roles of the hub do not allow, which would be seen', async () => {
    const world = createFleetWorld();
    await scheduled(world, { scheduledAt: at });
    const { organization } = world;
    const byWorker = organization.calls.map((made) => ({ ...made, call: { ...made.call, caller: 'rotation-worker' } }));
    expect(refusedInFleet(world)).toEqual([]);
    expect(refusedInFleet({ ...world, organization: { ...organization, calls: byWorker } })).toEqual(
      expect.arrayContaining([
        'rotation-worker: organizations:ListAccounts on *',
        `rotation-worker: sqs:PurgeQueue on arn:aws:sqs:eu-west-1:${HUB}:keyturn-test-tickets.fifo`,
      ]),
    );
  });

  it('measures how old keys are, and no deadline where a wave has not begun, since nothing is rotated there', async () => {
    const waves = [{ name: 'canary', organizationalUnits: [UNITS.canary], enforceFrom: '2025-06-01' }];
    const world = withAlices({ fleet: { waves }, environment: { KEYTURN_MAX_ACCESS_KEY_AGE_DAYS: '60' } });
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    // Of three keys, each of 100 days; the two that are in a dry run have no deadline.
    expect(world.metrics.get('OldestActiveKeyDays')).toBeCloseTo(300, 1);
    expect(world.metrics.get('DaysToNearestDeadline')).toBeCloseTo(-20, 1);
  });

  it('costs an idle account 11 calls, and one more for each user whose keys are read that day', async () => {
    const world = createFleetWorld();
    const users = 20;
    for (const accountId of ids) {
      const { iam } = world.organization.account(accountId);
      for (let n = 0; n < users; n++) iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 10 }] });
    }
    await scheduled(world, { scheduledAt: at });
    const before = world.organization.calls.length;
    await scanAll(world);
    const operations = world.organization.calls.slice(before).map(({ call: { operation } }) => operation);
    const ofUsers = operations.filter((operation) => operation === 'ListAccessKeys');
    // Each user once in 30 days.
    expect(ofUsers.length).toBeLessThanOrEqual((2 * users * ids.length) / 30);
    // Four are of the container: who it is, its key, and who listens.
    expect(operations.length - ofUsers.length).toBeLessThanOrEqual(11 * ids.length + 4);
  });

  it('is a dry run where a wave has not begun: nothing is enqueued, no ticket is taken, and the digest says how many', async () => {
    const waves = [
      { name: 'canary', organizationalUnits: [UNITS.canary], enforceFrom: '2025-06-01' },
      { name: 'prod', organizationalUnits: [UNITS.prod], enforceFrom: '2026-02-01' },
    ];
    const world = withAlices({ fleet: { waves } });
    expect(await day(world)).toMatchObject({
      waves: [
        { name: 'canary', isDryRun: false, accounts: 1 },
        { name: 'prod', isDryRun: true, accounts: 1, due: 1 },
        { name: '(no wave)', isDryRun: true, accounts: 1, due: 1 },
      ],
    });
    expect(ids.map((id) => keys(world, id)).toSorted()).toEqual([1, 1, 2]);
    expect(keys(world, CANARY)).toBe(2);
  });
});

describe('a fan-out that died once its tickets were put', () => {
  it('puts them again when it is repeated, though SQS remembers them for five minutes', async () => {
    const world = withAlices();
    const dies = scheduled(world, { scheduledAt: at }, ({ operation, input }) =>
      operation === 'SendMessageBatch' && input.QueueUrl === world.urls.accounts ? { kind: 'crash-before' } : undefined,
    );
    await expect(dies).rejects.toThrow();
    expect(bodies(world, 'tickets')).toHaveLength(250);
    world.hub.clock.advance(60_000);
    await scheduled(world, { scheduledAt: at });
    expect(bodies(world, 'tickets')).toHaveLength(250);
    expect(bodies(world, 'accounts')).toHaveLength(3);
  });
});

describe('the digest', () => {
  it('names every account that did not answer, and keeps nothing that it told', async () => {
    const world = withAlices();
    const broken = ({ operation, service }: { operation: string; service: string }) =>
      service === 'iam' && operation === 'GetAccountAuthorizationDetails'
        ? ({ kind: 'error', status: 503, code: 'ServiceUnavailable' } as const)
        : undefined;
    await scheduled(world, { scheduledAt: at });
    await scanAll(world, broken);
    expect(bodies(world, 'accounts')).toHaveLength(3);
    await digestAt(world);
    const attention = [{ kind: 'silent', count: 3, accounts: expect.arrayContaining([`${LAB} lab`]) }];
    expect(lastDigest(world)).toMatchObject({ severity: 'warning', accounts: { answered: 0 }, attention });
    expect(bodies(world, 'results').map(({ kind }) => kind)).toEqual(['covered']);
  });

  it('calls nobody silent where the record of the fan-out is missing', async () => {
    const world = createFleetWorld();
    await scheduled(world, { scheduledAt: at }, ({ operation, input }) =>
      operation === 'SendMessageBatch' && JSON.stringify(input).includes('fan-out')
        ? { kind: 'error', status: 403, code: 'AccessDenied' }
        : undefined,
    ).catch((error: Error) => expect(error.message).toContain('The record of the run'));
    await scanAll(world);
    await digestAt(world);
    expect(lastDigest(world)).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining('record of the fan-out'),
    });
    expect(lastDigest(world).attention).toEqual([]);
  });

  it('names who has left since the last one, with what is under way there', async () => {
    const world = withAlices();
    await day(world);
    world.hub.clock.advance(20 * 3_600_000);
    await day(world);
    world.organization.move(LAB, UNITS.sandbox);
    world.hub.clock.advance(20 * 3_600_000);
    const digest = await day(world);
    const accounts = [`${LAB} lab: 1 rotation under way`];
    expect(digest).toMatchObject({ attention: [{ kind: 'left', count: 1, accounts }] });
  });

  it('tells the log of results that came after the digest of their run, since nobody else will', async () => {
    const world = createFleetWorld();
    await scheduled(world, { scheduledAt: at });
    await digestAt(world);
    await scanAll(world);
    const late = () => world.logged.filter(({ message }) => message.includes('came after the digest'));
    expect(late()).toEqual([]);
    world.hub.clock.advance(20 * 3_600_000);
    await day(world);
    const accounts = expect.arrayContaining([`${LAB} lab: scanned in the run of ${at}`]);
    const facts = { runId: expect.stringMatching(/^2026-01-02T/), count: 3, accounts };
    expect(late()).toEqual([{ message: expect.stringContaining('make digestSchedule later'), facts }]);
    expect(lastDigest(world)).toMatchObject({ accounts: { answered: 3 } });
    world.hub.clock.advance(20 * 3_600_000);
    await day(world);
    expect(late()).toHaveLength(1);
  });

  it('that dies before it has told is made again, whole', async () => {
    const world = withAlices();
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    world.hub.clock.advance(4 * 3_600_000);
    const digest = { digest: true, scheduledAt: '2026-01-01T04:00:00.000Z' };
    const dies = scheduled(world, digest, ({ operation }) =>
      operation === 'Publish' ? { kind: 'crash-before' } : undefined,
    );
    await expect(dies).rejects.toThrow();
    expect(lastDigest(world)).toEqual({});
    await scheduled(world, digest);
    expect(lastDigest(world)).toMatchObject({ accounts: { answered: 3 } });
  });
});

describe('an account in which something is wrong', () => {
  it.each<[string, (world: FleetWorld) => void, object]>([
    [
      'has no role',
      ({ organization }) => organization.account(LAB).iam.deleteRole('keyturn-observe'),
      { status: 'refused', reason: 'role-refused' },
    ],
  ])('that %s is a result', async (_, spoil, expected) => {
    const world = withAlices();
    spoil(world);
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    const results = bodies(world, 'results').filter(({ kind }) => kind === 'result');
    expect(results.find(({ accountId }) => accountId === LAB)).toMatchObject(expected);
    expect(results.filter(({ status }) => status === 'scanned')).toHaveLength(2);
  });

  it('that joined today is joining', async () => {
    const accounts = [
      ...MEMBERS.filter(({ accountId }) => accountId !== LAB),
      { accountId: LAB, name: 'lab', parent: UNITS.dev, joinedAt: Date.parse(at) - 3_600_000 },
    ];
    const world = createFleetWorld({ accounts });
    world.organization.account(LAB).iam.deleteRole('keyturn-observe');
    expect(await day(world)).toMatchObject({ severity: 'info', attention: [{ kind: 'joining', count: 1 }] });
  });

  it('that holds users where none should be is named', async () => {
    const world = withAlices({ fleet: { settings: [{ accounts: [PAYMENTS], expectUsers: false }] } });
    expect(await day(world)).toMatchObject({ attention: [{ kind: 'unexpected-users', count: 1 }] });
  });
});

describe('an account that nobody listens to', () => {
  it('is named, and nobody there is issued a key', async () => {
    const world = withAlices();
    const { sns } = world.hub;
    const [subscription] = sns.subscriptions(world.environment.KEYTURN_TOPIC_ARN ?? '');
    Object.assign(subscription?.attributes ?? {}, { FilterPolicy: JSON.stringify({ accountId: [PAYMENTS] }) });
    const digest = await day(world);
    expect(digest).toMatchObject({
      attention: [
        { kind: 'unheard', count: 2, accounts: [`${CANARY} canary`, `${LAB} lab`] },
        { kind: 'blocked', count: 2 },
      ],
    });
    expect(ids.map((id) => keys(world, id))).toEqual([2, 1, 1]);
  });
});

describe('an account in which users wait for somebody', () => {
  it('has them in the log and in the digest, with exempt users whose secret is still there', async () => {
    const world = withAlices();
    await day(world);
    const { iam } = world.organization.account(PAYMENTS);
    iam.addUser({ userName: 'bob', keys: [{ ageDays: 100 }, { ageDays: 100 }] });
    iam.setTags('alice', { 'keyturn:exempt': 'true' });
    world.hub.clock.advance(20 * 3_600_000);
    await day(world);
    world.hub.clock.advance(20 * 3_600_000);
    const digest = await day(world);
    expect(digest.attention).toEqual([
      {
        kind: 'blocked',
        count: 1,
        message: '1 account with users who need a decision',
        accounts: [expect.stringMatching(`^${PAYMENTS} payments: bob: [a-z-]+\\. `)],
      },
      expect.objectContaining({ kind: 'exempt-with-secret', accounts: [`${PAYMENTS} payments: alice`] }),
    ]);
    const facts = { accountId: PAYMENTS, userName: 'bob', runId: expect.anything() };
    expect(world.logged).toContainEqual({ message: 'Needs a decision', facts: expect.objectContaining(facts) });
  });
});

describe('messages about accounts', () => {
  it('that are too old are dropped and counted; that cannot be read go to the dead letters', async () => {
    const world = createFleetWorld();
    await scheduled(world, { scheduledAt: at });
    world.hub.clock.advance(25 * 3_600_000);
    expect(await scanAll(world)).toMatchObject({ received: 3, deleted: 3 });
    expect(world.metrics.get('MessagesDropped')).toBe(3);
    expect(bodies(world, 'results').filter(({ kind }) => kind === 'result')).toEqual([]);
  });

  it('of accounts that were excluded meanwhile end as a result', async () => {
    const world = withAlices();
    await scheduled(world, { scheduledAt: at });
    const excluding = { ...world, fleet: { ...world.fleet, exclude: { organizationalUnits: [], accounts: [LAB] } } };
    const runtime = world.runtime('scheduled-rotation');
    Object.assign(world, { fleet: excluding.fleet });
    expect(runtime.fleet?.exclude.accounts).toEqual([]);
    await scanAll(world);
    expect(bodies(world, 'results').find(({ accountId }) => accountId === LAB)).toMatchObject({ reason: 'excluded' });
    expect(bodies(world, 'rotation')).toHaveLength(2);
  });

  it('are not sent at all where the organization cannot be listed whole', async () => {
    const world = createFleetWorld();
    const failing = scheduled(world, { scheduledAt: at }, ({ operation }) =>
      operation === 'ListAccounts' ? { kind: 'error', status: 400, code: 'AccessDeniedException' } : undefined,
    );
    await expect(failing).rejects.toThrow('keyturn fleet grant');
    expect(bodies(world, 'accounts')).toEqual([]);
    expect(bodies(world, 'tickets')).toEqual([]);
  });
});

describe('by hand', () => {
  it('one account is planned, and nobody else is told', async () => {
    const world = withAlices();
    const answer = await scheduled(world, { dryRun: true, accountId: PAYMENTS });
    expect(answer).toMatchObject({
      accountId: PAYMENTS,
      accountName: 'payments',
      wave: 'all',
      dryRun: true,
      usersScanned: 1,
    });
    expect(answer).toMatchObject({ plan: [{ userName: 'alice', action: 'issue' }] });
    expect([bodies(world, 'results'), bodies(world, 'rotation')]).toEqual([[], []]);
  });

  it('one account is checked', async () => {
    const world = createFleetWorld();
    expect(await scheduled(world, { check: true, accountId: PAYMENTS })).toMatchObject({
      status: 'ready',
      findings: [],
    });
    world.organization.account(PAYMENTS).iam.deleteRole('keyturn-observe');
    expect(await scheduled(world, { check: true, accountId: PAYMENTS })).toMatchObject({
      status: 'refused',
      findings: [
        {
          reason: 'role-refused',
          message: expect.stringContaining(`Cannot take keyturn-observe in ${PAYMENTS} (payments): AWS refuses.`),
        },
      ],
    });
  });

  it.each([
    [{ accountId: '101010101010', dryRun: true }, 'accountId: 101010101010 is not in organization o-a1b2c3d4e5.'],
    [{ accountId: HUB, dryRun: true }, 'is named by nothing in select (fleet.yml)'],
    [{ dryRun: true }, 'in a fleet a dry run by hand is of one account'],
  ])('%j is refused', async (event, because) => {
    await expect(scheduled(createFleetWorld(), event)).rejects.toThrow(because);
  });
});
