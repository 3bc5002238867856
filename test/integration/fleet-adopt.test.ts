// A member that ran a stack of its own: what becomes of its secrets when the hub takes over, by `rotate-user` with `adopt`.
import { beforeEach, expect, it } from 'vitest';
import { createRotateUser } from '../../functions/rotate-user.ts';
import type { LocalAws } from '../../local/aws/aws.ts';
import { DAY } from '../../local/aws/clock.ts';
import { functionCredentials } from '../../local/aws/principals.ts';
import { contextOf, createRuntime, directLine } from '../../local/host/runtime.ts';
import { crossTalk } from '../../local/organization/cross-talk.ts';
import { createFleetWorld, type FleetWorld, lambda, scanAll, scheduled, workAll } from '../support/fleet-world.ts';
import { HUB } from '../support/organization.ts';

const LAB = '666677778888';
let world: FleetWorld;
let lab: LocalAws;
let name: string;

/** By the stack of the member's own, which knows nothing of a hub. */
async function byOwnStack(event: object, settings: Record<string, string> = {}): Promise<unknown> {
  const topicArn = lab.sns.addTopic('keyturn-old', ['lab@example.com']);
  const { queueUrl } = lab.sqs.addFifoPair('keyturn-old', { visibilitySeconds: 1_800, maxReceiveCount: 4 });
  const runtime = createRuntime({
    aws: lab,
    line: directLine(lab.connect('rotate-user')),
    credentials: functionCredentials('rotate-user'),
    environment: { KEYTURN_ENFORCE: 'true', KEYTURN_TOPIC_ARN: topicArn, KEYTURN_QUEUE_URL: queueUrl, ...settings },
    onLog: () => {},
  });
  return createRotateUser(runtime)({ userName: 'alice', ...event }, contextOf(lab, 'keyturn-old-rotate-user', 900_000));
}

const byHub = (event: object) =>
  lambda(
    world,
    'rotate-user',
    createRotateUser(world.runtime('rotate-user')),
  )({ accountId: LAB, userName: 'alice', ...event });

const HUBS_ROLE = `${LAB}:role/keyturn/keyturn-rotate"`;
const removeOwnStack = () => lab.iam.deleteRole('keyturn-rotation-worker');
const keys = () => lab.iam.keysOf('alice').map(({ status }) => status);
const policy = () => lab.secrets.find(name)?.policy ?? '';

beforeEach(async () => {
  world = createFleetWorld({ fleet: { limits: { maxNewRotationsPerDay: 1 } } });
  lab = world.organization.account(LAB);
  const { userId } = lab.iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
  name = `keyturn/${userId}/access-key`;
  lab.iam.putRole({ name: 'keyturn-rotation-worker', path: '/keyturn/', trust: { Statement: [] }, tags: {} });
});

it('a secret that the old stack has signed is left alone until it is adopted, and gone on with afterwards', async () => {
  expect(await byOwnStack({ action: 'rotate' })).toMatchObject({ status: 'changed' });
  expect(keys()).toEqual(['Active', 'Active']);
  // Its policy admits the roles of that stack, and not the one that the hub takes.
  expect(policy()).toContain(`${LAB}:role/keyturn/keyturn-rotation-worker"`);
  expect(policy()).not.toContain(HUBS_ROLE);
  expect(await byHub({ action: 'plan' })).toMatchObject({ status: 'blocked', reason: 'secret-foreign', outcomes: [] });
  await expect(byHub({ action: 'rotate' })).rejects.toThrow('has a deployment of its own');
  const before = policy();
  expect(await byHub({ action: 'adopt' })).toMatchObject({ status: 'unchanged', reason: 'adopted', outcomes: [] });
  expect(policy()).toBe(before);
  expect(await byHub({ action: 'adopt', force: true })).toMatchObject({
    status: 'changed',
    reason: 'adopted',
    outcomes: [{ action: 'adopt-secret', result: 'done' }],
    keys: [{ role: 'stranger' }, { role: 'current' }],
  });
  expect(policy()).toContain(HUBS_ROLE);
  // The old stack can neither believe nor change it any more.
  expect(await byOwnStack({ action: 'confirm' })).toMatchObject({ status: 'blocked', reason: 'secret-foreign' });
  removeOwnStack();
  expect(await byHub({ action: 'plan' })).toMatchObject({ status: 'planned', reason: 'grace-restarted' });
  expect(keys()).toEqual(['Active', 'Active']);
  expect(crossTalk(world.organization.calls, HUB)).toEqual([]);
});

it('a rotation of the old stack is ended by the hub, after a grace period of its own', async () => {
  await byOwnStack({ action: 'rotate' });
  await byHub({ action: 'adopt', force: true });
  removeOwnStack();
  for (let days = 0; days < 12; days++) {
    const scheduledAt = new Date(lab.clock.now()).toISOString();
    await scheduled(world, { scheduledAt });
    await scanAll(world);
    await workAll(world);
    if (days === 0) expect(keys()).toEqual(['Active', 'Active']);
    lab.clock.advance(DAY - (lab.clock.now() % DAY));
  }
  expect(keys()).toEqual(['Inactive', 'Active']);
});

it('is refused by the policy of a stack that had administrators, until they lift it', async () => {
  const administrators = JSON.stringify([`arn:aws:iam::${LAB}:role/administrator`]);
  await byOwnStack({ action: 'rotate' }, { KEYTURN_ADMINISTRATOR_ARNS: administrators });
  const before = policy();
  expect(before).toContain('secretsmanager:PutResourcePolicy');
  await expect(byHub({ action: 'adopt', force: true })).rejects.toThrow(/PutResourcePolicy/);
  expect(policy()).toBe(before);
  const secret = lab.secrets.state.find(name);
  if (secret === undefined) throw new Error('no secret');
  lab.secrets.state.save({ ...secret, policy: undefined });
  expect(await byHub({ action: 'adopt', force: true })).toMatchObject({ status: 'changed', reason: 'adopted' });
  expect(policy()).toContain(HUBS_ROLE);
});
