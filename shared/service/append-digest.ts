import { putEvidence } from '../apply/put-evidence.ts';
import {
  type ChainFound,
  type EvidenceReader,
  evidenceReader,
  headOf,
  listDay,
  listKeys,
  readObject,
} from '../aws/evidence/bucket.ts';
import { signDigest } from '../aws/evidence/sign.ts';
import type { Runtime } from '../aws/runtime.ts';
import { RotationError } from '../core/errors.ts';
import {
  type ChainDigest,
  chainBody,
  dayBefore,
  daysToClose,
  firstOpenDay,
  type Hashed,
  hashOf,
  nextDigest,
  openDay,
  textToSign,
} from '../core/evidence/chain.ts';
import type { EvidenceSettings } from '../core/evidence/evidence-settings.ts';
import { hashInName } from '../core/evidence/record-name.ts';
import { formatInstant } from '../core/time.ts';

/** What a run has written, and what it knows beyond it. */
export interface RunToChain extends Pick<ChainDigest, 'unfinished' | 'eventsUntil' | 'version'> {
  manifest: Hashed;
}

/** The end of the chain after a run: what is published outside of the bucket. */
export interface Appended {
  key: string;
  sequence: number;
  sha256: string;
  isSigned: boolean;
  /** What is not as it should be below `chain/`. */
  problems: string[];
}

/** Each try that finds its number taken is a run that has gone before it. */
const TRIES = 20;

/**
 * Appends the digest of a run, last of all. The number is claimed by a conditional put, so that runs beside each other
 * make one chain; a put whose answer was lost is known by its bytes.
 */
export async function appendDigest(
  runtime: Pick<Runtime, 'aws' | 'clock' | 'log'>,
  settings: EvidenceSettings,
  run: RunToChain,
): Promise<Appended> {
  const { aws } = runtime;
  const reader = evidenceReader(aws, settings);
  for (let left = TRIES; left > 0; left--) {
    const found = await headOf(reader, settings.accountId);
    const contents = await contentsOf(runtime, reader, { settings, run, found });
    const { key, digest, line } = nextDigest(settings, found, contents);
    const text = textToSign({ line, digest }, key, found.head?.signature.signature);
    const signature = await signDigest(aws, settings.signingKeyArn, text);
    const body = chainBody(line, signature);
    if ((await putEvidence(aws, settings, { key, body })) === 'was-there' && !(await isOurs(reader, key, body)))
      continue;
    const sha256 = hashOf(body);
    runtime.log.info('Chained', { sequence: digest.sequence, sha256, key });
    const { problems } = found;
    const unsigned = signature.reason === undefined ? [] : [`${key} is not signed: ${signature.reason}`];
    const isSigned = signature.signature !== null;
    return { key, sequence: digest.sequence, sha256, isSigned, problems: [...problems, ...unsigned] };
  }
  throw new RotationError('Cannot append to the chain: each number was taken by another run.', { isTransient: true });
}

async function isOurs(reader: EvidenceReader, key: string, body: string): Promise<boolean> {
  const there = await readObject(reader, key);
  return there !== undefined && Buffer.from(there).toString('utf8') === body;
}

interface Chaining {
  settings: EvidenceSettings;
  run: RunToChain;
  found: ChainFound;
}

async function contentsOf(
  { clock }: Pick<Runtime, 'clock'>,
  reader: EvidenceReader,
  { settings: { accountId, bucket: _, expireDays }, run, found }: Chaining,
) {
  const { manifest, unfinished, eventsUntil, version } = run;
  const now = clock();
  const last = found.head?.digest;
  // Without any record the days count from the first run on: a recorder that never kept one must not look like no days.
  const first = (last && firstOpenDay(last)) ?? (await firstDay(reader, accountId)) ?? openDay(now);
  const closedDays = daysToClose(first, now);
  const records: Hashed[] = [];
  for (const day of closedDays) {
    for (const key of await listDay(reader, accountId, day)) {
      const sha256 = hashInName(key);
      // What has no hash in its name the recorder did not write: a verification says so.
      if (sha256 !== undefined) records.push({ key, sha256 });
    }
  }
  return {
    madeAt: formatInstant(now),
    closedDays,
    closedThrough: closedDays.at(-1) ?? dayBefore(first),
    objects: [...records, manifest],
    unfinished,
    eventsUntil,
    counts: { records: records.length },
    version,
    expireDays,
  };
}

/** The day of the oldest record. */
async function firstDay(reader: EvidenceReader, accountId: string): Promise<string | undefined> {
  const [oldest = ''] = await listKeys(reader, `${accountId}/records/`, 1);
  return /\/records\/(\d{4})\/(\d{2})\/(\d{2})\//.exec(oldest)?.slice(1).join('-');
}
