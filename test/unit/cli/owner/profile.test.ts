// Tests of cli/owner/profile.ts, cli/owner/shared-files.ts and cli/owner/endpoints.ts.

import { describe, expect, it } from 'vitest';
import { expectNoEndpoint } from '../../../../cli/owner/endpoints.ts';
import { findKey } from '../../../../cli/owner/profile.ts';
import { pathsOf, type SharedFiles } from '../../../../cli/owner/shared-files.ts';

const ID = 'AKIAIOSFODNN7EXAMPLE';
const PAIR = `aws_access_key_id = ${ID}\naws_secret_access_key = abc/def\n`;

function filesOf(credentials: string, config = ''): SharedFiles {
  return {
    credentials: { kind: 'credentials', path: '/c', text: credentials },
    config: { kind: 'config', path: '/f', text: config },
  };
}

describe('the key of a profile', () => {
  it('is that of its section in the credentials file', () => {
    const found = findKey(filesOf(`[x]\na = b\n[alice]\n${PAIR}`), 'alice');

    expect(found).toMatchObject({ kind: 'key', file: 'credentials', section: 'alice', pair: { accessKeyId: ID } });
    expect('pair' in found && found.pair.secret.reveal()).toBe('abc/def');
  });

  it.each(['[profile alice]', '[profile "alice"]', "[profile 'alice']"])(
    'is that of %s in the config file',
    (header) => {
      expect(findKey(filesOf('', `${header}\n${PAIR}`), 'alice')).toMatchObject({ file: 'config', section: 'alice' });
    },
  );

  it('is that of the credentials file where both have one, as the SDK has it', () => {
    const config = `[profile alice]\n${PAIR.replace(ID, 'AKIAOTHEROTHEROTHER2')}`;
    expect(findKey(filesOf(`[alice]\n${PAIR}`, config), 'alice')).toMatchObject({ pair: { accessKeyId: ID } });
  });

  it('is that of another profile behind a role, which is said', () => {
    const config = '[profile audit]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = base\n';
    expect(findKey(filesOf(`[base]\n${PAIR}`, config), 'audit')).toMatchObject({
      section: 'base',
      followed: ['audit assumes a role with the key of [base]; switching base'],
    });
  });

  it('is its own where source_profile names itself', () => {
    const config = '[profile alice]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = alice\n';
    expect(findKey(filesOf(`[alice]\n${PAIR}`, config), 'alice')).toMatchObject({ section: 'alice', followed: [] });
  });

  it.each([
    ['sso_session = corp', 'IAM Identity Center'],
    ['sso_start_url = https://x.example', 'IAM Identity Center'],
    ['login_session = arn:aws:iam::111122223333:user/alice', '--read-with alice'],
    [
      'credential_process = aws secretsmanager get-secret-value --secret-id keyturn/AIDA/access-key',
      'always the newest',
    ],
  ])('is none, which is no fault: %s', (setting, said) => {
    expect(findKey(filesOf('', `[profile alice]\n${setting}\n`), 'alice')).toEqual({
      kind: 'no-key',
      message: expect.stringContaining(said),
    });
  });

  it.each([
    [
      'a key in two files',
      `[alice]\naws_access_key_id = ${ID}\n`,
      '[profile alice]\naws_secret_access_key = x\n',
      /\/c, line 2.*\/f, line 2/,
    ],
    ['no secret', `[alice]\naws_access_key_id = ${ID}\n`, '', /\/c, line 2: \[alice\] has no aws_secret_access_key/],
    ['no ID', '[alice]\naws_secret_access_key = x\n', '', /\/c, line 2: \[alice\] has no aws_access_key_id/],
    ['a session', `[alice]\n${PAIR}aws_session_token = t\n`, '', /\/c, line 4: .*temporary/],
    [
      'a session of another profile',
      `[alice]\n${PAIR}aws_session_token = t\nsource_profile = base\n`,
      '[base]',
      /\[alice\] has no|in \[base\]|\[base\] has no access key/,
    ],
    ['a program', '[alice]\ncredential_process = /bin/get\n', '', /\/c, line 2: .*credential_process/],
    ['a web identity', '', '[profile alice]\nrole_arn = r\nweb_identity_token_file = /t\n', /web_identity_token_file/],
    ['a machine', '', '[profile alice]\nrole_arn = r\ncredential_source = Ec2InstanceMetadata\n', /credential_source/],
    ['nothing', '', '', /\[alice\] has no access key in \/c or \/f/],
    [
      'a circle',
      '',
      '[profile alice]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = alice\n',
      /circle: alice, b, alice/,
    ],
    [
      'six steps',
      '',
      ['alice', 'b', 'c', 'd', 'e', 'f', 'g']
        .map((name, at, all) => `[profile ${name}]\nrole_arn = r\nsource_profile = ${all[at + 1] ?? 'h'}\n`)
        .join(''),
      /more than 5/,
    ],
  ])('is refused: %s', (_, credentials, config, said) => {
    expect(() => findKey(filesOf(credentials, config), 'alice')).toThrow(said);
  });

  it('is shown in no refusal', () => {
    for (const text of [`[alice]\n${PAIR}aws_session_token = t\n`, `[alice]\naws_secret_access_key = abc/def\n`]) {
      expect(() => findKey(filesOf(text), 'alice')).toThrow(expect.not.objectContaining({ message: /abc/ }));
    }
  });
});

describe('the shared files', () => {
  const none = () => false;

  it('are below the home directory, or where the environment says', () => {
    expect(pathsOf({ HOME: '/h' }, 'linux', none)).toEqual({
      credentials: '/h/.aws/credentials',
      config: '/h/.aws/config',
    });
    const given = { HOME: '/h', AWS_SHARED_CREDENTIALS_FILE: '~/keys', AWS_CONFIG_FILE: '/etc/aws' };
    expect(pathsOf(given, 'linux', none)).toEqual({ credentials: '/h/keys', config: '/etc/aws' });
  });

  it('are below USERPROFILE on Windows, or HOMEDRIVE and HOMEPATH', () => {
    expect(pathsOf({ USERPROFILE: 'C:\\Users\\a' }, 'win32', none).credentials).toBe('C:\\Users\\a\\.aws\\credentials');
    expect(pathsOf({ HOMEDRIVE: 'D:', HOMEPATH: '\\a' }, 'win32', none).config).toBe('D:\\a\\.aws\\config');
  });

  it('are those that are there, where HOME is another place than USERPROFILE', () => {
    const homes = { HOME: 'C:\\msys\\a', USERPROFILE: 'C:\\Users\\a' };
    const exists = (path: string) => path.startsWith('C:\\Users');
    expect(pathsOf(homes, 'win32', exists).credentials).toBe('C:\\Users\\a\\.aws\\credentials');
    expect(pathsOf({ ...homes, HOME: 'c:\\users\\A\\' }, 'win32', () => true).config).toContain('users');
  });

  it('are refused, both named, where both are there', () => {
    const homes = { HOME: 'C:\\msys\\a', USERPROFILE: 'C:\\Users\\a' };
    expect(() => pathsOf(homes, 'win32', () => true)).toThrow(/C:\\msys\\a.*C:\\Users\\a.*AWS_SHARED_CREDENTIALS_FILE/);
    const given = { AWS_SHARED_CREDENTIALS_FILE: 'x', AWS_CONFIG_FILE: 'y' };
    expect(pathsOf({ ...homes, ...given }, 'win32', () => true)).toEqual({ credentials: 'x', config: 'y' });
  });
});

describe('a custom endpoint', () => {
  const services =
    '[services local]\nsecrets_manager =\n  endpoint_url = http://x\n[services other]\ns3 =\n  endpoint_url = http://x\n';

  it.each([
    [{ AWS_ENDPOINT_URL: 'http://x' }, '', 'AWS_ENDPOINT_URL'],
    [{ AWS_ENDPOINT_URL_STS: 'http://x' }, '', 'AWS_ENDPOINT_URL_STS'],
    [{ AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://x' }, '', 'AWS_ENDPOINT_URL_SECRETS_MANAGER'],
    [{}, '[profile alice]\nendpoint_url = http://x\n', 'endpoint_url of [alice]'],
    [{}, `[profile alice]\nservices = local\n${services}`, 'services of [alice]: local'],
  ])('is refused, and where it is set is named: %j %j', async (environment, config, said) => {
    await expect(expectNoEndpoint(environment, filesOf('', config), ['alice'])).rejects.toThrow(said);
  });

  it.each([
    [{ AWS_ENDPOINT_URL_S3: 'http://x' }, `[profile alice]\nservices = other\n${services}`],
    [{}, '[profile bob]\nendpoint_url = http://x\n'],
    [{ AWS_ENDPOINT_URL: 'http://x', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }, ''],
  ])('is none of these: %j %j', async (environment, config) => {
    await expect(expectNoEndpoint(environment, filesOf('', config), ['alice'])).resolves.toBeUndefined();
  });
});
