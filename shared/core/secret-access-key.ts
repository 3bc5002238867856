import { inspect } from 'node:util';

/**
 * A secret access key on its way from CreateAccessKey to Secrets Manager. However it is printed, logged, inspected or
 * serialised, it says `[redacted]`; only `reveal()` gives the value, and only the proof and the store call it.
 */
export class SecretAccessKey {
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
