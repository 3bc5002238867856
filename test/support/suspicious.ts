import type { LocalAws } from '../../local/aws/aws.ts';
import { deploy, list, object } from '../package/template.ts';
import { templateOf } from './member-roles.ts';

export const trailLogGroupName = 'aws-cloudtrail-logs';

/** resources/suspicious.yml as CloudFormation would deploy it. */
export function suspiciousStack(given: Record<string, string> = {}) {
  return deploy(templateOf('resources/suspicious.yml'), {}, { TrailLogGroupName: trailLogGroupName, ...given });
}

/** Its metric filters and alarms, in an account. */
export function deploySuspicious(aws: LocalAws, topicArn: string, given: Record<string, string> = {}): void {
  const stack = suspiciousStack({ TopicArn: topicArn, RoleSuffix: '', ...given });
  for (const id of stack.ofType('AWS::Logs::MetricFilter')) {
    const { FilterPattern, MetricTransformations } = object(stack.properties(id));
    const { MetricNamespace, MetricName } = object(list(MetricTransformations)[0] ?? null);
    aws.logs.putMetricFilter({
      ...{ logGroupName: trailLogGroupName, filterName: id, filterPattern: String(FilterPattern) },
      ...{ metricNamespace: String(MetricNamespace), metricName: String(MetricName) },
    });
  }
  for (const id of stack.ofType('AWS::CloudWatch::Alarm')) {
    const { AlarmName, Namespace, MetricName, AlarmActions } = object(stack.properties(id));
    const actions = list(AlarmActions).map(String);
    aws.cloudWatch.putAlarm(String(AlarmName), {
      namespace: String(Namespace),
      metricName: String(MetricName),
      actions,
    });
  }
}
