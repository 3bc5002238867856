import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { AwsError, constraintError } from './errors.ts';
import { type Input, optionalText, text } from './input.ts';

// Asymmetric keys that sign. https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html

export const SIGNING = 'ECDSA_SHA_256';

/** What only these keys have. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function newKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** Throws for what these keys do not do; a digest that was made elsewhere is not signed here. */
export function signingAlgorithmOf(input: Input): string {
  const type = optionalText(input, 'MessageType') ?? 'RAW';
  if (type !== 'RAW') throw constraintError('messageType', 'satisfy enum value set: [RAW]');
  return text(input, 'SigningAlgorithm');
}

export function signedBy({ privateKey }: KeyPair, input: Input, message: Buffer): string {
  if (input.DryRun === true) {
    throw new AwsError(
      400,
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    );
  }
  return sign('sha256', message, privateKey).toString('base64');
}

/** DER, as the SDK decodes it from base64. */
export function publicKeyOf({ publicKey }: KeyPair): string {
  return publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}
