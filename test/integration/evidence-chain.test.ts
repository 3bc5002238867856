// shared/apply/put-evidence.ts, shared/aws/evidence/bucket.ts, shared/aws/evidence/sign.ts, shared/service/append-digest.ts,
// shared/service/evidence-recorder.ts
import { createPublicKey, verify } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { faultsByRule } from '../../local/aws/faults.ts';
import { putEvidence } from '../../shared/apply/put-evidence.ts';
import { evidenceReader, headOf, listDay, listVersions, storedHash } from '../../shared/aws/evidence/bucket.ts';
import type { Runtime } from '../../shared/aws/runtime.ts';
import { chainKey, hashOf, textToSign } from '../../shared/core/evidence/chain.ts';
import type { EvidenceSettings } from '../../shared/core/evidence/evidence-settings.ts';
import { HOUR } from '../../shared/core/time.ts';
import { appendDigest } from '../../shared/service/append-digest.ts';
import { keepRecord } from '../../shared/service/evidence-recorder.ts';
import { addEvidenceBucket, evidenceBucket } from '../support/evidence.ts';
import { createWorld, DAY, type World } from '../support/world.ts';

const error = (status: number, code: string) => ({ kind: 'error', status, code }) as const;
const messageOf = (n: number): string =>
  JSON.stringify({
    schemaVersion: 1,
    event: 'issued',
    transitionId: `issued/AIDAEXAMPLE00000000${n}/2026-01-01T06:00:00.000Z`,
    accountId: '111122223333',
    userId: `AIDAEXAMPLE00000000${n}`,
    at: '2026-01-01T06:00:00.000Z',
  });

function setUp(): { world: World; runtime: Runtime; settings: EvidenceSettings } {
  const world = createWorld();
  return { world, runtime: world.runtime('evidence'), settings: addEvidenceBucket(world.aws) };
}

async function run(runtime: Runtime, settings: EvidenceSettings, name = 'run') {
  const body = JSON.stringify({ name, files: [] });
  const manifest = { key: `${settings.accountId}/runs/${name}/manifest.${hashOf(body)}.json`, sha256: hashOf(body) };
  await putEvidence(runtime.aws, settings, { key: manifest.key, body });
  return appendDigest(runtime, settings, { manifest, unfinished: [], eventsUntil: {}, version: '0.0.0' });
}

const keysIn = ({ aws }: World): string[] => aws.s3.versions(evidenceBucket).map(({ key }) => key);

describe('one object is put where there is none', () => {
  test('once, and never over another', async () => {
    const { world, runtime, settings } = setUp();
    const put = (body: string) => putEvidence(runtime.aws, settings, { key: 'a.json', body });
    expect(await put('1')).toBe('kept');
    expect(await put('2')).toBe('was-there');
    expect(world.aws.s3.versions(evidenceBucket)).toMatchObject([
      { body: Buffer.from('1'), contentType: 'application/json' },
    ]);
    expect(await storedHash(evidenceReader(runtime.aws, settings), 'a.json')).toBe(hashOf('1'));
  });

  test('again where two met, and an error where they meet for ever', async () => {
    const { world, settings } = setUp();
    const conflict = (times: number) => {
      const fault = error(409, 'ConditionalRequestConflict');
      return world.runtime('evidence', faultsByRule([{ operation: 'PutObject', times, fault }])).aws;
    };
    expect(await putEvidence(conflict(2), settings, { key: 'a', body: '' })).toBe('kept');
    await expect(putEvidence(conflict(9), settings, { key: 'b', body: '' })).rejects.toThrow(/s3:PutObject on b/);
  });

  test('in no bucket of somebody else', async () => {
    const { world, runtime, settings } = setUp();
    addEvidenceBucket(world.aws, { ownerId: '999999999999' });
    await expect(putEvidence(runtime.aws, settings, { key: 'a', body: '' })).rejects.toThrow(/AccessDenied/);
  });
});

describe('a message is kept as a record', () => {
  test('once, however often it comes, and byte for byte', async () => {
    const { world, runtime, settings } = setUp();
    const body = messageOf(1);
    const keepIt = () => keepRecord(runtime, settings, { body, messageId: 'm' });
    expect([await keepIt(), await keepIt()]).toEqual(['kept', 'was-there']);
    const [record] = world.aws.s3.versions(evidenceBucket);
    expect(Buffer.from(record?.body ?? '').toString()).toBe(body);
  });

  test('as two, where its repetition differs: no message is lost for the name of another', async () => {
    const { world, runtime, settings } = setUp();
    await keepRecord(runtime, settings, { body: messageOf(1), messageId: 'm' });
    const repeated = messageOf(1).replace('"at":"2026-01-01T06:00', '"at":"2026-01-01T06:01');
    await keepRecord(runtime, settings, { body: repeated, messageId: 'n' });
    expect(keysIn(world)).toHaveLength(2);
  });

  test('or throws, so that it stays in the queue', async () => {
    const { world, settings } = setUp();
    const refusing = world.runtime(
      'evidence',
      faultsByRule([{ operation: 'PutObject', fault: error(403, 'AccessDenied') }]),
    );
    await expect(keepRecord(refusing, settings, { body: messageOf(1), messageId: 'm' })).rejects.toThrow(
      "Add s3:PutObject on that resource to the policy of this function's role.",
    );
    expect(keysIn(world)).toEqual([]);
  });

  test('what is not about us is let go', async () => {
    const { world, runtime, settings } = setUp();
    expect(await keepRecord(runtime, settings, { body: '{"theirs":1}', messageId: 'm' })).toBe('foreign');
    expect(keysIn(world)).toEqual([]);
  });
});

describe('each run appends one digest', () => {
  test('with every record of the days that are over, once', async () => {
    const { world, runtime, settings } = setUp();
    await keepRecord(runtime, settings, { body: messageOf(1), messageId: 'm' });
    const first = await run(runtime, settings, 'first');
    world.aws.clock.advance(DAY);
    await keepRecord(runtime, settings, { body: messageOf(2), messageId: 'n' });
    world.aws.clock.advance(DAY + 60 * 60_000);
    const second = await run(runtime, settings, 'second');
    const third = await run(runtime, settings, 'third');
    expect([first, second, third].map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    const { head, problems } = await headOf(evidenceReader(runtime.aws, settings), settings.accountId);
    expect(head).toMatchObject({ number: 3, sha256: third.sha256, digest: { closedDays: [], counts: { records: 0 } } });
    expect(problems).toEqual([]);
    const days = await listDay(evidenceReader(runtime.aws, settings), settings.accountId, '2026-01-01');
    const bodies = world.aws.s3.versions(evidenceBucket).filter(({ key }) => key === second.key);
    const digest = JSON.parse(
      Buffer.from(bodies[0]?.body ?? '')
        .toString()
        .split('\n')[0] ?? '',
    );
    expect(digest).toMatchObject({
      closedDays: ['2026-01-01', '2026-01-02'],
      closedThrough: '2026-01-02',
      counts: { records: 2 },
    });
    expect(digest.objects.map(({ key }: { key: string }) => key)).toEqual(expect.arrayContaining(days));
  });

  test('and closes the days since the first run, though nothing was ever recorded: silence is stated', async () => {
    const { world, runtime, settings } = setUp();
    const closed = [];
    world.aws.clock.advance(6 * HOUR);
    for (const name of ['first', 'second', 'third', 'fourth']) {
      await run(runtime, settings, name);
      const { head } = await headOf(evidenceReader(runtime.aws, settings), settings.accountId);
      closed.push([head?.digest.closedDays, head?.digest.closedThrough]);
      // Between midnight and one o'clock the day before is still open.
      world.aws.clock.advance(name === 'first' ? 18.5 * HOUR : DAY);
    }
    expect(closed).toEqual([
      [[], '2025-12-31'],
      [[], '2025-12-31'],
      [['2026-01-01'], '2026-01-01'],
      [['2026-01-02'], '2026-01-02'],
    ]);
  });

  test('in one chain, though eight run beside each other', async () => {
    const { world, settings } = setUp();
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, n) => run(world.runtime(`evidence ${n}`), settings, `run${n}`)),
    );
    expect(all.map(({ sequence }) => sequence).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const { head, problems } = await headOf(
      evidenceReader(world.runtime('evidence').aws, settings),
      settings.accountId,
    );
    expect(head?.number).toBe(8);
    expect(problems).toEqual([]);
  });

  test('known by its bytes where the answer was lost', async () => {
    const { world, settings } = setUp();
    const rules = [{ operation: 'PutObject', nth: 2, fault: { kind: 'lost-response' } }] as const;
    expect(await run(world.runtime('evidence', faultsByRule(rules)), settings)).toMatchObject({ sequence: 1 });
    expect(keysIn(world).filter((key) => key.includes('/chain/'))).toEqual([chainKey(settings.accountId, 1)]);
  });

  test('past what others put there, and says so', async () => {
    const { world, runtime, settings } = setUp();
    await run(runtime, settings, 'first');
    world.aws.s3.put(evidenceBucket, chainKey(settings.accountId, 2), 'squatted');
    world.aws.s3.put(evidenceBucket, chainKey(settings.accountId, 3), undefined);
    const { sequence, problems } = await run(runtime, settings, 'second');
    expect(sequence).toBe(4);
    expect(problems).toEqual(
      expect.arrayContaining([
        `${chainKey(settings.accountId, 3)} has a delete marker.`,
        `${chainKey(settings.accountId, 2)} does not go on from a digest before it.`,
      ]),
    );
    expect((await headOf(evidenceReader(runtime.aws, settings), settings.accountId)).head?.number).toBe(4);
  });

  test('signed by the key of the stack, so that Node or OpenSSL alone can tell', async () => {
    const { world, settings } = setUp();
    const { arn } = world.aws.kms.addSigningKey({ alias: 'alias/evidence' });
    const appended = await run(world.runtime('evidence'), { ...settings, signingKeyArn: arn });
    expect(appended).toMatchObject({ sequence: 1, isSigned: true, problems: [] });
    const { head } = await headOf(evidenceReader(world.runtime('evidence').aws, settings), settings.accountId);
    if (head === undefined) throw new Error('There is no digest.');
    expect(head.signature).toMatchObject({ algorithm: 'ECDSA_SHA_256', keyArn: arn });
    const kms = world.runtime('auditor').aws.clientOf((options) => new KMSClient(options));
    const { PublicKey = new Uint8Array() } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }));
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
    const signature = Buffer.from(head.signature.signature ?? '', 'base64');
    expect(verify('sha256', Buffer.from(textToSign(head, head.key, null)), key, signature)).toBe(true);
    expect(verify('sha256', Buffer.from(textToSign(head, head.key, 'other')), key, signature)).toBe(false);
  });

  test('unsigned, and says why, where KMS does not sign', async () => {
    const { world, settings } = setUp();
    const signingKeyArn = 'arn:aws:kms:eu-west-1:111122223333:key/gone';
    const refused = faultsByRule([{ operation: 'Sign', fault: error(400, 'DisabledException') }]);
    const appended = await run(world.runtime('evidence', refused), { ...settings, signingKeyArn });
    expect(appended).toMatchObject({ sequence: 1, isSigned: false });
    expect(appended.problems).toEqual([expect.stringMatching(/is not signed: Cannot call kms:Sign/)]);
  });
});

test('versions are counted over pages, markers among them', async () => {
  const world = createWorld({ pageSize: 1 });
  const settings = addEvidenceBucket(world.aws);
  for (const body of ['1', '2', undefined]) world.aws.s3.put(evidenceBucket, 'a', body);
  world.aws.s3.put(evidenceBucket, 'b', '1');
  const versions = await listVersions(evidenceReader(world.runtime('evidence').aws, settings), '');
  expect([...versions]).toEqual([
    ['a', { count: 3, isDeleted: true }],
    ['b', { count: 1, isDeleted: false }],
  ]);
});

test('whoever keeps records or chains them may die at any call: after a healthy run nothing is lost or counted twice', async () => {
  let tried = 0;
  for (let nth = 1; ; nth++) {
    for (const kind of ['crash-before', 'crash-after'] as const) {
      const { world, settings } = setUp();
      const dying = world.runtime('evidence', faultsByRule([{ nth, fault: { kind } }]));
      const work = async (runtime: Runtime) => {
        for (const n of [1, 2]) await keepRecord(runtime, settings, { body: messageOf(n), messageId: 'm' });
        world.aws.clock.advance(2 * DAY);
        await run(runtime, settings);
      };
      const died = await work(dying).then(
        () => false,
        () => true,
      );
      if (!died) {
        expect(tried).toBeGreaterThan(10);
        return;
      }
      tried++;
      const healthy = world.runtime('evidence');
      await work(healthy);
      const keys = keysIn(world);
      expect(new Set(keys).size).toBe(keys.length);
      const { head, problems } = await headOf(evidenceReader(healthy.aws, settings), settings.accountId);
      expect(problems).toEqual([]);
      expect(head?.number).toBe(keys.filter((key) => key.includes('/chain/')).length);
    }
  }
});
