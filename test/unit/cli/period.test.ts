// cli/evidence/period/day.ts, cli/evidence/period/exceptions.ts, cli/evidence/period/exposures.ts,
// cli/evidence/period/gaps.ts, cli/evidence/period/key-events.ts, cli/evidence/period/key-lives.ts,
// cli/evidence/period/mfa.ts, cli/evidence/period/not-done.ts, cli/evidence/period/page.ts,
// cli/evidence/period/page-days.ts, cli/evidence/period/page-rows.ts, cli/evidence/period/period.ts,
// cli/evidence/period/report.ts, cli/evidence/period/rotations.ts, cli/evidence/period/sample.ts,
// cli/evidence/period/spells.ts, cli/evidence/period/states.ts, cli/evidence/period/tables.ts

import { describe, expect, test } from 'vitest';
import { type Day, dayOf, type OpenFinding } from '../../../cli/evidence/period/day.ts';
import { exceptionsOf } from '../../../cli/evidence/period/exceptions.ts';
import type { PeriodInput } from '../../../cli/evidence/period/input.ts';
import { keyEventsIn } from '../../../cli/evidence/period/key-events.ts';
import { livesOf } from '../../../cli/evidence/period/key-lives.ts';
import { periodPage } from '../../../cli/evidence/period/page.ts';
import { daysOf, parsePeriod } from '../../../cli/evidence/period/period.ts';
import { agesOf, reportOf } from '../../../cli/evidence/period/report.ts';
import type { Rotation } from '../../../cli/evidence/period/rotations.ts';
import { sampleOf } from '../../../cli/evidence/period/sample.ts';
import { spellsOf } from '../../../cli/evidence/period/spells.ts';
import { type ChainFile, hashOf } from '../../../shared/core/evidence/chain.ts';
import type { Manifest } from '../../../shared/core/evidence/manifest.ts';
import type { KeyEvent } from '../../../shared/core/evidence/reconcile.ts';
import { seen } from '../../../shared/core/evidence/snapshot.ts';
import { type ReadRecord, transitionsOf } from '../../../shared/core/evidence/transitions.ts';
import { DAY, formatDate, formatInstant, HOUR } from '../../../shared/core/time.ts';
import { ACCOUNT, denied, findingsOf, seenKey, seenUser, withKeys } from '../../support/core/snapshots.ts';

const start = Date.parse('2026-03-01T00:00:00Z');
const period = parsePeriod('2026-03', start + 60 * DAY);
const KEY = 'AKIAEXAMPLE000000001';
const role = `arn:aws:sts::${ACCOUNT}:assumed-role/keyturn-rotation-worker/x`;

type Users = Parameters<typeof findingsOf>[0]['users'];
type Trigger = Manifest['trigger'];

/** The n-th of March, judged at 02:00. */
function day(n: number, users: Users, trigger: Trigger = 'schedule'): Day {
  const at = start + (n - 1) * DAY + 2 * HOUR;
  const manifest = { startedAt: formatInstant(at), trigger } as const;
  const rest = { runId: 'x', accountId: ACCOUNT, function: 'f', version: '0', endedAt: formatInstant(at), files: [] };
  const none = { parameters: {}, calls: {}, population: {}, counts: {}, problems: [] };
  const whole: Manifest = { schemaVersion: 1, isComplete: true, ...manifest, ...rest, ...none };
  return dayOf(whole, `runs/${formatDate(at)}/`, findingsOf({ at, ...(users && { users }) }));
}

const withKey = (status: string, ageDays = 10) => seen([seenUser('alice', withKeys(seenKey(1, { status, ageDays })))]);

let last = 0;
function event(name: KeyEvent['name'], at: number, more: Partial<KeyEvent> = {}): KeyEvent {
  return { eventId: `event-${++last}`, at, name, caller: role, accessKeyId: KEY, ...more };
}

function record(event: string, at: number, more: object = {}) {
  const message = {
    event,
    transitionId: `${event}/AIDA/${formatInstant(at)}`,
    accountId: ACCOUNT,
    at: formatInstant(at),
  };
  const body = JSON.stringify({ ...message, accessKeyId: KEY, ...more });
  const sha256 = hashOf(body);
  return { key: `${ACCOUNT}/records/2026/03/01/${event}_AIDA_x.${sha256}.json`, sha256, body };
}

/** A digest as it was read; the first one follows none. */
const closing = (number: number, closedDays: string[], more: Partial<ChainFile['digest']> = {}): ChainFile => ({
  ...{ key: `${ACCOUNT}/chain/${number}`, number, sha256: '', line: '', signature: { signature: null } },
  digest: {
    ...{ schemaVersion: 1, sequence: number, bucket: 'b', accountId: ACCOUNT, previous: null, closedDays },
    ...{ madeAt: formatInstant(start + number * DAY), closedThrough: '2026-03-10', objects: [], unfinished: [] },
    ...{ foreign: [], eventsUntil: {}, counts: {}, version: '', expireDays: 0, ...more },
  },
});

function input(more: Partial<PeriodInput>): PeriodInput {
  const none = { chained: [], verdicts: [], days: [], unusable: [], records: [], events: [] };
  return {
    accountId: ACCOUNT,
    roleSuffix: '',
    period,
    isPreliminary: false,
    now: period.to + 5 * DAY,
    ...none,
    ...more,
  };
}

describe('a period', () => {
  test.each([
    ['2026', '2026-01-01', 365],
    ['2025-H2', '2025-07-01', 184],
    ['2026-Q1', '2026-01-01', 90],
    ['2026-02', '2026-02-01', 28],
    ['2026-02-27/2026-03-02', '2026-02-27', 4],
  ])('%s begins on %s and has %i days', (name, first, count) => {
    const days = daysOf(parsePeriod(name, Date.parse('2027-06-01')), Number.POSITIVE_INFINITY);
    expect([days[0], days.length]).toEqual([first, count]);
  });
});

describe('the life of a key', () => {
  const told = (lives: ReturnType<typeof livesOf>) =>
    lives[0]?.changes.map(({ what, told: all, disagree }) => [what, all.map(({ source }) => source).join(), disagree]);

  test('rests on the days where nothing else tells of it, with the time between', () => {
    const days = [day(1, withKey('Active')), day(3, withKey('Inactive')), day(4, seen([seenUser('alice')]))];
    const lives = livesOf({ days, records: [], events: [] });
    expect(told(lives)).toEqual([
      ['created', 'reading', false],
      ['deactivated', 'days', false],
      ['deleted', 'days', false],
    ]);
    expect(lives[0]?.changes[1]?.told[0]).toMatchObject({
      after: '2026-02-28T21:00:00.000Z',
      at: '2026-03-03T02:00:00.000Z',
    });
  });

  test('does not end on a day on which the keys of its user, or anybody, were not known', () => {
    const unlisted = seen([seenUser('alice', { keys: denied }), seenUser('bob', withKeys(seenKey(2)))]);
    const days = [day(1, withKey('Active')), day(2, unlisted), day(3, denied), day(4, withKey('Active'))];
    expect(told(livesOf({ days, records: [], events: [] }))).toEqual([['created', 'reading', false]]);
  });

  test('says both where two sources disagree', () => {
    const days = [day(1, withKey('Active')), day(3, withKey('Inactive'))];
    const created = event('CreateAccessKey', start - 20 * DAY);
    const off = event('UpdateAccessKey', start + DAY, { status: 'Inactive' });
    expect(told(livesOf({ days, records: [], events: [created, off] }))).toEqual([
      ['created', 'cloudtrail,reading', true],
      ['deactivated', 'cloudtrail,days', false],
    ]);
  });

  test('has every switch of its own, whoever made it; refused calls switch nothing', () => {
    const switches = ['Inactive', 'Active', 'Inactive'].map((status, n) =>
      event('UpdateAccessKey', start + n * DAY, { status }),
    );
    const refused = event('DeleteAccessKey', start, { errorCode: 'AccessDenied' });
    const records = transitionsOf([record('deactivated', start + 60_000), record('reminder', start)]);
    expect(told(livesOf({ days: [], records, events: [...switches, refused] }))).toEqual([
      ['deactivated', 'cloudtrail,record', false],
      ['activated', 'cloudtrail', false],
      ['deactivated', 'cloudtrail', false],
    ]);
  });
});

describe('findings over days', () => {
  const open = (status: OpenFinding['status'], accepted: OpenFinding['accepted'] = null): OpenFinding => ({
    ...{ id: 'mfa-console/a', control: 'mfa-console', status, reason: 'no-mfa', sentence: 's', resource: 'a' },
    ...{ userName: 'a', isHandOver: false, accepted },
  });
  const on = (date: string, ...found: OpenFinding[]): Day => ({ ...day(1, undefined), date, open: found });

  test('a day that was not known ends nothing, and a failure after its end is another', () => {
    const days = [on('1', open('fail')), on('2', open('error')), on('3', open('fail')), on('4'), on('5', open('fail'))];
    expect(spellsOf(days)).toMatchObject([
      { firstDay: '1', lastDay: '3', settledDay: '4', days: 2 },
      { firstDay: '5', settledDay: null, days: 1 },
    ]);
  });

  test('an exception ends by its date, because it is no longer used, or is still in use', () => {
    const accepted = (until: string | null, because: string) =>
      open('fail', { until, because, approvedBy: null, approvedAt: null, eventId: null, source: 'file' });
    const days = [on('1', accepted('2', 'a')), on('2', accepted(null, 'b')), on('3', accepted('9', 'c'))];
    expect(exceptionsOf(days, []).map(({ because, ended }) => [because, ended])).toEqual([
      ['a', 'its date came'],
      ['b', 'no longer used'],
      ['c', 'in use at the end'],
    ]);
  });
});

describe('an exemption by tag', () => {
  const admin = 'arn:aws:iam::111122223333:user/admin';
  const tagged = (at: number, more: Partial<KeyEvent> = {}) =>
    event('TagUser', at, { userName: 'alice', caller: admin, tags: { 'KeyTurn:exempt': 'true' }, ...more });
  const used = (approvedBy: string | null, source: 'tag' | 'file', events: KeyEvent[], known: object = {}) => {
    const accepted = { until: null, because: 'b', approvedBy, approvedAt: null, eventId: null, source, ...known };
    const open: OpenFinding = {
      ...{ id: 'key-age/a', control: 'key-age', status: 'fail', reason: 'older-than-limit', sentence: 's' },
      ...{ resource: 'alice AKIA', userName: 'alice', isHandOver: false, accepted },
    };
    const [first] = exceptionsOf([{ ...day(2, undefined), open: [open] }], events);
    return [first?.approvedAt, first?.eventId];
  };

  test('was approved by the last call before it was seen', () => {
    const first = tagged(start - DAY);
    const last = tagged(start);
    const others = [
      tagged(start + 1, { errorCode: 'AccessDenied' }),
      tagged(start + 1, { userName: 'bob' }),
      tagged(start + 1, { tags: { 'keyturn:owner': 'x' } }),
      tagged(start + 3 * DAY),
    ];
    expect(used(admin, 'tag', [first, last, ...others])).toEqual([formatInstant(start), last.eventId]);
  });

  test('was approved by the call that the run knew of, whatever else there is', () => {
    const known = { approvedAt: formatInstant(start - 300 * DAY), eventId: 'long-ago' };
    expect(used(admin, 'tag', [tagged(start)], known)).toEqual([known.approvedAt, 'long-ago']);
  });

  test('has no such call that was made by somebody else, or for a file', () => {
    expect(used(null, 'tag', [tagged(start)])).toEqual([null, null]);
    expect(used(admin, 'file', [tagged(start)])).toEqual([null, null]);
  });
});

describe('where a key stood', () => {
  const states = (days: Day[], more: Partial<PeriodInput> = {}) =>
    reportOf(input({ days, now: start + 6 * DAY, ...more })).keys[0]?.states.map((spell) =>
      [spell.state, spell.firstDay.slice(8), spell.lastDay.slice(8), spell.source ?? spell.because].join(' '),
    );
  const tagged = (tags: Record<string, string>, ageDays: number) =>
    seen([seenUser('alice', withKeys(seenKey(1, { ageDays })), tags)]);

  test('is said by the run of each day, with its folder', () => {
    // 89 days old on the 10th: 90 on the 11th.
    const due = (n: number) => day(n, withKey('Active', 89 + 7));
    const days = [
      due(1),
      due(2),
      day(3, tagged({ 'keyturn:exempt': '2026-12-31' }, 96)),
      day(4, tagged({ 'keyturn:exmpt': 'true' }, 96)),
      due(5),
      day(6, withKey('Inactive', 96)),
    ];
    expect(states(days)).toEqual([
      'before-due 01 02 runs/2026-03-01/',
      'exempt 03 03 runs/2026-03-03/',
      'blocked 04 04 runs/2026-03-04/',
      'due 05 05 runs/2026-03-05/',
      'inactive 06 06 runs/2026-03-06/',
    ]);
    const { timeInState } = reportOf(input({ days, now: start + 6 * DAY }));
    expect(timeInState).toMatchObject({ 'before-due': 2, exempt: 1, blocked: 1, due: 1, inactive: 1, 'not-known': 0 });
  });

  test('is not known where no run says it, and is never guessed', () => {
    const older = {
      ...day(3, withKey('Active')),
      keys: day(3, withKey('Active')).keys.map((key) => ({ ...key, state: undefined })),
    };
    const unlisted = seen([seenUser('alice', { keys: denied })]);
    const days = [day(1, withKey('Active')), older, day(4, unlisted), day(5, denied), day(6, withKey('Active'))];
    expect(states(days)).toEqual([
      'before-due 01 01 runs/2026-03-01/',
      'not-known 02 02 there is no run of that day',
      'not-known 03 03 its run does not say it',
      'not-known 04 05 the keys of its user were not known',
      'before-due 06 06 runs/2026-03-06/',
    ]);
  });

  test('is said of no day on which the key was not there', () => {
    const gone = event('DeleteAccessKey', start + 3 * DAY + HOUR);
    const made = event('CreateAccessKey', start + DAY + HOUR);
    // No run on the 2nd, the 4th and the 6th.
    const days = [day(1, seen([seenUser('alice')])), day(3, withKey('Active')), day(5, seen([seenUser('alice')]))];
    expect(states(days, { events: [made, gone] })).toEqual([
      'not-known 02 02 there is no run of that day',
      'before-due 03 03 runs/2026-03-03/',
      'not-known 04 04 there is no run of that day',
    ]);
  });
});

describe('why a key was not replaced in time', () => {
  const over = seen([seenUser('alice', withKeys(seenKey(1, { ageDays: 95 })))]);
  const digest = (at: number, more: object) => {
    const body = JSON.stringify({ event: 'digest', at: formatInstant(at), dryRun: false, needsDecision: [], ...more });
    return { key: `d/${at}`, sha256: hashOf(body), body };
  };
  const why = (more: Partial<PeriodInput> = {}, users: Users = over) =>
    reportOf(input({ days: [day(9, users)], now: start + 20 * DAY, ...more })).due.notDoneBy;

  test.each<[string, Users, Partial<PeriodInput>, string]>([
    [
      'exempt',
      seen([seenUser('alice', withKeys(seenKey(1, { ageDays: 95 })), { 'keyturn:exempt': 'true' })]),
      {},
      'exempt',
    ],
    [
      'two active keys',
      seen([seenUser('alice', withKeys(seenKey(1, { ageDays: 95 }), seenKey(2)))]),
      {},
      'slots-taken',
    ],
    ['nothing is told', over, {}, 'due'],
    ['a dry run', over, { records: [digest(start, {}), digest(start + DAY, { dryRun: true })] }, 'dry-run'],
    [
      'nobody listens to it',
      over,
      { records: [digest(start, { needsDecision: [{ userName: 'alice', reason: 'no-subscription' }] })] },
      'no-subscription',
    ],
    ['nobody listens at all', over, { records: [digest(start, { note: 'Nobody is told.' })] }, 'Nobody is told.'],
    ['of another period', over, { records: [digest(start - DAY, { dryRun: true })] }, 'due'],
    ['refused', over, { records: [record('failed', start + DAY, { reason: 'refused' })] }, 'failed: refused'],
    ['stuck', over, { records: [record('stuck', start + DAY)] }, 'stuck'],
  ])('%s', (_, users, more, reason) => {
    expect(why(more, users)).toEqual({ [reason]: 1 });
  });

  test('a file accepted it, or its run says nothing', () => {
    const accepted = {
      until: '2026-12-31',
      because: 'b',
      approvedBy: 'c',
      approvedAt: null,
      eventId: null,
      source: 'file' as const,
    };
    const plain = day(9, over);
    const silent = { ...plain, keys: plain.keys.map((key) => ({ ...key, state: undefined, answer: undefined })) };
    const opened = { ...silent, open: silent.open.map((finding) => ({ ...finding, accepted })) };
    expect(why({ days: [opened] })).toEqual({ accepted: 1 });
    expect(why({ days: [silent] })).toEqual({ 'no record tells why': 1 });
  });
});

describe('an exposed key', () => {
  const at = start + DAY;
  const told = (minutes: number, more: object = {}) =>
    record('exposed', at + minutes * 60_000, { reportedAt: formatInstant(at), reason: 'exposed', ...more });
  const off = (minutes: number) => event('UpdateAccessKey', at + minutes * 60_000, { status: 'Inactive' });
  const exposed = (more: Partial<PeriodInput>) => {
    const report = reportOf(input({ events: [event('CreateAccessKey', start - DAY)], ...more }));
    expect(periodPage(report)).toContain('Exposed keys');
    return report.exposures.map(({ minutes, source }) => [minutes, source]);
  };

  test('has the minutes from the report to the deactivation, by its first message', () => {
    const records = [told(3), told(9, { reportedAt: formatInstant(at + 8 * 60_000) })];
    const made = event('CreateAccessKey', start - DAY);
    expect(exposed({ records, events: [made, off(2.5)] })).toEqual([[2.5, 'cloudtrail']]);
    expect(reportOf(input({ records, events: [made, off(2.5)] })).exposedMinutes).toMatchObject({ count: 1, max: 2.5 });
  });

  test('has 0 where it was inactive already, and counts a later end where it was active again', () => {
    const on = event('UpdateAccessKey', at - 5 * 60_000, { status: 'Active' });
    expect(exposed({ records: [told(1)], events: [off(-10)] })).toEqual([[0, 'cloudtrail']]);
    expect(exposed({ records: [told(21)], events: [off(-10), on, off(20)] })).toEqual([[20, 'cloudtrail']]);
  });

  test('has none where either is not known to the minute', () => {
    expect(exposed({ records: [told(3, { reportedAt: undefined })], events: [off(2)] })).toEqual([
      [null, 'cloudtrail'],
    ]);
    const days = [day(1, withKey('Active')), day(4, withKey('Inactive'))];
    expect(exposed({ records: [told(3, { keyStatus: 'Active' })], days })).toEqual([[null, 'days']]);
  });

  test('that its message calls active is not deactivated by it', () => {
    const days = [day(1, withKey('Active')), day(9, withKey('Active'))];
    expect(exposed({ records: [told(3, { keyStatus: 'Active' })], days })).toEqual([[null, null]]);
    expect(exposed({ records: [told(3, { keyStatus: 'Inactive' })], days: days.slice(0, 1) })).toEqual([[3, 'record']]);
  });

  test('of another period, or of no key, is none', () => {
    expect(exposed({ records: [record('exposed', start - DAY), told(1, { accessKeyId: undefined })] })).toEqual([]);
  });
});

describe('MFA', () => {
  const access = (hasPassword: boolean, hasMfa: boolean) =>
    ({ console: seen({ hasPassword, hasMfa, basis: 'exact' as const, readAt: start }) }) as const;
  const people = (bob: object) =>
    seen([seenUser('alice', access(true, true)), seenUser('bob', bob), seenUser('ci', access(false, false))]);
  const days = [
    day(1, people(access(true, false))),
    day(2, people({ console: denied })),
    day(3, denied),
    day(4, people(access(true, true))),
  ];

  test('is counted by day, with its denominators, and without a percentage while anything is not known', () => {
    const { mfa } = reportOf(input({ days }));
    expect(mfa.map(({ date, ...rest }) => Object.values(rest))).toEqual([
      [1, 1, 0, 3, 50, 33.3],
      [1, 0, 1, 3, null, null],
      [0, 0, 1, null, null, null],
      [2, 0, 0, 3, 100, 66.7],
    ]);
  });

  test('is counted by person, of those who had a password', () => {
    const report = reportOf(input({ days }));
    expect(report.people).toMatchObject([
      { userName: 'alice', daysWith: 3, daysWithout: 0, daysNotKnown: 0, firstDayWithout: null },
      { userName: 'bob', daysWith: 1, daysWithout: 1, daysNotKnown: 1, lastDayWithout: '2026-03-01' },
    ]);
    expect(periodPage(report)).toContain('50 % of 2');
  });
});

describe('a report', () => {
  test('names what went wrong in the period, each by its kind', () => {
    const alarm = (state: string, at: string) => {
      const body = JSON.stringify({ AlarmName: 'keyturn-prod-errors', NewStateValue: state, StateChangeTime: at });
      return { key: `${ACCOUNT}/records/${at}`, sha256: hashOf(body), body };
    };
    const records = [
      alarm('ALARM', '2026-03-05T00:00:00.000+0000'),
      alarm('OK', '2026-03-06T00:00:00.000+0000'),
      alarm('ALARM', '2026-03-07T00:00:00.000+0000'),
      record('failed', start + DAY, { userName: 'alice', message: 'AWS refused.' }),
      record('deactivated', start + 2 * DAY),
      record('deactivated', start + 2 * DAY, { reason: 'other' }),
      { key: 'x', sha256: 'x', body: 'no JSON' },
    ];
    const outside = event('DeleteAccessKey', start + 3 * DAY, { caller: 'arn:aws:iam::111122223333:user/mallory' });
    const events = [event('CreateAccessKey', start + 4 * DAY), outside, outside];
    const days = [day(1, denied), day(2, withKey('Active'), 'hand')];
    const unusable = [{ date: '2026-03-03', folder: 'f', why: 'w' }];
    const report = reportOf(input({ records, events, days, unusable }));
    const kinds = report.gaps.map(({ kind, from, to }) => `${kind} ${from.slice(8, 10)} ${to.slice(8, 10)}`);
    expect(kinds).toEqual([
      'no-evidence 03 31',
      'not-used 03 03',
      'not-known 01 01',
      'by-hand 02 02',
      'alarm 05 06',
      'alarm 07 ',
      'failed 02 02',
      'contradiction 03 03',
      'unrecorded 05 05',
      'pending 03 03',
    ]);
    expect(report.outside).toMatchObject([{ by: expect.stringContaining('mallory') }]);
    expect(report.records).toEqual({ transitions: 2, repeats: 1 });
    expect(periodPage(report)).toContain('AWS refused.');
  });

  test('names each closed day without a scan, though nothing was ever recorded, and no day before the first', () => {
    const chained = [closing(4, []), closing(5, ['2026-03-05']), closing(6, ['2026-03-06'])];
    const gaps = reportOf(input({ chained })).gaps.filter(({ kind }) => kind === 'no-scan');
    expect(gaps).toMatchObject([{ from: '2026-03-05', to: '2026-03-06' }]);
  });

  test('asks for no record of what was before the first digest, and for a witness of what was recorded before it', () => {
    const at = start + 4 * DAY;
    const until = formatInstant(start + 20 * DAY);
    const eventsUntil = { CreateAccessKey: until, UpdateAccessKey: until, DeleteAccessKey: until };
    const chained = [closing(10, []), closing(11, [], { eventsUntil })];
    const gaps = (own: number, records: ReadRecord[]) =>
      reportOf(input({ chained, records, events: [event('DeleteAccessKey', own)] }))
        .gaps.filter(({ kind }) => kind === 'unrecorded' || kind === 'unwitnessed')
        .map(({ kind }) => kind);
    expect(gaps(at, [])).toEqual([]);
    expect(gaps(at, [record('deactivated', at)])).toEqual(['unwitnessed']);
    expect(gaps(start + 11 * DAY, [])).toEqual(['unrecorded']);
  });

  test('counts a key that was replaced in time, and one that was not', () => {
    const days = [day(1, withKey('Active', 80))];
    const created = event('CreateAccessKey', start - 80 * DAY);
    const issued = record('issued', start + DAY, { newAccessKeyId: 'AKIANEW' });
    const off = event('UpdateAccessKey', start + 9 * DAY, { status: 'Inactive' });
    const report = (...events: KeyEvent[]) =>
      reportOf(input({ days, records: [issued], events: [created, ...events] }));
    expect(report(off)).toMatchObject({
      due: { onTime: 1, late: 0, notDone: 0 },
      rotations: [{ onTime: true, handOverDays: 8, eventIds: [off.eventId] }],
    });
    expect(report()).toMatchObject({
      due: { onTime: 0, late: 0, notDone: 1, keys: [{ reason: 'issued' }] },
      rotations: [{ onTime: false, handOverDays: null, eventIds: [] }],
    });
    const late = event('UpdateAccessKey', start + 15 * DAY, { status: 'Inactive' });
    expect(report(late).due).toMatchObject({ late: 1, keys: [{ daysLate: 5 }] });
  });

  test('counts ages by nearest rank', () => {
    expect(agesOf([])).toEqual({ count: 0, p50: null, p90: null, p99: null, max: null });
    expect(agesOf([4, 1, 3, 2])).toEqual({ count: 4, p50: 2, p90: 4, p99: 4, max: 4 });
  });
});

test('a sample is the smallest hashes of seed and transition', () => {
  const rotation = reportOf(input({ records: [record('issued', start)] })).rotations[0];
  const population: Rotation[] = ['a', 'b', 'c', 'd'].flatMap((transitionId) =>
    rotation === undefined ? [] : [{ ...rotation, transitionId }],
  );
  const expected = ['a', 'b', 'c', 'd'].toSorted((a, b) => (hashOf(`s${a}`) < hashOf(`s${b}`) ? -1 : 1));
  const drawn = sampleOf(population, { seed: 's', size: 3 }).map(({ transitionId }) => transitionId);
  expect(drawn).toEqual(expected.slice(0, 3));
});

test('events are read as they were kept, and what is none is left out', () => {
  const line = { eventId: 'e', at: '2026-03-01T00:00:00.000Z', name: 'DeleteAccessKey', caller: 'c', later: 'field' };
  const more = { userName: 'alice', accessKeyId: KEY, status: 'Active', errorCode: 'AccessDenied' };
  const file = [line, { ...line, ...more }, { ...line, name: 'Other' }].map((each) => JSON.stringify(each)).join('\n');
  const { later, ...kept } = line;
  expect(later).toBe('field');
  expect(keyEventsIn(`${file}\nno JSON\n`)).toEqual([
    { ...kept, at: start },
    { ...kept, ...more, at: start },
  ]);
});
