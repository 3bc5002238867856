import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  type DescribeAlarmsCommandInput,
  paginateDescribeAlarms,
} from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import { createLocalAws } from '../../../local/aws/aws.ts';
import { operatorCredentials } from '../../../local/aws/principals.ts';
import { refusal } from './clients.ts';

function setUp(pageSize?: number) {
  const aws = createLocalAws(pageSize === undefined ? {} : { pageSize });
  aws.cloudWatch.setAlarm('keyturn-dev-b', 'OK');
  aws.cloudWatch.setAlarm('keyturn-dev-a', 'ALARM', '1 datapoint was greater than the threshold');
  aws.cloudWatch.setAlarm('other', 'INSUFFICIENT_DATA');
  const of = (credentials = operatorCredentials) =>
    new CloudWatchClient({
      region: 'eu-west-1',
      maxAttempts: 1,
      requestHandler: aws.connect('test').requestHandler,
      credentials,
    });
  return { aws, of, cloudWatch: of() };
}

test('alarms are found by prefix, by name and by state', async () => {
  const { cloudWatch } = setUp();
  const named = async (input: DescribeAlarmsCommandInput) =>
    (await cloudWatch.send(new DescribeAlarmsCommand(input))).MetricAlarms?.map(({ AlarmName }) => AlarmName);
  expect(await named({ AlarmNamePrefix: 'keyturn-dev-' })).toEqual(['keyturn-dev-a', 'keyturn-dev-b']);
  expect(await named({ AlarmNames: ['other'] })).toEqual(['other']);
  expect(await named({ StateValue: 'OK' })).toEqual(['keyturn-dev-b']);
  expect(await refusal(named({ AlarmNames: ['other'], AlarmNamePrefix: 'o' }))).toMatchObject({
    name: 'ValidationException',
  });
});

test('an alarm says its state, why and since when', async () => {
  const { aws, cloudWatch } = setUp();
  const { MetricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ StateValue: 'ALARM' }));
  expect(MetricAlarms).toMatchObject([
    {
      AlarmArn: 'arn:aws:cloudwatch:eu-west-1:111122223333:alarm:keyturn-dev-a',
      StateValue: 'ALARM',
      StateReason: '1 datapoint was greater than the threshold',
    },
  ]);
  expect(MetricAlarms[0]?.StateUpdatedTimestamp?.getTime()).toBeLessThanOrEqual(aws.clock.now());
});

test('the list goes on, page by page', async () => {
  const { cloudWatch } = setUp(1);
  const pages: number[] = [];
  for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client: cloudWatch }, {})) {
    pages.push(MetricAlarms.length);
  }
  expect(pages).toEqual([1, 1, 1]);
});

test('no user sees alarms', async () => {
  const { aws, of } = setUp();
  const [key] = aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 1 }] }).keys;
  expect(await refusal(of(key).send(new DescribeAlarmsCommand({})))).toMatchObject({ name: 'AccessDeniedException' });
});
