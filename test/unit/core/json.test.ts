import { expect, it } from 'vitest';
import { jsonOf } from '../../../shared/core/json.ts';

it('reads JSON, and says nothing of what is none', () => {
  expect(jsonOf('{"a":[1]}')).toEqual({ a: [1] });
  for (const text of [undefined, '', '{', 'text']) expect(jsonOf(text)).toBeUndefined();
});
