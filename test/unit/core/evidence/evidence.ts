import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import {
  type ChainFile,
  type ChainSignature,
  chainBody,
  chainNumber,
  type Hashed,
  nextDigest,
  parseChainFile,
  textToSign,
} from '../../../../shared/core/evidence/chain.ts';
import { headAmong } from '../../../../shared/core/evidence/chain-verdicts.ts';
import type { Asked, Evidence, Verification } from '../../../../shared/core/evidence/verdict.ts';
import { verifyEvidence } from '../../../../shared/core/evidence/verify.ts';
import { DAY, formatInstant } from '../../../../shared/core/time.ts';

export const accountId = '111122223333';
const bucket = 'evidence';
export const start = Date.UTC(2026, 6, 1, 2);

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A bucket in memory, as somebody with every right sees it: a list of versions for each key, newest last. */
export function bucketInMemory(expireDays = 0) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const versions = new Map<string, (string | undefined)[]>();
  const put = (key: string, body: string | undefined): void =>
    void versions.set(key, [...(versions.get(key) ?? []), body]);
  const current = (key: string): string => versions.get(key)?.at(-1) ?? '';
  const chainFiles = (): ChainFile[] =>
    [...versions.keys()].flatMap((key) => parseChainFile(key, current(key)) ?? []).sort((a, b) => a.number - b.number);

  function run(day: number, signsWith: typeof privateKey | null = privateKey): ChainFile {
    const at = start + day * DAY;
    const folder = `${accountId}/runs/${formatInstant(at).replace(/[-:]|\.\d+/g, '')}_run${day}`;
    const yesterday = formatInstant(at - DAY).slice(0, 10);
    const records = [1, 2].map((n) => `{"record":${n},"day":"${yesterday}"}`);
    const objects: Hashed[] = records.map((body, n) => {
      const key = `${accountId}/records/${yesterday.replaceAll('-', '/')}/issued_AIDA${n}.${hash(body)}.json`;
      put(key, body);
      return { key, sha256: hash(body) };
    });
    const page = `<p>${day}</p>`;
    put(`${folder}/index.html`, page);
    const manifest = JSON.stringify({ files: [{ name: 'index.html', sha256: hash(page), bytes: page.length }] });
    const manifestKey = `${folder}/manifest.${hash(manifest)}.json`;
    put(manifestKey, manifest);
    const before = headAmong(chainFiles());
    const { key, line, digest } = nextDigest(
      { bucket, accountId },
      { head: before, used: [...versions.keys()].flatMap((each) => chainNumber(each) ?? []) },
      {
        madeAt: formatInstant(at),
        closedDays: [yesterday],
        closedThrough: yesterday,
        objects: [...objects, { key: manifestKey, sha256: hash(manifest) }],
        unfinished: [],
        eventsUntil: {},
        counts: { records: 2 },
        version: '0.0.0',
        expireDays,
      },
    );
    const text = textToSign({ line, digest }, key, before?.signature.signature);
    const signature: ChainSignature =
      signsWith === null
        ? { signature: null }
        : { signature: sign('sha256', Buffer.from(text), signsWith).toString('base64') };
    put(key, chainBody(line, signature));
    const file = parseChainFile(key, current(key));
    if (file === undefined) throw new Error('no digest');
    return file;
  }

  function evidence(): Evidence {
    const all = [...versions].filter(([, bodies]) => bodies.length > 0);
    const shown = all.flatMap(([key, bodies]) => {
      const newest = bodies.at(-1);
      return newest === undefined ? [] : [[key, newest] as const];
    });
    const isChain = (key: string) => key.includes('/chain/');
    return {
      accountId,
      chain: new Map(shown.filter(([key]) => isChain(key))),
      objects: new Map(shown.filter(([key]) => !isChain(key)).map(([key, body]) => [key, hash(body)])),
      manifests: new Map(shown.filter(([key]) => key.includes('/manifest.'))),
      versions: new Map(
        all.map(([key, bodies]) => [key, { count: bodies.length, isDeleted: bodies.at(-1) === undefined }]),
      ),
    };
  }

  const isSignedBy = (text: string, signature: string): boolean =>
    verify('sha256', Buffer.from(text), publicKey, Buffer.from(signature, 'base64'));

  return { versions, put, current, run, evidence, isSignedBy, chainFiles };
}

export const asked: Asked = { now: start + 60 * DAY, heads: [], isSignedBy: undefined, isQuick: false };

/** Words that were said of each key, but for what is true of every history here. */
export function saidOf(verification: Verification): string[] {
  return verification.verdicts.map(
    ({ word, key }) => `${word} ${key.replace(`${accountId}/`, '').replace(/\.[0-9a-f]{64}/, '')}`,
  );
}

/** What is said of signatures that nobody looked at is left out: they are another question than all others here. */
export function verified(evidence: Evidence, more: Partial<Asked> = {}): Verification {
  const { verdicts, ...rest } = verifyEvidence(evidence, { ...asked, ...more });
  return { ...rest, verdicts: verdicts.filter(({ why }) => !why.endsWith('give --public-key')) };
}
