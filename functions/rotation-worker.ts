import { processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import type { SQSRecord } from 'aws-lambda';
import type { Runtime } from '../shared/aws/runtime.ts';
import { messageOf } from '../shared/core/errors.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { requireSqsEvent } from '../shared/lambda/sqs-event.ts';
import { work } from '../shared/service/rotation-worker.ts';

/** One user for each message. A failed message stays in the queue, and goes to its dead-letter queue by itself. */
export function createRotationWorker(runtime: Runtime): Handler {
  return wrap('rotation-worker', runtime, async (event, invocation) => {
    const batch = requireSqsEvent(event, 'rotation-worker');
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
    return processPartialResponse(batch, reconcileOne, processor, { throwOnFullBatchFailure: false });
  });
}

export const handler = createRotationWorker(lambdaRuntime());
