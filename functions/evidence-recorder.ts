import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import type { Runtime } from '../shared/aws/runtime.ts';
import { EventError, messageOf } from '../shared/core/errors.ts';
import { parseEvidenceSettings } from '../shared/core/evidence/evidence-settings.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { keepRecord } from '../shared/service/evidence-recorder.ts';

/** One record for each message of the topic. A message that is not kept stays in the queue. */
export function createEvidenceRecorder(runtime: Runtime): Handler {
  return wrap('evidence-recorder', runtime, async (event, { runId }) => {
    if (!isSqsEvent(event))
      throw new EventError('Records: the evidence-recorder event must be a batch of SQS messages.');
    const settings = parseEvidenceSettings(runtime.environment);
    const keepOne = async ({ body, messageId }: SQSRecord): Promise<void> => {
      try {
        await keepRecord(runtime, settings, { body, messageId });
      } catch (error) {
        runtime.log.error('Message failed', { messageId, runId, reason: messageOf(error) });
        throw error;
      }
    };
    const processor = new BatchProcessor(EventType.SQS);
    return processPartialResponse(event, keepOne, processor, { throwOnFullBatchFailure: false });
  });
}

function isSqsEvent(event: unknown): event is SQSEvent {
  return typeof event === 'object' && event !== null && 'Records' in event && Array.isArray(event.Records);
}

export const handler = createEvidenceRecorder(lambdaRuntime());
