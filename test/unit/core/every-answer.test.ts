// Tests of shared/core/answer.ts: from when on, whether the run goes on, and the words, for every check.

import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../shared/core/time.ts';
import {
  byHand,
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
  request,
  S,
  type SecretOptions,
  versionOf,
} from '../../support/core/builders.ts';
import { type Given, inShort, planOf } from '../../support/core/cases.ts';

// What a plan says beside its step: from when on, whether the pass goes on, and in words.

const inactive = { status: 'Inactive' } as const;
const found = (accessKeyId: string) => request({ origin: 'exposed', accessKeyId });
const due = key(C, { ageDays: 95, usedDaysAgo: 1 });
const old = key(P, { ageDays: 120, usedDaysAgo: 1 });
const both: Given = { keys: [key(C, { ageDays: 5, usedDaysAgo: 1 }), old], secret: { current: C, previous: P } };
/** Neither is stored, so neither can be read with the other. */
const strangers: Given = { keys: [key(S), key(O, { ageDays: 120 })], secret: {} };
const recovered = NOW + 10 * DAY;
const midnight = Math.ceil(NOW / DAY) * DAY;
const limits = { issuedToday: 0, isBreakerOpen: false, audience: { kind: 'everything' } } as const;
const TOKEN = 'token-of-the-rotation-0123456789abcdef';
const asks = (step: 'createSecret' | 'finishSecret') =>
  request({ origin: 'managed', rotation: { step, versionId: TOKEN } });

describe('the instant of', () => {
  it.each<[string, Given, string, number]>([
    [
      'the deletion of a retired key',
      {
        keys: [key(C, { ageDays: 200 })],
        secret: { current: C, notice: notice('retirement', C, 1) },
        settings: { unused: 'retire' },
      },
      'act unused: retire C',
      recovered,
    ],
    [
      'the next issue, ahead of its time',
      { keys: [key(C, { ageDays: 5 })], secret: { current: C }, settings: { rotateAheadDays: 22 } },
      'unchanged nothing-due: none',
      NOW + (90 - 22 - 5) * DAY,
    ],
    [
      'the next issue of the key that is Active',
      { keys: [key(O, { ageDays: 50, ...inactive }), key(S, { ageDays: 5 })] },
      'unchanged nothing-due: none',
      NOW + 85 * DAY,
    ],
    [
      'the day after a day of failed proofs',
      { keys: [due], secret: { current: C }, request: { limits: { ...limits, isBreakerOpen: true } } },
      'unchanged breaker-open: none',
      midnight,
    ],
    [
      'the day after a full one',
      { keys: [due], secret: { current: C }, request: { limits: { ...limits, issuedToday: 25 } } },
      'unchanged daily-limit: none',
      midnight,
    ],
    [
      'the deletion of a key that somebody deactivated',
      { keys: [key(C, { ageDays: 50 }), key(S, { ageDays: 60, ...inactive })], secret: { current: C } },
      'act inactive-seen: record-inactive S',
      recovered,
    ],
    [
      'the end of a hold',
      { ...both, request: byHand({ action: 'hold', holdUntil: midnight + 3 * DAY }) },
      'act hold-written: hold',
      midnight + 3 * DAY,
    ],
    [
      'the end of the hold of a rollback',
      { ...both, request: byHand({ action: 'rollback', holdUntil: midnight + 3 * DAY }) },
      'act rolled-back: roll-back P',
      midnight + 3 * DAY,
    ],
    [
      'the end of the hold of a rollback, asked for in the past',
      { ...both, request: byHand({ action: 'rollback', holdUntil: NOW - DAY }) },
      'act rolled-back: roll-back P',
      midnight + 30 * DAY,
    ],
    [
      'the end of the hold of a rollback, asked for now',
      { ...both, request: byHand({ action: 'rollback', holdUntil: NOW }) },
      'act rolled-back: roll-back P',
      midnight + 30 * DAY,
    ],
    [
      'the deletion of a key retired by hand',
      { keys: [due], secret: { current: C }, request: byHand({ action: 'retire' }) },
      'act retired-by-hand: retire C',
      recovered,
    ],
    [
      'the deletion of a key retired by hand that is Inactive already',
      { keys: [key(C, inactive)], secret: { current: C }, request: byHand({ action: 'retire' }) },
      'act inactive-seen: record-inactive C',
      recovered,
    ],
    [
      'the same, recorded already',
      {
        keys: [key(C, inactive)],
        secret: { current: C, deactivated: record(C, 3) },
        request: byHand({ action: 'retire' }),
      },
      'unchanged recovery: none',
      NOW + 7 * DAY,
    ],
    [
      'the deletion of an exposed key',
      { ...strangers, request: found(S) },
      'act exposed: deactivate-exposed S',
      recovered,
    ],
    [
      'the earliest end of a postponement',
      {
        ...both,
        secret: { ...both.secret, currentSince: record(C, 11) },
        keys: [key(C, { ageDays: 12, usedDaysAgo: 1 }), key(P, { ageDays: 120, usedDaysAgo: 0 })],
      },
      'act still-in-use: postpone P',
      NOW + DAY / 2,
    ],
    [
      'the end of the wait for a key that IAM does not show',
      {
        keys: [key(C)],
        secret: {
          current: C,
          pending: G,
          intent: { at: minutesAgo(6), deadlineAt: minutesAgo(1), accessKeyIds: [C], versionId: versionOf(C) },
        },
      },
      'busy settling: none',
      NOW + 4 * MINUTE,
    ],
    [
      'the end of the wait for a fresh record',
      { ...both, secret: { ...both.secret, currentSince: { accessKeyId: C, at: NOW - MINUTE / 2 } } },
      'busy settling: none',
      NOW + MINUTE / 2,
    ],
  ])('%s', (_, given, expected, notBefore) => {
    const answer = planOf(given);
    expect(inShort(answer)).toBe(expected);
    expect(answer.steps[0]?.notBefore).toBe(notBefore);
  });

  it('a refusal that nothing ends is not said', () => {
    const { reason, steps } = planOf({ ...both, request: byHand({ action: 'rotate' }) });
    expect(reason).toBe('two-keys');
    expect(steps[0]).not.toHaveProperty('notBefore');
  });
});

describe('the pass', () => {
  const past = { accessKeyIds: [C] } as const;
  it.each<[string, Given, string, boolean]>([
    [
      'goes on after a label was taken off',
      { keys: [key(C)], secret: { current: C, previous: G } },
      'act key-gone: forget G',
      true,
    ],
    [
      'goes on after a grace was restarted',
      { ...both, secret: { ...both.secret, deactivated: record(P, 1) } },
      'act reactivated: restart-grace P',
      true,
    ],
    [
      'goes on after a restore',
      {
        keys: [due],
        secret: { current: C, as: { deletedAt: daysAgo(1) } },
        request: byHand({ action: 'rotate', restoreSecret: true }),
      },
      'act restore-asked: restore-secret',
      true,
    ],
    [
      'goes on to the command after an unfinished transition',
      {
        keys: [key(C, inactive)],
        secret: { current: C, intent: { verb: 'deactivate', ...past } },
        request: byHand({ action: 'rotate' }),
      },
      'act finished: finish C',
      true,
    ],
    [
      'goes on to an exposed key after an unfinished transition',
      {
        keys: [key(C, inactive)],
        secret: {
          current: C,
          exposed: { at: daysAgo(1), accessKeyIds: [C] },
          intent: { verb: 'deactivate', accessKeyIds: [G] },
        },
        request: found(C),
      },
      'act finished: finish G',
      true,
    ],
    [
      'goes on after a rotation that is stuck was told of',
      {
        keys: [key(C)],
        secret: {
          current: C,
          as: {
            rotationEnabled: true,
            pendingSince: daysAgo(2),
            versions: { [versionOf(C)]: [C, 'AWSCURRENT'], [TOKEN]: ['AWSPENDING'] },
          },
        },
      },
      'act rotation-stuck: announce-stuck',
      true,
    ],
    [
      'ends after a deactivation',
      { ...both, request: byHand({ action: 'rotate', accessKeyId: P }) },
      'act given-up: deactivate P',
      false,
    ],
  ])('%s', (_, given, expected, continues) => {
    const answer = planOf(given);
    expect(inShort(answer)).toBe(expected);
    expect(answer.steps[0]?.continues).toBe(continues);
  });

  it.each(['deactivate', 'retire', 'delete'] as const)(
    'takes the grace off only with a %s that was not done',
    (verb) => {
      const [step] = planOf({ keys: [key(C)], secret: { current: C, intent: { verb, ...past } } }).steps;
      expect(step).toMatchObject({ action: 'clear-intent', restartGrace: verb === 'deactivate' });
    },
  );
});

describe('where no tag may be written, it says so:', () => {
  const week = Array.from({ length: 7 }, (_, day) => NOW + day * DAY);
  it.each<[string, Given]>([
    ['tags that do not parse', { keys: [due], secret: { current: C, raw: { 'keyturn:doing': 'what' } } }],
    ['an unknown status', { keys: [key(C, { status: 'Expired' })], secret: { current: C } }],
  ])('%s', (_, given) => {
    const steps = week.flatMap((now) => planOf({ ...given, now }).steps);
    const announced = steps.filter(({ action }) => action === 'announce-blocked');
    expect(announced).toEqual([expect.objectContaining({ isRecordable: false })]);
  });

  it('and names the key of the unknown status', () => {
    const steps = week.flatMap(
      (now) => planOf({ keys: [key(C, { status: 'Expired' })], secret: { current: C }, now }).steps,
    );
    expect(steps.find(({ action }) => action === 'announce-blocked')).toMatchObject({ accessKeyId: C });
  });
});

describe('in words:', () => {
  const orphan = key(O, { createdAt: minutesAgo(60) });
  const rotating = (labels: readonly string[], intent?: SecretOptions['intent']): SecretOptions => ({
    current: C,
    ...(intent === undefined ? {} : { intent }),
    as: { rotationEnabled: true, versions: { [versionOf(C)]: [C, 'AWSCURRENT'], [TOKEN]: labels } },
  });
  const ours = { at: minutesAgo(2), deadlineAt: NOW + HOUR, accessKeyIds: [C], versionId: versionOf(C) };
  const young = key(P, { createdAt: minutesAgo(2) });
  it.each<[string, Given, string]>([
    ['a first key', { request: byHand({ action: 'rotate' }) }, 'has no access key: a first one is issued'],
    [
      'a replacement',
      { keys: [due], secret: { current: C }, request: byHand({ action: 'rotate' }) },
      `A replacement for ${C}`,
    ],
    ['an exposed key beside another', { ...strangers, request: found(S) }, `${O} (`],
    ['an exposed key beside another, to use', { ...strangers, request: found(S) }, 'is the key to use'],
    ['an exposed key beside what it could read', { ...both, request: found(P) }, 'no key is left to work with'],
    [
      'an exposed key beside an Inactive one',
      { ...both, keys: [key(C, inactive), old], request: found(P) },
      'no key is left to work with',
    ],
    [
      'an exposed key beside a lost one',
      { keys: [key(S), orphan], secret: { intent: { accessKeyIds: [S] } }, request: found(S) },
      'no key is left to work with',
    ],
    [
      'an orphan',
      { keys: [key(S), orphan], secret: { intent: { accessKeyIds: [S] } } },
      `${O} of alice is the leftover of a run that was interrupted at 2026-03-10T11:00:00.000Z`,
    ],
    [
      'an exemption with an end',
      { keys: [due], user: { tags: { 'keyturn:exempt': '2026-03-20' } } },
      'is exempt until 2026-03-20',
    ],
    [
      'a value with two key labels',
      { keys: [due], secret: { current: C, as: { versions: { v: ['AWSCURRENT', C, P] } } } },
      'several access keys',
    ],
    ['a value without one', { keys: [due], secret: { as: { versions: { v: ['AWSCURRENT'] } } } }, 'no access key'],
    [
      'an unfinished first issue',
      { keys: [due], secret: { current: C, intent: { accessKeyIds: [] }, as: { deletedAt: daysAgo(1) } } },
      '(no key before it)',
    ],
    [
      'a rotation without its key',
      { keys: [key(C)], secret: rotating(['AWSPENDING']), request: asks('finishSecret') },
      'of secret keyturn/AIDAALICEALICEALICE00/access-key holds no access key',
    ],
    [
      'a rotation without its intent',
      { keys: [key(C), young], secret: rotating(['AWSPENDING', P]), request: asks('finishSecret') },
      'but the record of its rotation is gone',
    ],
    [
      'the end of a rotation',
      { keys: [key(C), young], secret: rotating(['AWSPENDING', P], ours), request: asks('finishSecret') },
      `${P} of alice becomes current and replaces ${C}`,
    ],
    [
      'the end of a rotation whose old key is gone',
      { keys: [young], secret: rotating(['AWSPENDING', P], ours), request: asks('finishSecret') },
      `${P} of alice becomes current, as Secrets Manager asks`,
    ],
  ])('%s', (_, given, words) => {
    expect(planOf(given).message).toContain(words);
  });
});
