// cli/acting.ts, cli/commands/by-hand.ts, cli/commands/worker.ts, cli/deployed.ts, cli/invoke.ts, cli/rotate-user.ts, cli/worker.ts,
// cli/ui/ask.ts
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLocalAws } from '../../local/aws/aws.ts';
import { functionRoleArn, operatorCredentials } from '../../local/aws/principals.ts';
import { type LocalServer, startServer } from '../../local/aws/server.ts';
import { startLocal } from '../../local/main.ts';
import { ConflictError, EventError, RotationError, SettingsError } from '../../shared/core/errors.ts';
import { keyturn, type Ran, type Typing } from '../support/terminal.ts';

const stage = ['--stage', 'local'];
let server: LocalServer;

beforeAll(async () => {
  server = await startLocal({ port: 0, print: () => {} });
});
afterAll(() => server.close());
beforeEach(() => control('reset'));

async function control(route: string, body: unknown = {}, method = 'POST'): Promise<unknown> {
  const response = await fetch(`${server.url}/_local/${route}`, {
    method,
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
  });
  return response.json();
}

const environment = () => ({
  AWS_ENDPOINT_URL: server.url,
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: operatorCredentials.secretAccessKey,
});

function run(args: readonly string[], typing: Typing = {}): Promise<Ran> {
  return keyturn([...args, ...stage], { environment: environment(), ...typing });
}

/** What the function was asked, oldest first. */
async function asked(): Promise<unknown[]> {
  const calls = (await control('calls', undefined, 'GET')) as { operation: string; input: { Payload: string } }[];
  return calls.filter(({ operation }) => operation === 'Invoke').map(({ input }) => JSON.parse(input.Payload));
}

describe('rotate', () => {
  it('shows what is there, asks in which account, acts, and says what comes next', async () => {
    const ran = await run(['rotate', 'alice'], { answers: [{ to: /Rotate alice in account/, keys: 'y' }] });
    expect(ran.stderr).toContain('Rotate alice in account 111122223333 (the credentials of the environment)?');
    expect(ran.stderr).toMatch(/^Now {6}AKIA\w+ is Active, stranger, last used \d{4}-/m);
    expect(ran.stderr).toMatch(/^Then {5}a new key is issued/m);
    expect(ran.stdout).toMatch(/^\S.*\.\n$/);
    expect(ran.stderr).toMatch(/\nNext: keyturn status alice --stage local\n$/);
    expect(ran.code).toBe(0);
    expect(await asked()).toEqual([
      { userName: 'alice', action: 'plan' },
      { userName: 'alice', action: 'rotate' },
    ]);
  });

  it('names the profile in the question and in what comes next, and takes its Region', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-config-'));
    const [credentials, config] = [join(folder, 'credentials'), join(folder, 'config')];
    const { accessKeyId, secretAccessKey } = operatorCredentials;
    const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
    writeFileSync(credentials, `[prod]\n${keys}`);
    writeFileSync(config, '[profile prod]\nregion = eu-west-1\n');
    try {
      const ran = await run(['hold', 'alice', '--until', '2999-01-31', '--profile', 'prod'], {
        answers: [{ to: /in account/, keys: 'y' }],
        environment: {
          AWS_ENDPOINT_URL: server.url,
          AWS_SHARED_CREDENTIALS_FILE: credentials,
          AWS_CONFIG_FILE: config,
        },
      });
      expect(ran.stderr).toContain('Hold alice until 2999-01-31 in account 111122223333 (profile prod)?');
      expect(ran.stderr).toMatch(/\nNext: keyturn status alice --profile prod --stage local\n$/);
      expect(ran.code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('does nothing when the answer is no', async () => {
    const ran = await run(['rotate', 'alice'], { answers: [{ to: /Rotate alice in account/, keys: 'n' }] });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(/Nothing was changed\.\n$/);
    expect(await asked()).toEqual([{ userName: 'alice', action: 'plan' }]);
  });

  it('is interrupted by Ctrl-C in the question', async () => {
    const ran = await run(['rotate', 'alice'], { answers: [{ to: /Rotate alice in account/, keys: '\u0003' }] });
    expect(ran).toMatchObject({ code: 130, stdout: '' });
    expect(await asked()).toHaveLength(1);
  });

  it('with --json prints the answer of the function, with --quiet no hints', async () => {
    const ran = await run(['rotate', 'alice', '--yes', '--json', '--quiet']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject({ schemaVersion: 1, status: 'changed', userName: 'alice' });
  });

  it('passes the options on by the names of the fields', async () => {
    const [accessKeyId] = ['AKIAIOSFODNN7EXAMPLE'];
    const options = ['--access-key-id', accessKeyId, '--grace-days', '3', '--force', '--restore-secret'];
    await run(['rotate', 'alice', '--yes', ...options]);
    await run(['rotate', 'alice', '--yes', '--compromised']);
    expect((await asked()).filter((event) => JSON.stringify(event).includes('"rotate"'))).toEqual([
      { userName: 'alice', action: 'rotate', accessKeyId, graceDays: 3, force: true, restoreSecret: true },
      { userName: 'alice', action: 'rotate', compromised: true },
    ]);
  });
});

describe('the others', () => {
  it('go through the life of a rotation', async () => {
    expect((await run(['rotate', 'alice', '--yes'])).code).toBe(0);
    await control('clock', { advanceDays: 1 }, 'PUT');
    expect(await run(['policy', 'alice', '--yes'])).toMatchObject({ code: 0 });
    expect(await run(['confirm', 'alice', '--yes'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is confirmed'),
    });
    await control('clock', { advanceDays: 1 }, 'PUT');
    const back = await run(['rollback', 'alice', '--yes']);
    expect(back.code).toBe(0);
    expect(back.stderr).toMatch(/^Then {5}the older key is current again, and alice is held for 30 days\.$/m);
    expect(back.stderr).toContain('Next: keyturn hold alice --until <day> --stage local');
    await control('clock', { advanceDays: 1 }, 'PUT');
    const lifted = await run(['hold', 'alice', '--until', '2020-01-01', '--yes']);
    expect(lifted.code).toBe(0);
    expect(lifted.stderr).toContain('the hold of alice is lifted.');
    await control('clock', { advanceDays: 1 }, 'PUT');
    const held = await run(['hold', 'alice', '--until', '2999-01-31', '--yes']);
    expect(held.stderr).toContain('alice is left alone until 2999-01-31.');
    expect((await asked()).at(-1)).toEqual({ userName: 'alice', action: 'hold', holdUntil: '2999-01-31' });
  });

  it('retire asks for the name of the user', async () => {
    const { keys } = JSON.parse((await run(['rotate', 'alice', '--yes', '--json'])).stdout);
    const accessKeyId: string = keys[0].accessKeyId;
    await control('clock', { advanceDays: 1 }, 'PUT');
    const retire = (keysTyped: string) =>
      run(['retire', 'alice', '--access-key-id', accessKeyId], {
        answers: [{ to: /Type the user's name to go on/, keys: `${keysTyped}\r` }],
      });
    expect(await retire('alicia')).toMatchObject({ code: 1, stdout: '' });
    const retired = await retire('alice');
    expect(retired).toMatchObject({ code: 0, stdout: expect.stringContaining(accessKeyId) });
    expect((await asked()).at(-1)).toEqual({ userName: 'alice', action: 'retire', accessKeyId });
  });
});

describe('what goes wrong', () => {
  it('is an unknown user: the sentence of the function, and 64', async () => {
    const ran = await run(['rotate', 'nobody', '--yes']);
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).toContain('there is no IAM user nobody in account 111122223333');
  });

  it('is a stage that nobody deployed', async () => {
    const ran = await keyturn(['rotate', 'alice', '--yes'], { environment: environment() });
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).toBe(
      'There is no function keyturn-dev-rotate-user in eu-west-1 of account 111122223333: give --stage and --region of ' +
        'the deployment, or deploy first.\n',
    );
  });

  it('is somebody who must decide: 3, and the reason is explained next', async () => {
    await run(['rotate', 'alice', '--yes']);
    await control('clock', { advanceDays: 1 }, 'PUT');
    const ran = await run(['rotate', 'alice', '--yes']);
    expect(ran).toMatchObject({ code: 3, stdout: expect.stringContaining('alice') });
    expect(ran.stderr).toMatch(/Next: keyturn explain two-keys\n$/);
  });

  it('is a refusal of AWS to the function: 77', async () => {
    const fault = { kind: 'error', status: 403, code: 'AccessDenied', message: 'not authorized' };
    await control('faults', [{ service: 'iam', operation: 'CreateAccessKey', times: 9, fault }]);
    const ran = await run(['rotate', 'alice', '--yes']);
    expect(ran.code).toBe(77);
    expect(`${ran.stdout}${ran.stderr}`).toContain('iam:CreateAccessKey');
  });

  it('is a refusal of AWS to the operator: 77, with the permission', async () => {
    const fault = { kind: 'error', status: 403, code: 'AccessDeniedException', message: 'not authorized' };
    await control('faults', [{ service: 'lambda', operation: 'Invoke', fault }]);
    const ran = await run(['rotate', 'alice', '--yes']);
    expect(ran).toMatchObject({ code: 77, stdout: '' });
    expect(ran.stderr).toContain('lambda:InvokeFunction');
  });

  it('is an answer that never came: 75, and nothing is asked twice', async () => {
    await control('faults', [{ service: 'lambda', operation: 'Invoke', nth: 2, fault: { kind: 'lost-response' } }]);
    const ran = await run(['rotate', 'alice', '--yes']);
    expect(ran).toMatchObject({ code: 75, stdout: '' });
    expect(ran.stderr).toContain('did not answer, and may have acted');
    expect(await asked()).toHaveLength(2);
  });

  it.each([
    [['rotate', 'a b', '--yes'], '<user>: must be an IAM user name'],
    [['rotate', 'alice', '--yes', '--grace-days', '0.5'], "'--grace-days <n>' argument '0.5' is invalid"],
    [['rotate', 'alice', '--yes', '--compromised', '--grace-days', '1'], '--grace-days: does not go with compromised'],
    [['retire', 'alice', '--yes'], "required option '--access-key-id <id>' not specified"],
    [['retire', 'alice', '--access-key-id', 'x', '--yes'], "'--access-key-id <id>' argument 'x' is invalid"],
    [['hold', 'alice', '--yes'], "required option '--until <date>' not specified"],
    [['hold', 'alice', '--yes', '--until', 'soon'], "'--until <date>' argument 'soon' is invalid"],
    [['hold', 'alice', '--yes', '--until', '2027-02-30'], '--until: must be a date YYYY-MM-DD'],
    [['rotate', 'alice', '--yes', '--profile', 'a', '--profile', 'b'], '--profile: this acts in one account'],
    [['rotate'], "missing required argument 'user'"],
    [['rotate', 'alice', 'bob'], 'too many arguments'],
  ])('is %j: 64, before anything is asked of AWS', async (args, said) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).toContain(said);
    expect(await control('calls', undefined, 'GET')).toEqual([]);
  });

  it.each([
    ['rotate', 'alice'],
    ['confirm', 'alice'],
    ['hold', 'alice', '--until', '2030-01-01'],
    ['rollback', 'alice'],
    ['retire', 'alice', '--access-key-id', 'AKIAIOSFODNN7EXAMPLE'],
    ['policy', 'alice'],
    ['pause'],
    ['resume'],
  ])('is nobody to ask: %s %s', async (...args) => {
    for (const more of [[], ['--no-input']]) {
      const ran = await run([...args, ...more]);
      expect(ran).toMatchObject({ code: 64, stdout: '' });
      expect(ran.stderr).toMatch(/Use --yes\.\n$/);
    }
    expect(await control('calls', undefined, 'GET')).toEqual([]);
  });
});

describe('a function that answers otherwise', () => {
  const aws = createLocalAws();
  let other: LocalServer;
  beforeAll(async () => {
    other = await startServer(aws);
  });
  afterAll(() => other.close());

  function answering(handler: (event: unknown) => Promise<unknown>): Promise<Ran> {
    const roleArn = functionRoleArn(aws.accountId, 'rotate-user');
    aws.lambda.deploy({ functionName: 'keyturn-dev-rotate-user', roleArn, environment: {}, handler });
    return keyturn(['rotate', 'alice', '--yes'], { environment: { ...environment(), AWS_ENDPOINT_URL: other.url } });
  }

  const answer = { dryRun: false, reason: 'asked', message: 'A new key is issued.', plan: [], keys: [], outcomes: [] };

  it('says loudly that a dry run changed nothing, and fails', async () => {
    const ran = await answering(async () => ({ ...answer, dryRun: true, status: 'planned' }));
    expect(ran).toMatchObject({ code: 1, stdout: 'A new key is issued.\n' });
    expect(ran.stderr).toContain('! NOTHING WAS CHANGED: the deployment keyturn-dev runs with enforce=false');
    expect(ran.stderr).not.toContain('Next:');
  });

  it.each([
    ['busy', 'busy', 75, 'Next: keyturn rotate alice'],
    ['busy', 'settling', 75, 'Next: keyturn rotate alice'],
    ['planned', 'out-of-time', 75, 'Next: keyturn explain out-of-time'],
    ['unchanged', 'exempt', 0, 'Next: keyturn status alice'],
    ['blocked', 'two-keys', 3, 'Next: keyturn explain two-keys'],
    ['failed', 'refused', 77, 'Next: keyturn explain refused'],
    ['failed', 'not-proven', 1, 'Next: keyturn explain not-proven'],
  ])('%s, %s: %i', async (status, reason, code, next) => {
    const ran = await answering(async () => ({ ...answer, status, reason }));
    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(next);
  });

  it.each([
    [new ConflictError('Somebody else has alice.'), 75],
    [new EventError('userName: no.'), 64],
    [new SettingsError('KEYTURN_GRACE_DAYS is wrong.'), 1],
    [new RotationError('Cannot call iam:GetUser on alice: ServiceFailure'), 1],
    [new RotationError('Cannot call iam:GetUser on alice: AccessDenied: no'), 77],
    [new RotationError('Cannot call iam:GetUser on alice: Throttling: slower'), 75],
    [Object.assign(new Error('Task timed out after 300.00 seconds'), { name: 'Sandbox.Timedout' }), 75],
  ])('%s: %i', async (error, code) => {
    const ran = await answering(() => Promise.reject(error));
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(error.message);
  });
});

describe('pause and resume', () => {
  it('switch the worker off and on, and say what waits', async () => {
    const paused = await run(['pause'], {
      answers: [{ to: /Pause the worker of keyturn-local in account/, keys: 'y' }],
    });
    expect(paused).toMatchObject({ code: 0, stdout: 'The worker of keyturn-local is paused.\n' });
    expect(paused.stderr).toContain('wait in the queue for four days');
    expect(paused.stderr).toMatch(/Next: keyturn resume --stage local\n$/);
    expect((await run(['pause', '--yes'])).stdout).toBe('The worker of keyturn-local is paused already.\n');
    expect((await run(['resume', '--yes'])).stdout).toBe('The worker of keyturn-local is enabled.\n');
    expect(JSON.parse((await run(['resume', '--yes', '--json'])).stdout)).toEqual({
      schemaVersion: 1,
      accountId: '111122223333',
      stage: 'local',
      worker: 'enabled',
      changed: false,
    });
  });

  it('know no deployment but their own', async () => {
    const ran = await keyturn(['pause', '--yes'], { environment: environment() });
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).toContain('No queue feeds keyturn-dev-rotation-worker in eu-west-1');
  });
});
