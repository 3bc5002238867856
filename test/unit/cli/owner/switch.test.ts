// Tests of cli/owner/switch.ts and cli/owner/prove.ts, with answers of AWS that the embedded one does not give.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Caller, Calls, CredentialSource } from '../../../../cli/owner/calls.ts';
import type { SwitchRequest, Tools } from '../../../../cli/owner/request.ts';
import { readSharedFiles } from '../../../../cli/owner/shared-files.ts';
import { switchKey } from '../../../../cli/owner/switch.ts';
import { thisDisk } from '../../../../cli/owner/write.ts';
import { RotationError } from '../../../../shared/core/errors.ts';
import { SecretAccessKey } from '../../../../shared/core/redacted.ts';

const OLD = 'AKIAIOSFODNN7EXAMPLE';
const NEW = 'AKIAI44QHYDHBEXAMPLE';
const TEXT = `[alice]\naws_access_key_id = ${OLD}\naws_secret_access_key = old/old/old/old/old\n`;
const NAME = 'keyturn/AIDAALICE/access-key';
const alice: Caller = {
  ...{ accountId: '111122223333', partition: 'aws', userId: 'AIDAALICE', userName: 'alice' },
  arn: 'arn:aws:iam::111122223333:user/alice',
};
const value = {
  ...{ Version: 1, AccessKeyId: NEW, SecretAccessKey: 'new/new/new/new/new', UserName: 'alice' },
  AccountId: '111122223333',
};

let folder: string;
let path: string;
let request: SwitchRequest;
/** What was asked of AWS, by whom. */
let asked: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-switch-'));
  mkdirSync(join(folder, '.aws'), { mode: 0o700 });
  path = join(folder, '.aws', 'credentials');
  writeFileSync(path, TEXT, { mode: 0o600 });
  asked = [];
  request = {
    present: {
      pair: { accessKeyId: OLD, secret: new SecretAccessKey('old/old/old/old/old') },
      place: { kind: 'credentials', path, section: 'alice' },
    },
    files: await readSharedFiles({ credentials: path, config: join(folder, '.aws', 'config') }),
    ...{ region: 'eu-west-1', isCheck: false, isProfileOnly: false, secretId: undefined, userName: undefined },
    ...{ mfaSerial: undefined, reader: undefined, workingDirectory: folder, marker: undefined },
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

const idOf = async (as: CredentialSource): Promise<string> => (typeof as === 'function' ? await as() : as).accessKeyId;

function tools(calls: Partial<Calls> = {}): Tools {
  let now = Date.parse('2026-04-01T06:00:00Z');
  const noted = (name: string, as: CredentialSource) => idOf(as).then((id) => void asked.push(`${name} by ${id}`));
  return {
    calls: {
      callerIdentity: (as) => noted('caller', as).then(() => alice),
      describeSecret: (as) =>
        noted('describe', as).then(() => ({
          ...{ ARN: `arn:aws:secretsmanager:eu-west-1:111122223333:secret:${NAME}-AbCdEf`, Name: NAME },
          VersionIdsToStages: { v1: [`${OLD}.mac`, 'AWSPREVIOUS'], v2: [`${NEW}.mac`, 'AWSCURRENT'] },
        })),
      currentValue: (as) => noted('value', as).then(() => JSON.stringify(value)),
      async sessionWithMfa(as, serial, code) {
        await noted(`session of ${serial} ${code}`, as);
        return { accessKeyId: 'ASIASESSION', secretAccessKey: 's', sessionToken: 't' };
      },
      accountOfKey: async () => '111122223333',
      ...calls,
    },
    ask: { confirm: async () => true, hidden: async () => '123456' },
    disk: thisDisk,
    now: () => now,
    async sleep(ms) {
      now += ms;
    },
  };
}

const untouched = (): void => expect(readFileSync(path, 'utf8')).toBe(TEXT);
const failed = (code: string) => new RotationError(`Cannot call it: ${code}.`, { code });

it('makes five calls', async () => {
  expect(await switchKey(request, tools())).toMatchObject({ status: 'switched', from: OLD, to: NEW });
  expect(asked).toEqual([
    `caller by ${OLD}`,
    `describe by ${OLD}`,
    `value by ${OLD}`,
    `caller by ${NEW}`,
    `caller by ${NEW}`,
  ]);
});

it('reads with a session of the device, and does nothing else with it', async () => {
  await switchKey({ ...request, mfaSerial: 'arn:x' }, tools());

  expect(asked).toEqual([
    ...[`caller by ${OLD}`, `session of arn:x 123456 by ${OLD}`, 'describe by ASIASESSION', 'value by ASIASESSION'],
    ...[`caller by ${NEW}`, `caller by ${NEW}`],
  ]);
});

it('reads again where another key became current meanwhile, and gives up where that goes on', async () => {
  let reads = 0;
  const moving = async (): Promise<string> => {
    if (reads++ < 2) throw failed('InvalidRequestException');
    return JSON.stringify(value);
  };
  expect(await switchKey(request, tools({ currentValue: moving }))).toMatchObject({ status: 'switched' });

  writeFileSync(path, TEXT);
  reads = Number.NEGATIVE_INFINITY;
  await expect(switchKey(request, tools({ currentValue: moving }))).rejects.toThrow('changes all the time');
  untouched();
});

it.each<[string, Partial<Caller>]>([
  ['another account', { accountId: '999988887777', arn: 'arn:aws:iam::999988887777:user/alice' }],
  ['another user', { userId: 'AIDAMALLORY', userName: 'mallory' }],
  ['a namesake made later', { userId: 'AIDAALICE2' }],
  ['a role', { userName: undefined }],
])('refuses the working key of %s', async (_, other) => {
  const callerIdentity = async (as: CredentialSource) => ((await idOf(as)) === NEW ? { ...alice, ...other } : alice);

  await expect(switchKey(request, tools({ callerIdentity }))).rejects.toThrow(/Nothing was written. Do not try again/);
  untouched();
});

it('waits up to forty seconds for a key to work, and leaves all as it is if it does not', async () => {
  let tries = 0;
  const never = async (as: CredentialSource): Promise<Caller> => {
    if ((await idOf(as)) === OLD || ++tries >= 19) return alice;
    throw failed('InvalidClientTokenId');
  };
  expect(await switchKey(request, tools({ callerIdentity: never }))).toMatchObject({ status: 'switched' });

  writeFileSync(path, TEXT);
  tries = Number.NEGATIVE_INFINITY;
  await expect(switchKey(request, tools({ callerIdentity: never }))).rejects.toMatchObject({ name: 'ConflictError' });
  untouched();
});

it.each<[string, Record<string, string>]>([
  ['another account', { ARN: `arn:aws:secretsmanager:eu-west-1:999988887777:secret:${NAME}-AbCdEf` }],
  ['another partition', { ARN: `arn:aws-cn:secretsmanager:eu-west-1:111122223333:secret:${NAME}-AbCdEf` }],
  ['another user', { Name: 'keyturn/AIDAMALLORY/access-key' }],
  ['nobody', { Name: 'keyturn/access-key' }],
])('refuses the secret of %s before its value is read', async (_, other) => {
  const usual = tools();
  const describeSecret: Calls['describeSecret'] = async (as, id) => ({
    ...(await usual.calls.describeSecret(as, id)),
    ...other,
  });

  await expect(switchKey(request, tools({ describeSecret }))).rejects.toThrow(/Nothing was written/);
  expect(asked.filter((call) => call.startsWith('value'))).toEqual([]);
});

it('keeps the new pair where a read of the file fails: it was proven', async () => {
  let uses = 0;
  const callerIdentity = async (as: CredentialSource): Promise<Caller> => {
    if ((await idOf(as)) === NEW && ++uses === 2) throw failed('AccessDenied');
    return alice;
  };
  await expect(switchKey(request, tools({ callerIdentity }))).rejects.toThrow(
    /was proven, but read from there it fails/,
  );
  expect(readFileSync(path, 'utf8')).toContain(NEW);
});

it('writes again where another program put the old key back right after', async () => {
  let isPutBack = false;
  const disk = {
    ...thisDisk,
    async rename(from: string, to: string): Promise<void> {
      await thisDisk.rename(from, to);
      if (!isPutBack) writeFileSync(path, TEXT);
      isPutBack = true;
    },
  };

  expect(await switchKey(request, { ...tools(), disk })).toMatchObject({ status: 'switched', sections: ['alice'] });
  expect(readFileSync(path, 'utf8')).toContain(NEW);
});

it('does nothing where the present key is of no user: root has none of Keyturn', async () => {
  const callerIdentity = async () => ({ ...alice, userName: undefined, arn: 'arn:aws:iam::111122223333:root' });

  await expect(switchKey(request, tools({ callerIdentity }))).rejects.toMatchObject({ name: 'EventError' });
});

it('does nothing where the person says no', async () => {
  const ask = { confirm: async () => false, hidden: async () => '' };
  const describeSecret: Calls['describeSecret'] = async () => ({
    ...{ ARN: `arn:aws:secretsmanager:eu-west-1:111122223333:secret:${NAME}-AbCdEf`, Name: NAME },
    VersionIdsToStages: { v2: [`${NEW}.mac`, 'AWSCURRENT'] },
  });

  await expect(switchKey(request, { ...tools({ describeSecret }), ask })).rejects.toThrow('Nothing was changed.');
  untouched();
});
