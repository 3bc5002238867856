// scripts/build-hand-on.ts, hand-on/function.ts, hand-on/runtime.ts: the stack of a hand-on as it is deployed.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalAws } from '../../local/aws/aws.ts';
import { operatorCredentials } from '../../local/aws/principals.ts';
import { type LocalServer, startServer } from '../../local/aws/server.ts';
import { buildHandOn } from '../../scripts/build-hand-on.ts';

const run = promisify(execFile);
const example = await readFile('hand-on/hand-on.example.yml', 'utf8');
const aws = createLocalAws({ now: Date.now(), ticking: true });
let folder: string;
let server: LocalServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyturn-hand-on-'));
  server = await startServer(aws);
  await buildHandOn(example, 'keyturn', folder);
}, 60_000);
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const codeOf = () => join(folder, 'shop', 'code');

describe('the package of a hand-on', () => {
  it('holds its bundle, the file, and libsodium apart, which most never load', async () => {
    const files = (await readdir(codeOf())).map((file) => file.replace(/-\w{8}\.js$/, '-*.js'));
    expect(files).toEqual(
      expect.arrayContaining(['hand-on.json', 'index.js', 'libsodium-wrappers-*.js', 'package.json']),
    );
    const start = await readFile(join(codeOf(), 'index.js'), 'utf8');
    expect(start).not.toContain('crypto_box_seal_open');
    const [index] = await Promise.all([stat(join(codeOf(), 'index.js'))]);
    expect(index.size).toBeLessThan(512 * 1024);
  });

  it('runs without node_modules, and finds nobody in an empty account', async () => {
    const script = `
      const { handler } = await import(${JSON.stringify(join(codeOf(), 'index.js'))});
      const context = { awsRequestId: 'test', functionName: 'x', getRemainingTimeInMillis: () => 180_000 };
      console.log('ANSWER' + JSON.stringify(await handler({ source: 'aws.events' }, context)));`;
    const env = {
      AWS_ENDPOINT_URL: server.url,
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'local',
      KEYTURN_TOPIC_ARN: aws.sns.addTopic('keyturn-test', []),
      KEYTURN_SECRET_PREFIX: 'keyturn',
    };
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder, env });
    expect(JSON.parse(stdout.split('ANSWER')[1] ?? '')).toEqual({ schemaVersion: 1, users: [], notTried: [] });
  });

  it('refuses a file that is none, with the place', async () => {
    await expect(
      buildHandOn(example.replace('schemaVersion: 1', 'schemaVersion: 9'), 'keyturn', folder),
    ).rejects.toThrow(/schemaVersion/);
    await expect(buildHandOn(example, 'shop', folder)).rejects.toThrow(/below shop\//);
  });
});
