import { DeleteSecretCommand } from '@aws-sdk/client-secrets-manager';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { Call } from '../../local/aws.ts';
import { DAY, invoke, rotateUser, type World } from '../support/world.ts';
import type { Request } from './policy.ts';
import { aliceInTheTeam, createTeam, liveWith, otherTriggers, rename } from './recorded-triggers.ts';

/** Of the deployed stack, in place of the world's own. */
export interface Targets {
  topicArn: string;
  queueArn: string;
  deadLetterQueueArn: string;
}

/** What the handlers ask of AWS in a busy year, as IAM sees it: one list for each function. */
export async function recordCalls(targets: Targets): Promise<Map<string, Request[]>> {
  const worlds = [await busyYear(), await keyThatNeverWorks(), ...(await otherTriggers())];
  const requests = new Map<string, Request[]>();
  for (const world of worlds) {
    for (const call of world.aws.calls) {
      // Everybody may ask who they are: no policy can forbid it.
      if (call.service === 'sts' || OTHERS.includes(call.caller)) continue;
      const name = FUNCTIONS[call.caller] ?? call.caller;
      requests.set(name, [...(requests.get(name) ?? []), requestOf(world, call, targets)]);
    }
  }
  return requests;
}

async function busyYear(): Promise<World> {
  const world = createTeam();
  aliceInTheTeam(world);
  world.aws.iam.addUser({ userName: 'bob', path: '/team/', keys: [{ ageDays: 10 }] });
  await scan(world, { dryRun: true });
  await scan(world, {});
  await liveWith(world, 'alice', 25);
  await rename(world, 'alice', 'alice.b');
  world.aws.clock.advance(60 * DAY);
  await liveWith(world, 'alice.b', 30);
  // Both keys are young and the old one is gone: a command by hand has a free slot.
  await rename(world, 'alice.b', 'alice.c');
  await rotateUser(world, { userName: 'alice.c', action: 'rotate' });
  await byHand(world);
  return world;
}

/** The proof of a new key fails, so the key is deleted in the same run. */
async function keyThatNeverWorks(): Promise<World> {
  const world = createTeam({ propagationMs: 10 * 60_000 });
  world.aws.iam.addUser({ userName: 'alice', path: '/team/' });
  await rotateUser(world, { userName: 'alice', action: 'rotate' }).catch(() => undefined);
  return world;
}

async function scan(world: World, event: unknown): Promise<void> {
  await invoke(world, 'scheduled-rotation', createScheduledRotation(world.runtime('scheduled-rotation')), event);
}

async function byHand(world: World): Promise<void> {
  const bob = { userName: 'bob' };
  await rotateUser(world, bob);
  await rotateUser(world, { ...bob, action: 'rotate' });
  world.aws.clock.advance(DAY);
  await rotateUser(world, { ...bob, action: 'confirm' });
  await rotateUser(world, { ...bob, action: 'rollback' });
  await rotateUser(world, { ...bob, action: 'hold', holdUntil: '2020-01-01' });
  const secretId = `keyturn/${world.aws.iam.users().find(({ userName }) => userName === 'bob')?.userId}/access-key`;
  await world.runtime('administrator').aws.secrets.send(new DeleteSecretCommand({ SecretId: secretId }));
  world.aws.clock.advance(DAY);
  await rotateUser(world, { ...bob, action: 'rotate', restoreSecret: true, force: true });
}

/** Who calls beside the functions. */
const OTHERS = ['administrator', 'operator'];
const FUNCTIONS: Record<string, string> = { worker: 'rotation-worker' };
/** Where IAM's name is not that of the operation. */
const ACTIONS: Record<string, string> = { 'sqs:SendMessageBatch': 'sqs:SendMessage' };

function requestOf(world: World, call: Call, targets: Targets): Request {
  const operation = `${call.service}:${call.operation}`;
  return {
    action: ACTIONS[operation] ?? operation,
    resource: resourceOf(world, call, targets),
    context: contextOf(call),
  };
}

function contextOf({ input }: Call): Record<string, string> {
  return 'BlockPublicPolicy' in input ? { 'secretsmanager:BlockPublicPolicy': String(input.BlockPublicPolicy) } : {};
}

function resourceOf(world: World, { service, operation, input }: Call, targets: Targets): string {
  const { aws } = world;
  if (service === 'sns') return targets.topicArn;
  if (service === 'sqs') {
    return input.QueueUrl === world.deadLetterQueueUrl ? targets.deadLetterQueueArn : targets.queueArn;
  }
  if (service === 'config') return OF_A_RULE.includes(operation) ? CONFIG_RULE : '*';
  if (service === 'secretsmanager') {
    const id = input.SecretId ?? input.Name;
    if (id === undefined) return '*';
    // A secret that is not there yet is checked by its name alone.
    const arn = aws.secrets.find(String(id))?.arn;
    return arn ?? `arn:aws:secretsmanager:${aws.region}:${aws.accountId}:secret:${id}`;
  }
  if (input.UserName === undefined && input.AccessKeyId === undefined) return '*';
  const userName = String(input.UserName ?? 'alice');
  return aws.iam.state.findUser(userName)?.arn ?? `arn:aws:iam::${aws.accountId}:user/team/${userName}`;
}

const OF_A_RULE = ['GetComplianceDetailsByConfigRule', 'StartConfigRulesEvaluation'];
const CONFIG_RULE = 'arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-0123ab';
