// shared/aws/evidence/alarms.ts, shared/core/evidence/judge-alarms.ts, shared/service/evidence-alarms.ts
import { describe, expect, test } from 'vitest';
import { createEvidenceCollector } from '../../functions/evidence-collector.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { faultsByRule } from '../../local/aws/faults.ts';
import { watchNames } from '../../shared/core/evidence/watches.ts';
import type { ConnectionAnswer } from '../../shared/service/evidence-connection.ts';
import { collect, createCollectorWorld } from '../support/collector.ts';
import { evidenceEnvironment } from '../support/evidence.ts';
import { deploySuspicious, trailLogGroupName } from '../support/suspicious.ts';
import { invoke, type WorldOptions } from '../support/world.ts';

const ALARM = 'keyturn-prod-root-used';
const METRIC = { namespace: 'KeyturnSuspicious/prod', metricName: 'root-used' };

function setUp({ watches = true, ...options }: WorldOptions & { watches?: boolean } = {}) {
  const account = createCollectorWorld({ emails: ['ops@example.com'], ...options });
  const { world } = account;
  if (watches) deploySuspicious(world.aws, world.topicArn);
  return { ...account, settings: { ...account.settings, trailLogGroupName } };
}
type Account = ReturnType<typeof setUp>;

const refuse = (operation: string, code = 'AccessDenied', status = 403) =>
  faultsByRule([{ operation, times: 1_000, fault: { kind: 'error', status, code } }]);

async function answers(account: Account, before?: BeforeCall) {
  const run = await collect(account, before);
  const findings = run.findings.filter(({ control }) => control.id === 'iam-alarms');
  const says = findings.map(({ resource, status, reason }) => `${resource.id} ${status} ${reason}`);
  return { ...run, findings, says, ofRoot: findings.find(({ resource }) => resource.id === 'root-used') };
}

/** Every other alarm stays as it was. */
const onlyRoot = (what: string) =>
  watchNames.map((name) => `${name} ${name === 'root-used' ? what : 'pass alarm-is-heard'}`);

test('where no log group is told, nothing is asked and nothing said', async () => {
  const account = setUp();
  const { findings, calls } = await answers({ ...account, settings: { ...account.settings, trailLogGroupName: '' } });
  expect(findings).toEqual([]);
  expect([...calls.keys()].filter((name) => /^(logs|cloudwatch|sns:[GL])/.test(name))).toEqual([]);
});

describe('alarms', () => {
  test('pass as resources/suspicious.yml deploys them, each under its own number of CIS', async () => {
    const { says, ofRoot, error, page } = await answers(setUp());
    expect(error).toBeUndefined();
    expect(says).toEqual(watchNames.map((name) => `${name} pass alarm-is-heard`));
    expect(ofRoot).toMatchObject({
      id: 'iam-alarms/111122223333/root-used',
      resource: { type: 'alarm', region: 'eu-west-1' },
      facts: { logGroup: trailLogGroupName, filters: ['RootUsedFilter'], alarms: [ALARM] },
    });
    expect(ofRoot?.references.map(({ requirement }) => requirement)).toEqual([
      '4.3',
      '5.3',
      '5.3',
      'CC7.2',
      'CloudWatch.1',
    ]);
    expect(page).toContain('Suspicious use of IAM rings an alarm that has a subscriber');
  });

  test('are found on whatever page of a list they are, and by whatever name', async () => {
    const account = setUp({ pageSize: 1 });
    const { logs, cloudWatch } = account.world.aws;
    const text =
      '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }';
    logs.deleteMetricFilter(trailLogGroupName, 'RootUsedFilter');
    cloudWatch.deleteAlarm(ALARM);
    const metric = { metricNamespace: 'Ours', metricName: 'root' };
    logs.putMetricFilter({ logGroupName: trailLogGroupName, filterName: 'z', filterPattern: text, ...metric });
    const actions = ['arn:aws:lambda:eu-west-1:111122223333:function:x', account.world.topicArn];
    cloudWatch.putAlarm('z', { namespace: 'Ours', metricName: 'root', actions });
    cloudWatch.setAlarm('of an expression', 'OK');
    const { says, calls } = await answers(account);
    expect(says).toEqual(onlyRoot('pass alarm-is-heard'));
    expect([calls.get('logs:DescribeMetricFilters'), calls.get('cloudwatch:DescribeAlarms')]).toEqual([6, 7]);
  });

  test('of a log group that is not there fail, all of them', async () => {
    const { says, calls } = await answers(setUp({ watches: false }));
    expect(says).toEqual(watchNames.map((name) => `${name} fail no-log-group`));
    expect(calls.has('sns:ListSubscriptionsByTopic')).toBe(false);
  });

  test.each<[string, (account: Account) => void]>([
    ['no-filter', ({ world }) => world.aws.logs.deleteMetricFilter(trailLogGroupName, 'RootUsedFilter')],
    ['no-alarm', ({ world }) => world.aws.cloudWatch.deleteAlarm(ALARM)],
    ['tells-no-topic', ({ world }) => world.aws.cloudWatch.putAlarm(ALARM, { ...METRIC, actions: [] })],
    [
      'tells-no-topic',
      ({ world: { aws, topicArn } }) =>
        aws.cloudWatch.putAlarm(ALARM, { ...METRIC, actions: [topicArn], actionsEnabled: false }),
    ],
    [
      'no-subscriber',
      ({ world: { aws } }) => aws.cloudWatch.putAlarm(ALARM, { ...METRIC, actions: [aws.sns.addTopic('quiet', [])] }),
    ],
    [
      // It is deleted since.
      'no-subscriber',
      ({ world: { aws, topicArn } }) => aws.cloudWatch.putAlarm(ALARM, { ...METRIC, actions: [`${topicArn}-gone`] }),
    ],
  ])('that fall short fail, and no other: %s', async (reason, change) => {
    const account = setUp();
    change(account);
    const { says, error, ofRoot } = await answers(account);
    expect(says).toEqual(onlyRoot(`fail ${reason}`));
    expect(error).toBeUndefined();
    expect(ofRoot?.remediation).toContain('resources/suspicious.yml');
  });

  test('by another text than CIS has fail, with both texts', async () => {
    const account = setUp();
    const metric = { metricNamespace: METRIC.namespace, metricName: METRIC.metricName };
    const filterPattern = '{$.userIdentity.type="Root"}';
    const filter = { logGroupName: trailLogGroupName, filterName: 'RootUsedFilter', filterPattern };
    account.world.aws.logs.putMetricFilter({ ...filter, ...metric });
    const { says, ofRoot } = await answers(account);
    expect(says).toEqual(onlyRoot('fail other-filter-text'));
    expect(ofRoot?.facts.foundText).toBe(filterPattern);
    expect(ofRoot?.facts.filterText).toContain('NOT EXISTS');
    expect(ofRoot?.sentence).toContain(filterPattern);
    expect(ofRoot?.sentence).toContain(String(ofRoot?.facts.filterText));
  });

  test.each([
    ['for one owner alone', { FilterPolicy: '{"owner":["team-a"]}' }, 'fail no-subscriber'],
    ['that is told all', {}, 'pass alarm-is-heard'],
  ])('are heard by a subscription %s: %j', async (_, attributes, expected) => {
    const account = setUp();
    const { aws } = account.world;
    const topic = aws.sns.addTopic('other', []);
    aws.sns.subscribe(topic, 'email', 'team-a@example.com', attributes);
    aws.cloudWatch.putAlarm(ALARM, { ...METRIC, actions: [topic] });
    expect((await answers(account)).says).toEqual(onlyRoot(expected));
  });

  test('are not heard by a queue of Keyturn, which keeps them as records', async () => {
    const account = setUp();
    const { aws } = account.world;
    const topic = aws.sns.addTopic('other', []);
    aws.sns.subscribe(topic, 'sqs', 'arn:aws:sqs:eu-west-1:111122223333:keyturn-prod-EvidenceQueue-1ABC');
    aws.cloudWatch.putAlarm(ALARM, { ...METRIC, actions: [topic] });
    expect((await answers(account)).says).toEqual(onlyRoot('fail no-subscriber'));
  });
});

describe('what may not be read is not known, whatever else is', () => {
  test.each([
    ['DescribeMetricFilters', 'logs:DescribeMetricFilters'],
    ['DescribeAlarms', 'cloudwatch:DescribeAlarms'],
    ['ListSubscriptionsByTopic', 'sns:ListSubscriptionsByTopic'],
    ['GetSubscriptionAttributes', 'sns:GetSubscriptionAttributes'],
  ])('%s', async (operation, permission) => {
    const { says, findings, error } = await answers(setUp(), refuse(operation));
    expect(says).toEqual(watchNames.map((name) => `${name} error denied`));
    expect(findings[0]?.sentence).toContain(permission);
    expect(error).toContain('is incomplete');
    const throttled = await answers(setUp(), refuse(operation, 'ThrottlingException', 400));
    expect(throttled.says).toEqual(watchNames.map((name) => `${name} error throttled`));
  });

  test('a filter that is not there is known all the same', async () => {
    const account = setUp();
    account.world.aws.logs.deleteMetricFilter(trailLogGroupName, 'RootUsedFilter');
    expect((await answers(account, refuse('DescribeAlarms'))).says).toContain('root-used fail no-filter');
  });

  test('one topic that may not be asked hides none that is heard', async () => {
    const account = setUp();
    const { aws, topicArn } = account.world;
    const other = 'arn:aws:sns:eu-west-1:999988887777:other';
    const before: BeforeCall = ({ operation, input }) =>
      operation === 'ListSubscriptionsByTopic' && input.TopicArn === other
        ? { kind: 'error', status: 403, code: 'AuthorizationError' }
        : undefined;
    aws.cloudWatch.putAlarm(ALARM, { ...METRIC, actions: [other, topicArn] });
    expect((await answers(account, before)).says).toEqual(onlyRoot('pass alarm-is-heard'));
    aws.cloudWatch.putAlarm(ALARM, { ...METRIC, actions: [other] });
    expect((await answers(account, before)).says).toEqual(onlyRoot('error denied'));
  });
});

test('in the evidence of a member nothing is asked: the log group is the hub’s', async () => {
  const account = setUp();
  const { findings, calls } = await answers({
    ...account,
    settings: { ...account.settings, homeAccountId: '444455556666' },
  });
  expect(findings).toEqual([]);
  expect(calls.has('logs:DescribeMetricFilters')).toBe(false);
});

describe('the test of the connection', () => {
  const permissions = ['logs:DescribeMetricFilters', 'cloudwatch:DescribeAlarms', 'sns:ListSubscriptionsByTopic'];

  async function ask({ world, settings }: Account, before?: BeforeCall) {
    Object.assign(world.environment, evidenceEnvironment(settings));
    const collector = createEvidenceCollector(world.runtime('evidence-collector', before));
    const answer = (await invoke(world, 'evidence-collector', collector, { action: 'test' })) as ConnectionAnswer;
    const results = answer.checks
      .filter(({ permission }) => permissions.includes(permission))
      .map(({ permission, result }) => `${permission} ${result}`);
    return { ...answer, results };
  }
  const all = (...results: string[]) =>
    permissions.map((permission, index) => `${permission} ${results[index] ?? 'ok'}`);

  test('asks for each of these permissions, also before there is a log group', async () => {
    expect((await ask(setUp())).results).toEqual(all());
    expect((await ask(setUp({ watches: false }))).results).toEqual(all());
  });

  test('asks for none where the alarms are not asked for', async () => {
    const account = setUp();
    expect((await ask({ ...account, settings: { ...account.settings, trailLogGroupName: '' } })).results).toEqual([]);
  });

  test('names what is refused', async () => {
    const { results, isConnected } = await ask(setUp(), refuse('DescribeMetricFilters'));
    expect([results, isConnected]).toEqual([all('refused'), false]);
  });

  test('asks about no topic of another account', async () => {
    const account = setUp();
    account.world.environment.KEYTURN_TOPIC_ARN = 'arn:aws:sns:eu-west-1:999988887777:other';
    expect((await ask(account)).results).toEqual(all('ok', 'ok', 'not-asked'));
  });
});
