import type { ManagementEvents } from './snapshot.ts';

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html */
export interface EventSelector {
  ReadWriteType?: string | undefined;
  IncludeManagementEvents?: boolean | undefined;
  ExcludeManagementEventSources?: string[] | undefined;
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html */
export interface AdvancedEventSelector {
  FieldSelectors?:
    | { Field?: string | undefined; Equals?: string[] | undefined; NotEquals?: string[] | undefined }[]
    | undefined;
}

/** By their fields: what a selector is called means nothing. */
export function managementOf(
  classic: readonly EventSelector[],
  advanced: readonly AdvancedEventSelector[],
): ManagementEvents {
  const kinds = [...classic.flatMap(ofClassic), ...advanced.flatMap(ofAdvanced)];
  return {
    reads: kinds.some(({ reads }) => reads),
    writes: kinds.some(({ writes }) => writes),
    excludedSources: [...new Set(kinds.flatMap(({ excludedSources }) => excludedSources))].toSorted(),
  };
}

function ofClassic(selector: EventSelector): ManagementEvents[] {
  const { ReadWriteType = 'All', IncludeManagementEvents = true, ExcludeManagementEventSources = [] } = selector;
  if (!IncludeManagementEvents) return [];
  const [reads, writes] = [ReadWriteType !== 'WriteOnly', ReadWriteType !== 'ReadOnly'];
  return [{ reads, writes, excludedSources: ExcludeManagementEventSources }];
}

function ofAdvanced({ FieldSelectors = [] }: AdvancedEventSelector): ManagementEvents[] {
  const field = (name: string) => FieldSelectors.find(({ Field }) => Field === name);
  if (!field('eventCategory')?.Equals?.includes('Management')) return [];
  // Any other field, or other operator, lets through some of the events only.
  const known = ['eventCategory', 'readOnly', 'eventSource'];
  const narrows = FieldSelectors.some(({ Field = '' }) => !known.includes(Field));
  const source = field('eventSource');
  if (narrows || (source !== undefined && source.NotEquals === undefined)) return [];
  const readOnly = field('readOnly')?.Equals;
  return [
    {
      reads: readOnly === undefined || readOnly.includes('true'),
      writes: readOnly === undefined || readOnly.includes('false'),
      excludedSources: source?.NotEquals ?? [],
    },
  ];
}
