import { DeleteSecretCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { createRotateUser } from '../../functions/rotate-user.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import {
  createLife,
  createRotated,
  dateIn,
  keysOf,
  labelsOf,
  live,
  messages,
  newKeyOf,
  secretNameOf,
  statusOf,
  tagOf,
  thrownBy,
  use,
  writes,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { contextOf, createWorld, DAY, pass, published, rotateUser } from '../support/world.ts';

searchForSecretsAfterEach();

const rotate = { userName: 'alice', action: 'rotate' };

describe('rotate', () => {
  it('issues although nothing is due', async () => {
    const life = createLife({ ageDays: 1 });
    expect(await rotateUser(life, rotate)).toMatchObject({ status: 'changed', reason: 'asked' });
    expect(labelsOf(life, life.userId).AWSCURRENT).toBe(newKeyOf(life, [life.oldKey]));
  });

  it('issues a first key to a user who has none, stored and announced', async () => {
    const world = createWorld();
    const { userId } = world.aws.iam.addUser({ userName: 'alice' });
    const { status, keys } = await rotateUser(world, rotate);
    expect(status).toBe('changed');
    expect(keys).toMatchObject([{ role: 'current', status: 'Active' }]);
    expect(labelsOf(world, userId).AWSCURRENT).toBe(keys[0]?.accessKeyId);
    const [issued] = messages(world);
    expect(issued).toMatchObject({ event: 'issued', newAccessKeyId: keys[0]?.accessKeyId });
    expect(issued).not.toHaveProperty('accessKeyId');
    expect(issued).not.toHaveProperty('next');
    world.aws.clock.advance(DAY);
    expect(await live(world, { from: 1, to: 30 })).toEqual([]);
  });

  describe('for a user whom Secrets Manager does not know yet', () => {
    /** Its answer to a policy that names a user made seconds ago. */
    const malformed = {
      kind: 'error',
      status: 400,
      code: 'MalformedPolicyDocumentException',
      message: 'This resource policy contains an unsupported principal.',
    } as const;

    function newUser(knownAfter: number) {
      const world = createWorld();
      const { userId } = world.aws.iam.addUser({ userName: 'alice' });
      const knownAt = world.aws.clock.now() + knownAfter;
      const before: BeforeCall = ({ operation }) =>
        operation === 'PutResourcePolicy' && world.aws.clock.now() < knownAt ? malformed : undefined;
      return { world, userId, before };
    }

    it('waits some seconds, and issues', async () => {
      const { world, userId, before } = newUser(12_000);
      const { status, keys } = await rotateUser(world, rotate, before);
      expect(status).toBe('changed');
      expect(labelsOf(world, userId).AWSCURRENT).toBe(keys[0]?.accessKeyId);
    });

    it('and no longer than half a minute: then nothing is issued', async () => {
      const { world, before } = newUser(DAY);
      const startedAt = world.aws.clock.now();
      await expect(rotateUser(world, rotate, before)).rejects.toThrow('MalformedPolicyDocument');
      expect(world.aws.clock.now() - startedAt).toBeLessThan(45_000);
      expect(world.aws.iam.keysOf('alice')).toEqual([]);
    });

    it('and not beyond the time that the function has left', async () => {
      const { world, before } = newUser(DAY);
      const startedAt = world.aws.clock.now();
      const handler = createRotateUser(world.runtime('rotate-user', before));
      await expect(handler(rotate, contextOf(world, 'rotate-user', 125_000))).rejects.toThrow(
        'MalformedPolicyDocument',
      );
      expect(world.aws.clock.now() - startedAt).toBeLessThan(22_000);
    });

    it('is not what another refusal of the policy means', async () => {
      const { world } = newUser(0);
      const denied = { ...malformed, code: 'PublicPolicyException', message: 'no' };
      const startedAt = world.aws.clock.now();
      const before: BeforeCall = ({ operation }) => (operation === 'PutResourcePolicy' ? denied : undefined);
      await expect(rotateUser(world, rotate, before)).rejects.toThrow('PublicPolicy');
      expect(world.aws.clock.now() - startedAt).toBeLessThan(20_000);
    });
  });

  it('is exempt from the daily limit, the breaker and the subscription', async () => {
    const life = createLife({ emails: [], environment: { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '0' } });
    expect((await rotateUser(life, rotate)).status).toBe('changed');
  });

  it('is refused with two keys, and says what they are and how to go on', async () => {
    const life = await createRotated();
    const from = life.aws.calls.length;
    const answer = await rotateUser(life, rotate);
    expect(answer).toMatchObject({ status: 'blocked', reason: 'two-keys', outcomes: [] });
    expect(answer.message).toMatch(/^Cannot issue an access key for alice: both key slots are taken/);
    expect(answer.message).toContain(`${life.previous} (active`);
    expect(answer.message).toContain(`${life.current} (active`);
    expect(answer.message).toContain('accessKeyId');
    expect(writes(life, from)).toEqual([]);
    expect(published(life)).toEqual([]);
  });

  it('finishes an interrupted issue instead of beginning another', async () => {
    const life = createLife({ ageDays: 20 });
    const crashed = rotateUser(life, rotate, ({ operation }) =>
      operation === 'PutSecretValue' ? { kind: 'crash-after' } : undefined,
    );
    await thrownBy(crashed);
    const stored = newKeyOf(life, [life.oldKey]);
    life.aws.clock.advance(DAY / 24);
    const answer = await rotateUser(life, rotate);
    expect(answer.outcomes.map(({ action, accessKeyId }) => [action, accessKeyId])).toEqual([['finish', stored]]);
    expect(answer.status).toBe('changed');
    expect(published(life)).toEqual(['issued']);
    expect(Object.keys(keysOf(life))).toEqual([life.oldKey, stored]);
  });
});

describe('rotate with the accessKeyId to give up', () => {
  it('deactivates it at once, names its deletion as notBefore, and issues only when run again after that', async () => {
    const life = await createRotated();
    const { aws, previous, current } = life;
    const giveUp = { ...rotate, accessKeyId: previous };
    const first = await rotateUser(life, giveUp);
    expect(first).toMatchObject({ status: 'changed', reason: 'given-up' });
    expect(first.outcomes).toMatchObject([{ action: 'deactivate', accessKeyId: previous, result: 'done' }]);
    expect(keysOf(life)).toEqual({ [previous]: 'Inactive', [current]: 'Active' });
    expect(messages(life)).toMatchObject([{ event: 'deactivated', reason: 'given-up', accessKeyId: previous }]);
    const notBefore = Date.parse(first.plan[0]?.notBefore ?? '');
    expect(Math.round((notBefore - aws.clock.now()) / DAY)).toBe(10);
    const next = messages(life)[0]?.next;
    expect(next?.action).toBe('delete');
    expect(Math.abs(Date.parse(next?.notBefore ?? '') - notBefore)).toBeLessThan(60_000);

    aws.clock.advance(DAY);
    const second = await rotateUser(life, giveUp);
    expect(second).toMatchObject({ status: 'unchanged', reason: 'recovery', outcomes: [] });
    expect(Math.abs(Date.parse(second.plan[0]?.notBefore ?? '') - notBefore)).toBeLessThan(60_000);
    const third = await rotateUser(life, rotate);
    expect(third).toMatchObject({ status: 'blocked', reason: 'two-keys' });
    expect(third.plan[0]?.notBefore).toBe(second.plan[0]?.notBefore);

    aws.clock.set(notBefore - DAY);
    await pass(life, 'alice');
    expect(published(life).at(-1)).toBe('reminder');
    aws.clock.set(notBefore + 60_000);
    await pass(life, 'alice');
    expect(keysOf(life)).toEqual({ [current]: 'Active' });
    aws.clock.advance(60_000);
    expect(await rotateUser(life, rotate)).toMatchObject({ status: 'changed', reason: 'asked' });
    expect(Object.keys(keysOf(life))).toHaveLength(2);
  });

  it('gives up the current key too, and the next run issues a new one', async () => {
    const life = await createRotated();
    const { aws, previous, current } = life;
    await rotateUser(life, { ...rotate, accessKeyId: current });
    expect(keysOf(life)).toEqual({ [previous]: 'Active', [current]: 'Inactive' });
    for (const days of [8, 3]) {
      aws.clock.advance(days * DAY);
      await pass(life, 'alice');
    }
    expect(keysOf(life)).toEqual({ [previous]: 'Active' });
    aws.clock.advance(60_000);
    expect((await rotateUser(life, rotate)).status).toBe('changed');
    expect(labelsOf(life, life.userId).AWSCURRENT).toBe(newKeyOf(life, [previous]));
  });

  it('does so for two keys that nobody stored', async () => {
    const life = createLife();
    const { accessKeyId: other } = life.aws.iam.addKey('alice', { ageDays: 10 });
    const answer = await rotateUser(life, { ...rotate, accessKeyId: life.oldKey });
    expect(answer.status).toBe('changed');
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Inactive', [other]: 'Active' });
    expect(answer.secret).not.toHaveProperty('versionId');
  });

  it('is refused for the only Active key', async () => {
    const life = await createRotated();
    life.aws.iam.setKeyStatus(life.previous, 'Inactive');
    const from = life.aws.calls.length;
    const answer = await rotateUser(life, { ...rotate, accessKeyId: life.current });
    expect(answer).toMatchObject({ status: 'blocked', reason: 'only-active-key' });
    expect(answer.message).toContain(life.current);
    expect(writes(life, from)).toEqual([]);
  });

  it('is refused for a key that the user does not have', async () => {
    const life = await createRotated();
    const from = life.aws.calls.length;
    const answer = await rotateUser(life, { ...rotate, accessKeyId: 'AKIANOBODYSKEY000000' });
    expect(answer).toMatchObject({ status: 'blocked', reason: 'no-such-key' });
    expect(answer.message).toContain('User alice has no key AKIANOBODYSKEY000000');
    expect(writes(life, from)).toEqual([]);
  });

  it('issues when it names the only key', async () => {
    const life = createLife({ ageDays: 20 });
    const answer = await rotateUser(life, { ...rotate, accessKeyId: life.oldKey });
    expect(answer.outcomes).toMatchObject([{ action: 'issue', result: 'done' }]);
    expect(statusOf(life.aws, life.oldKey)).toBe('Active');
  });
});

describe('graceDays', () => {
  it('that would run into the next rotation is refused, and names the settings', async () => {
    const life = createLife({ ageDays: 20 });
    const error = await thrownBy(rotateUser(life, { ...rotate, graceDays: 80 }));
    expect(error).toMatchObject({ name: 'EventError' });
    expect(error.message).toMatch(/^graceDays: .*maxAccessKeyAgeDays.*graceDays/);
    expect(error.message).toContain('alice');
    expect(error.message).toContain(life.aws.accountId);
    expect(writes(life)).toEqual([]);
  });
});

describe('force', () => {
  it('overrides a hold, which is there afterwards', async () => {
    const life = createLife({ ageDays: 20 });
    const holdUntil = dateIn(life, 40);
    await rotateUser(life, { userName: 'alice', action: 'hold', holdUntil });
    const from = life.aws.calls.length;
    const held = await rotateUser(life, rotate);
    expect(held).toMatchObject({ status: 'unchanged', reason: 'held', outcomes: [] });
    expect(held.message).toContain(`on hold until ${holdUntil}`);
    expect(writes(life, from)).toEqual([]);
    expect(await rotateUser(life, { ...rotate, force: true })).toMatchObject({ status: 'changed', reason: 'asked' });
    expect(tagOf(life, life.userId, 'hold')).toBe(holdUntil);
  });

  it.each(['rotate', 'retire', 'rollback', 'hold', 'confirm'])(
    'does not override an exemption from %s',
    async (action) => {
      const life = createLife({ tags: { 'keyturn:exempt': 'true' } });
      const fields = action === 'hold' ? { holdUntil: '2026-12-01' } : {};
      const answer = await rotateUser(life, { userName: 'alice', action, force: true, ...fields });
      expect(answer).toMatchObject({ status: 'unchanged', reason: 'exempt', outcomes: [] });
      expect(answer.message).toContain('tag keyturn:exempt');
      expect(answer.message).toContain('never an exemption');
      expect(writes(life)).toEqual([]);
    },
  );
});

describe('restoreSecret', () => {
  async function deleteSecret(life: ReturnType<typeof createLife>): Promise<void> {
    const { secrets } = life.runtime('operator').aws;
    await secrets.send(new DeleteSecretCommand({ SecretId: secretNameOf(life.userId), RecoveryWindowInDays: 30 }));
  }

  it('takes a secret out of its deletion and rotates', async () => {
    const life = createLife();
    await live(life, { from: 90, to: 111, on: { 91: () => use(life, newKeyOf(life, [life.oldKey])) } });
    const second = newKeyOf(life, [life.oldKey]);
    await deleteSecret(life);
    const from = life.aws.calls.length;
    const refused = await rotateUser(life, rotate);
    expect(refused).toMatchObject({ status: 'blocked', reason: 'secret-pending-deletion' });
    expect(refused.message).toContain('restoreSecret');
    expect(writes(life, from)).toEqual([]);
    const restored = await rotateUser(life, { ...rotate, restoreSecret: true });
    expect(restored.outcomes.map(({ action, result }) => [action, result])).toEqual([
      ['restore-secret', 'done'],
      ['issue', 'done'],
    ]);
    expect(life.aws.secrets.find(secretNameOf(life.userId))?.deletedAt).toBeUndefined();
    expect(labelsOf(life, life.userId).AWSCURRENT).toBe(newKeyOf(life, [second]));
  });

  it('does not adopt a secret that is not ours', async () => {
    const life = createLife();
    await live(life, { from: 90, to: 90 });
    await deleteSecret(life);
    life.aws.secrets.configure(secretNameOf(life.userId), { owningService: 'rds' });
    const from = life.aws.calls.length;
    const answer = await rotateUser(life, { ...rotate, restoreSecret: true });
    expect(answer).toMatchObject({ status: 'blocked', reason: 'secret-foreign' });
    expect(writes(life, from)).toEqual([]);
  });
});
