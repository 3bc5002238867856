import { mapConcurrently } from '../../shared/aws/map-concurrently.ts';
import { chainNumber, hashOf, parseChainFile } from '../../shared/core/evidence/chain.ts';
import { folderOf, isManifest } from '../../shared/core/evidence/object-verdicts.ts';
import type { Evidence } from '../../shared/core/evidence/verdict.ts';
import type { Place } from './place.ts';

const READERS = 8;

export interface Reading {
  /** Digests alone. */
  isQuick?: boolean;
  /** The first digest of which more than its own text is read. */
  from?: number;
  /** Of which objects more than the hash is wanted. */
  keeps?: (key: string) => boolean;
}

/** Everything of one account: texts of digests and manifests, hashes of all else, and what was asked to be kept of it. */
export async function readEvidence(
  { keys, versions, hidesVersions, read }: Place,
  accountId: string,
  { isQuick = false, from = 1, keeps = () => false }: Reading,
): Promise<{ evidence: Evidence; kept: Map<string, Uint8Array> }> {
  const isOurs = (key: string): boolean => key.startsWith(`${accountId}/`);
  const chain = new Map<string, string>();
  const objects = new Map<string, string | undefined>();
  const manifests = new Map<string, string>();
  const kept = new Map<string, Uint8Array>();
  const isChain = (key: string): boolean => key.startsWith(`${accountId}/chain/`);
  const digests = keys.filter((key) => isChain(key) && (!isQuick || chainNumber(key) !== undefined));
  await mapConcurrently(digests, async (key) => void chain.set(key, textOf(await read(key))), READERS);
  const isEarlier = namedBefore(chain, from);
  await mapConcurrently(
    isQuick ? [] : keys.filter((key) => isOurs(key) && !isChain(key) && !isEarlier(key)),
    async (key) => {
      const body = await read(key);
      objects.set(key, body === undefined ? undefined : hashOf(body));
      if (body !== undefined && isManifest(key)) manifests.set(key, textOf(body));
      if (body !== undefined && keeps(key)) kept.set(key, body);
    },
    READERS,
  );
  const own = versions && new Map([...versions].filter(([key]) => isOurs(key)));
  return {
    evidence: { accountId, chain: inOrder(chain), objects: inOrder(objects), manifests, versions: own, hidesVersions },
    kept: inOrder(kept),
  };
}

function textOf(body: Uint8Array | undefined): string {
  return Buffer.from(body ?? '').toString('utf8');
}

/** Whether a digest before this number names a key, or the run that it is of. */
function namedBefore(chain: ReadonlyMap<string, string>, from: number): (key: string) => boolean {
  const earlier = [...chain].flatMap(([key, body]) => {
    const file = parseChainFile(key, body);
    return file !== undefined && file.number < from ? [...file.digest.objects, ...file.digest.unfinished] : [];
  });
  const named = new Set(earlier.map(({ key }) => (isManifest(key) ? folderOf(key) : key)));
  return (key) => named.has(key) || named.has(folderOf(key));
}

/** Whichever was read first. */
function inOrder<T>(found: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
