import { execFileSync, spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { formatCounts, sumCounts } from './counts.ts';

declare module 'vitest' {
  interface ProvidedContext {
    motoUrl: string;
    /** Where botocore keeps the service models. */
    modelsPath: string;
    /** Each test file leaves its counts here. */
    countsPath: string;
  }
}

const START_TIMEOUT_MS = 60_000;
const accountId = '111122223333';

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/moto-api/data.json`)).ok;
  } catch {
    return false;
  }
}

/** Starts moto on loopback; returns its address and how to stop it. */
async function startMoto(venv: string): Promise<{ url: string; stop: () => void }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn(join(venv, 'bin', 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
    // The same account as in the local AWS, so that ARNs can be compared as they are.
    env: { ...process.env, MOTO_ACCOUNT_ID: accountId, MOTO_CALL_RESET_API: 'false' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  server.stderr.on('data', (chunk) => {
    log = `${log}${chunk}`.slice(-4_000);
  });
  const until = Date.now() + START_TIMEOUT_MS;
  while (!(await isUp(url))) {
    if (server.exitCode !== null || Date.now() > until) {
      server.kill();
      throw new Error(`moto_server did not start on ${url} (exit status ${server.exitCode}):\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { url, stop: () => server.kill() };
}

/** vitest's globalSetup: the virtual environment, moto, and a place for counts; printed and cleared away at the end. */
export default async function setup(project: TestProject): Promise<() => void> {
  const script = fileURLToPath(new URL('setup.sh', import.meta.url));
  const venv = execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const [modelsPath] = globSync(join(venv, 'lib', 'python*', 'site-packages', 'botocore', 'data'));
  if (modelsPath === undefined) throw new Error(`No service models of botocore under ${venv}.`);
  const countsPath = mkdtempSync(join(tmpdir(), 'keyturn-contract-'));
  const moto = await startMoto(venv);
  project.provide('motoUrl', moto.url);
  project.provide('modelsPath', modelsPath);
  project.provide('countsPath', countsPath);
  return () => {
    moto.stop();
    const counts = globSync(join(countsPath, '*.json')).map((file) => JSON.parse(readFileSync(file, 'utf8')));
    process.stdout.write(`${formatCounts(sumCounts(counts))}\n`);
    rmSync(countsPath, { recursive: true });
  };
}
