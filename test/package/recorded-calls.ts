import { DeleteSecretCommand } from '@aws-sdk/client-secrets-manager';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import type { Request } from '../../local/aws/policies/policy.ts';
import { functionOf, requestOf, type Targets } from '../support/requests.ts';
import { DAY, invoke, pass, rotateUser, type World } from '../support/world.ts';
import { aliceInTheTeam, createTeam, liveWith, otherTriggers, rename } from './recorded-triggers.ts';

/** What the handlers ask of AWS in a busy year, as IAM sees it: one list for each function. */
export async function recordCalls(targets: Targets): Promise<Map<string, Request[]>> {
  const worlds = [
    await busyYear(),
    await keyThatNeverWorks(),
    await topicOfAnotherAccount(),
    ...(await otherTriggers()),
  ];
  const requests = new Map<string, Request[]>();
  for (const world of worlds) {
    for (const call of world.aws.calls) {
      const name = functionOf(call);
      if (name === undefined) continue;
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

/** Its subscriptions may not be read, only counted. */
async function topicOfAnotherAccount(): Promise<World> {
  const world = createTeam();
  aliceInTheTeam(world);
  const before: BeforeCall = ({ operation }) =>
    operation === 'ListSubscriptionsByTopic' ? { kind: 'error', status: 403, code: 'AuthorizationError' } : undefined;
  await scan(world, {}, before);
  await pass(world, 'alice', before);
  return world;
}

async function scan(world: World, event: unknown, before?: BeforeCall): Promise<void> {
  await invoke(
    world,
    'scheduled-rotation',
    createScheduledRotation(world.runtime('scheduled-rotation', before)),
    event,
  );
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
