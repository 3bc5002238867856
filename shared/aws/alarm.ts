import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import type { Aws } from './clients.ts';

/** Whether an alarm of the deployment is off, as far as CloudWatch says: one that is not there is no answer. */
export async function isCalm(aws: Pick<Aws, 'homeClientOf'>, alarmName: string): Promise<boolean> {
  const client = aws.homeClientOf((options) => new CloudWatchClient(options));
  const { MetricAlarms = [] } = await client.send(new DescribeAlarmsCommand({ AlarmNames: [alarmName] }));
  const [alarm] = MetricAlarms;
  return alarm !== undefined && alarm.StateValue !== 'ALARM';
}
