import { KMSClient, SignCommand, type SignCommandInput } from '@aws-sdk/client-kms';
import { messageOf } from '../../core/errors.ts';
import type { ChainSignature } from '../../core/evidence/chain.ts';
import type { Aws } from '../clients.ts';

const ALGORITHM = 'ECDSA_SHA_256';

/** Signs the text of a digest. Never no digest for want of a signature: why there is none is then in its place. */
export async function signDigest(
  aws: Pick<Aws, 'homeClientOf'>,
  keyArn: string,
  text: string,
): Promise<ChainSignature> {
  if (keyArn === '') return { signature: null };
  try {
    const { Signature } = await signingClient(aws, keyArn).send(signCommand(keyArn, text));
    if (Signature === undefined) return { signature: null, reason: 'KMS answered without a signature' };
    return { signature: Buffer.from(Signature).toString('base64'), algorithm: ALGORITHM, keyArn };
  } catch (error) {
    return { signature: null, reason: messageOf(error) };
  }
}

/** Where the key is, which its ARN says. */
export function signingClient({ homeClientOf }: Pick<Aws, 'homeClientOf'>, keyArn: string): KMSClient {
  const [, , , region] = keyArn.split(':');
  return homeClientOf((options) => new KMSClient({ ...options, ...(region === undefined ? {} : { region }) }));
}

export function signCommand(KeyId: string, text: string, more: Pick<SignCommandInput, 'DryRun'> = {}): SignCommand {
  const Message = new TextEncoder().encode(text);
  return new SignCommand({ KeyId, Message, MessageType: 'RAW', SigningAlgorithm: ALGORITHM, ...more });
}
