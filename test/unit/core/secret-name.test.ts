import { describe, expect, it } from 'vitest';
import { describedUserName, secretDescription } from '../../../shared/core/secret-name.ts';

describe('the description of a secret', () => {
  it.each(['alice', 'a+b=c,d.e@f_g-h', 'x'.repeat(64)])('gives back the user name it was written with: %s', (name) => {
    expect(describedUserName(secretDescription(name))).toBe(name);
  });

  it.each([
    undefined,
    '',
    'Access key of IAM user , kept by Keyturn',
    secretDescription('a b'),
    `${secretDescription('a')}.`,
  ])('that we would not have written names nobody: %s', (description) => {
    expect(describedUserName(description)).toBeUndefined();
  });
});
