import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bridge } from '../bridge.ts';
import { ACCOUNT, REGION, ROOT } from '../emulator.ts';
import { drain, type Mapping } from '../event-source.ts';
import { check, done, step } from '../report.ts';
import type { World } from '../world.ts';
import { aws, readOutputs } from './deploy.ts';
import { operateInMembers } from './operator.ts';

const EXTERNAL_ID = '8c1f0a52-7f7e-4f1b-9f0e-3f0e2c52a9d1';
/** Older than a key may be. */
const AGE_DAYS = 95;
/** One in a wave that has begun, one in a wave without a date, one that is excluded. */
const NAMES = ['canary', 'later', 'sandbox'] as const;

/** An organization of a hub and three members: one rotation in a member, and the digest of them all. */
export async function lookAfterFleet(world: World): Promise<void> {
  step('The hub of an organization, with three members');
  const { account, emulator, terminal } = world;
  const { organizationId, rootId, members } = await createOrganization(world);
  const fleet = [
    `organizationId: ${organizationId}`,
    `externalId: ${EXTERNAL_ID}`,
    `select: { organizationalUnits: [${rootId}] }`,
    `exclude: { accounts: ['${members.sandbox}'] }`,
    'waves:',
    `  - { name: canary, accounts: ['${members.canary}'], enforceFrom: 2026-01-01 }`,
    `  - { name: later, accounts: ['${members.later}'] }`,
  ];
  writeFileSync(join(terminal.stackDirectory, 'fleet.yml'), `${fleet.join('\n')}\n`);
  await terminal.sls('deploy', '--param=enforce=true', '--param=fleet=fleet.yml');
  await bridge(world);
  const outputs = await readOutputs(world);
  check('the stack says what members are given', outputs.FleetExternalId === EXTERNAL_ID, outputs);
  await account.subscribeOperators(outputs.TopicArn ?? '');
  for (const name of NAMES) await joinFleet(world, name, members[name], organizationId);
  done('each member gets the template, and a user with a key of 95 days');

  const now = async () => `${(await emulator.now()).slice(0, 19)}Z`;
  const scan = outputs.ScheduledRotationFunctionName ?? '';
  await emulator.invoke(scan, { scheduledAt: await now() });
  const worker = await workerOf(world, outputs);
  const role = await roleOf(world, scan);
  const accounts: Mapping = {
    queueUrl: (outputs.QueueUrl ?? '').replace('rotation.fifo', 'accounts'),
    queueArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:keyturn-e2e-accounts`,
    workerName: scan,
    workerRoleArn: role,
  };
  const scanned = await drain(emulator, account, accounts);
  check('the run enqueues the two members that are not excluded', scanned === 2, scanned);
  const passes = await drain(emulator, account, worker);
  check('one user is due, in the wave that has begun', passes === 1, passes);
  const [canary = [], later = [], sandbox = []] = await Promise.all(NAMES.map((name) => keysOf(world, name)));
  check('that user has a second key', canary.length === 2, canary);
  check('nobody else has', later.length === 1 && sandbox.length === 1, { later, sandbox });
  const secrets = await inMember<{ SecretList: { ARN: string }[] }>(world, 'canary', 'secretsmanager', 'list-secrets');
  const arn = secrets.SecretList[0]?.ARN ?? '';
  check(
    'and a secret in their own account',
    arn.startsWith(`arn:aws:secretsmanager:${REGION}:${members.canary}:secret:keyturn/`),
    secrets,
  );

  await emulator.invoke(scan, { digest: true, scheduledAt: await now() });
  const announced = await account.readInbox();
  const digest = announced.find(({ event }) => event === 'digest');
  check('the digest of the fleet is announced', digest !== undefined, announced);
  check('it counts two accounts, and both have answered', isWhole(digest), digest);

  const asked = { organizationId, functionName: outputs.RotateUserFunctionName ?? '' };
  await operateInMembers(world, asked, { member: members.canary, excluded: members.sandbox });
  interface Tagged {
    SecretList: { Tags: { Key: string }[] }[];
  }
  const held = await inMember<Tagged>(world, 'canary', 'secretsmanager', 'list-secrets');
  const tags = held.SecretList.flatMap(({ Tags }) => Tags.map(({ Key }) => Key));
  check('the hold is a tag in the member', tags.includes('keyturn:hold'), held);
}

function isWhole(digest: unknown): boolean {
  const { accounts } = digest as { accounts?: { selected?: number; answered?: number } };
  return accounts?.selected === 2 && accounts.answered === 2;
}

async function createOrganization(world: World) {
  const { Organization } = await aws<{ Organization: { Id: string } }>(world, ['organizations', 'create-organization']);
  const { Roots } = await aws<{ Roots: { Id: string }[] }>(world, ['organizations', 'list-roots']);
  const created: [string, string][] = [];
  for (const name of NAMES) {
    const options = ['--account-name', name, '--email', `${name}@example.com`];
    const { CreateAccountStatus: status } = await aws<{ CreateAccountStatus: { AccountId: string } }>(world, [
      ...['organizations', 'create-account'],
      ...options,
    ]);
    created.push([name, status.AccountId]);
  }
  const members = Object.fromEntries(created) as Record<(typeof NAMES)[number], string>;
  return { organizationId: Organization.Id, rootId: Roots[0]?.Id ?? '', members };
}

/** The CLI in a member, as whoever deploys there. */
async function inMember<T>({ terminal }: World, name: string, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await terminal.awsAs(name, ...args, '--output', 'json');
  check(`${name}: aws ${args.slice(0, 2).join(' ')}`, code === 0, { stdout, stderr });
  return JSON.parse(stdout === '' ? 'null' : stdout) as T;
}

/** What a StackSet does in each account; and somebody there has an old key. */
async function joinFleet(world: World, name: string, accountId: string, organizationId: string): Promise<void> {
  const { emulator, terminal } = world;
  const { Credentials } = await aws<{
    Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string };
  }>(world, [
    ...['sts', 'assume-role', '--role-session-name', 'deployer'],
    ...['--role-arn', `arn:aws:iam::${accountId}:role/OrganizationAccountAccessRole`],
  ]);
  terminal.configure(name, {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    sessionToken: Credentials.SessionToken,
  });
  const { code, stdout, stderr } = await terminal.awsAs(
    name,
    ...['cloudformation', 'deploy', '--stack-name', 'keyturn-member', '--capabilities', 'CAPABILITY_NAMED_IAM'],
    ...['--template-file', join(ROOT, 'resources/member/keyturn-member.yml'), '--parameter-overrides'],
    ...[`HubAccountId=${ACCOUNT}`, `OrganizationId=${organizationId}`, `ExternalId=${EXTERNAL_ID}`],
  );
  check(`${name}: the template is deployed`, code === 0, { stdout, stderr });
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] };
  const { accessKeyId } = await emulator.userElsewhere({ accountId, path: '/', userName: 'deploy-bot', policy });
  await emulator.age(accessKeyId, AGE_DAYS);
}

async function keysOf(world: World, name: string): Promise<string[]> {
  const args = ['iam', 'list-access-keys', '--user-name', 'deploy-bot'];
  const { AccessKeyMetadata: keys } = await inMember<{ AccessKeyMetadata: { AccessKeyId: string }[] }>(
    world,
    name,
    ...args,
  );
  return keys.map(({ AccessKeyId }) => AccessKeyId);
}

async function roleOf(world: World, functionName: string): Promise<string> {
  const args = ['lambda', 'get-function-configuration', '--function-name', functionName];
  return (await aws<{ Role: string }>(world, args)).Role;
}

async function workerOf(world: World, outputs: Record<string, string>): Promise<Mapping> {
  return {
    queueUrl: outputs.QueueUrl ?? '',
    queueArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:keyturn-e2e-rotation.fifo`,
    workerName: 'keyturn-e2e-rotation-worker',
    workerRoleArn: await roleOf(world, 'keyturn-e2e-rotation-worker'),
  };
}
