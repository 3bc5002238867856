import { createHmac, timingSafeEqual } from 'node:crypto';
import { AwsError, constraintError } from './errors.ts';
import { type Input, text } from './input.ts';
import { arnOf, find, type KeyState, type KeyStore, type StoredKey, usable } from './kms-keys.ts';
import { type KeyPair, newKeyPair, publicKeyOf, SIGNING, signedBy, signingAlgorithmOf } from './kms-signing.ts';
import { parsePolicy } from './policies/resource-policy.ts';
import type { Random } from './random.ts';
import type { UserDirectory } from './secrets-manager/secret-policies.ts';
import { type Environment, type Operations, type OperationsOn, operationsOn } from './service.ts';
import { stateKeyAlias, stateKeyPolicy } from './state-key.ts';

/** A key as tests want to look at it. */
export interface KmsKey {
  readonly keyId: string;
  readonly arn: string;
  readonly alias: string;
  readonly state: KeyState;
  readonly policy: string;
}

/** KMS as this service uses it: HMAC keys, and one that signs. https://docs.aws.amazon.com/kms/latest/APIReference/ */
export interface Kms {
  readonly operations: Operations;
  /** Every MAC handed out, in base64: what a key is derived from must not be found in any log. */
  readonly macs: readonly string[];
  /**
   * One more key, under an alias that begins with `alias/`; an alias that is taken moves to it. Without a policy the
   * account has all rights in it. What tests do to keys is no call: no policy is asked.
   */
  addHmacKey(key: NewKey): KmsKey;
  /** The same of a key of P-256 that signs. */
  addSigningKey(key: NewKey): KmsKey;
  /** By ID, ARN, or alias with `alias/` before it. */
  find(keyId: string): KmsKey | undefined;
  setState(keyId: string, state: KeyState): void;
  /** A document, or the value that it is the JSON of. */
  setPolicy(keyId: string, policy: unknown): void;
  /** As after the waiting period: the key and its aliases are gone, and with it everything that it has signed. */
  deleteKey(keyId: string): void;
}

interface NewKey {
  readonly alias: string;
  readonly policy?: unknown;
}

const macAlgorithms = ['HMAC_SHA_224', 'HMAC_SHA_256', 'HMAC_SHA_384', 'HMAC_SHA_512'];
const longestMessage = 4_096;

function messageOf(input: Input): Buffer {
  const message = Buffer.from(text(input, 'Message'), 'base64');
  if (message.length < 1) throw constraintError('message', 'have length greater than or equal to 1');
  if (message.length > longestMessage) {
    throw constraintError('message', `have length less than or equal to ${longestMessage}`);
  }
  return message;
}

function algorithmOf(input: Input): string {
  const algorithm = text(input, 'MacAlgorithm');
  if (macAlgorithms.includes(algorithm)) return algorithm;
  throw constraintError('macAlgorithm', `satisfy enum value set: [${macAlgorithms.join(', ')}]`);
}

function macOf({ material }: StoredKey, message: Buffer): Buffer {
  return createHmac('sha256', material).update(message).digest();
}

const operations: OperationsOn<KeyStore> = {
  GenerateMac(store, input, context) {
    const message = messageOf(input);
    const algorithm = algorithmOf(input);
    const key = usable(store, input, { operation: 'GenerateMac', algorithm }, context);
    const mac = macOf(key, message).toString('base64');
    store.macs.push(mac);
    return { Mac: mac, MacAlgorithm: algorithm, KeyId: key.arn };
  },

  VerifyMac(store, input, context) {
    const message = messageOf(input);
    const algorithm = algorithmOf(input);
    const key = usable(store, input, { operation: 'VerifyMac', algorithm }, context);
    const [given, wanted] = [Buffer.from(text(input, 'Mac'), 'base64'), macOf(key, message)];
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw new AwsError(400, 'KMSInvalidMacException', 'The MAC is not valid for the message.');
    }
    return { KeyId: key.arn, MacValid: true, MacAlgorithm: algorithm };
  },

  Sign(store, input, context) {
    const message = messageOf(input);
    const algorithm = signingAlgorithmOf(input);
    const key = usable(store, input, { operation: 'Sign', algorithm }, context);
    return { KeyId: key.arn, SigningAlgorithm: algorithm, Signature: signedBy(pairOf(key), input, message) };
  },

  GetPublicKey(store, input, context) {
    const key = usable(store, input, { operation: 'GetPublicKey', algorithm: SIGNING }, context);
    const about = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', SigningAlgorithms: [SIGNING] };
    return { KeyId: key.arn, PublicKey: publicKeyOf(pairOf(key)), ...about };
  },
};

/** Whose algorithm is that of a signature has one. */
function pairOf({ pair, arn }: StoredKey): KeyPair {
  if (pair === undefined) throw new Error(`The KMS key ${arn} has no pair.`);
  return pair;
}

function view({ keyId, arn, alias, state, policy }: StoredKey): KmsKey {
  return { keyId, arn, alias, state, policy: policy.document };
}

/** A policy that hands all rights in the key on to the account's own policies. */
function wholeAccount(accountId: string): object {
  const Principal = { AWS: `arn:aws:iam::${accountId}:root` };
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal, Action: 'kms:*', Resource: '*' }] };
}

/** `random` is of KMS alone, so that its keys leave the identifiers of the other services as they are. */
export function createKms(environment: Environment, users: UserDirectory, random: Random): Kms {
  const { accountId, roleSuffix } = environment;
  const store: KeyStore = { environment, keys: new Map(), aliases: new Map(), macs: [] };
  const { keys, aliases } = store;

  const parse = (policy: unknown) =>
    parsePolicy(typeof policy === 'string' ? policy : JSON.stringify(policy), users.userIdOf);

  function existing(keyId: string): StoredKey {
    const key = find(store, keyId);
    if (key === undefined) throw new Error(`The local AWS has no KMS key ${keyId}.`);
    return key;
  }

  const add = ({ alias, policy = wholeAccount(accountId) }: NewKey, more: Pick<StoredKey, 'pair'>): KmsKey => {
    if (!alias.startsWith('alias/')) throw new Error(`The alias ${alias} does not begin with alias/.`);
    // The IDs of multi-Region keys begin so.
    const keyId = `mrk-${random.text(32, '0123456789abcdef')}`;
    const arn = arnOf(environment, `key/${keyId}`);
    const of = { keyId, arn, alias, material: random.text(32), ...more };
    const key: StoredKey = { ...of, state: 'Enabled', policy: parse(policy) };
    keys.set(keyId, key);
    aliases.set(alias, keyId);
    return view(key);
  };
  const addHmacKey: Kms['addHmacKey'] = (key) => add(key, {});

  addHmacKey({ alias: stateKeyAlias(roleSuffix), policy: stateKeyPolicy(accountId, roleSuffix) });
  return {
    operations: operationsOn(store, operations),
    macs: store.macs,
    addHmacKey,
    addSigningKey: (key) => add(key, { pair: newKeyPair() }),
    find(keyId) {
      const key = find(store, keyId);
      return key === undefined ? undefined : view(key);
    },
    setState(keyId, state) {
      const key = existing(keyId);
      keys.set(key.keyId, { ...key, state });
    },
    setPolicy(keyId, policy) {
      const key = existing(keyId);
      keys.set(key.keyId, { ...key, policy: parse(policy) });
    },
    deleteKey(keyId) {
      const key = existing(keyId);
      keys.delete(key.keyId);
      for (const [alias, of] of aliases) if (of === key.keyId) aliases.delete(alias);
    },
  };
}
