import { processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import type { Runtime } from '../shared/aws/runtime.ts';
import { EventError, messageOf } from '../shared/core/errors.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { work } from '../shared/service/rotation-worker.ts';

/** One user for each message. A failed message stays in the queue, and goes to its dead-letter queue by itself. */
export function createRotationWorker(runtime: Runtime): Handler {
  return wrap('rotation-worker', runtime, async (event, invocation) => {
    if (!isSqsEvent(event)) throw new EventError('Records: the rotation-worker event must be a batch of SQS messages.');
    const reconcileOne = async ({ body, messageId, receiptHandle, attributes }: SQSRecord): Promise<void> => {
      try {
        const receiveCount = Number(attributes.ApproximateReceiveCount);
        await work(runtime, invocation, { body, receiptHandle, receiveCount });
      } catch (error) {
        runtime.meter.add('Failed', 1);
        runtime.log.error('Message failed', { messageId, runId: invocation.runId, reason: messageOf(error) });
        throw error;
      }
    };
    const processor = new SqsFifoPartialProcessorAsync();
    return processPartialResponse(event, reconcileOne, processor, { throwOnFullBatchFailure: false });
  });
}

function isSqsEvent(event: unknown): event is SQSEvent {
  return typeof event === 'object' && event !== null && 'Records' in event && Array.isArray(event.Records);
}

export const handler = createRotationWorker(lambdaRuntime());
