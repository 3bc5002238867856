import { Redacted } from './redacted.ts';

/** A secret access key on its way from CreateAccessKey to Secrets Manager. Only the proof and the store reveal it. */
export class SecretAccessKey extends Redacted {
  /** Tells it from other redacted values for the type checker too. */
  readonly kind = 'secret-access-key';
}
