import { AwsError } from './errors.ts';
import { optionalInteger, optionalText, text } from './input.ts';
import type { Environment, Operations } from './service.ts';

/** A metric filter as somebody put it. */
export interface NewMetricFilter {
  readonly logGroupName: string;
  readonly filterName: string;
  readonly filterPattern: string;
  readonly metricNamespace: string;
  readonly metricName: string;
}

/** CloudWatch Logs, as far as metric filters go. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/ */
export interface Logs {
  readonly operations: Operations;
  addLogGroup(name: string): void;
  /** Makes the log group as well. */
  putMetricFilter(filter: NewMetricFilter): void;
  deleteMetricFilter(logGroupName: string, filterName: string): void;
}

export function createLogs({ clock, pageSize }: Environment): Logs {
  const groups = new Map<string, Map<string, NewMetricFilter & { readonly createdAt: number }>>();

  function filtersOf(name: string) {
    const filters = groups.get(name) ?? new Map();
    groups.set(name, filters);
    return filters;
  }

  return {
    operations: {
      DescribeMetricFilters(input) {
        const logGroupName = text(input, 'logGroupName');
        const filters = groups.get(logGroupName);
        if (filters === undefined) {
          throw new AwsError(400, 'ResourceNotFoundException', 'The specified log group does not exist.');
        }
        const prefix = optionalText(input, 'filterNamePrefix') ?? '';
        const found = [...filters.values()]
          .filter(({ filterName }) => filterName.startsWith(prefix))
          .toSorted((a, b) => (a.filterName < b.filterName ? -1 : 1));
        const start = Number(optionalText(input, 'nextToken') ?? 0);
        const end = start + Math.min(optionalInteger(input, 'limit', 1, 50) ?? 50, pageSize ?? 50);
        return {
          metricFilters: found
            .slice(start, end)
            .map(({ filterName, filterPattern, metricNamespace, metricName, createdAt }) => ({
              ...{ filterName, filterPattern, logGroupName, creationTime: createdAt },
              metricTransformations: [{ metricName, metricNamespace, metricValue: '1' }],
            })),
          nextToken: end < found.length ? String(end) : undefined,
        };
      },
    },
    addLogGroup: (name) => void filtersOf(name),
    putMetricFilter: (filter) =>
      void filtersOf(filter.logGroupName).set(filter.filterName, { ...filter, createdAt: clock.now() }),
    deleteMetricFilter: (logGroupName, filterName) => void filtersOf(logGroupName).delete(filterName),
  };
}
