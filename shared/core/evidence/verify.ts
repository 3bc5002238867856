import { type ChainFile, chainNumber, parseChainFile } from './chain.ts';
import {
  expiry,
  gaps,
  headAmong,
  headVerdicts,
  linkVerdicts,
  provenTo,
  signatureVerdicts,
  signedFrom,
} from './chain-verdicts.ts';
import { extras, namedObjects, objectVerdicts, rewritten } from './object-verdicts.ts';
import type { Asked, Evidence, Verdict, Verification } from './verdict.ts';

/** Everything that can be said of the evidence of one account. */
export function verifyEvidence(evidence: Evidence, everybody: Asked): Verification {
  const heads = everybody.heads.filter(({ accountId = evidence.accountId }) => accountId === evidence.accountId);
  const asked: Asked = { ...everybody, heads };
  const { chained, head, foreign, unreadable } = chainedIn(evidence.chain);
  const strays = [...evidence.chain.keys()].filter((key) => !chained.some((file) => file.key === key));
  const expired = expiry(chained, asked.now);
  const { from = 1 } = asked;
  const wanted = chained.filter(({ number }) => number >= from);
  const context = { ...asked, foreign, expired, signedFrom: signedFrom(chained), last: head?.number ?? 0 };
  const links = wanted.flatMap((file) => linkVerdicts(file, chained[chained.indexOf(file) - 1], context));
  const named = namedObjects(evidence, wanted);
  const objects = asked.isQuick
    ? []
    : [...named].flatMap(([key, hash]) => objectVerdicts(evidence, key, { hash, expired }));
  const verdicts = [
    ...unreadable.filter(({ key }) => !foreign.has(key)),
    ...strays.map((key) => strayVerdict(key, foreign)),
    ...hidden(evidence),
    ...rewritten(evidence, everChained(evidence)),
    ...links,
    ...objects,
    ...(asked.isQuick ? [] : extras(evidence, { named, chained })),
    ...gaps(wanted),
    ...signatureVerdicts(wanted, asked),
    ...headVerdicts(chained, asked),
  ];
  const wrong = new Set(objects.map(({ key }) => key));
  const valid = asked.isQuick ? 0 : [...named.keys()].filter((key) => !wrong.has(key)).length;
  return { verdicts, digests: wanted.length, valid, head, provenTo: provenTo(chained, asked) };
}

/** The digests that are of the chain, oldest first, and its end. */
export function chainedIn(chain: Evidence['chain']): {
  chained: ChainFile[];
  head: ChainFile | undefined;
  /** Keys that the chain says were taken by somebody else. */
  foreign: ReadonlySet<string>;
  unreadable: readonly Verdict[];
} {
  const { files, verdicts: unreadable } = filesIn(chain);
  const head = headAmong(files);
  const foreign = new Set(files.flatMap(({ digest }) => digest.foreign));
  const last = head?.number ?? 0;
  return { chained: files.filter(({ key, number }) => !foreign.has(key) && number <= last), head, foreign, unreadable };
}

/** Keys below `chain/` that were ever written. */
function everChained({ chain, versions }: Evidence): string[] {
  const known = [...(versions?.keys() ?? [])].filter((key) => chainNumber(key) !== undefined);
  return [...new Set([...chain.keys(), ...known])];
}

/** Of a bucket whose versions may not be listed nobody can say that nothing in it was overwritten. */
function hidden({ accountId, hidesVersions = false }: Evidence): Verdict[] {
  if (!hidesVersions) return [];
  const why = 'versions and delete markers may not be listed: s3:ListBucketVersions is refused';
  return [{ word: 'NOT CHECKED', key: `${accountId}/`, why }];
}

function filesIn(chain: Evidence['chain']): { files: ChainFile[]; verdicts: Verdict[] } {
  const files: ChainFile[] = [];
  const verdicts: Verdict[] = [];
  for (const [key, body] of chain) {
    const file = parseChainFile(key, body);
    if (file === undefined) verdicts.push({ word: 'BROKEN', key, why: 'is no digest' });
    else files.push(file);
  }
  return { files: files.toSorted((a, b) => a.number - b.number), verdicts };
}

function strayVerdict(key: string, foreign: ReadonlySet<string>): Verdict {
  return foreign.has(key)
    ? { word: 'FOREIGN', key, why: 'was put by someone else; the next digest says so and skips it' }
    : { word: 'STRAY', key, why: 'is no part of the chain' };
}
