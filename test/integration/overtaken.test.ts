// Tests of shared/apply/lease.ts, shared/apply/frame.ts, shared/apply/secret.ts and shared/apply/secret-value.ts where
// another run is faster, or AWS is slow.

import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { passesOn } from '../support/rotation.ts';
import { signed } from '../support/signed.ts';
import { createWorld, DAY, pass, type World } from '../support/world.ts';

const SECOND = 1_000;

/** The grace of alice's old key is over with the next pass. */
async function afterGrace() {
  const world = createWorld();
  const { userId, keys } = world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
  await passesOn(world, [0, 7, 9]);
  world.aws.clock.advance(1.5 * DAY);
  const name = `keyturn/${userId}/access-key`;
  const from = world.aws.calls.length;
  return {
    world,
    name,
    /** The intent of another run, which has just begun. */
    theirs: async () => {
      const at = (ms: number) => new Date(world.aws.clock.now() + ms).toISOString();
      const doing = `delete ${at(0)} ${at(600 * SECOND)} other-run ${keys[0]?.accessKeyId} -`;
      return signed(world, userId, { doing });
    },
    intent: () => world.aws.secrets.find(name)?.tags['keyturn:doing'],
    active: () => world.aws.iam.keysOf('alice').filter(({ status }) => status === 'Active').length,
    wrote: () =>
      world.aws.calls
        .slice(from)
        .filter(({ mutating, caller }) => mutating && caller === 'worker')
        .map(({ operation }) => operation),
  };
}

/** Acts right before the n-th call of that name once `since` has been called, or from the beginning. */
function beforeCall(
  operation: string,
  { since, n = 1 }: { since?: string; n?: number },
  act: () => unknown,
): BeforeCall {
  let count = 0;
  let isOn = since === undefined;
  return async (call) => {
    if (isOn && call.operation === operation && ++count === n) await act();
    isOn ||= call.operation === since;
    return undefined;
  };
}

describe('an intent', () => {
  it('that took too long to write is taken off again, and nothing is begun', async () => {
    const { world, intent, active, wrote } = await afterGrace();
    await pass(
      world,
      'alice',
      beforeCall('TagResource', {}, () => world.aws.clock.advance(15 * SECOND)),
    );
    expect(wrote()).toEqual(['TagResource', 'UntagResource']);
    expect([intent(), active()]).toEqual([undefined, 2]);
  });

  it('is not written over that of a run which was faster while we read', async () => {
    const { world, name, theirs, intent, active, wrote } = await afterGrace();
    const others = await theirs();
    await pass(
      world,
      'alice',
      beforeCall('GetAccessKeyLastUsed', {}, () => {
        world.aws.clock.advance(5 * SECOND);
        world.aws.secrets.setTags(name, others);
      }),
    );
    expect([wrote(), active()]).toEqual([[], 2]);
    expect(intent()).toBe(others['keyturn:doing']);
  });

  it('is written after reads that were slow, once the secret was read again', async () => {
    const { world, active } = await afterGrace();
    await pass(
      world,
      'alice',
      beforeCall('GetAccessKeyLastUsed', {}, () => world.aws.clock.advance(5 * SECOND)),
    );
    expect(active()).toBe(1);
  });

  it('that is not what the secret shows after it was written leaves the user to the other run', async () => {
    const { world, name, theirs, intent, active, wrote } = await afterGrace();
    const others = await theirs();
    await pass(
      world,
      'alice',
      beforeCall('ListAccessKeys', { since: 'TagResource' }, () => world.aws.secrets.setTags(name, others)),
    );
    expect([wrote(), active()]).toEqual([['TagResource'], 2]);
    expect(intent()).toBe(others['keyturn:doing']);
  });

  it('is looked for again after slow reads, and left alone if another run has taken it over', async () => {
    const { world, name, theirs, intent, active, wrote } = await afterGrace();
    const others = await theirs();
    const slow = beforeCall('DescribeSecret', { since: 'TagResource', n: 2 }, () =>
      world.aws.secrets.setTags(name, others),
    );
    await pass(world, 'alice', async (call) => {
      await slow(call);
      if (call.operation === 'GetAccessKeyLastUsed') world.aws.clock.advance(15 * SECOND);
      return undefined;
    });
    expect([wrote(), active()]).toEqual([['TagResource'], 2]);
    expect(intent()).toBe(others['keyturn:doing']);
  });
});

describe('a secret that was just made', () => {
  async function first(before: (world: World, name: string) => BeforeCall) {
    const world = createWorld();
    const { userId } = world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
    const isDone = await pass(world, 'alice', before(world, `keyturn/${userId}/access-key`));
    return { world, isDone, keys: world.aws.iam.keysOf('alice').length };
  }

  it('and is not to be seen brings the message back, with no key made', async () => {
    let made = 0;
    const { isDone, keys, world } = await first(({ aws }) => ({ operation }) => {
      if (operation === 'CreateSecret') made = aws.clock.now();
      return made > 0 && operation === 'DescribeSecret'
        ? { kind: 'stale', ms: aws.clock.now() - made + SECOND }
        : undefined;
    });
    expect([isDone, keys]).toEqual([false, 1]);
    expect(world.logged.join()).toContain('is not visible yet');
  });

  it('and is seen late is used all the same', async () => {
    let reads = 0;
    const { isDone, keys } = await first(() => ({ operation }) => {
      if (operation === 'CreateSecret') reads = 1;
      return operation === 'DescribeSecret' && reads > 0 && reads++ < 3
        ? { kind: 'stale', ms: 10 * SECOND }
        : undefined;
    });
    expect([isDone, keys]).toEqual([true, 2]);
  });

  it('by somebody else is not written to', async () => {
    const { keys, world } = await first((world, name) =>
      beforeCall('CreateSecret', {}, () =>
        world.runtime('operator').aws.secrets.send(new CreateSecretCommand({ Name: name })),
      ),
    );
    expect(keys).toBe(1);
    expect(world.aws.secrets.all()).toMatchObject([{ tags: {} }]);
    expect(world.logged.join()).toContain('Keyturn did not create it');
  });
});
