// Tests of shared/core/settings.ts, shared/core/zod.ts and shared/core/setting-schemas.ts.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SettingsError } from '../../../shared/core/errors.ts';
import { afterFreeze, freezeEnd } from '../../../shared/core/freeze.ts';
import { environmentName, parseSettings, settingSpecs, timelineProblem } from '../../../shared/core/settings.ts';
import { environment } from '../../support/core/builders.ts';

const parse = (more: Record<string, string>) => parseSettings(environment(more));

function refusal(more: Record<string, string | undefined>): string {
  try {
    parseSettings({ ...environment(), ...more });
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error('the settings were accepted');
}

it('the defaults are those of the documentation', () => {
  expect(parse({})).toMatchObject({
    enforce: false,
    secretPrefix: 'keyturn',
    maxAccessKeyAgeDays: 90,
    rotateAheadDays: 0,
    graceDays: 10,
    quietDays: 2,
    maxPostponeDays: 10,
    recoveryDays: 10,
    unusedDays: 90,
    exactSweepDays: 30,
    maxNewRotationsPerDay: 25,
    requireSubscription: true,
    onBlocked: 'report',
    unused: 'rotate',
    freeze: [],
    readerArns: [],
  });
});

it('an empty variable counts as absent', () => {
  const empty = Object.fromEntries(Object.keys(settingSpecs).map((name) => [environmentName(name), '']));
  expect(parseSettings({ ...empty, ...environment() })).toEqual(parse({}));
});

it('names are written in capitals after the prefix', () => {
  expect(environmentName('maxAccessKeyAgeDays')).toBe('KEYTURN_MAX_ACCESS_KEY_AGE_DAYS');
  expect(environmentName('enforce')).toBe('KEYTURN_ENFORCE');
});

describe('a wrong value names its variable, the value and the way out', () => {
  it.each([
    ['ENFORCE', 'yes', '"true"'],
    ['REQUIRE_SUBSCRIPTION', 'TRUE', '"false"'],
    ['TOPIC_ARN', 'keyturn', 'must be the ARN of a standard SNS topic'],
    ['TOPIC_ARN', 'arn:aws:sqs:eu-west-1:123456789012:keyturn', 'must be the ARN of a standard SNS topic'],
    ['TOPIC_ARN', 'arn:aws:sns:eu-west-1:123456789012:keyturn.fifo', 'must be the ARN of a standard SNS topic'],
    ['TOPIC_ARN', 'arn:aws:sns:eu-west-1:123456789012:keyturn:0a1b', 'must be the ARN of a standard SNS topic'],
    ['KMS_KEY_ID', 'keyturn', 'must be the ARN of a KMS key'],
    ['KMS_KEY_ID', 'arn:aws:kms:eu-west-1:123456789012:keyturn', 'must be the ARN of a KMS key'],
    ['KMS_KEY_ID', 'arn:aws:s3:::keyturn', 'must be the ARN of a KMS key'],
    ['QUEUE_URL', 'keyturn.fifo', 'must be a queue URL'],
    ['SECRET_PREFIX', '/keyturn', 'single slashes'],
    ['SECRET_PREFIX', 'key turn', 'letters, digits'],
    ['USER_PATH_PREFIX', 'people/', 'must begin and end with /'],
    ['SWITCH_COMMAND', 'keyturn\nrm', 'must be one line'],
    ['SWITCH_COMMAND', ' keyturn', 'without blanks at its ends'],
    ['SWITCH_COMMAND', 'keyturn\u202e', 'ASCII'],
    ['SWITCH_COMMAND', 'k'.repeat(101), 'at most 100'],
    ['READER_ARNS', 'arn:aws:iam::1:role/a', 'must be JSON'],
    ['READER_ARNS', '["eso-role"]', 'must be ARNs of users or roles'],
    ['READER_ARNS', '["arn:aws:sts::123456789012:assumed-role/eso/session"]', 'must be ARNs of users or roles'],
    ['READER_ARNS', '["arn:aws:iam::123456789012:group/ops"]', 'must be ARNs of users or roles'],
    ['READER_ARNS', '["arn:aws:iam::123456789012:policy/ops"]', 'must be ARNs of users or roles'],
    ['READER_ARNS', '["arn:aws:iam::12345:role/ops"]', 'must be ARNs of users or roles'],
    ['READER_ARNS', '[{"arn":"arn:aws:iam::123456789012:role/a","users":["arn:aws:iam::1:user/b"]}]', 'names of users'],
    ['READER_ARNS', '[{"arn":"arn:aws:iam::123456789012:role/a","paths":["team-a/"]}]', 'must begin and end with /'],
    ['READER_ARNS', '[{"arn":"arn:aws:iam::123456789012:role/a","users":[]}]', 'must not be empty'],
    ['READER_ARNS', '[{"arn":"arn:aws:iam::123456789012:role/a","paths":[]}]', 'must not be empty'],
    ['ADMINISTRATOR_ARNS', '["admin"]', 'must be ARNs of users or roles'],
    ['ADMINISTRATOR_ARNS', '["arn:aws:iam::*:role/admin"]', 'must name their account'],
    ['STATE_KEY_ARN', 'arn:aws:kms:eu-west-1:123456789012:alias/keyturn-state', 'not of an alias'],
    ['STATE_KEY_ARN', 'mrk-12345678901234567890123456789012', 'must be the ARN of the KMS key itself'],
    ['EXEMPT_GROUPS', '{"a":1}', 'array'],
    ['EXEMPT_GROUPS', '["arn:aws:iam::123456789012:group/admins"]', 'must be names of groups'],
    ['EXEMPT_GROUPS', '["/ops/admins"]', 'must be names of groups'],
    ['EXEMPT_GROUPS', '[""]', 'must be names of groups'],
    ['EXEMPT_PATHS', '[""]', 'must begin and end with /'],
    ['EXEMPT_PATHS', '["break-glass/"]', 'must begin and end with /'],
    ['EXEMPT_PATHS', '["/break-glass"]', 'must begin and end with /'],
    ['EXEMPT_PATHS', '["/break glass/"]', 'must begin and end with /'],
    ['USER_PATH_PREFIX', '/team a/', 'must begin and end with /'],
    ['REPLICA_REGIONS', '["eu west 1"]', 'must be names of Regions'],
    ['REPLICA_REGIONS', '["Ireland"]', 'must be names of Regions'],
    ['REPLICA_REGIONS', '["eu-west-1a"]', 'must be names of Regions'],
    ['REPLICA_REGIONS', '["EU-WEST-1"]', 'must be names of Regions'],
    ['SECRET_ROTATION_FUNCTION_ARN', 'keyturn-prod-secret-rotation', 'must be the ARN of a Lambda function'],
    ['SUSPECTED_KEYS', 'deactivate', '"act"'],
    ['SECRET_TAGS', 'team=a', 'must be JSON'],
    ['SECRET_TAGS', '["team"]', 'expected record'],
    ['SECRET_TAGS', '{"team":1}', 'expected string'],
    ['SECRET_TAGS', '{"aws:team":"a"}', 'must not begin with aws: or keyturn:'],
    ['SECRET_TAGS', '{"AWS:team":"a"}', 'must not begin with aws: or keyturn:'],
    ['SECRET_TAGS', '{"keyturn:hold":"2030-01-01"}', 'must not begin with aws: or keyturn:'],
    ['SECRET_TAGS', '{"Keyturn:made":"x"}', 'must not begin with aws: or keyturn:'],
    ['SECRET_TAGS', '{"":"a"}', 'has 1 to 128 characters'],
    ['SECRET_TAGS', `{"${'k'.repeat(129)}":"a"}`, 'has 1 to 128 characters'],
    ['SECRET_TAGS', `{"team":"${'v'.repeat(257)}"}`, 'at most 256 characters'],
    ['SECRET_TAGS', '{"team,b":"a"}', 'tags take letters, digits, spaces and'],
    ['SECRET_TAGS', '{"team":"a,b"}', 'tags take letters, digits, spaces and'],
    ['SECRET_TAGS', JSON.stringify(Object.fromEntries([...'abcdefghijklmnopqrstu'].map((k) => [k, k]))), 'at most 20'],
    ['ON_BLOCKED', 'retire', '"retire-least-used"'],
    ['UNUSED', 'delete', '"retire"'],
    ['MAX_ACCESS_KEY_AGE_DAYS', '0', 'at least 1 day'],
    ['MAX_ACCESS_KEY_AGE_DAYS', '-90', 'must be a number'],
    ['MAX_ACCESS_KEY_AGE_DAYS', '9e1', 'must be a number'],
    ['MAX_ACCESS_KEY_AGE_DAYS', '3651', 'at most 3650'],
    ['GRACE_DAYS', '0.5', 'must be 0 or at least 1'],
    ['QUIET_DAYS', 'two', 'must be a number'],
    ['RECOVERY_DAYS', '0', 'at least 1 day'],
    ['UNUSED_DAYS', '0.9', 'at least 1 day'],
    ['EXACT_SWEEP_DAYS', '0', 'at least 1'],
    ['EXACT_SWEEP_DAYS', '1.5', 'whole number'],
    ['MAX_NEW_ROTATIONS_PER_DAY', '2.5', 'whole number'],
    ['FREEZE', '[["2026-02-30","2026-03-05"]]', 'not a date YYYY-MM-DD'],
    ['FREEZE', '[["2026-03-05","2026-03-05"]]', 'begin before it ends'],
    ['FREEZE', '["2026-03-05"]', 'expected tuple'],
  ])('KEYTURN_%s = %s', (name, value, wayOut) => {
    const message = refusal({ [`KEYTURN_${name}`]: value });
    expect(message).toContain(`KEYTURN_${name} is "${value}"`);
    expect(message).toContain(wayOut);
  });

  it('a missing one', () => {
    expect(refusal({ KEYTURN_TOPIC_ARN: undefined })).toContain('KEYTURN_TOPIC_ARN is missing');
  });

  it('all of them at once', () => {
    const message = refusal({ KEYTURN_QUEUE_URL: '', KEYTURN_GRACE_DAYS: 'x', KEYTURN_ENFORCE: 'x' });
    for (const name of ['QUEUE_URL', 'GRACE_DAYS', 'ENFORCE']) expect(message).toContain(`KEYTURN_${name}`);
  });
});

describe('good values', () => {
  it('days may have fractions', () => {
    expect(parse({ KEYTURN_GRACE_DAYS: '1.5', KEYTURN_QUIET_DAYS: '0.25' })).toMatchObject({
      graceDays: 1.5,
      quietDays: 0.25,
    });
  });
  it.each([
    ['TOPIC_ARN', 'arn:aws-us-gov:sns:us-gov-west-1:123456789012:Key_turn-1'],
    ['KMS_KEY_ID', 'arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef'],
    ['KMS_KEY_ID', 'arn:aws:kms:eu-west-1:123456789012:alias/keyturn'],
    ['KMS_KEY_ID', 'alias/keyturn'],
    ['KMS_KEY_ID', '12345678-90ab-cdef-1234-567890abcdef'],
    ['KMS_KEY_ID', 'mrk-0123456789abcdef0123456789abcdef'],
    [
      'READER_ARNS',
      '["arn:aws:iam::123456789012:role/ops/eso-*","arn:aws:iam::*:role/eso","arn:aws:iam::123456789012:*"]',
    ],
    ['READER_ARNS', '["arn:aws:iam::123456789012:user/ops","arn:aws:iam::123456789012:root"]'],
    ['READER_ARNS', '["arn:aws:sts::123456789012:federated-user/ops"]'],
    ['READER_ARNS', '[{"arn":"arn:aws:iam::123456789012:role/a","users":["a,b*"],"paths":["/team-a/"],"handOn":true}]'],
    ['EXEMPT_GROUPS', '["break,glass","a+b=c.d@e_f-g"]'],
    ['EXEMPT_PATHS', '["/","/a/b*!/"]'],
    ['REPLICA_REGIONS', '["eu-west-1","us-gov-east-1","ap-southeast-11","eusc-de-east-1","us-isob-east-1"]'],
    ['SUSPECTED_KEYS', 'act'],
    ['SECRET_TAGS', '{"cost center":"42","Team":"Zürich/ops+1@x","empty":""}'],
    ['SECRET_TAGS', JSON.stringify(Object.fromEntries([...'abcdefghijklmnopqrst'].map((k) => [k, k])))],
  ])('KEYTURN_%s = %s', (name, value) => {
    expect(() => parse({ [`KEYTURN_${name}`]: value })).not.toThrow();
  });
  it('grace 0 is an immediate hand-over', () => {
    expect(parse({ KEYTURN_GRACE_DAYS: '0' }).graceDays).toBe(0);
  });
  it('IAM names may hold commas', () => {
    expect(parse({ KEYTURN_EXEMPT_GROUPS: '["break,glass"]' }).exemptGroups).toEqual(['break,glass']);
  });
  it('a freeze is a list of date ranges', () => {
    const { freeze } = parse({ KEYTURN_FREEZE: '[["2026-12-20","2027-01-05"]]' });
    expect(freeze).toEqual([[Date.UTC(2026, 11, 20), Date.UTC(2027, 0, 5)]]);
  });
});

describe('the timeline', () => {
  const days = (maxAge: number, ahead: number, grace: number, postpone: number, recovery: number) => ({
    KEYTURN_MAX_ACCESS_KEY_AGE_DAYS: String(maxAge),
    KEYTURN_ROTATE_AHEAD_DAYS: String(ahead),
    KEYTURN_GRACE_DAYS: String(grace),
    KEYTURN_MAX_POSTPONE_DAYS: String(postpone),
    KEYTURN_RECOVERY_DAYS: String(recovery),
  });
  it.each([
    [days(32, 0, 10, 10, 10), days(31.9, 0, 10, 10, 10)],
    [days(90, 58, 10, 10, 10), days(90, 58.1, 10, 10, 10)],
    [days(90, 0, 68, 10, 10), days(90, 0, 68.5, 10, 10)],
    [days(90, 0, 0, 78, 10), days(90, 0, 0, 79, 10)],
    [days(90, 0, 10, 10, 68), days(90, 0, 10, 10, 69)],
  ])('%j fits, %j does not', (fits, exceeds) => {
    expect(() => parse(fits)).not.toThrow();
    const message = refusal(exceeds);
    for (const part of ['maxAccessKeyAgeDays - rotateAheadDays', 'graceDays + maxPostponeDays + recoveryDays + 2']) {
      expect(message).toContain(part);
    }
  });
  it('is exactly one inequality', () => {
    const n = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(n, n, n, n, n, (maxAccessKeyAgeDays, rotateAheadDays, graceDays, maxPostponeDays, recoveryDays) => {
        const timeline = {
          maxAccessKeyAgeDays,
          rotateAheadDays,
          graceDays,
          maxPostponeDays,
          recoveryDays,
          runEveryDays: 1,
        };
        const fits = maxAccessKeyAgeDays - rotateAheadDays >= graceDays + maxPostponeDays + recoveryDays + 2;
        expect(timelineProblem(timeline) === undefined).toBe(fits);
      }),
      { seed: 1 },
    );
  });
});

it('a freeze ends where the next one does not go on', () => {
  const freeze: [number, number][] = [
    [10, 20],
    [30, 40],
  ];
  expect([9, 10, 19, 20, 35].map((now) => freezeEnd({ freeze }, now))).toEqual([undefined, 20, 20, undefined, 40]);
});

it('what falls into a freeze is put off to where no freeze is', () => {
  const freeze: [number, number][] = [
    [30, 40],
    [10, 20],
    [20, 25],
  ];
  expect([9, 10, 19, 20, 25, 35, 40].map((at) => afterFreeze({ freeze }, at))).toEqual([9, 25, 25, 25, 25, 40, 40]);
});

it('every setting says what it is for', () => {
  for (const { describes } of Object.values(settingSpecs)) expect(describes).toMatch(/^[A-Z].*\.$/);
});
