import { expect, test } from 'vitest';
import { functionNameOf, siblingOf, stageOf } from '../../../shared/core/function-name.ts';

test.each(['dev', 'prod-eu', 'a-b-c'])('a function of stage %s knows its stage and the others', (stage) => {
  const worker = functionNameOf(stage, 'rotation-worker');
  expect(stageOf(worker)).toBe(stage);
  expect(siblingOf(worker, 'rotate-user')).toBe(functionNameOf(stage, 'rotate-user'));
});

test('one that is named otherwise has no stage that is known', () => {
  expect(stageOf('worker')).toBeUndefined();
  expect(stageOf('their-prod-rotate-user')).toBeUndefined();
});
