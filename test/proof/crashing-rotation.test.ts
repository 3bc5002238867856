import { expect, it } from 'vitest';
import { currentKey, faultAt } from '../support/faults.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { aliceRotatedBefore, around, passesOn, rotateSecret, rotatingWorld } from '../support/rotation.ts';
import { DAY } from '../support/world.ts';

searchForSecretsAfterEach();

const HOUR = 3_600_000;

it('a rotation that crashes in every attempt of the first day is done on the second', async () => {
  const world = rotatingWorld();
  const { aws } = world;
  const userId = await aliceRotatedBefore(world);
  await rotateSecret(world, userId);
  for (let hour = 0; hour < 24; hour++) {
    const crash = faultAt(1 + ((hour * 5) % 40), { kind: 'crash-after' });
    around(world, { faults: { createSecret: crash, finishSecret: crash } });
    await aws.secrets.rotations.attempt();
    aws.clock.advance(HOUR);
  }
  around(world, {});
  for (let hour = 24; hour < 48; hour++) {
    if (hour === 27) await passesOn(world, [0]);
    await aws.secrets.rotations.attempt();
    aws.clock.advance(HOUR);
  }
  expect(await aws.secrets.rotations.attempt()).toEqual([]);
  expect(currentKey(aws, userId)?.works).toBe(true);
  await passesOn(world, [1, 3, 7, 9, 10.5, 12, 21, 22, 23]);
  const current = currentKey(aws, userId);
  expect(current?.works).toBe(true);
  expect(aws.iam.keysOf('alice').map(({ accessKeyId }) => accessKeyId)).toEqual([current?.accessKeyId]);
  const from = aws.calls.length;
  aws.clock.advance(DAY);
  await passesOn(world, [0]);
  expect(aws.calls.slice(from).filter(({ mutating }) => mutating)).toEqual([]);
});
