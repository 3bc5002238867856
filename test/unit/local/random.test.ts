import { expect, it } from 'vitest';
import { createRandom, hash } from '../../../local/aws/random.ts';

it('the same seed gives the same identifiers, another seed others', () => {
  const made = (seed: number) => {
    const random = createRandom(seed);
    return [random.text(16), random.uuid(), random.text(6, 'ab')];
  };
  expect(made(1)).toEqual(made(1));
  expect(made(2)).not.toEqual(made(1));
  expect(made(1)[0]).toMatch(/^[A-Z2-7]{16}$/);
  expect(made(1)[1]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-a[\da-f]{3}-[\da-f]{12}$/);
  expect(made(1)[2]).toMatch(/^[ab]{6}$/);
});

it('texts that are nearly equal are put in an order that looks arbitrary', () => {
  const names = Array.from({ length: 20 }, (_, n) => `user-${n + 10}`);
  const ordered = names.toSorted((a, b) => hash(a) - hash(b));
  expect(new Set(names.map((name) => hash(name) % 7)).size).toBeGreaterThan(4);
  expect(ordered).not.toEqual(names);
  expect(ordered).not.toEqual(names.toReversed());
});
