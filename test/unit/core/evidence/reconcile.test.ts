// shared/core/evidence/reconcile.ts, shared/core/evidence/event-windows.ts
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyEventNames, knownUntil, TRAIL_LAG, windowsFor } from '../../../../shared/core/evidence/event-windows.ts';
import {
  type KeyEvent,
  ownRoles,
  type Reconciling,
  reconcile,
  type StandingIntent,
} from '../../../../shared/core/evidence/reconcile.ts';
import type { RecordedTransition } from '../../../../shared/core/evidence/transitions.ts';
import { DAY, formatInstant, HOUR, MINUTE } from '../../../../shared/core/time.ts';

const AT = Date.UTC(2026, 2, 1, 6);
const OURS = 'arn:aws:sts::111122223333:assumed-role/keyturn-rotation-worker/x';
const THEIRS = 'arn:aws:iam::111122223333:user/mallory';
const KEY = 'AKIAEXAMPLE';

function record(
  event: string,
  more: { intentAt?: number; at?: number; newAccessKeyId?: string } = {},
): RecordedTransition {
  const { intentAt = AT, at = AT + MINUTE, newAccessKeyId } = more;
  const transitionId = `${event}/AIDAEXAMPLE/${formatInstant(intentAt)}`;
  const accountId = '111122223333';
  const body = { event, transitionId, accountId, at: formatInstant(at), accessKeyId: KEY };
  const own = newAccessKeyId === undefined ? body : { ...body, newAccessKeyId };
  return { accountId, transitionId, event, at, record: own, key: event, repeats: 0, contradictions: [] };
}

const event = (more: Partial<KeyEvent> = {}): KeyEvent => ({
  eventId: 'e1',
  at: AT,
  name: 'DeleteAccessKey',
  caller: OURS,
  accessKeyId: KEY,
  ...more,
});

const issue = () => event({ name: 'CreateAccessKey', userName: 'ann' });
const intent = (more: Partial<StandingIntent> = {}): StandingIntent => ({
  ...{ userName: 'ann', verb: 'issue', at: AT, accessKeyIds: [] },
  ...more,
});

function lines(events: readonly KeyEvent[], records: readonly RecordedTransition[], more: Partial<Reconciling> = {}) {
  const isOwnRole = (caller: string) => caller.includes('/keyturn-');
  const known = { knownFrom: AT - DAY, knownUntil: AT + 4 * DAY, now: AT + 4 * DAY };
  return reconcile({ events, records, isOwnRole, ...known, ...more }).map(({ is }) => is);
}

describe('a change of a key', () => {
  test.each<[string, KeyEvent[], RecordedTransition[], string[], Partial<Reconciling>?]>([
    ['has a record and an event', [event()], [record('deleted')], ['confirmed']],
    ['is told of twice by CloudTrail', [event(), event()], [record('deleted')], ['confirmed']],
    ['is of somebody else', [event({ caller: THEIRS })], [], ['outside']],
    ['was refused', [event({ caller: THEIRS, errorCode: 'AccessDenied' })], [], []],
    ['is recorded, and was refused', [event({ errorCode: 'AccessDenied' })], [record('deleted')], ['unwitnessed']],
    ['of ours is not recorded yet', [event()], [], ['pending'], { now: AT + 47 * HOUR }],
    ['of ours is never recorded', [event()], [], ['unrecorded']],
    ['is recorded, and not in CloudTrail yet', [], [record('deleted')], ['pending'], { knownUntil: AT }],
    ['is recorded, and CloudTrail knows nothing of it', [], [record('deleted')], ['unwitnessed']],
    [
      'is recorded, and was made by somebody else',
      [event({ caller: THEIRS })],
      [record('deleted')],
      ['outside', 'unwitnessed'],
    ],
    ['has another key', [event({ accessKeyId: 'AKIAOTHER' })], [record('deleted')], ['unrecorded', 'unwitnessed']],
    [
      'has another status',
      [event({ name: 'UpdateAccessKey', status: 'Active' })],
      [record('deactivated')],
      ['unrecorded', 'unwitnessed'],
    ],
    ['was long before', [event({ at: AT - 6 * MINUTE })], [record('deleted')], ['unrecorded', 'unwitnessed']],
    ['was long after', [event({ at: AT + 17 * MINUTE })], [record('deleted')], ['unrecorded', 'unwitnessed']],
    [
      'is an issue',
      [event({ name: 'CreateAccessKey', accessKeyId: 'AKIANEW' })],
      [record('issued', { newAccessKeyId: 'AKIANEW' })],
      ['confirmed'],
    ],
    [
      'is an issue whose record names the key as any other',
      [event({ name: 'CreateAccessKey' })],
      [record('issued')],
      ['confirmed'],
    ],
    [
      'is a reactivation',
      [event({ name: 'UpdateAccessKey', status: 'Active' })],
      [record('reactivated')],
      ['confirmed'],
    ],
    [
      'has an ID that tells no time: its record does',
      [event({ at: AT - 3 * MINUTE }), event({ eventId: 'e2', at: AT - 5 * MINUTE })],
      [{ ...record('deleted'), transitionId: 'deleted/AIDAEXAMPLE' }],
      ['confirmed', 'unrecorded'],
    ],
    ['is from before CloudTrail was asked', [], [record('deleted')], [], { knownFrom: AT }],
    ['of an exposed key is told of, and was made by nobody', [], [record('exposed')], []],
    ['is of a kind that has no event', [], [record('reminder'), record('digest')], []],
    [
      'was taken back at once',
      [event({ name: 'CreateAccessKey' }), event({ eventId: 'e2', at: AT + MINUTE })],
      [],
      ['taken-back', 'taken-back'],
    ],
    [
      'was taken back later',
      [event({ name: 'CreateAccessKey', at: AT - DAY })],
      [record('orphan-removed')],
      ['taken-back', 'unwitnessed'],
    ],
    [
      'was made by us, and deleted a day later unrecorded',
      [event({ name: 'CreateAccessKey' }), event({ eventId: 'e2', at: AT + DAY })],
      [],
      ['unrecorded', 'unrecorded'],
    ],
    ['is an issue that Keyturn has not told of yet', [issue()], [], ['pending'], { intents: [intent()] }],
    ['is an issue by an intent of later', [issue()], [], ['unrecorded'], { intents: [intent({ at: AT + HOUR })] }],
    ['is an issue to another user', [issue()], [], ['unrecorded'], { intents: [intent({ userName: 'bob' })] }],
    [
      'is a deletion while something else is begun',
      [event({ userName: 'ann' })],
      [],
      ['unrecorded'],
      { intents: [intent(), intent({ verb: 'deactivate', accessKeyIds: ['AKIAOTHER'] })] },
    ],
    [
      'is a deletion that Keyturn has not told of yet',
      [event({ userName: 'ann' })],
      [],
      ['pending'],
      { intents: [intent({ verb: 'delete', accessKeyIds: [KEY] })] },
    ],
  ])('%s', (_, events, records, expected, more) => {
    expect(lines(events, records, more)).toEqual(expected);
  });
});

test.each([
  ['arn:aws:sts::111122223333:assumed-role/keyturn-rotation-worker-b/f', true],
  ['arn:aws-cn:sts::111122223333:assumed-role/keyturn-rotate-b/f', true],
  ['arn:aws:sts::111122223333:assumed-role/keyturn-rotation-worker/f', false],
  ['arn:aws:sts::111122223333:assumed-role/keyturn-evidence-collector-b/f', false],
  ['arn:aws:sts::444455556666:assumed-role/keyturn-rotate-b/f', false],
  ['arn:aws:iam::111122223333:user/keyturn-rotate-b/f', false],
])('%s is a role of Keyturn here: %s', (caller, expected) => {
  expect(ownRoles('111122223333', '-b')(caller)).toBe(expected);
});

describe('windows', () => {
  test('over any history of runs cover all of the time, or say what is lost', () => {
    const run = fc.record({
      after: fc.integer({ min: 1, max: 200 * 24 }),
      cut: fc.array(fc.constantFrom(...keyEventNames)),
    });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 10 }), (runs) => {
        let now = AT;
        let until: Record<string, string> = {};
        const covered = new Map<string, number>();
        for (const { after, cut } of runs) {
          now += after * HOUR;
          const windows = windowsFor(until, now).map((window) => ({ ...window, isWhole: !cut.includes(window.name) }));
          for (const { name, from, to, isWhole, lost } of windows) {
            const before = covered.get(name) ?? from;
            expect(lost?.from ?? from).toBeLessThanOrEqual(before);
            covered.set(name, isWhole ? to : before);
            expect(to).toBeLessThanOrEqual(Math.max(from, now - TRAIL_LAG));
          }
          until = knownUntil(until, windows);
        }
      }),
    );
  });

  test('a name that nobody has asked for is asked for as far as there is history, and nothing of it is lost', () => {
    const [first] = windowsFor({}, AT);
    expect(first).toEqual({ name: 'CreateAccessKey', from: AT - 90 * DAY, to: AT - TRAIL_LAG, isFirst: true });
  });

  test('a gap of more than 90 days is named', () => {
    const [first] = windowsFor({ CreateAccessKey: formatInstant(AT - 100 * DAY) }, AT);
    expect(first).toMatchObject({ from: AT - 90 * DAY, lost: { to: AT - 90 * DAY } });
  });
});
