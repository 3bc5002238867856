import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Call } from '../../local/aws/aws.ts';
import { decide, parseStatements } from '../../local/aws/policies/policy.ts';
import { keyIdOfLabel } from '../../local/checker/unsigned.ts';
import { type Json, list, object } from '../package/template.ts';
import { matches } from '../support/event-pattern.ts';
import { secretNameOf, thrownBy } from '../support/life.ts';
import { createWorld, DAY, pass, rotateUser, type World } from '../support/world.ts';
import { yamlDocuments } from '../support/yaml.ts';
import { clientsOf } from '../unit/local/clients.ts';

const folder = new URL('../../examples/consumers/', import.meta.url);
const page = readFileSync(new URL('../../docs/consumers.md', import.meta.url), 'utf8');
const written = (file: string): string => readFileSync(new URL(file, folder), 'utf8');

/** As the examples name the user and the secret. */
const USER_ID = 'AIDACKCEVSQ6C2EXAMPLE';
const ARN = `arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyturn/${USER_ID}/access-key-AbCdEf`;

let world: World;
/** Of the users of this world. */
let userIds: Record<'ci-shop' | 'ci-other', string>;
let value: Record<string, string>;
let bin: string;

beforeAll(async () => {
  world = createWorld({ environment: { KEYTURN_READER_ARNS: written('reader-arns.json') } });
  const tags = { 'keyturn:ses-smtp-regions': 'eu-west-1' };
  const userIdOf = (userName: string) => world.aws.iam.addUser({ userName, tags, keys: [{ ageDays: 95 }] }).userId;
  userIds = { 'ci-shop': userIdOf('ci-shop'), 'ci-other': userIdOf('ci-other') };
  for (const userName of Object.keys(userIds)) await pass(world, userName);
  value = JSON.parse(secretOf('ci-shop').versions.at(-1)?.value ?? '{}');
  bin = mkdtempSync(join(tmpdir(), 'keyturn-consumers-'));
  // AWS answers with the secret, and a machine that only has Node stands in for jq.
  stub('aws', `printf '%s\\n' "$*" >"$0.args"\ncat "$0.out"`);
  writeFileSync(join(bin, 'aws.out'), JSON.stringify(value));
  const filter = 'process.stdin.on("data", (d) => console.log(JSON.parse(d)[process.argv[2].slice(1)]))';
  writeFileSync(join(bin, 'jq.cjs'), filter);
  stub('jq', `exec "${process.execPath}" "$0.cjs" "$2"`);
});
afterAll(() => rmSync(bin, { recursive: true, force: true }));

function stub(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

function secretOf(userName: keyof typeof userIds) {
  const secret = world.aws.secrets.find(secretNameOf(userIds[userName]));
  if (secret === undefined) throw new Error(`${userName} has no secret.`);
  return secret;
}

/** The file, with the user and the secret of this world. */
function example(file: string): string {
  return written(file).replaceAll(ARN, secretOf('ci-shop').arn).replaceAll(USER_ID, userIds['ci-shop']);
}

/** What a shell script printed, and how it asked AWS. */
function run(file: string, ...args: string[]): { stdout: string; asked: string } {
  const script = join(bin, 'script');
  writeFileSync(script, example(file));
  const env = { PATH: `${bin}${delimiter}${process.env.PATH}`, AWS_SESSION_TOKEN: 'of the reader', AWS_PROFILE: 'old' };
  const { status, stdout, stderr } = spawnSync('sh', [script, ...args], { env, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return { stdout, asked: readFileSync(join(bin, 'aws.args'), 'utf8') };
}

/** Reads as a role of that name, which may do everything as far as its own policy goes. */
async function readAs(name: string, secretId: string): Promise<Record<string, string>> {
  const { secrets } = clientsOf(world.aws.connect('somebody'), world.aws.iam.addRole({ name }));
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretId }));
  return JSON.parse(SecretString ?? '{}');
}

const secretIdIn = (asked: string): string => /--secret-id (\S+)/.exec(asked)?.[1] ?? '';

describe('docs/consumers.md', () => {
  it('quotes every example as it is, and nothing else but commands', () => {
    const quoted = [...page.matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```$/gm)].map(([, indent = '', , text = '']) =>
      text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    );
    const files = readdirSync(folder).map(written);
    expect(files.filter((text) => !quoted.includes(text))).toEqual([]);
    const others = quoted.filter((text) => !files.includes(text));
    expect(others.filter((text) => !text.startsWith('aws '))).toEqual([]);
  });

  it('names each role that the setting lets in', () => {
    const roles = [...written('reader-arns.json').matchAll(/:role\/([\w-]+)/g)].map(([, name = '']) => name);
    expect(roles.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('says who reads: each of these roles reads this secret, and no other', async () => {
    const roles = [...written('reader-arns.json').matchAll(/:role\/([\w-]+)/g)].map(([, name = '']) => name);
    expect(roles).toHaveLength(6);
    for (const name of roles) {
      expect(await readAs(name, secretOf('ci-shop').arn)).toEqual(value);
      expect((await thrownBy(readAs(name, secretOf('ci-other').arn))).name).toBe('AccessDeniedException');
    }
    expect((await thrownBy(readAs('shop-other', secretOf('ci-shop').arn))).name).toBe('AccessDeniedException');
  });

  it("allows the same by the role's own policy, without a wildcard for the user", () => {
    const statements = parseStatements(object(JSON.parse(example('reader-policy.json'))));
    const action = 'secretsmanager:GetSecretValue';
    expect(decide(statements, { action, resource: secretOf('ci-shop').arn })).toBe('allowed');
    expect(decide(statements, { action, resource: secretOf('ci-other').arn })).toBe('not allowed');
    const others = ['PutSecretValue', 'UpdateSecretVersionStage', 'TagResource', 'DeleteSecret'];
    const allowed = others.filter(
      (name) =>
        decide(statements, { action: `secretsmanager:${name}`, resource: secretOf('ci-shop').arn }) === 'allowed',
    );
    expect(allowed).toEqual([]);
  });
});

describe('what is read is in the secret', () => {
  it('by ECS, whose variables are fields of one secret', async () => {
    const { secrets } = object(JSON.parse(example('ecs-container.json')));
    const read = await Promise.all(
      list(secrets).map(async (secret) => {
        const { name, valueFrom } = object(secret);
        const [, arn = '', field = ''] = /^(arn:(?:[^:]+:){5}[^:]+):(\w+)::$/.exec(String(valueFrom)) ?? [];
        return [name, (await readAs('shop-execution', arn))[field]];
      }),
    );
    expect(read).toEqual([
      ['AWS_ACCESS_KEY_ID', value.AccessKeyId],
      ['AWS_SECRET_ACCESS_KEY', value.SecretAccessKey],
    ]);
  });

  it('by External Secrets Operator, by the role of its store', async () => {
    const [store, secret] = yamlDocuments(example('external-secret.yml')).map(object);
    const spec = object(secret?.spec);
    expect(object(spec.secretStoreRef).name).toBe(object(store?.metadata).name);
    const { role } = object(object(object(store?.spec).provider).aws);
    const read = await Promise.all(
      list(spec.data).map(async (entry) => {
        const { secretKey, remoteRef } = object(entry);
        const { key, property } = object(remoteRef);
        return [secretKey, (await readAs(String(role).split('/')[1] ?? '', String(key)))[String(property)]];
      }),
    );
    expect(read).toEqual([
      ['SMTP_USER', value.AccessKeyId],
      ['SMTP_PASSWORD', value['SmtpPassword_eu-west-1']],
    ]);
  });

  it('by Parameter Store', async () => {
    const { stdout, asked } = run('parameter.sh');
    expect(stdout.trim()).toBe(value.AccessKeyId);
    const [, secretId = ''] = /--with-decryption --name \/aws\/reference\/secretsmanager\/(\S+)/.exec(asked) ?? [];
    expect(await readAs('shop-parameters', secretId)).toEqual(value);
  });

  it('by a Lambda function, through the extension', async () => {
    const { aws } = world;
    vi.stubEnv('AWS_SESSION_TOKEN', 'token');
    vi.stubGlobal('fetch', async (url: string, { headers }: RequestInit) => {
      expect(headers).toEqual({ 'X-Aws-Parameters-Secrets-Token': 'token' });
      const secretId = new URL(url).searchParams.get('secretId') ?? '';
      return Response.json({ SecretString: JSON.stringify(await readAs('shop-function', secretId)) });
    });
    const file = join(bin, 'lambda.mjs');
    writeFileSync(file, example('lambda.mjs'));
    const { readKey } = await import(file);
    const key = await readKey();
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    expect(key).toEqual({ accessKeyId: value.AccessKeyId, secretAccessKey: value.SecretAccessKey });
    expect(aws.iam.secretAccessKeyOf(key.accessKeyId)).toBe(key.secretAccessKey);
  });

  it('by a build, whose command has the key in its environment and no session of the reader', async () => {
    const print = 'printf "%s " "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN$AWS_PROFILE$key"';
    const { stdout, asked } = run('with-key.sh', 'sh', '-c', print);
    expect(stdout).toBe(`${value.AccessKeyId} ${value.SecretAccessKey}  `);
    expect(await readAs('shop-jenkins', secretIdIn(asked))).toEqual(value);
    expect(written('Jenkinsfile')).toContain('./with-key.sh ./deploy.sh');
  });

  it('by a server, in the form of a credential_process', async () => {
    const { stdout, asked } = run('print-key.sh');
    expect(JSON.parse(stdout)).toMatchObject({
      Version: 1,
      AccessKeyId: value.AccessKeyId,
      SecretAccessKey: value.SecretAccessKey,
    });
    expect(await readAs('shop-server', secretIdIn(asked))).toEqual(value);
  });

  it('and a read that fails gives a build no key, and does not run its command', () => {
    const script = fileURLToPath(new URL('with-key.sh', folder));
    stub('aws-fails', 'exit 254');
    const wrapper = `aws() { "${join(bin, 'aws-fails')}"; }; set -- echo ran; . "${script}"`;
    const { status, stdout } = spawnSync('sh', ['-c', wrapper], { encoding: 'utf8' });
    expect([status !== 0, stdout]).toEqual([true, '']);
  });
});

describe('the event that asks for a reload', () => {
  const pattern: Json = JSON.parse(written('label-updated-pattern.json'));
  const event = object(JSON.parse(written('label-updated.json')));
  const but = (detail: Record<string, string>): Json => ({ ...event, detail: { ...object(event.detail), ...detail } });

  it('is matched by the pattern: this user, and the label that counts', () => {
    expect(matches(pattern, event)).toBe(true);
    expect(matches(pattern, but({ labelUpdated: 'AKIAIOSFODNN7EXAMPLE.mac' }))).toBe(false);
    expect(matches(pattern, but({ name: 'keyturn/AIDAOTHEROTHER0000000/access-key' }))).toBe(false);
    expect(matches(pattern, { ...event, 'detail-type': 'AWS API Call via CloudTrail' })).toBe(false);
  });

  /** The events that Secrets Manager would send for a call: of every label but two. */
  function eventsOf({ operation, input }: Call): Json[] {
    const moved: Record<string, unknown> = {
      PutSecretValue: input.VersionStages,
      UpdateSecretVersionStage: input.VersionStage,
    };
    const isMove = operation !== 'UpdateSecretVersionStage' || input.MoveToVersionId !== undefined;
    const labels = isMove ? [moved[operation] ?? []].flat().map(String) : [];
    return labels
      .filter((label) => label !== 'AWSPENDING' && label !== 'AWSPREVIOUS')
      .map((labelUpdated) => but({ labelUpdated }));
  }

  it('comes once for a rotation and once for a rollback; without the label in the pattern it comes more often', async () => {
    const mine = (from: number) => world.aws.calls.slice(from).flatMap(eventsOf);
    world.aws.clock.advance(DAY);
    const [old] = world.aws.iam.keysOf('ci-shop');
    world.aws.iam.deleteKey(old?.accessKeyId ?? '');
    let from = world.aws.calls.length;
    await rotateUser(world, { userName: 'ci-shop', action: 'rotate' });
    const labels = mine(from).map((sent) => String(object(object(sent).detail).labelUpdated));
    expect(labels.map((label) => keyIdOfLabel(label) === undefined)).toEqual([false, true]);
    expect(mine(from).filter((sent) => matches(pattern, sent))).toHaveLength(1);
    world.aws.clock.advance(DAY);
    from = world.aws.calls.length;
    await rotateUser(world, { userName: 'ci-shop', action: 'rollback' });
    expect(mine(from).filter((sent) => matches(pattern, sent))).toHaveLength(1);
  });
});
