import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import type { Settings } from '../core/settings.ts';
import { createStateKey, type EpochKey, MacKey, type StateKey } from '../core/state-key.ts';
import { type Reader, required } from './observe.ts';
import type { Runtime } from './runtime.ts';

const ALGORITHM = 'HMAC_SHA_256';

/**
 * The key that signs the state, derived from a KMS key that gives nothing but MACs: one call a container, none a pass.
 * Throws a RotationError while KMS does not answer; that is not remembered, so the next run asks again.
 */
export async function readStateKey(
  { aws, memory }: Pick<Runtime, 'aws' | 'memory'>,
  settings: Settings,
): Promise<StateKey> {
  const { stateEpoch: epoch, roleSuffix } = settings;
  const keyId = settings.stateKeyArn === '' ? `alias/keyturn-state${roleSuffix}` : settings.stateKeyArn;
  const name = `${keyId} ${epoch}`;
  const known = memory.stateKeys.get(name);
  if (known !== undefined) return known;
  // A multi-Region key is called where its ARN says: a deployment elsewhere may have no replica of it.
  const [, , , region] = settings.stateKeyArn.split(':');
  const kms = aws.homeClientOf((options) => new KMSClient({ ...options, ...(region === undefined ? {} : { region }) }));
  const derive = async (of: number): Promise<EpochKey> => {
    const Message = new TextEncoder().encode(`keyturn/state-key/1/epoch/${of}`);
    const { Mac } = await kms.send(new GenerateMacCommand({ KeyId: keyId, MacAlgorithm: ALGORITHM, Message }));
    const mac = required(Mac, 'kms:GenerateMac', 'Mac');
    return { epoch: of, key: new MacKey(Buffer.from(mac).toString('base64')) };
  };
  const key = createStateKey(await derive(epoch), epoch > 1 ? await derive(epoch - 1) : undefined);
  memory.stateKeys.set(name, key);
  return key;
}

/** What reads state and believes only what we wrote. Throws as `readStateKey` does. */
export async function verifyingReader(runtime: Pick<Runtime, 'aws' | 'memory'>, settings: Settings): Promise<Reader> {
  return { aws: runtime.aws, settings, verifier: await readStateKey(runtime, settings) };
}
