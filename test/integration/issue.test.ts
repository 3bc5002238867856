// Tests of shared/apply/issue.ts, shared/apply/lease.ts, shared/apply/orphan.ts, shared/apply/access-keys.ts,
// shared/apply/secret.ts, shared/apply/prove.ts, shared/apply/put-policy.ts, shared/apply/secret-value.ts and
// shared/apply/finish-issue.ts: who was faster, and what is left behind.

import { DeleteSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import type { Call, Fault } from '../../local/aws/aws.ts';
import { keyIdOfLabel } from '../../local/checker/unsigned.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { makeSecret, signed } from '../support/signed.ts';
import { createWorld, DAY, pass, published, type World } from '../support/world.ts';

searchForSecretsAfterEach();

function aliceIn(world: World): { userId: string; oldKey: string } {
  const { userId, keys } = world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 91 }] });
  return { userId, oldKey: keys[0]?.accessKeyId ?? '' };
}

function statuses({ aws }: World): Record<string, string> {
  return Object.fromEntries(aws.iam.keysOf('alice').map(({ accessKeyId, status }) => [accessKeyId, status]));
}

/** Runs `act` once, right before the first call of that name takes effect. */
function beforeFirst(operation: string, act: () => void | Promise<void>): (call: Call) => Promise<Fault | undefined> {
  let isDone = false;
  return async (call) => {
    if (isDone || call.operation !== operation) return undefined;
    isDone = true;
    await act();
    return undefined;
  };
}

async function rotatedOnce(world: World): Promise<{ userId: string; current: string }> {
  const { userId, oldKey } = aliceIn(world);
  await pass(world, 'alice');
  world.aws.iam.deleteKey(oldKey);
  world.aws.clock.advance(100 * DAY);
  const current = Object.keys(statuses(world))[0] ?? '';
  return { userId, current };
}

/** An operator puts a value into the secret just before the worker does. */
function overtaking(world: World, name: string) {
  const operator = world.runtime('rotate-user').aws.secrets;
  return beforeFirst('PutSecretValue', async () => {
    const VersionStages = ['AWSCURRENT', 'AKIAOVERTAKER0000000'];
    await operator.send(new PutSecretValueCommand({ SecretId: name, SecretString: '{}', VersionStages }));
  });
}

describe('the compare-and-swap', () => {
  it('gives way to whoever was faster: the label comes off, then the key, and the old key stays', async () => {
    const world = createWorld();
    const { userId, current } = await rotatedOnce(world);
    const name = `keyturn/${userId}/access-key`;
    const overtake = overtaking(world, name);
    await pass(world, 'alice', overtake);
    const made = world.aws.calls.filter(({ operation }) => operation === 'CreateAccessKey');
    expect(made).toHaveLength(2);
    expect(statuses(world)).toEqual({ [current]: 'Active' });
    const labels = world.aws.secrets.find(name)?.versions.flatMap((version) => version.labels);
    expect(labels?.map(keyIdOfLabel).filter((id) => id !== undefined)).toEqual([current]);
    const last = world.aws.calls.filter(({ mutating, caller }) => mutating && caller === 'worker').slice(-3);
    expect(last.map(({ operation }) => operation)).toEqual([
      'UpdateSecretVersionStage',
      'DeleteAccessKey',
      'UntagResource',
    ]);
    expect(Object.keys(world.aws.secrets.find(name)?.tags ?? {})).not.toContain('keyturn:doing');
  });
});

describe('a label that cannot be taken off', () => {
  it.each([
    ['since AWS fails: the key stays, for a later pass to judge', 'error', 2],
    ['a second time, because it is off: the key goes at once', 'lost-response', 1],
  ] as const)('%s', async (_, kind, keysLeft) => {
    const world = createWorld();
    const { userId, current } = await rotatedOnce(world);
    const name = `keyturn/${userId}/access-key`;
    const overtake = overtaking(world, name);
    let lost = 0;
    await pass(world, 'alice', async (call) => {
      await overtake(call);
      const isLabel = call.operation === 'UpdateSecretVersionStage' && call.input.MoveToVersionId === undefined;
      if (!isLabel || (kind === 'lost-response' && lost++ > 0)) return undefined;
      return kind === 'error' ? { kind, status: 500, code: 'InternalFailure' } : { kind };
    });
    expect(Object.keys(statuses(world))).toHaveLength(keysLeft);
    expect(statuses(world)[current]).toBe('Active');
  });
});

describe('a key that cannot be told from a stranger later', () => {
  it('is not made: more than 30 seconds after the intent the issue is given up', async () => {
    const world = createWorld();
    const { oldKey } = aliceIn(world);
    let hasTagged = false;
    await pass(world, 'alice', (call) => {
      if (hasTagged && call.operation === 'DescribeSecret') world.aws.clock.advance(40_000);
      hasTagged = call.operation === 'TagResource';
      return undefined;
    });
    expect(statuses(world)).toEqual({ [oldKey]: 'Active' });
    expect(world.aws.secrets.all()[0]?.tags).not.toHaveProperty('keyturn:doing');
  });
});

describe('a lease that is lost during the proof', () => {
  it('ends the issue: the key just made is deleted, and the intent of the other run stays', async () => {
    const world = createWorld({ propagationMs: 20_000 });
    const { userId, oldKey } = aliceIn(world);
    const name = `keyturn/${userId}/access-key`;
    const doing = `deactivate 2026-01-01T00:00:10.000Z 2026-01-01T00:05:30.000Z other-run ${oldKey} -`;
    await makeSecret(world, userId);
    const theirs = await signed(world, userId, { doing });
    await pass(
      world,
      'alice',
      beforeFirst('GetCallerIdentity', () => world.aws.secrets.setTags(name, theirs)),
    );
    expect(statuses(world)).toEqual({ [oldKey]: 'Active' });
    expect(world.aws.calls.some(({ operation }) => operation === 'PutSecretValue')).toBe(false);
    expect(world.aws.secrets.find(name)?.tags['keyturn:doing']).toBe(theirs['keyturn:doing']);
  });
});

describe('an orphan whose secret cannot be written', () => {
  it('is deactivated and told of all the same, and nothing is written to the secret', async () => {
    const world = createWorld();
    const { userId, oldKey } = aliceIn(world);
    await pass(world, 'alice', (call) => (call.operation === 'CreateAccessKey' ? { kind: 'crash-after' } : undefined));
    world.aws.clock.advance(DAY);
    const secrets = world.runtime('operator').aws.secrets;
    await secrets.send(new DeleteSecretCommand({ SecretId: `keyturn/${userId}/access-key` }));
    const from = world.aws.calls.length;
    await pass(world, 'alice');
    const { [oldKey]: old, ...others } = statuses(world);
    expect([old, ...Object.values(others)]).toEqual(['Active', 'Inactive']);
    expect(published(world)).toContain('orphan-removed');
    const writes = world.aws.calls.slice(from).filter(({ mutating }) => mutating);
    expect(writes.map(({ operation }) => operation)).toEqual(['UpdateAccessKey']);
  });
});

describe('an interrupted issue that nobody looked at for days', () => {
  it('is told of once and forgotten, though its key is still there: that is for somebody to decide', async () => {
    const world = createWorld();
    const { userId } = aliceIn(world);
    await pass(world, 'alice', (call) => (call.operation === 'CreateAccessKey' ? { kind: 'crash-after' } : undefined));
    world.aws.clock.advance(4 * DAY);
    for (let day = 0; day < 4; day++) {
      await pass(world, 'alice');
      world.aws.clock.advance(DAY);
    }
    expect(Object.values(statuses(world))).toEqual(['Active', 'Active']);
    expect(published(world)).toEqual(['failed', 'blocked']);
    expect(world.aws.secrets.find(`keyturn/${userId}/access-key`)?.tags).not.toHaveProperty('keyturn:doing');
  });
});
