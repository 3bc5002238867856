// shared/core/evidence/verify.ts, shared/core/evidence/verdict.ts, shared/core/evidence/chain-verdicts.ts,
// shared/core/evidence/object-verdicts.ts
import { describe, expect, test } from 'vitest';
import { chainKey } from '../../../../shared/core/evidence/chain.ts';
import { worst } from '../../../../shared/core/evidence/verdict.ts';
import { verifyEvidence } from '../../../../shared/core/evidence/verify.ts';
import { DAY } from '../../../../shared/core/time.ts';
import { accountId, bucketInMemory, saidOf, start, verified } from './evidence.ts';

const key = (number: number): string => chainKey(accountId, number);

function fiveDays() {
  const bucket = bucketInMemory();
  for (let day = 0; day < 5; day++) bucket.run(day);
  const record = [...bucket.versions.keys()].find((each) => each.includes('records/2026/07/02')) ?? '';
  const page = [...bucket.versions.keys()].filter((each) => each.endsWith('index.html'))[2] ?? '';
  return { ...bucket, record, page };
}

const words = (said: string[]): string[] =>
  [...new Set(said.map((each) => each.split(/ (?=\w+\/|$)/)[0] ?? ''))].sort();

describe('an untouched history', () => {
  test('is valid, by hashes, by signatures and by its head', () => {
    const { evidence, isSignedBy, chainFiles } = fiveDays();
    const head = chainFiles().at(-1);
    const heads = [{ number: 5, sha256: head?.sha256 ?? '' }];
    const verification = verified(evidence(), { isSignedBy, heads });
    expect(verification).toMatchObject({ verdicts: [], digests: 5, valid: 20, provenTo: 5 });
    expect(verification.head?.number).toBe(5);
    expect(worst(verification.verdicts)).toBe('true');
  });

  test('is said to end earlier where only an earlier head was published', () => {
    const { evidence, chainFiles } = fiveDays();
    expect(verified(evidence(), { heads: [{ sha256: chainFiles()[2]?.sha256 ?? '' }] }).provenTo).toBe(3);
  });

  test('may have days without a run, and records of a day that is not over', () => {
    const { run, put, evidence } = fiveDays();
    run(8);
    put(`${accountId}/records/2026/07/09/issued_x.json`, 'x');
    put(`${accountId}/tests/connection.json`, 'x');
    const verification = verified(evidence());
    expect(verification.verdicts).toMatchObject([
      { word: 'UNCHAINED' },
      { word: 'GAP', why: 'no run from 2026-07-06 to 2026-07-08' },
    ]);
    expect(worst(verification.verdicts)).toBe('true');
  });

  test('without versions, as in a folder, is judged by what is there', () => {
    const { evidence } = fiveDays();
    expect(verified({ ...evidence(), versions: undefined }).verdicts).toEqual([]);
  });
});

describe('what an attacker does who may do everything in the bucket', () => {
  test('a new version over a record', () => {
    const { put, record, evidence } = fiveDays();
    put(record, 'forged');
    expect(words(saidOf(verified(evidence())))).toEqual(['ALTERED', 'OVERWRITTEN']);
  });

  test('a new version of the same text over a record', () => {
    const { put, record, current, evidence } = fiveDays();
    put(record, current(record));
    expect(words(saidOf(verified(evidence())))).toEqual(['OVERWRITTEN']);
  });

  test('a delete marker', () => {
    const { put, record, evidence } = fiveDays();
    put(record, undefined);
    expect(words(saidOf(verified(evidence())))).toEqual(['DELETED']);
  });

  test('a version destroyed', () => {
    const { versions, record, evidence } = fiveDays();
    versions.delete(record);
    expect(words(saidOf(verified(evidence())))).toEqual(['MISSING']);
  });

  test('destroyed, and a forged one put under the same name', () => {
    const { versions, record, evidence } = fiveDays();
    versions.set(record, ['forged']);
    expect(words(saidOf(verified(evidence())))).toEqual(['ALTERED']);
  });

  test.each(['records/2026/07/02/issued_forged.json', 'runs/20260702T030000Z_forged/index.html', 'else/x'])(
    'something added where all is named: %s',
    (name) => {
      const { put, evidence } = fiveDays();
      put(`${accountId}/${name}`, 'forged');
      expect(saidOf(verified(evidence()))).toEqual([`EXTRA ${name}`]);
    },
  );

  test('a finding destroyed and put again is another than its manifest says', () => {
    const { versions, page, evidence } = fiveDays();
    versions.set(page, ['forged']);
    expect(words(saidOf(verified(evidence())))).toEqual(['ALTERED']);
  });

  test('a manifest altered speaks for nothing', () => {
    const { versions, evidence } = fiveDays();
    const manifest = [...versions.keys()].filter((each) => each.includes('/manifest.'))[2] ?? '';
    versions.set(manifest, [JSON.stringify({ files: [] })]);
    expect(words(saidOf(verified(evidence())))).toEqual(['ALTERED', 'EXTRA']);
  });

  test('a digest in the middle destroyed', () => {
    const { versions, evidence, isSignedBy } = fiveDays();
    versions.delete(key(3));
    const verification = verified(evidence(), { isSignedBy });
    expect(words(saidOf(verification))).toEqual(
      expect.arrayContaining(['BAD SIGNATURE', 'BROKEN', 'EXTRA', 'MISSING']),
    );
    expect(saidOf(verification)).toContain('MISSING chain/0000000003.jsonl');
    expect(worst(verification.verdicts)).toBe('wrong');
  });

  test('a digest rewritten with fitting hashes', () => {
    const { versions, current, evidence, record, isSignedBy } = fiveDays();
    const [line = '', signature] = current(key(3)).split('\n');
    const digest = JSON.parse(line);
    digest.objects = digest.objects.filter((each: { key: string }) => each.key !== record);
    versions.set(key(3), [`${JSON.stringify(digest)}\n${signature}\n`]);
    const said = saidOf(verified(evidence(), { isSignedBy }));
    expect(words(said)).toEqual(['BAD SIGNATURE', 'BROKEN', 'EXTRA']);
    expect(said).toContain('BROKEN chain/0000000004.jsonl');
  });

  test('two digests swapped', () => {
    const { versions, current, evidence, isSignedBy } = fiveDays();
    const [second, third] = [current(key(2)), current(key(3))];
    versions.set(key(2), [third]).set(key(3), [second]);
    const said = words(saidOf(verified(evidence(), { isSignedBy })));
    expect(said).toEqual(expect.arrayContaining(['BAD SIGNATURE', 'BROKEN', 'RENAMED']));
  });

  test('the tail cut is seen by a published head alone', () => {
    const { versions, evidence, isSignedBy, chainFiles } = fiveDays();
    const published = chainFiles().at(-1)?.sha256 ?? '';
    for (const each of [...versions.keys()]) {
      if (each === key(5) || /20260705|2026\/07\/04/.test(each)) versions.delete(each);
    }
    expect(verified(evidence(), { isSignedBy }).verdicts).toEqual([]);
    for (const head of [{ sha256: published }, { number: 5, sha256: published }]) {
      expect(words(saidOf(verified(evidence(), { heads: [head] })))).toEqual(['TRUNCATED']);
    }
  });

  test('everything rebuilt from the start is seen by the signature and by a published head', () => {
    const real = fiveDays();
    const sha256 = real.chainFiles()[2]?.sha256 ?? '';
    const forged = bucketInMemory();
    forged.put(`${accountId}/runs/20260701T020000Z_run0/other.html`, 'x');
    forged.versions.clear();
    for (let day = 0; day < 5; day++) forged.run(day);
    expect(verified(forged.evidence()).verdicts).toEqual([]);
    expect(words(saidOf(verified(forged.evidence(), { isSignedBy: real.isSignedBy })))).toEqual(['BAD SIGNATURE']);
    expect(words(saidOf(verified(forged.evidence(), { heads: [{ number: 3, sha256 }] })))).toEqual(['REWRITTEN']);
  });

  test('a signature taken off is no way out', () => {
    const bucket = bucketInMemory();
    bucket.run(0, null);
    bucket.run(1, null);
    expect(verified(bucket.evidence()).verdicts).toEqual([]);
    expect(words(saidOf(verified(bucket.evidence(), { isSignedBy: bucket.isSignedBy })))).toEqual(['BAD SIGNATURE']);
  });

  test('digests from before anything was signed are vouched for by the first that is', () => {
    const bucket = bucketInMemory();
    bucket.run(0, null);
    bucket.run(1, null);
    bucket.run(2);
    const { isSignedBy } = bucket;
    expect(verified(bucket.evidence(), { isSignedBy }).verdicts).toEqual([]);
    bucket.run(3, null);
    expect(saidOf(verified(bucket.evidence(), { isSignedBy }))).toEqual(['BAD SIGNATURE chain/0000000004.jsonl']);
  });

  test('signatures that nobody looked at are not checked', () => {
    const bucket = bucketInMemory();
    bucket.run(0, null);
    bucket.run(1);
    bucket.run(2, null);
    const asked = { now: start + 9 * DAY, heads: [], isSignedBy: undefined, isQuick: true };
    const { verdicts } = verifyEvidence(bucket.evidence(), asked);
    expect(verdicts).toEqual([
      { word: 'NOT CHECKED', key: key(2), why: 'is signed, and nothing tells by whom: give --public-key' },
    ]);
    expect(worst(verdicts)).toBe('unknown');
  });

  test('a delete marker or a second version on a digest', () => {
    const { put, evidence } = fiveDays();
    put(key(4), undefined);
    expect(saidOf(verified(evidence()))).toContain('DELETED chain/0000000004.jsonl');
    const other = fiveDays();
    other.put(key(4), other.current(key(4)));
    expect(saidOf(verified(other.evidence()))).toEqual(['OVERWRITTEN chain/0000000004.jsonl']);
  });
});

describe('what others put below chain/', () => {
  test('is a stray until the next digest says whose it is', () => {
    const { put, run, evidence } = fiveDays();
    put(key(6), 'squatted');
    const before = verified(evidence());
    expect(before.head?.number).toBe(5);
    expect(saidOf(before)).toContain('STRAY chain/0000000006.jsonl');
    expect(worst(before.verdicts)).toBe('wrong');
    expect(run(5)).toMatchObject({ number: 7, digest: { foreign: [key(6)], previous: { key: key(5) } } });
    const after = verified(evidence());
    expect(saidOf(after)).toEqual(['FOREIGN chain/0000000006.jsonl']);
    expect(worst(after.verdicts)).toBe('true');
  });

  test('is no head, however well it is made', () => {
    const { put, current, run, evidence } = fiveDays();
    put(key(900), current(key(5)).replace('"sequence":5', '"sequence":900'));
    expect(run(5).number).toBe(6);
    const verification = verified(evidence());
    expect(verification.head?.number).toBe(6);
    expect(saidOf(verification)).toEqual(['STRAY chain/0000000900.jsonl']);
  });
});

describe('what could not be read', () => {
  test('is not checked, and never valid', () => {
    const { record, evidence } = fiveDays();
    const verification = verified({ ...evidence(), objects: new Map([...evidence().objects, [record, undefined]]) });
    expect(words(saidOf(verification))).toEqual(['NOT CHECKED']);
    expect(verification.valid).toBe(19);
    expect(worst(verification.verdicts)).toBe('unknown');
  });
});

test('of a run whose manifest could not be read nothing is said to be too much', () => {
  const { versions, evidence } = fiveDays();
  const manifest = [...versions.keys()].find((each) => each.includes('/manifest.')) ?? '';
  const found = evidence();
  const manifests = new Map([...found.manifests].filter(([key]) => key !== manifest));
  const objects = new Map([...found.objects, [manifest, undefined]]);
  const verification = verified({ ...found, manifests, objects });
  expect(words(saidOf(verification))).toEqual(['NOT CHECKED']);
  expect(verification.verdicts).toHaveLength(2);
});

describe('a bucket whose lifecycle takes what is old', () => {
  /** Of five runs the first two are gone, with what they wrote. */
  const withoutFirst = (expireDays: number, madeAt?: string) => {
    const { versions, run, ...rest } = bucketInMemory(expireDays);
    for (let day = 0; day < 5; day++) run(day);
    for (const each of [...versions.keys()]) {
      if (/chain\/000000000[12]|2026070[12]T|2026\/0(?:6\/30|7\/01)/.test(each)) versions.delete(each);
    }
    if (madeAt !== undefined) {
      const [line = '', signature] = rest.current(key(3)).split('\n');
      versions.set(key(3), [`${JSON.stringify({ ...JSON.parse(line), madeAt })}\n${signature}\n`]);
    }
    return { versions, ...rest };
  };

  test('has lost nothing, and its first digest is vouched for by a head or a signature alone', () => {
    const { evidence, isSignedBy, chainFiles } = withoutFirst(30);
    const expired = 'EXPIRED chain/0000000003.jsonl';
    expect(saidOf(verified(evidence()))).toEqual([expired, 'NOT CHECKED chain/0000000003.jsonl']);
    const heads = [{ number: 5, sha256: chainFiles().at(-1)?.sha256 ?? '' }];
    expect(saidOf(verified(evidence(), { heads }))).toEqual([expired]);
    // The signature of the digest before is part of what was signed; the next digest is signed, and names it.
    expect(saidOf(verified(evidence(), { isSignedBy }))).toEqual([expired]);
    expect(saidOf(verified(evidence(), { isSignedBy: () => false }))).toEqual([
      expired,
      'BAD SIGNATURE chain/0000000004.jsonl',
      'BAD SIGNATURE chain/0000000005.jsonl',
    ]);
  });

  test('is not believed by its first digest alone, whoever signed it', () => {
    const { evidence, isSignedBy, versions } = withoutFirst(30);
    for (const number of [4, 5]) versions.delete(key(number));
    expect(saidOf(verified(evidence(), { isSignedBy }))).toContain('NOT CHECKED chain/0000000003.jsonl');
  });

  test('may have taken a page too, though its digest is left', () => {
    const { versions, evidence } = withoutFirst(30);
    versions.delete([...versions.keys()].find((each) => each.endsWith('index.html')) ?? '');
    expect(words(saidOf(verified(evidence())))).toEqual(['EXPIRED', 'NOT CHECKED']);
  });

  test.each<[string, number, string?]>([
    ['nothing ever expires', 0],
    ['it is not old enough', 70],
    ['its time is none', 30, 'once'],
  ])('has lost it where %s', (_, expireDays, madeAt) => {
    const { evidence } = withoutFirst(expireDays, madeAt);
    const said = saidOf(verified(evidence()));
    expect(said.slice(0, 2)).toEqual(['MISSING chain/0000000002.jsonl', 'BROKEN chain/0000000003.jsonl']);
  });
});

test('a head that was published of a bucket with nothing in it is of a chain that was cut', () => {
  const heads = [{ number: 5, sha256: 'a'.repeat(64) }];
  const { verdicts } = verified(bucketInMemory().evidence(), { heads });
  expect(verdicts).toEqual([{ word: 'TRUNCATED', key: '', why: 'number 5 was published and is not there' }]);
});

test('asked to be quick, it reads the chain alone', () => {
  const { versions, record, evidence } = fiveDays();
  versions.delete(record);
  expect(verified(evidence(), { isQuick: true })).toMatchObject({ verdicts: [], valid: 0, digests: 5 });
  versions.delete(key(2));
  expect(worst(verified(evidence(), { isQuick: true }).verdicts)).toBe('wrong');
});

test('nothing at all is an empty chain without a head', () => {
  const empty = { accountId, chain: new Map(), objects: new Map(), manifests: new Map(), versions: undefined };
  expect(verified(empty, { now: start + DAY })).toMatchObject({ digests: 0, head: undefined });
});
