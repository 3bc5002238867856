// Tests of shared/aws/secret-elsewhere.ts, shared/aws/list-secrets.ts, shared/core/secret-elsewhere.ts and
// shared/core/checks/secret-elsewhere.ts: an account whose Region was changed.

import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { createExposedKey } from '../../functions/exposed-key.ts';
import { createRotateUser } from '../../functions/rotate-user.ts';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { DAY } from '../../local/aws/clock.ts';
import { type Checker, createChecker } from '../../local/checker/checker.ts';
import { parseFleet } from '../../shared/core/fleet/fleet.ts';
import { createFleetWorld, day, type FleetWorld, lambda, lastDigest, scheduled } from '../support/fleet-world.ts';
import { EXTERNAL_ID, ORGANIZATION, UNITS } from '../support/organization.ts';
import { sqsEvent } from '../support/world.ts';

const [CANARY, LAB] = ['555566667777', '666677778888'];
const [HOME, OTHER] = ['eu-west-1', 'eu-central-1'];

/** The canary's secrets are always there, so that the fleet has two Regions; those of the lab only if told. */
const inRegion = (region?: string) => ({
  settings: [{ accounts: [CANARY], region: OTHER }, ...(region === undefined ? [] : [{ accounts: [LAB], region }])],
  limits: { maxNewRotationsPerDay: 5 },
});

function withAlice(options: Parameters<typeof createFleetWorld>[0] = { fleet: inRegion() }) {
  const accounts = [{ accountId: LAB, name: 'lab', parent: UNITS.dev }];
  const environment = { KEYTURN_GRACE_DAYS: '3', KEYTURN_RECOVERY_DAYS: '3', KEYTURN_QUIET_DAYS: '1' };
  const world = createFleetWorld({ accounts, environment, ...options });
  const lab = world.organization.account(LAB);
  const { userId, keys } = lab.iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
  const name = `keyturn/${userId}/access-key`;
  return { world, lab, userId, name, accessKeyId: keys[0]?.accessKeyId ?? '', keys: () => lab.iam.keysOf('alice') };
}

/** The same without the canary's. */
const ofOneRegion = { limits: inRegion().limits };

type Case = ReturnType<typeof withAlice>;

/** The account's own people make it. */
async function putSecret({ world, name: own }: Case, region: string, value?: string, name = own): Promise<void> {
  const credentials = world.organization.operatorOf(LAB);
  const { requestHandler } = world.organization.connect('operator');
  const secrets = new SecretsManagerClient({ region, credentials, requestHandler });
  await secrets.send(new CreateSecretCommand({ Name: name }));
  if (value !== undefined) await secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }));
}

function redeploy(world: FleetWorld, region?: string): void {
  const { organizationId, externalId, select, waves } = {
    ...{ organizationId: ORGANIZATION, externalId: EXTERNAL_ID },
    select: { organizationalUnits: [UNITS.prod, UNITS.dev] },
    waves: [{ name: 'all', organizationalUnits: [UNITS.prod, UNITS.dev], enforceFrom: '2025-07-01' }],
  };
  Object.assign(world, { fleet: parseFleet({ organizationId, externalId, select, waves, ...inRegion(region) }) });
}

const rotate = (world: FleetWorld, event: object) =>
  lambda(
    world,
    'rotate-user',
    createRotateUser(world.runtime('rotate-user')),
  )({ accountId: LAB, userName: 'alice', ...event });

/** Tickets of the day, so that rotations may begin. */
const refill = (world: FleetWorld) => scheduled(world, { scheduledAt: new Date(world.hub.clock.now()).toISOString() });

/** A pass, by the settings that are deployed now. */
function pass(alice: Case, before?: BeforeCall) {
  const worker = createRotationWorker(alice.world.runtime('rotation-worker', before));
  return lambda(alice.world, 'rotation-worker', worker)(sqsEvent(messageTo(alice)));
}

async function work(alice: Case, before?: BeforeCall) {
  await refill(alice.world);
  return pass(alice, before);
}

function messageTo({ world, userId }: Case) {
  return {
    ...{
      schemaVersion: 1,
      accountId: LAB,
      userId,
      userName: 'alice',
      origin: 'schedule',
      requestId: 'x',
      mayIssue: true,
    },
    ...{ path: world.organization.pathOf(LAB), notAfter: new Date(world.hub.clock.now() + DAY).toISOString() },
  };
}

function checkerOf({ world, lab }: Case): Checker {
  const limits = { maxAgeDays: 90, graceDays: 3, quietDays: 1, maxPostponeDays: 10, recoveryDays: 3, unusedDays: 90 };
  const checker = createChecker(lab, { limits, post: world.hub });
  for (const caller of ['scheduled-rotation', 'rotation-worker']) checker.begin({ caller });
  return checker;
}

const callsOf = ({ organization }: FleetWorld, operation: string) =>
  organization.calls.filter(({ accountId, call }) => accountId === LAB && call.operation === operation).length;

const reasonOf = (world: FleetWorld) => world.logged.findLast(({ message }) => message === 'Decided')?.facts.reason;

describe('a user whose secret is in another Region of the fleet', () => {
  it('is never issued to by schedule, and is named in each digest', async () => {
    const alice = withAlice();
    await putSecret(alice, OTHER, 'x');
    const checker = checkerOf(alice);
    for (let n = 0; n < 5; n++) {
      await day(alice.world);
      expect(lastDigest(alice.world)).toMatchObject({ blocked: 1, errors: [] });
      alice.world.hub.clock.advance(20 * 3_600_000);
    }
    expect(alice.keys()).toHaveLength(1);
    expect(alice.lab.secrets.all()).toEqual([]);
    expect(checker.violations).toEqual([]);
    const told = alice.world.hub.sns.published.filter(({ attributes }) => attributes.event === 'blocked');
    // In one run of each week, since nothing can remember it.
    expect(told).toHaveLength(1);
    expect(told[0]?.message.default).toContain(`has the secret ${alice.name} in ${OTHER}`);
  });

  it('is not issued to by the worker, whatever a message says', async () => {
    const alice = withAlice();
    await putSecret(alice, OTHER, 'x');
    await work(alice);
    expect(reasonOf(alice.world)).toBe('secret-elsewhere');
    expect(alice.keys()).toHaveLength(1);
    expect(callsOf(alice.world, 'CreateAccessKey')).toBe(0);
    expect(alice.lab.secrets.all()).toEqual([]);
  });

  it('is not issued to by hand either, not even with force', async () => {
    const alice = withAlice();
    await putSecret(alice, OTHER, 'x');
    for (const event of [{ action: 'rotate' }, { action: 'rotate', force: true }, { action: 'plan' }]) {
      expect(await rotate(alice.world, event)).toMatchObject({
        ...{ status: 'blocked', reason: 'secret-elsewhere' },
        message: `User alice has the secret ${alice.name} in ${OTHER}, but fleet.yml has the secrets of account ${LAB} in another Region: no key is issued. Set \`region\` of the account back, or move that secret, or delete it if it is no longer used.`,
      });
    }
    expect(alice.keys()).toHaveLength(1);
  });

  it('has an exposed key deactivated, and gets no other', async () => {
    const alice = withAlice();
    await putSecret(alice, OTHER, 'x');
    const health = {
      ...{ source: 'aws.health', 'detail-type': 'AWS Health Event', account: LAB, id: '1' },
      detail: { eventTypeCode: 'AWS_RISK_CREDENTIALS_EXPOSED', affectedEntities: [{ entityValue: alice.accessKeyId }] },
    };
    const handler = createExposedKey(alice.world.runtime('exposed-key'));
    expect(await lambda(alice.world, 'exposed-key', handler)(health)).toMatchObject({ keys: [{ status: 'blocked' }] });
    expect(alice.keys().map(({ status }) => status)).toEqual(['Inactive']);
    expect(callsOf(alice.world, 'CreateAccessKey')).toBe(0);
  });

  it('may have it in several, also in one where secrets only were', async () => {
    const alice = withAlice({ fleet: { ...inRegion(), formerRegions: ['us-east-1'] } });
    for (const region of [OTHER, 'us-east-1']) {
      await putSecret(alice, region, 'x');
      await putSecret(alice, region, 'x', 'keyturn/backup');
    }
    const handler = createScheduledRotation(alice.world.runtime('scheduled-rotation'));
    const run = { accountId: LAB, dryRun: true };
    expect(await lambda(alice.world, 'scheduled-rotation', handler)(run)).toMatchObject({
      ...{ usersScanned: 1, skipped: { 'secret-elsewhere': 1 }, errors: [] },
    });
    await work(alice);
    const { because } = { ...alice.world.logged.findLast(({ message }) => message === 'Decided')?.facts };
    expect(because).toContain(`in ${OTHER} and us-east-1`);
  });

  it('is seen by roles that keep secrets in one Region only', async () => {
    const alice = withAlice({ fleet: inRegion(), parameters: { SecretRegion: HOME } });
    await putSecret(alice, OTHER, 'x');
    await work(alice);
    expect(reasonOf(alice.world)).toBe('secret-elsewhere');
    alice.lab.secretsIn(OTHER).configure(alice.name, { primaryRegion: HOME });
    await work(alice);
    expect(alice.keys()).toHaveLength(2);
  });

  it('is found once more right before the key is made', async () => {
    const alice = withAlice();
    let isThere = false;
    // Somebody issues in the other Region while this pass has already looked there.
    await work(alice, async ({ operation }) => {
      if (operation !== 'TagResource' || isThere) return undefined;
      isThere = true;
      await putSecret(alice, OTHER, 'x');
      return undefined;
    });
    expect(isThere).toBe(true);
    expect(callsOf(alice.world, 'CreateAccessKey')).toBe(0);
    expect(alice.lab.secrets.find(alice.name)?.tags).not.toHaveProperty('keyturn:doing');
  });
});

it('the checker finds a key that is made all the same', async () => {
  const alice = withAlice({ fleet: ofOneRegion });
  await putSecret(alice, OTHER, 'x');
  const checker = checkerOf(alice);
  await work(alice);
  expect(alice.keys()).toHaveLength(2);
  expect(checker.violations.map(({ rule, what }) => [rule, what.split(', and ')[1]])).toEqual([
    ['elsewhere', `a key of the same user is kept in ${OTHER}.`],
  ]);
});

it('two passes at once, one by the settings from before a deployment, make one key at most', async () => {
  for (const late of [1, 4, 7, 10]) {
    const alice = withAlice();
    await refill(alice.world);
    redeploy(alice.world, OTHER);
    let calls = 0;
    let isBegun = false;
    let second: Promise<unknown> | undefined;
    // The second begins after so many calls of the first that are about the secret.
    await pass(alice, async ({ service }) => {
      if (service !== 'secretsmanager' || calls++ < late || isBegun) return undefined;
      isBegun = true;
      redeploy(alice.world);
      second = pass(alice);
      await second;
      return undefined;
    });
    await second;
    expect(isBegun).toBe(true);
    const kept = [alice.lab.secrets, alice.lab.secretsIn(OTHER)].map(({ find }) => find(alice.name)?.versions.length);
    expect([late, alice.keys().length]).toEqual([late, 1 + kept.filter((versions = 0) => versions > 0).length]);
    expect(alice.keys().length).toBeLessThanOrEqual(2);
    expect(callsOf(alice.world, 'CreateAccessKey')).toBeLessThanOrEqual(1);
  }
});

describe('a secret in another Region that keeps no key', () => {
  it.each<[string, (alice: Case) => Promise<void> | void]>([
    ['there is none', () => {}],
    ['it is empty', (alice) => putSecret(alice, OTHER)],
    [
      'it is the copy of the one at home',
      async (alice) => {
        await putSecret(alice, OTHER, 'x');
        alice.lab.secretsIn(OTHER).configure(alice.name, { primaryRegion: HOME });
      },
    ],
    [
      'it is to be deleted',
      async (alice) => {
        await putSecret(alice, OTHER, 'x');
        const { state } = alice.lab.secretsIn(OTHER);
        const secret = state.find(alice.name);
        const now = alice.world.hub.clock.now();
        if (secret !== undefined) state.save({ ...secret, deletedAt: now, deleteAfter: now + 7 * DAY });
      },
    ],
    ['the Region is not enabled', ({ lab }) => lab.disableRegion(OTHER)],
  ])('does not count: %s', async (_, prepare) => {
    const alice = withAlice();
    await prepare(alice);
    await day(alice.world);
    expect(alice.keys()).toHaveLength(2);
    expect(lastDigest(alice.world)).toMatchObject({ errors: [] });
  });

  it('counts as long as somebody has begun there', async () => {
    const alice = withAlice();
    await putSecret(alice, OTHER);
    alice.lab.secretsIn(OTHER).setTags(alice.name, { 'keyturn:doing': 'issue' });
    await work(alice);
    expect(reasonOf(alice.world)).toBe('secret-elsewhere');
  });
});

describe('where the other Region does not answer', () => {
  const denied = { kind: 'error', status: 400, code: 'AccessDeniedException' } as const;

  it('no key is issued, and the message says what is to be done', async () => {
    const alice = withAlice();
    await work(alice, ({ operation, region }) =>
      operation === 'DescribeSecret' && region === OTHER ? denied : undefined,
    );
    expect(alice.keys()).toHaveLength(1);
    const [told] = alice.world.hub.sns.published;
    expect(told?.attributes).toMatchObject({ event: 'failed' });
    const { because } = { ...alice.world.logged.find(({ message }) => message === 'Pass failed')?.facts };
    expect(because).toContain(`Cannot see whether alice has a secret in ${OTHER} in account ${LAB}`);
    expect(because).toContain(
      'Add secretsmanager:DescribeSecret on that resource to the policy of the role keyturn-rotate',
    );
    expect(told?.message.email).toContain(`Cannot see whether alice has a secret in ${OTHER}`);
  });

  it('the scan goes on, and says so', async () => {
    const alice = withAlice();
    await putSecret(alice, OTHER, 'x');
    // Both Regions are read concurrently: which is first is left to chance.
    const before: BeforeCall = ({ operation, region }) =>
      operation === 'ListSecrets' && region === OTHER ? denied : undefined;
    const handler = createScheduledRotation(alice.world.runtime('scheduled-rotation', before));
    expect(await lambda(alice.world, 'scheduled-rotation', handler)({ accountId: LAB })).toMatchObject({
      usersScanned: 1,
      enqueued: 1,
      errors: [expect.stringContaining(`Cannot see who has a secret in ${OTHER}`)],
    });
  });
});

describe('a fleet of one Region', () => {
  it('asks nothing that it did not ask before', async () => {
    const one = withAlice({ fleet: ofOneRegion });
    const two = withAlice();
    for (const { world } of [one, two]) {
      const scheduled = { accountId: LAB };
      await lambda(
        world,
        'scheduled-rotation',
        createScheduledRotation(world.runtime('scheduled-rotation')),
      )(scheduled);
    }
    expect(callsOf(two.world, 'ListSecrets') - callsOf(one.world, 'ListSecrets')).toBe(1);
    for (const alice of [one, two]) await work(alice);
    expect(callsOf(two.world, 'DescribeSecret') - callsOf(one.world, 'DescribeSecret')).toBe(2);
    expect(one.keys()).toHaveLength(2);
    expect(two.keys()).toHaveLength(2);
  });
});

describe('what puts it right', () => {
  /** Rotated in the other Region, which the account then leaves, in the middle of the rotation. */
  async function left(): Promise<Case> {
    const alice = withAlice();
    redeploy(alice.world, OTHER);
    await work(alice);
    expect(alice.keys()).toHaveLength(2);
    expect(alice.lab.secretsIn(OTHER).find(alice.name)).toBeDefined();
    redeploy(alice.world);
    alice.world.hub.clock.advance(DAY);
    return alice;
  }

  it('is the Region as it was: the rotation goes on to its end', async () => {
    const alice = await left();
    await work(alice);
    expect(alice.keys().map(({ status }) => status)).toEqual(['Active', 'Active']);
    redeploy(alice.world, OTHER);
    for (let n = 0; n < 10; n++) {
      await work(alice);
      alice.world.hub.clock.advance(DAY);
    }
    expect(alice.keys().map(({ status }) => status)).toEqual(['Active']);
    expect(alice.keys()[0]?.accessKeyId).not.toBe(alice.accessKeyId);
    // What was recorded at home meanwhile keeps no key.
    expect(alice.lab.secrets.all().map(({ versions }) => versions)).toEqual([[]]);
  });

  it('is to delete the old secret: the user begins anew', async () => {
    const alice = await left();
    alice.lab.iam.deleteKey(alice.accessKeyId);
    expect(await rotate(alice.world, { action: 'rotate' })).toMatchObject({ reason: 'secret-elsewhere' });
    const { state } = alice.lab.secretsIn(OTHER);
    const secret = present(state.find(alice.name));
    const now = alice.world.hub.clock.now();
    state.save({ ...secret, deletedAt: now, deleteAfter: now + 30 * DAY });
    expect(await rotate(alice.world, { action: 'rotate' })).toMatchObject({ status: 'changed', reason: 'asked' });
    expect(alice.lab.secrets.find(alice.name)).toBeDefined();
  });

  it('is to move the secret, and to adopt it where it is now', async () => {
    const alice = await left();
    const [there, here] = [alice.lab.secretsIn(OTHER).state, alice.lab.secrets.state];
    const secret = present(there.find(alice.name));
    // As a copy that is made a secret of its own: all but its ARN stays.
    const { arn } = here.create(secret);
    here.save({ ...secret, arn });
    there.remove(secret);
    expect(await rotate(alice.world, { action: 'adopt', force: true })).toMatchObject({ reason: 'adopted' });
    alice.world.hub.clock.advance(DAY);
    expect(await rotate(alice.world, { action: 'plan' })).toMatchObject({
      reason: 'grace-restarted',
      keys: [{ role: 'stranger' }, { role: 'current' }],
    });
  });
});

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('There is none.');
  return value;
}
