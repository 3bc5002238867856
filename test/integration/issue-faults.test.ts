import { describe, expect, it } from 'vitest';
import { currentKey, faultAt, faults } from '../support/faults.ts';
import { createWorld, DAY, pass, published, rotateUser, type World } from '../support/world.ts';

const START = Date.UTC(2026, 0, 1);

/** A user whose key is due: for the first time, or again after an earlier rotation. */
async function due(rotation: 'first' | 'second'): Promise<World> {
  const world = createWorld();
  world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 90 }] });
  if (rotation === 'first') return world;
  await rotateUser(world, { userName: 'alice', action: 'rotate', graceDays: 0 });
  switchKey(world);
  // Told of the deletion on one day, and deleted on another.
  await passesOn(world, [8, 11]);
  world.aws.clock.set(START + 90.5 * DAY);
  world.aws.sns.published.length = 0;
  world.logged.length = 0;
  return world;
}

/** The owner uses the current key, as soon as there is one. */
function switchKey({ aws }: World): void {
  const [alice] = aws.iam.users();
  const current = currentKey(aws, alice?.userId ?? '');
  if (current?.works) aws.iam.useKey(current.accessKeyId, { service: 's3', region: 'eu-west-1' });
}

/** Passes on these days from now, as the schedule would make them; the owner switches when they can. */
async function passesOn(world: World, days: readonly number[]): Promise<void> {
  const from = world.aws.clock.now();
  for (const day of days) {
    world.aws.clock.set(from + day * DAY);
    await pass(world, 'alice');
    switchKey(world);
  }
}

/** An hour later, then daily through the recovery of an orphan, then through a whole rotation. */
async function settle(world: World): Promise<void> {
  await passesOn(world, [1 / 24, 1, 3, 4, 7, 9, 11, 12, 14, 15, 22, 24, 26]);
  const from = world.aws.calls.length;
  await passesOn(world, [1]);
  expect(world.aws.calls.slice(from).filter(({ mutating }) => mutating)).toEqual([]);
}

function expectSafe(world: World): void {
  const { aws } = world;
  const [alice] = aws.iam.users();
  const keys = aws.iam.keysOf('alice');
  const current = currentKey(aws, alice?.userId ?? '');
  expect(keys.map(({ accessKeyId, status }) => ({ accessKeyId, status }))).toEqual([
    { accessKeyId: current?.accessKeyId, status: 'Active' },
  ]);
  expect(current?.works).toBe(true);
  expect(published(world)).toEqual(expect.arrayContaining(['issued', 'deactivated', 'deleted']));
  const issued = world.aws.sns.published.filter(({ attributes }) => attributes.event === 'issued');
  const announced = issued.map(({ message }) => JSON.parse(message.default ?? '{}').newAccessKeyId);
  expect(announced).toContain(current?.accessKeyId);
  const tags = Object.keys(aws.secrets.find(`keyturn/${alice?.userId}/access-key`)?.tags ?? {});
  expect(tags).not.toContain('keyturn:doing');
  expect(tags).not.toContain('keyturn:deactivated');
}

function expectNoSecret(world: World): void {
  const shown = [world.logged.join('\n'), JSON.stringify(world.aws.sns.published), JSON.stringify(world.aws.calls)];
  for (const secret of world.aws.iam.everySecretAccessKey()) {
    for (const text of shown) expect(text.includes(secret)).toBe(false);
  }
}

/** Each fault meets other calls than the one before; `test/proof/crash-issuing.test.ts` tries each at all of them. */
const STRIDE = 20;
const numbered = Object.entries(faults).map(([name, fault], index) => ({ name, fault, offset: (3 * index) % STRIDE }));

describe.each(['first', 'second'] as const)('the issue sequence, %s rotation', (rotation) => {
  it.each(numbered)('recovers from a $name at a twentieth of its calls', async ({ name, fault, offset }) => {
    const quiet = await due(rotation);
    const from = quiet.aws.calls.length;
    await pass(quiet, 'alice');
    const count = quiet.aws.calls.length - from;
    expect(count).toBeGreaterThan(20);
    for (let n = 1 + offset; n <= count; n += STRIDE) {
      const world = await due(rotation);
      await pass(world, 'alice', faultAt(n, fault));
      await settle(world);
      try {
        expectSafe(world);
        expectNoSecret(world);
      } catch (error) {
        const calls = world.aws.calls.map(
          (c) => `${c.caller} ${c.service}:${c.operation} ${c.outcome} ${c.fault?.kind ?? ''}`,
        );
        throw new Error(
          `after a ${name} at call ${n}:\n${published(world).join(' ')}\n${calls.slice(from, from + 60).join('\n')}\n${world.logged.slice(0, 30).join('\n')}`,
          { cause: error },
        );
      }
    }
  });
});
