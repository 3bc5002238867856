import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { done } from './report.ts';
import type { KeyPair } from './terminal.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = join(ROOT, 'test/e2e');
export const VENV = join(ROOT, '.venv/e2e');
export const ACCOUNT = '123456789012';
export const REGION = 'eu-west-1';
/** Whoever deploys: outside the account's IAM, so that only the deployed roles and the owners are judged. */
export const DEPLOYER = { accessKeyId: 'deployer', secretAccessKey: 'deployer' };

const DAY_SECONDS = 86_400;

export interface Email {
  event: string;
  text: string;
}

export interface UserElsewhere {
  accountId: string;
  path: string;
  userName: string;
  policy: object;
}

/** moto on loopback, with what launcher.py adds to it. */
export interface Emulator {
  endpoint: string;
  workDir: string;
  advanceDays(days: number): Promise<void>;
  /** The clock of this AWS. */
  now(): Promise<string>;
  age(accessKeyId: string, days: number): Promise<void>;
  /** What an address that is subscribed to the topic got about a user, oldest first. */
  emails(userName: string): Promise<Email[]>;
  /** Somebody with a key in another account, of which nothing else is there. */
  userElsewhere(user: UserElsewhere): Promise<KeyPair>;
  /** As the Lambda service does for a trigger. Throws if the function fails. */
  invoke(functionName: string, event: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

/** Made once, and again when requirements.txt changes. */
export function ensurePython(): void {
  const requirements = join(HERE, 'requirements.txt');
  const stamp = join(VENV, 'requirements.sha256');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    done(`Python packages in ${VENV} are there`);
    return;
  }
  const python = process.env.KEYTURN_E2E_PYTHON ?? 'python3';
  execFileSync(python, ['-m', 'venv', '--clear', VENV], { stdio: 'inherit' });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  execFileSync(join(VENV, 'bin/python'), pip, { stdio: 'inherit' });
  writeFileSync(stamp, wanted);
  done(`Python packages of requirements.txt installed in ${VENV}`);
}

export async function startEmulator(workDir: string): Promise<Emulator> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const log = openSync(join(workDir, 'moto.log'), 'a');
  const args = [join(HERE, 'launcher.py'), String(port), process.execPath, workDir, DEPLOYER.accessKeyId];
  // A group of its own: the functions' processes end with it.
  const child = spawn(join(VENV, 'bin/python'), args, {
    cwd: workDir,
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: '/usr/bin:/bin', HOME: workDir, PYTHONDONTWRITEBYTECODE: '1', PYTHONWARNINGS: 'ignore', ...DUMMY },
  });
  process.once('exit', () => endGroup(child));
  await answers(endpoint, child);
  const post = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(endpoint + path, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    endpoint,
    workDir,
    async advanceDays(days) {
      await post('/_e2e/clock', { advanceSeconds: days * DAY_SECONDS });
    },
    async now() {
      const { now } = (await post('/_e2e/clock', { advanceSeconds: 0 })) as { now: string };
      return now;
    },
    async age(accessKeyId, days) {
      await post('/_e2e/age', { accessKeyId, days });
    },
    userElsewhere: async (user) => (await post('/_e2e/user', user)) as KeyPair,
    emails: async (userName) => (await post('/_e2e/emails', { userName })) as Email[],
    invoke: (functionName, event) => invoke(endpoint, functionName, event),
    async stop() {
      endGroup(child);
      if (child.exitCode === null && child.signalCode === null) {
        await new Promise((resolve) => child.once('exit', resolve));
      }
    },
  };
}

/** moto's own calls between its services are never signed with anything real. */
const DUMMY = { AWS_ACCESS_KEY_ID: 'moto', AWS_SECRET_ACCESS_KEY: 'moto', AWS_DEFAULT_REGION: REGION };

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('There is no free port on 127.0.0.1');
  return address.port;
}

async function answers(endpoint: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) break;
    try {
      await fetch(`${endpoint}/moto-api/`);
      return;
    } catch {
      await setTimeout(200);
    }
  }
  throw new Error('moto did not start within a minute: see moto.log');
}

async function invoke(endpoint: string, functionName: string, event: unknown): Promise<unknown> {
  const scope = `${DEPLOYER.accessKeyId}/20260101/${REGION}/lambda/aws4_request`;
  const response = await fetch(`${endpoint}/2015-03-31/functions/${functionName}/invocations`, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none` },
    body: JSON.stringify(event),
  });
  const text = await response.text();
  if (!response.ok || response.headers.has('x-amz-function-error')) {
    throw new Error(`${functionName} failed: ${response.status} ${text}`);
  }
  return JSON.parse(text);
}
