import { type ChainFile, type Hashed, parseChainFile } from '../../core/evidence/chain.ts';
import { folderOf } from '../../core/evidence/object-verdicts.ts';
import { DAY, formatDate, type Instant, MINUTE, parseCompactInstant, parseInstant } from '../../core/time.ts';
import { type EvidenceReader, listKeys, readObject, storedHash } from './bucket.ts';

/** A function runs for 15 minutes at most: what is older goes on no more. */
const OVER = 20 * MINUTE;

/**
 * What is there of runs that ended before the chain had them: found by their folders, of the days since the head of the
 * chain, and named by the hashes that S3 keeps.
 */
export async function unfinishedRuns(
  reader: EvidenceReader,
  accountId: string,
  head: ChainFile | undefined,
  now: Instant,
): Promise<Hashed[]> {
  const since = head === undefined ? undefined : startOfDay(parseInstant(head.digest.madeAt) ?? now) - DAY;
  const keys = await keysSince(reader, `${accountId}/runs/`, since, now);
  const chained = await namedSince(reader, head, (since ?? now) - DAY);
  const folders = new Set([...chained].map(folderOf));
  const left = keys.filter((key) => !folders.has(folderOf(key)) && (startOf(key) ?? now) <= now - OVER);
  const unfinished: Hashed[] = [];
  for (const key of left) {
    const sha256 = await storedHash(reader, key);
    if (sha256 !== undefined) unfinished.push({ key, sha256 });
  }
  return unfinished;
}

function startOfDay(at: Instant): Instant {
  return Math.floor(at / DAY) * DAY;
}

async function keysSince(
  reader: EvidenceReader,
  prefix: string,
  since: Instant | undefined,
  now: Instant,
): Promise<string[]> {
  if (since === undefined) return listKeys(reader, prefix);
  const keys: string[] = [];
  for (let day = since; day <= now; day += DAY) {
    keys.push(...(await listKeys(reader, `${prefix}${formatDate(day).replaceAll('-', '')}`)));
  }
  return keys;
}

/** Every key that a digest names, of those made since then. */
async function namedSince(reader: EvidenceReader, head: ChainFile | undefined, since: Instant): Promise<Set<string>> {
  const named = new Set<string>();
  let file = head;
  while (file !== undefined && (parseInstant(file.digest.madeAt) ?? since) >= since) {
    for (const { key } of [...file.digest.objects, ...file.digest.unfinished]) named.add(key);
    const before = file.digest.previous?.key;
    const body = before === undefined ? undefined : await readObject(reader, before);
    file =
      before === undefined || body === undefined
        ? undefined
        : parseChainFile(before, Buffer.from(body).toString('utf8'));
  }
  return named;
}

/** When the run of a key began; undefined below a folder that no run made. */
function startOf(key: string): Instant | undefined {
  return parseCompactInstant(/\/runs\/([^/_]+)_/.exec(key)?.[1] ?? '');
}
