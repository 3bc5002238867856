import type { Instant } from '../time.ts';
import type { ChainFile } from './chain.ts';

/** What can be wrong with evidence, and what can be said of it without anything being wrong. Words as CloudTrail's. */
const meanings = {
  ALTERED: 'wrong',
  OVERWRITTEN: 'wrong',
  DELETED: 'wrong',
  MISSING: 'wrong',
  EXTRA: 'wrong',
  BROKEN: 'wrong',
  RENAMED: 'wrong',
  'BAD SIGNATURE': 'wrong',
  TRUNCATED: 'wrong',
  REWRITTEN: 'wrong',
  STRAY: 'wrong',
  'NOT CHECKED': 'unknown',
  FOREIGN: 'true',
  GAP: 'true',
  EXPIRED: 'true',
  UNCHAINED: 'true',
} as const;
export type VerdictWord = keyof typeof meanings;
export const verdictWords = Object.keys(meanings);

/** One line of a verification. */
export interface Verdict {
  word: VerdictWord;
  key: string;
  why: string;
}

/** What is there of one account, read beforehand. */
export interface Evidence {
  accountId: string;
  /** By key: the text of every object below `chain/`. */
  chain: ReadonlyMap<string, string>;
  /** By key: the hash of every other object; undefined of one that could not be read. */
  objects: ReadonlyMap<string, string | undefined>;
  /** By key: the text of every manifest. */
  manifests: ReadonlyMap<string, string>;
  /** Of a bucket: how often each key was written, and whether a delete marker lies over it. A folder has none. */
  versions: ReadonlyMap<string, { count: number; isDeleted: boolean }> | undefined;
  /** There are versions, and whoever reads may not list them. */
  hidesVersions?: boolean;
}

export interface Asked {
  now: Instant;
  /** Published hashes of heads, with their numbers where they are known; asked of the account that is named alone. */
  heads: readonly { accountId?: string; number?: number; sha256: string }[];
  /** Undefined: no public key was given. */
  isSignedBy: ((text: string, signature: string) => boolean) | undefined;
  /** Digests alone. */
  isQuick: boolean;
  /** The first digest that is asked about, and what it names; undefined: the first that there is. */
  from?: number;
}

export interface Verification {
  verdicts: Verdict[];
  digests: number;
  /** Objects that are there and have the hash that the chain says. */
  valid: number;
  head: ChainFile | undefined;
  /** Up to this digest a published head proves that nothing is missing at the end. */
  provenTo: number | undefined;
}

export function worst(verdicts: readonly Verdict[]): 'wrong' | 'unknown' | 'true' {
  const found = verdicts.map(({ word }) => meanings[word]);
  return found.find((each) => each === 'wrong') ?? found.find((each) => each === 'unknown') ?? 'true';
}
