import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSRecord } from 'aws-lambda';
import type { Runtime } from '../shared/aws/runtime.ts';
import { messageOf } from '../shared/core/errors.ts';
import { parseEvidenceSettings } from '../shared/core/evidence/evidence-settings.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { requireSqsEvent } from '../shared/lambda/sqs-event.ts';
import { keepRecord } from '../shared/service/evidence-recorder.ts';

/** One record for each message of the topic. A message that is not kept stays in the queue. */
export function createEvidenceRecorder(runtime: Runtime): Handler {
  return wrap('evidence-recorder', runtime, async (event, { runId }) => {
    const batch = requireSqsEvent(event, 'evidence-recorder');
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
    return processPartialResponse(batch, keepOne, processor, { throwOnFullBatchFailure: false });
  });
}

export const handler = createEvidenceRecorder(lambdaRuntime());
