import { expect, test } from 'vitest';
import { managementOf } from '../../../../shared/core/evidence/selectors.ts';

const field = (Field: string, ...Equals: string[]) => ({ Field, Equals });
const management = field('eventCategory', 'Management');

test.each([
  ['nothing', [], [], false, false],
  ['all', [{ ReadWriteType: 'All', IncludeManagementEvents: true }], [], true, true],
  ['data events alone', [{ IncludeManagementEvents: false }], [], false, false],
  ['writes', [{ ReadWriteType: 'WriteOnly', IncludeManagementEvents: true }], [], false, true],
  ['reads and writes apart', [{ ReadWriteType: 'WriteOnly' }, { ReadWriteType: 'ReadOnly' }], [], true, true],
  ['all, whatever it is called', [], [{ Name: 'mine', FieldSelectors: [management] }], true, true],
  [
    'data, called management',
    [],
    [{ Name: 'Management', FieldSelectors: [field('eventCategory', 'Data')] }],
    false,
    false,
  ],
  ['reads, by field', [], [{ FieldSelectors: [management, field('readOnly', 'true')] }], true, false],
  ['one source alone', [], [{ FieldSelectors: [management, field('eventSource', 'iam.amazonaws.com')] }], false, false],
  ['some events alone', [], [{ FieldSelectors: [management, field('eventName', 'RunInstances')] }], false, false],
])('%s', (_, classic, advanced, reads, writes) => {
  expect(managementOf(classic, advanced)).toMatchObject({ reads, writes });
});

test('sources that are left out are named', () => {
  const classic = [{ IncludeManagementEvents: true, ExcludeManagementEventSources: ['rdsdata.amazonaws.com'] }];
  const notKms = { Field: 'eventSource', NotEquals: ['kms.amazonaws.com'] };
  expect(managementOf(classic, [{ FieldSelectors: [management, notKms] }]).excludedSources).toEqual([
    'kms.amazonaws.com',
    'rdsdata.amazonaws.com',
  ]);
});
