import { expect, test } from 'vitest';
import { parseCollectorEvent } from '../../../../shared/core/evidence/collector-event.ts';

test.each([
  [{}, 'hand'],
  [null, 'hand'],
  [{ 'detail-type': 'Scheduled Event', source: 'aws.events' }, 'schedule'],
  [{ scheduledAt: '2026-01-01T02:00:00Z' }, 'schedule'],
])('%j collects, %s', (event, trigger) => {
  expect(parseCollectorEvent(event)).toEqual({ action: 'collect', trigger });
});

test('an unknown field is named', () => {
  expect(() => parseCollectorEvent({ acton: 'test' })).toThrow('Unknown field acton');
});
