import { mapConcurrently } from '../../shared/aws/map-concurrently.ts';
import { chainNumber, hashOf } from '../../shared/core/evidence/chain.ts';
import { isManifest } from '../../shared/core/evidence/object-verdicts.ts';
import type { Evidence } from '../../shared/core/evidence/verdict.ts';
import type { Place } from './place.ts';

const READERS = 8;

export interface Reading {
  /** Digests alone. */
  isQuick?: boolean;
  /** Of which objects more than the hash is wanted. */
  keeps?: (key: string) => boolean;
}

/** Everything of one account: texts of digests and manifests, hashes of all else, and what was asked to be kept of it. */
export async function readEvidence(
  { keys, versions, read }: Place,
  accountId: string,
  { isQuick = false, keeps = () => false }: Reading,
): Promise<{ evidence: Evidence; kept: Map<string, Uint8Array> }> {
  const isOurs = (key: string): boolean => key.startsWith(`${accountId}/`);
  const chain = new Map<string, string>();
  const objects = new Map<string, string | undefined>();
  const manifests = new Map<string, string>();
  const kept = new Map<string, Uint8Array>();
  const wanted = keys.filter((key) => isOurs(key) && (!isQuick || chainNumber(key) !== undefined));
  await mapConcurrently(
    wanted,
    async (key) => {
      const body = await read(key);
      const text = (): string => Buffer.from(body ?? '').toString('utf8');
      if (key.startsWith(`${accountId}/chain/`)) {
        chain.set(key, text());
        return;
      }
      objects.set(key, body === undefined ? undefined : hashOf(body));
      if (body !== undefined && isManifest(key)) manifests.set(key, text());
      if (body !== undefined && keeps(key)) kept.set(key, body);
    },
    READERS,
  );
  const own = versions && new Map([...versions].filter(([key]) => isOurs(key)));
  return {
    evidence: { accountId, chain: inOrder(chain), objects: inOrder(objects), manifests, versions: own },
    kept: inOrder(kept),
  };
}

/** Whichever was read first. */
function inOrder<T>(found: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
