import { expect, test } from 'vitest';
import { createTimeline, page } from '../../../local/aws/history.ts';

test('a value holds from the instant it was written, that instant included', () => {
  const timeline = createTimeline<string>();
  timeline.set('a', 'first', 1_000);
  timeline.set('a', 'second', 2_000);
  expect([999, 1_000, 1_999, 2_000].map((at) => timeline.get('a', at))).toEqual([
    undefined,
    'first',
    'first',
    'second',
  ]);
  timeline.set('a', undefined, 3_000);
  expect([timeline.get('a', 2_999), timeline.get('a', 3_000), timeline.get('a')]).toEqual([
    'second',
    undefined,
    undefined,
  ]);
});

test('what held ten minutes ago is still known after many writes', () => {
  const timeline = createTimeline<number>();
  for (let second = 0; second <= 3_600; second += 7) timeline.set('a', second, second * 1_000);
  expect(timeline.get('a', 3_000_000)).toBe(2_996);
});

test('a page goes on where the last one ended, although an earlier entity was deleted', () => {
  const timeline = createTimeline<string>();
  for (const id of ['a', 'b', 'c', 'd']) timeline.set(id, id, 0);
  const first = page(timeline, 0, 2, undefined, (value) => value);
  timeline.set('a', undefined, 1);
  const second = page(timeline, first.next ?? 0, 2, undefined, (value) => value);
  expect([first.items, second.items, second.next]).toEqual([['a', 'b'], ['c', 'd'], undefined]);
});
