// shared/core/reasons.ts, shared/core/fleet/account-reasons.ts

import { expect, it } from 'vitest';
import { reasons } from '../../../shared/core/reasons.ts';

it('every reason is a kebab-case word with a sentence and what to do', () => {
  for (const [reason, { says, todo }] of Object.entries(reasons)) {
    expect(reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(says).toMatch(/^[A-Z`].*\.$/);
    expect(todo).toMatch(/^[A-Z`].*\.$/);
  }
});
