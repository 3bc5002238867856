import { inspect } from 'node:util';

/**
 * A value that must not be seen. However it is printed, logged, inspected or serialised, it says `[redacted]`; only
 * `reveal()` gives it.
 */
export abstract class Redacted {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return '[redacted]';
  }
}

/** A secret access key on its way from CreateAccessKey to Secrets Manager. Only the proof and the store reveal it. */
export class SecretAccessKey extends Redacted {
  /** Tells it from other redacted values for the type checker too. */
  readonly kind = 'secret-access-key';
}
