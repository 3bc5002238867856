import { IAMClient, UpdateUserCommand } from '@aws-sdk/client-iam';
import { DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { Call } from '../../local/aws.ts';
import { createWorld, DAY, invoke, pass, rotateUser, type World, type WorldOptions } from '../support/world.ts';
import type { Request } from './policy.ts';

/** Of the deployed stack, in place of the world's own. */
export interface Targets {
  topicArn: string;
  queueArn: string;
}

/** What the handlers ask of AWS in a busy year, as IAM sees it: one list for each function. */
export async function recordCalls(targets: Targets): Promise<Map<string, Request[]>> {
  const worlds = [await busyYear(), await keyThatNeverWorks()];
  const requests = new Map<string, Request[]>();
  for (const world of worlds) {
    for (const call of world.aws.calls) {
      // Everybody may ask who they are: no policy can forbid it.
      if (call.service === 'sts' || call.caller === 'administrator') continue;
      const name = FUNCTIONS[call.caller] ?? call.caller;
      requests.set(name, [...(requests.get(name) ?? []), requestOf(world, call, targets)]);
    }
  }
  return requests;
}

async function busyYear(): Promise<World> {
  const world = createTeam();
  world.aws.iam.addUser({ userName: 'alice', path: '/team/', keys: [{ ageDays: 90 }] });
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

function createTeam(options: WorldOptions = {}): World {
  const environment = { KEYTURN_USER_PATH_PREFIX: '/team/', KEYTURN_EXEMPT_GROUPS: '["robots"]' };
  return createWorld({ emails: ['ops@example.com'], environment, ...options });
}

async function rename(world: World, from: string, to: string): Promise<void> {
  await admin(world).iam.send(new UpdateUserCommand({ UserName: from, NewUserName: to }));
}

async function scan(world: World, event: unknown): Promise<void> {
  await invoke(world, 'scheduled-rotation', createScheduledRotation(world.runtime('scheduled-rotation')), event);
}

async function liveWith(world: World, userName: string, days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    await pass(world, userName);
    world.aws.clock.advance(DAY);
    const newest = world.aws.iam.keysOf(userName).at(-1);
    if (newest) world.aws.iam.useKey(newest.accessKeyId, { service: 's3', region: 'eu-west-1' });
  }
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
  await admin(world).secrets.send(new DeleteSecretCommand({ SecretId: secretId }));
  world.aws.clock.advance(DAY);
  await rotateUser(world, { ...bob, action: 'rotate', restoreSecret: true, force: true });
}

function admin({ aws }: World): { iam: IAMClient; secrets: SecretsManagerClient } {
  const { requestHandler } = aws.connect('administrator');
  const options = {
    region: aws.region,
    credentials: { accessKeyId: 'ASIAADMIN0000000000', secretAccessKey: 'local' },
    requestHandler,
  };
  return { iam: new IAMClient(options), secrets: new SecretsManagerClient(options) };
}

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

function resourceOf({ aws }: World, { service, input }: Call, { topicArn, queueArn }: Targets): string {
  if (service === 'sns') return topicArn;
  if (service === 'sqs') return queueArn;
  if (service === 'secretsmanager') {
    const id = input.SecretId ?? input.Name;
    if (id === undefined) return '*';
    // A secret that is not there yet is checked by its name alone.
    const arn = aws.secrets.find(String(id))?.arn;
    return arn ?? `arn:aws:secretsmanager:${aws.region}:${aws.accountId}:secret:${id}`;
  }
  if (input.UserName !== undefined || input.AccessKeyId !== undefined) {
    return `arn:aws:iam::${aws.accountId}:user/team/${input.UserName ?? 'alice'}`;
  }
  return '*';
}
