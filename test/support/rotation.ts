import {
  CancelRotateSecretCommand,
  RotateSecretCommand,
  type RotateSecretCommandInput,
} from '@aws-sdk/client-secrets-manager';
import { createSecretRotation } from '../../functions/secret-rotation.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import type { Attempt, RotationEvent } from '../../local/aws/secrets-manager/rotation.ts';
import { currentKey } from './faults.ts';
import { createWorld, DAY, invoke, pass, rotateUser, type World, type WorldOptions } from './world.ts';

export const ROTATOR = 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-test-secret-rotation';

/** What happens around each step of a rotation: faults of its calls, and what others do before it. */
export interface Around {
  faults?: Partial<Record<string, BeforeCall>>;
  before?: (event: RotationEvent) => Promise<unknown>;
}

/** An account whose secrets may be rotated by our function. */
export function rotatingWorld({ environment, ...options }: WorldOptions = {}): World {
  const world = createWorld({
    ...options,
    environment: { KEYTURN_SECRET_ROTATION_FUNCTION_ARN: ROTATOR, ...environment },
  });
  around(world, {});
  return world;
}

/** The function that Secrets Manager invokes from here on. */
export function around(world: World, { faults = {}, before }: Around): void {
  world.aws.secrets.rotations.register(ROTATOR, async (event) => {
    await before?.(event);
    return step(world, event, faults[event.Step]);
  });
}

/** One step, in an invocation of its own. */
export function step(world: World, event: unknown, before?: BeforeCall): Promise<unknown> {
  return invoke(world, 'secret-rotation', createSecretRotation(world.runtime('secret-rotation', before)), event);
}

/** Alice, with a key of this age; the secret is there, with tags and no value. */
export async function aliceWithEmptySecret(world: World, ageDays = 30): Promise<string> {
  const { userId } = world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays }] });
  await rotateUser(world, { userName: 'alice', action: 'hold', holdUntil: '2030-01-01' });
  await rotateUser(world, { userName: 'alice', action: 'hold', holdUntil: '2020-01-01' });
  world.aws.clock.advance(120_000);
  return userId;
}

/** Alice with one key, current in her secret, and 40 days old. */
export async function aliceRotatedBefore(world: World): Promise<string> {
  const { clock, iam } = world.aws;
  const from = clock.now();
  const { userId } = iam.addUser({ userName: 'alice', keys: [{ ageDays: 90 }] });
  await rotateUser(world, { userName: 'alice', action: 'rotate', graceDays: 0 });
  switchKey(world);
  // Told of the deletion on one day, and deleted on another.
  await passesOn(world, [8, 11]);
  clock.set(from + 40 * DAY);
  switchKey(world);
  world.aws.sns.published.length = 0;
  world.logged.length = 0;
  return userId;
}

/** Passes on these days from now, as the schedule would make them; the owner switches when they can. */
export async function passesOn(world: World, days: readonly number[]): Promise<void> {
  const from = world.aws.clock.now();
  for (const day of days) {
    world.aws.clock.set(from + day * DAY);
    await pass(world, 'alice');
    switchKey(world);
  }
}

/** The owner uses the current key, as soon as there is one. */
export function switchKey({ aws }: World): void {
  const [alice] = aws.iam.users();
  const current = currentKey(aws, alice?.userId ?? '');
  if (current?.works) aws.iam.useKey(current.accessKeyId, { service: 's3', region: 'eu-west-1' });
}

export const secretIdOf = (userId: string): string => `keyturn/${userId}/access-key`;

/** Begins a rotation, as an operator or Secrets Manager's own schedule would. The version that is pending from here on. */
export async function rotateSecret(
  world: World,
  userId: string,
  more: Partial<RotateSecretCommandInput> = {},
): Promise<string> {
  const { secrets } = world.runtime('operator').aws;
  const command = new RotateSecretCommand({ SecretId: secretIdOf(userId), RotationLambdaARN: ROTATOR, ...more });
  const { VersionId } = await secrets.send(command);
  return VersionId ?? more.ClientRequestToken ?? '';
}

export async function cancelRotation(world: World, userId: string): Promise<void> {
  const { secrets } = world.runtime('operator').aws;
  await secrets.send(new CancelRotateSecretCommand({ SecretId: secretIdOf(userId) }));
}

/** One attempt at the only rotation in progress. */
export async function attempt(world: World): Promise<Attempt> {
  const [only] = await world.aws.secrets.rotations.attempt();
  if (only === undefined) throw new Error('No rotation is in progress.');
  return only;
}
