// Tests of shared/service/fleet-rotate-user.ts, shared/service/fleet-exposed-key.ts and shared/service/member-trust.ts, and of
// what else moves a fleet.

import { describe, expect, it } from 'vitest';
import { createConfigRemediation } from '../../functions/config-remediation.ts';
import { createConfigRule } from '../../functions/config-rule.ts';
import { createExposedKey } from '../../functions/exposed-key.ts';
import { createRotateUser } from '../../functions/rotate-user.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { crossTalk } from '../../local/organization/cross-talk.ts';
import { bodies, createFleetWorld, type FleetWorld, lambda, workAll } from '../support/fleet-world.ts';
import { HUB, MANAGEMENT, rolesOfMember, UNITS } from '../support/organization.ts';

const [PAYMENTS, LAB] = ['444455556666', '666677778888'];

function withAlice(options: Parameters<typeof createFleetWorld>[0] = {}, ageDays = 100) {
  const world = createFleetWorld(options);
  for (const accountId of [LAB, PAYMENTS, HUB]) {
    world.organization.account(accountId).iam.addUser({ userName: 'alice', keys: [{ ageDays }] });
  }
  const { iam } = world.organization.account(LAB);
  const [alice] = iam.users();
  return { world, iam, userId: alice?.userId ?? '', accessKeyId: iam.keysOf('alice')[0]?.accessKeyId ?? '' };
}

const rotate = (world: FleetWorld, event: object) =>
  lambda(world, 'rotate-user', createRotateUser(world.runtime('rotate-user')))(event);

/** Its roles are given to whoever of the hub does not know their external ID. */
function drift({ organization }: FleetWorld): void {
  for (const role of rolesOfMember(LAB)) {
    const open: typeof role = JSON.parse(JSON.stringify(role).replace(/,?"sts:ExternalId":"[^"]*"/, ''));
    organization.account(LAB).iam.putRole(open);
  }
}

/** It has a deployment of its own, or another hub. */
function addRotator({ organization }: FleetWorld, name: string): void {
  const [role] = rolesOfMember(LAB);
  if (role !== undefined) organization.account(LAB).iam.putRole({ ...role, name });
}

const refusals: [string, (world: FleetWorld) => void, string, string][] = [
  ['whose roles let others in', drift, 'trust-changed', 'without the external ID'],
  [
    'with a deployment of its own',
    (world) => addRotator(world, 'keyturn-rotation-worker'),
    'own-deployment',
    'of its own',
  ],
  ['with a second hub', (world) => addRotator(world, 'keyturn-rotate-b'), 'second-hub', 'another hub'],
];

const dryRunWave = { fleet: { waves: [{ name: 'prod', organizationalUnits: [UNITS.dev] }] } };

describe('rotate-user', () => {
  it('rotates in the account that it is given, and in no other', async () => {
    const { world, iam } = withAlice({}, 5);
    expect(await rotate(world, { accountId: LAB, userName: 'alice', action: 'rotate' })).toMatchObject({
      accountId: LAB,
      status: 'changed',
      dryRun: false,
    });
    expect(iam.keysOf('alice')).toHaveLength(2);
    expect(world.organization.account(PAYMENTS).iam.keysOf('alice')).toHaveLength(1);
    expect(crossTalk(world.organization.calls, HUB)).toEqual([]);
    const message = world.hub.sns.published.at(-1);
    expect(message?.attributes).toMatchObject({ accountId: LAB, event: 'issued' });
    expect(message?.message.email).toContain(`"accountId":"${LAB}"`);
    expect(message?.message.email).toContain(`AWS account ${LAB} (lab)`);
    expect(JSON.parse(message?.message.default ?? '')).toMatchObject({ accountId: LAB, accountName: 'lab' });
  });

  it('takes only the role that looks, for a question and for a wave that has not begun', async () => {
    const { world, iam } = withAlice(dryRunWave);
    expect(await rotate(world, { accountId: LAB, userName: 'alice' })).toMatchObject({ status: 'planned' });
    expect(await rotate(world, { accountId: LAB, userName: 'alice', action: 'rotate' })).toMatchObject({
      status: 'planned',
      dryRun: true,
      message: expect.stringContaining(
        'Account 666677778888 (lab) is in wave prod, which has no date (fleet.yml): this was a dry run.',
      ),
    });
    expect(iam.keysOf('alice')).toHaveLength(1);
    const roles = world.organization.calls.filter(({ call }) => call.operation === 'AssumeRole');
    expect(roles.map(({ call }) => String(call.input.RoleArn).split('/').at(-1))).toEqual([
      'keyturn-observe',
      'keyturn-observe',
    ]);
  });

  it.each([
    ['101010101010', 'accountId: 101010101010 is not in organization o-a1b2c3d4e5.'],
    [MANAGEMENT, 'is named by nothing in select (fleet.yml)'],
  ])('refuses %s', async (accountId, because) => {
    const { world } = withAlice();
    await expect(rotate(world, { accountId, userName: 'alice' })).rejects.toThrow(because);
  });

  it('says which user is missing, and where', async () => {
    const { world } = withAlice();
    const because = `userName: there is no IAM user bob in account ${LAB}`;
    await expect(rotate(world, { accountId: LAB, userName: 'bob' })).rejects.toThrow(because);
    await expect(rotate(world, { accountId: LAB, userName: 'bob', action: 'rotate' })).rejects.toThrow(because);
  });

  it('says of an account that is suspended that nothing can be done there', async () => {
    const { world } = withAlice();
    world.organization.setState(LAB, 'SUSPENDED');
    await expect(rotate(world, { accountId: LAB, userName: 'alice' })).rejects.toThrow('is SUSPENDED, as AWS says');
  });

  it.each(refusals)(
    'changes nothing in an account %s, and answers questions about it',
    async (_, spoil, __, because) => {
      const { world, iam } = withAlice({}, 5);
      spoil(world);
      const about = { accountId: LAB, userName: 'alice' };
      await expect(rotate(world, { ...about, action: 'rotate' })).rejects.toThrow(because);
      await expect(rotate(world, { ...about, action: 'rotate' })).rejects.toThrow('Nothing was changed.');
      expect(iam.keysOf('alice')).toHaveLength(1);
      expect(await rotate(world, about)).toMatchObject({ action: 'plan', status: 'unchanged' });
    },
  );

  it('adopts users while the deployment that the account had is there, and not from another hub', async () => {
    const { world } = withAlice({}, 5);
    addRotator(world, 'keyturn-rotation-worker');
    const adopt = { accountId: LAB, userName: 'alice', action: 'adopt' };
    expect(await rotate(world, adopt)).toMatchObject({ action: 'adopt' });
    addRotator(world, 'keyturn-rotate-b');
    await expect(rotate(world, adopt)).rejects.toThrow('another hub');
  });

  it('rotates a compromised key all the same, and names what is wrong', async () => {
    const { world, iam, accessKeyId } = withAlice({}, 5);
    drift(world);
    const asked = { accountId: LAB, userName: 'alice', action: 'rotate', compromised: true };
    expect(await rotate(world, asked)).toMatchObject({
      status: 'changed',
      message: expect.stringContaining('without the external ID'),
    });
    expect(iam.keysOf('alice').find((key) => key.accessKeyId === accessKeyId)).toMatchObject({ status: 'Inactive' });
  });

  it('without an account is about the hub itself', async () => {
    const { world } = withAlice({}, 5);
    expect(await rotate(world, { userName: 'alice', action: 'rotate' })).toMatchObject({
      accountId: HUB,
      status: 'changed',
    });
  });
});

describe('an exposed key', () => {
  const expose = (
    world: FleetWorld,
    { account = LAB, accessKeyId, affected }: { account?: string; accessKeyId: string; affected?: string },
    before?: BeforeCall,
  ) =>
    lambda(
      world,
      'exposed-key',
      createExposedKey(world.runtime('exposed-key', before)),
    )({
      id: 'event',
      source: 'aws.health',
      account,
      detail: {
        eventTypeCode: 'AWS_RISK_CREDENTIALS_EXPOSED',
        affectedAccount: affected,
        affectedEntities: [{ entityValue: accessKeyId }],
      },
    });

  it('of a member is deactivated and replaced there, by sessions of that account', async () => {
    const { world, iam, accessKeyId } = withAlice({}, 5);
    expect(await expose(world, { accessKeyId })).toMatchObject({
      keys: [{ accessKeyId, status: 'changed', userName: 'alice' }],
    });
    expect(
      iam
        .keysOf('alice')
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual(['Active', 'Inactive']);
    expect(crossTalk(world.organization.calls, HUB)).toEqual([]);
  });

  it('by the view of the organization is of the account that is affected', async () => {
    const { world, accessKeyId } = withAlice({}, 5);
    const given = { account: HUB, affected: LAB, accessKeyId };
    expect(await expose(world, given)).toMatchObject({ keys: [{ status: 'changed' }] });
  });

  it('is dealt with even if the organization does not answer', async () => {
    const { world, accessKeyId } = withAlice({}, 5);
    const silent: BeforeCall = ({ operation }) =>
      operation === 'DescribeAccount' ? { kind: 'error', status: 503, code: 'ServiceUnavailable' } : undefined;
    expect(await expose(world, { accessKeyId }, silent)).toMatchObject({ keys: [{ status: 'changed' }] });
  });

  it('that cannot be deactivated at once is handed to the worker, which does it in that account', async () => {
    const { world, iam, accessKeyId } = withAlice({}, 5);
    const failing: BeforeCall = ({ operation }) =>
      operation === 'UpdateAccessKey' ? { kind: 'error', status: 503, code: 'ServiceUnavailable' } : undefined;
    expect(await expose(world, { accessKeyId }, failing)).toMatchObject({ keys: [{ status: 'enqueued' }] });
    expect(bodies(world, 'rotation')).toMatchObject([{ accessKeyId, path: expect.stringContaining(UNITS.dev) }]);
    await workAll(world);
    expect(iam.keysOf('alice')[0]).toMatchObject({ accessKeyId, status: 'Inactive' });
  });

  it('is dealt with by the worker though nobody says where the account is, and whoever may take its role', async () => {
    const { world, iam, accessKeyId } = withAlice({}, 5);
    const failing: BeforeCall = ({ operation }) =>
      operation === 'UpdateAccessKey' || operation === 'DescribeAccount'
        ? { kind: 'error', status: 503, code: 'ServiceUnavailable' }
        : undefined;
    await expose(world, { accessKeyId }, failing);
    expect(bodies(world, 'rotation')[0]).not.toHaveProperty('path');
    for (const role of rolesOfMember(LAB)) {
      iam.putRole(JSON.parse(JSON.stringify(role).replace(/,?"sts:ExternalId":"[^"]*"/, '')));
    }
    await workAll(world);
    expect(iam.keysOf('alice')[0]).toMatchObject({ accessKeyId, status: 'Inactive' });
    expect(world.logged).toContainEqual(expect.objectContaining({ message: 'Trust changed' }));
  });

  it('whose message fails comes back by its own schedule', async () => {
    const { world, accessKeyId } = withAlice({}, 5);
    const failing: BeforeCall = ({ operation }) =>
      operation === 'UpdateAccessKey' ? { kind: 'error', status: 503, code: 'ServiceUnavailable' } : undefined;
    await expose(world, { accessKeyId }, failing);
    await workAll(world, failing);
    const [message] = world.hub.sqs.messages(world.urls.rotation);
    expect(Math.round(((message?.visibleAt ?? 0) - world.hub.clock.now()) / 10_000)).toBe(3);
  });

  it('is dealt with where the roles let others in, and the message says that they do', async () => {
    const { world, iam, accessKeyId } = withAlice({}, 5);
    drift(world);
    expect(await expose(world, { accessKeyId })).toMatchObject({ keys: [{ status: 'changed' }] });
    expect(iam.keysOf('alice')[0]).toMatchObject({ accessKeyId, status: 'Inactive' });
    const told = world.hub.sns.published.filter(({ attributes }) => attributes.event === 'exposed');
    expect(told.at(-1)?.message.email?.replace(/\s+/g, ' ')).toContain('may be taken without the external ID');
  });

  it('is dealt with though nobody can see whom the roles let in', async () => {
    const { world, accessKeyId } = withAlice({}, 5);
    const blind: BeforeCall = ({ operation }) =>
      operation === 'ListRoles' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined;
    expect(await expose(world, { accessKeyId }, blind)).toMatchObject({ keys: [{ status: 'changed' }] });
    expect(world.logged).toContainEqual(expect.objectContaining({ message: 'Cannot see whom the roles let in' }));
  });

  it.each(['at once', 'by the worker'])(
    'is dealt with %s by the settings of the stack, if those of the account contradict',
    async (how) => {
      const settings = [
        { organizationalUnits: [UNITS.dev], maxAccessKeyAgeDays: 40 },
        { accounts: [LAB], graceDays: 30 },
      ];
      const { world, iam, accessKeyId } = withAlice({ fleet: { settings } }, 5);
      const busy: BeforeCall = ({ operation }) =>
        operation === 'UpdateAccessKey' ? { kind: 'error', status: 503, code: 'ServiceUnavailable' } : undefined;
      await expose(world, { accessKeyId }, how === 'at once' ? undefined : busy);
      await workAll(world);
      expect(iam.keysOf('alice').map(({ status }) => status)).toEqual(['Inactive', 'Active']);
      expect(world.logged).toContainEqual({
        message: 'Settings of an account contradict each other',
        facts: { accountId: LAB, because: expect.stringContaining('graceDays') },
      });
    },
  );

  it('of an account whose wave has not begun is told of, and left as it is', async () => {
    const { world, iam, accessKeyId } = withAlice(dryRunWave, 5);
    expect(await expose(world, { accessKeyId })).toMatchObject({ keys: [{ status: 'planned' }] });
    expect(iam.keysOf('alice')).toMatchObject([{ status: 'Active' }]);
    expect(world.hub.sns.published.at(-1)?.attributes).toMatchObject({ event: 'exposed', severity: 'critical' });
  });

  it('of an excluded account is told of, and left as it is', async () => {
    const { world, iam, accessKeyId } = withAlice({ fleet: { exclude: { accounts: [LAB] } } }, 5);
    expect(await expose(world, { accessKeyId })).toMatchObject({ keys: [{ status: 'unknown' }] });
    expect(iam.keysOf('alice')).toMatchObject([{ status: 'Active' }]);
    const { attributes, message } = world.hub.sns.published.at(-1) ?? {};
    expect(attributes).toMatchObject({ event: 'exposed', severity: 'critical', accountId: LAB });
    expect(message?.email?.replace(/\s+/g, ' ')).toContain('is excluded by exclude.accounts 666677778888');
  });

  it("of another account than the event is from is nobody's here", async () => {
    const { world, iam, accessKeyId } = withAlice({}, 5);
    expect(await expose(world, { account: PAYMENTS, accessKeyId })).toMatchObject({ keys: [{ status: 'unknown' }] });
    expect(iam.keysOf('alice')).toMatchObject([{ status: 'Active' }]);
    await expect(expose(world, { account: PAYMENTS, affected: LAB, accessKeyId })).rejects.toThrow(
      'detail.affectedAccount: the event is from account',
    );
  });

  it('of the hub itself is dealt with as ever', async () => {
    const { world } = withAlice({}, 5);
    const accessKeyId = world.hub.iam.keysOf('alice')[0]?.accessKeyId ?? '';
    expect(await expose(world, { account: HUB, accessKeyId })).toMatchObject({ keys: [{ status: 'changed' }] });
  });
});

describe('AWS Config', () => {
  // As AWS names the rule of the stage `test` in each account.
  const OURS = 'OrgConfigRule-keyturn-test-access-keys-dbgzf8ba';
  const compliance = (
    userId: string,
    account = LAB,
    configRuleName = 'OrgConfigRule-access-keys-rotated-abcdefgh',
  ) => ({
    source: 'aws.config',
    account,
    'detail-type': 'Config Rules Compliance Change',
    detail: {
      messageType: 'ComplianceChangeNotification',
      awsAccountId: LAB,
      configRuleName,
      resourceType: 'AWS::IAM::User',
      resourceId: userId,
      newEvaluationResult: { complianceType: 'NON_COMPLIANT' },
    },
  });
  const remediate = (world: FleetWorld, event: object) =>
    lambda(world, 'config-remediation', createConfigRemediation(world.runtime('config-remediation')))(event);

  it('names a user of a member, who is enqueued with path and limit, and rotated', async () => {
    const { world, iam, userId } = withAlice();
    expect(await remediate(world, compliance(userId))).toMatchObject({ status: 'enqueued', userName: 'alice' });
    const [message] = bodies(world, 'rotation');
    expect(message).toMatchObject({ accountId: LAB, origin: 'config', path: expect.stringContaining(UNITS.dev) });
    await scheduledTickets(world);
    await workAll(world);
    expect(iam.keysOf('alice')).toHaveLength(2);
  });

  it.each(refusals)('names a user of an account %s in vain', async (_, spoil, reason, because) => {
    const { world, userId } = withAlice();
    spoil(world);
    const message = expect.stringContaining(because);
    expect(await remediate(world, compliance(userId))).toMatchObject({ status: 'ignored', reason, message, userId });
    expect(bodies(world, 'rotation')).toEqual([]);
  });

  it('must not contradict EventBridge about the account', async () => {
    const { world, userId } = withAlice();
    await expect(remediate(world, compliance(userId, PAYMENTS))).rejects.toThrow('detail.awsAccountId');
  });

  it('asks the rule of the organization about a member, and is told by the role there', async () => {
    const { world, userId } = withAlice({ parameters: { AwsConfig: 'true' } });
    const { config } = world.organization.account(LAB);
    config.addRule(OURS);
    const rule = lambda(world, 'config-rule', createConfigRule(world.runtime('config-rule')));
    expect(await rule(config.invocation(OURS))).toMatchObject({
      accountId: LAB,
      evaluations: { NON_COMPLIANT: 1 },
    });
    // Its verdict comes back by the bus.
    expect(await remediate(world, compliance(userId, LAB, OURS))).toMatchObject({ status: 'enqueued' });
    expect(crossTalk(world.organization.calls, HUB)).toEqual([]);
  });

  it('is told about the users of the hub itself by the hub', async () => {
    const { world } = withAlice();
    world.hub.config.addRule('keyturn-rule');
    const rule = lambda(world, 'config-rule', createConfigRule(world.runtime('config-rule')));
    expect(await rule(world.hub.config.invocation('keyturn-rule'))).toMatchObject({
      accountId: HUB,
      evaluations: { NON_COMPLIANT: 1 },
    });
    const [alice] = world.hub.iam.users();
    const event = compliance(alice?.userId ?? '', HUB);
    const own = { ...event, detail: { ...event.detail, awsAccountId: HUB } };
    expect(await remediate(world, own)).toMatchObject({ status: 'enqueued', userName: 'alice' });
    expect(bodies(world, 'rotation')[0]).not.toHaveProperty('path');
    expect(world.organization.calls.filter(({ call }) => call.operation === 'AssumeRole')).toEqual([]);
  });

  it('asks in vain about an account that the fleet leaves out, which is no failure: the rule is everywhere', async () => {
    const { world, userId } = withAlice({ fleet: { exclude: { accounts: [LAB] } } });
    const { config } = world.organization.account(LAB);
    config.addRule(OURS);
    const rule = lambda(world, 'config-rule', createConfigRule(world.runtime('config-rule')));
    expect(await rule(config.invocation(OURS))).toMatchObject({
      accountId: LAB,
      evaluations: { COMPLIANT: 0, NON_COMPLIANT: 0, NOT_APPLICABLE: 0 },
    });
    expect(world.logged).toContainEqual({
      message: 'Not judged',
      facts: expect.objectContaining({
        accountId: LAB,
        because: expect.stringContaining('exclude.accounts 666677778888'),
      }),
    });
    expect(world.organization.calls.filter(({ call }) => call.operation === 'AssumeRole')).toEqual([]);
    await expect(remediate(world, compliance(userId))).rejects.toThrow('exclude.accounts 666677778888');
    expect(bodies(world, 'rotation')).toEqual([]);
  });

  it('asks in vain about an account of nobody here, whose rule anybody may point at the function', async () => {
    const { world } = withAlice();
    const { config } = world.organization.account(LAB);
    config.addRule(OURS);
    const rule = lambda(world, 'config-rule', createConfigRule(world.runtime('config-rule')));
    const foreign = { ...config.invocation(OURS), accountId: '121212121212' };
    await expect(rule(foreign)).rejects.toThrow('121212121212 is not in organization');
    expect(world.organization.calls.filter(({ call }) => call.operation === 'AssumeRole')).toEqual([]);
  });
});

async function scheduledTickets(world: FleetWorld): Promise<void> {
  const { putTickets } = await import('../../shared/aws/tickets.ts');
  const { aws } = world.runtime('scheduled-rotation');
  await putTickets(aws, world.urls.tickets, { scheduledAt: world.hub.clock.now(), count: 5 });
}
