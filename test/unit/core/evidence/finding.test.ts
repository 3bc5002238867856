import { expect, test } from 'vitest';
import { findingReasons } from '../../../../shared/core/evidence/finding.ts';

test('a reason tells its status: no word is of two', () => {
  const all = Object.values(findingReasons).flat();
  expect(new Set(all).size).toBe(all.length);
  for (const reason of all) expect(reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
});
