import { describe, expect, it } from 'vitest';
import { judge, prejudge, type Verdict } from '../../../shared/core/compliance.ts';
import type { RuleParameters } from '../../../shared/core/config-events.ts';
import type { ReportKey } from '../../../shared/core/credential-report.ts';
import type { Settings } from '../../../shared/core/settings.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../../../shared/core/time.ts';
import {
  C,
  daysAgo,
  key,
  minutesAgo,
  NOW,
  notice,
  P,
  S,
  type SecretOptions,
  settings,
  USER,
  user,
} from '../../support/core/builders.ts';
import type { Given } from '../../support/core/cases.ts';

interface Judgement extends Omit<Given, 'request'> {
  parameters?: RuleParameters;
}

function verdictOf({ parameters = {}, now = NOW, ...given }: Judgement): Verdict {
  return judge(user(given), settings({ enforce: true, ...given.settings }), parameters, now);
}

const since = (accessKeyId: string, days: number) => ({ accessKeyId, at: daysAgo(days) });
/** The life of a key, ten days after the hand-over or fewer: C is current, S the old one. */
const handedOver = (days: number, more: SecretOptions = {}): Judgement => ({
  keys: [key(S, { ageDays: 90 + days, usedDaysAgo: 0.1 }), key(C, { ageDays: days, usedDaysAgo: 0.1 })],
  secret: { current: C, currentSince: since(C, days), ...more },
});

describe('the limit', () => {
  const around = (name: string, given: Judgement, limitDays: number): void => {
    const limit = daysAgo(100) + limitDays * DAY;
    it.each([
      [`${name}: compliant one millisecond before`, limit - 1, 'COMPLIANT'],
      [`${name}: non-compliant at it`, limit, 'NON_COMPLIANT'],
    ])('%s', (_, now, expected) => {
      expect(verdictOf({ keys: [key(S, { ageDays: 100 })], ...given, now }).complianceType).toBe(expected);
    });
  };
  around('90 days', {}, 90);
  around('the rule may be stricter', { parameters: { maxAccessKeyAgeDays: 60 } }, 60);
  around('the rule cannot be laxer', { parameters: { maxAccessKeyAgeDays: 120 } }, 90);
  around('the tag of a user may be stricter', { user: { tags: { 'keyturn:max-age-days': '45' } } }, 45);
  const lax = { user: { tags: { 'keyturn:max-age-days': '180' } } };
  around('a laxer tag of a user yields to the rule', { ...lax, parameters: { maxAccessKeyAgeDays: 90 } }, 90);
  around('a rotation ahead of time moves no limit', { settings: { rotateAheadDays: 22 } }, 90);
  around('a tag that does not parse moves no limit', { user: { tags: { 'keyturn:max-age-days': 'soon' } } }, 90);
});

describe('whatever else is true', () => {
  it.each<[string, Judgement, string]>([
    ['no key', {}, 'COMPLIANT: There is no active access key.'],
    [
      'an old key that is Inactive',
      { keys: [key(S, { ageDays: 400, status: 'Inactive' })] },
      'COMPLIANT: There is no active access key.',
    ],
    [
      'a young key',
      { keys: [key(S, { ageDays: 1.9 })] },
      'COMPLIANT: The oldest active access key, ...SSSS, is 1.9 days old; the limit is 90 days.',
    ],
    [
      'both keys old',
      { keys: [key(S, { ageDays: 120, usedDaysAgo: 1 }), key(P, { ageDays: 95, usedDaysAgo: 1 })] },
      'NON_COMPLIANT: Access key ...SSSS is 120 days old; the limit is 90 days. So is ...PPPP, 95 days. Key ...SSSS of alice is due, but both key slots are taken: ...SSSS (active, 120 days old, last used 2026-03-09T12:00:00.000Z by s3 in eu-west-1) and ...PPPP... [slots-taken]',
    ],
    [
      'exempt until a date, with an old key',
      { keys: [key(S, { ageDays: 400 })], user: { tags: { 'keyturn:exempt': '2026-03-11' } } },
      'NOT_APPLICABLE: User alice is exempt until 2026-03-11: tag keyturn:exempt.',
    ],
    [
      'exempt until today, with an old key',
      { keys: [key(S, { ageDays: 400 })], user: { tags: { 'keyturn:exempt': '2026-03-10' } } },
      'NON_COMPLIANT: Access key ...SSSS is 400 days old; the limit is 90 days. Next: Key ...SSSS of alice is 400 days old: a replacement is issued. [due]',
    ],
    [
      'exempt without a date, with an old key',
      { keys: [key(S, { ageDays: 400 })], user: { tags: { 'keyturn:exempt': 'true' } } },
      'NON_COMPLIANT: Access key ...SSSS is 400 days old; the limit is 90 days. User alice is exempt: tag keyturn:exempt. [exempt]',
    ],
    [
      'exempt by group, with an old key',
      { keys: [key(S, { ageDays: 400 })], user: { groups: ['robots'] }, settings: { exemptGroups: ['robots'] } },
      'NON_COMPLIANT: Access key ...SSSS is 400 days old; the limit is 90 days. User alice is exempt: member of the group robots. [exempt]',
    ],
    [
      'exempt without a date, with a young key',
      { keys: [key(S, { ageDays: 5 })], user: { tags: { 'keyturn:exempt': 'true' } } },
      'COMPLIANT: The oldest active access key, ...SSSS, is 5 days old; the limit is 90 days.',
    ],
    [
      'a tag that does not parse',
      { keys: [key(S, { ageDays: 91 })], user: { tags: { 'keyturn:exmept': 'true' } } },
      'NON_COMPLIANT: Access key ...SSSS is 91 days old; the limit is 90 days. User alice is left untouched: tag keyturn:exmept is unknown: the tags are keyturn:exempt, keyturn:max-age-days, keyturn:grace-days, keyturn:owner, keyturn:unused, keyturn:exempt-rea... [tags-invalid]',
    ],
  ])('%s', (_, given, expected) => {
    const { complianceType, annotation } = verdictOf(given);
    expect(`${complianceType}: ${annotation}`).toBe(expected);
  });
});

describe('what happens next', () => {
  const old = { keys: [key(S, { ageDays: 91, usedDaysAgo: 1 })] };
  const switched = [key(S, { ageDays: 100, usedDaysAgo: 5 }), key(C, { ageDays: 10, usedDaysAgo: 1 })];
  it.each<[string, Judgement, string]>([
    ['due', old, 'Next: Key ...SSSS of alice is 91 days old: a replacement is issued. [due]'],
    [
      'a dry run',
      { ...old, settings: { enforce: false } },
      'Nothing is done: Keyturn is in a dry run (enforce is false). [due]',
    ],
    [
      'a freeze',
      { ...old, settings: { freeze: [[daysAgo(1), NOW + DAY / 2]] } },
      'Key ...SSSS of alice is 91 days old: a replacement is issued, but changes are frozen until 2026-03-11. [frozen]',
    ],
    [
      'a hold',
      { ...old, secret: { hold: NOW + 3.5 * DAY } },
      'User alice is on hold until 2026-03-14. Lift the hold with `rotate-user` action hold and a past date, or pass force. [held]',
    ],
    [
      "over the rule's limit only",
      { ...old, keys: [key(S, { ageDays: 70 })], parameters: { maxAccessKeyAgeDays: 60 } },
      'Nothing is due for alice: ...SSSS is due on 2026-03-30. [nothing-due]',
    ],
    [
      'in grace',
      handedOver(2),
      'Key ...SSSS of alice is in its grace period; it is deactivated in 8 days (2026-03-18), or, if it is still in use then, in 18 days (2026-03-28) at the latest. [in-grace]',
    ],
    [
      'in grace, with a freeze at its latest end',
      { ...handedOver(2), settings: { freeze: [[NOW + 17 * DAY, NOW + 25 * DAY]] } },
      'Key ...SSSS of alice is in its grace period; it is deactivated in 8 days (2026-03-18), or, if it is still in use then, in 25 days (2026-04-04) at the latest. [in-grace]',
    ],
    [
      'a reminder is due',
      handedOver(9.5),
      'Next: Key ...SSSS of alice is deactivated in 1 day (2026-03-11); last used 2026-03-10T09:36:00.000Z by s3 in eu-west-1. Switch to the new key. [reminder-due]',
    ],
    [
      'in use after the grace',
      handedOver(11),
      'Next: The deactivation of ...SSSS of alice is postponed; it happens in 9 days (2026-03-19) at the latest, or from 2026-03-11T00:00:00.000Z on once this changes: the ol... (2026-03-11) [still-in-use]',
    ],
    [
      'in use after the grace, and said so today',
      handedOver(11, { announced: { event: 'postponed', at: minutesAgo(60), accessKeyId: S } }),
      'Next: The deactivation of ...SSSS of alice is postponed; it happens in 9 days (2026-03-19) at the latest, or from 2026-03-11T00:00:00.000Z on once this changes: the ol... (2026-03-11) [still-in-use]',
    ],
    [
      'switched, and told a day ago',
      { ...handedOver(10, { notice: notice('deactivation', S, 1) }), keys: switched },
      'Next: Key ...SSSS of alice is deactivated; last used 2026-03-05T12:00:00.000Z by s3 in eu-west-1. It can be reactivated until its deletion, in 10 days (2026-03-20). [grace-over]',
    ],
    [
      'switched, and told an hour ago',
      { ...handedOver(10, { notice: notice('deactivation', S, 1 / 24, NOW + DAY / 2) }), keys: switched },
      'Key ...SSSS of alice is deactivated, as its owner was told, in 1 day (2026-03-11). [notice-running]',
    ],
    [
      'not announced yet',
      { ...handedOver(0), secret: { current: C } },
      'Next: Key ...CCCC is the one to use for alice from now on; ...SSSS (active, 90 days old, last used 2026-03-10T09:36:00.000Z by s3 in eu-west-1) is deactivated after... (2026-03-20) [grace-restarted]',
    ],
    [
      'unused, and to be retired',
      {
        keys: [key(S, { ageDays: 91 })],
        secret: { notice: notice('retirement', S, 1) },
        user: { tags: { 'keyturn:unused': 'retire' } },
      },
      'Next: Key ...SSSS (active, 91 days old, no recorded use) of alice is unused and is deactivated without a replacement. [unused]',
    ],
    [
      'unused, and its owner is told',
      { keys: [key(S, { ageDays: 91 })], user: { tags: { 'keyturn:unused': 'retire' } } },
      'Next: Key ...SSSS (active, 91 days old, no recorded use) of alice is unused and is deactivated without a replacement in 1 day (2026-03-11). [retirement-soon]',
    ],
    [
      'in the hands of a run',
      { ...old, secret: { intent: { at: minutesAgo(1), deadlineAt: NOW + MINUTE } } },
      'Another run (22222222-2222-4222-8222-222222222222) is working on this user until 2026-03-10T12:01:00.000Z. [busy]',
    ],
  ])('%s', (_, given, expected) => {
    const { complianceType, annotation } = verdictOf(given);
    expect([complianceType, annotation]).toEqual([
      'NON_COMPLIANT',
      expect.stringMatching(/^Access key \.\.\.SSSS is /),
    ]);
    expect(annotation.replace(/^.*?; the limit is [^.]*\. /, '')).toBe(expected);
  });

  it("says Keyturn's own limit where the rule's is stricter", () => {
    const { annotation } = verdictOf({ keys: [key(S, { ageDays: 70 })], parameters: { maxAccessKeyAgeDays: 60 } });
    expect(annotation).toMatch(/^Access key \.\.\.SSSS is 70 days old; the limit is 60 days, Keyturn's own 90 days\. /);
  });

  it('names the key that leaves where that is the newer one', () => {
    const given = {
      keys: [key(S, { ageDays: 95, usedDaysAgo: 0.1 }), key(P, { ageDays: 50, usedDaysAgo: 40 })],
      secret: { currentSince: since(S, 2) },
      settings: { onBlocked: 'retire-least-used' as const },
    };
    expect(verdictOf(given).annotation).toContain(
      'Key ...PPPP of alice is in its grace period; it is deactivated in 8 days (2026-03-18)',
    );
  });
});

describe('the annotation', () => {
  it.each([
    ['of a long tag', `${'x'.repeat(300)}`],
    ['of a tag of letters of two units', '\u{20000}'.repeat(150)],
    ['of a tag of such letters, shifted', `x${'\u{20000}'.repeat(150)}`],
  ])('%s keeps to 256 characters, its end and whole letters', (_, value) => {
    const { annotation } = verdictOf({ keys: [key(S, { ageDays: 91 })], user: { tags: { 'keyturn:unused': value } } });
    expect(annotation.length).toBeLessThanOrEqual(256);
    expect(annotation.length).toBeGreaterThan(250);
    expect(annotation).toMatch(/\.\.\. \[tags-invalid\]$/);
    expect(annotation.isWellFormed()).toBe(true);
  });

  it('shows no more than four characters of a key', () => {
    for (const given of [{ keys: [key(S, { ageDays: 91 })] }, handedOver(2), handedOver(11), { keys: [key(S)] }]) {
      expect(verdictOf(given).annotation).not.toMatch(/AKIA|SSSSS|CCCCC/);
    }
  });
});

interface Scanned extends Judgement {
  /** Ages of the keys in the report, in days; Active. */
  reported?: readonly number[];
  slots?: readonly ReportKey[];
  reportedAt?: Instant;
  exact?: boolean;
}

/** `exact`: only the exact keys can tell. */
function prejudged({ reported, slots, reportedAt = NOW - HOUR, parameters = {}, exact, ...given }: Scanned): string {
  const shown = slots ?? reported?.map((days) => ({ isActive: true, rotatedAt: daysAgo(days) }));
  const [one = { isActive: false }, two = { isActive: false }] = shown ?? [];
  const { userName, arn } = USER;
  const report = { userName, arn, userCreatedAt: 0, reportedAt, keys: [one, two] as const };
  const scanned = {
    ...user(given),
    ...(shown === undefined ? {} : { report }),
  };
  const { keys, ...withoutKeys } = scanned;
  const given_: Settings = settings({ enforce: true, ...given.settings });
  const verdict = prejudge(exact ? { ...withoutKeys, keys } : withoutKeys, given_, parameters, NOW);
  return verdict?.complianceType ?? 'exact';
}

describe('the report', () => {
  const limit = 90 * DAY;
  const at = (rotatedAt: Instant): Scanned => ({ slots: [{ isActive: true, rotatedAt }] });
  const labelled = { reported: [10] };
  it.each<[string, Scanned, string]>([
    ['acquits a young key', { reported: [10] }, 'COMPLIANT'],
    ['acquits a user without keys', { reported: [] }, 'COMPLIANT'],
    ['acquits one millisecond before the limit', at(NOW - limit + 1), 'COMPLIANT'],
    ['accuses nobody at the limit', at(NOW - limit), 'exact'],
    ['accuses nobody far beyond it', { reported: [400] }, 'exact'],
    ['knows the limit of the rule', { reported: [70], parameters: { maxAccessKeyAgeDays: 60 } }, 'exact'],
    ['knows the limit of the user', { reported: [50], user: { tags: { 'keyturn:max-age-days': '45' } } }, 'exact'],
    ['acquits an old key that is Inactive', { slots: [{ isActive: false, rotatedAt: 0 }] }, 'COMPLIANT'],
    [
      'is not asked about a user exempt until a date',
      { reported: [400], user: { tags: { 'keyturn:exempt': '2026-03-11' } } },
      'NOT_APPLICABLE',
    ],
    [
      'is asked about a user exempt without a date',
      { reported: [10], user: { tags: { 'keyturn:exempt': 'true' } } },
      'COMPLIANT',
    ],
    ['that does not know the user', {}, 'exact'],
    ['is too old for a rotation with an intent', { ...labelled, secret: { intent: {} } }, 'exact'],
    ['is too old for a rotation with another label', { ...labelled, secret: { current: C, previous: P } }, 'exact'],
    [
      'is too old for a rotation with a deactivated key',
      { ...labelled, secret: { current: C, deactivated: since(P, 1) } },
      'exact',
    ],
    [
      'is too old for a rotation with an Inactive key seen',
      { ...labelled, secret: { current: C, inactiveSeen: since(P, 1) } },
      'exact',
    ],
    ['is too old for a rotation with two keys', { reported: [10, 20], secret: { current: C } }, 'exact'],
    ['is enough for two keys without a rotation', { reported: [10, 20] }, 'COMPLIANT'],
    [
      'is enough between two rotations',
      { ...labelled, secret: { current: C, currentSince: since(C, 10) } },
      'COMPLIANT',
    ],
    [
      'from before the latest record',
      { ...labelled, secret: { current: C, currentSince: { accessKeyId: C, at: minutesAgo(60) } } },
      'exact',
    ],
    [
      'from well after the latest record',
      { ...labelled, secret: { current: C, currentSince: { accessKeyId: C, at: minutesAgo(75) } } },
      'COMPLIANT',
    ],
    [
      'from before the latest notice, as triage sees it',
      { ...labelled, secret: { current: C, notice: notice('deletion', S, 1 / 24) } },
      'exact',
    ],
    ['beside a secret whose tags do not parse', { ...labelled, secret: { raw: { 'keyturn:doing': 'what' } } }, 'exact'],
    [
      'is not needed where the keys are known',
      { exact: true, keys: [key(S, { ageDays: 5 })], reported: [400] },
      'COMPLIANT',
    ],
    [
      'does not help where the known keys are old',
      { exact: true, keys: [key(S, { ageDays: 95 })], reported: [1] },
      'exact',
    ],
  ])('%s', (_, given, expected) => {
    expect(prejudged(given)).toBe(expected);
  });
});
