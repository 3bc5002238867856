import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { messageOf } from '../../core/errors.ts';
import type { ChainSignature } from '../../core/evidence/chain.ts';
import { present } from '../../core/present.ts';
import type { Aws } from '../clients.ts';

const ALGORITHM = 'ECDSA_SHA_256';

/** Signs the text of a digest. Never no digest for want of a signature: why there is none is then in its place. */
export async function signDigest(
  aws: Pick<Aws, 'homeClientOf'>,
  keyArn: string,
  text: string,
): Promise<ChainSignature> {
  if (keyArn === '') return { signature: null };
  const [, , , region] = keyArn.split(':');
  const kms = aws.homeClientOf((options) => new KMSClient({ ...options, ...present({ region }) }));
  try {
    const { Signature } = await kms.send(
      new SignCommand({
        KeyId: keyArn,
        Message: new TextEncoder().encode(text),
        MessageType: 'RAW',
        SigningAlgorithm: ALGORITHM,
      }),
    );
    if (Signature === undefined) return { signature: null, reason: 'KMS answered without a signature' };
    return { signature: Buffer.from(Signature).toString('base64'), algorithm: ALGORITHM, keyArn };
  } catch (error) {
    return { signature: null, reason: messageOf(error) };
  }
}
