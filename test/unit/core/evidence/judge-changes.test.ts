import { expect, test } from 'vitest';
import { judgeChanges } from '../../../../shared/core/evidence/judge-changes.ts';
import { NOW } from '../../../support/core/builders.ts';
import { ACCOUNT, denied } from '../../../support/core/snapshots.ts';

const account = (unknown: Parameters<typeof judgeChanges>[0]['unknown']) =>
  judgeChanges({ accountId: ACCOUNT, at: NOW, unknown }).map(({ verdict }) => verdict);

test('without an answer of CloudTrail nothing is green, and it is said how much is missing', () => {
  expect(account([])).toMatchObject([{ status: 'pass', reason: 'reconciled' }]);
  expect(account([denied])).toMatchObject([{ status: 'error', sentence: denied.sentence }]);
  expect(account([denied, denied, denied])).toMatchObject([
    { status: 'error', reason: 'denied', sentence: `${denied.sentence} And 2 more: see the problems of the manifest.` },
  ]);
});
