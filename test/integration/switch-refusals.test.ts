// Tests of cli/owner/identify.ts, cli/owner/secret.ts, cli/owner/prove.ts and cli/owner/calls.ts: what is not written,
// and why.

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRotated, newKeyOf, type Rotated, secretNameOf } from '../support/life.ts';
import { createMachine, type Machine, read, withPair, writeCredentials } from '../support/owner.ts';
import { rotateUser } from '../support/world.ts';

const MINUTE = 60_000;

let life: Rotated;
let machine: Machine;
let before: string;

beforeEach(async () => {
  life = await createRotated();
  machine = await createMachine(life);
  before = writeCredentials(machine, life, life.previous);
});
afterEach(() => machine.close());

async function expectRefused(code: number, said: RegExp, args: readonly string[] = []): Promise<void> {
  const ran = await machine.run(['--profile', 'alice', ...args]);
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
  expect(ran.stderr).toMatch(said);
  expect(read(machine.credentials)).toBe(before);
  expect(readdirSync(join(machine.home, '.aws')).filter((name) => name !== 'config')).toEqual(['credentials']);
  for (const secret of life.aws.iam.everySecretAccessKey()) expect(ran.stderr).not.toContain(secret.slice(0, 12));
}

const value = (more: Record<string, unknown> = {}) => ({
  ...{ Version: 1, AccessKeyId: life.current, UserName: 'alice', AccountId: '111122223333' },
  ...{ SecretAccessKey: life.aws.iam.secretAccessKeyOf(life.current), ...more },
});

/** As one who may write into secrets, and has taken on a role of ours. */
async function plant(text: string, ...keyIds: string[]): Promise<void> {
  const VersionStages = ['AWSCURRENT', ...keyIds.map((id, at) => `${id}.planted${at}`)];
  const SecretId = secretNameOf(life.userId);
  await life
    .runtime('rotate-user')
    .aws.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: text, VersionStages }));
}

describe('a planted secret is refused, and the file is not touched', () => {
  it('of another user, with a key that works', async () => {
    const [mallory] = life.aws.iam.addUser({ userName: 'mallory', keys: [{ ageDays: 1 }] }).keys;
    const { accessKeyId: AccessKeyId = '', secretAccessKey: SecretAccessKey = '' } = mallory ?? {};
    await plant(JSON.stringify(value({ AccessKeyId, SecretAccessKey })), AccessKeyId);

    await expectRefused(
      1,
      /is the key of arn:aws:iam::111122223333:user\/mallory.*Do not try again: tell the operator/,
    );
  });

  it('with a secret access key of another key', async () => {
    const SecretAccessKey = life.aws.iam.secretAccessKeyOf(life.previous);
    await plant(JSON.stringify(value({ SecretAccessKey })), life.current);

    await expectRefused(1, /is another's\. Nothing was written/);
  });

  it('under the label of another key', async () => {
    await plant(JSON.stringify(value()), 'AKIAOTHEROTHEROTHER2');

    await expectRefused(1, /AccessKeyId is not AKIAOTHEROTHEROTHER2, which its label names/);
  });

  it('under two labels', async () => {
    await plant(JSON.stringify(value()), life.current, 'AKIAOTHEROTHEROTHER2');

    await expectRefused(1, /names 2 keys as its current one/);
  });

  it('under no label', async () => {
    await plant(JSON.stringify(value()));

    await expectRefused(1, /No key is current in keyturn\//);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['another account', { AccountId: '999988887777' }, /AccountId is not 111122223333/],
    ['another version', { Version: 2 }, /Version is not 1/],
    [
      'a line of its own',
      { SecretAccessKey: 'abcdefghijklmnop\n[default]\ncredential_process = x' },
      /SecretAccessKey is no/,
    ],
    ['a comment', { SecretAccessKey: 'abcdefghijklmnop #' }, /SecretAccessKey is no/],
    ['a short one', { SecretAccessKey: 'abc' }, /SecretAccessKey is no/],
    ['none', { SecretAccessKey: undefined }, /SecretAccessKey is no/],
    ['a number', { SecretAccessKey: 1234567890123456 }, /SecretAccessKey is no/],
    ['a temporary key', { AccessKeyId: 'ASIAIOSFODNN7EXAMPLE' }, /AccessKeyId is no access key ID/],
    ['a key with a line', { AccessKeyId: 'AKIAIOSFODNN7EXAMPLE\nx = y' }, /AccessKeyId is no access key ID/],
  ])('with odd text: %s', async (_, more, said) => {
    await plant(JSON.stringify(value(more)), life.current);

    await expectRefused(1, said);
  });

  it.each(['', 'null', '[]', '"x"', '{"Version": 1, "SecretAccessKey": "abcdefghijkl'])(
    'that is no object: %j',
    async (text) => {
      await plant(text || ' ', life.current);

      await expectRefused(1, /is none of Keyturn's: Version is not 1/);
    },
  );
});

describe('a read that is denied', () => {
  it('says when it will not be, while others may know the old key, and never with an older session', async () => {
    const sessionOf = async (accessKeyId: string): Promise<void> => {
      const credentials = { accessKeyId, secretAccessKey: life.aws.iam.secretAccessKeyOf(accessKeyId) };
      const sts = new STSClient({ region: 'eu-west-1', endpoint: machine.server.url, credentials });
      const { Credentials } = await sts.send(new GetSessionTokenCommand({}));
      const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials ?? {};
      const session = `[signin]\naws_access_key_id=${AccessKeyId}\naws_secret_access_key=${SecretAccessKey}\naws_session_token=${SessionToken}\n`;
      before = writeCredentials(machine, life, life.previous) + session;
      writeFileSync(machine.credentials, before);
    };
    const reading = ['--read-with', 'signin', '--no-input'];
    await sessionOf(life.previous);
    await rotateUser(life, { userName: 'alice', action: 'rotate', accessKeyId: life.current, compromised: true });

    await expectRefused(75, /not before 2026-01-16 00:16 UTC, and sign in again after that/, reading);
    life.aws.clock.advance(16 * MINUTE);
    await expectRefused(77, /sign in again/, reading);
    const newest = newKeyOf(life, [life.previous, life.current]);
    await sessionOf(newest);
    expect(await machine.run(['--profile', 'alice', ...reading])).toMatchObject({ code: 0 });
    expect(read(machine.credentials)).toBe(withPair(before, life, life.previous, newest));
  });

  it('names ownersRead, MFA and another reader as what may be the cause', async () => {
    life.environment.KEYTURN_OWNERS_READ = 'false';
    life.environment.KEYTURN_READER_ARNS = '["arn:aws:iam::111122223333:role/reader"]';
    await rotateUser(life, { userName: 'alice', action: 'policy' });

    await expectRefused(77, /secretsmanager:DescribeSecret.*ownersRead.*--mfa-serial.*--read-with/s);
  });

  it('asks for the Region where there is no such secret, of which AWS says the same', async () => {
    await expectRefused(77, /where there is no such secret.*eu-west-3.*--region/s, [
      '--region',
      'eu-west-3',
      '--secret',
      'keyturn/AIDA/access-key',
    ]);
  });
});

describe('switch goes on with nothing', () => {
  it.each(['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_STS', 'AWS_ENDPOINT_URL_SECRETS_MANAGER'])(
    'while %s is set',
    async (name) => {
      const from = life.aws.calls.length;
      const { code, stderr } = await machine.runPlain(['--profile', 'alice'], { [name]: machine.server.url });

      expect({ code, stderr }).toEqual({
        code: 64,
        stderr: expect.stringContaining(`the environment variable ${name}`),
      });
      expect(life.aws.calls).toHaveLength(from);
    },
  );

  it('while the profile has an endpoint', async () => {
    writeFileSync(machine.config, `[profile alice]\nendpoint_url = ${machine.server.url}\n`);
    const { code, stderr } = await machine.runPlain(['--profile', 'alice']);

    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('endpoint_url of [alice]') });
  });

  it('without a terminal for the code of a device', () =>
    expectRefused(64, /no terminal to ask "Code of arn:x"/, ['--mfa-serial', 'arn:x']));
});
