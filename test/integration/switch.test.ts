// cli/commands/switch.ts, cli/owner/switch.ts, cli/owner/calls.ts, cli/owner/command.ts, cli/owner/hints.ts,
// cli/owner/report.ts, cli/owner/request.ts

import { existsSync, linkSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createLife, createRotated, newKeyOf, type Rotated, secretNameOf, statusOf } from '../support/life.ts';
import { createMachine, type Machine, read, withPair, writeCredentials } from '../support/owner.ts';
import { published, rotateUser } from '../support/world.ts';

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

/** Leaves one line in this file for each time that it runs. */
const ran = (): string => join(machine.home, 'ran');
const command = (): string[] => ['--', 'sh', '-c', 'echo once >> "$1"', 'sh', ran()];
const timesRun = (): number => (existsSync(ran()) ? read(ran()).split('\n').length - 1 : 0);

const calls = (): string[] => life.aws.calls.map(({ service, operation }) => `${service}:${operation}`);

function expectUntouched(): void {
  expect(read(machine.credentials)).toBe(before);
  expect(readdirSync(join(machine.home, '.aws'))).toEqual(['credentials']);
}

describe('keyturn switch', () => {
  it('writes the new pair into every section that holds the old one, and says what it did', async () => {
    const from = life.aws.calls.length;
    const { code, stdout, stderr } = await machine.run(['--profile', 'alice']);

    expect(stderr).toMatch(/^Calls go to http:\S+, not to AWS\.\n$/);
    expect(code).toBe(0);
    expect(read(machine.credentials)).toBe(withPair(before, life, life.previous, life.current));
    expect(statSync(machine.credentials).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(machine.home, '.aws'))).toEqual(['credentials']);
    expect(stdout).toBe(
      `✔ present key   ${life.previous} of alice in 111122223333
✔ new key       ${life.current}, current since 2026-01-16
✔ proved        it works, and is alice's
✔ written       ${machine.credentials}: [alice] and [ci-test], which held the same key
✔ read back     profile alice now answers with ${life.current}

${life.previous} still works until 2026-01-26. Use the new key once after 00:15 UTC, or run \`switch\` again: that is the confirmation.
Programs that run already keep the old key until they are restarted.
`,
    );
    expect(calls().slice(from)).toEqual([
      'sts:GetCallerIdentity',
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'sts:GetCallerIdentity',
      'sts:GetCallerIdentity',
    ]);
    expect(statusOf(life.aws, life.previous)).toBe('Active');
  });

  it('needs no telling a quarter of an hour later', async () => {
    life.aws.clock.advance(15 * MINUTE);

    expect((await machine.run(['--profile', 'alice'])).stdout).toContain(
      `${life.previous} still works until 2026-01-26. Nothing else needs to be told: using the new key is the confirmation.`,
    );
  });

  it('promises nothing where others use the key too: the destinations decide', async () => {
    life.aws.secrets.tamper(secretNameOf(life.userId), {
      tags: { 'keyturn:handed-on': '2026-01-16T00:02:00Z done x y z' },
    });
    const { stdout } = await machine.run(['--profile', 'alice']);

    expect(stdout).toContain(`${life.previous} is handed on to other places too, and the destinations decide`);
    expect(stdout).not.toContain('still works until');
  });

  it('says each call and its time with --verbose, and nothing that it carries', async () => {
    const { stderr } = await machine.run(['--profile', 'alice', '--verbose']);

    expect(stderr).toMatch(/\nsecretsmanager:GetSecretValue \d+ ms ok\n/);
    for (const secret of life.aws.iam.everySecretAccessKey()) expect(stderr).not.toContain(secret.slice(0, 12));
  });

  it('finds the newest key there the second time, and writes nothing', async () => {
    await machine.run(['--profile', 'alice']);
    const { mtimeMs, ino } = statSync(machine.credentials);
    const { code, stdout } = await machine.run(['--profile', 'alice']);

    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `✔ present key   ${life.current} of alice in 111122223333\nIt is the newest key: there is nothing to switch.\n`,
    });
    expect(statSync(machine.credentials)).toMatchObject({ mtimeMs, ino });
  });

  it('says nothing with --quiet where there is nothing to do', async () => {
    await machine.run(['--profile', 'alice']);

    expect((await machine.run(['--profile', 'alice', '--quiet'])).stdout).toBe('');
  });

  it('prints one document with --json, as its schema has it', async () => {
    const published: unknown = JSON.parse(readFileSync('docs/switch.schema.json', 'utf8'));
    const schema = z.fromJSONSchema(z.record(z.string(), z.json()).parse(published));
    const waits = await machine.run(['--profile', 'alice', '--json', '--check']);
    const { stdout } = await machine.run(['--profile', 'alice', '--json']);
    const newest = await machine.run(['--profile', 'alice', '--json']);
    writeFileSync(machine.config, '[profile sso]\nsso_session = x\n');
    const none = await machine.run(['--profile', 'sso', '--json']);

    const documents = [waits, { stdout }, newest, none].map((each) => JSON.parse(each.stdout));
    expect(documents.map(({ status }) => status)).toEqual(['waits', 'switched', 'newest', 'no-key']);
    for (const document of documents) {
      expect(schema.safeParse(document).error).toBeUndefined();
      expect(
        Object.keys(z.looseObject({ properties: z.record(z.string(), z.json()) }).parse(published).properties),
      ).toEqual(expect.arrayContaining(Object.keys(document)));
    }

    expect(JSON.parse(stdout)).toEqual({
      ...{ schemaVersion: 1, status: 'switched', userName: 'alice', accountId: '111122223333' },
      ...{ from: life.previous, to: life.current, file: machine.credentials, sections: ['alice', 'ci-test'] },
      ...{ alsoIn: [], oldKeyUntil: '2026-01-26T00:00:47.100Z', endpointUrl: machine.server.url },
    });
  });

  it('leaves the other section alone with --only-profile, and says that it holds the old key', async () => {
    const { stdout } = await machine.run(['--profile', 'alice', '--only-profile']);

    expect(read(machine.credentials).split(life.previous)).toHaveLength(2);
    expect(stdout).toContain(`! Still elsewhere: ${life.previous} was also found in ${machine.credentials} (line 12)`);
  });

  it('finds the old key in .env and *.tfvars of the working directory, by line', async () => {
    writeFileSync(join(machine.home, '.env'), `A=1\nKEY=${life.previous}\n`);
    writeFileSync(join(machine.home, 'x.tfvars'), `key = "${life.previous}"\n`);
    const { stdout } = await machine.run(['--profile', 'alice', '--json']);

    expect(JSON.parse(stdout).alsoIn).toEqual([
      { path: join(machine.home, '.env'), line: 2 },
      { path: join(machine.home, 'x.tfvars'), line: 1 },
    ]);
  });

  it('follows source_profile to the key, and says so', async () => {
    writeFileSync(
      machine.config,
      '[profile audit]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = alice\n',
    );
    const { code, stderr } = await machine.run(['--profile', 'audit']);

    expect(code).toBe(0);
    expect(stderr).toContain('audit assumes a role with the key of [alice]; switching alice');
    expect(read(machine.credentials)).toContain(life.current);
  });

  it('writes in place where the file has another name too', async () => {
    linkSync(machine.credentials, join(machine.home, 'same'));
    const { stderr } = await machine.run(['--profile', 'alice']);

    expect(stderr).toContain('a hard link');
    expect(read(join(machine.home, 'same'))).toBe(withPair(before, life, life.previous, life.current));
  });

  it('takes a first key, which no version of the secret ever held, since the message was about it', async () => {
    const first = createLife();
    const other = await createMachine(first);
    try {
      writeCredentials(other, first, first.oldKey);
      await rotateUser(first, { userName: 'alice', action: 'rotate' });
      first.aws.clock.advance(MINUTE);

      expect((await other.run(['--profile', 'alice', '--no-input'])).code).toBe(0);
      expect(published(first)).toEqual(['issued']);
    } finally {
      await other.close();
    }
  });

  it('asks before it replaces a key that the secret does not know: never without a terminal', async () => {
    life.aws.iam.deleteKey(life.previous);
    const { accessKeyId } = life.aws.iam.addKey('alice');
    life.aws.clock.advance(MINUTE);
    before = writeCredentials(machine, life, accessKeyId);
    const { code, stderr } = await machine.run(['--profile', 'alice', '--no-input']);

    expect({ code, stderr }).toEqual({
      code: 64,
      stderr: expect.stringContaining(`does not know the present key ${accessKeyId}`),
    });
    expectUntouched();
  });

  it('goes back to the older key after a roll-back, without a date', async () => {
    writeCredentials(machine, life, life.current);
    life.aws.clock.advance(60 * MINUTE);
    await rotateUser(life, { userName: 'alice', action: 'rollback' });
    const { code, stdout } = await machine.run(['--profile', 'alice']);

    expect(code).toBe(0);
    expect(stdout).toContain(`✔ new key       ${life.previous}, rolled back to\n`);
    expect(stdout).not.toContain('still works until');
    expect(read(machine.credentials)).toContain(life.previous);
  });
});

describe('the command of an email', () => {
  it('is typed as it stands, but for the name of the profile', async () => {
    const first = createLife({
      environment: { KEYTURN_SWITCH_COMMAND: 'keyturn', KEYTURN_SECRET_PREFIX: 'team-a/keys' },
    });
    const other = await createMachine(first);
    try {
      const text = writeCredentials(other, first, first.oldKey);
      await rotateUser(first, { userName: 'alice', action: 'rotate' });
      first.aws.clock.advance(MINUTE);
      const email = first.aws.sns.published.at(-1)?.message.email ?? '';
      const [, typed = ''] = /^ {4}keyturn switch (.*)$/m.exec(email) ?? [];
      const { code } = await other.run(typed.replace('YOUR-PROFILE', 'alice').split(' '));

      expect(typed).toContain('--secret team-a/keys/');
      expect(code).toBe(0);
      expect(read(other.credentials)).toBe(withPair(text, first, first.oldKey, newKeyOf(first, [first.oldKey])));
    } finally {
      await other.close();
    }
  });
});

describe('keyturn switch --check', () => {
  it('says by 2 that a newer key waits, by 0 that none does, and changes nothing', async () => {
    const waits = await machine.run(['--profile', 'alice', '--check']);
    expect(waits).toMatchObject({ code: 2, stdout: expect.stringContaining(`A newer key waits: ${life.current}`) });
    expectUntouched();
    expect(calls()).not.toContain('secretsmanager:GetSecretValue');

    await machine.run(['--profile', 'alice']);
    expect(await machine.run(['--profile', 'alice', '--check'])).toMatchObject({ code: 0 });
  });
});

describe('keyturn switch -- command', () => {
  it('runs it after a switch, and not again where there is nothing to switch', async () => {
    expect((await machine.run(['--profile', 'alice', ...command()])).code).toBe(0);
    expect((await machine.run(['--profile', 'alice', ...command()])).code).toBe(0);

    expect(timesRun()).toBe(1);
  });

  it('passes its exit code on, and runs it again until it ends well', async () => {
    const fails = ['--', 'sh', '-c', 'echo once >> "$1"; exit 7', 'sh', ran()];
    expect((await machine.run(['--profile', 'alice', ...fails])).code).toBe(7);
    expect((await machine.run(['--profile', 'alice', ...fails])).code).toBe(7);

    expect(timesRun()).toBe(2);
  });

  it('has nothing of ours in its environment, and all of its own arguments, options too', async () => {
    const show = ['--', 'sh', '-c', 'echo "$AWS_SECRET_ACCESS_KEY $*" > "$0"', ran(), '--json', '--profile', 'x'];
    await machine.run(['--profile', 'alice', ...show]);

    expect(read(ran())).toBe(' --json --profile x\n');
  });

  it('runs for a switch that another command made, from its first run on', async () => {
    await machine.run(['--profile', 'alice']);
    await machine.run(['--profile', 'alice', ...command()]);
    expect(timesRun()).toBe(0);

    life.aws.clock.advance(60 * MINUTE);
    await rotateUser(life, { userName: 'alice', action: 'rollback' });
    await machine.run(['--profile', 'alice']);
    await machine.run(['--profile', 'alice', ...command()]);
    expect(timesRun()).toBe(1);
  });

  it.each([
    [['switch', '--profile', 'alice', '--region', 'eu-west-1'], {}],
    [['--profile', 'alice', 'switch'], {}],
    [['switch', '--only-profile', '--profile', 'alice'], {}],
    [['switch'], { AWS_PROFILE: 'alice' }],
    [['switch', '--check'], { AWS_PROFILE: 'alice' }],
  ])('is told from our own options, whatever comes before: %j', async (args, environment) => {
    // Nothing is called: the endpoint is refused after all options were read.
    const all = [...args, '--', 'a', '--json', '--check', '--no-such-option', '--'];
    const { code, stderr } = await machine.runRaw(all, { ...environment, AWS_ENDPOINT_URL: 'http://x' });

    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('AWS_ENDPOINT_URL') });
  });

  it('is a usage error without the two hyphens: a profile was meant', async () => {
    expect(await machine.run(['alice'])).toMatchObject({ code: 64, stderr: expect.stringContaining('"alice"') });
  });

  it('says which program cannot be run', async () => {
    const { code, stderr } = await machine.run(['--profile', 'alice', '--', '/nowhere/no-such-program']);

    expect({ code, stderr }).toEqual({
      code: 64,
      stderr: expect.stringContaining('/nowhere/no-such-program cannot be run (ENOENT)'),
    });
  });
});

describe('keyturn switch --from-env --no-file', () => {
  const pair = () => ({
    AWS_ACCESS_KEY_ID: life.previous,
    AWS_SECRET_ACCESS_KEY: life.aws.iam.secretAccessKeyOf(life.previous),
  });

  it('gives the pair to the command alone, without what would come before it', async () => {
    const show = ['--', 'sh', '-c', 'echo "$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_PROFILE." > "$0"', ran()];
    const { code } = await machine.run(['--from-env', '--no-file', ...show], { ...pair(), AWS_PROFILE: 'x' });

    expect(code).toBe(0);
    expect(read(ran())).toBe(`${life.current} ${life.aws.iam.secretAccessKeyOf(life.current)} .\n`);
    expectUntouched();
  });

  it.each([
    [['--from-env'], '--from-env: the environment cannot be written to'],
    [['--no-file'], '--no-file: without a command'],
    [['--from-env', '--profile', 'alice', '--check'], '--from-env: without --profile'],
    [['--user', 'alice'], '--user: only with --read-with'],
    [['--read-with', 'x', '--secret', 'y'], '--secret: with --read-with'],
    [['--profile', 'a', '--profile', 'b'], '--profile: `switch` takes one'],
  ])('%j is a usage error that names the option', async (args, said) => {
    expect(await machine.run(args, pair())).toMatchObject({ code: 64, stderr: expect.stringContaining(said) });
  });

  it('refuses to run a command that Node would show with its environment', async () => {
    const { code, stderr } = await machine.run(['--from-env', '--no-file', '--', 'true'], {
      ...pair(),
      NODE_DEBUG: '*',
    });

    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('NODE_DEBUG') });
  });

  it('is named where a profile has no key, but the environment does', async () => {
    const { code, stderr } = await machine.run(['--profile', 'nobody'], pair());

    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('--from-env') });
  });

  it('is no part of a switch by profile: that one warns of the environment', async () => {
    const { code, stderr, stdout } = await machine.run(['--profile', 'alice'], pair());

    expect(code).toBe(0);
    expect(stderr).toContain('AWS_ACCESS_KEY_ID is set too');
    expect(stdout).toContain('AWS_ACCESS_KEY_ID of the environment');
  });
});

describe('keyturn switch --read-with', () => {
  /** A profile of a session of alice, as `aws login` makes one; or of a role. */
  function signIn(pair: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }): void {
    const token = pair.sessionToken === undefined ? '' : `aws_session_token = ${pair.sessionToken}\n`;
    const text = `[signin]\naws_access_key_id = ${pair.accessKeyId}\naws_secret_access_key = ${pair.secretAccessKey}\n${token}`;
    writeFileSync(machine.credentials, `${before}${text}`);
    before += text;
  }

  function signInAsAlice(): void {
    signIn({ accessKeyId: life.current, secretAccessKey: life.aws.iam.secretAccessKeyOf(life.current) });
  }

  it('is what a dead key is told of', async () => {
    life.aws.iam.setKeyStatus(life.previous, 'Inactive');
    const { code, stderr } = await machine.run(['--profile', 'alice']);

    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/no longer works.*--read-with/) });
    expectUntouched();
  });

  it('switches for an owner whose key is dead already', async () => {
    life.aws.iam.setKeyStatus(life.previous, 'Inactive');
    signInAsAlice();
    const { code, stderr } = await machine.run(['--profile', 'alice', '--read-with', 'signin', '--no-input']);

    expect(stderr).not.toContain('no credentials');
    expect(code).toBe(0);
    expect(read(machine.credentials)).toBe(withPair(before, life, life.previous, life.current));
  });

  it('asks somebody else which secret, and whose', async () => {
    const role = life.aws.iam.addRole({ name: 'reader' });
    signIn(role);
    const { code, stderr } = await machine.run(['--profile', 'alice', '--read-with', 'signin']);

    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringMatching(/--secret, --user/) });
    expect(read(machine.credentials)).toBe(before);
  });

  it('refuses a secret of another user than the one that was named', async () => {
    await readable();
    const args = ['--read-with', 'signin', '--secret', secretNameOf(life.userId), '--user'];
    const { code, stderr } = await machine.run(['--profile', 'alice', ...args, 'bob']);

    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/not of bob.*Nothing was written/) });
    expect(read(machine.credentials)).toBe(before);
    expect((await machine.run(['--profile', 'alice', ...args, 'alice'])).code).toBe(0);
  });

  /** By a reader of all secrets. */
  async function readable(): Promise<void> {
    const role = life.aws.iam.addRole({ name: 'reader' });
    life.environment.KEYTURN_READER_ARNS = JSON.stringify([role.arn]);
    await rotateUser(life, { userName: 'alice', action: 'policy' });
    signIn(role);
  }
});
