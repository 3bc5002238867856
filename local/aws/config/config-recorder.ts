import { AwsError } from '../errors.ts';
import { flag, isRecord, list, text, textList } from '../input.ts';
import { seconds } from '../secrets-manager/secret-views.ts';
import type { OperationsOn } from '../service.ts';
import { instant, pageOf, sizedText, tooFew, tooMany } from './config-input.ts';

/** One state of one resource, as the recorder saw it. */
export interface ConfigItem {
  readonly resourceType: string;
  readonly resourceId: string;
  readonly resourceName?: string;
  /** `OK` unless told; `ResourceDeleted` and the like. */
  readonly status?: string;
  /** Now unless told. */
  readonly capturedAt?: number;
  readonly configuration?: unknown;
}

export type RecordedItem = Required<Omit<ConfigItem, 'resourceName' | 'configuration'>> & ConfigItem;

/** Everything that the recorder of an account has seen, oldest first. */
export interface Recorder {
  readonly items: RecordedItem[];
  readonly accountId: string;
  readonly pageSize: number | undefined;
}

const deletedStatuses = ['ResourceDeleted', 'ResourceDeletedNotRecorded'];
const pageNames = { limit: 'limit', token: 'nextToken' };

/** The newest state of each resource. */
function latest({ items }: Recorder): RecordedItem[] {
  const byId = new Map(items.map((item) => [`${item.resourceType}/${item.resourceId}`, item]));
  return [...byId.values()];
}

function itemView(accountId: string, item: RecordedItem) {
  return {
    accountId,
    arn: isRecord(item.configuration) ? item.configuration.arn : undefined,
    awsRegion: 'global',
    configuration: JSON.stringify(item.configuration ?? {}),
    configurationItemCaptureTime: seconds(item.capturedAt),
    configurationItemStatus: item.status,
    resourceId: item.resourceId,
    resourceName: item.resourceName,
    resourceType: item.resourceType,
    version: '1.3',
  };
}

/** The operations on what was recorded. */
export const recorderOperations: OperationsOn<Recorder> = {
  ListDiscoveredResources(recorder, input) {
    const resourceType = text(input, 'resourceType');
    const ids = textList(input, 'resourceIds');
    if (ids.length > 20) throw tooMany('resourceIds', 20);
    const found = latest(recorder).filter(
      (item) =>
        item.resourceType === resourceType &&
        (ids.length === 0 || ids.includes(item.resourceId)) &&
        (flag(input, 'includeDeletedResources') || !deletedStatuses.includes(item.status)),
    );
    const page = pageOf(input, found, pageNames, recorder.pageSize);
    const resourceIdentifiers = page.items.map(({ resourceId, resourceName, status, capturedAt }) => {
      const resourceDeletionTime = deletedStatuses.includes(status) ? seconds(capturedAt) : undefined;
      return { resourceType, resourceId, resourceName, resourceDeletionTime };
    });
    return { resourceIdentifiers, nextToken: page.next };
  },

  BatchGetResourceConfig(recorder, input) {
    const keys = list(input, 'resourceKeys').filter(isRecord);
    if (keys.length < 1) throw tooFew('resourceKeys');
    if (keys.length > 100) throw tooMany('resourceKeys', 100);
    const found = keys.flatMap(({ resourceType, resourceId }) =>
      latest(recorder).filter((item) => item.resourceType === resourceType && item.resourceId === resourceId),
    );
    const kept = found.filter(({ status }) => !deletedStatuses.includes(status));
    const baseConfigurationItems = kept.map((item) => itemView(recorder.accountId, item));
    return { baseConfigurationItems, unprocessedResourceKeys: [] };
  },

  GetResourceConfigHistory({ items, accountId, pageSize }, input, { now }) {
    const resourceType = text(input, 'resourceType');
    const resourceId = sizedText(input, 'resourceId', 768);
    const history = items.filter((item) => item.resourceType === resourceType && item.resourceId === resourceId);
    if (history.length === 0) {
      const message = `Resource ${resourceId} of resourceType:${resourceType} is unknown or has not been discovered`;
      throw new AwsError(400, 'ResourceNotDiscoveredException', message);
    }
    const until = instant(input, 'laterTime') ?? now;
    const newestFirst = history
      .filter(({ capturedAt }) => capturedAt <= until)
      .toSorted((a, b) => b.capturedAt - a.capturedAt);
    const page = pageOf(input, newestFirst, pageNames, pageSize);
    return { configurationItems: page.items.map((item) => itemView(accountId, item)), nextToken: page.next };
  },
};
