import { join } from 'node:path';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { buildHandOn } from '../../../scripts/build-hand-on.ts';
import type { User } from '../account.ts';
import { bridge } from '../bridge.ts';
import { type Diary, daysOf, passDay } from '../days.ts';
import { ACCOUNT, DEPLOYER, type Emulator, REGION } from '../emulator.ts';
import { createOwner, type Owner, worksWith } from '../owner.ts';
import { check, done, step } from '../report.ts';
import type { KeyPair } from '../terminal.ts';
import type { Deployed, World } from '../world.ts';
import { aws, readOutputs, same } from './deploy.ts';
import { asRole } from './rotate.ts';

/** Users of programs that cannot read their secrets; this deployment sees nobody else. */
const PATH = '/programs/';
const STACK = 'keyturn-hand-on-shop';
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/${STACK}`;
const HAND_ON = `
schemaVersion: 1
domain: shop
users:
  ivo:
    - secret: shop/prod/orders
      fields: { KEY_ID: accessKeyId, SECRET_KEY: secretAccessKey }
      constants: { QUEUE: orders }
    - parameter: /shop/orders
      fields: { KEY_ID: accessKeyId, SECRET_KEY: secretAccessKey }
  jana:
    - parameter: /shop/report
      fields: { KEY_ID: accessKeyId, SECRET_KEY: secretAccessKey }
`;
/** Of the three programs. */
const PLACES = { orders: '/shop/orders', report: '/shop/report', secret: 'shop/prod/orders' };

interface Programs {
  /** Works every day, with what the other secret and the parameter hold. */
  ivo: Owner;
  /** A report that runs seldom: of its old key alone nobody would know that it is still needed. */
  jana: Owner;
}

/** Which function EventBridge calls when a label moves, and when the schedule comes. */
interface Targets {
  label: string;
  schedule: string;
}

/** As docs/hand-on.md says. Takes the stack away again, and answers whose keys it carried. */
export async function handNewKeysOn(world: World, deployed: Deployed): Promise<User[]> {
  const targets = await deployHandOn(world, deployed);
  const { account, terminal } = world;
  const program = async (userName: string) =>
    createOwner(terminal, await account.createUser(userName, [95], { path: PATH }));
  const programs = { ivo: await program('ivo'), jana: await program('jana') };
  await letItRead(world, deployed);
  const diary: Diary = { day: 0, said: [], outages: [] };
  await byEvent(world, { deployed, programs, targets, diary });
  await bySchedule(world, { deployed, programs, targets, diary });
  await takeAway(world, programs);
  return [programs.ivo, programs.jana];
}

async function deployHandOn(world: World, { outputs }: Deployed): Promise<Targets> {
  step('The stack that hands keys on: aws cloudformation package and deploy');
  const { emulator, terminal } = world;
  const folder = join(emulator.workDir, 'dist-hand-on');
  const { domain } = await buildHandOn(HAND_ON, 'keyturn', folder);
  const [template, packaged] = [join(folder, domain, 'template.json'), join(folder, domain, 'packaged.json')];
  await terminal.aws('s3', 'mb', 's3://shop-artifacts');
  await terminal.aws(
    ...['cloudformation', 'package', '--template-file', template, '--s3-bucket', 'shop-artifacts'],
    ...['--use-json', '--output-template-file', packaged],
  );
  await terminal.aws(
    ...['cloudformation', 'deploy', '--template-file', packaged, '--stack-name', STACK],
    ...['--capabilities', 'CAPABILITY_NAMED_IAM', '--parameter-overrides', `TopicArn=${outputs.TopicArn}`],
  );
  await bridge(world, STACK);
  const query = ['--query', 'Stacks[0].Outputs[0].OutputValue'];
  const roleArn = await aws<string>(world, ['cloudformation', 'describe-stacks', '--stack-name', STACK, ...query]);
  check('its role is the one that docs/hand-on.md names', roleArn === ROLE_ARN, roleArn);
  const target = async (rule: string): Promise<string> => {
    const asked = ['events', 'list-targets-by-rule', '--rule', rule, '--query', 'Targets[0].Arn'];
    return (await aws<string>(world, asked)).split(':').at(-1) ?? '';
  };
  const targets = { label: await target(`${STACK}-label`), schedule: await target(`${STACK}-schedule`) };
  check('both rules call its function', targets.label === STACK && targets.schedule === STACK, targets);
  await terminal.aws('secretsmanager', 'create-secret', '--name', PLACES.secret, '--secret-string', '{}');
  return targets;
}

/** Keyturn's deployment learns who hands on. */
async function letItRead(world: World, { outputs }: Deployed): Promise<void> {
  const { account, emulator, terminal } = world;
  const readerArns = JSON.stringify([{ arn: ROLE_ARN, users: ['ivo', 'jana'], handOn: true }]);
  const params = { enforce: 'true', stateKeyArn: outputs.StateKeyArn, userPathPrefix: PATH, readerArns };
  await terminal.sls('deploy', ...Object.entries(params).map(([name, value]) => `--param=${name}=${value}`));
  check('sls deploy with readerArns leaves the outputs as they were', same(await readOutputs(world), outputs));
  await account.subscribeOperators(outputs.TopicArn ?? '');
  // A function that is warm looks again who listens after 15 minutes.
  await emulator.advanceDays(16 / 1440);
  await account.readInbox();
}

interface Story {
  deployed: Deployed;
  programs: Programs;
  targets: Targets;
  diary: Diary;
}

async function byEvent(world: World, { deployed, programs: { ivo, jana }, targets, diary }: Story): Promise<void> {
  step('A label moved: the new key arrives in another secret and in a parameter');
  const { account, emulator } = world;
  const today = await passDay(world, deployed, [ivo, jana], diary, 0);
  const issued = today.filter(({ event }) => event === 'issued').map(({ userName }) => userName);
  check('ivo and jana have new keys', issued.sort().join() === 'ivo,jana', today);
  const event = await labelEvent(world, ivo);
  check('the rule lets the event of AWSCURRENT through', await isLetThrough(world, event));
  const other = JSON.stringify(event).replace('AWSCURRENT', 'AWSPENDING');
  check('and that of no other label', !(await isLetThrough(world, JSON.parse(other))));
  const answer = await emulator.invoke(targets.label, event);
  check("the event of ivo's secret has his key handed on", isHandedOn(answer, 'handed-on'), answer);
  const secret = await secretOf(emulator, PLACES.secret);
  const parameter = await parameterOf(emulator, PLACES.orders);
  const { KEY_ID: accessKeyId = '', SECRET_KEY: secretAccessKey = '' } = secret;
  const labels = (await account.secretOf(ivo))?.labels;
  const isCurrent = labels?.has(accessKeyId) === true && labels.get(accessKeyId) === labels.get('AWSCURRENT');
  check(`the secret ${PLACES.secret} holds ${accessKeyId}, the current one`, isCurrent && secret.QUEUE === 'orders');
  const isSame = parameter.KEY_ID === accessKeyId && parameter.SECRET_KEY === secretAccessKey;
  check(`the parameter ${PLACES.orders} holds the same pair, as a SecureString`, isSame);
  await uses(world, ivo, { accessKeyId, secretAccessKey });
  const handedOn = (await account.readInbox()).filter(({ event }) => event === 'handed-on');
  check('the operators hear handed-on', handedOn.length === 1 && handedOn[0]?.userName === 'ivo', handedOn);
  const again = await emulator.invoke(targets.label, await labelEvent(world, ivo));
  check('the same event once more writes nothing', isHandedOn(again, 'unchanged'), again);
  const read = ['secretsmanager', 'get-secret-value', '--secret-id', `keyturn/${ivo.userId}/access-key`];
  const refusal = await asRole(world, STACK, ROLE_ARN, ...read, '--version-stage', 'AWSPREVIOUS', '--query', 'Name');
  check('its role may read the current value, and none before', refusal.includes('AccessDenied'), refusal);
}

async function bySchedule(world: World, story: Story): Promise<void> {
  step("The event of jana's secret never comes: her old key waits for the hand-on");
  const { account, emulator } = world;
  const { deployed, targets, diary } = story;
  const { ivo, jana } = story.programs;
  const [ivos = '', janas = ''] = [ivo.keys[0]?.accessKeyId, jana.keys[0]?.accessKeyId];
  for (const days of [3, 4, 2, 1, 1]) await passDay(world, deployed, [ivo], diary, days);
  const [gone = 0] = daysOf(diary, 'ivo', 'deactivated', ivos);
  check(`ivo's old key went at the end of its grace period, on day ${gone}`, gone === 10 || gone === 11, diary.said);
  const put = diary.said.filter(({ event, userName }) => event === 'postponed' && userName === 'jana');
  check("jana's, as quiet, was postponed: not-handed-on", put.length > 0 && put[0]?.reason === 'not-handed-on', put);
  check('and is Active', (await account.keysOf('jana')).get(janas) === 'Active');
  const answer = await emulator.invoke(targets.schedule, await scheduleEvent(world));
  check('the schedule finds her, and nothing to do for ivo', isHandedOn(answer, 'handed-on', 'unchanged'), answer);
  const { KEY_ID: accessKeyId = '', SECRET_KEY: secretAccessKey = '' } = await parameterOf(emulator, PLACES.report);
  await uses(world, jana, { accessKeyId, secretAccessKey });
  for (const days of [1, 1, 8, 3, 1]) await passDay(world, deployed, [ivo, jana], diary, days);
  const [later = 0] = daysOf(diary, 'jana', 'deactivated', janas);
  check(`then her old key goes too, on day ${later}`, later === 12 || later === 13, diary.said);
  for (const { userName, inUse } of [ivo, jana]) {
    const keys = await account.keysOf(userName);
    check(`${userName} has the new key alone`, keys.size === 1 && keys.get(inUse.accessKeyId) === 'Active', [...keys]);
  }
  check('neither program was ever without a working key', diary.outages.length === 0, diary.outages);
}

/** What the program reads where it looks is what works from now on, and the tag says so. */
async function uses({ account, emulator }: World, owner: Owner, pair: KeyPair): Promise<void> {
  const { userName, inUse } = owner;
  const isNew = pair.accessKeyId !== inUse.accessKeyId && (await worksWith(emulator, pair));
  check(`it is another key of ${userName}, and works`, isNew, pair.accessKeyId);
  owner.inUse = pair;
  owner.keys.push(pair);
  const tag = (await account.secretOf(owner))?.tags.get('keyturn:handed-on') ?? '';
  check(`keyturn:handed-on: ${tag}`, tag.includes(` done ${pair.accessKeyId} `) && tag.endsWith(' shop'));
}

async function takeAway(world: World, { ivo }: Programs): Promise<void> {
  const { emulator, terminal } = world;
  await terminal.aws('cloudformation', 'delete-stack', '--stack-name', STACK);
  const left = (await secretOf(emulator, PLACES.secret)).KEY_ID;
  check('without the stack, what was handed on stays', left === ivo.inUse.accessKeyId, left);
  done(`${STACK} is removed`);
}

interface HandOnAnswer {
  users: { outcome: string }[];
}

function isHandedOn(answer: unknown, ...outcomes: string[]): boolean {
  const { users } = answer as HandOnAnswer;
  return (
    users
      .map(({ outcome }) => outcome)
      .sort()
      .join() === outcomes.join()
  );
}

async function isLetThrough(world: World, event: object): Promise<boolean> {
  const rule = ['events', 'describe-rule', '--name', `${STACK}-label`, '--query', 'EventPattern'];
  const tried = ['--event-pattern', await aws<string>(world, rule), '--event', JSON.stringify(event)];
  return (await aws<{ Result: boolean }>(world, ['events', 'test-event-pattern', ...tried])).Result;
}

/** As EventBridge delivers it. */
async function labelEvent({ account, emulator }: World, user: User): Promise<object> {
  const secret = await account.secretOf(user);
  const detail = { name: secret?.name, labelUpdated: 'AWSCURRENT', versionId: secret?.labels.get('AWSCURRENT') };
  const resources = [secret?.arn];
  return {
    ...(await envelope(emulator)),
    source: 'aws.secretsmanager',
    'detail-type': 'Secret Label Updated',
    resources,
    detail,
  };
}

async function scheduleEvent({ emulator }: World): Promise<object> {
  const resources = [`arn:aws:events:${REGION}:${ACCOUNT}:rule/${STACK}-schedule`];
  return {
    ...(await envelope(emulator)),
    source: 'aws.events',
    'detail-type': 'Scheduled Event',
    resources,
    detail: {},
  };
}

async function envelope(emulator: Emulator): Promise<object> {
  const time = `${(await emulator.now()).slice(0, 19)}Z`;
  return { version: '0', id: crypto.randomUUID(), account: ACCOUNT, time, region: REGION };
}

/** By the SDK: what the command line prints is kept. */
async function secretOf({ endpoint }: Emulator, SecretId: string): Promise<Record<string, string>> {
  const client = new SecretsManagerClient({ endpoint, region: REGION, credentials: DEPLOYER });
  const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId }));
  client.destroy();
  return JSON.parse(SecretString);
}

async function parameterOf({ endpoint }: Emulator, Name: string): Promise<Record<string, string>> {
  const client = new SSMClient({ endpoint, region: REGION, credentials: DEPLOYER });
  const { Parameter } = await client.send(new GetParameterCommand({ Name, WithDecryption: true }));
  client.destroy();
  return Parameter?.Type === 'SecureString' ? JSON.parse(Parameter.Value ?? '{}') : {};
}
