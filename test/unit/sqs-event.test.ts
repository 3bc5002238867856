import { expect, it } from 'vitest';
import { requireSqsEvent } from '../../shared/lambda/sqs-event.ts';

it('takes a batch of messages', () => {
  const batch = { Records: [] };
  expect(requireSqsEvent(batch, 'rotation-worker')).toBe(batch);
});

it.each([undefined, null, 'text', {}, { Records: 'none' }])('refuses %j, and says what is wanted', (event) => {
  expect(() => requireSqsEvent(event, 'rotation-worker')).toThrow(
    'Records: the rotation-worker event must be a batch of SQS messages.',
  );
});
