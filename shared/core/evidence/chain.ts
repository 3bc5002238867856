import { createHash } from 'node:crypto';
import { jsonOf } from '../json.ts';
import { DAY, formatDate, HOUR, type Instant, parseDate } from '../time.ts';
import * as z from '../zod.ts';

// The chain of digests: one object a run, which names every record and manifest by its hash, and the digest before it.
// A digest is two lines: what it says, and a signature or none. Nothing in the chain is ever corrected.

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const hashed = z.object({ key: z.string(), sha256 });
export type Hashed = z.infer<typeof hashed>;

export const digestSchema = z.object({
  schemaVersion: z.literal(1),
  sequence: z.int(),
  bucket: z.string(),
  accountId: z.string(),
  /** ISO 8601. */
  madeAt: z.string(),
  previous: z.nullable(hashed),
  /** UTC days whose records are all named by now. A day without any is closed too: silence is stated. */
  closedDays: z.array(z.string()),
  /** The last day that this or an earlier digest has closed; before any is, the day before the first that will be. */
  closedThrough: z.nullable(z.string()),
  objects: z.array(hashed),
  /** What is there of runs that ended before their manifest. */
  unfinished: z.array(hashed),
  /** Keys of numbers that somebody else had taken: they are no part of the chain. */
  foreign: z.array(z.string()),
  /** Up to when CloudTrail's events are known, by event name. */
  eventsUntil: z.record(z.string(), z.string()),
  counts: z.record(z.string(), z.number()),
  version: z.string(),
  /** After so many days the bucket's lifecycle takes what is named here; 0 is never. */
  expireDays: z.number(),
});
export type ChainDigest = z.infer<typeof digestSchema>;

export const signatureSchema = z.object({
  signature: z.nullable(z.string()),
  algorithm: z.optional(z.string()),
  keyArn: z.optional(z.string()),
  /** Why there is none. */
  reason: z.optional(z.string()),
});
export type ChainSignature = z.infer<typeof signatureSchema>;

/** A digest as it lies in the bucket. */
export interface ChainFile {
  key: string;
  number: number;
  /** Of the whole file. */
  sha256: string;
  /** The first line, which is signed by its hash. */
  line: string;
  digest: ChainDigest;
  signature: ChainSignature;
}

/** What a run has to say; place and link are the chain's. */
export type Contents = Omit<
  ChainDigest,
  'schemaVersion' | 'sequence' | 'bucket' | 'accountId' | 'previous' | 'foreign'
>;

/** Where the chain ends. */
export interface ChainEnd {
  head: ChainFile | undefined;
  /** Every number below `chain/` that has or had an object, a deleted one too. */
  used: readonly number[];
}

export function hashOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Only the number is in the name, so that two runs of two days can never be the same number. */
export function chainKey(accountId: string, number: number): string {
  return `${accountId}/chain/${String(number).padStart(10, '0')}.jsonl`;
}

/** The number of a key below `chain/`, or undefined. */
export function chainNumber(key: string): number | undefined {
  const digits = /\/chain\/(\d{10})\.jsonl$/.exec(key)?.[1];
  return digits === undefined || Number(digits) === 0 ? undefined : Number(digits);
}

/** The digest that follows the end of the chain: its key, and its first line. A number taken by others is passed over. */
export function nextDigest(
  { bucket, accountId }: Pick<ChainDigest, 'bucket' | 'accountId'>,
  { head, used }: ChainEnd,
  contents: Contents,
): { key: string; digest: ChainDigest; line: string } {
  const taken = new Set(used);
  const first = (head?.number ?? 0) + 1;
  let sequence = first;
  while (taken.has(sequence)) sequence++;
  const foreign = Array.from({ length: sequence - first }, (_, index) => chainKey(accountId, first + index));
  const previous = head === undefined ? null : { key: head.key, sha256: head.sha256 };
  const digest = { schemaVersion: 1 as const, sequence, bucket, accountId, previous, foreign, ...contents };
  return { key: chainKey(accountId, sequence), digest, line: JSON.stringify(digest) };
}

/** What is signed, as CloudTrail does it: with the place, so that a digest counts nowhere else. */
export function textToSign(
  { line, digest: { bucket, madeAt } }: Pick<ChainFile, 'line' | 'digest'>,
  key: string,
  previousSignature: string | null | undefined,
): string {
  return [madeAt, `${bucket}/${key}`, hashOf(line), previousSignature ?? 'null'].join('\n');
}

/** Both lines. */
export function chainBody(line: string, signature: ChainSignature): string {
  return `${line}\n${JSON.stringify(signature)}\n`;
}

/** The digest under a key; undefined for what is none. Whether it is the chain's is another question. */
export function parseChainFile(key: string, body: string): ChainFile | undefined {
  const number = chainNumber(key);
  const [line = '', second] = body.split('\n');
  const digest = digestSchema.safeParse(jsonOf(line));
  const signature = signatureSchema.safeParse(jsonOf(second));
  if (number === undefined || !digest.success || !signature.success) return undefined;
  return { key, number, sha256: hashOf(body), line, digest: digest.data, signature: signature.data };
}

/** Whether a digest is what its key says, and goes on from this one: every number between was somebody else's. */
export function follows(file: ChainFile, previous: ChainFile | undefined): boolean {
  const { digest, number, key } = file;
  const before = previous?.number ?? 0;
  const between = number - before - 1;
  return (
    digest.sequence === number &&
    chainKey(digest.accountId, number) === key &&
    digest.previous?.key === previous?.key &&
    digest.previous?.sha256 === previous?.sha256 &&
    between >= 0 &&
    digest.foreign.length === between &&
    digest.foreign.every((foreign, index) => foreign === chainKey(digest.accountId, before + 1 + index))
  );
}

/**
 * The UTC days from this one on that are over and that no digest has closed yet. A day is over an hour after its end:
 * what writes records late and by a clock of its own writes them by then.
 */
export function daysToClose(first: string, now: Instant): string[] {
  const days: string[] = [];
  for (let day = parseDate(first) ?? now; day + DAY + HOUR <= now; day += DAY) days.push(formatDate(day));
  return days;
}

/** The oldest day that is not over. */
export function openDay(now: Instant): string {
  return formatDate(now - HOUR);
}

export function dayBefore(day: string): string {
  return formatDate(Date.parse(day) - DAY);
}

/** The first day that is still open, where some day was ever closed. */
export function firstOpenDay({ closedThrough }: Pick<ChainDigest, 'closedThrough'>): string | undefined {
  const last = closedThrough === null ? undefined : parseDate(closedThrough);
  return last === undefined ? undefined : formatDate(last + DAY);
}
