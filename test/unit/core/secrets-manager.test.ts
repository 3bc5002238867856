import { describe, expect, it } from 'vitest';
import { guardStep, isOwnIntent } from '../../../shared/core/checks/secrets-manager.ts';
import type { ManagedRotation, Request } from '../../../shared/core/model.ts';
import { assess } from '../../../shared/core/situation.ts';
import { DAY } from '../../../shared/core/time.ts';
import { triage } from '../../../shared/core/triage/triage.ts';
import {
  C,
  daysAgo,
  G,
  key,
  minutesAgo,
  NOW,
  P,
  request,
  S,
  type SecretOptions,
  secret,
  settings,
  USER,
  user,
  versionOf,
} from '../../support/core/builders.ts';
import { answeredBy, aroundLimit, type Given, inShort, planOf } from '../../support/core/cases.ts';

const TOKEN = 'token-of-the-rotation-0123456789abcdef';
const asks = (step: ManagedRotation['step'], versionId = TOKEN): Partial<Request> => ({
  origin: 'managed',
  rotation: { step, versionId },
});
const enabled = { rotationEnabled: true } as const;

/** C is current, and the rotation's version shows these labels. */
function rotating(labels: readonly string[], options: SecretOptions = {}): SecretOptions {
  const versions = { ...secret({ current: C, ...options }).versions, [TOKEN]: labels };
  return { current: C, ...options, as: { ...enabled, versions, ...options.as } };
}

const unstored = rotating(['AWSPENDING']);
const alone = { keys: [key(C, { ageDays: 40 })], secret: unstored, request: asks('createSecret') };
const young = key(P, { createdAt: minutesAgo(0.5) });
const ours = {
  intent: { at: minutesAgo(0.5), deadlineAt: NOW + 5 * 60_000, accessKeyIds: [C], versionId: versionOf(C) },
} satisfies SecretOptions;
const stored = {
  keys: [key(C, { ageDays: 40 }), young],
  secret: rotating(['AWSPENDING', P], ours),
  request: asks('finishSecret'),
};

answeredBy('managed-rotation', [
  { name: 'createSecret issues, whatever the age of the key', ...alone, gives: 'act rotation-asked: issue' },
  {
    name: 'the first key of a secret',
    ...alone,
    secret: { as: { ...enabled, versions: { [TOKEN]: ['AWSPENDING'] } } },
    gives: 'act rotation-asked: issue',
  },
  { name: 'both slots taken', ...alone, keys: [...alone.keys, key(S)], gives: 'blocked two-keys: none' },
  { name: 'no key at all', ...alone, keys: [], gives: 'blocked no-active-key: none' },
  {
    name: 'a key that somebody deactivated',
    ...alone,
    keys: [key(C, { status: 'Inactive' })],
    gives: 'blocked no-active-key: none',
  },
  { name: 'a freeze', ...alone, settings: { freeze: [[daysAgo(1), NOW + DAY]] }, gives: 'unchanged frozen: none' },
  {
    name: 'no subscription and a full day do not stop it',
    ...alone,
    request: {
      ...alone.request,
      limits: { audience: { kind: 'counted', confirmed: 0 }, issuedToday: 99, isBreakerOpen: true },
    },
    gives: 'act rotation-asked: issue',
  },
  {
    name: 'the key of this rotation is stored already',
    ...stored,
    request: asks('createSecret'),
    gives: 'unchanged rotation-stored: none',
  },
  {
    name: 'finishSecret without a stored key',
    ...alone,
    request: asks('finishSecret'),
    gives: 'blocked rotation-not-ready: none',
  },
  {
    name: 'finishSecret without an intent',
    ...stored,
    secret: rotating(['AWSPENDING', P]),
    gives: 'blocked rotation-not-ready: none',
  },
  {
    name: 'finishSecret of a version that is current',
    ...alone,
    request: asks('finishSecret', versionOf(C)),
    gives: 'unchanged rotation-finished: none',
  },
]);

answeredBy('left-alone', [
  { name: 'exempt', ...alone, user: { tags: { 'keyturn:exempt': 'true' } }, gives: 'unchanged exempt: none' },
  { name: 'held', ...alone, secret: rotating(['AWSPENDING'], { hold: NOW + DAY }), gives: 'unchanged held: none' },
  {
    name: 'a tag that does not parse, which is not announced at every attempt',
    ...alone,
    user: { tags: { 'keyturn:grace-days': 'x' } },
    gives: 'blocked tags-invalid: none',
  },
]);

answeredBy('busy', [
  {
    name: 'createSecret, under a live intent',
    ...alone,
    secret: rotating(['AWSPENDING'], ours),
    gives: 'busy busy: none',
  },
  {
    name: 'finishSecret, under a live issue that began when the key was there already',
    ...stored,
    secret: rotating(['AWSPENDING', P], { intent: { ...ours.intent, accessKeyIds: [P] } }),
    gives: 'busy busy: none',
  },
  {
    name: 'finishSecret, under a live transition that is no issue',
    ...stored,
    secret: rotating(['AWSPENDING', P], { intent: { ...ours.intent, verb: 'delete' } }),
    gives: 'busy busy: none',
  },
  {
    name: 'the schedule, under the live intent of a rotation',
    ...stored,
    request: {},
    gives: 'busy busy: none',
  },
]);

answeredBy('intent-past', [
  {
    name: 'finishSecret takes the intent of its rotation over before its deadline',
    ...stored,
    gives: 'act rotation-finished: finish P',
  },
  {
    name: 'finishSecret records what was made current already',
    ...stored,
    secret: {
      current: P,
      previous: C,
      ...ours,
      as: { ...enabled, versions: { [TOKEN]: ['AWSCURRENT', 'AWSPENDING', P], [versionOf(C)]: ['AWSPREVIOUS', C] } },
    },
    gives: 'act rotation-finished: finish P',
  },
  {
    name: 'finishSecret of the first version, where AWS has made none current',
    ...stored,
    secret: {
      intent: { at: ours.intent.at, deadlineAt: ours.intent.deadlineAt, accessKeyIds: [C] },
      as: { ...enabled, versions: { [TOKEN]: ['AWSPENDING', P] } },
    },
    gives: 'act rotation-finished: finish P',
  },
  {
    name: 'finishSecret clears where another version became current',
    ...stored,
    secret: rotating(['AWSPENDING', P], { intent: { ...ours.intent, versionId: 'another-version' } }),
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'finishSecret clears where somebody deactivated the key',
    ...stored,
    keys: [key(C, { ageDays: 40 }), { ...young, status: 'Inactive' }],
    gives: 'act intent-cleared: clear-intent',
  },
  {
    name: 'createSecret finishes what another run left first',
    ...alone,
    keys: [key(C, { ageDays: 40 })],
    secret: rotating(['AWSPENDING'], { intent: { verb: 'delete', accessKeyIds: [G] } }),
    gives: 'act finished: finish G',
  },
  {
    name: 'the schedule finishes a rotation that was left behind',
    ...stored,
    secret: rotating(['AWSPENDING', P], { intent: { at: minutesAgo(60), accessKeyIds: [C], versionId: versionOf(C) } }),
    request: {},
    gives: 'act finished: finish P',
  },
]);

it('what the schedule announces on one weekday is not announced at every attempt of a rotation', () => {
  const odd = { ...alone, user: { tags: { 'keyturn:grace-days': 'x' } } };
  const actions = (asked: Partial<Request>): string[] =>
    [0, 1, 2, 3, 4, 5, 6].flatMap((days) =>
      planOf({ ...odd, request: asked, now: NOW + days * DAY }).steps.map(({ action }) => action),
    );
  expect(actions({})).toContain('announce-blocked');
  expect(actions(asks('createSecret'))).not.toContain('announce-blocked');
});

it('the issue of createSecret is stored under the token of the rotation', () => {
  expect(planOf(alone).steps[0]).toMatchObject({ action: 'issue', versionId: TOKEN, continues: false });
});

it('createSecret never makes a key current, even with a live intent of its own', () => {
  expect(planOf({ ...stored, request: asks('createSecret') }).steps).toMatchObject([{ action: 'none' }]);
});

describe('a rotation that does not end', () => {
  const pendingSince = daysAgo(3);
  const stuck = rotating(['AWSPENDING'], { as: { pendingSince } });
  const given: Given = { keys: [key(C, { ageDays: 40 })], secret: stuck };
  const told = (days: number, versionId = TOKEN): SecretOptions =>
    rotating(['AWSPENDING'], {
      as: { pendingSince: daysAgo(30) },
      raw: { 'keyturn:stuck': `${new Date(daysAgo(days)).toISOString()} ${versionId}` },
    });

  answeredBy('rotation-stuck', [
    { name: 'is announced', ...given, gives: 'act rotation-stuck: announce-stuck' },
    {
      name: 'is announced for another version',
      ...given,
      secret: told(1, 'other'),
      gives: 'act rotation-stuck: announce-stuck',
    },
  ]);
  aroundLimit('a day after it began', pendingSince + DAY, given, [
    'unchanged nothing-due: none',
    'act rotation-stuck: announce-stuck',
  ]);
  aroundLimit('weekly', NOW, { ...given, secret: told(6.5) }, [
    'unchanged nothing-due: none',
    'act rotation-stuck: announce-stuck',
  ]);

  it.each<[string, Given]>([
    ['in a pass of Secrets Manager itself', { ...given, request: asks('createSecret') }],
    [
      'without rotation',
      { ...given, secret: rotating(['AWSPENDING'], { as: { pendingSince, rotationEnabled: false } }) },
    ],
    [
      'on the current version',
      {
        ...given,
        secret: {
          current: C,
          as: { ...enabled, pendingSince, versions: { [TOKEN]: ['AWSCURRENT', 'AWSPENDING', C] } },
        },
      },
    ],
    [
      'that becomes current again after a rollback',
      {
        keys: [key(C, { ageDays: 40 }), key(P, { ageDays: 2 })],
        secret: rotating(['AWSPENDING', P], { as: { pendingSince } }),
      },
    ],
    ['while held', { ...given, secret: rotating(['AWSPENDING'], { hold: NOW + DAY, as: { pendingSince } }) }],
  ])('is not announced %s', (_, other) => {
    expect(inShort(planOf(other))).not.toContain('announce-stuck');
  });

  it('says what it waits for', () => {
    expect(planOf(given).message).toContain('no key is stored there');
    expect(planOf({ ...given, keys: [key(C), key(S)] }).message).toContain('both key slots are taken');
    const inactive = [key(C), key(P, { status: 'Inactive' })];
    expect(planOf({ keys: inactive, secret: rotating(['AWSPENDING', P], { as: { pendingSince } }) }).message).toContain(
      `key ${P} is stored there`,
    );
  });

  it.each<[string, SecretOptions, boolean, string]>([
    ['pending', unstored, true, 'rotation-stuck'],
    ['told of this week', told(6), false, 'nothing-due'],
    ['told of a week ago', told(7), true, 'rotation-stuck'],
    ['held', rotating(['AWSPENDING'], { hold: NOW + DAY }), false, 'held'],
  ])('is looked at by the worker: %s', (_, options, isDue, reason) => {
    for (const keys of [undefined, [key(C, { ageDays: 40 })]]) {
      const scanned = { user: USER, secret: secret(options), ...(keys === undefined ? {} : { keys }) };
      if (keys !== undefined || isDue) expect(triage(scanned, settings(), NOW)).toMatchObject({ isDue, reason });
    }
  });
});

describe('the guards of a step', () => {
  const of = (options: SecretOptions) => guardStep(secret(options), TOKEN);
  it.each<[string, SecretOptions, ReturnType<typeof guardStep>]>([
    ['pending', unstored, 'pending'],
    ['pending and stored', rotating(['AWSPENDING', P]), 'pending'],
    ['current', { as: { ...enabled, versions: { [TOKEN]: ['AWSCURRENT', P] } } }, 'current'],
    ['current and pending', { as: { ...enabled, versions: { [TOKEN]: ['AWSCURRENT', 'AWSPENDING', P] } } }, 'current'],
  ])('%s', (_, options, expected) => {
    expect(of(options)).toBe(expected);
  });
  it.each<[string, SecretOptions, string, string]>([
    ['rotation is off', rotating(['AWSPENDING'], { as: { rotationEnabled: false } }), 'SecretId', 'not enabled'],
    ['the version is unknown', { current: C, as: enabled }, 'ClientRequestToken', 'no version'],
    ['the version was current', rotating(['AWSPREVIOUS', P]), 'ClientRequestToken', 'not pending'],
  ])('%s', (_, options, field, problem) => {
    expect(of(options)).toMatchObject({ field, problem: expect.stringContaining(problem) });
  });
});

describe('the intent of a rotation', () => {
  it.each<[string, Partial<Request>, SecretOptions, boolean]>([
    ['its own', asks('finishSecret'), stored.secret, true],
    ['of another request', {}, stored.secret, false],
    ['of another rotation', asks('finishSecret', 'another-token'), stored.secret, false],
    ['before a key is stored', asks('finishSecret'), rotating(['AWSPENDING'], ours), false],
    ['of a later issue', asks('finishSecret'), rotating(['AWSPENDING', P], { intent: { accessKeyIds: [P] } }), false],
    ['of another verb', asks('finishSecret'), rotating(['AWSPENDING', P], { intent: { verb: 'retire' } }), false],
    ['none', asks('finishSecret'), rotating(['AWSPENDING', P]), false],
  ])('is its own or not: %s', (_, asked, options, expected) => {
    expect(isOwnIntent(assess(user({ secret: options }), request(asked), settings(), NOW))).toBe(expected);
  });
});
