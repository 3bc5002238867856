// cli/commands/verify.ts, cli/evidence/place.ts, cli/evidence/read.ts
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { operatorCredentials } from '../../local/aws/principals.ts';
import { type LocalServer, startServer } from '../../local/aws/server.ts';
import { putEvidence } from '../../shared/apply/put-evidence.ts';
import { chainKey, hashOf } from '../../shared/core/evidence/chain.ts';
import { appendDigest } from '../../shared/service/append-digest.ts';
import { keepRecord } from '../../shared/service/evidence-recorder.ts';
import { addEvidenceBucket, evidenceBucket } from '../support/evidence.ts';
import { keyturn } from '../support/terminal.ts';
import { createWorld, DAY } from '../support/world.ts';

const world = createWorld();
const { aws } = world;
const accountId = aws.accountId;
let server: LocalServer;
let folder: string;
let heads: string[];

beforeAll(async () => {
  server = await startServer(aws);
});
afterAll(() => server.close());

beforeEach(async () => {
  await order([]);
  aws.reset();
  folder = await mkdtemp(join(tmpdir(), 'keyturn-evidence-'));
  const settings = addEvidenceBucket(aws);
  const runtime = world.runtime('evidence');
  heads = [];
  for (const name of ['20260101T020000Z_a', '20260102T020000Z_b', '20260103T020000Z_c']) {
    await keepRecord(runtime, settings, {
      body: JSON.stringify({ schemaVersion: 1, event: 'digest', name }),
      messageId: name,
    });
    aws.clock.advance(DAY);
    const page = `${accountId}/runs/${name}/index.html`;
    await putEvidence(runtime.aws, settings, { key: page, body: name });
    const body = JSON.stringify({ files: [{ name: 'index.html', sha256: hashOf(name) }] });
    const manifest = { key: `${accountId}/runs/${name}/manifest.${hashOf(body)}.json`, sha256: hashOf(body) };
    await putEvidence(runtime.aws, settings, { key: manifest.key, body });
    const run = { manifest, unfinished: [], eventsUntil: {}, version: '0.0.0' };
    heads.push((await appendDigest(runtime, settings, run)).sha256);
  }
});
afterEach(() => rm(folder, { recursive: true }));

function order(rules: unknown): Promise<Response> {
  return fetch(`${server.url}/_local/faults`, { method: 'POST', body: JSON.stringify(rules) });
}

const denied = (operation: string, nth = 1) =>
  order([{ service: 's3', operation, nth, times: 99, fault: { kind: 'error', status: 403, code: 'AccessDenied' } }]);

function verify(place: string, ...args: string[]) {
  const environment = {
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: operatorCredentials.secretAccessKey,
  };
  return keyturn(['verify', place, ...args], { environment, now: aws.clock.now() });
}

/** What `aws s3 sync` makes. */
async function copied(): Promise<string> {
  for (const { key, body } of aws.s3.versions(evidenceBucket)) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), body ?? '');
  }
  return folder;
}

const bucket = `s3://${evidenceBucket}`;
const record = (): string => aws.s3.versions(evidenceBucket).find(({ key }) => key.includes('/records/'))?.key ?? '';

describe('evidence that nobody has touched', () => {
  test('is valid in the bucket, up to the head that was published', async () => {
    const { code, stdout } = await verify(bucket, '--head', `3:${heads[2]}`);
    expect(stdout).toMatch(
      /^Account 111122223333: 3 digests; \d+ objects valid; 0 wrong; 0 not checked; 0 gaps; head 3:[0-9a-f]{64}; by a published head nothing is missing up to digest 3\.$/m,
    );
    expect(code).toBe(0);
  });

  test('is valid in a copy, without any call', async () => {
    const place = await copied();
    const before = aws.calls.length;
    const { code, stdout, stderr } = await verify(place, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      accounts: [{ accountId, result: 'valid', digests: 3, verdicts: [{ word: 'UNCHAINED' }] }],
    });
    expect(stderr).toContain('Versions and delete markers are not to be seen here.');
    expect(stderr).toContain('No --head was given');
    expect(code).toBe(0);
    expect(aws.calls.length).toBe(before);
  });
});

describe('a published head', () => {
  const other = '444455556666';
  const collectOther = async () => {
    const settings = { bucket: evidenceBucket, owner: accountId, accountId: other, expireDays: 0 };
    const rest = {
      homeAccountId: accountId,
      lock: { mode: 'none' as const, days: 0 },
      signingKeyArn: '',
      trailLogGroupName: '',
    };
    const runtime = world.runtime('evidence');
    const body = JSON.stringify({ files: [] });
    const manifest = { key: `${other}/runs/20260103T020000Z_c/manifest.${hashOf(body)}.json`, sha256: hashOf(body) };
    await putEvidence(runtime.aws, { ...settings, ...rest }, { key: manifest.key, body });
    const run = { manifest, unfinished: [], eventsUntil: {}, version: '0.0.0' };
    await appendDigest(runtime, { ...settings, ...rest }, run);
  };

  test('that names its account is asked of no other chain', async () => {
    await collectOther();
    const { code, stdout } = await verify(bucket, '--head', `${accountId}/3:${heads[2]}`);
    expect(stdout).toContain('nothing is missing up to digest 3');
    expect(stdout).toMatch(/^Account 444455556666: 1 digest; .* 0 wrong;/m);
    expect(code).toBe(0);
    expect((await verify(bucket, '--head', `3:${heads[2]}`)).code).toBe(3);
  });

  test('of an account of which there is nothing says that its end was cut off', async () => {
    const { code, stdout } = await verify(bucket, '--head', `${other}/1:${heads[0]}`);
    expect(stdout).toMatch(/^TRUNCATED .*number 1 was published and is not there$/m);
    expect(code).toBe(3);
  });
});

describe('what is wrong ends with 3', () => {
  test.each([
    ['ALTERED', () => aws.s3.put(evidenceBucket, record(), 'forged')],
    ['DELETED', () => aws.s3.put(evidenceBucket, record(), undefined)],
    ['MISSING', () => aws.s3.destroy(evidenceBucket, record())],
    ['EXTRA', () => aws.s3.put(evidenceBucket, `${accountId}/records/2026/01/01/forged.json`, 'x')],
    ['STRAY', () => aws.s3.put(evidenceBucket, chainKey(accountId, 4), 'x')],
  ])('%s', async (word, tamper) => {
    tamper();
    const { code, stdout } = await verify(bucket);
    expect(stdout).toMatch(new RegExp(`^${word} ${accountId}/`, 'm'));
    expect(code).toBe(3);
  });

  test('a head that is not there, and a signature that is not the key’s', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = join(folder, 'public.pem');
    await writeFile(pem, publicKey.export({ type: 'spki', format: 'pem' }));
    const { code, stdout } = await verify(bucket, '--quick', '--head', '0'.repeat(64), '--public-key', pem);
    expect(stdout).toMatch(/^TRUNCATED /m);
    expect(stdout).toMatch(/^BAD SIGNATURE .* has no signature$/m);
    expect(code).toBe(3);
  });
});

/** Of the chain as it stands, one digest more. */
async function signedDigest(): Promise<string> {
  const { arn } = aws.kms.addSigningKey({ alias: 'alias/evidence' });
  const runtime = world.runtime('evidence');
  const lock = { mode: 'governance' as const, days: 400 };
  const place = { bucket: evidenceBucket, owner: accountId, accountId, homeAccountId: accountId };
  const settings = { ...place, lock, expireDays: 0, signingKeyArn: arn, trailLogGroupName: '' };
  aws.clock.advance(DAY);
  const manifest = { key: `${accountId}/runs/20260104T020000Z_d/manifest.${hashOf('{}')}.json`, sha256: hashOf('{}') };
  await putEvidence(runtime.aws, settings, { key: manifest.key, body: '{}' });
  await appendDigest(runtime, settings, { manifest, unfinished: [], eventsUntil: {}, version: '0.0.0' });
  const kms = runtime.aws.clientOf((options) => new KMSClient(options));
  const { PublicKey = new Uint8Array() } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }));
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  const pem = join(folder, 'public.pem');
  await writeFile(pem, key.export({ type: 'spki', format: 'pem' }));
  return pem;
}

test('what KMS has signed is checked with its public key, and told of without', async () => {
  const pem = await signedDigest();
  const checked = await verify(bucket, '--public-key', pem);
  expect(checked.stdout).not.toContain('SIGNATURE');
  expect(checked.code).toBe(0);
  const unchecked = await verify(bucket);
  expect(unchecked.stdout).toMatch(/^NOT CHECKED \S+0000000004\.jsonl is signed, and nothing tells by whom/m);
  expect(unchecked.code).toBe(1);
});

describe('what could not be checked is never valid', () => {
  test('an object that may not be read ends with 1', async () => {
    await denied('GetObject', 5);
    const { code, stdout } = await verify(bucket);
    expect(stdout).toMatch(/^NOT CHECKED .* could not be read$/m);
    expect(code).toBe(1);
  });

  test('versions that may not be listed are told of, since whoever overwrote something stays unseen', async () => {
    await denied('ListObjectVersions');
    const { code, stdout } = await verify(bucket);
    expect(stdout).toMatch(/^NOT CHECKED 111122223333\/ .*s3:ListBucketVersions/m);
    expect(code).toBe(1);
  });

  test('a bucket that may not be listed ends with 77', async () => {
    await order(
      ['ListObjectVersions', 'ListObjectsV2'].map((operation) => ({
        operation,
        times: 99,
        fault: { kind: 'error', status: 403, code: 'AccessDenied' },
      })),
    );
    const { code, stderr } = await verify(bucket);
    expect(stderr).toContain('s3:ListBucket');
    expect(code).toBe(77);
  });

  test('a folder that is none, or holds none, ends with 1', async () => {
    expect(await verify(join(folder, 'none'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no such folder'),
    });
    expect(await verify(folder)).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no evidence') });
    expect(await verify('s3://nowhere')).toMatchObject({ code: 1 });
  });
});

test('a bucket is found in its own Region', async () => {
  addEvidenceBucket(aws, { region: 'us-east-1' });
  expect((await verify(bucket)).code).toBe(0);
});

test('a bucket of another account than is expected is not read', async () => {
  expect((await verify(bucket, '--bucket-owner', accountId)).code).toBe(0);
  const calls = aws.calls.filter(({ service }) => service === 's3').map(({ operation }) => operation);
  expect(calls.length).toBeGreaterThan(0);
  expect(await verify(bucket, '--bucket-owner', '999988887777')).toMatchObject({ code: 77, stdout: '' });
});

test('from a digest on, nothing of those before it is read or judged', async () => {
  aws.s3.destroy(evidenceBucket, record());
  expect((await verify(bucket)).code).toBe(3);
  const before = aws.calls.length;
  const { code, stdout, stderr } = await verify(bucket, '--from', '3', '--head', `3:${heads[2]}`);
  expect(stdout).toMatch(/^Account 111122223333: 1 digest; \d+ objects valid; 0 wrong;.* up to digest 3\.$/m);
  expect(stderr).toContain('Of what the digests before number 3 name, nothing was looked at.');
  expect(code).toBe(0);
  const read = aws.calls.slice(before).filter(({ operation }) => operation === 'GetObject');
  expect(read).toHaveLength(3 + 3 + 1);
  expect(await verify(bucket, '--from', '4')).toMatchObject({ code: 64, stderr: expect.stringContaining('--from 4') });
});

test.each([
  ['--head', 'x'],
  ['--from', '0'],
  ['--bucket-owner', 'x'],
  ['--public-key', 'none.pem'],
])('what is no %s is wrong usage', async (option, value) => {
  const { code, stderr } = await verify(folder, option, value);
  expect(stderr).toContain(option);
  expect(code).toBe(64);
});
