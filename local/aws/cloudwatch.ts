import { AwsError } from './errors.ts';
import { optionalInteger, optionalText, textList } from './input.ts';
import type { Environment, Operations } from './service.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** CloudWatch's alarms. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html */
export interface CloudWatch {
  readonly operations: Operations;
  /** Makes the alarm, or changes its state: nothing here measures anything. */
  setAlarm(name: string, state: AlarmState, reason?: string): void;
  /** What an alarm is about, and whom it tells. */
  putAlarm(name: string, about: AlarmSubject): void;
  deleteAlarm(name: string): void;
}

export interface AlarmSubject {
  readonly namespace: string;
  readonly metricName: string;
  readonly actions: readonly string[];
  readonly actionsEnabled?: boolean;
}

interface Alarm {
  readonly about?: AlarmSubject;
  readonly state: AlarmState;
  readonly reason: string;
  readonly since: number;
}

export function createCloudWatch({ accountId, region, clock, pageSize }: Environment): CloudWatch {
  const alarms = new Map<string, Alarm>();

  function view([name, { about, state, reason, since }]: [string, Alarm]) {
    return {
      AlarmName: name,
      AlarmArn: `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`,
      ActionsEnabled: about?.actionsEnabled ?? true,
      AlarmActions: about?.actions ?? [],
      Namespace: about?.namespace,
      MetricName: about?.metricName,
      StateValue: state,
      StateReason: reason,
      StateUpdatedTimestamp: since / 1000,
    };
  }

  return {
    operations: {
      DescribeAlarms(input) {
        const names = textList(input, 'AlarmNames');
        const prefix = optionalText(input, 'AlarmNamePrefix');
        if (names.length > 0 && prefix !== undefined) {
          throw new AwsError(400, 'ValidationError', 'AlarmNames and AlarmNamePrefix cannot be given together.');
        }
        const state = optionalText(input, 'StateValue');
        const found = [...alarms]
          .filter(([name]) => names.length === 0 || names.includes(name))
          .filter(([name, alarm]) => name.startsWith(prefix ?? '') && (state ?? alarm.state) === alarm.state)
          .toSorted(([a], [b]) => (a < b ? -1 : 1));
        const start = Number(optionalText(input, 'NextToken') ?? 0);
        const end = start + Math.min(optionalInteger(input, 'MaxRecords', 1, 100) ?? 50, pageSize ?? 100);
        const NextToken = end < found.length ? String(end) : undefined;
        return { MetricAlarms: found.slice(start, end).map(view), CompositeAlarms: [], NextToken };
      },
    },
    setAlarm: (name, state, reason = '') =>
      void alarms.set(name, { ...alarms.get(name), state, reason, since: clock.now() }),
    putAlarm(name, about) {
      const unknown = { state: 'INSUFFICIENT_DATA' as const, reason: 'Unchecked: Initial alarm creation' };
      alarms.set(name, { since: clock.now(), ...unknown, ...alarms.get(name), about });
    },
    deleteAlarm: (name) => void alarms.delete(name),
  };
}
