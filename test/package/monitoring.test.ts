import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { functionNames } from '../../scripts/build.ts';
import { metricNames } from '../../shared/aws/runtime.ts';
import { lambdaRuntime } from '../../shared/lambda/lambda-runtime.ts';
import { packageVariant } from './package-stack.ts';
import { deploy, type Json, type JsonObject, list, object, type Stack } from './template.ts';
import { FROM_ELSEWHERE } from './variants.ts';

const names = await functionNames();
const HOUR = 3_600;

/** Namespace, name, and dimensions as CloudWatch tells metrics apart. */
interface Metric {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and SQS's page of the same kind. */
const OF_AWS: Record<string, { names: string[]; dimension: string }> = {
  'AWS/Lambda': { names: ['Errors', 'Invocations', 'Duration'], dimension: 'FunctionName' },
  'AWS/SQS': { names: ['ApproximateNumberOfMessagesVisible'], dimension: 'QueueName' },
};

let stack: Stack;
let alarms: Map<string, JsonObject>;
let widgets: JsonObject[];

beforeAll(async () => {
  stack = deploy((await packageVariant('default')).template);
  const ids = stack.ofType('AWS::CloudWatch::Alarm');
  alarms = new Map(ids.map((id) => [id, stack.properties(id) ?? {}]));
  const body = JSON.parse(String(stack.properties('Dashboard')?.DashboardBody)) as JsonObject;
  widgets = list(body.widgets).map(object);
}, 120_000);

function metricsOfAlarm(alarm: JsonObject): Metric[] {
  const stats = list(alarm.Metrics).flatMap((query) => list(object(query).MetricStat));
  return (stats.length > 0 ? stats.map((stat) => object(stat).Metric ?? null) : [alarm]).map(metricOf);
}

function metricOf(given: Json): Metric {
  const { Namespace, MetricName, Dimensions } = object(given);
  const pairs = list(Dimensions).map(object);
  const dimensions = Object.fromEntries(pairs.map(({ Name, Value }) => [String(Name), String(Value)]));
  return { namespace: String(Namespace), name: String(MetricName), dimensions };
}

function metricsOfWidgets(): Metric[] {
  return widgets.flatMap(({ properties }) =>
    list(object(properties).metrics).map((line) => {
      const [namespace, name, dimension, value] = list(line).map(String);
      return { namespace: namespace ?? '', name: name ?? '', dimensions: { [dimension ?? '']: value ?? '' } };
    }),
  );
}

/** What the deployed code writes for CloudWatch when it adds each of its metrics, in the environment it is given. */
function emitted(): Metric[] {
  const { Variables } = object(stack.properties('ScheduledDashrotationLambdaFunction')?.Environment);
  for (const [name, value] of Object.entries(object(Variables))) vi.stubEnv(name, String(value));
  const lines: string[] = [];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  const { meter } = lambdaRuntime();
  for (const name of metricNames) meter.add(name, 1);
  stdout.mockRestore();
  vi.unstubAllEnvs();
  return lines.map((line) => {
    const { _aws: about, ...fields } = JSON.parse(line) as JsonObject;
    const [directive] = list(object(about).CloudWatchMetrics).map(object);
    const [metric] = list(directive?.Metrics).map(object);
    const keys = list(list(directive?.Dimensions)[0]).map(String);
    const dimensions = Object.fromEntries(keys.map((key) => [key, String(fields[key])]));
    return { namespace: String(directive?.Namespace), name: String(metric?.Name), dimensions };
  });
}

function ofAws(): Metric[] {
  const queues = stack.ofType('AWS::SQS::Queue').map((id) => String(stack.properties(id)?.QueueName));
  const values: Record<string, string[]> = {
    FunctionName: names.map((name) => `keyturn-dev-${name}`),
    QueueName: queues,
  };
  return Object.entries(OF_AWS).flatMap(([namespace, { names: known, dimension }]) =>
    known.flatMap((name) =>
      (values[dimension] ?? []).map((value) => ({ namespace, name, dimensions: { [dimension]: value } })),
    ),
  );
}

describe('every metric that is read', () => {
  it('by an alarm is one that the code or AWS emits', () => {
    const known = [...emitted(), ...ofAws()];
    for (const [id, alarm] of alarms)
      for (const metric of metricsOfAlarm(alarm)) expect(known, id).toContainEqual(metric);
  });

  it('by the dashboard is one that the code or AWS emits', () => {
    const known = [...emitted(), ...ofAws()];
    for (const metric of metricsOfWidgets()) expect(known).toContainEqual(metric);
  });

  it('of the service is of one stage alone', () => {
    const ours = [...alarms.values()].flatMap(metricsOfAlarm).concat(metricsOfWidgets());
    const values = ours.filter(({ namespace }) => namespace === 'Keyturn').map(({ dimensions }) => dimensions);
    expect(new Set(values.map((dimensions) => JSON.stringify(dimensions)))).toEqual(
      new Set(['{"service":"keyturn-dev"}']),
    );
  });

  it('is all that the code emits', () => {
    const read = new Set(
      [...[...alarms.values()].flatMap(metricsOfAlarm), ...metricsOfWidgets()].map(({ name }) => name),
    );
    expect(metricNames.filter((name) => !read.has(name))).toEqual([]);
  });

  it('has a place in the code that adds to it', () => {
    const root = new URL('../../', import.meta.url);
    const code = ['shared', 'functions']
      .flatMap((folder) =>
        readdirSync(new URL(`${folder}/`, root), { recursive: true }).map((file) => `${folder}/${file}`),
      )
      .filter((file) => file.endsWith('.ts') && file !== 'shared/aws/runtime.ts')
      .map((file) => readFileSync(new URL(file, root), 'utf8'))
      .join('\n');
    expect(metricNames.filter((name) => !code.includes(`'${name}'`))).toEqual([]);
  });
});

describe('alarms', () => {
  it('are about errors, both dead-letter queues, missed runs, blocked users, failures, the breaker and overdue keys', () => {
    const about = [...alarms.values()].map(({ AlarmName }) => String(AlarmName).replace('keyturn-dev-', ''));
    const errors = names.map((name) => `${name}-errors`);
    const others = [
      'blocked-users',
      'circuit-breaker',
      'dead-letters',
      'failed-passes',
      'failed-runs',
      'no-scheduled-run',
      'overdue-key',
    ];
    expect(about.toSorted()).toEqual([...errors, ...others].toSorted());
  });

  it('go to the topic, when they begin and when they are over, and say what to do', () => {
    for (const { AlarmActions, OKActions, AlarmDescription } of alarms.values()) {
      expect([AlarmActions, OKActions]).toEqual(Array(2).fill(['arn:aws:sns:eu-west-1:111122223333:keyturn-dev']));
      expect(String(AlarmDescription)).toMatch(/\.$/);
    }
  });

  it('go to a second topic too, if one is given', async () => {
    const given = deploy((await packageVariant('fromElsewhere')).template);
    for (const id of given.ofType('AWS::CloudWatch::Alarm')) {
      const { AlarmActions, OKActions } = given.properties(id) ?? {};
      const both = ['arn:aws:sns:eu-west-1:111122223333:keyturn-dev', FROM_ELSEWHERE.alarmTopicArn];
      expect([AlarmActions, OKActions]).toEqual([both, both]);
    }
  }, 120_000);

  it('are over when nothing is reported, but for the runs that should be there', () => {
    for (const [id, { TreatMissingData }] of alarms) {
      expect([id, TreatMissingData]).toEqual([id, id === 'NoScheduledRun' ? 'breaching' : 'notBreaching']);
    }
  });

  /** Seconds that an alarm looks back. */
  function windowOf({ Metrics, Period, EvaluationPeriods }: JsonObject): number {
    const [ofMetric] = list(Metrics).flatMap((query) => list(object(query).MetricStat));
    const period = ofMetric === undefined ? Period : object(ofMetric).Period;
    // CloudWatch: seven days at most, and one for periods below an hour.
    const longest = Number(period) < HOUR ? 24 * HOUR : 7 * 24 * HOUR;
    expect(Number(period) * Number(EvaluationPeriods)).toBeLessThanOrEqual(longest);
    return Number(period) * Number(EvaluationPeriods);
  }

  it('count in numbers: only CloudFormation would take text for one', () => {
    const counted = ['Period', 'EvaluationPeriods', 'DatapointsToAlarm', 'Threshold'];
    const texts = [...alarms].flatMap(([id, alarm]) =>
      counted.filter((name) => typeof alarm[name] === 'string').map((name) => `${id}.${name}`),
    );
    expect(texts).toEqual([]);
  });

  it('miss a run after 26 hours', () => {
    expect(windowOf(alarms.get('NoScheduledRun') ?? {})).toBe(26 * HOUR);
    expect(alarms.get('NoScheduledRun')?.AlarmDescription).toContain('for 26 hours');
    for (const id of ['BlockedUsers', 'FailedPasses', 'OverdueKey']) {
      expect(windowOf(alarms.get(id) ?? {})).toBe(24 * HOUR);
    }
  });

  it.each([
    { variant: 'secondStack', days: 3, hours: 74 },
    { variant: 'fromElsewhere', days: 7, hours: 168 },
  ] as const)(
    'follow a schedule of every $days days',
    async ({ variant, days, hours }) => {
      const rarer = deploy((await packageVariant(variant)).template);
      for (const id of rarer.ofType('AWS::CloudWatch::Alarm')) windowOf(rarer.properties(id) ?? {});
      expect(windowOf(rarer.properties('NoScheduledRun') ?? {})).toBe(hours * HOUR);
      // One day of them has the last pass.
      for (const id of ['BlockedUsers', 'FailedPasses', 'OverdueKey']) {
        expect(windowOf(rarer.properties(id) ?? {})).toBe(days * 24 * HOUR);
        expect(rarer.properties(id)?.DatapointsToAlarm).toBe(1);
      }
      expect(rarer.properties('OverdueKey')?.Threshold).toBe(-2 * days);
    },
    120_000,
  );

  it('ring for a key two days past its deadline: until then a pass may only have been late', () => {
    // test/integration/overdue-key.test.ts: the latest that a healthy rotation comes to.
    expect(alarms.get('OverdueKey')).toMatchObject({
      MetricName: 'DaysToNearestDeadline',
      Statistic: 'Minimum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: -2,
    });
  });

  it('are heard from the first day, but for overdue keys in a dry run', () => {
    const silent = [...alarms].filter(([, { ActionsEnabled = 'true' }]) => ActionsEnabled !== 'true');
    expect(silent.map(([id]) => id)).toEqual(['OverdueKey']);
  });

  it('are all explained, as are the metrics, and the price of both is right, in docs/operations.md', () => {
    const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const about = [...alarms.values()].map(({ AlarmName }) => String(AlarmName).replace('keyturn-dev-', ''));
    const wanted = new Set(about.map((name) => `| \`${name.replace(/^.*-errors$/, '<function>-errors')}\` |`));
    expect([...wanted].filter((row) => !text.includes(row))).toEqual([]);
    expect(metricNames.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
    expect(text).toContain(`| ${alarms.size} × $0.10 |`);
    expect(text).toContain(`| ${metricNames.length} × $0.30 |`);
  });

  it('are all on the dashboard', () => {
    const shown = widgets.flatMap(({ properties }) => list(object(properties).alarms));
    const arns = [...alarms.values()].map(
      ({ AlarmName }) => `arn:aws:cloudwatch:eu-west-1:111122223333:alarm:${String(AlarmName)}`,
    );
    expect(shown.toSorted()).toEqual(arns.toSorted());
  });
});

it('the dashboard is of one Region, since its name is of the account', () => {
  expect(stack.properties('Dashboard')?.DashboardName).toBe('keyturn-dev-eu-west-1');
  for (const { type, properties } of widgets) {
    if (type === 'metric') expect(object(properties).region).toBe('eu-west-1');
  }
});
