// shared/service/secret-rotation.ts, functions/secret-rotation.ts

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { moveLabel } from '../../local/aws/secrets-manager/secret-state.ts';
import { unsigned } from '../../local/checker/unsigned.ts';
import { parseRotationEvent } from '../../shared/core/secret-rotation-events.ts';
import { currentKey } from '../support/faults.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import {
  aliceRotatedBefore,
  aliceWithEmptySecret,
  around,
  attempt,
  cancelRotation,
  passesOn,
  ROTATOR,
  rotateSecret,
  rotatingWorld,
  secretIdOf,
  step,
} from '../support/rotation.ts';
import { setSigned } from '../support/signed.ts';
import { DAY, pass, published, rotateUser, type World, type WorldOptions } from '../support/world.ts';

searchForSecretsAfterEach();

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
const UNKNOWN = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';

async function alice(options: WorldOptions = {}): Promise<{ world: World; userId: string; old: string }> {
  const world = rotatingWorld(options);
  const userId = await aliceRotatedBefore(world);
  return { world, userId, old: currentKey(world.aws, userId)?.accessKeyId ?? '' };
}

function secretOf(world: World, userId: string) {
  const secret = world.aws.secrets.find(secretIdOf(userId));
  if (secret === undefined) throw new Error('There is no secret.');
  return secret;
}

const labelsOf = (world: World, userId: string, versionId: string): readonly string[] =>
  secretOf(world, userId)
    .versions.find((version) => version.versionId === versionId)
    ?.labels.map(unsigned) ?? [];

const keyIds = (world: World): string[] => world.aws.iam.keysOf('alice').map(({ accessKeyId }) => accessKeyId);

/** Mutating calls of our own function since then. */
function changes(world: World, from: number): string[] {
  const ours = world.aws.calls.slice(from).filter(({ caller, mutating }) => caller === 'secret-rotation' && mutating);
  return ours.map(({ operation }) => operation);
}

function event(world: World, userId: string, versionId: string, Step: string) {
  return { Step, SecretId: secretOf(world, userId).arn, ClientRequestToken: versionId };
}

describe('a rotation by Secrets Manager', () => {
  it('is the issue in four parts: proven, stored under the token, made current, announced, recorded', async () => {
    const { world, userId, old } = await alice();
    const versionId = await rotateSecret(world, userId);
    expect(labelsOf(world, userId, versionId)).toEqual(['AWSPENDING']);

    expect(await attempt(world)).toMatchObject({ steps: STEPS, isComplete: true });

    const current = currentKey(world.aws, userId);
    expect(current).toMatchObject({ works: true });
    expect(current?.accessKeyId).not.toBe(old);
    expect(labelsOf(world, userId, versionId).toSorted()).toEqual(
      ['AWSCURRENT', 'AWSPENDING', current?.accessKeyId].toSorted(),
    );
    expect(published(world)).toEqual(['issued']);
    expect(JSON.parse(world.aws.sns.published[0]?.message.default ?? '')).toMatchObject({
      origin: 'secret-rotation',
      accessKeyId: old,
      newAccessKeyId: current?.accessKeyId,
      reason: 'rotation-finished',
    });
    const { tags } = secretOf(world, userId);
    expect(tags['keyturn:doing']).toBeUndefined();
    expect(tags['keyturn:current-since']).toContain(current?.accessKeyId);
    expect(world.metrics.get('Rotated')).toBe(2);
  });

  it('of a secret without a value makes its first key current, and tells the owner', async () => {
    const world = rotatingWorld();
    const userId = await aliceWithEmptySecret(world);
    world.aws.sns.published.length = 0;
    await rotateSecret(world, userId);
    expect(await attempt(world)).toMatchObject({ isComplete: true });
    expect(currentKey(world.aws, userId)?.works).toBe(true);
    expect(published(world)).toEqual(['issued']);
    expect(secretOf(world, userId).tags['keyturn:doing']).toBeUndefined();
  });

  it('makes the first version current itself where AWS has not', async () => {
    const world = rotatingWorld();
    const userId = await aliceWithEmptySecret(world);
    const versionId = await rotateSecret(world, userId);
    await step(world, event(world, userId, versionId, 'createSecret'));
    const secret = world.aws.secrets.state.find(secretIdOf(userId)) ?? never();
    const versions = secret.versions.map((version) => {
      return { ...version, labels: version.labels.filter((label) => label !== 'AWSCURRENT') };
    });
    world.aws.secrets.state.save({ ...secret, versions });
    for (const name of STEPS.slice(1)) await step(world, event(world, userId, versionId, name));
    expect(labelsOf(world, userId, versionId)).toContain('AWSCURRENT');
    expect(currentKey(world.aws, userId)?.works).toBe(true);
    expect(published(world).at(-1)).toBe('issued');
  });

  it('passes the RotationToken on to the call that stores the key, and to no other', async () => {
    const { world, userId } = await alice();
    await rotateSecret(world, userId);
    await attempt(world);
    const withToken = world.aws.calls.filter(({ input }) => 'RotationToken' in input);
    expect(withToken.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual(['PutSecretValue ok']);
    expect(withToken[0]?.input.VersionStages).toContain('AWSPENDING');
  });

  it('leaves the old key to the grace period of the schedule, which issues nothing meanwhile', async () => {
    const { world, userId, old } = await alice();
    await rotateSecret(world, userId);
    await attempt(world);
    const first = currentKey(world.aws, userId)?.accessKeyId;
    await passesOn(world, [1, 3, 7, 9, 10.5, 12, 18, 21, 95]);
    expect(published(world).filter((name) => name !== 'reminder')).toEqual([
      'issued',
      'deactivated',
      'deleted',
      // Enabled, but none has begun, and the key is overdue.
      'blocked',
    ]);
    expect(keyIds(world)).toEqual([first]);
    expect(keyIds(world)).not.toContain(old);
    expect(world.logged.some((line) => line.includes('"reason":"managed-rotation"'))).toBe(true);

    await rotateSecret(world, userId);
    expect(await attempt(world)).toMatchObject({ isComplete: true });
    expect(currentKey(world.aws, userId)?.accessKeyId).not.toBe(first);
  });

  it('finds a user who was renamed since by their UserId', async () => {
    const { world, userId } = await alice();
    world.aws.iam.addUser({ userName: 'bob' });
    world.aws.secrets.state.save({
      ...(world.aws.secrets.state.find(secretIdOf(userId)) ?? never()),
      description: 'Access key of IAM user bob, kept by Keyturn',
    });
    await rotateSecret(world, userId);
    expect(await attempt(world)).toMatchObject({ isComplete: true });
    expect(secretOf(world, userId).description).toBe('Access key of IAM user alice, kept by Keyturn');
  });

  it('changes nothing more when each step is repeated, before and after the next one', async () => {
    const { world, userId } = await alice();
    const versionId = await rotateSecret(world, userId);
    around(world, { before: (next) => repeatAll(next.Step) });
    async function repeatAll(next: (typeof STEPS)[number]): Promise<void> {
      const done = STEPS.slice(0, STEPS.indexOf(next));
      for (const name of done) {
        const from = world.aws.calls.length;
        await step(world, event(world, userId, versionId, name));
        expect(changes(world, from)).toEqual([]);
      }
    }
    expect(await attempt(world)).toMatchObject({ isComplete: true });
    const from = world.aws.calls.length;
    for (const name of STEPS) await step(world, event(world, userId, versionId, name));
    expect(changes(world, from)).toEqual([]);
    expect(published(world)).toEqual(['issued']);
  });

  it('that is over is a success without a change, whatever has become of its key and whoever is at work', async () => {
    const { world, userId } = await alice();
    const versionId = await rotateSecret(world, userId);
    await attempt(world);
    world.aws.iam.setKeyStatus(currentKey(world.aws, userId)?.accessKeyId ?? '', 'Inactive');
    const { clock } = world.aws;
    const live = `delete ${iso(clock.now())} ${iso(clock.now() + 600_000)} other-run AKIAIOSFODNN7EXAMPLE -`;
    await setSigned(world, userId, { doing: live });
    const from = world.aws.calls.length;
    for (const name of STEPS) {
      const answer = await step(world, event(world, userId, versionId, name));
      expect(answer).toMatchObject({ status: 'unchanged', message: expect.stringContaining('is already current') });
    }
    expect(changes(world, from)).toEqual([]);
  });

  it('whose first version is current by itself is over, though a hold keeps its owner from being told', async () => {
    const world = rotatingWorld();
    const userId = await aliceWithEmptySecret(world);
    const versionId = await rotateSecret(world, userId);
    await step(world, event(world, userId, versionId, 'createSecret'));
    await setSigned(world, userId, { hold: '2030-01-01' });
    const from = world.aws.calls.length;
    expect(await attempt(world)).toMatchObject({ isComplete: true });
    expect(changes(world, from)).toEqual([]);
    world.aws.secrets.setTags(secretIdOf(userId), { 'keyturn:hold': undefined });
    world.aws.clock.advance(3_600_000);
    await pass(world, 'alice');
    expect(published(world).at(-1)).toBe('issued');
  });

  it('is tested only, and changes nothing, with RotateImmediately false', async () => {
    const { world, userId } = await alice();
    const before = secretOf(world, userId).versions;
    const from = world.aws.calls.length;
    await rotateSecret(world, userId, { RotateImmediately: false, ClientRequestToken: UNKNOWN });
    expect(labelsOf(world, userId, UNKNOWN)).toEqual(['AWSPENDING']);
    const { steps, error } = await attempt(world);
    expect([steps, error]).toEqual([['testSecret'], undefined]);
    expect(changes(world, from)).toEqual([]);
    expect(world.logged.at(-1)).toContain('nothing to test');
    expect(secretOf(world, userId).versions.map(({ versionId }) => versionId)).toEqual(
      before.map(({ versionId }) => versionId),
    );
  });

  it('cancelled before it began leaves a version without a value, which nobody discards', async () => {
    const { world, userId } = await alice();
    const versionId = await rotateSecret(world, userId);
    await cancelRotation(world, userId);
    await expect(step(world, event(world, userId, versionId, 'createSecret'))).rejects.toThrow('not enabled');
    await pass(world, 'alice');
    expect(labelsOf(world, userId, versionId)).toEqual(['AWSPENDING']);
  });
});

function never(): never {
  throw new Error('There is no secret.');
}

describe('createSecret is refused with the sentence of the planner, and changes no key:', () => {
  async function refused(world: World, userId: string, name = 'ConflictError'): Promise<string> {
    const keys = keyIds(world);
    await rotateSecret(world, userId);
    const { error, steps, versionId } = await attempt(world);
    expect(steps).toEqual(['createSecret']);
    expect(keyIds(world)).toEqual(keys);
    expect(labelsOf(world, userId, versionId)).toEqual(['AWSPENDING']);
    expect(error).toMatchObject({ name });
    return error instanceof Error ? error.message : '';
  }

  it('both slots taken', async () => {
    const { world, userId } = await alice();
    world.aws.iam.addKey('alice', { ageDays: 3 });
    expect(await refused(world, userId)).toContain('both key slots are taken');
  });

  it('exempt', async () => {
    const { world, userId } = await alice();
    world.aws.iam.setTags('alice', { 'keyturn:exempt': 'true' });
    expect(await refused(world, userId)).toContain('is exempt');
  });

  it('held', async () => {
    const { world, userId } = await alice();
    await rotateUser(world, { userName: 'alice', action: 'hold', holdUntil: '2030-01-01' });
    expect(await refused(world, userId)).toContain('is on hold until 2030-01-01');
  });

  it('frozen', async () => {
    const { world, userId } = await alice({ environment: { KEYTURN_FREEZE: '[["2026-02-01","2026-06-01"]]' } });
    expect(await refused(world, userId)).toContain('frozen until 2026-06-01');
  });

  it('no active key, which somebody decided', async () => {
    const { world, userId, old } = await alice();
    world.aws.iam.setKeyStatus(old, 'Inactive');
    expect(await refused(world, userId)).toContain('has no active access key');
  });

  it('a dry run, in which every step throws', async () => {
    const { world, userId } = await alice();
    world.environment.KEYTURN_ENFORCE = 'false';
    const from = world.aws.calls.length;
    const message = await refused(world, userId, 'SettingsError');
    expect(message).toContain('A replacement for');
    expect(message).toContain('last used');
    expect(message).toContain('KEYTURN_ENFORCE');
    const versionId = secretOf(world, userId).versions.at(-1)?.versionId ?? '';
    for (const name of STEPS) {
      await expect(step(world, event(world, userId, versionId, name))).rejects.toMatchObject({ name: 'SettingsError' });
    }
    expect(changes(world, from)).toEqual([]);
  });

  it('the user in the hands of another run', async () => {
    const { world, userId } = await alice();
    const { clock } = world.aws;
    const live = `delete ${iso(clock.now() - 90_000)} ${iso(clock.now() + 600_000)} other-run AKIAIOSFODNN7EXAMPLE -`;
    await setSigned(world, userId, { doing: live });
    expect(await refused(world, userId)).toContain('other-run');
    expect(secretOf(world, userId).tags['keyturn:doing']).toContain(live);
  });

  it('a key that never works', async () => {
    const { world, userId } = await alice({ propagationMs: 0 });
    const slow = rotatingWorld({ propagationMs: 3_600_000 });
    const slowId = await aliceWithEmptySecret(slow);
    expect(await refused(slow, slowId, 'RotationError')).toContain('never worked');
    expect(currentKey(world.aws, userId)?.works).toBe(true);
  });
});

const iso = (at: number): string => new Date(at).toISOString();

describe('a step is refused', () => {
  async function pending(): Promise<{ world: World; userId: string; versionId: string }> {
    const { world, userId } = await alice();
    const versionId = await rotateSecret(world, userId);
    return { world, userId, versionId };
  }

  async function refusal(world: World, given: unknown): Promise<unknown> {
    const from = world.aws.calls.length;
    const error = await step(world, given).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(changes(world, from)).toEqual([]);
    return error;
  }

  it.each([
    [{ Step: 'dropSecret' }, 'Step: must be one of createSecret'],
    [{ Step: undefined }, 'Step: must be one of createSecret'],
    [{ SecretId: undefined }, 'SecretId: '],
    [{ ClientRequestToken: undefined }, 'ClientRequestToken: '],
    [{ ClientRequestToken: 'short' }, 'ClientRequestToken: '],
    [{ ClientRequestToken: UNKNOWN }, 'ClientRequestToken: secret'],
    [{ SecretId: 'keyturn/nobody/access-key' }, 'SecretId: there is no secret'],
    [{ RotationToken: 'not a token' }, 'RotationToken: '],
  ])('for a wrong field, which the error names: %j', async (wrong, message) => {
    const { world, userId, versionId } = await pending();
    const error = await refusal(world, { ...event(world, userId, versionId, 'createSecret'), ...wrong });
    expect(error).toMatchObject({ name: 'EventError', message: expect.stringContaining(message) });
    expect(JSON.stringify(error)).not.toContain('not a token');
  });

  it.each([undefined, null, [], 'createSecret'])('for an event that is none: %j', async (given) => {
    expect(await refusal(rotatingWorld(), given)).toMatchObject({ name: 'EventError' });
  });

  it('for a version that is not pending any more', async () => {
    const { world, userId } = await pending();
    await attempt(world);
    await rotateSecret(world, userId);
    const previous = secretOf(world, userId).versions.find(({ labels }) => labels.includes('AWSPREVIOUS'));
    expect(await refusal(world, event(world, userId, previous?.versionId ?? '', 'createSecret'))).toMatchObject({
      name: 'EventError',
      message: expect.stringContaining('is not pending'),
    });
  });

  it.each(STEPS)('%s, for another secret, which is none of ours', async (name) => {
    const { world } = await pending();
    const secret = world.aws.secrets.state.create({
      name: 'prod/database',
      description: undefined,
      kmsKeyId: undefined,
      tags: [],
      replicaRegions: [],
    });
    world.aws.secrets.state.save({ ...secret, rotationEnabled: true, rotationLambdaArn: ROTATOR });
    const given = { Step: name, SecretId: secret.arn, ClientRequestToken: UNKNOWN };
    expect(await refusal(world, given)).toMatchObject({
      name: 'EventError',
      message: expect.stringContaining('prod/database is not the secret of an IAM user'),
    });
  });

  it.each(STEPS)('%s, for a secret that is tagged as another user’s', async (name) => {
    const { world, userId, versionId } = await pending();
    const { userId: bob } = world.aws.iam.addUser({ userName: 'bob', keys: [{ ageDays: 1 }] });
    world.aws.secrets.setTags(secretIdOf(userId), { 'keyturn:user-id': bob });
    expect(await refusal(world, event(world, userId, versionId, name))).toMatchObject({
      name: 'ConflictError',
      message: expect.stringContaining('keyturn:user-id is not'),
    });
  });

  it.each(STEPS)('%s, for a secret that names another rotator, or none', async (name) => {
    const { world, userId, versionId } = await pending();
    for (const rotationLambdaArn of [`${ROTATOR}2`, undefined]) {
      const secret = world.aws.secrets.state.find(secretIdOf(userId)) ?? never();
      world.aws.secrets.state.save({ ...secret, rotationLambdaArn });
      expect(await refusal(world, event(world, userId, versionId, name))).toMatchObject({
        name: 'ConflictError',
        message: expect.stringContaining('is rotated by'),
      });
    }
  });

  it('for a user who is gone, whoever has the name now', async () => {
    const { world, userId, versionId } = await pending();
    world.aws.iam.deleteUser('alice');
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 1 }] });
    expect(await refusal(world, event(world, userId, versionId, 'createSecret'))).toMatchObject({
      name: 'ConflictError',
      message: expect.stringContaining(`no IAM user ${userId}`),
    });
  });

  it('for a secret of another account, whatever its name and tags', async () => {
    const { world, userId, versionId } = await pending();
    const secret = world.aws.secrets.state.find(secretIdOf(userId)) ?? never();
    const foreign = { ...secret, arn: secret.arn.replace('111122223333', '444455556666') };
    world.aws.secrets.state.save(foreign);
    const given = { Step: 'createSecret', SecretId: foreign.arn, ClientRequestToken: versionId };
    expect(await refusal(world, given)).toMatchObject({
      name: 'ConflictError',
      message: expect.stringContaining('account 444455556666 has no IAM user'),
    });
  });

  it('while no rotation function is set', async () => {
    const { world, userId, versionId } = await pending();
    delete world.environment.KEYTURN_SECRET_ROTATION_FUNCTION_ARN;
    expect(await refusal(world, event(world, userId, versionId, 'createSecret'))).toMatchObject({
      name: 'SettingsError',
      message: expect.stringContaining('KEYTURN_SECRET_ROTATION_FUNCTION_ARN'),
    });
  });

  it('setSecret and finishSecret, before a key is stored', async () => {
    const { world, userId, versionId } = await pending();
    for (const name of ['setSecret', 'finishSecret']) {
      expect(await refusal(world, event(world, userId, versionId, name))).toMatchObject({ name: 'ConflictError' });
    }
  });

  it('setSecret and testSecret, of a key that is not the user’s', async () => {
    const { world, userId, versionId } = await pending();
    await step(world, event(world, userId, versionId, 'createSecret'));
    world.aws.iam.deleteKey(keyIds(world).at(-1) ?? '');
    for (const name of ['setSecret', 'testSecret']) {
      expect(await refusal(world, event(world, userId, versionId, name))).toMatchObject({
        name: 'ConflictError',
        message: expect.stringContaining('the key that is stored there'),
      });
    }
  });

  it.each([
    ['testSecret', 'is inactive'],
    ['finishSecret', 'record of its rotation is gone'],
  ])('%s, of a key that somebody has deactivated', async (name, message) => {
    const { world, userId, versionId } = await pending();
    await step(world, event(world, userId, versionId, 'createSecret'));
    world.aws.iam.setKeyStatus(keyIds(world).at(-1) ?? '', 'Inactive');
    const error = await step(world, event(world, userId, versionId, name)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ConflictError', message: expect.stringContaining(message) });
    expect(labelsOf(world, userId, versionId)).not.toContain('AWSCURRENT');
  });

  it('finishSecret, while another run is working on the user', async () => {
    const { world, userId, versionId } = await pending();
    await step(world, event(world, userId, versionId, 'createSecret'));
    const { clock } = world.aws;
    const [, stored] = keyIds(world);
    const live = `delete ${iso(clock.now())} ${iso(clock.now() + 600_000)} other-run ${stored} -`;
    await setSigned(world, userId, { doing: live });
    expect(await refusal(world, event(world, userId, versionId, 'finishSecret'))).toMatchObject({
      name: 'ConflictError',
      message: expect.stringContaining('other-run'),
    });
  });
});

describe('with others at work', () => {
  it('the schedule leaves a rotation alone between its steps', async () => {
    const { world, userId } = await alice();
    await rotateSecret(world, userId);
    around(world, { before: () => pass(world, 'alice') });
    expect(await attempt(world)).toMatchObject({ isComplete: true });
    await pass(world, 'alice');
    expect(published(world)).toEqual(['issued']);
    expect(keyIds(world)).toHaveLength(2);
  });

  it('the schedule finishes a rotation that was left behind, and the rest of its steps are no-ops', async () => {
    const { world, userId } = await alice();
    const versionId = await rotateSecret(world, userId);
    await step(world, event(world, userId, versionId, 'createSecret'));
    world.aws.clock.advance(600_000);
    await pass(world, 'alice');
    expect(labelsOf(world, userId, versionId)).toContain('AWSCURRENT');
    const from = world.aws.calls.length;
    expect(await attempt(world)).toMatchObject({ isComplete: true });
    expect(changes(world, from)).toEqual([]);
    expect(published(world)).toEqual(['issued']);
  });

  it.each([...Array(12).keys()])('two workers on one rotation, %i calls apart, make one key', async (apart) => {
    const { world, userId } = await alice();
    const versionId = await rotateSecret(world, userId);
    const given = event(world, userId, versionId, 'createSecret');
    let twin: Promise<unknown> | undefined;
    const alongside: BeforeCall = (call) => {
      if (call.n === apart * 3 + 1) twin = step(world, given).catch((thrown: unknown) => thrown);
      return undefined;
    };
    await step(world, given, alongside).catch((thrown: unknown) => thrown);
    await twin;
    for (let hour = 0; hour < 30; hour++) {
      world.aws.clock.advance(3_600_000);
      if ((await world.aws.secrets.rotations.attempt()).every(({ isComplete }) => isComplete)) break;
    }
    expect(currentKey(world.aws, userId)?.works).toBe(true);
    const { tags } = secretOf(world, userId);
    expect(tags['keyturn:doing']).toBeUndefined();
    expect(world.aws.iam.keysOf('alice').filter(({ status }) => status === 'Active')).toHaveLength(2);
    expect(labelsOf(world, userId, versionId)).toContain('AWSCURRENT');
  });

  it('a command by hand does not take AWSPENDING from a rotation that has stored nothing yet', async () => {
    const { world, userId } = await alice();
    const versionId = await rotateSecret(world, userId);
    expect(await rotateUser(world, { userName: 'alice', action: 'rotate' })).toMatchObject({ status: 'changed' });
    expect(labelsOf(world, userId, versionId)).toEqual(['AWSPENDING']);
    expect(currentKey(world.aws, userId)?.works).toBe(true);
    expect((await attempt(world)).error).toMatchObject({ message: expect.stringContaining('both key slots') });
    await passesOn(world, [1, 3, 7, 9, 10.5, 12, 18, 21]);
    expect(await attempt(world)).toMatchObject({ isComplete: true });
  });

  it('createSecret is done once its key is stored, also while a hold keeps the rotation from going on', async () => {
    const { world, userId } = await alice();
    const versionId = await rotateSecret(world, userId);
    await step(world, event(world, userId, versionId, 'createSecret'));
    await setSigned(world, userId, { hold: '2030-01-01' });
    const { steps, error } = await attempt(world);
    expect(steps).toEqual(STEPS);
    expect(error).toMatchObject({ name: 'ConflictError', message: expect.stringContaining('is on hold until') });
    world.aws.secrets.setTags(secretIdOf(userId), { 'keyturn:hold': undefined });
    world.aws.clock.advance(3_600_000);
    expect(await attempt(world)).toMatchObject({ isComplete: true });
  });

  it('createSecret finishes first what another run left behind', async () => {
    const { world, userId } = await alice();
    const versionId = await rotateSecret(world, userId);
    const { clock } = world.aws;
    const left = `delete ${iso(clock.now() - 7_200_000)} ${iso(clock.now() - 3_600_000)} other-run AKIAIOSFODNN7EXAMPLE -`;
    await setSigned(world, userId, { doing: left });
    expect(await attempt(world)).toMatchObject({ versionId, isComplete: true });
    expect(published(world)).toEqual(['deleted', 'issued']);
  });

  it('a step waits until it sees what the step before has written', async () => {
    const { world, userId } = await alice();
    const versionId = await rotateSecret(world, userId);
    await step(world, event(world, userId, versionId, 'createSecret'));
    const stale: BeforeCall = ({ n }) => (n === 1 ? { kind: 'stale', ms: 5_000 } : undefined);
    expect(await step(world, event(world, userId, versionId, 'setSecret'), stale)).toMatchObject({ step: 'setSecret' });
  });

  it('whoever moves AWSCURRENT first wins, and the rotation is refused', async () => {
    const { world, userId } = await alice();
    await rotateSecret(world, userId);
    await attempt(world);
    await passesOn(world, [1, 3, 7, 9, 10.5, 12, 18, 21]);
    world.aws.sns.published.length = 0;
    const versionId = await rotateSecret(world, userId);
    await step(world, event(world, userId, versionId, 'createSecret'));
    const third =
      secretOf(world, userId).versions.find(({ labels }) => labels.includes('AWSPREVIOUS'))?.versionId ?? '';
    const faster: BeforeCall = ({ operation }) => {
      if (operation === 'UpdateSecretVersionStage') moveCurrentByHand(world, userId, third);
      return undefined;
    };
    await expect(step(world, event(world, userId, versionId, 'finishSecret'), faster)).rejects.toMatchObject({
      name: 'ConflictError',
    });
    expect(labelsOf(world, userId, versionId)).not.toContain('AWSCURRENT');
    expect(published(world)).toEqual([]);
  });
});

function moveCurrentByHand({ aws: { secrets } }: World, userId: string, versionId: string): void {
  const secret = secrets.state.find(secretIdOf(userId)) ?? never();
  secrets.state.save(moveLabel(secret, 'AWSCURRENT', versionId));
}

describe('a rotation that does not end', () => {
  it('is announced as stuck once it is seen after a day, then weekly, and no key changes', async () => {
    const { world, userId } = await alice();
    world.aws.iam.addKey('alice', { ageDays: 3 });
    const keys = keyIds(world);
    const versionId = await rotateSecret(world, userId);
    const from = world.aws.clock.now();
    const told: number[] = [];
    for (const day of [0.5, 0.99, 1.01, 2, 3, 7, 7.4, 7.6, 9]) {
      world.aws.clock.set(from + day * DAY);
      const before = published(world).filter((name) => name === 'stuck').length;
      await pass(world, 'alice');
      if (published(world).filter((name) => name === 'stuck').length > before) told.push(day);
    }
    expect(told).toEqual([1.01, 7.6]);
    expect(keyIds(world)).toEqual(keys);
    const message = JSON.parse(
      world.aws.sns.published.find(({ attributes }) => attributes.event === 'stuck')?.message.default ?? '{}',
    );
    expect(message).toMatchObject({ severity: 'warning', reason: 'rotation-stuck' });
    expect(message.message).toContain(versionId);
    expect(message.message).toContain('both key slots are taken');
  });

  it('does not keep the old key from its deactivation', async () => {
    const { world, userId, old } = await alice();
    await rotateSecret(world, userId);
    await attempt(world);
    await rotateSecret(world, userId);
    expect((await attempt(world)).error).toMatchObject({ message: expect.stringContaining('both key slots') });
    await passesOn(world, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 20, 22, 23]);
    expect(keyIds(world)).not.toContain(old);
    expect(published(world).filter((name) => name === 'stuck')).toHaveLength(4);
    expect(published(world).filter((name) => name === 'reminder')).toHaveLength(4);
    expect(await attempt(world)).toMatchObject({ isComplete: true });
  });

  it('costs no call while none is pending', async () => {
    const { world, userId } = await alice();
    await rotateSecret(world, userId);
    await attempt(world);
    const from = world.aws.calls.length;
    await passesOn(world, [1, 2]);
    expect(world.aws.calls.slice(from).filter(({ operation }) => operation === 'ListSecretVersionIds')).toEqual([]);
  });
});

describe('the sample events', () => {
  const folder = new URL('../../events/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.startsWith('secret-rotation-'));

  it.each(names)('%s is a step', (name) => {
    const parsed = parseRotationEvent(JSON.parse(readFileSync(new URL(name, folder), 'utf8')));
    expect(STEPS).toContain(parsed.step);
    expect(`${JSON.stringify(parsed)} ${parsed.rotationToken}`).not.toContain('EXAMPLE0');
  });

  it('cover every step', () => {
    expect(names).toHaveLength(6);
  });
});
