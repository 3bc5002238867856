import { DAY, formatDate, type Instant, parseDate, parseInstant } from '../time.ts';
import { type ChainFile, follows, textToSign } from './chain.ts';
import type { Asked, Verdict, VerdictWord } from './verdict.ts';

// What is said of the chain itself: its links, its signatures, its end, and the days without a run.

/** The newest digest that follows the one before it. What others put behind it is not the end of the chain. */
export function headAmong(files: readonly ChainFile[]): ChainFile | undefined {
  const byKey = new Map(files.map((file) => [file.key, file]));
  const newestFirst = files.toSorted((a, b) => b.number - a.number);
  return newestFirst.find((file) => follows(file, byKey.get(file.digest.previous?.key ?? ''))) ?? newestFirst.at(-1);
}

export interface LinkContext extends Asked {
  foreign: ReadonlySet<string>;
  expired: (madeAt: string) => boolean;
  /** The number of the first digest that is signed: those before it are named, by their hashes, in what is signed. */
  signedFrom: number;
  /** The number of the newest. */
  last: number;
}

export function linkVerdicts(file: ChainFile, before: ChainFile | undefined, context: LinkContext): Verdict[] {
  const { key, digest, number } = file;
  const verdicts: Verdict[] = [];
  const say = (word: VerdictWord, why: string, about = key): void => void verdicts.push({ word, key: about, why });
  if (digest.sequence !== number) say('RENAMED', `says that it is number ${digest.sequence}`);
  const isFirstLeft = before === undefined && digest.previous !== null && context.expired(digest.madeAt);
  if (isFirstLeft) {
    say('EXPIRED', 'the digests before it have expired');
    // Its own signature cannot be asked: that of the digest before is part of it. The next one names it by its hash.
    const isSpokenFor = context.heads.length > 0 || (context.isSignedBy !== undefined && number < context.last);
    if (!isSpokenFor) {
      say('NOT CHECKED', 'is the first that is left: only a published head or a signature speaks for it');
    }
  } else if (!follows(file, before)) {
    const previous = digest.previous?.key;
    if (previous !== undefined && previous !== before?.key) say('MISSING', `is named by ${key}`, previous);
    say('BROKEN', 'does not go on from the digest before it');
  }
  const mustBeSigned = number >= context.signedFrom && !isFirstLeft;
  if (context.isSignedBy !== undefined && mustBeSigned && !isSigned(file, before, context.isSignedBy)) {
    say('BAD SIGNATURE', file.signature.signature === null ? 'has no signature' : 'is not signed by this key');
  }
  return verdicts;
}

/** The first number that is signed; all are to be where none is, since whoever rebuilds a chain leaves signatures off. */
export function signedFrom(chained: readonly ChainFile[]): number {
  return chained.find(({ signature }) => signature.signature !== null)?.number ?? 0;
}

/** Signatures that nobody looked at are told of: never valid by ignorance. */
export function signatureVerdicts(chained: readonly ChainFile[], { isSignedBy }: Asked): Verdict[] {
  const signed = chained.findLast(({ signature }) => signature.signature !== null);
  if (isSignedBy !== undefined || signed === undefined) return [];
  return [{ word: 'NOT CHECKED', key: signed.key, why: 'is signed, and nothing tells by whom: give --public-key' }];
}

function isSigned(
  file: ChainFile,
  before: ChainFile | undefined,
  isSignedBy: NonNullable<Asked['isSignedBy']>,
): boolean {
  const { signature } = file.signature;
  return signature !== null && isSignedBy(textToSign(file, file.key, before?.signature.signature), signature);
}

/** Whether the bucket's lifecycle may have taken what a digest of this time names. */
export function expiry(chained: readonly ChainFile[], now: Instant): (madeAt: string) => boolean {
  const days = chained.map(({ digest }) => digest.expireDays).filter((each) => each > 0);
  // Infinity where nothing ever expires.
  const shortest = Math.min(...days);
  // Whatever is older than the oldest that is left was made before it.
  return (madeAt) => now - (parseInstant(madeAt) ?? now) >= (shortest - 2) * DAY;
}

/** Days without a run: true, and no evidence. */
export function gaps(chained: readonly ChainFile[]): Verdict[] {
  return chained.flatMap(({ key, digest }, index): Verdict[] => {
    const before = chained[index - 1]?.digest.madeAt;
    const [from, to] = [dayOf(before), dayOf(digest.madeAt)];
    if (from === undefined || to === undefined || to - from <= DAY) return [];
    const [first, last] = [formatDate(from + DAY), formatDate(to - DAY)];
    return [{ word: 'GAP', key, why: first === last ? `no run on ${first}` : `no run from ${first} to ${last}` }];
  });
}

function dayOf(madeAt: string | undefined): Instant | undefined {
  return madeAt === undefined ? undefined : parseDate(madeAt.slice(0, 10));
}

/** Only what was published outside of the bucket shows that its end, or all of it, is another one. */
export function headVerdicts(chained: readonly ChainFile[], { heads }: Asked): Verdict[] {
  return heads.flatMap(({ number, sha256 }): Verdict[] => {
    if (chained.some((file) => file.sha256 === sha256)) return [];
    const [name, newest] = [number === undefined ? `the head ${sha256}` : `number ${number}`, chained.at(-1)];
    const isCut = number === undefined || newest === undefined || number > newest.number;
    return [
      {
        word: isCut ? 'TRUNCATED' : 'REWRITTEN',
        key: newest?.key ?? '',
        why: `${name} was published and ${isCut ? 'is not there' : 'is another one now'}`,
      },
    ];
  });
}

/** The newest digest that a published head names: up to there nothing is missing. */
export function provenTo(chained: readonly ChainFile[], { heads }: Asked): number | undefined {
  return chained.findLast(({ sha256 }) => heads.some((head) => head.sha256 === sha256))?.number;
}
