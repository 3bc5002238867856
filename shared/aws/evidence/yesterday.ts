import { gunzipSync } from 'node:zlib';
import { type CarriedFact, carriedFacts } from '../../core/evidence/carried-keys.ts';
import { type ChainFile, hashOf } from '../../core/evidence/chain.ts';
import type { Finding } from '../../core/evidence/finding.ts';
import { type CarriedChanges, carriedChanges } from '../../core/evidence/key-changes.ts';
import { parseManifest } from '../../core/evidence/manifest.ts';
import { type Telling, telling } from '../../core/evidence/what-to-tell.ts';
import { type Instant, parseInstant } from '../../core/time.ts';
import { type EvidenceReader, headOf, readObject } from './bucket.ts';
import { type Inspection, tryRead } from './try-read.ts';

/** The run before: what it found, and what may be carried of it. */
export interface Yesterday {
  /** Of the chain. */
  head: ChainFile | undefined;
  /** When it began. */
  startedAt?: Instant | undefined;
  findings: readonly Finding[];
  carried: ReadonlyMap<string, CarriedFact>;
  /** What both sides told of changes, where it is of a form that is known. */
  changes?: CarriedChanges | undefined;
  /** What it had to tell. */
  telling?: Telling | undefined;
  /** What is wrong with what was kept: sentences. */
  problems: readonly string[];
}

/** For a run that knows of none before it. */
export function noYesterday(head: ChainFile | undefined, ...problems: readonly string[]): Yesterday {
  return { head, findings: [], carried: new Map(), problems };
}

/** Without it a run has less to say of how long something has been so, and goes on. */
export async function yesterdayOrNothing(
  inspection: Inspection,
  reader: EvidenceReader,
  accountId: string,
): Promise<Yesterday> {
  const read = await tryRead(inspection, () => readYesterday(reader, accountId));
  return read.isSeen ? read.value : noYesterday(undefined, read.sentence);
}

/**
 * Believed only along the chain: the digest names the manifest by its hash, and the manifest the findings. Whatever is
 * not so is told of, and nothing is carried.
 */
export async function readYesterday(reader: EvidenceReader, accountId: string): Promise<Yesterday> {
  const { head, problems: found } = await headOf(reader, accountId);
  if (head === undefined) return noYesterday(head, ...found);
  const { reason } = head.signature;
  const problems = reason === undefined ? found : [...found, `${head.key} is not signed: ${reason}`];
  const named = head.digest.objects.find(({ key }) => /\/runs\/[^/]+\/manifest\.[0-9a-f]{64}\.json$/.test(key));
  if (named === undefined) return noYesterday(head, ...problems);
  const manifest = await hashedObject(reader, named.key, named.sha256);
  const parsed = manifest === undefined ? undefined : parseManifest(Buffer.from(manifest).toString('utf8'));
  const file = parsed?.files.find(({ name }) => name === 'findings.json.gz');
  if (parsed === undefined || file === undefined)
    return noYesterday(head, ...problems, `${named.key} is not what the chain says`);
  const key = named.key.replace(/[^/]+$/, file.name);
  const packed = await hashedObject(reader, key, file.sha256);
  if (packed === undefined) return noYesterday(head, ...problems, `${key} is not what its manifest says`);
  // Its hash is the one that a run of ours wrote.
  const { findings, ...more }: { findings: Finding[]; carried: unknown; changes: unknown; telling: unknown } =
    JSON.parse(gunzipSync(packed).toString('utf8'));
  const facts = carriedFacts.safeParse(more.carried);
  return {
    head,
    startedAt: parseInstant(parsed.startedAt),
    findings,
    carried: new Map((facts.data ?? []).map((fact) => [fact.userId, fact])),
    changes: carriedChanges.safeParse(more.changes).data,
    telling: telling.safeParse(more.telling).data,
    problems,
  };
}

async function hashedObject(reader: EvidenceReader, key: string, sha256: string): Promise<Uint8Array | undefined> {
  const body = await readObject(reader, key);
  return body !== undefined && hashOf(body) === sha256 ? body : undefined;
}
