import { AwsError } from './errors.ts';
import { type Input, text } from './input.ts';
import { type KeyPair, SIGNING } from './kms-signing.ts';
import { evaluate, type ResourcePolicy } from './policies/resource-policy.ts';
import { type CallContext, callerArn, type Environment } from './service.ts';

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';

/** A key as KMS keeps it. */
export interface StoredKey {
  readonly keyId: string;
  readonly arn: string;
  readonly alias: string;
  readonly material: string;
  readonly state: KeyState;
  readonly policy: ResourcePolicy;
  /** Of a key that signs. */
  readonly pair?: KeyPair;
}

const ownAlgorithm = 'HMAC_SHA_256';

/** The keys of an account. */
export interface KeyStore {
  readonly environment: Environment;
  /** By ID. */
  readonly keys: Map<string, StoredKey>;
  /** Key IDs by alias. */
  readonly aliases: Map<string, string>;
  readonly macs: string[];
}

export function arnOf({ region, accountId }: Environment, resource: string): string {
  return `arn:aws:kms:${region}:${accountId}:${resource}`;
}

export function find({ environment, keys, aliases }: KeyStore, keyId: string): StoredKey | undefined {
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
export function usable(store: KeyStore, input: Input, use: Use, context: CallContext): StoredKey {
  const keyId = text(input, 'KeyId');
  const key = find(store, keyId);
  const resource = resourceOf(store, keyId, key);
  authorize(store, key, { action: `kms:${use.operation}`, resource, algorithm: use.algorithm }, context);
  if (key === undefined) {
    const message = /\balias\//.test(resource) ? `Alias ${resource} is not found.` : `Key '${resource}' does not exist`;
    throw new AwsError(400, 'NotFoundException', message);
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
