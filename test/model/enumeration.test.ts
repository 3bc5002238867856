import { expect, it } from 'vitest';
import { checkNames } from '../../shared/core/plan.ts';
import { testEveryState } from '../support/core/enumeration.ts';

// All of them: test/proof/enumeration.test.ts.
testEveryState(7);

it('the checks are asked in the order of the table', () => {
  expect(checkNames).toEqual([
    'exposed-key',
    'state-key-missing',
    'row-0-busy',
    'adoption',
    'state-unverified',
    'policy-outdated',
    'row-1-left-alone',
    'row-2-secret-unverified',
    'row-3-status-unknown',
    'void-tags',
    'managed-rotation',
    'row-4-intent-past',
    'asked-by-hand',
    'exposed-replacement',
    'exposure-over',
    'rotation-stuck',
    'row-5-key-gone',
    'row-6-reactivated',
    'row-7-newer-stored-key',
    'row-8-recovering',
    'row-9-current-inactive',
    'row-10-none-active',
    'row-11-inactive-unrecorded',
    'row-12-superseded',
    'row-13-unused-retired',
    'row-14-current-gone',
    'row-15-due',
    'row-16-slots-taken',
    'row-17-nothing-due',
  ]);
});
