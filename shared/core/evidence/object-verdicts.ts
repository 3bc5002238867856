import { DAY, parseCompactInstant, parseInstant } from '../time.ts';
import * as z from '../zod.ts';
import { type ChainFile, hashOf } from './chain.ts';
import type { Evidence, Verdict } from './verdict.ts';

// What is said of everything that the chain names, and of what lies beside it.

const manifestSchema = z.object({ files: z.array(z.object({ name: z.string(), sha256: z.string() })) });

/** The files that a manifest names, by whole keys; undefined if it is none. */
export function filesOf(key: string, body: string): { key: string; sha256: string }[] | undefined {
  try {
    const { files } = manifestSchema.parse(JSON.parse(body));
    return files.map(({ name, sha256 }) => ({ key: `${folderOf(key)}${name}`, sha256 }));
  } catch {
    return undefined;
  }
}

/** With the slash at its end. */
export function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

export function isManifest(key: string): boolean {
  return /^\d{12}\/(?:runs|reports)\/.+\/manifest\.[0-9a-f]{64}\.json$/.test(key);
}

export interface Named {
  sha256: string;
  madeAt: string;
}

/** By key: what the chain says of every object, and its manifests of every file of theirs. */
export function namedObjects({ manifests }: Evidence, chained: readonly ChainFile[]): Map<string, Named> {
  const named = new Map<string, Named>();
  for (const { digest } of chained) {
    const { madeAt, objects, unfinished } = digest;
    for (const { key, sha256 } of [...objects, ...unfinished]) {
      named.set(key, { sha256, madeAt });
      const body = manifests.get(key);
      // A manifest that is not the one of the chain speaks for nothing.
      const files = body !== undefined && hashOf(body) === sha256 ? filesOf(key, body) : undefined;
      for (const file of files ?? []) named.set(file.key, { sha256: file.sha256, madeAt });
    }
  }
  return named;
}

export function objectVerdicts(
  evidence: Evidence,
  key: string,
  { hash: { sha256, madeAt }, expired }: { hash: Named; expired: (madeAt: string) => boolean },
): Verdict[] {
  const verdicts = rewritten(evidence, [key]);
  if (!evidence.objects.has(key)) {
    if (verdicts.length > 0) return verdicts;
    const isExpired = expired(madeAt);
    return [{ word: isExpired ? 'EXPIRED' : 'MISSING', key, why: 'is named by the chain and not there' }];
  }
  const found = evidence.objects.get(key);
  if (found === undefined) return [...verdicts, { word: 'NOT CHECKED', key, why: 'could not be read' }];
  return found === sha256
    ? verdicts
    : [...verdicts, { word: 'ALTERED', key, why: 'has another hash than the chain says' }];
}

/** Versions and markers where there is to be one version. */
export function rewritten({ versions }: Evidence, keys: readonly string[]): Verdict[] {
  return keys.flatMap((key): Verdict[] => {
    const { count = 1, isDeleted = false } = versions?.get(key) ?? {};
    if (isDeleted) return [{ word: 'DELETED', key, why: 'has a delete marker' }];
    return count > 1 ? [{ word: 'OVERWRITTEN', key, why: `has ${count} versions` }] : [];
  });
}

/** What nobody names, though whoever named the rest would have. What is newer waits for the next digest. */
export function extras(
  { accountId, objects }: Evidence,
  { named, chained }: { named: ReadonlyMap<string, Named>; chained: readonly ChainFile[] },
): Verdict[] {
  const closed = new Set(chained.flatMap(({ digest }) => digest.closedDays));
  const closedThrough = chained.at(-1)?.digest.closedThrough ?? '';
  const settledBefore = (parseInstant(chained.at(-1)?.digest.madeAt ?? '') ?? 0) - DAY;
  const unread = [...named.keys()].filter(
    (key) => isManifest(key) && objects.has(key) && objects.get(key) === undefined,
  );
  return [...objects.keys()].flatMap((key): Verdict[] => {
    if (named.has(key) || key === `${accountId}/tests/connection.json`) return [];
    if (unread.some((manifest) => folderOf(manifest) === folderOf(key))) {
      return [{ word: 'NOT CHECKED', key, why: 'is of a run whose manifest could not be read' }];
    }
    const record = /^\d{12}\/records\/(\d{4})\/(\d{2})\/(\d{2})\//.exec(key);
    const day = record?.slice(1).join('-');
    const isLate = day === undefined ? isRunBefore(key, settledBefore) : closed.has(day) || day <= closedThrough;
    return [
      isLate
        ? { word: 'EXTRA', key, why: 'is named by no digest, though its time is over' }
        : { word: 'UNCHAINED', key, why: 'is named by no digest yet' },
    ];
  });
}

/** Everything that is neither a record nor of a run that has just begun is late. */
function isRunBefore(key: string, before: number): boolean {
  const began = /^\d{12}\/(?:runs|reports\/[^/]+)\/(\d{8}T\d{6}Z)_[^/]+\//.exec(key)?.[1];
  const at = parseCompactInstant(began ?? '');
  return at === undefined || at < before;
}
