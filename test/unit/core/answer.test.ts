import { describe, expect, it } from 'vitest';
import { actionNames, wait } from '../../../shared/core/answer.ts';
import { showStep } from '../../../shared/core/shown-step.ts';
import { C, daysAgo, key, S } from '../../support/core/builders.ts';
import { planOf } from '../../support/core/cases.ts';

describe('an answer that waits', () => {
  it('names the key that it is about, also in what is shown of it', () => {
    const keys = [key(S, { ageDays: 92, usedDaysAgo: 1 }), key(C, { ageDays: 2 })];
    const { reason, steps } = planOf({
      keys,
      secret: { current: C, currentSince: { accessKeyId: C, at: daysAgo(2) } },
    });
    expect(reason).toBe('in-grace');
    expect(steps.map(showStep)).toMatchObject([{ action: 'none', accessKeyId: S }]);
  });

  it('names none where it is about the user', () => {
    expect(wait('held', 'Held.').steps[0]).not.toHaveProperty('accessKeyId');
  });
});

it('every action is listed once', () => {
  expect(new Set(actionNames).size).toBe(actionNames.length);
});
