import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SecretAccessKey } from '../../../shared/core/redacted.ts';

describe('a secret access key', () => {
  const value = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const secret = new SecretAccessKey(value);
  it.each<[string, () => string]>([
    ['toString', () => secret.toString()],
    ['String', () => String(secret)],
    ['a template literal', () => `${secret}`],
    ['concatenation', () => `x${[secret].join()}`],
    ['JSON', () => JSON.stringify({ secret, list: [secret] })],
    ['inspect', () => inspect({ secret }, { depth: 9, showHidden: true, getters: true })],
    ['inspect as a property of an error', () => inspect(Object.assign(new Error('no'), { secret }))],
    ['a spread', () => JSON.stringify({ ...secret })],
    ['its own property names', () => JSON.stringify(Reflect.ownKeys(secret).map(String))],
    ['a structured clone', () => inspect(structuredClone({ ...secret }))],
  ])('does not print by %s', (_, print) => {
    expect(print()).not.toContain(value);
  });
  it('prints as [redacted]', () => {
    expect([`${secret}`, String(secret), JSON.stringify(secret), inspect(secret)]).toEqual([
      '[redacted]',
      '[redacted]',
      '"[redacted]"',
      '[redacted]',
    ]);
  });
  it('is given only when asked for', () => {
    expect(secret.reveal()).toBe(value);
  });
});
