import type { Outcome, Pass } from '../apply/pass.ts';
import type { Meter, MetricName } from '../aws/runtime.ts';
import type { ActionName } from '../core/answer.ts';
import type { ReasonCode } from '../core/reasons.ts';

/** Which metric counts a step that was done. */
const metricOf: Readonly<Partial<Record<ActionName, MetricName>>> = {
  issue: 'Rotated',
  deactivate: 'Deactivated',
  'deactivate-exposed': 'Deactivated',
  retire: 'Deactivated',
  delete: 'Deleted',
  postpone: 'Postponed',
};

export function countStep(meter: Meter, { action, result }: Outcome): void {
  const metric = metricOf[action];
  if (metric !== undefined && result === 'done') meter.add(metric, 1);
}

/** Metrics of how a pass ended. */
export function countPass(
  { runtime: { meter }, settings }: Pass,
  { status, reason }: { status: string; reason: ReasonCode },
): void {
  if (status === 'blocked') meter.add('Blocked', 1);
  if (status === 'failed') meter.add('Failed', 1);
  // The breaker of a fleet looks at it over all accounts.
  if (reason === 'not-proven' && settings.memberRegion !== undefined) meter.add('NotProven', 1);
  if (reason === 'breaker-open') meter.add('BreakerOpen', 1);
}
