import type { SQSEvent } from 'aws-lambda';
import { EventError } from '../core/errors.ts';

/** Throws an EventError for anything but a batch of messages. */
export function requireSqsEvent(event: unknown, name: string): SQSEvent {
  if (isSqsEvent(event)) return event;
  throw new EventError(`Records: the ${name} event must be a batch of SQS messages.`);
}

export function isSqsEvent(event: unknown): event is SQSEvent {
  return typeof event === 'object' && event !== null && 'Records' in event && Array.isArray(event.Records);
}
