// Tests of a fleet's runs, scans and digests where AWS refuses a part of them, or where they are asked for by hand.

import { describe, expect, it } from 'vitest';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { bodies, createFleetWorld, type FleetWorld, lastDigest, scanAll, scheduled } from '../support/fleet-world.ts';
import { MANAGEMENT, MEMBERS, rolesOfMember, UNITS } from '../support/organization.ts';

const [PAYMENTS, LAB] = ['444455556666', '666677778888'];
const at = '2026-01-01T00:00:00.000Z';

const refused: Readonly<{ kind: 'error'; status: 403; code: string }> = {
  ...{ kind: 'error', status: 403 },
  code: 'AccessDenied',
};

/** What is sent to that queue is refused, in calls that say this. */
const sending =
  (url: string, says = ''): BeforeCall =>
  ({ operation, input }) =>
    operation === 'SendMessageBatch' && input.QueueUrl === url && JSON.stringify(input).includes(says)
      ? refused
      : undefined;

const calling =
  (named: string): BeforeCall =>
  ({ operation }) =>
    operation === named ? refused : undefined;

const resultOf = (world: FleetWorld, accountId: string) =>
  bodies(world, 'results').find((body) => body.kind === 'result' && body.accountId === accountId);

/** The digest of the run at the beginning. */
const digest = (world: FleetWorld, before?: BeforeCall) =>
  scheduled(world, { digest: true, scheduledAt: '2026-01-01T04:00:00.000Z' }, before);

const emailOf = ({ hub }: FleetWorld) => hub.sns.published.at(-1)?.message.email?.replace(/\s+/g, ' ');

/** The member's roles, changed. */
function spoil(world: FleetWorld, accountId: string, change: (text: string) => string): void {
  for (const role of rolesOfMember(accountId)) {
    world.organization.account(accountId).iam.putRole(JSON.parse(change(JSON.stringify(role))));
  }
}

describe('a fan-out', () => {
  it('that is a dry run lets nothing begin, and is not taken for the run of the day', async () => {
    const world = createFleetWorld();
    await scheduled(world, { scheduledAt: at, dryRun: true });
    expect(bodies(world, 'tickets')).toEqual([]);
    expect(bodies(world, 'accounts')).toHaveLength(3);
    expect(bodies(world, 'results')).toMatchObject([{ kind: 'fan-out', runId: at }]);
    await scanAll(world);
    expect(resultOf(world, LAB)).toMatchObject({ dryRun: true, status: 'scanned' });
  });

  it('by hand puts no ticket, and nothing into the digest', async () => {
    const world = createFleetWorld();
    expect(await scheduled(world, {})).toMatchObject({ enqueued: 3, runId: expect.not.stringMatching(/^2026/) });
    await scanAll(world);
    expect(world.metrics.get('AccountsScanned')).toBe(3);
    expect([bodies(world, 'tickets'), bodies(world, 'results')]).toEqual([[], []]);
  });

  it('names the tickets that SQS did not take, and enqueues the accounts all the same', async () => {
    const world = createFleetWorld();
    await expect(scheduled(world, { scheduledAt: at }, sending(world.urls.tickets))).rejects.toThrow(
      '250 of 250 tickets could not be put: as many rotations fewer begin today.',
    );
    expect(bodies(world, 'accounts')).toHaveLength(3);
  });

  it('does not wait for SQS any longer once the list of accounts has taken as long', async () => {
    const world = createFleetWorld();
    await scheduled(world, { scheduledAt: at }, ({ operation }) => {
      if (operation === 'ListAccounts') world.hub.clock.advance(120_000);
      return undefined;
    });
    expect(world.hub.clock.now() - Date.parse(at)).toBeLessThan(125_000);
    expect(bodies(world, 'tickets')).toHaveLength(250);
  });

  it('says of whom no message could be sent, and so does the digest', async () => {
    const world = createFleetWorld();
    await expect(scheduled(world, { scheduledAt: at }, sending(world.urls.accounts))).rejects.toThrow(PAYMENTS);
    await digest(world);
    const attention = expect.arrayContaining([expect.objectContaining({ kind: 'unsent', count: 3 })]);
    expect(lastDigest(world)).toMatchObject({ attention });
  });

  it('tells a scan that it is of the management account, where the fleet names that', async () => {
    const world = createFleetWorld({ fleet: { select: { accounts: [MANAGEMENT] } } });
    await scheduled(world, { scheduledAt: at });
    expect(bodies(world, 'accounts')).toMatchObject([{ accountId: MANAGEMENT, isManagement: true }]);
  });
});

describe('a scan', () => {
  it('whose result cannot be sent comes back', async () => {
    const world = createFleetWorld();
    await scheduled(world, { scheduledAt: at });
    await scanAll(world, sending(world.urls.results));
    expect(bodies(world, 'accounts')).toHaveLength(3);
    world.hub.clock.advance(5_400_000);
    await scanAll(world);
    expect(bodies(world, 'results').filter(({ kind }) => kind === 'result')).toHaveLength(3);
  });

  it('of an account whose tags were taken away ends as a result', async () => {
    const select = { organizationalUnits: [UNITS.dev, UNITS.prod], tags: { keys: 'rotated' } };
    const world = createFleetWorld({ fleet: { select } });
    world.organization.setTags(PAYMENTS, { keys: 'rotated' });
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    expect(resultOf(world, PAYMENTS)).toMatchObject({ status: 'scanned' });
    expect(resultOf(world, LAB)).toMatchObject({ status: 'refused', reason: 'not-tagged' });
    expect(await scheduled(world, { check: true, accountId: LAB })).toMatchObject({
      status: 'not-selected',
      findings: [{ reason: 'not-tagged', message: expect.stringContaining('has no tag keys with the value rotated') }],
    });
  });

  it('of an account that has paused us goes on, and changes nothing', async () => {
    const world = createFleetWorld();
    for (const { name, tags } of rolesOfMember(LAB)) {
      world.organization.account(LAB).iam.setRoleTags(name, { ...tags, 'keyturn:paused': 'true' });
    }
    world.organization.account(LAB).iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    expect(resultOf(world, LAB)).toMatchObject({ status: 'scanned', dryRun: true, reason: 'paused', due: 1 });
    expect(bodies(world, 'rotation')).toEqual([]);
  });

  it('of an account whose role is given to anybody is not made, and says why', async () => {
    const world = createFleetWorld();
    spoil(world, LAB, (text) => text.replace(/,?"sts:ExternalId":"[^"]*"/, ''));
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    const trust = expect.arrayContaining([expect.stringContaining('external ID')]);
    expect(resultOf(world, LAB)).toMatchObject({ status: 'refused', reason: 'trust-changed', trust, usersScanned: 0 });
  });

  it('of an account in which the Region of its secrets is not enabled names the Region, and how to put it right', async () => {
    const world = createFleetWorld({ fleet: { settings: [{ accounts: [LAB], region: 'eu-south-1' }] } });
    world.organization.account(LAB).disableRegion('eu-south-1');
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    const because = `Region eu-south-1 is not enabled in ${LAB} (lab): enable it, or set \`region\` for the account.`;
    expect(resultOf(world, LAB)).toMatchObject({ status: 'failed', reason: 'region-not-enabled', errors: [because] });
    expect(resultOf(world, PAYMENTS)).toMatchObject({ status: 'scanned' });
    await digest(world);
    expect(emailOf(world)).toContain(because);
  });

  it('that AWS refuses for good is a result, and does not come back', async () => {
    const world = createFleetWorld();
    spoil(world, LAB, (text) => text.replaceAll('iam:GetAccountAuthorizationDetails', 'iam:GetRole'));
    await scheduled(world, { scheduledAt: at });
    expect(await scanAll(world)).toMatchObject({ received: 3, deleted: 3 });
    const errors = [expect.stringContaining('iam:GetAccountAuthorizationDetails')];
    expect(resultOf(world, LAB)).toMatchObject({ status: 'failed', reason: 'failed', errors });
    await expect(scheduled(world, { accountId: LAB })).rejects.toThrow('iam:GetAccountAuthorizationDetails');
  });
});

describe('the digest', () => {
  it('without the organization is of those who answered, and calls nobody silent', async () => {
    const world = createFleetWorld();
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    expect(await digest(world, calling('ListAccounts'))).toMatchObject({ answered: 3, selected: 3, silent: 0 });
    expect(emailOf(world)).toContain('organizations:ListAccounts');
    expect(emailOf(world)).toContain('The organization could not be listed');
    expect(emailOf(world)).not.toContain('fan-out'); // It is there.
  });

  it('by hand is of the newest run', async () => {
    const world = createFleetWorld();
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    expect(await scheduled(world, { digest: true })).toMatchObject({ runId: at, answered: 3 });
  });

  it('says how many results cannot be read, and how many messages were given up', async () => {
    const world = createFleetWorld();
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    const { sqs } = world.hub;
    sqs.deliver(sqs.queueArn(world.urls.results), 'nonsense');
    sqs.deliver(sqs.queueArn(world.urls.accountsDead), '{}');
    await digest(world);
    expect(emailOf(world)).toContain('1 result could not be read, so their accounts count as silent.');
    expect(emailOf(world)).toContain('1 message in the dead-letter queues.');
    expect(bodies(world, 'results').map(({ kind }) => kind)).toEqual(['covered']);
  });

  it('is published though whom it covered cannot be remembered, and only that is lost', async () => {
    const world = createFleetWorld({ environment: { KEYTURN_DEAD_LETTER_QUEUE_URL: '' } });
    Object.assign(world.environment, { KEYTURN_ACCOUNTS_DEAD_LETTER_QUEUE_URL: '' });
    await scheduled(world, { scheduledAt: at });
    await scanAll(world);
    await digest(world, sending(world.urls.results, 'covered'));
    expect(lastDigest(world)).toMatchObject({ accounts: { answered: 3 } });
    expect(lastDigest(world)).not.toHaveProperty('deadLetters');
    expect(world.logged.map(({ message }) => message)).toContain('Cannot remember whom the digest covered');
    expect(bodies(world, 'results')).toEqual([]);
  });
});

describe('one account by hand', () => {
  const joined = MEMBERS.map((each) => ({ ...each, joinedAt: Date.parse(at) - 3_600_000 }));

  it('is enqueued as by its own run, and answers with what was done', async () => {
    const world = createFleetWorld();
    world.organization.account(LAB).iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
    expect(await scheduled(world, { accountId: LAB })).toMatchObject({ status: 'scanned', dryRun: false, enqueued: 1 });
    expect(bodies(world, 'rotation')).toMatchObject([{ accountId: LAB, userName: 'alice' }]);
    expect(bodies(world, 'results')).toEqual([]);
  });

  it('is in no wave, and so a dry run', async () => {
    const world = createFleetWorld({ fleet: { waves: [] } });
    const answer = await scheduled(world, { accountId: LAB });
    expect(answer).toMatchObject({ dryRun: true });
    expect(answer).not.toHaveProperty('wave');
    expect(await scheduled(world, { check: true, accountId: LAB })).toMatchObject({ dryRun: true, status: 'ready' });
  });

  it('is joining where it has no role on its first day', async () => {
    const world = createFleetWorld({ accounts: joined });
    world.organization.account(LAB).iam.deleteRole('keyturn-observe');
    const findings = [expect.objectContaining({ reason: 'joining' })];
    expect(await scheduled(world, { check: true, accountId: LAB })).toMatchObject({ status: 'refused', findings });
  });

  it('is not called refused where only AWS fails', async () => {
    const fails: BeforeCall = ({ operation, service }) =>
      service === 'iam' && operation === 'GetRole'
        ? { kind: 'error', status: 503, code: 'ServiceUnavailable' }
        : undefined;
    await expect(scheduled(createFleetWorld(), { check: true, accountId: LAB }, fails)).rejects.toThrow(
      'ServiceUnavailable',
    );
  });
});
