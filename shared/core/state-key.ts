import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Redacted } from './redacted.ts';

/** Tells what we wrote from what others did. */
export interface Verifier {
  /** True if the MAC was made over these very fields with a key that we hold. */
  verifies(fields: readonly string[], mac: string): boolean;
  /** True for one of the epoch that signs now: what an earlier one signed is not believed for ever. */
  isCurrent(mac: string): boolean;
}

/** Whoever holds it writes state that is believed. */
export interface StateKey extends Verifier {
  sign(fields: readonly string[]): string;
}

/** Key material of one epoch, in base64. However it is printed, it says `[redacted]`. */
export class MacKey extends Redacted {}

export interface EpochKey {
  /** 1 to 35. */
  epoch: number;
  key: MacKey;
}

/** One character of epoch, and 128 bits in base64url. */
const macPattern = /^[1-9a-z][\w-]{22}$/;
const MAC_BYTES = 16;

/**
 * HMAC-SHA-256, cut to 128 bits, with the epoch in front. The current epoch signs; the one before it is still believed,
 * so that the key can be replaced without a day on which nothing is known.
 */
export function createStateKey(current: EpochKey, previous?: EpochKey): StateKey {
  const signer = signerOf(current);
  const known = previous === undefined ? [signer] : [signer, signerOf(previous)];
  return {
    sign: (fields) => macOf(signer, fields),
    isCurrent: (mac) => mac.charAt(0) === signer.epoch,
    verifies(fields, mac) {
      const made = known.find(({ epoch }) => epoch === mac.charAt(0));
      return made !== undefined && macPattern.test(mac) && isEqual(macOf(made, fields), mac);
    },
  };
}

/** For a reader who may not have the key: every record counts as it was written. Never to change anything by. */
export const asRecorded: Verifier = { verifies: (_, mac) => macPattern.test(mac), isCurrent: () => true };

/** The same where it matters which epoch signs: what is older than the one before it counts for nothing. */
export function asRecordedIn(epoch: number): Verifier {
  const [current, previous] = [epoch.toString(36), (epoch - 1).toString(36)];
  return {
    verifies: (_, mac) => macPattern.test(mac) && [current, previous].includes(mac.charAt(0)),
    isCurrent: (mac) => mac.charAt(0) === current,
  };
}

/** While the key cannot be had: nothing that is written is known to be ours. */
export const nothingVerified: Verifier = { verifies: () => false, isCurrent: () => true };

interface Signer {
  /** One character. */
  epoch: string;
  /** Node takes seven times as long to sign with the bytes themselves. */
  key: KeyObject;
}

function signerOf({ epoch, key }: EpochKey): Signer {
  return { epoch: epoch.toString(36), key: createSecretKey(key.reveal(), 'base64') };
}

function macOf({ epoch, key }: Signer, fields: readonly string[]): string {
  // JSON keeps the fields apart whatever they hold.
  const digest = createHmac('sha256', key).update(JSON.stringify(fields)).digest();
  return epoch + digest.subarray(0, MAC_BYTES).toString('base64url');
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
