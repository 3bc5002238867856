import { createHmac, timingSafeEqual } from 'node:crypto';
import { AwsError, constraintError } from './errors.ts';
import { type Input, text } from './input.ts';
import { type KeyPair, newKeyPair, publicKeyOf, SIGNING, signedBy, signingAlgorithmOf } from './kms-signing.ts';
import { evaluate, parsePolicy, type ResourcePolicy } from './policies/resource-policy.ts';
import type { Random } from './random.ts';
import type { UserDirectory } from './secrets-manager/secret-policies.ts';
import {
  type CallContext,
  callerArn,
  type Environment,
  type Operations,
  type OperationsOn,
  operationsOn,
} from './service.ts';
import { stateKeyAlias, stateKeyPolicy } from './state-key.ts';

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';

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

interface StoredKey {
  readonly keyId: string;
  readonly arn: string;
  readonly alias: string;
  readonly material: string;
  readonly state: KeyState;
  readonly policy: ResourcePolicy;
  /** Of a key that signs. */
  readonly pair?: KeyPair;
}

const macAlgorithms = ['HMAC_SHA_224', 'HMAC_SHA_256', 'HMAC_SHA_384', 'HMAC_SHA_512'];
const ownAlgorithm = 'HMAC_SHA_256';
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

function notFound(message: string): AwsError {
  return new AwsError(400, 'NotFoundException', message);
}

/** The keys of an account. */
interface KeyStore {
  readonly environment: Environment;
  /** By ID. */
  readonly keys: Map<string, StoredKey>;
  /** Key IDs by alias. */
  readonly aliases: Map<string, string>;
  readonly macs: string[];
}

function arnOf({ region, accountId }: Environment, resource: string): string {
  return `arn:aws:kms:${region}:${accountId}:${resource}`;
}

function find({ environment, keys, aliases }: KeyStore, keyId: string): StoredKey | undefined {
  const prefix = arnOf(environment, '');
  const name = keyId.startsWith(prefix) ? keyId.slice(prefix.length).replace(/^key\//, '') : keyId;
  return keys.get(name.startsWith('alias/') ? (aliases.get(name) ?? '') : name);
}

function resourceOf({ environment }: KeyStore, keyId: string, key: StoredKey | undefined): string {
  if (key !== undefined) return key.arn;
  if (keyId.startsWith('arn:')) return keyId;
  return arnOf(environment, keyId.startsWith('alias/') ? keyId : `key/${keyId}`);
}

/** What a call with a key needs, beside the key. */
interface Use {
  readonly operation: string;
  readonly algorithm: string;
}

/** The key, if the caller may do this with it and its state allows it. Who may not, does not learn the state. */
function usable(store: KeyStore, input: Input, use: Use, context: CallContext): StoredKey {
  const keyId = text(input, 'KeyId');
  const key = find(store, keyId);
  const resource = resourceOf(store, keyId, key);
  authorize(store, key, { action: `kms:${use.operation}`, resource, algorithm: use.algorithm }, context);
  if (key === undefined) {
    throw notFound(/\balias\//.test(resource) ? `Alias ${resource} is not found.` : `Key '${resource}' does not exist`);
  }
  if (key.state === 'Disabled') throw new AwsError(400, 'DisabledException', `${key.arn} is disabled.`);
  if (key.state === 'PendingDeletion') {
    throw new AwsError(400, 'KMSInvalidStateException', `${key.arn} is pending deletion.`);
  }
  const [spec, own] = key.pair === undefined ? ['HMAC_256', ownAlgorithm] : ['ECC_NIST_P256', SIGNING];
  if (use.algorithm !== own) {
    const message = `${key.arn} key spec ${spec} does not support ${use.algorithm}.`;
    throw new AwsError(400, 'InvalidKeyUsageException', message);
  }
  return key;
}

interface Asked {
  readonly action: string;
  readonly resource: string;
  readonly algorithm: string;
}

/** A key's own policy is needed, whatever a role may do otherwise: it alone can let the account's policies count. */
function authorize(
  { environment }: KeyStore,
  key: StoredKey | undefined,
  { action, resource, algorithm }: Asked,
  { principal, now }: CallContext,
): void {
  const name = action.endsWith('Mac') ? 'kms:MacAlgorithm' : 'kms:SigningAlgorithm';
  const context = { 'kms:CallerAccount': environment.accountId, [name]: algorithm };
  const verdict = evaluate(key?.policy, { principal, action, resource, now, context });
  if (verdict === 'allowed') return;
  // Of a key that is not there a role is told so.
  if (verdict === 'not allowed' && key === undefined && principal.kind !== 'user') return;
  const why =
    verdict === 'denied'
      ? 'with an explicit deny in a resource-based policy'
      : `because no resource-based policy allows the ${action} action`;
  const message = `User: ${callerArn(principal)} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
  throw new AwsError(400, 'AccessDeniedException', message);
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
