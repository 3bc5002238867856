import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../shared/core/evidence/finding.ts';
import { judgeEvidence } from '../../../../shared/core/evidence/judge.ts';
import { type ChangesSeen, judgeChanges } from '../../../../shared/core/evidence/judge-changes.ts';
import type { ChangeLine, KeyEvent } from '../../../../shared/core/evidence/reconcile.ts';
import { type Snapshot, seen } from '../../../../shared/core/evidence/snapshot.ts';
import type { RecordedTransition } from '../../../../shared/core/evidence/transitions.ts';
import { formatInstant } from '../../../../shared/core/time.ts';
import { DEFAULTS, NOW } from '../../../support/core/builders.ts';
import {
  ACCOUNT,
  denied,
  evidenceLimits,
  findingsOf,
  seenKey,
  seenUser,
  snapshotOf,
  withKeys,
} from '../../../support/core/snapshots.ts';

const judged = (more: Partial<ChangesSeen>) =>
  judgeChanges({ accountId: ACCOUNT, at: NOW, unknown: [], lines: [], ...more });

test('without an answer of CloudTrail nothing is green, and it is said how much is missing', () => {
  const account = (...unknown: (typeof denied)[]) => judged({ unknown }).map(({ verdict }) => verdict);
  expect(account()).toMatchObject([{ status: 'pass', reason: 'reconciled', facts: { changes: 0 } }]);
  expect(account(denied)).toMatchObject([{ status: 'error', sentence: denied.sentence }]);
  expect(account(denied, denied, denied)).toMatchObject([
    { status: 'error', reason: 'denied', sentence: `${denied.sentence} And 2 more: see the problems of the manifest.` },
  ]);
});

const event: KeyEvent = {
  ...{ eventId: 'e1', at: NOW, name: 'UpdateAccessKey', caller: 'arn:aws:iam::1:user/ann', userName: 'ci' },
  ...{ accessKeyId: 'AKIAEXAMPLE7F3Q', status: 'Inactive', sourceAddress: '192.0.2.1', userAgent: 'console' },
};
const record: RecordedTransition = {
  ...{ accountId: ACCOUNT, transitionId: 'issued/AIDA/2026-01-01T00:00:00.000Z', event: 'issued', at: NOW },
  record: { event: 'issued', transitionId: 't', accountId: ACCOUNT, at: '', newAccessKeyId: 'AKIAEXAMPLE9K2M' },
  ...{ key: 'k', repeats: 1, contradictions: ['reason'] },
};

describe('a change', () => {
  test.each<[ChangeLine, string, string]>([
    [{ is: 'confirmed', event, record }, 'pass reconciled', 'told by a record, and by CloudTrail'],
    [
      { is: 'outside', event },
      'pass outside-keyturn',
      'of ci was changed (Inactive) by arn:aws:iam::1:user/ann: not by',
    ],
    [{ is: 'taken-back', event }, 'pass taken-back', 'taken back'],
    [{ is: 'pending', event }, 'not-applicable pending', 'may still come'],
    [{ is: 'pending', record }, 'not-applicable pending', 'may still come'],
    [{ is: 'unrecorded', event }, 'fail unrecorded', 'without a record'],
    [{ is: 'unwitnessed', record }, 'fail unwitnessed', 'Access key …9K2M is recorded as issued: CloudTrail knows'],
  ])('%#: %s', (line, expected, words) => {
    const [, change] = judged({ lines: [line] });
    expect(change?.resource.type).toBe('key-change');
    expect(`${change?.verdict.status} ${change?.verdict.reason}`).toBe(expected);
    expect(change?.verdict.sentence).toContain(words);
  });

  test('has who, whence and both references among its facts', () => {
    const [, change] = judged({ lines: [{ is: 'confirmed', event, record }] });
    expect(change?.verdict.facts).toMatchObject({
      ...{ is: 'confirmed', eventId: 'e1', sourceAddress: '192.0.2.1', userAgent: 'console' },
      ...{ record: 'k', repeats: 1, contradictions: ['reason'] },
    });
  });

  test('of nobody and of no key is told of all the same', () => {
    const { userName: _, accessKeyId: __, status: ___, ...bare } = event;
    const [, change] = judged({ lines: [{ is: 'outside', event: { ...bare, name: 'DeleteAccessKey' } }] });
    expect(change?.verdict.sentence).toBe('Access key was deleted by arn:aws:iam::1:user/ann: not by Keyturn.');
  });
});

test('what a report says is said with its time, where CloudTrail told nothing of what followed', () => {
  const access = { hasPassword: true, hasMfa: true, readAt: NOW };
  const unwitnessedSince = NOW - 1_000;
  const users = seen([
    seenUser('a', { console: seen({ ...access, basis: 'report' }) }),
    seenUser('b', { console: seen({ ...access, basis: 'exact' }) }),
  ]);
  const asOf = (more: object) =>
    findingsOf({ users, ...more })
      .filter(({ control }) => control.id === 'mfa-console' || control.id === 'root-keys')
      .map(({ sentence }) => sentence.includes('As of the credential report of 20'));
  expect(asOf({ unwitnessedSince })).toEqual([true, true, false]);
  expect(asOf({})).toEqual([false, false, false]);
});

test('who exempted a user is known from CloudTrail, and goes on for as long as the exemption is the same', () => {
  const users = (value: string, name = 'keyturn:exempt') => ({
    users: seen([seenUser('vendor', withKeys(seenKey(1, { ageDays: 100 })), { [name]: value })]),
  });
  const judge = (snapshot: Partial<Snapshot>, yesterday: readonly Finding[] = [], exemptedBy?: Map<string, KeyEvent>) =>
    judgeEvidence(snapshotOf(snapshot), yesterday, {
      ...{ settings: DEFAULTS, limits: evidenceLimits, now: NOW },
      ...(exemptedBy && { exemptedBy }),
    });
  const approver = (findings: readonly Finding[]) =>
    findings.find(({ control }) => control.id === 'exemption-dated')?.facts.approvedBy;
  const tagged = new Map([['vendor', { ...event, name: 'TagUser' as const, caller: 'arn:ann' }]]);
  const first = judge(users('2099-01-01'), [], tagged);
  expect(approver(first)).toBe('arn:ann');
  const accepted = (findings: readonly Finding[]) => findings.find(({ control }) => control.id === 'key-age')?.accepted;
  const call = { approvedBy: 'arn:ann', approvedAt: formatInstant(event.at), eventId: event.eventId, source: 'tag' };
  expect(accepted(first)).toMatchObject(call);
  expect(accepted(judge(users('2099-01-01'), first))).toMatchObject(call);
  expect(accepted(judge(users('2099-06-01'), first))).toMatchObject({ approvedAt: null, eventId: null });
  expect(approver(judge(users('2099-01-01'), first))).toBe('arn:ann');
  expect(approver(judge(users('2099-06-01'), first))).toBe(null);
  expect(approver(judge(users('true'), first))).toBe(null);
  // Whoever is not exempt by a tag was exempted by nobody's call.
  expect(approver(judge(users('x', 'team'), first, tagged))).toBe(undefined);
});
