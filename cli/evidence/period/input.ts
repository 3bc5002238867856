import { gunzipSync } from 'node:zlib';
import { type ChainFile, chainNumber } from '../../../shared/core/evidence/chain.ts';
import type { Finding } from '../../../shared/core/evidence/finding.ts';
import { type Manifest, parseManifest } from '../../../shared/core/evidence/manifest.ts';
import { folderOf, isManifest } from '../../../shared/core/evidence/object-verdicts.ts';
import type { KeyEvent } from '../../../shared/core/evidence/reconcile.ts';
import { hashInName } from '../../../shared/core/evidence/record-name.ts';
import { distinctRecords, type ReadRecord } from '../../../shared/core/evidence/transitions.ts';
import { type Asked, type Evidence, type Verdict, worst } from '../../../shared/core/evidence/verdict.ts';
import { chainedIn, verifyEvidence } from '../../../shared/core/evidence/verify.ts';
import { DAY, formatDate, type Instant, parseInstant } from '../../../shared/core/time.ts';
import { type Day, dayOf } from './day.ts';
import { keyEventsIn } from './key-events.ts';
import { isWithin, type Period } from './period.ts';

/** What a report is made of. Nothing that the chain does not vouch for is among it. */
export interface PeriodInput {
  accountId: string;
  /** Of Keyturn's roles: whose changes are its own. */
  roleSuffix: string;
  period: Period;
  /** No digest is late enough: what comes later may change the report. */
  isPreliminary: boolean;
  /** When the last digest was made that the report goes by; no clock of whoever makes it is asked. */
  now: Instant;
  chained: readonly ChainFile[];
  verdicts: readonly Verdict[];
  /** By date. */
  days: readonly Day[];
  /** Runs that cannot be used, with the reason. */
  unusable: readonly { date: string; folder: string; why: string }[];
  /** Each text once. */
  records: readonly ReadRecord[];
  events: readonly KeyEvent[];
}

/** So long after the end of a period messages and events about it may still come. */
const SETTLED = 4 * DAY;

/** Of which objects a report needs more than the hash. */
export function isReadFor({ from, to }: Period): (key: string) => boolean {
  const [first, last] = [from, to].map((day) => formatDate(day).replaceAll('-', ''));
  return (key) => {
    const [, date = '', name] = /\/runs\/(\d{8})T[^/]*\/([^/]+)$/.exec(key) ?? [];
    if (name === 'findings.json.gz') return date >= (first ?? '') && date < (last ?? '');
    return name === 'key-changes.jsonl' || hashInName(key) !== undefined;
  };
}

/** The chain up to the first digest that is late enough for the period: whoever makes the report, and whenever, has the same. */
function cut(evidence: Evidence, { to }: Period): { evidence: Evidence; isPreliminary: boolean } {
  const end = chainedIn(evidence.chain).chained.find(({ digest }) => instantOf(digest.madeAt) >= to + SETTLED);
  if (end === undefined) return { evidence, isPreliminary: true };
  const chain = new Map([...evidence.chain].filter(([key]) => (chainNumber(key) ?? 0) <= end.number));
  return { evidence: { ...evidence, chain }, isPreliminary: false };
}

export function instantOf(text: string): Instant {
  return parseInstant(text) ?? 0;
}

/** What can be used of what was read; `asked.now` is for what the bucket's lifecycle may have taken. */
export function periodInput(
  read: { evidence: Evidence; kept: ReadonlyMap<string, Uint8Array> },
  { period, roleSuffix }: Pick<PeriodInput, 'period' | 'roleSuffix'>,
  asked: Omit<Asked, 'isQuick' | 'from'>,
): PeriodInput {
  const { evidence, isPreliminary } = cut(read.evidence, period);
  const verdicts = verdictsOn(read.evidence, evidence, asked);
  const { chained } = chainedIn(evidence.chain);
  const named = new Set(chained.flatMap(({ digest }) => digest.objects.map(({ key }) => key)));
  const doubted = new Set(verdicts.filter((verdict) => worst([verdict]) !== 'true').map(({ key }) => key));
  const text = (key: string): string | undefined => {
    const body = doubted.has(key) ? undefined : read.kept.get(key);
    return body === undefined ? undefined : Buffer.from(body).toString('utf8');
  };
  const runs = [...named].flatMap((key) => runUnder(key, doubted.has(key) ? undefined : evidence.manifests.get(key)));
  const { days, unusable } = daysIn(
    runs.filter(({ at }) => isWithin(period, at)),
    (key) => (doubted.has(key) ? undefined : read.kept.get(key)),
  );
  return {
    ...{ accountId: evidence.accountId, roleSuffix, period, isPreliminary, chained, verdicts, days, unusable },
    now: instantOf(chained.at(-1)?.digest.madeAt ?? ''),
    records: distinctRecords(
      [...named].toSorted().flatMap((key): ReadRecord[] => {
        const [sha256, body] = [hashInName(key), text(key)];
        return sha256 === undefined || body === undefined ? [] : [{ key, sha256, body }];
      }),
    ),
    events: runs.flatMap(({ folder }) => keyEventsIn(text(`${folder}key-changes.jsonl`) ?? '')),
  };
}

/**
 * What is said of the part that a report goes by. Published heads and signatures are asked of the whole chain: a head is
 * mostly a later one, and the first digest that is signed speaks for all before it.
 */
function verdictsOn(whole: Evidence, part: Evidence, asked: Omit<Asked, 'isQuick' | 'from'>): Verdict[] {
  const alone = { now: asked.now, heads: [], isSignedBy: undefined, isQuick: false };
  // What no digest names yet is of a later report.
  const verdicts = verifyEvidence(part, alone).verdicts.filter(({ word }) => word !== 'UNCHAINED');
  if (asked.heads.length === 0 && asked.isSignedBy === undefined) return verdicts;
  const isOfChain = ({ key }: Verdict): boolean => key === '' || key.includes('/chain/');
  return [
    ...verdicts.filter((verdict) => !isOfChain(verdict)),
    ...verifyEvidence(whole, { ...asked, isQuick: true }).verdicts.filter(isOfChain),
  ];
}

interface ReadRun {
  folder: string;
  at: Instant;
  manifest: Manifest;
}

function runUnder(key: string, body: string | undefined): ReadRun[] {
  const manifest = isManifest(key) && key.includes('/runs/') ? parseManifest(body ?? '') : undefined;
  return manifest === undefined ? [] : [{ folder: folderOf(key), at: instantOf(manifest.startedAt), manifest }];
}

/** Of each day the last run by schedule, else the last by hand. */
function daysIn(
  runs: readonly ReadRun[],
  read: (key: string) => Uint8Array | undefined,
): Pick<PeriodInput, 'days' | 'unusable'> {
  const days: Day[] = [];
  const unusable: { date: string; folder: string; why: string }[] = [];
  const best = runs.toSorted(
    (a, b) => rank(b.manifest) - rank(a.manifest) || b.at - a.at || (a.folder < b.folder ? 1 : -1),
  );
  for (const { folder, at, manifest } of best) {
    const date = formatDate(at);
    if (days.some((day) => day.date === date)) continue;
    const packed = read(`${folder}findings.json.gz`);
    if (packed === undefined) {
      unusable.push({ date, folder, why: 'its findings are not what the chain says, or could not be read' });
      continue;
    }
    // Its hash is the one that a run of ours wrote.
    const { findings }: { findings: Finding[] } = JSON.parse(gunzipSync(packed).toString('utf8'));
    days.push(dayOf(manifest, folder, findings));
  }
  return { days: days.toSorted((a, b) => a.at - b.at), unusable };
}

function rank({ trigger }: Manifest): number {
  return trigger === 'schedule' ? 1 : 0;
}
