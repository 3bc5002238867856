// hand-on/hand-on.ts, hand-on/handler.ts, hand-on/source.ts, hand-on/pair.ts, hand-on/messages.ts and
// hand-on/destinations/aws.ts, against the embedded AWS: also local/aws/ssm.ts and local/aws/ecs.ts.

import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { handOnReasons } from '../../hand-on/messages.ts';
import { smtpPassword } from '../../shared/core/smtp.ts';
import { createHandOnWorld, type HandOnWorld } from '../support/hand-on.ts';
import { DAY, rotateUser } from '../support/world.ts';

const secretOf = ({ world }: HandOnWorld, id: string) => world.aws.iam.secretAccessKeyOf(id);
const messages = ({ world }: HandOnWorld) =>
  world.aws.sns.published
    .map(({ message }) => JSON.parse(message.default ?? '{}'))
    .filter(({ event }) => event === 'handed-on' || event === 'hand-on-failed');
const outcomes = async (made: HandOnWorld, event?: unknown) =>
  (await made.invoke(event)).users.map(({ outcome }) => outcome);

describe('a hand-on', () => {
  it('carries the current key to all its destinations, says so once, and then has nothing to do', async () => {
    const made = await createHandOnWorld();
    const { aws } = made.world;
    expect(await outcomes(made)).toEqual(['handed-on']);
    const id = made.currentKeyId();
    const key = secretOf(made, id);
    expect(made.held()).toEqual({
      'shop/prod': JSON.stringify({ HOST: 'example.com', ID: id, KEY: key }),
      '/report/aws': JSON.stringify({ id, mail: smtpPassword(key, 'eu-west-1') }),
      '/report/id': id,
      '/report/key': key,
    });
    expect([...aws.ssm.parameters.values()].every(({ type }) => type === 'SecureString')).toBe(true);
    expect(aws.ecs.deployments.get('shop/mailer')).toHaveLength(2);
    expect(made.tag()).toMatch(new RegExp(`^\\S+ done ${id} [0-9a-f]{16} shop$`));
    expect(messages(made)).toMatchObject([
      { event: 'handed-on', severity: 'info', userName: 'ci-shop', newAccessKeyId: id, reason: 'handed-on' },
    ]);
    const from = aws.calls.length;
    expect(await outcomes(made)).toEqual(['unchanged']);
    expect(aws.calls.slice(from).map(({ operation }) => operation)).toEqual(['ListSecrets', 'DescribeSecret']);
  });

  it('begins again with the next key, and with another list of destinations', async () => {
    const made = await createHandOnWorld();
    await made.invoke();
    const first = made.currentKeyId();
    made.world.aws.clock.advance(DAY);
    await rotateUser(made.world, { userName: 'ci-shop', action: 'rotate' });
    expect(made.currentKeyId()).not.toBe(first);
    expect(await outcomes(made)).toEqual(['handed-on']);
    expect(made.held()['/report/id']).toBe(made.currentKeyId());
    made.file.users['ci-shop'] = [{ parameters: { '/new/id': 'accessKeyId' } }];
    expect(await outcomes(made)).toEqual(['handed-on']);
    expect(made.held()['/new/id']).toBe(made.currentKeyId());
  });

  it('keeps the other fields of a secret with merge, and writes into nothing that has none', async () => {
    const fields = { ID: 'accessKeyId', KEY: 'secretAccessKey' };
    const made = await createHandOnWorld({ destinations: [{ secret: 'shop/prod', fields, merge: true }] });
    const operator = made.world.runtime('operator').aws;
    const put = (SecretString: string) =>
      operator.secrets.send(new PutSecretValueCommand({ SecretId: 'shop/prod', SecretString }));
    await expect(made.invoke()).rejects.toThrow('ci-shop: destination-failed');
    expect(made.held()['shop/prod']).toBe('before');
    expect(messages(made).at(-1)?.message).toContain('is no JSON object');
    await put('{"HOST":"example.com","ID":"old"}');
    expect(await outcomes(made)).toEqual(['handed-on']);
    const id = made.currentKeyId();
    expect(JSON.parse(made.held()['shop/prod'] ?? '')).toEqual({
      HOST: 'example.com',
      ID: id,
      KEY: secretOf(made, id),
    });
    // By hand it is written anew, over what somebody changed since.
    await put('{"HOST":"other.example.com"}');
    expect(await outcomes(made, { userName: 'ci-shop', force: true })).toEqual(['handed-on']);
    expect(JSON.parse(made.held()['shop/prod'] ?? '')).toMatchObject({ HOST: 'other.example.com', ID: id });
  });

  it('writes everything again by hand, and refuses whom it does not know', async () => {
    const made = await createHandOnWorld();
    await made.invoke();
    const before = made.tag();
    made.world.aws.clock.advance(DAY);
    expect(await outcomes(made, { userName: 'ci-shop' })).toEqual(['unchanged']);
    expect(await outcomes(made, { userName: 'ci-shop', force: true })).toEqual(['handed-on']);
    expect(made.tag()).not.toBe(before);
    await expect(made.invoke({ userName: 'nobody' })).rejects.toThrow('not in hand-on.yml');
    await expect(made.invoke({ force: true })).rejects.toThrow('The event must be');
  });

  it('an event for another user ends at once', async () => {
    const made = await createHandOnWorld();
    const { userId } = made.world.aws.iam.addUser({ userName: 'bob' });
    await rotateUser(made.world, { userName: 'bob', action: 'rotate' });
    const detail = { name: `keyturn/${userId}/access-key`, labelUpdated: 'AWSCURRENT', versionId: 'x' };
    const from = made.world.aws.calls.length;
    expect(await outcomes(made, { source: 'aws.secretsmanager', detail })).toEqual(['not-mine']);
    expect(made.world.aws.calls.slice(from).map(({ operation }) => operation)).toEqual(['DescribeSecret']);
  });

  it('may write its one tag by the policy of the secret, and nothing else', async () => {
    const made = await createHandOnWorld({ environment: { KEYTURN_READER_ARNS: '[]' } });
    await expect(made.invoke()).rejects.toThrow('ci-shop: not-a-reader');
    expect(made.held()['shop/prod']).toBe('before');
    expect(made.tag()).toBe('');
    expect(messages(made)).toMatchObject([{ event: 'hand-on-failed', severity: 'warning', reason: 'not-a-reader' }]);
  });
});

describe('what fails', () => {
  it('one destination: the others are written, nothing is deployed again, and it is told of once a day', async () => {
    const made = await createHandOnWorld({
      destinations: [
        { secret: 'shop/missing', fields: { A: 'accessKeyId' } },
        { parameter: '/report/aws', fields: { id: 'accessKeyId' } },
        { ecs: { cluster: 'shop', service: 'mailer' } },
      ],
    });
    const { aws } = made.world;
    await expect(made.invoke()).rejects.toThrow('ci-shop: destination-failed');
    expect(made.held()['/report/aws']).toContain(made.currentKeyId());
    expect(aws.ecs.deployments.get('shop/mailer')).toHaveLength(1);
    expect(made.tag()).toContain(' writing ');
    expect(messages(made)).toMatchObject([{ reason: 'destination-failed' }]);
    expect(messages(made)[0].message).toContain('secret shop/missing: ');
    for (let run = 0; run < 8; run++) {
      aws.clock.advance(15 * 60_000);
      await expect(made.invoke()).rejects.toThrow();
    }
    expect(messages(made)).toHaveLength(1);
    aws.clock.advance(DAY - 8 * 15 * 60_000);
    await expect(made.invoke()).rejects.toThrow();
    expect(messages(made)).toHaveLength(2);
    aws.clock.advance(15 * 60_000);
    expect(await outcomes(made)).toEqual([]);
  });

  it.each<[string, (made: HandOnWorld) => void]>([
    ['a key that is inactive', ({ world, currentKeyId }) => world.aws.iam.setKeyStatus(currentKeyId(), 'Inactive')],
    [
      'a value of another user',
      ({ world, secretName }) => {
        const secret = world.aws.secrets.state.find(secretName);
        const [{ accessKeyId, secretAccessKey } = { accessKeyId: '', secretAccessKey: '' }] = world.aws.iam.addUser({
          userName: 'mallory',
          keys: [{ ageDays: 1 }],
        }).keys;
        const text = JSON.stringify({
          AccessKeyId: accessKeyId,
          SecretAccessKey: secretAccessKey,
          UserName: 'ci-shop',
          AccountId: '111122223333',
        });
        const labels = [accessKeyId, 'AWSCURRENT'];
        if (secret === undefined) return;
        const versions = secret.versions.map((version) => ({ ...version, labels, value: { text } }));
        world.aws.secrets.state.save({ ...secret, versions });
      },
    ],
    [
      'a value that is no key',
      ({ world, secretName }) => {
        const secret = world.aws.secrets.state.find(secretName);
        if (secret === undefined) return;
        const versions = secret.versions.map((version) => ({ ...version, value: { text: '{}' } }));
        world.aws.secrets.state.save({ ...secret, versions });
      },
    ],
  ])('%s: nothing is written', async (_, spoil) => {
    const made = await createHandOnWorld();
    spoil(made);
    await expect(made.invoke()).rejects.toThrow('ci-shop: secret-differs');
    expect(made.held()).toEqual({ 'shop/prod': 'before' });
    expect(made.tag()).toBe('');
    for (let run = 0; run < 4; run++) {
      made.world.aws.clock.advance(15 * 60_000);
      await expect(made.invoke()).rejects.toThrow('ci-shop: secret-differs');
    }
    expect(messages(made)).toHaveLength(1);
  });

  it('the tag of another stack is not overwritten until somebody insists', async () => {
    const made = await createHandOnWorld();
    const at = new Date(made.world.aws.clock.now()).toISOString();
    const value = `${at} done ${made.currentKeyId()} 0123456789abcdef other`;
    made.world.aws.secrets.setTags(made.secretName, { 'keyturn:handed-on': value });
    await expect(made.invoke()).rejects.toThrow('ci-shop: other-stack');
    expect(made.held()).toEqual({ 'shop/prod': 'before' });
    expect(await outcomes(made, { userName: 'ci-shop', force: true })).toEqual(['handed-on']);
  });

  it('after an exposure nothing is read for a quarter of an hour', async () => {
    const made = await createHandOnWorld();
    const { aws } = made.world;
    await rotateUser(made.world, { userName: 'ci-shop', action: 'rotate', compromised: true });
    await expect(made.invoke()).rejects.toThrow('ci-shop: hand-on-waits');
    expect(made.held()).toEqual({ 'shop/prod': 'before' });
    expect(messages(made)[0].message).toContain('secret shop/prod');
    aws.clock.advance(16 * 60_000);
    expect(await outcomes(made)).toEqual(['handed-on']);
  });

  it('a service that was deployed within the hour waits for its end, and is not asked twice', async () => {
    const made = await createHandOnWorld();
    const { aws } = made.world;
    aws.ecs.deployments.set('shop/mailer', [aws.clock.now() - 60_000]);
    expect(await outcomes(made)).toEqual(['later']);
    expect(made.tag()).toContain(' writing ');
    aws.clock.advance(3_600_000);
    expect(await outcomes(made)).toEqual(['handed-on']);
    expect(aws.ecs.deployments.get('shop/mailer')).toHaveLength(2);
  });
});

it('no secret is in any message, log line or answer', async () => {
  const made = await createHandOnWorld();
  await made.invoke();
  const { logged, shown, aws } = made.world;
  const said = JSON.stringify([logged, shown, aws.sns.published, made.tag()]);
  for (const key of aws.iam.everySecretAccessKey()) {
    expect(said).not.toContain(key);
    expect(said).not.toContain(smtpPassword(key, 'eu-west-1'));
  }
});

it('every reason says what to do', () => {
  for (const { says, todo } of Object.values(handOnReasons)) expect(`${says}${todo}`).toMatch(/\w.*\.$/);
});
