import {
  CloudWatchLogsClient,
  DescribeMetricFiltersCommand,
  paginateDescribeMetricFilters,
} from '@aws-sdk/client-cloudwatch-logs';
import { expect, test } from 'vitest';
import { createLocalAws } from '../../../local/aws/aws.ts';
import { operatorCredentials } from '../../../local/aws/principals.ts';
import { refusal } from './clients.ts';

const filter = (filterName: string) => ({
  ...{ logGroupName: 'trail', filterName, filterPattern: '{$.a=1}' },
  ...{ metricNamespace: 'ns', metricName: filterName },
});

function setUp(pageSize?: number) {
  const aws = createLocalAws(pageSize === undefined ? {} : { pageSize });
  for (const name of ['b', 'a', 'c']) aws.logs.putMetricFilter(filter(name));
  aws.logs.addLogGroup('quiet');
  const of = (credentials = operatorCredentials) =>
    new CloudWatchLogsClient({
      region: 'eu-west-1',
      maxAttempts: 1,
      requestHandler: aws.connect('test').requestHandler,
      credentials,
    });
  return { aws, of, logs: of() };
}

test('a metric filter says what it counts, and as which metric', async () => {
  const { logs } = setUp();
  const asked = { logGroupName: 'trail', filterNamePrefix: 'a' };
  const { metricFilters } = await logs.send(new DescribeMetricFiltersCommand(asked));
  expect(metricFilters).toEqual([
    {
      ...{ filterName: 'a', filterPattern: '{$.a=1}', logGroupName: 'trail', creationTime: expect.any(Number) },
      metricTransformations: [{ metricName: 'a', metricNamespace: 'ns', metricValue: '1' }],
    },
  ]);
});

test('the list goes on, page by page', async () => {
  const { logs } = setUp(1);
  const names: (string | undefined)[] = [];
  for await (const { metricFilters = [] } of paginateDescribeMetricFilters(
    { client: logs },
    { logGroupName: 'trail' },
  )) {
    expect(metricFilters).toHaveLength(1);
    names.push(...metricFilters.map(({ filterName }) => filterName));
  }
  expect(names).toEqual(['a', 'b', 'c']);
});

test('a log group may have none, a filter is gone when it is deleted, and what is not there is refused', async () => {
  const { aws, logs } = setUp();
  const named = async (logGroupName: string) =>
    (await logs.send(new DescribeMetricFiltersCommand({ logGroupName }))).metricFilters?.map((each) => each.filterName);
  expect(await named('quiet')).toEqual([]);
  aws.logs.deleteMetricFilter('trail', 'b');
  expect(await named('trail')).toEqual(['a', 'c']);
  expect(await refusal(named('other'))).toMatchObject({ name: 'ResourceNotFoundException' });
});

test('no user sees metric filters', async () => {
  const { aws, of } = setUp();
  const [key] = aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 1 }] }).keys;
  const asked = of(key).send(new DescribeMetricFiltersCommand({ logGroupName: 'trail' }));
  expect(await refusal(asked)).toMatchObject({ name: 'AccessDeniedException' });
});
