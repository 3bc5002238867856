/** A repeatable source of AWS-like identifiers: the same seed gives the same sequence. */
export interface Random {
  /** `length` characters of the alphabet. */
  text(length: number, alphabet?: string): string;
  uuid(): string;
}

const idAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const hexAlphabet = '0123456789abcdef';

/**
 * Mulberry32, from 0 to 1: small and good enough for identifiers, useless for secrets that guard anything real. With
 * another generator every ID of the demo and of the golden files would be another.
 */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function createRandom(seed: number): Random {
  const next = seeded(seed);
  const text = (length: number, alphabet = idAlphabet) => {
    let result = '';
    for (let i = 0; i < length; i++) result += alphabet.charAt(Math.floor(next() * alphabet.length));
    return result;
  };
  return {
    text,
    uuid: () =>
      `${text(8, hexAlphabet)}-${text(4, hexAlphabet)}-4${text(3, hexAlphabet)}-a${text(3, hexAlphabet)}-${text(12, hexAlphabet)}`,
  };
}

/** FNV-1a, for orders that must look arbitrary and stay the same from run to run. */
export function hash(value: string): number {
  let result = 0x811c9dc5;
  for (let i = 0; i < value.length; i++) result = Math.imul(result ^ value.charCodeAt(i), 0x01000193);
  // The low bits of plain FNV of near-equal texts are near equal too; one round of mixing spreads them.
  result ^= result >>> 15;
  return Math.imul(result, 0x2c1b3c6d) >>> 0;
}
