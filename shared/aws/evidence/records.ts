import { changeEvents } from '../../core/evidence/reconcile.ts';
import { eventOfRecord, hashInName } from '../../core/evidence/record-name.ts';
import type { ReadRecord } from '../../core/evidence/transitions.ts';
import { DAY, formatDate, type Instant } from '../../core/time.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { type EvidenceReader, listDay, readObject } from './bucket.ts';

/** The days of which records are read, and what was read of them before. */
export interface RecordsAsked {
  accountId: string;
  from: Instant;
  to: Instant;
  known: readonly ReadRecord[];
}

/**
 * Records that tell of changes of keys: what is known, one list a day, and one call for each that no run has read; and the
 * keys of all records of these days.
 */
export async function readChangeRecords(
  reader: EvidenceReader,
  { accountId, from, to, known }: RecordsAsked,
): Promise<{ records: ReadRecord[]; keys: readonly string[] }> {
  const read = new Set(known.map(({ key }) => key));
  const keys: string[] = [];
  for (let day = Math.floor(from / DAY) * DAY; day <= to; day += DAY) {
    keys.push(...(await listDay(reader, accountId, formatDate(day))));
  }
  const isNew = (key: string): boolean => !read.has(key) && changeEvents.some((event) => event === eventOfRecord(key));
  const found = await mapConcurrently(keys.filter(isNew), async (key): Promise<ReadRecord[]> => {
    const sha256 = hashInName(key);
    const body = sha256 === undefined ? undefined : await readObject(reader, key);
    if (sha256 === undefined || body === undefined) return [];
    return [{ key, sha256, body: Buffer.from(body).toString('utf8') }];
  });
  return { records: [...known, ...found.flat()], keys };
}
