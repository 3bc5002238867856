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
