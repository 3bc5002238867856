import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Invocation, Runtime } from '../shared/aws/runtime.ts';
import { messageOf } from '../shared/core/errors.ts';
import { parseScheduledEvent } from '../shared/core/events.ts';
import { type Handler, wrap } from '../shared/lambda/handler.ts';
import { lambdaRuntime } from '../shared/lambda/lambda-runtime.ts';
import { isSqsEvent } from '../shared/lambda/sqs-event.ts';
import { type FleetRuntime, hasFleet } from '../shared/service/has-fleet.ts';
import { runScheduled } from '../shared/service/scheduled-rotation.ts';

/**
 * The daily run over the account, or over all accounts of a fleet, whose queue it is fed by too. With `{"dryRun": true}` it
 * shows what it would do. What a fleet needs is loaded only for one.
 */
export function createScheduledRotation(runtime: Runtime): Handler {
  return wrap('scheduled-rotation', runtime, async (event, invocation) => {
    if (!hasFleet(runtime)) return runScheduled(runtime, invocation, parseScheduledEvent(event));
    if (isSqsEvent(event)) return scanEach(runtime, invocation, event);
    const { runFleet } = await import('../shared/service/fleet-run.ts');
    return runFleet(runtime, invocation, parseScheduledEvent(event));
  });
}

/** One account for each message. A message that failed stays in the queue, and goes to its dead-letter queue by itself. */
async function scanEach(
  runtime: FleetRuntime,
  invocation: Invocation,
  { Records }: SQSEvent,
): Promise<SQSBatchResponse> {
  const { scanForFleet } = await import('../shared/service/account-scan.ts');
  const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
  for (const { body, messageId } of Records) {
    try {
      await scanForFleet(runtime, invocation, body);
    } catch (error) {
      runtime.meter.add('Failed', 1);
      runtime.log.error('Message failed', { messageId, runId: invocation.runId, reason: messageOf(error) });
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
}

export const handler = createScheduledRotation(lambdaRuntime());
