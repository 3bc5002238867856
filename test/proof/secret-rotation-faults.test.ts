import { describe, expect, it } from 'vitest';
import type { BeforeCall, Fault } from '../../local/aws.ts';
import { currentKey, faultAt, faults } from '../support/faults.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import {
  aliceRotatedBefore,
  aliceWithEmptySecret,
  around,
  passesOn,
  rotateSecret,
  rotatingWorld,
  secretIdOf,
} from '../support/rotation.ts';
import { DAY, published, type World } from '../support/world.ts';

searchForSecretsAfterEach();

const HOUR = 3_600_000;
const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
type Step = (typeof STEPS)[number];

interface Rotating {
  world: World;
  userId: string;
  versionId: string;
}

async function rotating(rotation: 'first' | 'later'): Promise<Rotating> {
  const world = rotatingWorld();
  const userId = await (rotation === 'first' ? aliceWithEmptySecret(world) : aliceRotatedBefore(world));
  world.aws.sns.published.length = 0;
  return { world, userId, versionId: await rotateSecret(world, userId) };
}

/** How many calls each step makes when nothing disturbs it. */
async function callsOf(rotation: 'first' | 'later'): Promise<Record<string, number>> {
  const { world } = await rotating(rotation);
  const counts: Record<string, number> = {};
  const counting = Object.fromEntries(
    STEPS.map((name): [Step, BeforeCall] => [
      name,
      ({ n }) => {
        counts[name] = n;
        return undefined;
      },
    ]),
  );
  around(world, { faults: counting });
  await world.aws.secrets.rotations.attempt();
  return counts;
}

/** As AWS does: the whole rotation again, with the same token, again and again; and the schedule daily. */
async function retryUntilDone({ world }: Rotating): Promise<void> {
  around(world, {});
  const { aws } = world;
  for (let hour = 1; hour <= 72; hour++) {
    aws.clock.advance(HOUR);
    if (hour % 24 === 3) await passesOn(world, [0]);
    const [attempt] = await aws.secrets.rotations.attempt();
    if (attempt === undefined || attempt.isComplete) return;
  }
}

function expectDone({ world, userId, versionId }: Rotating): void {
  const { aws } = world;
  const secret = aws.secrets.find(secretIdOf(userId));
  const current = currentKey(aws, userId);
  expect(current?.works).toBe(true);
  const labels = secret?.versions.find((version) => version.versionId === versionId)?.labels;
  expect(labels).toEqual(expect.arrayContaining(['AWSCURRENT', 'AWSPENDING', current?.accessKeyId]));
  const issued = aws.sns.published.filter(({ attributes }) => attributes.event === 'issued');
  const told = issued.map(({ message }) => JSON.parse(message.default ?? '{}'));
  expect(told.map(({ newAccessKeyId }) => newAccessKeyId)).toContain(current?.accessKeyId);
  expect(new Set(told.map(({ transitionId }) => transitionId)).size).toBe(1);
  expect(secret?.tags).not.toHaveProperty('keyturn:doing');
}

/** The old key goes as it should, no leftover stays, and then there is nothing more to do. */
async function expectConverged({ world, userId }: Rotating): Promise<void> {
  await passesOn(world, [1, 3, 7, 9, 10.5, 12, 21, 22, 23]);
  const current = currentKey(world.aws, userId);
  expect(current?.works).toBe(true);
  expect(world.aws.iam.keysOf('alice').map(({ accessKeyId }) => accessKeyId)).toEqual([current?.accessKeyId]);
  const from = world.aws.calls.length;
  await passesOn(world, [1]);
  expect(world.aws.calls.slice(from).filter(({ mutating }) => mutating)).toEqual([]);
}

async function survive(rotation: 'first' | 'later', name: Step, n: number, fault: Fault): Promise<void> {
  const rotated = await rotating(rotation);
  const { world } = rotated;
  const from = world.aws.calls.length;
  around(world, { faults: { [name]: faultAt(n, fault) } });
  await world.aws.secrets.rotations.attempt();
  try {
    await retryUntilDone(rotated);
    expectDone(rotated);
    await expectConverged(rotated);
  } catch (error) {
    const calls = world.aws.calls
      .slice(from, from + 120)
      .map((c) => `${c.caller} ${c.service}:${c.operation} ${c.outcome} ${c.fault?.kind ?? ''}`);
    const log = world.logged.slice(0, 40).join('\n');
    const about = `after a ${fault.kind} at call ${n} of ${name}`;
    throw new Error(`${about}:\n${published(world).join(' ')}\n${calls.join('\n')}\n${log}`, { cause: error });
  }
}

const everyFault = Object.entries(faults);

describe.each(STEPS)('%s', (name) => {
  it.each(everyFault)('recovers from a %s at each of its calls', { timeout: 60_000 }, async (_, fault) => {
    const counts = await callsOf('later');
    expect(counts[name]).toBeGreaterThan(2);
    for (let n = 1; n <= (counts[name] ?? 0); n++) await survive('later', name, n, fault);
  });
});

/** AWS gives the very first version AWSCURRENT by itself: the rotation is over before its last step has told anybody. */
describe.each(['createSecret', 'finishSecret'] as const)('%s of the first rotation of a secret', (name) => {
  const some = everyFault.filter(([kind]) => ['crash after', 'lost response', 'stale read'].includes(kind));
  it.each(some)('recovers from a %s at each of its calls', { timeout: 60_000 }, async (_, fault) => {
    const counts = await callsOf('first');
    for (let n = 1; n <= (counts[name] ?? 0); n++) await survive('first', name, n, fault);
  });
});

it('a rotation that crashes in every attempt of the first day is done on the second', async () => {
  const rotated = await rotating('later');
  const { world } = rotated;
  for (let hour = 0; hour < 24; hour++) {
    const crash = faultAt(1 + ((hour * 5) % 40), { kind: 'crash-after' });
    around(world, { faults: { createSecret: crash, finishSecret: crash } });
    await world.aws.secrets.rotations.attempt();
    world.aws.clock.advance(HOUR);
  }
  world.aws.clock.advance(DAY);
  await retryUntilDone(rotated);
  expect(currentKey(world.aws, rotated.userId)?.works).toBe(true);
  await expectConverged(rotated);
});
