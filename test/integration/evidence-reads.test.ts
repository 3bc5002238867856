// shared/aws/s3.ts, shared/aws/evidence/bucket.ts, shared/aws/evidence/buckets.ts, shared/aws/evidence/own-bucket.ts,
// shared/aws/evidence/sign.ts, shared/aws/evidence/snapshot.ts, shared/aws/evidence/trails.ts,
// shared/aws/evidence/try-read.ts, shared/aws/evidence/unfinished.ts, shared/aws/evidence/users.ts,
// shared/aws/evidence/yesterday.ts, shared/aws/evidence/key-events.ts
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { NewBucket } from '../../local/aws/s3/s3.ts';
import { putEvidence } from '../../shared/apply/put-evidence.ts';
import {
  type EvidenceReader,
  evidenceReader,
  headOf,
  listKeys,
  listVersions,
  readObject,
} from '../../shared/aws/evidence/bucket.ts';
import { seeBuckets } from '../../shared/aws/evidence/buckets.ts';
import { seeKeyEvents } from '../../shared/aws/evidence/key-events.ts';
import { judgeOwnBucket } from '../../shared/aws/evidence/own-bucket.ts';
import { signDigest } from '../../shared/aws/evidence/sign.ts';
import { seeAccount } from '../../shared/aws/evidence/snapshot.ts';
import { seeTrails } from '../../shared/aws/evidence/trails.ts';
import { type Inspection, tryRead } from '../../shared/aws/evidence/try-read.ts';
import { unfinishedRuns } from '../../shared/aws/evidence/unfinished.ts';
import { seeUsers, type UserFacts } from '../../shared/aws/evidence/users.ts';
import { readYesterday } from '../../shared/aws/evidence/yesterday.ts';
import { scanAccount } from '../../shared/aws/scan.ts';
import { RotationError } from '../../shared/core/errors.ts';
import { denialsAsked } from '../../shared/core/evidence/bucket-policy.ts';
import type { CarriedFact } from '../../shared/core/evidence/carried-keys.ts';
import {
  type ChainFile,
  chainBody,
  type Hashed,
  hashOf,
  nextDigest,
  parseChainFile,
} from '../../shared/core/evidence/chain.ts';
import { keyEventNames } from '../../shared/core/evidence/event-windows.ts';
import type { EvidenceSettings } from '../../shared/core/evidence/evidence-settings.ts';
import { parseSettings, type Settings } from '../../shared/core/settings.ts';
import { asRecordedIn } from '../../shared/core/state-key.ts';
import { formatInstant, MINUTE } from '../../shared/core/time.ts';
import { cannedAws } from '../support/canned-aws.ts';
import { addEvidenceBucket, evidenceBucket } from '../support/evidence.ts';
import { createWorld, DAY, pass, type World, type WorldOptions } from '../support/world.ts';

interface Sight {
  world: World;
  inspection: Inspection;
  reader: EvidenceReader;
  settings: EvidenceSettings;
}

function setUp(options: WorldOptions = {}, bucket: Partial<NewBucket> = {}): Sight {
  const world = createWorld(options);
  const settings = addEvidenceBucket(world.aws, bucket);
  const { aws, clock, sleep } = world.runtime('collector');
  const inspection = { aws, clock, sleep, settings: parseSettings(world.environment), readUntil: Number.MAX_VALUE };
  return { world, inspection, settings, reader: evidenceReader(aws, settings) };
}

const account = '111122223333';

describe('what a call answers is a value, also where it is none', () => {
  const { inspection } = setUp();
  const failing = (error: unknown) => tryRead(inspection, () => Promise.reject(error));
  const failure = (code: string) => new RotationError(`Cannot: ${code}.`, { code });

  test.each([
    ['throttled', failure('Throttling')],
    ['throttled', failure('TooManyRequestsException')],
    ['denied', failure('AccessDenied')],
    ['denied', failure('AuthorizationErrorException')],
    ['not-answered', failure('InternalFailure')],
    ['not-answered', new Error('read ECONNRESET')],
  ])('%s: %s', async (reason, error) => {
    expect(await failing(error)).toEqual({ isSeen: false, reason, sentence: error.message });
  });

  test('no-time, where the run is over: nothing is asked any more', async () => {
    const over = { ...inspection, readUntil: inspection.clock() };
    const read = () => Promise.reject(new Error('asked all the same'));
    expect(await tryRead(over, read)).toMatchObject({ isSeen: false, reason: 'no-time' });
  });
});

describe('buckets', () => {
  test('are seen with the keys that they are encrypted by, and those without encryption as such', async () => {
    const { world, inspection } = setUp();
    const byKms = { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'arn:aws:kms:eu-west-1:111122223333:key/k' };
    const rule = { ApplyServerSideEncryptionByDefault: byKms, BucketKeyEnabled: true };
    const blocked = { BlockedEncryptionTypes: { EncryptionType: 'SSE-C' } };
    world.aws.s3.addBucket({ name: 'by-key', settings: { encryption: { Rule: { ...rule, ...blocked } } } });
    world.aws.s3.addBucket({ name: 'no-rule', settings: { encryption: {} } });
    world.aws.s3.addBucket({ name: 'none', settings: { encryption: { Rule: { BucketKeyEnabled: false } } } });
    const found = await seeBuckets(inspection);
    const seen = new Map((found.isSeen ? found.value : []).map(({ name, encryption }) => [name, encryption]));
    expect(seen.get('by-key')).toEqual({
      isSeen: true,
      value: { algorithm: 'aws:kms', kmsKeyId: byKms.KMSMasterKeyID, bucketKey: true, blockedTypes: ['SSE-C'] },
    });
    expect([seen.get('no-rule'), seen.get('none')]).toEqual(Array(2).fill({ isSeen: true, value: 'none' }));
  });

  test.each([
    ['NoSuchBucket', 'gone'],
    ['ServerSideEncryptionConfigurationNotFoundError', 'none'],
  ])('%s is an answer', async (code, value) => {
    const { world, inspection } = setUp();
    const fault = { kind: 'error', status: 404, code } as const;
    const { aws } = world.runtime('collector', ({ operation }) =>
      operation === 'GetBucketEncryption' ? fault : undefined,
    );
    const found = await seeBuckets({ ...inspection, aws });
    expect(found).toMatchObject({ value: [{ name: evidenceBucket, encryption: { isSeen: true, value } }] });
  });

  test('of which AWS names no Region are where Regions had no names', async () => {
    const { inspection } = setUp();
    const hosts: (string | undefined)[] = [];
    const aws = cannedAws(({ query = {}, headers }) => {
      if (!('encryption' in query)) {
        const one = '<Bucket><Name>old</Name><CreationDate>2007-01-01T00:00:00.000Z</CreationDate></Bucket>';
        return `<ListAllMyBucketsResult><Buckets>${one}</Buckets></ListAllMyBucketsResult>`;
      }
      hosts.push(headers.host);
      return '<ServerSideEncryptionConfiguration/>';
    });
    expect(await seeBuckets({ ...inspection, aws })).toMatchObject({ value: [{ name: 'old', region: 'us-east-1' }] });
    expect(hosts).toEqual([expect.stringMatching(/s3\.us-east-1\.amazonaws\.com$/)]);
  });
});

test('a bucket that is elsewhere than the list says is asked for once more, where S3 says', async () => {
  const { inspection } = setUp();
  const hosts: (string | undefined)[] = [];
  const aws = cannedAws(({ query = {}, headers }) => {
    if (!('encryption' in query)) {
      const one = '<Bucket><Name>moved</Name><CreationDate>2024-01-01T00:00:00.000Z</CreationDate></Bucket>';
      return `<ListAllMyBucketsResult><Buckets>${one}</Buckets></ListAllMyBucketsResult>`;
    }
    hosts.push(headers.host);
    if (headers.host?.includes('eu-west-3')) return '<ServerSideEncryptionConfiguration/>';
    const body = '<Error><Code>PermanentRedirect</Code><Message>Elsewhere.</Message></Error>';
    return { statusCode: 301, headers: { 'x-amz-bucket-region': 'eu-west-3' }, body };
  });
  expect(await seeBuckets({ ...inspection, aws })).toMatchObject({ value: [{ encryption: { isSeen: true } }] });
  expect(hosts).toEqual(['us-east-1', 'eu-west-3'].map((region) => expect.stringContaining(region)));
});

test('a bucket in a Region that is switched off is not known, and the others are seen', async () => {
  const { world, inspection } = setUp();
  world.aws.s3.addBucket({ name: 'far', region: 'me-south-1' });
  const off = { kind: 'error', status: 403, code: 'IllegalLocationConstraintException' } as const;
  const { aws } = world.runtime('collector', ({ operation, input }) =>
    operation === 'GetBucketEncryption' && JSON.stringify(input).includes('far') ? off : undefined,
  );
  const found = await seeBuckets({ ...inspection, aws });
  const seen = (found.isSeen ? found.value : []).map(({ name, encryption }) => [name, encryption.isSeen]);
  expect(new Map(seen.map(([name, isSeen]) => [name, isSeen]))).toEqual(
    new Map([
      ['far', false],
      [evidenceBucket, true],
    ]),
  );
});

describe('what AWS answers', () => {
  const columns = ['user', 'arn', 'user_creation_time', 'access_key_1_active', 'access_key_1_last_rotated'];
  const more = ['access_key_1_last_used_date', 'access_key_2_active', 'access_key_2_last_rotated'];
  const header = [...columns, ...more, 'access_key_2_last_used_date'];
  const csv = [header, ['<root_account>', ...header.slice(1).map(() => 'N/A')]].map((row) => row.join()).join('\n');
  const told = (generatedAt: number, serverTime: number) =>
    cannedAws(({ body, headers }) => {
      const answer = headers['x-amz-target'] === undefined ? '<Nothing/>' : '{}';
      const time = { headers: { date: new Date(serverTime).toUTCString() } };
      if (typeof body !== 'string' || !body.includes('GetCredentialReport')) return { ...time, body: answer };
      const generated = new Date(generatedAt).toISOString();
      const report = `<Content>${Buffer.from(csv).toString('base64')}</Content><GeneratedTime>${generated}</GeneratedTime>`;
      const result = `<GetCredentialReportResult>${report}</GetCredentialReportResult>`;
      return { ...time, body: `<GetCredentialReportResponse>${result}</GetCredentialReportResponse>` };
    });
  const problemsOf = async (reportAgeMinutes: number, skewMinutes: number) => {
    const { inspection } = setUp();
    const aws = told(inspection.clock() - reportAgeMinutes * MINUTE, Date.now() + skewMinutes * MINUTE);
    const known = { carried: new Map(), unusedCredentialDays: 45, events: [], isWitnessed: true };
    return (await seeAccount({ ...inspection, aws }, account, known)).problems;
  };

  test('is not told of while its report and its clock are as they should be', async () => {
    expect(await problemsOf(255, 0)).toEqual([]);
  });

  test('by a report that it should have made anew is used, and that is said', async () => {
    expect(await problemsOf(256, 0)).toEqual([expect.stringMatching(/^The credential report is of 2025-12-31T19:/)]);
  });

  test.each([
    [10, 'The clock of the function is 10 minutes behind that of AWS.'],
    [-10, 'The clock of the function is 10 minutes ahead of that of AWS.'],
  ])('by a clock that is %d minutes apart is said', async (minutes, sentence) => {
    expect(await problemsOf(0, minutes)).toEqual([sentence]);
  });
});

describe('the bucket of the evidence', () => {
  const lock = { mode: 'governance' as const, days: 400 };
  const place = { bucket: evidenceBucket, partition: 'aws', homeAccountId: account, roleSuffix: '' };
  const problemsOf = async (
    more: Partial<NewBucket>,
    problems: string[] = [],
    asked: Partial<EvidenceSettings> = {},
  ) => {
    const whole = { policy: { Statement: denialsAsked({ ...place, lock, expireDays: 0 }) } };
    const { inspection, reader, settings } = setUp({}, { ...whole, ...more });
    const { verdict } = await judgeOwnBucket(inspection, reader, { settings: { ...settings, ...asked }, problems });
    return [verdict.reason, verdict.facts.problems ?? []];
  };
  const everybody = { Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*' }] };
  const half = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: false };

  const rule = (more: object): Partial<NewBucket> => ({
    settings: { lifecycle: { Rule: { ID: 'x', Status: 'Enabled', Filter: {}, ...more } } },
  });

  test.each<[string, Partial<NewBucket>]>([
    ['it is not versioned', { isVersioned: false }],
    ['it has no default encryption', { settings: { encryption: {} } }],
    ['public access to it is not blocked', { settings: { publicAccessBlock: half } }],
    ['public access to it is not blocked', { settings: { publicAccessBlock: {} } }],
    ['its lifecycle takes objects after 5 days, not never', rule({ Expiration: { Days: 5 } })],
    ['its lifecycle takes objects at a date', rule({ Expiration: { Date: '2026-12-01T00:00:00.000Z' } })],
    ['its lifecycle takes older versions', rule({ NoncurrentVersionExpiration: { NoncurrentDays: 1 } })],
    [
      'its lifecycle moves objects to a storage class that cannot be read immediately',
      rule({ Transition: { Days: 1, StorageClass: 'GLACIER' } }),
    ],
    ['it is locked for 30 days, not for 400', { objectLock: { mode: 'GOVERNANCE', days: 30 } }],
    ['it has no policy', { policy: undefined }],
    ['nothing in it is locked', { objectLock: 'without-default' }],
    ['it has no Object Lock', { objectLock: undefined, isVersioned: true }],
  ])('%s: %j', async (sentence, more) => {
    expect(await problemsOf(more)).toEqual(['not-as-asked', [sentence]]);
  });

  test('each denial of its policy is asked for, and none can be weakened unseen', async () => {
    const denials = denialsAsked({ ...place, lock, expireDays: 0 });
    for (const [n, { Sid }] of denials.entries()) {
      const weaker = denials.map((each, m) => (m === n ? { ...each, Action: 's3:PutBucketTagging' } : each));
      const [, wrong] = await problemsOf({ policy: { Statement: weaker } });
      expect(wrong).toEqual([`its policy does not have the denial ${Sid} as it was deployed`]);
    }
    const [, public_] = await problemsOf({ policy: everybody });
    expect(public_).toContain('its policy makes it public');
    expect(public_).toHaveLength(denials.length + 1);
  });

  test('it has a lifecycle, and where it has none that is said', async () => {
    const { world, inspection, reader, settings } = setUp();
    world.aws.s3.addBucket({ name: evidenceBucket, objectLock: { mode: 'GOVERNANCE', days: 400 } });
    const { verdict } = await judgeOwnBucket(inspection, reader, { settings, problems: [] });
    expect(verdict.facts.problems).toEqual(['it has no policy', 'it has no lifecycle']);
  });

  test('what was asked for at deployment counts: no lock, a hard one, and when objects go', async () => {
    const free = { lock: { mode: 'none' as const, days: 400 } };
    expect(await problemsOf({ objectLock: undefined, isVersioned: true }, [], free)).toEqual(['as-asked', []]);
    const hard = { lock: { mode: 'compliance' as const, days: 400 } };
    expect(await problemsOf({}, [], hard)).toEqual(['not-as-asked', ['its lock can be passed, against compliance']]);
    const goes = rule({ Expiration: { Days: 500 }, NoncurrentVersionExpiration: { NoncurrentDays: 1 } });
    expect(await problemsOf(goes, [], { expireDays: 500 })).toEqual(['as-asked', []]);
    expect(await problemsOf({}, [], { expireDays: 500 })).toEqual([
      'not-as-asked',
      ['its lifecycle does not take objects after 500 days, as digests say'],
    ]);
  });

  test('is as it should be, and not where what was kept before is wrong', async () => {
    expect(await problemsOf({})).toEqual(['as-asked', []]);
    expect(await problemsOf({}, ['a digest is gone'])).toEqual(['not-as-asked', ['a digest is gone']]);
  });
});

describe('a trail', () => {
  const seen = async (aws: Inspection['aws'], inspection: Inspection) => {
    const found = await seeTrails({ ...inspection, aws });
    return found.isSeen ? found.value : found;
  };

  test('is seen with its key, its selectors and the text of its errors', async () => {
    const { world, inspection } = setUp();
    const selector = { FieldSelectors: [{ Field: 'eventCategory', Equals: ['Management'] }] };
    world.aws.cloudTrail.addTrail({
      ...{ name: 'all', kmsKeyId: 'k', deliveryError: 'NoSuchBucket', isLogging: false },
      advancedEventSelectors: [selector],
    });
    expect(await seen(inspection.aws, inspection)).toMatchObject([
      {
        kmsKeyId: 'k',
        delivery: { value: { isLogging: false, errors: ['logs: NoSuchBucket'] } },
        management: { value: { reads: true, writes: true } },
      },
    ]);
  });

  test('of which AWS says little is none that logs', async () => {
    const { inspection } = setUp();
    const trail = { Name: 't', TrailARN: 'arn:aws:cloudtrail:eu-west-1:111122223333:trail/t', HomeRegion: 'eu-west-1' };
    const aws = cannedAws(({ headers }) =>
      headers['x-amz-target']?.endsWith('DescribeTrails') ? JSON.stringify({ trailList: [trail] }) : '{}',
    );
    expect(await seen(aws, inspection)).toEqual([
      {
        ...{ name: 't', arn: trail.TrailARN, homeRegion: 'eu-west-1' },
        ...{ isMultiRegion: false, isOrganization: false, isValidated: false },
        delivery: { isSeen: true, value: { isLogging: false, errors: [] } },
        management: { isSeen: true, value: { reads: false, writes: false, excludedSources: [] } },
      },
    ]);
  });
});

describe('a signature', () => {
  test.each([
    ['without a Region in the name of the key, from where the function is', 'alias/evidence', 'kms.eu-west-1'],
    ['from the Region of the key', 'arn:aws:kms:us-east-1:111122223333:key/k', 'kms.us-east-1'],
  ])('is asked for %s', async (_, key, host) => {
    const hosts: (string | undefined)[] = [];
    const aws = cannedAws(({ headers }) => {
      hosts.push(headers.host);
      return '{"Signature":"AQI="}';
    });
    expect(await signDigest(aws, key, 'text')).toEqual({
      signature: 'AQI=',
      algorithm: 'ECDSA_SHA_256',
      keyArn: key,
    });
    expect(hosts).toEqual([`${host}.amazonaws.com`]);
  });

  test('that KMS does not give is told of in its place', async () => {
    const signed = await signDigest(
      cannedAws(() => '{}'),
      'alias/evidence',
      'text',
    );
    expect(signed).toEqual({ signature: null, reason: 'KMS answered without a signature' });
  });
});

describe('what CloudTrail no longer tells', () => {
  const changeOf = (more: Record<string, unknown>) => ({
    ...{ accessKeyId: 'ASIA', region: 'us-east-1', eventName: 'DeleteAccessKey', eventSource: 'iam.amazonaws.com' },
    ...{ sourceIp: '192.0.2.1', userAgent: 'console', more },
  });
  const byMallory = { userIdentity: { arn: 'arn:aws:iam::111122223333:user/mallory' } };

  test('is said: pages beyond the most that are read, and a time before its history', async () => {
    const { world, inspection } = setUp({ pageSize: 1 });
    const at = world.aws.clock.now();
    for (let n = 0; n < 21; n++) world.aws.cloudTrail.addEvent({ ...changeOf(byMallory), at });
    world.aws.clock.advance(DAY / 2);
    const before = { TagUser: formatInstant(at - 100 * DAY), DeleteAccessKey: formatInstant(at - DAY) };
    const { events, unknown, eventsUntil } = await seeKeyEvents(inspection, before);
    expect(events).toHaveLength(20);
    expect(unknown.map(({ sentence }) => sentence)).toEqual([
      'CloudTrail has more than 20 pages of DeleteAccessKey.',
      expect.stringMatching(/^CloudTrail no longer has TagUser from 2025-09-.* to 2025-10-/),
    ]);
    expect(eventsUntil.DeleteAccessKey).toBe(before.DeleteAccessKey);
  });
});

test('an event of CloudTrail that cannot be read makes its answer an error', async () => {
  const { inspection } = setUp();
  const events = [{ EventId: 'e1', EventName: 'DeleteUser', EventTime: 1_767_225_600, CloudTrailEvent: '{' }];
  // Asked for one name after the other.
  let asked = 0;
  const aws = cannedAws(() => JSON.stringify({ Events: keyEventNames[asked++] === 'DeleteUser' ? events : [] }));
  const { unknown, events: kept } = await seeKeyEvents({ ...inspection, aws }, {});
  expect(kept).toEqual([]);
  expect(unknown).toMatchObject([
    { reason: 'not-answered', sentence: 'CloudTrail has 1 events of DeleteUser that cannot be read.' },
  ]);
});

/** A digest as a run appends it, with what it names. */
function putDigest({ world }: Sight, objects: readonly Hashed[], more: { madeAt?: string; before?: ChainFile } = {}) {
  const { madeAt = formatInstant(world.aws.clock.now()), before } = more;
  const used = before === undefined ? [] : [before.number];
  const place = { bucket: evidenceBucket, accountId: account };
  const { key, line } = nextDigest(
    place,
    { head: before, used },
    {
      ...{ madeAt, closedDays: [], closedThrough: null, objects: [...objects], unfinished: [], eventsUntil: {} },
      ...{ counts: {}, version: '0.0.0', expireDays: 0 },
    },
  );
  const body = chainBody(line, { signature: null });
  world.aws.s3.put(evidenceBucket, key, body);
  const file = parseChainFile(key, body);
  if (file === undefined) throw new Error('no digest');
  return file;
}

describe('the chain', () => {
  test('is not as it should be where a digest was written twice, or something else lies beside it', async () => {
    const sight = setUp();
    const file = putDigest(sight, []);
    putDigest(sight, []);
    sight.world.aws.s3.put(evidenceBucket, `${account}/chain/notes.txt`, 'x');
    const { head, problems } = await headOf(sight.reader, account);
    expect(head?.key).toBe(file.key);
    expect(problems.toSorted()).toEqual([`${file.key} has 2 versions.`, `${account}/chain/notes.txt is no digest.`]);
  });

  test('is not known where S3 refuses to show it: that is not as if nothing were there', async () => {
    const { world, reader } = setUp();
    const fault = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
    const { aws } = world.runtime('collector', ({ operation }) => (operation === 'GetObject' ? fault : undefined));
    const refused = evidenceReader(aws, { bucket: evidenceBucket, owner: account });
    expect(await readObject(reader, 'x')).toBeUndefined();
    await expect(readObject(refused, 'x')).rejects.toThrow(/s3:GetObject on x/);
  });

  test('a list that names no key is no answer', async () => {
    const entry = '<VersionId>1</VersionId>';
    const aws = cannedAws(({ query = {} }) =>
      'versions' in query
        ? `<ListVersionsResult><Version>${entry}</Version></ListVersionsResult>`
        : '<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>',
    );
    const reader = evidenceReader(aws, { bucket: evidenceBucket, owner: undefined });
    await expect(listVersions(reader, 'x')).rejects.toThrow('The answer of s3:ListBucketVersions has no Key.');
    await expect(listKeys(reader, 'x')).rejects.toThrow('The answer of s3:ListBucket has no Key.');
  });
});

describe('the run before', () => {
  const folder = `${account}/runs/20260101T020000Z_run`;
  const manifestOf = (files: object[]) =>
    JSON.stringify({
      ...{ schemaVersion: 1, runId: 'r', accountId: account, trigger: 'schedule', function: 'f', version: '0.0.0' },
      ...{ startedAt: 'x', endedAt: 'x', isComplete: true, parameters: {}, calls: {}, population: {}, counts: {} },
      ...{ problems: [], files },
    });
  function putRun(sight: Sight, manifest: string): Hashed {
    const sha256 = hashOf(manifest);
    const key = `${folder}/manifest.${sha256}.json`;
    sight.world.aws.s3.put(evidenceBucket, key, manifest);
    return { key, sha256 };
  }
  const nothing = { findings: [], carried: new Map() };

  test('is unknown where the digest names none', async () => {
    const sight = setUp();
    putDigest(sight, []);
    expect(await readYesterday(sight.reader, account)).toMatchObject({ ...nothing, problems: [], head: { number: 1 } });
  });

  test.each([
    ['a manifest that is none', 'x'],
    ['a manifest without findings', manifestOf([])],
  ])('is not believed by %s', async (_, manifest) => {
    const sight = setUp();
    const named = putRun(sight, manifest);
    putDigest(sight, [named]);
    const found = await readYesterday(sight.reader, account);
    expect(found).toMatchObject({ ...nothing, problems: [`${named.key} is not what the chain says`] });
  });

  test('is not believed where its manifest is gone', async () => {
    const sight = setUp();
    const named = putRun(sight, manifestOf([]));
    putDigest(sight, [named]);
    sight.world.aws.s3.destroy(evidenceBucket, named.key);
    const { problems } = await readYesterday(sight.reader, account);
    expect(problems).toEqual([`${named.key} is not what the chain says`]);
  });

  test('carries nothing whose form is not known, as that of a later version', async () => {
    const sight = setUp();
    const packed = gzipSync(JSON.stringify({ findings: [{ id: 'x' }], carried: [{ userId: 1 }] }));
    sight.world.aws.s3.put(evidenceBucket, `${folder}/findings.json.gz`, packed);
    const file = { name: 'findings.json.gz', sha256: hashOf(packed), bytes: packed.length };
    putDigest(sight, [putRun(sight, manifestOf([file]))]);
    const found = await readYesterday(sight.reader, account);
    expect(found).toMatchObject({ findings: [{ id: 'x' }], carried: new Map(), problems: [] });
  });
});

describe('what is there of runs that did not end', () => {
  test('is named where S3 keeps its hash, and nothing that is of no run', async () => {
    const sight = setUp();
    const { world, reader } = sight;
    const begun = `${account}/runs/20260101T000000Z_dead/users.csv`;
    world.aws.s3.put(evidenceBucket, begun, 'without a checksum');
    world.aws.s3.put(evidenceBucket, `${account}/runs/notes/x`, 'of no run');
    const now = world.aws.clock.now() + DAY;
    expect(await unfinishedRuns(reader, account, undefined, now)).toEqual([]);
    const { aws } = world.runtime('collector');
    const kept = `${account}/runs/20260101T000000Z_dead/keys.csv`;
    await putEvidence(aws, { bucket: evidenceBucket, owner: account }, { key: kept, body: 'x' });
    expect(await unfinishedRuns(reader, account, undefined, now)).toEqual([{ key: kept, sha256: hashOf('x') }]);
    // A head whose time cannot be read is of today.
    const head = putDigest(sight, [], { madeAt: 'once' });
    expect(await unfinishedRuns(reader, account, head, now)).toEqual([{ key: kept, sha256: hashOf('x') }]);
    const naming = putDigest(sight, [{ key: kept, sha256: hashOf('x') }], { before: head });
    expect(await unfinishedRuns(reader, account, naming, now)).toEqual([]);
  });
});

describe('users', () => {
  const scanOf = ({ world, inspection }: Sight, settings: Settings = inspection.settings) =>
    scanAccount(
      { aws: inspection.aws, settings, verifier: asRecordedIn(settings.stateEpoch), wantsExactKeys: () => false },
      world.runtime('collector'),
    );
  const facts = (scan: UserFacts['scan'], more: Partial<UserFacts> = {}): UserFacts => ({
    ...{ scan, carried: new Map<string, CarriedFact>(), unusedCredentialDays: 45, changed: new Set<string>() },
    ...more,
  });

  test('whom the history names are asked about exactly: password, devices and every use', async () => {
    const sight = setUp();
    const { world, inspection } = sight;
    const lastUsed = { at: world.aws.clock.now() - DAY, service: 's3', region: 'eu-west-1' };
    world.aws.iam.addUser({
      userName: 'ann',
      keys: [
        { ageDays: 20, status: 'Inactive' },
        { ageDays: 10, lastUsed },
      ],
    });
    const scan = await scanOf(sight);
    const { users } = await seeUsers(inspection, facts(scan, { changed: new Set(['ann']) }));
    expect(users).toMatchObject([
      {
        console: { value: { hasPassword: false, hasMfa: false, basis: 'exact' } },
        keys: {
          value: {
            keys: [
              { status: 'Inactive', use: { value: { basis: 'exact', readAt: scan.at } } },
              { status: 'Active', use: { value: { basis: 'exact', lastUsed } } },
            ],
          },
        },
      },
    ]);
  });

  test('of whom the list did not say when they were made are as old as the scan, and have their secret', async () => {
    const sight = setUp();
    const { world, inspection } = sight;
    world.aws.iam.addUser({ userName: 'ci', keys: [{ ageDays: 100 }] });
    expect(await pass(world, 'ci')).toBe(true);
    world.aws.clock.advance(DAY);
    const scan = await scanOf(sight);
    const { users } = await seeUsers(inspection, facts({ ...scan, createdAt: new Map() }));
    expect(users).toMatchObject([{ createdAt: scan.at, secret: { name: expect.stringContaining('keyturn/') } }]);
  });

  test('of whom something wrong was carried are not known, until they are read again', async () => {
    const sight = setUp();
    const { world, inspection } = sight;
    world.aws.iam.addUser({ userName: 'ci', keys: [{ ageDays: 100 }] });
    world.aws.iam.addUser({ userName: 'other', keys: [{ ageDays: 50 }] });
    world.aws.clock.advance(DAY);
    const { carried } = await seeUsers(inspection, facts(await scanOf(sight)));
    const fact = carried.find(({ keys: [key] }) => key?.accessKeyId === world.aws.iam.keysOf('ci')[0]?.accessKeyId);
    if (fact === undefined) throw new Error('nothing was carried');
    const wrong = { ...fact, keys: fact.keys.map((key) => ({ ...key, accessKeyId: 'AKIAOTHERKEYOFTHEUSER' })) };
    const keysOn = async (day: number) => {
      const scan = await scanOf(sight);
      const known = facts({ ...scan, at: scan.at + day * DAY }, { carried: new Map([[fact.userId, wrong]]) });
      const { users, carried: next } = await seeUsers(inspection, known);
      const keys = users.find(({ user }) => user.userName === 'ci')?.keys;
      return { ...keys, next: next.length };
    };
    const found = await Promise.all(Array.from({ length: 30 }, (_, day) => keysOn(day)));
    // Each user is read exactly on some day of every week, whatever was carried.
    expect(found).toContainEqual(expect.objectContaining({ isSeen: false, reason: 'carried-fact-was-wrong', next: 0 }));
    expect(found).toContainEqual(
      expect.objectContaining({ value: expect.objectContaining({ basis: 'carried' }), next: 2 }),
    );
  });

  test('whom the report accuses are asked about up to a bound, and those beyond it are not known', async () => {
    const sight = setUp();
    const { world, inspection } = sight;
    for (let n = 0; n < 201; n++) world.aws.iam.addUser({ userName: `u${n}`, passwordEnabled: true, mfaActive: true });
    const scan = await scanOf(sight);
    const changed = new Set(scan.users.map(({ user }) => user.userName));
    const { users } = await seeUsers(inspection, facts(scan, { changed }));
    const unread = users.filter(({ console, password }) =>
      [console, password].some((each) => !each.isSeen && each.reason === 'not-re-read'),
    );
    // Two reads for each, and 200 in all.
    expect([users.length, unread.length]).toEqual([201, 101]);
  });
});

describe('the root user', () => {
  const see = async (sight: Sight) => {
    const known = { carried: new Map(), unusedCredentialDays: 45, events: [], isWitnessed: true };
    return (await seeAccount(sight.inspection, account, known)).snapshot;
  };

  test.each([
    ['virtual', true],
    ['hardware', false],
  ] as const)('has a %s device', async (device, isVirtual) => {
    const sight = setUp();
    sight.world.aws.iam.setRootMfa(device);
    expect((await see(sight)).rootHasVirtualMfa).toEqual({ isSeen: true, value: isVirtual });
  });

  test('and users with a virtual device are told apart from those with another', async () => {
    const sight = setUp({ pageSize: 1 });
    for (const userName of ['ann', 'bob']) sight.world.aws.iam.addUser({ userName, mfaActive: userName === 'bob' });
    sight.world.aws.clock.advance(DAY);
    const { users } = await see(sight);
    expect(users.isSeen && users.value.map(({ user, mfaKind }) => [user.userName, mfaKind])).toEqual([
      ['ann', 'none'],
      ['bob', 'virtual'],
    ]);
  });

  test('is not known without a report, and the reason is told', async () => {
    const sight = setUp();
    const fault = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
    const { aws } = sight.world.runtime('collector', ({ operation }) =>
      operation === 'GenerateCredentialReport' ? fault : undefined,
    );
    const { root } = await see({ ...sight, inspection: { ...sight.inspection, aws } });
    expect(root).toMatchObject({
      reason: 'no-report',
      sentence: expect.stringContaining('iam:GenerateCredentialReport'),
    });
  });
});
