// shared/core/evidence/key-changes.ts
import { expect, test } from 'vitest';
import type { EventWindow } from '../../../../shared/core/evidence/event-windows.ts';
import {
  carriedChanges,
  changedUsers,
  changeOfRoot,
  exemptedBy,
  historyOf,
  intentsIn,
  toCarry,
} from '../../../../shared/core/evidence/key-changes.ts';
import type { KeyEvent } from '../../../../shared/core/evidence/reconcile.ts';
import { formatIntent } from '../../../../shared/core/format-secret-tags.ts';
import { DAY, formatInstant, HOUR } from '../../../../shared/core/time.ts';
import { P, secret } from '../../../support/core/builders.ts';
import { seenUser } from '../../../support/core/snapshots.ts';

const NOW = Date.UTC(2026, 2, 10, 2);
const event = (eventId: string, at: number, more: Partial<KeyEvent> = {}): KeyEvent => ({
  ...{ eventId, at, name: 'DeleteAccessKey', caller: 'x', userName: eventId },
  ...more,
});
const window = (from: number): EventWindow[] => [{ name: 'DeleteAccessKey', from, to: NOW }];
const carried = (from: number, ...events: KeyEvent[]) =>
  carriedChanges.parse({ from: formatInstant(from), events, records: [] });

test('the first run compares nothing that was before it, and later ones three days', () => {
  const all = window(NOW - 90 * DAY).map((each) => ({ ...each, isFirst: true }));
  expect(historyOf(undefined, { events: [], windows: all }, NOW).from).toBe(NOW);
  // A run that believes nothing of the one before it.
  expect(historyOf(undefined, { events: [], windows: window(NOW - DAY) }, NOW).from).toBe(NOW - DAY);
  expect(historyOf(carried(NOW - 2 * DAY), { events: [], windows: window(NOW - DAY) }, NOW).from).toBe(NOW - 2 * DAY);
  expect(historyOf(carried(NOW - 9 * DAY), { events: [], windows: window(NOW - DAY) }, NOW).from).toBe(NOW - 3 * DAY);
});

test('after an outage a run looks at all of it, but for what AWS no longer has', () => {
  const windows = window(NOW - 9 * DAY);
  expect(historyOf(carried(NOW - 12 * DAY), { events: [], windows }, NOW).from).toBe(NOW - 9 * DAY);
  const lost = { from: NOW - 9 * DAY, to: NOW - 8 * DAY };
  const gone = windows.map((each) => ({ ...each, lost }));
  expect(historyOf(carried(NOW - 12 * DAY), { events: [], windows: gone }, NOW).from).toBe(NOW - 8 * DAY);
});

test('an event that is asked for twice is one', () => {
  const one = event('e', NOW - DAY);
  const { events } = historyOf(carried(NOW - 2 * DAY, one), { events: [one], windows: window(NOW - DAY) }, NOW);
  expect(events).toEqual([one]);
});

test('goes on: changes of three days, those without a record for a month, and sign-in while a report may not know it', () => {
  const old = event('old', NOW - 4 * DAY);
  const missed = event('missed', NOW - 20 * DAY);
  const forgotten = event('forgotten', NOW - 31 * DAY);
  const events = [
    ...[old, missed, forgotten, event('new', NOW - DAY, { tagKeys: ['keyturn:x'] })],
    ...[
      event('device', NOW - HOUR, { name: 'EnableMFADevice' }),
      event('past', NOW - DAY, { name: 'EnableMFADevice' }),
    ],
  ];
  const lines = [missed, forgotten].map((each) => ({ is: 'unrecorded' as const, event: each }));
  const records = ['2026/03/06', '2026/03/07'].map((day) => ({ key: `1/records/${day}/x.json`, sha256: '', body: '' }));
  const next = toCarry({ from: NOW - 3 * DAY, events }, [...records, { key: 'else', sha256: '', body: '' }], {
    lines,
    now: NOW,
  });
  expect(next.events.map(({ eventId }) => eventId)).toEqual(['missed', 'new', 'device']);
  expect(next.records).toEqual([records[1]]);
  expect(carriedChanges.parse(JSON.parse(JSON.stringify(next)))).toEqual(next);
});

test('a change that waits longer for what Keyturn has begun goes on as well', () => {
  const waiting = event('waiting', NOW - 5 * DAY);
  const lines = [{ is: 'pending' as const, event: waiting }, { is: 'pending' as const }];
  const next = toCarry({ from: NOW - 3 * DAY, events: [waiting] }, [], { lines, now: NOW });
  expect(next.events).toEqual([waiting]);
});

test('intents that stand are those that are recorded, but for what nobody goes on with any more', () => {
  const doing = (at: number) => ({ 'keyturn:doing': formatIntent({ ...intent, at, deadlineAt: at + HOUR }) });
  const intent = { verb: 'issue' as const, runId: 'r', accessKeyIds: [P] };
  const user = (name: string, tags: Record<string, string>) => seenUser(name, { secret: secret({ as: { tags } }) });
  const users = [
    ...[user('ann', doing(NOW - DAY)), user('bob', doing(NOW - 4 * DAY)), user('cid', { 'keyturn:doing': 'x' })],
    ...[user('dan', {}), seenUser('eve')],
  ];
  expect(intentsIn(users, { runEveryDays: 1 }, NOW)).toMatchObject([{ userName: 'ann', verb: 'issue', at: NOW - DAY }]);
});

test('what the root user did to itself is told apart from what it did to users', () => {
  const root = 'arn:aws:iam::111122223333:root';
  const find = (more: Partial<KeyEvent>) =>
    changeOfRoot([event('e', NOW, { caller: root, userName: undefined, ...more })], {
      ...{ since: NOW - HOUR, userNames: new Set(['ci']) },
    })?.eventId;
  expect([find({}), find({ userName: 'alias-of-the-account' })]).toEqual(['e', 'e']);
  const others = [{ userName: 'ci' }, { at: NOW - DAY }, { errorCode: 'AccessDenied' }, { caller: `${root}x` }];
  expect(others.map(find)).toEqual([undefined, undefined, undefined, undefined]);
});

test('who exempted is who set the tag last; other tags and refused calls exempt nobody', () => {
  const tag = (eventId: string, at: number, more: Partial<KeyEvent> = {}) =>
    event(eventId, at, {
      name: 'TagUser',
      userName: 'ci',
      caller: eventId,
      tags: { 'Keyturn:exempt': 'true' },
      ...more,
    });
  const events = [
    ...[tag('second', 2), tag('first', 1), tag('refused', 3, { errorCode: 'AccessDenied' })],
    ...[tag('owner', 4, { tags: { 'keyturn:owner': 'x' } }), tag('bare', 5, { tags: undefined })],
    ...[tag('nobody', 6, { userName: undefined }), tag('other', 7, { name: 'UntagUser' })],
  ];
  expect([...exemptedBy(events)]).toEqual([['ci', events[0]]]);
});

test('whoever was changed since the report is read again, unless the call was refused', () => {
  const events = [event('a', NOW), event('b', NOW - DAY), event('c', NOW, { errorCode: 'AccessDenied' })];
  const nobody = event('d', NOW, { userName: undefined });
  expect([...changedUsers([...events, nobody], NOW - HOUR)]).toEqual(['a']);
});
