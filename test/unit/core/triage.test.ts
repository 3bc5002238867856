// Tests of shared/core/triage/triage.ts, shared/core/triage/facts.ts, shared/core/triage/keys.ts, shared/core/triage/state.ts
// and shared/core/triage/blocked-as-reported.ts.

import { describe, expect, test } from 'vitest';
import type { ReportKey, ReportRow } from '../../../shared/core/credential-report.ts';
import { formatExposed } from '../../../shared/core/format-secret-tags.ts';
import { firstRun } from '../../../shared/core/runs.ts';
import { settingsHash } from '../../../shared/core/secret-settings.ts';
import { secretTagNames } from '../../../shared/core/secret-tags.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../../../shared/core/time.ts';
import type { ScannedUser } from '../../../shared/core/triage/facts.ts';
import { needsExactKeys, triage } from '../../../shared/core/triage/triage.ts';
import {
  C,
  daysAgo,
  G,
  key,
  minutesAgo,
  NOW,
  notice,
  O,
  P,
  record,
  S,
  type SecretOptions,
  secret,
  settings,
  USER,
} from '../../support/core/builders.ts';

const active = (days: number): ReportKey => ({ isActive: true, rotatedAt: daysAgo(days) });
const inactive = (days: number): ReportKey => ({ isActive: false, rotatedAt: daysAgo(days) });
const empty: ReportKey = { isActive: false };

function report(one: ReportKey = empty, two: ReportKey = empty, reportedAt: Instant = NOW): ReportRow {
  const { userName, arn } = USER;
  return { userName, arn, userCreatedAt: daysAgo(900), reportedAt, keys: [one, two] };
}

interface Case {
  slots?: readonly ReportKey[];
  secret?: SecretOptions;
  tags?: Record<string, string>;
  groups?: string[];
  elsewhere?: string[];
}

function scanned({ slots, secret: options, tags = {}, groups = [], elsewhere }: Case): ScannedUser {
  return {
    user: { ...USER, tags, groups },
    ...(elsewhere === undefined ? {} : { elsewhere }),
    ...(options === undefined ? {} : { secret: secret(options) }),
    ...(slots === undefined ? {} : { report: report(...slots) }),
  };
}

/** A run after a week: what no tag can remember is told again in it. */
const AFTER_A_WEEK = { previousAt: NOW - 7 * DAY, scheduledAt: NOW };
/** A run so soon after the last one that nobody's turn comes. */
const SOON = { previousAt: NOW - 1, scheduledAt: NOW };

/** `due` or `skip`, and why. */
function verdict(given: Case, options = {}, now = NOW, run = firstRun(now, settings(options))): string {
  const { isDue, reason } = triage(scanned(given), settings(options), now, run);
  return `${isDue ? 'due' : 'skip'}: ${reason}`;
}

const MS = 1 / DAY;
const current = (since: number, more: SecretOptions = {}): SecretOptions => ({
  current: C,
  currentSince: record(C, since),
  ...more,
});
const gracePeriod = (since: number, more: SecretOptions = {}): Case => ({
  slots: [active(100), active(since)],
  secret: current(since, { previous: P, ...more }),
});

describe('a user whose keys only the report knows', () => {
  test.each<[string, Case, string]>([
    ['without keys', { slots: [] }, 'skip: no-active-key'],
    ['with inactive keys only', { slots: [inactive(200), inactive(300)] }, 'skip: no-active-key'],
    ['with a key of 90 days', { slots: [active(90)] }, 'due: due'],
    ['with a key just below 90 days', { slots: [active(90 - MS)] }, 'skip: nothing-due'],
    ['with an old key in the second slot', { slots: [active(1), active(90)] }, 'due: due'],
    ['with a future key', { slots: [active(-1)] }, 'skip: nothing-due'],
    ['with a young key and an old inactive one', { slots: [active(1), inactive(400)] }, 'skip: nothing-due'],
    ['with their own limit of 60 days', { slots: [active(60)], tags: { 'keyturn:max-age-days': '60' } }, 'due: due'],
    [
      'just below their own limit',
      { slots: [active(60 - MS)], tags: { 'keyturn:max-age-days': '60' } },
      'skip: nothing-due',
    ],
  ])('%s', (_, given, expected) => {
    expect(verdict(given)).toBe(expected);
  });

  test.each([
    [68, 'due: due'],
    [68 - MS, 'skip: nothing-due'],
  ])('is due rotateAheadDays before the limit (%d days)', (age, expected) => {
    expect(verdict({ slots: [active(age)] }, { rotateAheadDays: 22 })).toBe(expected);
  });
});

describe('a user who is left alone', () => {
  const tomorrow = NOW + DAY;
  test.each<[string, Case, string]>([
    ['exempt by tag', { tags: { 'keyturn:exempt': 'true' } }, 'skip: exempt'],
    ['exempt until tomorrow', { tags: { 'keyturn:exempt': '2026-03-11' } }, 'skip: exempt'],
    ['exempt until today, which has begun', { tags: { 'keyturn:exempt': '2026-03-10' } }, 'due: due'],
    ['exempt by group', { groups: ['robots'] }, 'skip: exempt'],
    ['held until tomorrow', { secret: { hold: tomorrow } }, 'skip: held'],
    ['held until today', { secret: { hold: NOW } }, 'due: due'],
    [
      'exempt, but with an unfinished issue',
      { tags: { 'keyturn:exempt': 'true' }, secret: { intent: {} } },
      'due: finished',
    ],
    [
      'held, but with an unfinished rollback',
      { secret: { hold: tomorrow, intent: { verb: 'roll-back', accessKeyIds: [P] } } },
      'due: finished',
    ],
  ])('%s', (_, given, expected) => {
    expect(verdict({ slots: [active(95)], ...given }, { exemptGroups: ['robots'] })).toBe(expected);
  });
});

describe('a user who waits for somebody, and for whom no tag remembers that it was told', () => {
  const slots = [active(95)];
  test.each<[string, Case, string]>([
    ['a tag that does not parse', { slots, tags: { 'keyturn:exempt': 'yes' } }, 'tags-invalid'],
    ['a tag of the secret that does not', { slots, secret: { raw: { 'keyturn:hold': 'soon' } } }, 'tags-invalid'],
    ['pending deletion', { slots, secret: { current: C, as: { deletedAt: daysAgo(1) } } }, 'secret-pending-deletion'],
    ['managed by a service', { slots, secret: { current: C, as: { owningService: 'rds' } } }, 'secret-foreign'],
    ['made by others', { slots, secret: { current: C, as: { isMade: false } } }, 'secret-foreign'],
    [
      'a value that no key labels',
      { slots, secret: { as: { versions: { v1: ['AWSCURRENT'] } } } },
      'secret-value-foreign',
    ],
    [
      'two labels on the current value',
      { slots, secret: { current: C, as: { versions: { v1: ['AWSCURRENT', C, P] } } } },
      'secret-value-foreign',
    ],
    [
      'a hold that we did not write',
      { slots, secret: { as: { voidTags: { 'keyturn:hold': '2026-12-01' } } } },
      'state-unverified',
    ],
    ['a secret in another Region', { slots, elsewhere: ['eu-central-1'] }, 'secret-elsewhere'],
    [
      'an exposure that we did not write, and an interrupted intent',
      { slots, secret: { intent: {}, as: { voidTags: { 'keyturn:exposed': `x ${C}` } } } },
      'state-unverified',
    ],
  ])('is looked at in one run a week: %s', (_, given, reason) => {
    expect(verdict(given, {}, NOW, AFTER_A_WEEK)).toBe(`due: ${reason}`);
    expect(verdict(given, {}, NOW, SOON)).toBe(`skip: ${reason}`);
  });

  test('is said why', () => {
    const given = scanned({ slots, tags: { 'keyturn:exempt': 'yes' } });
    expect(triage(given, settings(), NOW).because).toContain('keyturn:exempt');
    const foreign = scanned({ slots, secret: { as: { owningService: 'rds' } } });
    expect(triage(foreign, settings(), NOW).because).toContain('rds');
  });
});

describe('a user who is blocked, as the tag remembers', () => {
  const told = (reason: string, days: number, more: SecretOptions = {}): SecretOptions => ({
    announced: { event: 'blocked', at: daysAgo(days), accessKeyId: S, reason },
    ...more,
  });
  const pair = [active(100), active(95)];
  test.each<[string, Case, string]>([
    [
      'waits, if the keys are as they were',
      { slots: pair, secret: told('slots-taken', 6.5 - MS) },
      'skip: slots-taken',
    ],
    ['is told again after a week', { slots: pair, secret: told('slots-taken', 6.5) }, 'due: due'],
    ['is looked at once a key is gone', { slots: [active(95)], secret: told('slots-taken', 2) }, 'due: due'],
    [
      'is looked at once a key is inactive',
      { slots: [active(95), inactive(100)], secret: told('slots-taken', 2) },
      'due: due',
    ],
    ['is looked at once a key is new', { slots: [active(95), active(1)], secret: told('slots-taken', 2) }, 'due: due'],
    [
      'waits for its current key',
      { slots: [inactive(95)], secret: told('current-inactive', 2, { current: C }) },
      'skip: current-inactive',
    ],
    [
      'is looked at once that is active',
      { slots: [active(1)], secret: told('current-inactive', 2, { current: C, previous: P }) },
      'due: inactive-seen',
    ],
    [
      'waits for a key to be active',
      {
        slots: [inactive(95), inactive(40)],
        secret: told('none-active', 2, { current: C, previous: P, deactivated: record(P, 20) }),
      },
      'skip: none-active',
    ],
    [
      'waits with two orphans',
      { slots: [active(95), active(5)], secret: told('two-orphans', 2, { intent: { at: daysAgo(5) } }) },
      'skip: two-orphans',
    ],
    [
      'is looked at once one of them is gone',
      { slots: [active(95)], secret: told('two-orphans', 2, { intent: { at: daysAgo(5) } }) },
      'due: finished',
    ],
    [
      'is looked at for an intent',
      { slots: pair, secret: told('slots-taken', 2, { intent: { at: daysAgo(5) } }) },
      'due: finished',
    ],
    [
      'is exempt since',
      { slots: pair, secret: told('slots-taken', 2), tags: { 'keyturn:exempt': 'true' } },
      'skip: exempt',
    ],
    [
      'waits for Secrets Manager to rotate',
      { slots: [active(95)], secret: told('managed-rotation', 2, { as: { rotationEnabled: true } }) },
      'skip: managed-rotation',
    ],
    [
      'is looked at once no rotation is enabled',
      { slots: [active(95)], secret: told('managed-rotation', 2) },
      'due: due',
    ],
    ['has a reason of an earlier version', { slots: pair, secret: told('whatever', 2) }, 'due: due'],
  ])('%s', (_, given, expected) => {
    expect(verdict(given)).toBe(expected);
  });

  test('may be helped by a key that is quiet, where the operator wants that', () => {
    const given = { slots: pair, secret: told('slots-taken', 2) };
    expect(verdict(given, { onBlocked: 'retire-least-used' })).toBe('due: due');
  });
});

describe('a tag of state that nobody of ours wrote', () => {
  const later = NOW + DAY;
  test.each<[string, SecretOptions]>([
    ['is taken off', { as: { voidTags: { 'keyturn:doing': 'x' } } }],
    ['is no intent', { as: { voidTags: { 'keyturn:doing': `issue ${NOW} ${later} run - -` } } }],
    ['is no grace', { current: C, previous: P, as: { voidTags: { 'keyturn:current-since': `x ${C}` } } }],
    ['is no record', { current: C, as: { voidTags: { 'keyturn:deactivated': `x ${P}` } } }],
  ])('%s', (_, options) => {
    expect(verdict({ slots: [active(5)], secret: options })).toBe('due: state-unverified');
  });

  test('is left where the user is left alone, and where the secret is not ours', () => {
    const as = { voidTags: { 'keyturn:doing': 'x' } };
    const given = { slots: [active(5)], secret: { as } };
    expect(verdict({ ...given, tags: { 'keyturn:exempt': 'true' } })).toBe('skip: exempt');
    expect(verdict({ ...given, secret: { hold: later, as } })).toBe('skip: held');
    expect(verdict({ ...given, secret: { as: { ...as, isMade: false } } }, {}, NOW, SOON)).toBe('skip: secret-foreign');
  });
});

describe('a resource policy that is not as the settings say', () => {
  const changed = {
    ownersRead: false,
    readerArns: [{ arn: 'arn:aws:iam::1:role/r', users: [], paths: [], handOn: false }],
  };
  test.each<[string, Case]>([
    ['with nothing due', { slots: [active(5)], secret: {} }],
    ['exempt', { slots: [active(5)], secret: {}, tags: { 'keyturn:exempt': 'true' } }],
    ['held', { slots: [active(5)], secret: { hold: NOW + DAY } }],
  ])('is put again: %s', (_, given) => {
    expect(verdict(given, changed)).toBe('due: policy-put');
    expect(verdict(given)).not.toBe('due: policy-put');
  });

  test.each<[string, Case, string]>([
    ['while another run is at it', { secret: { intent: { deadlineAt: NOW + 1 } } }, 'skip: busy'],
    ['of a secret that is not ours', { secret: { as: { isMade: false } } }, 'skip: secret-foreign'],
    ['while the tags do not parse', { secret: {}, tags: { 'keyturn:exempt': 'x' } }, 'skip: tags-invalid'],
    ['without a secret', {}, 'skip: nothing-due'],
  ])('is left: %s', (_, given, expected) => {
    expect(verdict({ slots: [active(5)], ...given }, changed, NOW, SOON)).toBe(expected);
  });
});

describe('an exposed key', () => {
  const exposed = (days: number, more: SecretOptions = {}): SecretOptions => {
    const at = daysAgo(days);
    const policy = settingsHash(USER, settings(), at);
    const raw = {
      [secretTagNames.exposed]: formatExposed({ at, accessKeyIds: [P] }),
      [secretTagNames.policy]: policy,
    };
    return { raw, ...more };
  };
  test.each<[string, Case, string]>([
    ['is replaced', { slots: [inactive(95)], secret: exposed(0.5) }, 'due: exposed'],
    ['is replaced though held', { slots: [inactive(95)], secret: exposed(0.5, { hold: NOW + DAY }) }, 'due: exposed'],
    [
      'that is replaced is looked at in each run: whoever reactivates it is not waited for',
      {
        slots: [inactive(95), active(1)],
        secret: exposed(1.5, { current: C, previous: P, currentSince: record(C, 1), deactivated: record(P, 1.5) }),
      },
      'due: exposed',
    ],
    [
      'that is gone is forgotten after 37 hours, by the plan',
      { slots: [active(2)], secret: exposed(37 / 24, { current: C, currentSince: record(C, 1) }) },
      'due: exposed',
    ],
  ])('%s', (_, given, expected) => {
    expect(verdict(given)).toBe(expected);
  });
});

describe('what the daily limit counts', () => {
  const isLimited = (given: ScannedUser, options = {}) => triage(given, settings(options), NOW).isLimited ?? false;
  test('is expected of a key that is due, alone', () => {
    expect(isLimited(scanned({ slots: [active(95)] }))).toBe(true);
    expect(isLimited(scanned({ slots: [active(95), active(94)] }))).toBe(false);
    expect(isLimited(scanned({ slots: [active(95), inactive(200)] }))).toBe(false);
    expect(isLimited(scanned({ slots: [active(5)] }))).toBe(false);
    expect(isLimited(scanned({ slots: [active(95)], secret: { as: { rotationEnabled: true } } }))).toBe(false);
  });

  test('is what the plan says, where the keys are known', () => {
    const exact = (...keys: NonNullable<ScannedUser['keys']>) => ({ ...scanned({}), keys });
    expect(isLimited(exact(key(S, { ageDays: 95 })))).toBe(true);
    expect(isLimited(exact(key(S, { ageDays: 95 }), key(P, { ageDays: 94 })))).toBe(false);
  });
});

test('a hold ends at midnight UTC of its date', () => {
  const midnight = Date.UTC(2026, 2, 11);
  const given = { slots: [active(95)], secret: { hold: midnight } };
  expect(verdict(given, {}, midnight - 1)).toBe('skip: held');
  expect(verdict(given, {}, midnight)).toBe('due: due');
});

describe('a transition in flight', () => {
  const issue = { at: daysAgo(1), deadlineAt: daysAgo(1) + 10 * MINUTE, accessKeyIds: [P] };
  const orphan = (hours: number, accessKeyId: string = O): Case => ({
    slots: [active(95), inactive(1)],
    secret: { intent: issue, deactivated: { at: NOW - hours * HOUR, accessKeyId } },
  });
  test.each<[string, Case, string]>([
    ['is left to its run', { secret: { intent: { at: minutesAgo(5), deadlineAt: NOW + 1 } } }, 'skip: busy'],
    ['is taken over at its deadline', { secret: { intent: { at: minutesAgo(5), deadlineAt: NOW } } }, 'due: finished'],
    ['waits for its orphan', orphan(12 - 1 / HOUR), 'skip: orphan-waiting'],
    ['has its orphan deleted after 12 hours', orphan(12), 'due: finished'],
    ['does not wait for a key that was there before it', orphan(1, P), 'due: finished'],
    [
      'does not wait if it is no issue',
      { secret: { intent: { ...issue, verb: 'deactivate' }, deactivated: { at: minutesAgo(60), accessKeyId: O } } },
      'due: finished',
    ],
  ])('%s', (_, given, expected) => {
    expect(verdict({ slots: [active(95)], ...given })).toBe(expected);
  });
});

test('a secret that is as it should be changes nothing', () => {
  for (const options of [{}, { current: C }]) {
    expect(verdict({ slots: [active(5)], secret: options })).toBe('skip: nothing-due');
  }
});

describe('the grace period', () => {
  const told = (days: number, accessKeyId = P): SecretOptions => ({
    notice: notice('deactivation', accessKeyId, days),
  });
  test.each<[string, Case, string]>([
    ['is quiet before the first reminder', gracePeriod(3 - MS), 'skip: in-grace'],
    ['reminds 7 days before the end', gracePeriod(3), 'due: reminder-due'],
    ['has reminded since', gracePeriod(4, told(0.5)), 'skip: in-grace'],
    ['has reminded at that very instant', gracePeriod(4, told(1)), 'skip: in-grace'],
    ['has reminded too early to count', gracePeriod(4, told(1 + MS)), 'due: reminder-due'],
    ['has reminded about a key of a former life', gracePeriod(4, told(5)), 'due: reminder-due'],
    ['has reminded about another key', gracePeriod(4, told(1, C)), 'due: reminder-due'],
    ['has told of something else', gracePeriod(4, { notice: notice('retirement', P, 1) }), 'due: reminder-due'],
    [
      'has announced without a notice',
      gracePeriod(4, { announced: { event: 'reminder', at: daysAgo(1), accessKeyId: P } }),
      'due: reminder-due',
    ],
    ['waits for the second reminder', gracePeriod(7 - MS, told(3)), 'skip: in-grace'],
    ['reminds 3 days before the end', gracePeriod(7, told(4)), 'due: reminder-due'],
    ['waits for the third reminder', gracePeriod(9 - MS, told(1.5)), 'skip: in-grace'],
    ['reminds 1 day before the end', gracePeriod(9, told(2)), 'due: reminder-due'],
    ['waits for the end', gracePeriod(10 - MS, told(0.5)), 'skip: in-grace'],
    ['ends', gracePeriod(10, told(0.5)), 'due: grace-over'],
    ['goes on daily afterwards', gracePeriod(17, told(0.5)), 'due: grace-over'],
    [
      'has another grace for this rotation',
      gracePeriod(10, { ...told(0.5), currentSince: { ...record(C, 10), graceDays: 12 } }),
      'skip: in-grace',
    ],
    [
      'was promised another grace',
      gracePeriod(12 - MS, {
        ...told(0.5),
        currentSince: { ...record(C, 12 - MS), promised: { graceDays: 12, postponeDays: 0 } },
      }),
      'skip: in-grace',
    ],
    ['has no grace', gracePeriod(1, { currentSince: { ...record(C, 1), graceDays: 0 } }), 'due: no-grace'],
    ['is confirmed', gracePeriod(1, { confirmed: record(C, 0.5) }), 'due: confirmed'],
    ['was confirmed for another key', gracePeriod(1, { confirmed: record(P, 0.5) }), 'skip: in-grace'],
    ['has no clock', { slots: [active(100), active(1)], secret: { current: C, previous: P } }, 'due: grace-restarted'],
    ['has the clock of another key', gracePeriod(1, { currentSince: record(P, 1) }), 'due: grace-restarted'],
    ['is over when one key is left', { slots: [active(30)], secret: current(30) }, 'skip: nothing-due'],
    ['begins anew when that one is old', { slots: [active(90)], secret: current(90) }, 'due: due'],
  ])('%s', (_, given, expected) => {
    expect(verdict(given)).toBe(expected);
  });

  test.each([
    [5, 'due: grace-over'],
    [5 - MS, 'skip: in-grace'],
  ])('ends by the grace of the user (%d days)', (since, expected) => {
    const given = gracePeriod(since, told(0.5));
    expect(verdict({ ...given, tags: { 'keyturn:grace-days': '5' } })).toBe(expected);
  });

  test('of two active keys of which none is stored is left to their age', () => {
    expect(verdict({ slots: [active(50), active(10)], secret: { currentSince: record(S, 1) } })).toBe(
      'skip: nothing-due',
    );
    expect(verdict({ slots: [active(90), active(10)], secret: { currentSince: record(S, 1) } })).toBe('due: due');
  });
});

describe('an inactive key', () => {
  const deactivated = (days: number, more: SecretOptions = {}): SecretOptions =>
    current(20, { previous: P, deactivated: record(P, days), ...more });
  const toldOf = (accessKeyId: string, days = 1): SecretOptions => ({ notice: notice('deletion', accessKeyId, days) });
  const pair = [inactive(110), active(20)];
  test.each<[string, Case, string]>([
    ['waits', { slots: pair, secret: deactivated(7 - MS) }, 'skip: recovery'],
    ['is told of its deletion', { slots: pair, secret: deactivated(7) }, 'due: deletion-soon'],
    ['waits for its deletion', { slots: pair, secret: deactivated(10 - MS, toldOf(P)) }, 'skip: recovery'],
    ['is deleted', { slots: pair, secret: deactivated(10, toldOf(P)) }, 'due: recovery-over'],
    ['waits half a day', { slots: pair, secret: deactivated(10, toldOf(P, 0.4)) }, 'skip: recovery'],
    ['is told again', { slots: pair, secret: deactivated(12, toldOf(P, 4 + MS)) }, 'due: deletion-soon'],
    [
      'was promised to be kept',
      { slots: pair, secret: current(20, { previous: P, deactivated: { ...record(P, 10), recoveryDays: 20 } }) },
      'skip: recovery',
    ],
    [
      'that somebody else deactivated waits',
      { slots: pair, secret: current(20, { inactiveSeen: record(S, 10 - MS), ...toldOf(S) }) },
      'skip: recovery',
    ],
    [
      'that somebody else deactivated is deleted',
      { slots: pair, secret: current(20, { inactiveSeen: record(S, 10), ...toldOf(S) }) },
      'due: recovery-over',
    ],
    ['is active again', { slots: [active(1), active(20)], secret: deactivated(5) }, 'due: reactivated'],
    [
      'that was the only one waits',
      { slots: [inactive(99)], secret: { current: C, deactivated: record(C, 1) } },
      'skip: recovery',
    ],
    [
      'that was the only one is active again',
      { slots: [active(0.5)], secret: { current: C, deactivated: record(C, 1) } },
      'due: reactivated',
    ],
    [
      'that was never stored is active again',
      { slots: [active(0.5)], secret: { deactivated: record(S, 1) } },
      'due: reactivated',
    ],
    [
      'that was never stored waits beside an active one',
      { slots: [active(5), inactive(99)], secret: { deactivated: record(S, 1) } },
      'skip: recovery',
    ],
    ['is known without the report', { secret: deactivated(5) }, 'skip: recovery'],
    ['that nobody recorded is recorded', { slots: pair, secret: current(20, { previous: P }) }, 'due: inactive-seen'],
    [
      'that was deleted by somebody leaves its label',
      { slots: [active(20)], secret: current(20, { previous: P }) },
      'due: inactive-seen',
    ],
    ['leaves its label with no key at all', { slots: [], secret: current(20, { previous: P }) }, 'due: inactive-seen'],
    [
      'that was never stored and is older is recorded',
      { slots: [active(20), inactive(20)], secret: current(20) },
      'due: inactive-seen',
    ],
    [
      'may be the current one, although the active one is older',
      { slots: [active(110), inactive(20 - MS)], secret: current(20) },
      'due: inactive-seen',
    ],
    ['that is the current one is reported', { slots: [inactive(20)], secret: current(20) }, 'due: current-inactive'],
  ])('%s', (_, given, expected) => {
    expect(verdict(given)).toBe(expected);
  });
});

describe('a report that is older than the tags', () => {
  const issuedSince = (minutes: number): ScannedUser => ({
    user: USER,
    secret: secret({ current: C, currentSince: { accessKeyId: C, at: minutesAgo(minutes) } }),
    // The old key, before its replacement was issued.
    report: report(active(95), empty, NOW),
  });
  test('is not believed about the keys', () => {
    expect(triage(issuedSince(15 - 1 / MINUTE), settings(), NOW)).toMatchObject({ isDue: false, reason: 'in-grace' });
    expect(triage(issuedSince(15), settings(), NOW)).toMatchObject({ isDue: true, reason: 'due' });
  });

  test('and tags that say nothing about the keys make the user due', () => {
    const blocked = { announced: { event: 'blocked', at: minutesAgo(1) } };
    expect(verdict({ slots: [active(5)], secret: blocked })).toBe('due: unread');
    expect(verdict({ secret: {} })).toBe('due: unread');
    expect(verdict({})).toBe('due: unread');
  });
});

describe('a user whose keys are known exactly', () => {
  const exact = (keys: ScannedUser['keys'], options: SecretOptions | undefined = undefined, given: Case = {}) => ({
    ...scanned({ ...given, ...(options === undefined ? {} : { secret: options }) }),
    ...(keys === undefined ? {} : { keys }),
  });
  test.each<[string, ScannedUser, string, boolean]>([
    [
      'has a key that only looks young',
      exact([key(S, { ageDays: 90 })], undefined, { slots: [active(1)] }),
      'due',
      true,
    ],
    ['has a young key', exact([key(S, { ageDays: 90 - MS })]), 'nothing-due', false],
    ['has no key', exact([]), 'no-active-key', false],
    ['is exempt', exact([key(S, { ageDays: 99 })], undefined, { tags: { 'keyturn:exempt': 'true' } }), 'exempt', false],
    ['has a label whose key is gone', exact([key(C)], current(10, { previous: G })), 'key-gone', true],
    [
      'is in the grace period',
      exact([key(P, { ageDays: 92 }), key(C, { ageDays: 2 })], current(2, { previous: P })),
      'in-grace',
      false,
    ],
    // The scan has not read the last use, so it cannot tell whether the owner has switched.
    [
      'may have switched',
      exact(
        [key(P, { ageDays: 80 }), key(C, { ageDays: 15 })],
        current(15, { previous: P, notice: notice('deactivation', P, 1) }),
      ),
      'not-switched',
      true,
    ],
    [
      'is in the hands of another run',
      exact([key(S, { ageDays: 99 })], { intent: { deadlineAt: NOW + 1 } }),
      'busy',
      false,
    ],
    [
      'waits for an orphan',
      exact([key(S), key(O, { status: 'Inactive', ageDays: 1 })], {
        intent: { at: daysAgo(1), accessKeyIds: [S] },
        deactivated: record(O, 0.4),
      }),
      'orphan-waiting',
      false,
    ],
  ])('%s', (_, user, reason, isDue) => {
    expect(triage(user, settings(), NOW)).toMatchObject({ isDue, reason });
  });

  test.each<[string, ScannedUser, string]>([
    ['has a tag that does not parse', exact([], { raw: { 'keyturn:hold': 'x' } }), 'tags-invalid'],
    ['has a status that AWS has added', exact([key(S, { status: 'Expired' })]), 'status-unknown'],
  ])('is looked at in one run a week: %s', (_, user, reason) => {
    expect(triage(user, settings(), NOW, AFTER_A_WEEK)).toMatchObject({ isDue: true, reason });
    expect(triage(user, settings(), NOW, SOON)).toMatchObject({ isDue: false, reason });
  });

  test('in a freeze is still looked at, since reminders go on', () => {
    const freeze = [[daysAgo(1), NOW + DAY]] as [Instant, Instant][];
    const user = exact([key(S, { ageDays: 99 })]);
    expect(triage(user, settings({ freeze }), NOW)).toMatchObject({ isDue: true, reason: 'frozen' });
  });
});

describe('the oldest active key', () => {
  test('is the exact one, or else as old as the report says', () => {
    const both = {
      ...scanned({ slots: [active(4), active(7)] }),
      keys: [key(S, { ageDays: 40 }), key(O, { ageDays: 9 }), key(P, { ageDays: 99, status: 'Inactive' })],
    };
    expect(triage(both, settings(), NOW).oldestActiveAt).toBe(daysAgo(40));
    expect(triage(scanned({ slots: [active(4), active(7)] }), settings(), NOW).oldestActiveAt).toBe(daysAgo(7));
    expect(triage(scanned({ slots: [inactive(4)] }), settings(), NOW)).not.toHaveProperty('oldestActiveAt');
    expect(triage(scanned({}), settings(), NOW)).not.toHaveProperty('oldestActiveAt');
  });
});

describe('the exact sweep', () => {
  const daily = settings({ exactSweepDays: 1 });
  const never = settings({ exactSweepDays: 1_000_003 });
  test.each<[string, Case, boolean, boolean]>([
    ['a user with nothing due', { slots: [active(5)] }, true, false],
    ['a user in the grace period', gracePeriod(2), true, false],
    ['a user whom the report does not have', {}, true, true],
    ['a user whom the report does not have, in the grace period', { secret: gracePeriod(2).secret ?? {} }, true, true],
    [
      'a user whose report is outdated',
      { slots: [active(5)], secret: { announced: { event: 'blocked', at: NOW } } },
      true,
      true,
    ],
    ['a user who is due anyway', { slots: [active(95)] }, false, false],
    ['an exempt user', { tags: { 'keyturn:exempt': 'true' } }, false, false],
    ['a held user', { secret: { hold: NOW + DAY } }, false, false],
    ['a user in the hands of another run', { secret: { intent: { deadlineAt: NOW + 1 } } }, false, false],
  ])('%s', (_, given, isSweptToday, isAlwaysExact) => {
    expect(needsExactKeys(scanned(given), daily, NOW)).toBe(isSweptToday);
    expect(needsExactKeys(scanned(given), never, NOW)).toBe(isAlwaysExact);
  });
});
