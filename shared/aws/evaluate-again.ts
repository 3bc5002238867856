import { ConfigServiceClient, StartConfigRulesEvaluationCommand } from '@aws-sdk/client-config-service';
import { isFailure } from '../core/errors.ts';
import type { Aws } from './clients.ts';

// Apart from config.ts, whose paginators would be five KiB of the worker for nothing.

/**
 * Asks AWS Config to run the rule again, so that its verdict follows what was just changed. Config runs a rule once a
 * minute at most, and refuses while it runs: both are fine. Throws RotationError, for one if there is no such rule.
 */
export async function evaluateAgain(aws: Pick<Aws, 'clientOf'>, ruleName: string): Promise<void> {
  // The SDK would take "runs already" for a throttle, and try again for seconds.
  const client = aws.clientOf(({ retryStrategy: _, ...once }) => new ConfigServiceClient({ ...once, maxAttempts: 1 }));
  try {
    await client.send(new StartConfigRulesEvaluationCommand({ ConfigRuleNames: [ruleName] }));
  } catch (error) {
    if (!isFailure(error, 'LimitExceeded')) throw error;
  }
}
