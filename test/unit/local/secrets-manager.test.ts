// local/aws/secrets-manager/secrets-manager.ts, local/aws/secrets-manager/secret-state.ts,
// local/aws/secrets-manager/secret-helpers.ts, local/aws/secrets-manager/secret-versions.ts,
// local/aws/secrets-manager/secret-views.ts, local/aws/secrets-manager/secret-replicas.ts

import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  InvalidParameterException,
  InvalidRequestException,
  LimitExceededException,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { operatorCredentials } from '../../../local/aws/principals.ts';
import { refusal, setUp } from './clients.ts';

const name = 'keyturn/AIDAEXAMPLE/access-key';
const SecretId = name;
const v1 = 'version-1-aaaaaaaaaaaaaaaaaaaaaaaaaa';
const v2 = 'version-2-aaaaaaaaaaaaaaaaaaaaaaaaaa';
const v3 = 'version-3-aaaaaaaaaaaaaaaaaaaaaaaaaa';

/** A secret with v1 current (label `A`) and v2 pending (label `B`). */
async function twoVersions() {
  const local = setUp();
  const put = (id: string, VersionStages: string[]) =>
    local.secrets.send(
      new PutSecretValueCommand({ SecretId, ClientRequestToken: id, SecretString: id, VersionStages }),
    );
  await local.secrets.send(new CreateSecretCommand({ Name: name }));
  await put(v1, ['AWSPENDING', 'A']);
  await put(v2, ['AWSPENDING', 'B']);
  const labels = async () =>
    (await local.secrets.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages ?? {};
  const move = (VersionStage: string, MoveToVersionId?: string, RemoveFromVersionId?: string) =>
    local.secrets.send(
      new UpdateSecretVersionStageCommand({ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId }),
    );
  return { ...local, put, labels, move };
}

describe('names', () => {
  test('the ARN ends in six random characters, and name, ARN and partial ARN all find the secret', async () => {
    const { secrets } = setUp();
    const { ARN = '' } = await secrets.send(new CreateSecretCommand({ Name: name }));
    expect(ARN).toMatch(new RegExp(`^arn:aws:secretsmanager:eu-west-1:111122223333:secret:${name}-[A-Za-z0-9]{6}$`));
    for (const id of [name, ARN, ARN.slice(0, -7)]) {
      expect((await secrets.send(new DescribeSecretCommand({ SecretId: id }))).Name).toBe(name);
    }
  });

  test('a partial ARN that ends in a hyphen and six characters is taken for a complete one', async () => {
    const { secrets } = setUp();
    const { ARN = '' } = await secrets.send(new CreateSecretCommand({ Name: 'deploy-github' }));
    const partial = new DescribeSecretCommand({ SecretId: ARN.slice(0, -7) });
    await expect(secrets.send(partial)).rejects.toBeInstanceOf(ResourceNotFoundException);
  });

  test('a comma in a name is refused with the text of AWS', async () => {
    const { secrets } = setUp();
    expect(await refusal(secrets.send(new CreateSecretCommand({ Name: 'a,b' })))).toMatchObject({
      name: 'ValidationException',
      message:
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    });
  });

  test('a taken name is ResourceExists, an unknown one ResourceNotFound', async () => {
    const { secrets } = setUp();
    await secrets.send(new CreateSecretCommand({ Name: name }));
    expect(await refusal(secrets.send(new CreateSecretCommand({ Name: name })))).toMatchObject({
      type: 'ResourceExistsException',
      message: `The operation failed because the secret ${name} already exists.`,
    });
    expect(await refusal(secrets.send(new DescribeSecretCommand({ SecretId: 'none' })))).toMatchObject({
      type: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret.",
    });
  });
});

describe('versions and labels', () => {
  test('a secret without a value has no versions', async () => {
    const { secrets } = setUp();
    const created = await secrets.send(new CreateSecretCommand({ Name: name }));
    expect(created.VersionId).toBeUndefined();
    expect((await secrets.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages).toBeUndefined();
    expect(await refusal(secrets.send(new GetSecretValueCommand({ SecretId })))).toMatchObject({
      type: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    });
  });

  test('the first version becomes current whatever labels were asked for', async () => {
    const { labels } = await twoVersions();
    // AWSPENDING has moved on to the second, a custom label stays where it is.
    expect(await labels()).toEqual({ [v1]: ['A', 'AWSCURRENT'], [v2]: ['AWSPENDING', 'B'] });
  });

  test('a value put without labels becomes current, and the one before previous', async () => {
    const { secrets, labels } = await twoVersions();
    await secrets.send(new PutSecretValueCommand({ SecretId, ClientRequestToken: v3, SecretString: 'x' }));
    expect(await labels()).toEqual({ [v1]: ['A', 'AWSPREVIOUS'], [v2]: ['AWSPENDING', 'B'], [v3]: ['AWSCURRENT'] });
  });

  test('a custom label put on a new version leaves the old one', async () => {
    const { put, labels } = await twoVersions();
    await put(v3, ['B']);
    expect(await labels()).toEqual({ [v1]: ['A', 'AWSCURRENT'], [v2]: ['AWSPENDING'], [v3]: ['B'] });
  });

  test('moving AWSCURRENT moves AWSPREVIOUS to the version it left', async () => {
    const { move, labels } = await twoVersions();
    await move('AWSCURRENT', v2, v1);
    expect(await labels()).toEqual({ [v1]: ['A', 'AWSPREVIOUS'], [v2]: ['AWSPENDING', 'B', 'AWSCURRENT'] });
    await move('AWSCURRENT', v1, v2);
    expect(await labels()).toEqual({ [v1]: ['A', 'AWSCURRENT'], [v2]: ['AWSPENDING', 'B', 'AWSPREVIOUS'] });
  });

  test('AWSCURRENT cannot be taken off', async () => {
    const { move, labels } = await twoVersions();
    expect(await refusal(move('AWSCURRENT', undefined, v1))).toMatchObject({
      type: 'InvalidParameterException',
      message:
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
    });
    expect((await labels())[v1]).toContain('AWSCURRENT');
  });

  test('a label moves only when the version that has it is named', async () => {
    const { move, labels } = await twoVersions();
    const before = await labels();
    expect(await refusal(move('AWSCURRENT', v2))).toMatchObject({
      type: 'InvalidParameterException',
      message: `The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${v1}, so you must explicitly reference that version in RemoveFromVersionId.`,
    });
    await expect(move('AWSCURRENT', v2, v2)).rejects.toBeInstanceOf(InvalidParameterException);
    await expect(move('A', v2)).rejects.toBeInstanceOf(InvalidParameterException);
    await expect(move('none', undefined, v1)).rejects.toBeInstanceOf(InvalidParameterException);
    expect(await labels()).toEqual(before);
  });

  test('the same move repeated is refused, since the label has left the version named', async () => {
    const { move } = await twoVersions();
    await move('AWSCURRENT', v2, v1);
    await expect(move('AWSCURRENT', v2, v1)).rejects.toBeInstanceOf(InvalidParameterException);
  });

  test('a label that is on no version is attached without naming one', async () => {
    const { move, labels } = await twoVersions();
    await move('C', v1);
    expect((await labels())[v1]).toEqual(['A', 'AWSCURRENT', 'C']);
  });

  test('a version without labels is not described, but kept', async () => {
    const { move, labels, secrets } = await twoVersions();
    await move('AWSPENDING', undefined, v2);
    await move('B', undefined, v2);
    expect(Object.keys(await labels())).toEqual([v1]);
    const ids = async (IncludeDeprecated: boolean) =>
      (await secrets.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated }))).Versions?.map(
        (version) => version.VersionId,
      );
    expect(await ids(false)).toEqual([v1]);
    expect(await ids(true)).toEqual([v1, v2]);
  });

  test('a version that does not exist is ResourceNotFound', async () => {
    const { move } = await twoVersions();
    await expect(move('AWSCURRENT', v3, v1)).rejects.toBeInstanceOf(ResourceNotFoundException);
  });

  test('a secret has at most 20 labels', async () => {
    const { move } = await twoVersions();
    for (let i = 0; i < 16; i++) await move(`label${i}`, v1);
    await expect(move('one-too-many', v1)).rejects.toBeInstanceOf(LimitExceededException);
  });

  test('a repeated token with the same value changes nothing; with another it is refused', async () => {
    const { secrets, put, labels } = await twoVersions();
    const before = await labels();
    expect((await put(v1, ['AWSPENDING', 'Z'])).VersionStages).toEqual(['A', 'AWSCURRENT']);
    expect(await labels()).toEqual(before);
    const other = new PutSecretValueCommand({ SecretId, ClientRequestToken: v1, SecretString: 'other' });
    await expect(secrets.send(other)).rejects.toBeInstanceOf(ResourceExistsException);
  });

  test('a token has 32 to 64 characters', async () => {
    const { put } = await twoVersions();
    await expect(put('x'.repeat(31), ['C'])).rejects.toBeInstanceOf(InvalidParameterException);
    await expect(put('x'.repeat(65), ['C'])).rejects.toBeInstanceOf(InvalidParameterException);
    await put('x'.repeat(32), ['C']);
    await put('x'.repeat(64), ['C']);
  });

  test('a value may have 65,536 bytes and no more', async () => {
    const { secrets } = await twoVersions();
    const put = (length: number) =>
      secrets.send(new PutSecretValueCommand({ SecretId, SecretString: 'x'.repeat(length) }));
    await put(65_536);
    expect((await refusal(put(65_537))).name).toBe('ValidationException');
  });

  test('a value is read by label or by version, and both must agree', async () => {
    const { secrets } = await twoVersions();
    const read = (VersionStage?: string, VersionId?: string) =>
      secrets.send(new GetSecretValueCommand({ SecretId, VersionStage, VersionId }));
    expect((await read()).SecretString).toBe(v1);
    expect((await read('B')).SecretString).toBe(v2);
    expect((await read(undefined, v2)).VersionStages).toEqual(['AWSPENDING', 'B']);
    await expect(read('A', v2)).rejects.toBeInstanceOf(InvalidRequestException);
  });
});

describe('tags and settings', () => {
  test('tags are added, overwritten and taken off', async () => {
    const { aws, secrets } = setUp();
    await secrets.send(new CreateSecretCommand({ Name: name, Tags: [{ Key: 'a', Value: '1' }] }));
    await secrets.send(
      new TagResourceCommand({
        SecretId,
        Tags: [
          { Key: 'a', Value: '2' },
          { Key: 'b', Value: '' },
        ],
      }),
    );
    expect(aws.secrets.find(name)?.tags).toEqual({ a: '2', b: '' });
    await secrets.send(new UntagResourceCommand({ SecretId, TagKeys: ['a', 'none'] }));
    expect(aws.secrets.find(name)?.tags).toEqual({ b: '' });
  });

  test.each([
    ['a value of 256 characters', 'k', 'x'.repeat(256), true],
    ['a value of 257 characters', 'k', 'x'.repeat(257), false],
    ['a key of 128 characters', 'k'.repeat(128), '', true],
    ['a key of 129 characters', 'k'.repeat(129), '', false],
    ['all allowed signs', 'k', 'Ä 1+-=._:/@', true],
    ['a comma', 'k', 'a,b', false],
    ['a brace', 'k', '{}', false],
  ])('a tag with %s', async (_what, Key, Value, isAllowed) => {
    const { secrets } = setUp();
    await secrets.send(new CreateSecretCommand({ Name: name }));
    const tag = secrets.send(new TagResourceCommand({ SecretId, Tags: [{ Key, Value }] })).then(
      () => true,
      () => false,
    );
    expect(await tag).toBe(isAllowed);
  });

  test('a secret has at most 50 tags', async () => {
    const { secrets } = setUp();
    await secrets.send(new CreateSecretCommand({ Name: name }));
    const Tags = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
    await secrets.send(new TagResourceCommand({ SecretId, Tags }));
    const more = new TagResourceCommand({ SecretId, Tags: [{ Key: 'one-more', Value: '' }] });
    await expect(secrets.send(more)).rejects.toBeInstanceOf(InvalidParameterException);
  });

  test('description and key change; what others set is described', async () => {
    const { aws, secrets } = setUp();
    await secrets.send(new CreateSecretCommand({ Name: name, KmsKeyId: 'alias/a', Description: 'x' }));
    await secrets.send(new UpdateSecretCommand({ SecretId, Description: 'y' }));
    aws.secrets.configure(name, { owningService: 'rds', rotationEnabled: true, replicaRegions: ['us-east-1'] });
    expect(await secrets.send(new DescribeSecretCommand({ SecretId }))).toMatchObject({
      KmsKeyId: 'alias/a',
      Description: 'y',
      OwningService: 'rds',
      RotationEnabled: true,
      ReplicationStatus: [{ Region: 'us-east-1', Status: 'InSync' }],
    });
  });

  test('a replica fails where it is told to, until it is not', async () => {
    const { aws, secrets } = setUp();
    await secrets.send(new CreateSecretCommand({ Name: name, AddReplicaRegions: [{ Region: 'us-east-1' }] }));
    const statusOf = async () =>
      (await secrets.send(new DescribeSecretCommand({ SecretId }))).ReplicationStatus?.[0]?.Status;
    aws.secrets.configure(name, { failingRegions: ['us-east-1'] });
    expect(await statusOf()).toBe('Failed');
    aws.secrets.configure(name, { failingRegions: [] });
    expect(await statusOf()).toBe('InSync');
  });
});

describe('lists', () => {
  test('ListSecrets pages, filters by prefix of name and tag, and shows labels and tags', async () => {
    const { secrets } = setUp();
    for (let i = 0; i < 205; i++) {
      await secrets.send(
        new CreateSecretCommand({ Name: `keyturn/${i}`, SecretString: 'x', Tags: [{ Key: 't', Value: `v${i}` }] }),
      );
    }
    await secrets.send(new CreateSecretCommand({ Name: 'other' }));
    const sizes: number[] = [];
    let NextToken: string | undefined;
    do {
      const page = await secrets.send(
        new ListSecretsCommand({ NextToken, Filters: [{ Key: 'name', Values: ['keyturn/'] }] }),
      );
      sizes.push(page.SecretList?.length ?? 0);
      expect(Object.values(page.SecretList?.[0]?.SecretVersionsToStages ?? {})).toEqual([['AWSCURRENT']]);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(sizes).toEqual([100, 100, 5]);
    const byTag = await secrets.send(new ListSecretsCommand({ Filters: [{ Key: 'tag-value', Values: ['v204'] }] }));
    expect(byTag.SecretList?.map((secret) => secret.Name)).toEqual(['keyturn/204']);
  });
});

describe('deletion', () => {
  test('a secret pending deletion refuses writes and reads of its value, and can be described and restored', async () => {
    const { secrets, put, move, labels } = await twoVersions();
    await secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    const message = "You can't perform this operation on the secret because it was marked for deletion.";
    const refused = [
      () => put(v3, ['C']),
      () => move('AWSCURRENT', v2, v1),
      () => secrets.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'a', Value: '' }] })),
      () => secrets.send(new UntagResourceCommand({ SecretId, TagKeys: ['a'] })),
      () => secrets.send(new UpdateSecretCommand({ SecretId, Description: 'x' })),
      () => secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: '{}' })),
      () => secrets.send(new GetSecretValueCommand({ SecretId })),
      () => secrets.send(new DeleteSecretCommand({ SecretId })),
    ];
    for (const call of refused) {
      expect(await refusal(call())).toMatchObject({ type: 'InvalidRequestException', message });
    }
    expect((await secrets.send(new DescribeSecretCommand({ SecretId }))).DeletedDate).toBeInstanceOf(Date);
    await secrets.send(new RestoreSecretCommand({ SecretId }));
    expect(await labels()).toHaveProperty(v1);
  });

  test('its name cannot be used, and only IncludePlannedDeletion lists it', async () => {
    const { secrets } = await twoVersions();
    await secrets.send(new DeleteSecretCommand({ SecretId }));
    expect(await refusal(secrets.send(new CreateSecretCommand({ Name: name })))).toMatchObject({
      type: 'InvalidRequestException',
      message: "You can't create this secret because a secret with this name is already scheduled for deletion.",
    });
    expect((await secrets.send(new ListSecretsCommand({}))).SecretList).toEqual([]);
    const all = await secrets.send(new ListSecretsCommand({ IncludePlannedDeletion: true }));
    expect(all.SecretList).toHaveLength(1);
  });

  test('after the recovery window it is gone, and a new one of that name has another ARN', async () => {
    const { aws, secrets } = await twoVersions();
    const { ARN } = await secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    aws.clock.advance(7 * 86_400_000);
    await expect(secrets.send(new RestoreSecretCommand({ SecretId }))).rejects.toBeInstanceOf(
      ResourceNotFoundException,
    );
    expect((await secrets.send(new CreateSecretCommand({ Name: name }))).ARN).not.toBe(ARN);
  });
});

describe('another Region', () => {
  function inFrankfurt({ aws }: ReturnType<typeof setUp>) {
    const { requestHandler } = aws.connect('frankfurt');
    const config = { region: 'eu-central-1', requestHandler, maxAttempts: 1, credentials: operatorCredentials };
    return new SecretsManagerClient(config);
  }

  test('has secrets of its own', async () => {
    const local = setUp();
    const there = inFrankfurt(local);
    const { ARN } = await there.send(new CreateSecretCommand({ Name: name }));
    expect(ARN).toContain(':eu-central-1:');
    await expect(local.secrets.send(new DescribeSecretCommand({ SecretId }))).rejects.toThrow(
      ResourceNotFoundException,
    );
    expect(local.aws.secretsIn('eu-central-1').find(name)?.arn).toBe(ARN);
    expect(local.aws.secretsIn('eu-west-1')).toBe(local.aws.secrets);
    expect(local.aws.otherRegions).toEqual(['eu-central-1']);
  });

  test('says of a copy where its secret is', async () => {
    const local = setUp();
    const there = inFrankfurt(local);
    await there.send(new CreateSecretCommand({ Name: name }));
    local.aws.secretsIn('eu-central-1').configure(name, { primaryRegion: 'eu-west-1' });
    expect((await there.send(new DescribeSecretCommand({ SecretId }))).PrimaryRegion).toBe('eu-west-1');
    expect((await there.send(new ListSecretsCommand({}))).SecretList?.[0]?.PrimaryRegion).toBe('eu-west-1');
  });

  test('knows nobody, if it is not enabled', async () => {
    const local = setUp();
    local.aws.disableRegion('eu-central-1');
    const refused = await refusal(inFrankfurt(local).send(new ListSecretsCommand({})));
    expect(refused.name).toBe('UnrecognizedClientException');
    expect((await local.secrets.send(new ListSecretsCommand({}))).SecretList).toEqual([]);
  });
});
