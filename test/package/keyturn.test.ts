// scripts/build-keyturn.ts

import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalAws } from '../../local/aws/aws.ts';
import { operatorCredentials } from '../../local/aws/principals.ts';
import { startServer } from '../../local/aws/server.ts';
import manifest from '../../package.json' with { type: 'json' };
import { buildKeyturn, type PackedProgram } from '../../scripts/build-keyturn.ts';

const run = promisify(execFile);

/** Prints the address of each module that a program loads. */
const watching = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ load: (url, context, next) => (process._rawDebug(url), next(url, context)) });
`)}`;

let directory: string;
let built: PackedProgram;
let program: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyturn-packed-'));
  built = await buildKeyturn(join(directory, 'built'));
  // What `npm pack` would pack is what is installed: no link to the folder.
  const options = ['--install-links', '--offline', '--no-audit', '--no-fund', '--prefix', join(directory, 'installed')];
  await run('npm', ['install', ...options, join(directory, 'built')], { cwd: directory });
  program = join(directory, 'installed', 'node_modules', 'keyturn', 'keyturn.mjs');
}, 60_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What the installed program does, in an empty folder of its own. */
function keyturn(args: readonly string[], options: readonly string[] = [], environment: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, HOME: directory, ...environment };
  return run(process.execPath, [...options, program, ...args], { cwd: directory, env });
}

describe('the packed command line', () => {
  it('is built without a warning', () => {
    expect(built.warnings).toEqual([]);
  });

  it('needs no other package, and Node as its README says', async () => {
    const installed = JSON.parse(
      await readFile(join(directory, 'installed/node_modules/keyturn/package.json'), 'utf8'),
    );
    expect(installed).toEqual({
      name: 'keyturn',
      version: manifest.version,
      description: expect.any(String),
      license: manifest.license,
      type: 'module',
      bin: { keyturn: 'keyturn.mjs' },
      engines: { node: '>=22.12' },
    });
    expect(await readdir(join(directory, 'installed/node_modules'))).toEqual(
      expect.not.arrayContaining(['commander', '@aws-sdk']),
    );
    await access(join(directory, 'installed/node_modules/.bin/keyturn'));
  });

  it('says its version, and explains a reason', async () => {
    expect(await keyturn(['--version'])).toEqual({ stdout: `${manifest.version}\n`, stderr: '' });
    const { stdout, stderr } = await keyturn(['explain', 'two-keys']);
    expect(stdout).toContain('Both key slots are taken.');
    expect(stderr).toBe('');
  });

  it('plans an account, as nobody has deployed anything', async () => {
    const aws = createLocalAws({ now: Date.now(), ticking: true });
    aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 95 }] });
    const server = await startServer(aws);
    try {
      const { stdout, stderr } = await keyturn(['plan'], [], {
        AWS_ENDPOINT_URL: server.url,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: operatorCredentials.secretAccessKey,
      });
      expect(stdout).toMatch(/^alice .* issue +due$/m);
      expect(stderr).toContain('Settings: defaults');
      expect(stderr).not.toMatch(/warning|deprecat/i);
    } finally {
      await server.close();
    }
  });

  it('loads nothing of the SDK to say its version or its help', async () => {
    expect(built.atStart.filter((name) => /@aws-sdk|@smithy|zod/.test(name))).toEqual([]);
    for (const args of [['--version'], ['--help'], ['rotate', '--help']]) {
      const { stderr } = await keyturn(args, ['--import', watching]).catch((error: { stderr: string }) => error);
      const loaded = stderr.split('\n').filter((line) => line.startsWith('file:'));
      expect(loaded[0]).toMatch(/keyturn\.mjs$/);
      const code = await Promise.all(loaded.map((url) => readFile(new URL(url), 'utf8')));
      expect(code.filter((text) => /node_modules\/(@aws-sdk|@smithy)/.test(text))).toEqual([]);
    }
  });

  it('holds nothing but what permissive licences let it', async () => {
    for (const folder of built.packages) {
      const { license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
      expect({ folder, license }).toEqual({
        folder,
        license: expect.stringMatching(/^(MIT|Apache-2\.0|ISC|0BSD|BSD-[23]-Clause)$/),
      });
    }
  });

  it('has the licence of everything inside', async () => {
    const text = await readFile(join(directory, 'installed/node_modules/keyturn/THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const folder of built.packages) expect(text).toContain(`${folder.replace(/^.*node_modules\//, '')} `);
    expect(text).toContain('TJ Holowaychuk');
    expect(await readFile(join(directory, 'installed/node_modules/keyturn/LICENSE'), 'utf8')).toBe(
      await readFile('LICENSE', 'utf8'),
    );
  });
});

describe('from source', () => {
  it('loads nothing of the SDK to say its version', async () => {
    const { stderr } = await run(process.execPath, ['--import', watching, 'cli/keyturn.ts', '--version']);
    expect(stderr).toContain('cli/main.ts');
    expect(stderr).not.toMatch(/node_modules\/(@aws-sdk|@smithy)/);
  });
});
