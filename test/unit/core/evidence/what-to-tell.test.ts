import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../shared/core/evidence/finding.ts';
import { nameRecord } from '../../../../shared/core/evidence/record-name.ts';
import { seen } from '../../../../shared/core/evidence/snapshot.ts';
import { isChainToTell, type ToTell, tellingId, whatToTell } from '../../../../shared/core/evidence/what-to-tell.ts';
import { DAY, formatInstant } from '../../../../shared/core/time.ts';
import { NOW } from '../../../support/core/builders.ts';
import { ACCOUNT, accepted, denied, findingsOf, seenBucket } from '../../../support/core/snapshots.ts';

const calm = findingsOf({});
const failing = findingsOf({ buckets: seen([seenBucket('b', { encryption: seen('none') })]) });
const unknown = findingsOf({ buckets: seen([seenBucket('b', { encryption: denied })]) });
const deciding = (findings: readonly Finding[]): Finding[] =>
  findings.map((finding) => (finding.status === 'error' ? { ...finding, accepted } : finding));

/** The key of the record of a run's message, as the recorder names it. */
function recordOf(startedAt: number): string {
  const transitionId = tellingId(ACCOUNT, startedAt);
  const document = { schemaVersion: 1, event: 'evidence', accountId: ACCOUNT, transitionId };
  const body = JSON.stringify({ ...document, at: formatInstant(startedAt + 9_000) });
  const named = nameRecord(body, { accountId: ACCOUNT, isKnown: () => false, now: startedAt + 10_000 });
  return named.kind === 'record' ? named.key : '';
}

const before = { findings: calm, startedAt: NOW - 1, problems: [] };
const quiet: ToTell = { accountId: ACCOUNT, startedAt: NOW, before, findings: calm, recorded: [], left: [] };
const isTold = (more: Partial<ToTell>): boolean => whatToTell({ ...quiet, ...more }).changes !== null;

describe('a run is told of', () => {
  test.each<[string, Partial<ToTell>, boolean]>([
    ['where nothing has changed', {}, false],
    ['the first time', { before: { findings: [], problems: [] } }, true],
    ['where something got worse', { findings: failing }, true],
    ['where something settled', { before: { ...before, findings: failing } }, true],
    ['where something fails as before', { findings: failing, before: { ...before, findings: failing } }, false],
    ['where it is incomplete, again', { findings: unknown, before: { ...before, findings: unknown } }, true],
    [
      'where somebody accepts that it is incomplete',
      { findings: deciding(unknown), before: { ...before, findings: deciding(unknown) } },
      false,
    ],
    ['where the chain is not intact', { before: { ...before, problems: ['a key has 2 versions'] } }, true],
    ['where people were left out', { left: ['carol'] }, true],
  ])('%s', (_, more, expected) => {
    expect(isTold(more)).toBe(expected);
  });

  test('weekly, where nothing else is to be told: once in each week, whatever the hour of a run', () => {
    let startedAt = NOW;
    const days: number[] = [];
    for (let n = 1; n <= 28; n++) {
      const next = NOW + n * DAY + (n % 5) * 60_000;
      if (isTold({ startedAt: next, before: { ...before, startedAt } })) days.push(n);
      startedAt = next;
    }
    expect(days).toHaveLength(4);
    expect(new Set(days.map((day) => day % 7)).size).toBe(1);
  });
});

describe('a message without a record', () => {
  const startedAt = NOW - 60_000;
  const last = whatToTell({ ...quiet, startedAt, findings: failing }).changes ?? [];
  const run = { findings: failing, startedAt, problems: [], telling: { changes: last, untold: [] } };

  test('is told again by the next run, with what has changed since', () => {
    expect(last).toHaveLength(1);
    const again = whatToTell({ ...quiet, findings: failing, before: run });
    expect(again).toEqual({ changes: last, mayRepeat: true });
    const settled = whatToTell({ ...quiet, findings: calm, before: run });
    expect(settled.changes?.map(({ to }) => to)).toEqual(['none']);
    // Until there is one.
    const third = { ...run, startedAt: NOW - 1, telling: { changes: again.changes, untold: [] } };
    expect(whatToTell({ ...quiet, findings: failing, before: third }).mayRepeat).toBe(true);
  });

  test('is told of even if it had nothing but the head to say', () => {
    const weekly = { ...before, startedAt, telling: { changes: [], untold: [] } };
    expect(whatToTell({ ...quiet, before: weekly })).toEqual({ changes: [], mayRepeat: true });
    const silent = { ...before, startedAt, telling: { changes: null, untold: [] } };
    expect(whatToTell({ ...quiet, before: silent })).toEqual({ changes: null, mayRepeat: false });
  });

  test('is one whose record has another name', () => {
    const told = (recorded: readonly string[]) => whatToTell({ ...quiet, findings: failing, before: run, recorded });
    expect(told([recordOf(startedAt)])).toEqual({ changes: null, mayRepeat: false });
    expect(told([recordOf(startedAt - 1)]).mayRepeat).toBe(true);
    const { startedAt: _, ...unnamed } = run;
    expect(whatToTell({ ...quiet, before: unnamed, recorded: [recordOf(startedAt)] }).mayRepeat).toBe(true);
  });
});

test('a chain that is not intact is told of until somebody accepts it', () => {
  expect([isChainToTell([], calm), isChainToTell(['x'], calm)]).toEqual([false, true]);
  const [any] = calm;
  if (any === undefined) throw new Error('there is no finding');
  const bucket: Finding = { ...any, control: { ...any.control, id: 'evidence-bucket' }, accepted };
  expect(isChainToTell(['x'], [...calm, bucket])).toBe(false);
});
