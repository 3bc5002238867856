import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import type { RotationEvent } from '../../../local/aws/secrets-manager/rotation.ts';
import { refusal, setUp } from './clients.ts';

const SecretId = 'keyturn/AIDAEXAMPLE/access-key';
const rotator = 'arn:aws:lambda:eu-west-1:111122223333:function:rotator';
const v1 = 'version-1-aaaaaaaaaaaaaaaaaaaaaaaaaa';
const v2 = 'version-2-aaaaaaaaaaaaaaaaaaaaaaaaaa';
const v3 = 'version-3-aaaaaaaaaaaaaaaaaaaaaaaaaa';

/** A secret with v1 current, and a function that stores a value and makes it current, as AWS's template does. */
async function setUpRotation() {
  const local = setUp();
  const { aws, secrets } = local;
  const asked: RotationEvent[] = [];
  await secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'one', ClientRequestToken: v1 }));
  const run = async (event: RotationEvent, token = event.RotationToken): Promise<void> => {
    asked.push(event);
    const version = { SecretId: event.SecretId, ClientRequestToken: event.ClientRequestToken };
    if (event.Step === 'createSecret') {
      const value = { SecretString: 'two', VersionStages: ['AWSPENDING'], RotationToken: token };
      await secrets.send(new PutSecretValueCommand({ ...version, ...value }));
    }
    if (event.Step === 'finishSecret') {
      const move = { VersionStage: 'AWSCURRENT', RemoveFromVersionId: v1, MoveToVersionId: event.ClientRequestToken };
      await secrets.send(new UpdateSecretVersionStageCommand({ SecretId: event.SecretId, ...move }));
    }
  };
  aws.secrets.rotations.register(rotator, run);
  const rotate = (ClientRequestToken: string, more: object = {}) =>
    secrets.send(new RotateSecretCommand({ SecretId, RotationLambdaARN: rotator, ClientRequestToken, ...more }));
  const describe = () => secrets.send(new DescribeSecretCommand({ SecretId }));
  return { ...local, run, asked, rotate, describe };
}

test('a rotation shows its version before a value exists, runs the four steps, and leaves AWSPENDING', async () => {
  const { aws, secrets, asked, rotate, describe } = await setUpRotation();
  expect((await rotate(v2)).VersionId).toBe(v2);
  expect(await describe()).toMatchObject({
    RotationEnabled: true,
    RotationLambdaARN: rotator,
    VersionIdsToStages: { [v1]: ['AWSCURRENT'], [v2]: ['AWSPENDING'] },
  });
  const read = new GetSecretValueCommand({ SecretId, VersionId: v2, VersionStage: 'AWSPENDING' });
  expect((await refusal(secrets.send(read))).name).toBe('ResourceNotFoundException');
  const [attempt] = await aws.secrets.rotations.attempt();
  expect(attempt).toMatchObject({ versionId: v2, isComplete: true });
  expect(asked.map(({ Step }) => Step)).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
  expect(new Set(asked.map(({ RotationToken }) => RotationToken)).size).toBe(1);
  expect((await describe()).VersionIdsToStages).toEqual({ [v1]: ['AWSPREVIOUS'], [v2]: ['AWSPENDING', 'AWSCURRENT'] });
  expect((await secrets.send(read)).SecretString).toBe('two');
  expect(await aws.secrets.rotations.attempt()).toEqual([]);
});

test('a rotation that fails is tried again from its first step, with the same token', async () => {
  const { aws, run, asked, rotate } = await setUpRotation();
  let failures = 1;
  aws.secrets.rotations.register(rotator, async (event) => {
    await run(event);
    if (event.Step === 'testSecret' && failures-- > 0) throw new Error('not now');
  });
  await rotate(v2);
  const [failed] = await aws.secrets.rotations.attempt();
  expect(failed).toMatchObject({ steps: ['createSecret', 'setSecret', 'testSecret'], isComplete: false });
  expect(failed?.error).toMatchObject({ message: 'not now' });
  expect((await refusal(rotate(v3))).message).toBe(
    "A previous rotation isn't complete. That rotation will be reattempted.",
  );
  expect((await aws.secrets.rotations.attempt())[0]).toMatchObject({ isComplete: true });
  expect(new Set(asked.map(({ ClientRequestToken }) => ClientRequestToken))).toEqual(new Set([v2]));
});

test('RotateImmediately false runs testSecret alone, against a version that is gone afterwards', async () => {
  const { aws, asked, rotate, describe } = await setUpRotation();
  await rotate(v2, { RotateImmediately: false });
  await aws.secrets.rotations.attempt();
  expect(asked.map(({ Step }) => Step)).toEqual(['testSecret']);
  expect(await describe()).toMatchObject({ RotationEnabled: true, VersionIdsToStages: { [v1]: ['AWSCURRENT'] } });
});

test('a cancelled rotation runs no more, and leaves its labels', async () => {
  const { aws, secrets, rotate, describe } = await setUpRotation();
  await rotate(v2);
  await secrets.send(new CancelRotateSecretCommand({ SecretId }));
  expect(await aws.secrets.rotations.attempt()).toEqual([]);
  expect(await describe()).toMatchObject({ RotationEnabled: false, VersionIdsToStages: { [v2]: ['AWSPENDING'] } });
});

test('the age of a pending version is that of the rotation', async () => {
  const { aws, secrets, rotate } = await setUpRotation();
  const begun = aws.clock.now();
  await rotate(v2);
  aws.clock.advance(3_600_000);
  const { Versions = [] } = await secrets.send(new ListSecretVersionIdsCommand({ SecretId }));
  const age = Versions.find(({ VersionId }) => VersionId === v2)?.CreatedDate?.getTime() ?? 0;
  expect(age - begun).toBeLessThan(1_000);
});

test('a RotationToken of no rotation under way is refused', async () => {
  const { aws, run, rotate } = await setUpRotation();
  aws.secrets.rotations.register(rotator, (event) => run(event, 'another-token-aaaaaaaaaaaaaaaaaaaaaaaa'));
  await rotate(v2);
  const [attempt] = await aws.secrets.rotations.attempt();
  expect(attempt?.error).toMatchObject({ message: expect.stringContaining('RotationToken') });
});

test.each([
  [{ RotationLambdaARN: undefined }, 'No Lambda rotation function ARN is associated with this secret.'],
  [{ RotationLambdaARN: `${rotator}2` }, 'Secrets Manager cannot invoke the specified Lambda function.'],
])('RotateSecret is refused: %j', async (more, message) => {
  const { rotate } = await setUpRotation();
  expect((await refusal(rotate(v2, more))).message).toContain(message);
});
