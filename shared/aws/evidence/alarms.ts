import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  type MetricAlarm,
  paginateDescribeAlarms,
} from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  DescribeMetricFiltersCommand,
  paginateDescribeMetricFilters,
} from '@aws-sdk/client-cloudwatch-logs';
import { ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';
import { audienceHears } from '../../core/audience.ts';
import { isFailure } from '../../core/errors.ts';
import type { EvidenceSettings } from '../../core/evidence/evidence-settings.ts';
import {
  isOn,
  judgeAlarms,
  type SeenAlarm,
  type SeenAlarms,
  type SeenFilter,
} from '../../core/evidence/judge-alarms.ts';
import type { Judgement } from '../../core/evidence/judgement.ts';
import { mapSeen, type Seen } from '../../core/evidence/snapshot.ts';
import { listed } from '../../core/present.ts';
import { readSubscriptions } from '../audience.ts';
import type { Aws } from '../clients.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { required } from '../observe.ts';
import type { Asking } from './connection.ts';
import { type Inspection, tryRead } from './try-read.ts';

/** Whether the alarms of resources/suspicious.yml are there, and heard. */
export async function judgeIamAlarms(
  inspection: Inspection,
  { trailLogGroupName, accountId }: EvidenceSettings,
  hasFleet: boolean,
): Promise<Judgement[]> {
  const { roleSuffix, topicArn } = inspection.settings;
  const [, partition = '', , region = ''] = topicArn.split(':');
  const at = inspection.clock();
  const seen = await seeAlarms(inspection, trailLogGroupName);
  return judgeAlarms(seen, { partition, accountId, region, roleSuffix, hasFleet }, at);
}

async function seeAlarms(inspection: Inspection, logGroupName: string): Promise<SeenAlarms> {
  const [filters, alarms] = await Promise.all([
    tryRead(inspection, () => filtersOf(inspection.aws, logGroupName)),
    tryRead(inspection, () => alarmsOf(inspection.aws)),
  ]);
  return { logGroupName, filters, alarms, hearing: await hearingOf(inspection, filters, alarms) };
}

async function filtersOf({ clientOf }: Aws, logGroupName: string): Promise<SeenFilter[] | 'no-log-group'> {
  const client = clientOf((options) => new CloudWatchLogsClient(options));
  const action = 'logs:DescribeMetricFilters';
  const filters: SeenFilter[] = [];
  try {
    for await (const page of paginateDescribeMetricFilters({ client }, { logGroupName })) {
      for (const { filterName, filterPattern, metricTransformations } of listed(page.metricFilters)) {
        filters.push({
          name: required(filterName, action, 'filterName'),
          text: required(filterPattern, action, 'filterPattern'),
          metrics: listed(metricTransformations).map(({ metricNamespace, metricName }) => ({
            namespace: required(metricNamespace, action, 'metricNamespace'),
            name: required(metricName, action, 'metricName'),
          })),
        });
      }
    }
  } catch (error) {
    if (isFailure(error, 'ResourceNotFoundException')) return 'no-log-group';
    throw error;
  }
  return filters;
}

/** An alarm without a metric of its own is about an expression. */
async function alarmsOf({ clientOf }: Aws): Promise<SeenAlarm[]> {
  const client = clientOf((options) => new CloudWatchClient(options));
  const alarms: SeenAlarm[] = [];
  for await (const { MetricAlarms } of paginateDescribeAlarms({ client }, { AlarmTypes: ['MetricAlarm'] })) {
    for (const { AlarmName, Namespace, MetricName, ...told } of listed(MetricAlarms)) {
      if (Namespace === undefined || MetricName === undefined) continue;
      const name = required(AlarmName, 'cloudwatch:DescribeAlarms', 'AlarmName');
      alarms.push({ name, metric: { namespace: Namespace, name: MetricName }, topics: topicsOf(told) });
    }
  }
  return alarms;
}

function topicsOf({ ActionsEnabled, AlarmActions }: Pick<MetricAlarm, 'ActionsEnabled' | 'AlarmActions'>): string[] {
  return ActionsEnabled === false ? [] : listed(AlarmActions).filter((arn) => /^arn:[^:]+:sns:/.test(arn));
}

/** Of no topic but those that an alarm about the log group tells. */
async function hearingOf(
  inspection: Inspection,
  filters: SeenAlarms['filters'],
  alarms: Seen<readonly SeenAlarm[]>,
): Promise<SeenAlarms['hearing']> {
  const counted = mapSeen(filters, (found) =>
    found === 'no-log-group' ? [] : found.flatMap(({ metrics }) => metrics),
  );
  if (!counted.isSeen || !alarms.isSeen) return new Map();
  const ringing = alarms.value.filter((alarm) => isOn(alarm, counted.value));
  const topics = [...new Set(ringing.flatMap((alarm) => alarm.topics))];
  return new Map(
    await mapConcurrently(
      topics,
      async (topic) => [topic, await tryRead(inspection, () => isHeard(inspection.aws, topic))] as const,
    ),
  );
}

/** CloudWatch sends no message attributes, so that a subscription for one owner or one event gets nothing. */
async function isHeard({ sns }: Aws, topicArn: string): Promise<boolean> {
  try {
    return audienceHears(await readSubscriptions(sns, topicArn), {});
  } catch (error) {
    if (isFailure(error, 'NotFound')) return false;
    throw error;
  }
}

/** Each of these reads once, of the deployment's own topic; but for a subscription, which is asked about anyway. */
export async function askAlarms(
  aws: Pick<Aws, 'clientOf' | 'sns'>,
  { trailLogGroupName: logGroupName, homeAccountId }: EvidenceSettings,
  topicArn: string,
  asking: Asking,
): Promise<void> {
  const logs = aws.clientOf((options) => new CloudWatchLogsClient(options));
  const filters = new DescribeMetricFiltersCommand({ logGroupName, limit: 1 });
  await asking.ask('logs:DescribeMetricFilters', () => logs.send(filters), 'ResourceNotFoundException');
  const cloudWatch = aws.clientOf((options) => new CloudWatchClient(options));
  await asking.ask('cloudwatch:DescribeAlarms', () => cloudWatch.send(new DescribeAlarmsCommand({ MaxRecords: 1 })));
  const permission = 'sns:ListSubscriptionsByTopic';
  if (topicArn.split(':')[4] !== homeAccountId) asking.skip(permission, 'The topic is of another account.');
  else await asking.ask(permission, () => aws.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topicArn })));
}
