// scripts/build.ts, scripts/bundling.ts

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalAws } from '../../local/aws/aws.ts';
import { type FunctionName, functionCredentials } from '../../local/aws/principals.ts';
import { type LocalServer, startServer } from '../../local/aws/server.ts';
import { functionNames } from '../../scripts/build.ts';
import { type Packaged, packageStack } from './package-stack.ts';
import { unzip } from './zip.ts';

const KIB = 1024;
const run = promisify(execFile);
const names = await functionNames();
/**
 * In KiB: what every cold start loads, and the whole of the package. The worker holds every service's client: IAM, STS,
 * Secrets Manager, SNS, SQS, Config, KMS.
 */
const LIMITS = { minified: 512, zipped: 184 };
const LIMITS_BY_FUNCTION: Record<string, typeof LIMITS> = {
  // Once a day, with the clients of S3, CloudTrail, SNS and SQS besides, and those of CloudWatch where alarms are asked
  // for: nobody waits for it.
  'evidence-collector': { minified: 720, zipped: 270 },
  'exposed-key': { minified: 524, zipped: 184 },
  'rotation-worker': { minified: 560, zipped: 192 },
};
/** What is loaded only where CloudTrail lookups or alarms are asked for, or by a deployment that has a fleet. */
const LAZY: Record<string, readonly string[]> = {
  'config-remediation': ['organization'],
  'config-rule': ['organization'],
  'evidence-collector': ['alarms', 'evidence-connection', 'fleet-evidence', 'organization'],
  'evidence-recorder': ['fleet-account', 'organization'],
  'exposed-key': ['fleet-exposed-key', 'organization'],
  'rotate-user': ['fleet-rotate-user', 'organization'],
  'rotation-worker': ['fleet-work', 'who-uses'],
  'scheduled-rotation': ['account-scan', 'fleet-run', 'organization'],
};
let zips: Packaged['zips'];

beforeAll(async () => {
  ({ zips } = await packageStack());
}, 120_000);

function zipOf(name: string): Buffer {
  return zips.get(name) ?? Buffer.alloc(0);
}

/** The bytes of `index.js` and of all that it imports at once. */
function loadedAtStart(name: string): number {
  const files = unzip(zipOf(name));
  const found = new Set([`dist/${name}/index.js`]);
  for (const file of found) {
    const code = String(files.get(file));
    for (const [, imported] of code.matchAll(/(?:from|import)"\.\/([\w-]+\.js)"/g))
      found.add(`dist/${name}/${imported}`);
  }
  return [...found].reduce((sum, file) => sum + (files.get(file)?.length ?? 0), 0);
}

describe.each(names)('the package of %s', (name) => {
  it('holds its bundle and nothing else', () => {
    const files = [...unzip(zipOf(name)).keys()].map((file) => file.replace(`dist/${name}/`, ''));
    // What several of the others have in common.
    const own = files
      .filter((file) => !/^chunk-\w{8}\.js$/.test(file))
      .map((file) => file.replace(/-\w{8}\.js$/, '.js'));
    const lazy = (LAZY[name] ?? []).map((module) => `${module}.js`);
    expect(own.sort()).toEqual(['index.js', 'package.json', ...lazy].sort());
  });

  it('stays within its limits', () => {
    const { minified, zipped } = LIMITS_BY_FUNCTION[name] ?? LIMITS;
    expect(loadedAtStart(name)).toBeLessThanOrEqual(minified * KIB);
    expect(zipOf(name).length).toBeLessThanOrEqual(zipped * KIB);
  });
});

describe('an unpacked package, without node_modules', () => {
  // The bundle runs on the machine's clock.
  const aws = createLocalAws({ now: Date.now(), ticking: true });
  const topicArn = aws.sns.addTopic('keyturn-test', ['ops@example.com']);
  const { queueUrl } = aws.sqs.addFifoPair('keyturn-test', { visibilitySeconds: 1_800, maxReceiveCount: 4 });
  let directory: string;
  let server: LocalServer;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'keyturn-task-'));
    aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
    server = await startServer(aws);
    for (const name of names) {
      for (const [file, content] of unzip(zipOf(name))) {
        await mkdir(dirname(join(directory, file)), { recursive: true });
        await writeFile(join(directory, file), content);
      }
    }
  });
  afterAll(async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function invoke(name: FunctionName, event: unknown): Promise<unknown> {
    const script = `
      const { handler } = await import(${JSON.stringify(join(directory, 'dist', name, 'index.js'))});
      const context = { awsRequestId: 'test', functionName: '${name}', getRemainingTimeInMillis: () => 300_000 };
      console.log('ANSWER' + JSON.stringify(await handler(${JSON.stringify(event)}, context)));`;
    const env = {
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      AWS_ENDPOINT_URL: server.url,
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: functionCredentials(name).accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'local',
      KEYTURN_TOPIC_ARN: topicArn,
      KEYTURN_QUEUE_URL: queueUrl,
    };
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: directory, env });
    return JSON.parse(stdout.split('ANSWER')[1] ?? 'null');
  }

  it('plans for one user over HTTP', async () => {
    expect(await invoke('rotate-user', { userName: 'alice' })).toMatchObject({ userName: 'alice', status: 'planned' });
  });

  it('scans the account over HTTP', async () => {
    expect(await invoke('scheduled-rotation', {})).toMatchObject({ dryRun: true, usersScanned: 1, errors: [] });
  });

  it('judges everybody for AWS Config over HTTP', async () => {
    const rule = 'keyturn-test-access-keys';
    aws.config.addRule(rule);
    const answer = await invoke('config-rule', aws.config.invocation(rule));
    expect(answer).toMatchObject({ ruleName: rule, evaluations: { NON_COMPLIANT: 1 } });
  });

  it('looks at whom AWS Config names over HTTP', async () => {
    const resourceId = aws.iam.users()[0]?.userId;
    expect(await invoke('config-remediation', { resourceId })).toMatchObject({ status: 'planned', userName: 'alice' });
  });

  it('looks for the owner of an exposed key over HTTP', async () => {
    const [key] = aws.iam.keysOf('alice');
    const detail = {
      eventTypeCode: 'AWS_RISK_CREDENTIALS_EXPOSED',
      affectedEntities: [{ entityValue: key?.accessKeyId }],
    };
    const answer = await invoke('exposed-key', { id: 'test', source: 'aws.health', detail });
    expect(answer).toMatchObject({ keys: [{ status: 'planned', userName: 'alice' }] });
  });

  it('refuses to rotate a secret that is not there', async () => {
    const event = { Step: 'testSecret', SecretId: 'keyturn/none', ClientRequestToken: 'a'.repeat(32) };
    await expect(invoke('secret-rotation', event)).rejects.toThrow('there is no secret keyturn/none');
  });

  it('takes a batch of messages', async () => {
    expect(await invoke('rotation-worker', { Records: [] })).toEqual({ batchItemFailures: [] });
  });
});
