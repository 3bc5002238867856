// cli/keyturn.ts, cli/main.ts, cli/exit-code.ts
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLocalAws } from '../../local/aws/aws.ts';
import { functionRoleArn, operatorCredentials } from '../../local/aws/principals.ts';
import { type LocalServer, startServer } from '../../local/aws/server.ts';
import { deployFunctions } from '../../local/host/deployment.ts';
import { createResources, type Resources } from '../../local/host/set-up.ts';
import { keyturn } from '../support/terminal.ts';

const aws = createLocalAws({ now: Date.now(), ticking: true });
let server: LocalServer;
let resources: Resources;
/** What rotate-user answers. */
let answer: () => Promise<unknown>;

beforeAll(async () => {
  server = await startServer(aws);
});
afterAll(() => server.close());
beforeEach(() => {
  aws.reset();
  aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 85 }] });
  resources = createResources(aws);
  deployFunctions(aws, resources, () => answer());
  answering({ status: 'changed' });
});

function answering(given: Record<string, unknown>): void {
  const whole = { dryRun: false, reason: 'asked', message: 'Done.', plan: [], keys: [], outcomes: [], ...given };
  answer = async () => whole;
}

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  ms: number;
}

const environment = () => ({
  HOME: '/nowhere',
  AWS_ENDPOINT_URL: server.url,
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: operatorCredentials.secretAccessKey,
});

/** The command line as a process of its own, with stdin closed. */
function spawned(args: readonly string[], interruptAt?: RegExp): Promise<Ended> {
  const startedAt = performance.now();
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, ['cli/keyturn.ts', ...args, '--stage', 'local'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, NODE_COMPILE_CACHE, ...environment() },
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += String(chunk);
    // A second one would be obeyed at once.
    if (interruptAt?.test(said.stderr) && !child.killed) child.kill('SIGINT');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...said, ms: performance.now() - startedAt }));
  });
}

const act = (...args: string[]) => spawned(args);
/** The same without a process: cli/keyturn.ts ends with the code that this returns. */
const here = (...args: string[]) => keyturn([...args, '--stage', 'local'], { environment: environment() });

describe('a process ends with', () => {
  it('0: done', async () => {
    expect(await act('rotate', 'alice', '--yes')).toMatchObject({ code: 0, stdout: 'Done.\n' });
    expect(await here('doctor')).toMatchObject({ code: 0, stderr: '' });
  });

  it('1: failed', async () => {
    answering({ status: 'planned', dryRun: true });
    expect(await act('rotate', 'alice', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('NOTHING WAS CHANGED'),
    });
  });

  it('2: something is due', async () => {
    aws.iam.addUser({ userName: 'bob', keys: [{ ageDays: 95 }] });
    expect(await act('plan', '--detailed-exitcode')).toMatchObject({ code: 2, stdout: expect.stringContaining('bob') });
    expect(await here('plan')).toMatchObject({ code: 0 });
  });

  it('3: somebody has to decide', async () => {
    answering({ status: 'blocked', reason: 'two-keys' });
    expect(await act('rotate', 'alice', '--yes')).toMatchObject({ code: 3 });
    aws.cloudWatch.setAlarm('keyturn-local-overdue-key', 'ALARM');
    expect(await here('doctor')).toMatchObject({ code: 3, stdout: expect.stringContaining('overdue-key') });
  });

  it('64: wrong usage', async () => {
    expect(await act('rotat')).toMatchObject({ code: 64, stderr: expect.stringContaining('Did you mean rotate?') });
    expect(await here('explain', 'nothing')).toMatchObject({ code: 64, stdout: '' });
    expect(await here('rotate', 'alice', '--grace-days', 'x')).toMatchObject({ code: 64, stdout: '' });
  });

  it('75: try again later', async () => {
    answering({ status: 'busy', reason: 'busy' });
    expect(await act('rotate', 'alice', '--yes')).toMatchObject({ code: 75, stdout: 'Done.\n' });
  });

  it('77: refused by AWS, with the permission', async () => {
    const { functionName, ...rest } = { functionName: 'keyturn-local-rotate-user', environment: {} };
    const refused = Object.assign(new Error('Cannot call iam:GetUser on alice: AccessDenied: no'), {
      name: 'RotationError',
    });
    const roleArn = functionRoleArn(aws.accountId, 'rotate-user');
    aws.lambda.deploy({ functionName, roleArn, ...rest, handler: () => Promise.reject(refused) });
    expect(await act('rotate', 'alice', '--yes')).toMatchObject({
      code: 77,
      stderr: expect.stringContaining('iam:GetUser'),
    });
  });

  it('130: interrupted while the function is at work', async () => {
    let isFirst = true;
    answering({ status: 'planned' });
    const planned = answer;
    answer = () => {
      if (!isFirst) return new Promise(() => {});
      isFirst = false;
      return planned();
    };
    const ended = await spawned(['rotate', 'alice', '--yes'], /Then/);
    expect(ended).toMatchObject({ code: 130, signal: null, stdout: '' });
    expect(ended.stderr).toMatch(/Interrupted\. What was asked of AWS before goes on there\.\n$/);
  });
});

describe('without a terminal and without --yes, nothing hangs:', () => {
  const refused = { code: 64, stdout: '', stderr: expect.stringMatching(/Use --yes\.\n$/) };

  it('a process ends with 64 in less than five seconds', async () => {
    const ended = await act('rotate', 'alice');
    expect(ended).toMatchObject(refused);
    expect(ended.ms).toBeLessThan(5_000);
    expect(aws.calls).toEqual([]);
  });

  it.each([
    'rotate alice',
    'confirm alice',
    'hold alice --until 2030-01-01',
    'rollback alice',
    'retire alice --access-key-id AKIAIOSFODNN7EXAMPLE',
    'policy alice',
    'pause',
    'resume',
  ])('%s ends with 64 while nothing is typed', { timeout: 5_000 }, async (line) => {
    expect(await here(...line.split(' '))).toMatchObject(refused);
    expect(aws.calls).toEqual([]);
  });
});
