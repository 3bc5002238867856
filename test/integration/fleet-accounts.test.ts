import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { DAY } from '../../local/aws/clock.ts';
import { type FunctionName, functionCredentials } from '../../local/aws/principals.ts';
import { createRuntime, directLine } from '../../local/host/runtime.ts';
import { crossTalk } from '../../local/organization/cross-talk.ts';
import type { LocalOrganization } from '../../local/organization/organization.ts';
import { workingOn } from '../../local/organization/work.ts';
import { inMember } from '../../shared/aws/in-member.ts';
import { isRefusedRole } from '../../shared/aws/member-session.ts';
import type { Runtime } from '../../shared/aws/runtime.ts';
import { scanAccount } from '../../shared/aws/scan.ts';
import { readStateKey } from '../../shared/aws/state-key.ts';
import { type Fleet, parseFleet } from '../../shared/core/fleet/fleet.ts';
import { parseSettings } from '../../shared/core/settings.ts';
import { work } from '../../shared/service/rotation-worker.ts';
import { createFleetOrganization, EXTERNAL_ID, HUB, MEMBERS, ORGANIZATION, UNITS } from '../support/organization.ts';

const fleet = parseFleet({
  organizationId: ORGANIZATION,
  externalId: EXTERNAL_ID,
  select: { organizationalUnits: [UNITS.root] },
  // Secrets of one account lie elsewhere.
  settings: [{ accounts: ['666677778888'], region: 'eu-central-1' }],
});
const IDS = MEMBERS.map(({ accountId }) => accountId);
const [PAYMENTS = '', CANARY = '', LAB = ''] = IDS;

interface World {
  organization: LocalOrganization;
  hub(name: FunctionName): Runtime & { fleet: Fleet };
}

/** Three accounts, each with an alice whose key is due and a bob whose key is not. */
function createWorld(): World {
  const accounts = MEMBERS.map((member) => (member.accountId === LAB ? { ...member, region: 'eu-central-1' } : member));
  const organization = createFleetOrganization({ accounts });
  for (const accountId of IDS) {
    const { iam } = organization.account(accountId);
    iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
    iam.addUser({ userName: 'bob', keys: [{ ageDays: 10 }] });
  }
  const topicArn = organization.hub.sns.addTopic('keyturn-test', ['ops@example.com']);
  const { queueUrl } = organization.hub.sqs.addFifoPair('keyturn-test', {
    visibilitySeconds: 1_800,
    maxReceiveCount: 4,
  });
  const times = { KEYTURN_GRACE_DAYS: '3', KEYTURN_RECOVERY_DAYS: '3', KEYTURN_QUIET_DAYS: '1' };
  const environment = { ...times, KEYTURN_ENFORCE: 'true', KEYTURN_TOPIC_ARN: topicArn, KEYTURN_QUEUE_URL: queueUrl };
  const hub = (name: FunctionName) => ({
    ...createRuntime({
      aws: organization.hub,
      line: directLine(organization.connect(name)),
      credentials: functionCredentials(name),
      environment,
      onLog: () => {},
    }),
    fleet,
  });
  return { organization, hub };
}

const placeOf = ({ organization }: World, accountId: string) => ({
  accountId,
  path: organization.pathOf(accountId),
  region: organization.region,
});

async function scan(world: World, hub: Runtime & { fleet: Fleet }, accountId: string) {
  const place = placeOf(world, accountId);
  const member = inMember(hub, place, 'observe', { by: 'scheduled-rotation', runId: '1' });
  const settings = parseSettings(member.environment);
  const reader = { aws: member.aws, settings, verifier: await readStateKey(hub, settings) };
  return scanAccount(reader, member, undefined, accountId);
}

const userIn = ({ organization }: World, accountId: string, name: string) => {
  const user = organization
    .account(accountId)
    .iam.users()
    .find(({ userName }) => userName === name);
  if (user === undefined) throw new Error(`There is no ${name} in ${accountId}.`);
  return user;
};

/** A pass over alice of an account, in that account or another. */
function pass(world: World, hub: Runtime & { fleet: Fleet }, accountId: string, where = accountId) {
  return workingOn({ accountId }, HUB, () => passIn(world, hub, accountId, where));
}

async function passIn(world: World, hub: Runtime & { fleet: Fleet }, accountId: string, where: string) {
  const { userId, userName } = userIn(world, accountId, 'alice');
  const session = { by: 'rotation-worker', runId: hub.newRunId(), user: { userId, userName } };
  const member = inMember(hub, placeOf(world, where), 'rotate', session);
  // Before anything else, so that a refusal is about the account and not about its user.
  await member.aws.iam.config.credentials();
  const now = hub.clock();
  const body = { schemaVersion: 1, accountId, userId, userName, origin: 'schedule', requestId: '1', mayIssue: true };
  const invocation = {
    ...{ runId: hub.newRunId(), startedAt: now, deadlineAt: now + 300_000 },
    functionName: 'keyturn-test-rotation-worker',
  };
  // What says to a pass that it works in a member: its secrets are written by the member's role.
  const { region } = world.organization.account(where);
  const environment = { KEYTURN_MEMBER_REGION: region, ...member.environment };
  // As what takes a message of the fleet hands it on.
  const { fleet: _, ...inside } = { ...member, environment };
  await work(inside, invocation, {
    body: JSON.stringify(body),
    receiptHandle: 'r',
    receiveCount: 1,
  });
}

/** Whom the credentials in alice's secret are of, asked as alice reads them. */
async function ownerOfSecret({ organization }: World, accountId: string): Promise<unknown> {
  const { secrets, iam, region } = organization.account(accountId);
  const alice = iam.users().find(({ userName }) => userName === 'alice');
  const key = alice?.keys.find(({ status }) => status === 'Active');
  const config = { requestHandler: organization.connect('alice').requestHandler, region };
  const own = { accessKeyId: key?.accessKeyId ?? '', secretAccessKey: iam.secretAccessKeyOf(key?.accessKeyId ?? '') };
  const SecretId = secrets.find(`keyturn/${alice?.userId}/access-key`)?.arn;
  const { SecretString = '{}' } = await new SecretsManagerClient({ ...config, credentials: own }).send(
    new GetSecretValueCommand({ SecretId }),
  );
  const { AccessKeyId, SecretAccessKey } = JSON.parse(SecretString);
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
  return (await new STSClient({ ...config, credentials }).send(new GetCallerIdentityCommand())).UserId;
}

const denied = ({ organization }: World) =>
  organization.calls.filter(({ call }) => /AccessDenied/.test(call.outcome)).map(({ call }) => call.operation);

describe('three accounts with users of the same names', () => {
  it('are scanned at once, each as itself', async () => {
    const world = createWorld();
    const hub = world.hub('scheduled-rotation');
    const scans = await Promise.all(
      IDS.map((accountId) => workingOn({ accountId }, HUB, () => scan(world, hub, accountId))),
    );
    for (const [index, accountId] of IDS.entries()) {
      expect(scans[index]).toMatchObject({ accountId, errors: [] });
      const ids = scans[index]?.users.map(({ user }) => user.userId);
      expect(ids?.toSorted()).toEqual(['alice', 'bob'].map((name) => userIn(world, accountId, name).userId).toSorted());
    }
    expect(crossTalk(world.organization.calls, HUB)).toEqual([]);
    expect(denied(world)).toEqual([]);
  });

  it('have their keys rotated at once, each its own, each where it is', async () => {
    const world = createWorld();
    const hub = world.hub('rotation-worker');
    await Promise.all(IDS.map((accountId) => pass(world, hub, accountId)));
    world.organization.clock.advance(60_000);
    for (const accountId of IDS) {
      const { secrets, iam, region } = world.organization.account(accountId);
      const { userId, keys } = userIn(world, accountId, 'alice');
      expect(keys).toHaveLength(2);
      expect(iam.keysOf('bob')).toHaveLength(1);
      const own = secrets.find(`keyturn/${userId}/access-key`);
      expect(own?.arn).toContain(`arn:aws:secretsmanager:${region}:${accountId}:secret:`);
      expect(secrets.state.secrets.ids).toHaveLength(1);
      expect(await ownerOfSecret(world, accountId)).toBe(userId);
    }
    expect(world.organization.hub.secrets.state.secrets.ids).toEqual([]);
    expect(world.organization.hub.sns.published.map(({ attributes }) => attributes.accountId).toSorted()).toEqual(
      IDS.toSorted(),
    );
    expect(crossTalk(world.organization.calls, HUB)).toEqual([]);
    expect(denied(world)).toEqual([]);
  });

  it('are worked on to the end of a rotation', async () => {
    const world = createWorld();
    const hub = world.hub('rotation-worker');
    const before = IDS.map((accountId) => userIn(world, accountId, 'alice').keys[0]?.accessKeyId);
    for (let day = 0; day < 10; day++) {
      for (const accountId of IDS) await pass(world, hub, accountId);
      world.organization.clock.advance(DAY);
    }
    for (const [index, accountId] of IDS.entries()) {
      const { keys } = userIn(world, accountId, 'alice');
      expect(keys.map(({ status }) => status)).toEqual(['Active']);
      expect(keys[0]?.accessKeyId).not.toBe(before[index]);
    }
    expect(crossTalk(world.organization.calls, HUB)).toEqual([]);
    expect(denied(world)).toEqual([]);
  });
});

describe('a session', () => {
  it('of one account does nothing about a user of another, who has the same name', async () => {
    const world = createWorld();
    const hub = world.hub('rotation-worker');
    await pass(world, hub, LAB, PAYMENTS).catch(() => undefined);
    for (const accountId of IDS) {
      expect(userIn(world, accountId, 'alice').keys).toHaveLength(1);
      expect(world.organization.account(accountId).secrets.state.secrets.ids).toEqual([]);
    }
    // Nothing came of it, and it is seen all the same.
    expect(crossTalk(world.organization.calls, HUB)).toContain(
      `sts:AssumeRole by rotation-worker in ${HUB} is about ${PAYMENTS}, and the message about ${LAB}`,
    );
  });

  it('is asked for anew in each pass, and by nothing but the role of the function', async () => {
    const world = createWorld();
    const hub = world.hub('rotation-worker');
    for (let i = 0; i < 2; i++) await pass(world, hub, PAYMENTS);
    const taken = world.organization.calls.filter(({ call }) => call.operation === 'AssumeRole');
    expect(taken.map(({ accountId, call }) => [accountId, call.input.DurationSeconds])).toEqual([
      [HUB, '900'],
      [HUB, '900'],
    ]);
  });
});

describe('an account that refuses us', () => {
  it('is refused for a minute, and keeps nobody else waiting', async () => {
    const world = createWorld();
    const { organization } = world;
    organization.account(CANARY).iam.deleteRole('keyturn-rotate');
    const hub = world.hub('rotation-worker');
    const refusals = () => organization.calls.filter(({ call }) => call.outcome === 'AccessDenied').length;
    await expect(pass(world, hub, CANARY)).rejects.toSatisfy(isRefusedRole);
    await expect(pass(world, hub, CANARY)).rejects.toSatisfy(isRefusedRole);
    expect(refusals()).toBe(1);
    for (const accountId of [PAYMENTS, LAB]) await pass(world, hub, accountId);
    expect([PAYMENTS, CANARY, LAB].map((id) => userIn(world, id, 'alice').keys.length)).toEqual([2, 1, 2]);
  });
});
