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

test('a member of the fleet is named by its account', () => {
  const accountId = '444455556666';
  expect(parseCollectorEvent({ accountId })).toEqual({ action: 'collect', trigger: 'hand', accountId });
  const event = { accountId, scheduledAt: '2026-01-01T02:00:00Z' };
  expect(parseCollectorEvent(event)).toEqual({ action: 'collect', trigger: 'schedule', accountId });
  expect(() => parseCollectorEvent({ accountId: 'prod' })).toThrow('accountId: must be the 12 digits of an account.');
  expect(() => parseCollectorEvent({ accountId, action: 'test' })).toThrow('accountId: a test is of the deployment');
});

test('a test of the connection is asked for by its name', () => {
  expect(parseCollectorEvent({ action: 'test' })).toEqual({ action: 'test' });
});

test.each(['raport', '', 1, null])('an unknown action is named, with those that are known: %j', (action) => {
  expect(() => parseCollectorEvent({ action })).toThrow(`Unknown action ${action}; known: test`);
});

test('an unknown field is named', () => {
  expect(() => parseCollectorEvent({ acton: 'test' })).toThrow('Unknown field acton');
});
