import type { User } from '../account.ts';
import { bridge } from '../bridge.ts';
import { createOwner } from '../owner.ts';
import { check, done, step } from '../report.ts';
import { type Deployed, everyone, type People, runSchedule, type Schedule, type World } from '../world.ts';
import { forge } from './forged.ts';

const OUTPUTS = [
  'TopicArn',
  'QueueUrl',
  'DeadLetterQueueUrl',
  'RotateUserFunctionName',
  'ScheduledRotationFunctionName',
  'SecretRotationFunctionArn',
  'WorkerMappingId',
  'OwnerPolicyArn',
  'StateKeyArn',
];

/** A function that is warm looks again who listens after 15 minutes. */
const AUDIENCE_KEPT_DAYS = 16 / 1440;

export const STATE_KEY = 'alias/keyturn-state';

export async function deployDryRun(world: World): Promise<Deployed> {
  step('sls deploy, with every default: a dry run');
  const { terminal } = world;
  await terminal.sls('deploy');
  await bridge(world);
  const outputs = await readOutputs(world);
  check(
    `the stack has the outputs ${OUTPUTS.join(', ')}`,
    OUTPUTS.every((name) => outputs[name]),
    outputs,
  );
  const info = await terminal.sls('info', '--verbose');
  check(
    'sls info shows them',
    Object.entries(outputs).every(([name, value]) => info.includes(`${name}: ${value}`)),
    info,
  );
  const mapping = await aws<{ EventSourceArn: string; FunctionArn: string; FunctionResponseTypes: string[] }>(world, [
    'lambda',
    'get-event-source-mapping',
    '--uuid',
    outputs.WorkerMappingId ?? '',
  ]);
  check('WorkerMappingId joins the queue and the worker, and takes partial answers', isWorkers(mapping), mapping);
  const workerName = mapping.FunctionArn.split(':').at(-1) ?? '';
  const worker = await aws<{ Role: string }>(world, [
    'lambda',
    'get-function-configuration',
    '--function-name',
    workerName,
  ]);
  const { QueueUrl: queueUrl = '' } = outputs;
  const schedule = await scheduleTarget(world);
  check('the schedule calls scheduled-rotation', schedule.functionName === outputs.ScheduledRotationFunctionName);
  check('and tells it when it was due', schedule.input.includes('"<aws.scheduler.scheduled-time>"'), schedule.input);
  const key = await world.account.keyOfAlias(STATE_KEY);
  const isState = key?.Arn === outputs.StateKeyArn && key?.KeySpec === 'HMAC_256' && key.MultiRegion === true;
  check(`${STATE_KEY} is StateKeyArn, an HMAC key of several Regions`, isState, key);
  return {
    outputs,
    schedule,
    mapping: { queueUrl, queueArn: mapping.EventSourceArn, workerName, workerRoleArn: worker.Role },
  };
}

function isWorkers(mapping: { EventSourceArn: string; FunctionArn: string; FunctionResponseTypes: string[] }): boolean {
  const { EventSourceArn, FunctionArn, FunctionResponseTypes } = mapping;
  return (
    EventSourceArn.endsWith(':keyturn-e2e-rotation.fifo') &&
    FunctionArn.endsWith(':keyturn-e2e-rotation-worker') &&
    FunctionResponseTypes.includes('ReportBatchItemFailures')
  );
}

export async function aws<T>({ terminal }: World, args: string[]): Promise<T> {
  return JSON.parse(await terminal.aws(...args, '--output', 'json')) as T;
}

export async function readOutputs(world: World): Promise<Record<string, string>> {
  const query = ['--query', 'Stacks[0].Outputs[].[OutputKey,OutputValue]'];
  const pairs = await aws<[string, string][]>(world, [
    'cloudformation',
    'describe-stacks',
    '--stack-name',
    'keyturn-e2e',
    ...query,
  ]);
  return Object.fromEntries(pairs);
}

export async function seed(world: World, { outputs, schedule }: Deployed): Promise<People> {
  step('Users with keys of different ages');
  const { account, terminal } = world;
  const owner = async (userName: string, days: number) =>
    createOwner(terminal, await account.createUser(userName, [days]));
  const people: People = {
    alice: await owner('alice', 95),
    bob: await owner('bob', 91),
    carol: await owner('carol', 30),
    dave: await account.createUser('dave', [400], { tags: { 'keyturn:exempt': 'true' } }),
    erin: await account.createUser('erin', [120, 100]),
    gina: await owner('gina', 95),
  };
  await account.letOwnersRead(outputs.OwnerPolicyArn ?? '');
  await account.addOwners(everyone(people));
  done(
    'alice 95 days, bob 91, carol 30, dave 400 but exempt, erin two keys of 120 and 100, gina 95; all in a group with OwnerPolicyArn',
  );
  await forge(world, people.gina);

  const untold = (await runSchedule(world, schedule)) as DryRun;
  check('the schedule starts a run that scans all six and enqueues nobody', isIdle(untold), untold);
  const waiting = untold.plan.filter(({ reason }) => reason === 'no-subscription');
  check('while nobody has subscribed, its plan issues nothing and says why', waiting.length === 2, untold.plan);
  await account.subscribeOperators(outputs.TopicArn ?? '');
  await world.emulator.advanceDays(AUDIENCE_KEPT_DAYS);
  done('the operators subscribe (an SQS queue) to TopicArn; a quarter of an hour later the functions see it');
  const answer = (await runSchedule(world, schedule)) as DryRun;
  const planned = answer.plan
    .filter(({ userName }) => userName !== 'gina')
    .map(({ userName, action }) => `${userName}: ${action}`)
    .sort();
  const expected = ['alice: issue', 'bob: issue', 'erin: announce-blocked'];
  check(`then the plan is ${expected.join(', ')}`, planned.join() === expected.join(), answer);
  check('gina, whose secret somebody else made, is secret-foreign', isForeign(answer, 'gina'), answer);
  for (const user of everyone(people).filter((each) => each !== people.gina)) {
    const keys = await account.keysOf(user.userName);
    const isSame = keys.size === user.keys.length && [...keys.values()].every((status) => status === 'Active');
    if (!isSame || (await account.secretOf(user)) !== undefined)
      check(`${user.userName} is as before`, false, [...keys]);
  }
  check('nobody has another key or a secret after the dry run', true);
  return people;
}

export interface DryRun {
  dryRun: boolean;
  enqueued: number;
  usersScanned: number;
  skipped: Record<string, number>;
  plan: { userName: string; action: string; reason: string }[];
}

/** Into such a secret nothing is written, so it is told of on one day of the week, and which depends on the UserId. */
function isForeign({ plan, skipped }: DryRun, userName: string): boolean {
  const hers = plan.filter((planned) => planned.userName === userName).map(({ reason }) => reason);
  return hers.length === 0 ? skipped['secret-foreign'] === 1 : hers.join() === 'secret-foreign';
}

function isIdle({ dryRun, enqueued, usersScanned }: DryRun): boolean {
  return dryRun && enqueued === 0 && usersScanned === 6;
}

/** What EventBridge Scheduler would call, and with what. */
async function scheduleTarget(world: World): Promise<Schedule> {
  const { Target } = await aws<{ Target: { Arn: string; Input: string } }>(world, [
    'scheduler',
    'get-schedule',
    '--name',
    'keyturn-e2e-scheduled-rotation',
  ]);
  return { functionName: Target.Arn.split(':').at(-1) ?? '', input: Target.Input };
}

export async function switchOn(world: World, { outputs }: Deployed, { alice }: People): Promise<void> {
  step('sls deploy --param="enforce=true": an update in place');
  const { account, terminal } = world;
  await terminal.sls('deploy', '--param=enforce=true');
  check('the outputs are the same after the update', same(await readOutputs(world), outputs));
  const plan = JSON.parse(await terminal.sls('invoke', '-f', 'rotate-user', '--data', '{"userName":"alice"}')) as {
    dryRun: boolean;
    status: string;
    plan: { action: string }[];
  };
  check('sls invoke -f rotate-user plans: issue', plan.status === 'planned' && plan.plan[0]?.action === 'issue', plan);
  check('it is no dry run any more', !plan.dryRun);
  check('the plan changed nothing', (await account.keysOf('alice')).size === 1 && !(await account.secretOf(alice)));
}

export function same(left: Record<string, string>, right: Record<string, string>): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

export async function remove(world: World, { outputs }: Deployed, users: readonly User[]): Promise<void> {
  step('sls remove');
  const { account, terminal } = world;
  const before = await inventory(world, users);
  await account.detachOwnersPolicy(outputs.OwnerPolicyArn ?? '');
  done('the administrator detaches OwnerPolicyArn from the group: CloudFormation deletes no policy that is attached');
  await terminal.sls('remove');
  const left = await aws<{ Functions: unknown[] }>(world, ['lambda', 'list-functions']);
  check('no function is left', left.Functions.length === 0, left);
  const stacks = await aws<unknown[]>(world, [
    'cloudformation',
    'list-stacks',
    '--query',
    'StackSummaries[?StackStatus!=`DELETE_COMPLETE`].StackName',
  ]);
  check('no stack is left', stacks.length === 0, stacks);
  const roles = await aws<string[]>(world, ['iam', 'list-roles', '--query', 'Roles[].RoleName']);
  check('no role is left', !roles.some((name) => name.startsWith('keyturn')), roles);
  const queues = await terminal.aws('sqs', 'list-queues', '--queue-name-prefix', 'keyturn-', '--output', 'json');
  check('no queue is left', !queues.includes('keyturn-'), queues);
  check('every secret and every access key is still there', before === (await inventory(world, users)));
  const key = await account.keyOfAlias(STATE_KEY);
  check(`and the state key with its alias`, key?.Arn === outputs.StateKeyArn && key?.KeyState === 'Enabled', key);
}

/** Every key and every secret of these users, to compare. */
export async function inventory({ account }: World, users: readonly User[]): Promise<string> {
  const lines: unknown[] = [];
  for (const user of users) {
    const secret = await account.secretOf(user);
    lines.push([user.userName, [...(await account.keysOf(user.userName))], secret && [secret.arn, [...secret.labels]]]);
  }
  return JSON.stringify(lines);
}
