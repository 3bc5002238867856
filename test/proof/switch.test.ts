import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { steps } from '../../cli/owner/request.ts';
import { createRotated, type Rotated, secretNameOf, statusOf } from '../support/life.ts';
import {
  createMachine,
  endpointArgs,
  type Machine,
  type Ran,
  read,
  withPair,
  writeCredentials,
} from '../support/owner.ts';
import { printTable, seconds } from '../support/proof/report.ts';

let life: Rotated;
let machine: Machine;
let before: string;
let after: string;

beforeEach(async () => {
  life = await createRotated();
  machine = await createMachine(life);
  before = writeCredentials(machine, life, life.previous);
  after = withPair(before, life, life.previous, life.current);
});
afterEach(() => machine.close());

interface Ended extends Ran {
  signal: NodeJS.Signals | null;
}

/** A process of its own: the embedded AWS is in this one, which must go on. */
function start(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const env = { PATH: process.env.PATH, HOME: machine.home, ...environment };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += String(chunk);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? -1, signal, ...said }));
  });
}

const ran = (): string => join(machine.home, 'ran');
const command = (): string[] => ['sh', '-c', 'echo once >> "$1"', 'sh', ran()];
const timesRun = (): number => (existsSync(ran()) ? read(ran()).split('\n').length - 1 : 0);

const until = (step: string): Promise<Ended> =>
  start(['test/support/switch-until.ts', step, machine.server.url, machine.home, ...command()]);

const lock = (): string => `${machine.credentials}.keyturn-lock`;

/** As if a minute had passed. */
function ageLock(): void {
  if (!existsSync(lock())) return;
  writeFileSync(lock(), read(lock()).replace(/"at":"[^"]+"/, '"at":"2026-01-01T00:00:00.000Z"'));
}

describe('killed right after', () => {
  const killed: [string, string, number][] = [];

  it.each(steps)('the step "%s", it leaves one pair, and the next run ends with the newest', async (step) => {
    const { signal, stderr } = await until(step);
    expect(signal, stderr).toBe('SIGKILL');
    expect([before, after]).toContain(read(machine.credentials));
    expect(statusOf(life.aws, life.previous)).toBe('Active');
    const pair = read(machine.credentials) === before ? 'old' : 'new';

    ageLock();
    expect((await until('none')).code).toBe(0);
    expect(read(machine.credentials)).toBe(after);
    expect(timesRun()).toBeGreaterThan(0);
    killed.push([step, pair, timesRun()]);

    const { stdout, code } = await until('none');
    expect({ stdout, code }).toEqual({ code: 0, stdout: expect.stringContaining('It is the newest key') });
    expect(timesRun()).toBe(killed.at(-1)?.[2]);
    const left = readdirSync(join(machine.home, '.aws')).map((name) => name.replace(/-[\da-f]{16}$/, ''));
    // Of a run that was killed once the file was written: the lock waits for the next write.
    const lockLeft = step === 'written' ? ['credentials.keyturn-lock'] : [];
    expect(left).toEqual(['credentials', ...lockLeft, 'credentials.keyturn-ran']);
    if (step === steps.at(-1)) printTable('Killed after a step: pair in the file, times the command ran', killed);
  });
});

describe('at the same time', () => {
  it('eight switches and a program that knows of no lock lose no setting', async () => {
    const begun = performance.now();
    const foreign = 60;
    const all = await Promise.all([
      start(['test/support/foreign-writer.ts', machine.credentials, `${foreign}`]),
      ...Array.from({ length: 8 }, () =>
        start(['cli/keyturn.ts', ...endpointArgs(machine.server), '--profile', 'alice']),
      ),
    ]);
    expect(all.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual(all.map(() => 0));

    const text = read(machine.credentials);
    expect(text.startsWith(after)).toBe(true);
    const sections = [...text.slice(after.length).matchAll(/\[foreign-(\d+)\]\nregion = eu-west-(\d+)\n/g)];
    expect(sections.map(([, name]) => Number(name)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: foreign }, (_, at) => at),
    );
    expect(sections.every(([, name, value]) => name === value)).toBe(true);
    expect(text.length).toBe(after.length + sections.reduce((sum, [section]) => sum + section.length, 0));
    expect(statSync(machine.credentials).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(machine.home, '.aws'))).toEqual(['credentials']);
    printTable('At the same time', [
      ['switches', 8],
      ['settings of another program', foreign],
      ['seconds', seconds(begun)],
    ]);
  });
});

describe('no secret', () => {
  /** As text, as an inspected buffer, and in base64: whole and in half. */
  function formsOf(secret: string): string[] {
    return [secret.slice(0, 20), secret.slice(20)].flatMap((half) => [
      half,
      Buffer.from(half)
        .toString('hex')
        .replace(/(..)(?!$)/g, '$1 '),
      Buffer.from(half).toString('hex'),
      encodeURIComponent(half),
      Buffer.from(half).toString('base64').slice(0, 24),
    ]);
  }

  it('is in any output, report or error, however much is said', async () => {
    const begun = performance.now();
    const outputs: string[] = [];
    const talkative = { NODE_DEBUG: '*' };
    const reports = ['--report-on-fatalerror', '--report-uncaught-exception', `--report-directory=${machine.home}`];
    const go = async (args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> => {
      const ended = await start(
        [...reports, 'cli/keyturn.ts', ...endpointArgs(machine.server), '--verbose', ...args],
        environment,
      );
      outputs.push(ended.stdout, ended.stderr);
      return ended;
    };
    const alice = ['--profile', 'alice'];
    const pair = {
      AWS_ACCESS_KEY_ID: life.previous,
      AWS_SECRET_ACCESS_KEY: life.aws.iam.secretAccessKeyOf(life.previous),
    };
    expect((await go([...alice, '--check'], talkative)).code).toBe(2);
    expect((await go(['--from-env', '--check'], { ...talkative, ...pair })).code).toBe(2);
    expect((await go(['--from-env', '--no-file', '--', 'true'], pair)).code).toBe(0);
    expect((await go(['--from-env', '--no-file', '--', 'true'], { ...talkative, ...pair })).code).toBe(64);
    expect((await go([...alice, '--', 'true'], { ...talkative, ...pair })).code).toBe(64);
    expect((await go([...alice, '--json', '--', 'true'], talkative)).code).toBe(0);
    expect((await go(alice, talkative)).code).toBe(0);
    writeCredentials(machine, life, life.previous);
    for (const text of oddTexts(life)) {
      await plant(text);
      expect((await go(alice, talkative)).code).toBe(1);
    }
    writeFileSync(
      machine.credentials,
      read(machine.credentials).replace('\nregion', '\naws_session_token = t\nregion'),
    );
    expect((await go(alice, talkative)).code).toBe(64);
    life.aws.iam.setKeyStatus(life.previous, 'Inactive');
    before = writeCredentials(machine, life, life.previous);
    expect((await go(alice, talkative)).code).toBe(1);

    const written = readdirSync(machine.home).filter((name) => statSync(join(machine.home, name)).isFile());
    outputs.push(...written.map((name) => readFileSync(join(machine.home, name), 'utf8')));
    const text = outputs.join('\n');
    expect(text).toContain('secretsmanager:GetSecretValue');
    expect(text).toMatch(/HTTP \d+|NET \d+/);
    const secrets = life.aws.iam.everySecretAccessKey();
    expect(secrets.length).toBeGreaterThan(1);
    expect(secrets.flatMap(formsOf).filter((form) => text.includes(form))).toEqual([]);
    printTable('Outputs searched for every secret', [
      ['runs', outputs.length / 2],
      ['characters', text.length],
      ['secrets', secrets.length],
      ['seconds', seconds(begun)],
    ]);
  });

  function oddTexts({ aws, current, previous }: Rotated): string[] {
    const value = {
      Version: 1,
      AccessKeyId: current,
      AccountId: aws.accountId,
      SecretAccessKey: aws.iam.secretAccessKeyOf(current),
    };
    const whole = JSON.stringify(value);
    return [
      whole.slice(0, -2),
      `${whole}x`,
      JSON.stringify({ ...value, SecretAccessKey: `${value.SecretAccessKey} ` }),
      JSON.stringify({ ...value, AccessKeyId: value.SecretAccessKey }),
      JSON.stringify({ ...value, SecretAccessKey: aws.iam.secretAccessKeyOf(previous) }),
    ];
  }

  async function plant(text: string): Promise<void> {
    const { secrets } = life.runtime('rotate-user').aws;
    const labels = ['AWSCURRENT', `${life.current}.planted`];
    const SecretId = secretNameOf(life.userId);
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: text, VersionStages: labels }));
  }
});
