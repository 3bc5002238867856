import { expect, it } from 'vitest';
import { listed, present } from '../../../shared/core/present.ts';

it('leaves out what is undefined, and nothing else, in the order that was given', () => {
  const members = { wave: undefined, count: 0, note: null, name: '' };
  expect(Object.entries(present(members))).toEqual([
    ['count', 0],
    ['note', null],
    ['name', ''],
  ]);
});

it('takes a list that an answer lacks for an empty one', () => {
  expect(listed(undefined)).toEqual([]);
  expect(listed(['alice'])).toEqual(['alice']);
});
