import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import {
  createLife,
  createRotated,
  type Life,
  live,
  newKeyOf,
  rename,
  secretNameOf,
  thrownBy,
  use,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { DAY, rotateUser } from '../support/world.ts';
import { clientsOf } from '../unit/local/clients.ts';

searchForSecretsAfterEach();

interface KeyPair {
  accessKeyId: string;
  secretAccessKey: string;
}

/** Calls signed with that key, as the owner's own CLI would make them. */
function signedWith({ aws }: Life, pair: KeyPair) {
  return clientsOf(aws.connect('somebody'), pair).secrets;
}

/** The same for a key of a user in IAM. */
function signedWithKey(life: Life, accessKeyId: string) {
  return signedWith(life, { accessKeyId, secretAccessKey: life.aws.iam.secretAccessKeyOf(accessKeyId) });
}

const read = ({ userId }: Life) => new GetSecretValueCommand({ SecretId: secretNameOf(userId) });

/** `alice` a day after her first rotation. */
async function rotated(options: Parameters<typeof createLife>[0] = {}): Promise<Life> {
  const life = createLife(options);
  await live(life, { from: 90, to: 90 });
  life.aws.clock.advance(DAY);
  return life;
}

describe('the owner of a secret', () => {
  it('reads the new key with the present one, in the form of a credential_process', async () => {
    const life = await rotated();
    const { aws, oldKey } = life;
    const { SecretString = '', VersionStages } = await signedWithKey(life, oldKey).send(read(life));
    const newKey = newKeyOf(life, [oldKey]);
    const createdAt = aws.iam.keysOf('alice').find(({ accessKeyId }) => accessKeyId === newKey)?.createdAt ?? 0;
    const value: unknown = JSON.parse(SecretString);
    expect(value).toEqual({
      Version: 1,
      AccessKeyId: newKey,
      SecretAccessKey: aws.iam.secretAccessKeyOf(newKey),
      UserName: 'alice',
      AccountId: aws.accountId,
      CreatedAt: new Date(createdAt).toISOString(),
    });
    expect(Object.keys(JSON.parse(SecretString))).toEqual([
      'Version',
      'AccessKeyId',
      'SecretAccessKey',
      'UserName',
      'AccountId',
      'CreatedAt',
    ]);
    expect(VersionStages).toContain('AWSCURRENT');
  });

  it('reads with the new key too, and with that key everything works', async () => {
    const life = await rotated();
    const newKey = newKeyOf(life, [life.oldKey]);
    const { SecretString = '{}' } = await signedWithKey(life, life.oldKey).send(read(life));
    const { AccessKeyId, SecretAccessKey }: { AccessKeyId: string; SecretAccessKey: string } = JSON.parse(SecretString);
    const again = signedWith(life, { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey });
    expect(AccessKeyId).toBe(newKey);
    expect((await again.send(read(life))).SecretString).toBe(SecretString);
  });

  it('sees its description and versions, but changes nothing and lists no others', async () => {
    const life = await rotated();
    const owner = signedWithKey(life, life.oldKey);
    const SecretId = secretNameOf(life.userId);
    const described = await owner.send(new DescribeSecretCommand({ SecretId }));
    expect(described.Description).toBe('Access key of IAM user alice, kept by Keyturn');
    expect((await owner.send(new ListSecretVersionIdsCommand({ SecretId }))).Versions).toHaveLength(1);
    const write = owner.send(new PutSecretValueCommand({ SecretId, SecretString: '{}' }));
    expect((await thrownBy(write)).name).toBe('AccessDeniedException');
  });

  it('keeps access through a rename', async () => {
    const life = await rotated();
    rename(life, 'alice', 'alicia');
    const { SecretString = '{}' } = await signedWithKey(life, life.oldKey).send(read(life));
    expect(JSON.parse(SecretString).UserName).toBe('alice');
  });

  it('does not read with a key that is deactivated, and does after a rollback', async () => {
    const life = await createRotated();
    await rotateUser(life, { userName: 'alice', action: 'rotate', accessKeyId: life.previous });
    const refused = await thrownBy(signedWithKey(life, life.previous).send(read(life)));
    expect(refused.name).toBe('UnrecognizedClientException');
    life.aws.clock.advance(DAY);
    await rotateUser(life, { userName: 'alice', action: 'rollback' });
    const { SecretString = '{}' } = await signedWithKey(life, life.previous).send(read(life));
    expect(JSON.parse(SecretString).AccessKeyId).toBe(life.previous);
  });
});

describe('everybody else', () => {
  it('who is another user is denied, whatever they are called', async () => {
    const life = await rotated();
    const [bob] = life.aws.iam.addUser({ userName: 'bob', keys: [{}] }).keys;
    const error = await thrownBy(signedWithKey(life, bob?.accessKeyId ?? '').send(read(life)));
    expect(error.name).toBe('AccessDeniedException');
  });

  it("who is the operator's role is denied the value, and can still see and repair the secret", async () => {
    const life = await rotated();
    const { secrets } = life.runtime('operator').aws;
    const error = await thrownBy(secrets.send(read(life)));
    expect(error).toMatchObject({ name: 'RotationError', code: 'AccessDeniedException' });
    expect(error.message).toContain('explicit');
    await secrets.send(new DescribeSecretCommand({ SecretId: secretNameOf(life.userId) }));
  });

  it('who reads in batches is denied the same, by the policy', async () => {
    const life = await rotated();
    const policy = JSON.parse(life.aws.secrets.find(secretNameOf(life.userId))?.policy ?? '{}');
    const deny = policy.Statement.find(({ Effect }: { Effect: string }) => Effect === 'Deny');
    expect(deny.Action).toEqual(['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue']);
    expect(deny.Condition).toEqual({ StringNotEquals: { 'aws:userid': life.userId } });
  });

  it('who is a listed reader reads, also by wildcard, and no other role does', async () => {
    const readers = ['arn:aws:iam::111122223333:role/break-glass', 'arn:aws:iam::111122223333:role/ops-*'];
    const life = await rotated({ environment: { KEYTURN_READER_ARNS: JSON.stringify(readers) } });
    for (const name of ['break-glass', 'ops-night']) {
      const { SecretString } = await signedWith(life, life.aws.iam.addRole({ name })).send(read(life));
      expect(JSON.parse(SecretString ?? '{}').AccessKeyId).toBe(newKeyOf(life, [life.oldKey]));
    }
    const stranger = signedWith(life, life.aws.iam.addRole({ name: 'break-glass-2' }));
    expect((await thrownBy(stranger.send(read(life)))).name).toBe('AccessDeniedException');
    const owner = signedWithKey(life, life.oldKey);
    expect((await owner.send(read(life))).SecretString).toBeDefined();
  });

  it('who is a namesake, created again, is denied the old secret and reads their own', async () => {
    const life = await rotated();
    const { aws } = life;
    aws.iam.deleteUser('alice');
    const again = aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 90 }] });
    const [key] = again.keys;
    const namesake = signedWithKey(life, key?.accessKeyId ?? '');
    expect((await thrownBy(namesake.send(read(life)))).name).toBe('AccessDeniedException');
    await live(life, { from: 91, to: 91 });
    const { SecretString = '{}' } = await namesake.send(read({ ...life, userId: again.userId }));
    expect(JSON.parse(SecretString).AccessKeyId).toBe(newKeyOf(life, [key?.accessKeyId ?? '']));
    expect((await thrownBy(namesake.send(read(life)))).name).toBe('AccessDeniedException');
  });
});

describe('the rotator', () => {
  it('puts the policy before any value is there, and again before each new one', async () => {
    const life = await createRotated();
    const calls = life.aws.calls.filter(({ operation }) => /^Put(ResourcePolicy|SecretValue)$/.test(operation));
    // When the secret is made, and before each value.
    expect(calls.map(({ operation }) => operation)).toEqual([
      'PutResourcePolicy',
      'PutResourcePolicy',
      'PutSecretValue',
      'PutResourcePolicy',
      'PutSecretValue',
    ]);
    const policies = calls.filter(({ operation }) => operation === 'PutResourcePolicy');
    expect(policies.map(({ input }) => input.BlockPublicPolicy)).toEqual([true, true, true]);
  });

  it('replaces a policy that somebody else put there', async () => {
    const life = await createRotated();
    const secret = life.aws.secrets.find(secretNameOf(life.userId));
    const { state } = life.aws.secrets;
    const found = state.find(secret?.arn ?? '');
    if (found === undefined) throw new Error('There is no secret.');
    state.save({ ...found, policy: undefined });
    life.aws.iam.deleteKey(life.previous);
    await live(life, { from: 0, to: 0 });
    life.aws.clock.advance(91 * DAY);
    use(life, life.current);
    await live(life, { from: 91, to: 91 });
    expect(life.aws.secrets.find(secretNameOf(life.userId))?.policy).toBe(secret?.policy);
  });

  it('never reads a value, in the whole life of a key and by hand', async () => {
    const life = await createRotated();
    await rotateUser(life, { userName: 'alice', action: 'rollback', holdUntil: '2026-02-01' });
    await rotateUser(life, { userName: 'alice', action: 'status' });
    await live(life, { from: 0, to: 45, daily: () => use(life, life.current) });
    const operations = new Set(life.aws.calls.map(({ operation }) => operation));
    expect([...operations]).toContain('PutSecretValue');
    expect([...operations]).not.toContain('GetSecretValue');
    expect([...operations]).not.toContain('BatchGetSecretValue');
  });
});
