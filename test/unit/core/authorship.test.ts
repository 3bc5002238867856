// Tests of shared/core/checks/authorship.ts.

import { describe, expect, it } from 'vitest';
import { secretTagNames as names } from '../../../shared/core/secret-tags.ts';
import {
  byHand,
  C,
  key,
  minutesAgo,
  NOW,
  O,
  P,
  request,
  type SecretOptions,
  type secret,
  USER,
  versionOf,
} from '../../support/core/builders.ts';
import { answeredBy, inShort, planOf } from '../../support/core/cases.ts';

const keys = [key(C, { ageDays: 95 }), key(P, { ageDays: 185 })];
const ours: SecretOptions = { current: C, previous: P };
const void_ = (...tags: string[]): SecretOptions => ({
  ...ours,
  as: { voidTags: Object.fromEntries(tags.map((name) => [name, '2027-01-01'])) },
});
/** As one looks whose labels nobody signed. */
const fromElsewhere = (as: Partial<ReturnType<typeof secret>> = {}): SecretOptions => ({
  as: {
    isMade: false,
    tags: {},
    versions: { [versionOf(C)]: ['AWSCURRENT'] },
    writtenLabels: { [versionOf(C)]: ['AWSCURRENT', C] },
    ...as,
  },
});

answeredBy('state-key-missing', [
  {
    name: 'nothing is known, so nothing is done',
    keys,
    secret: ours,
    request: request({ isStateKeyMissing: true }),
    gives: 'failed state-key-unavailable: none',
  },
  {
    name: 'by hand neither',
    keys,
    secret: ours,
    request: byHand({ action: 'rotate', force: true }, { isStateKeyMissing: true }),
    gives: 'failed state-key-unavailable: none',
  },
]);

answeredBy('state-unverified', [
  {
    name: 'a hold that nobody signed leaves the user alone',
    keys,
    secret: void_(names.hold),
    request: byHand({ action: 'rotate', force: true }),
    gives: 'blocked state-unverified: none',
  },
  {
    name: 'an exposure that nobody signed does too',
    keys,
    secret: void_(names.exposed),
    request: byHand({ action: 'confirm' }),
    gives: 'blocked state-unverified: none',
  },
  {
    name: 'but not the leftover of an issue that was interrupted: nobody works with it',
    keys: [key(C, { ageDays: 95 }), key(O, { createdAt: minutesAgo(60) })],
    secret: { current: C, intent: { accessKeyIds: [C] }, as: { voidTags: { [names.hold]: '2027-01-01' } } },
    request: byHand({ action: 'confirm' }),
    gives: 'blocked state-unverified: deactivate-orphan O',
  },
]);

answeredBy('void-tags', [
  {
    name: 'any other tag that nobody signed is told of, and taken off',
    keys,
    secret: void_(names.doing, names.deactivated),
    gives: 'act state-unverified: drop-tags',
  },
]);

answeredBy('policy-outdated', [
  {
    name: 'a policy that is not today’s is put again',
    keys,
    secret: { ...ours, raw: { [names.policy]: '0'.repeat(32) } },
    gives: 'act policy-put: put-policy',
  },
  {
    name: 'for an exempt user too',
    keys,
    secret: { ...ours, raw: { [names.policy]: '0'.repeat(32) } },
    user: { tags: { 'keyturn:exempt': 'true' } },
    gives: 'act policy-put: put-policy',
  },
  {
    name: 'for a held user too',
    keys,
    secret: { ...ours, hold: NOW + 1e9, raw: { [names.policy]: '0'.repeat(32) } },
    gives: 'act policy-put: put-policy',
  },
  {
    name: 'by hand whatever the tag says',
    keys,
    secret: ours,
    request: byHand({ action: 'policy' }),
    gives: 'act policy-put: put-policy',
  },
  {
    name: 'not where there is no secret',
    keys,
    request: byHand({ action: 'policy' }),
    gives: 'blocked policy-put: none',
  },
]);

describe('the policy is not put', () => {
  const outdated = { ...ours, raw: { [names.policy]: '0'.repeat(32) } };
  it.each<[string, Parameters<typeof planOf>[0]]>([
    ['into a secret that is not ours', { keys, secret: { ...outdated, as: { isMade: false } } }],
    [
      'while a tag of the user does not parse',
      { keys, secret: outdated, user: { tags: { 'keyturn:owners-read': 'no' } } },
    ],
    ['by Config', { keys, secret: outdated, request: request({ origin: 'config' }) }],
  ])('%s', (_, given) => {
    expect(planOf(given).reason).not.toBe('policy-put');
  });
});

describe('whose policy it is', () => {
  it('follows who reads', () => {
    const readerArns = [{ arn: 'arn:aws:iam::123456789012:role/eso', users: ['bob*'], paths: [], handOn: false }];
    expect(planOf({ keys, secret: ours, settings: { readerArns } }).reason).not.toBe('policy-put');
    const forAlice = readerArns.map((reader) => ({ ...reader, users: ['ali*'] }));
    expect(planOf({ keys, secret: ours, settings: { readerArns: forAlice } }).reason).toBe('policy-put');
  });
});

describe('adoption', () => {
  const adopt = (options: SecretOptions | undefined, force?: boolean) =>
    planOf({
      keys,
      ...(options === undefined ? {} : { secret: options }),
      request: byHand({ action: 'adopt', ...(force === undefined ? {} : { force }) }),
    });

  it('lists what it would sign, and changes nothing', () => {
    const answer = adopt(fromElsewhere());
    expect(inShort(answer)).toBe('unchanged adopted: none');
    expect(answer.message).toContain(`that it holds ${C}`);
  });

  it('signs it with force', () => {
    expect(adopt(fromElsewhere(), true).steps).toMatchObject([{ action: 'adopt-secret', accessKeyIds: [C] }]);
  });

  it('keeps a hold', () => {
    const held = fromElsewhere({ voidTags: { [names.hold]: '2027-01-01 1AAAAAAAAAAAAAAAAAAAAAA' } });
    expect(adopt(held, true).steps).toMatchObject([{ holdUntil: Date.UTC(2027, 0, 1) }]);
  });

  const exposure = (ids: string) => ({
    voidTags: { [names.exposed]: `2026-03-01T10:00:00.000Z ${ids} 1AAAAAAAAAAAAAAAAAAAAAA` },
  });

  it('keeps an exposure of keys that are still there, and lists it', () => {
    expect(adopt(fromElsewhere(exposure(`${P}/AKIAGONE000000000000`))).message).toContain(`that ${P} is exposed`);
    expect(adopt(fromElsewhere(exposure(`${P}/AKIAGONE000000000000`)), true).steps).toMatchObject([
      { exposed: { at: Date.UTC(2026, 2, 1, 10), accessKeyIds: [P] } },
    ]);
  });

  it('keeps no exposure of keys that are gone, nor one that does not parse', () => {
    expect(adopt(fromElsewhere(exposure('AKIAGONE000000000000')), true).steps[0]).not.toHaveProperty('exposed');
    expect(adopt(fromElsewhere({ voidTags: { [names.exposed]: 'yes' } }), true).steps[0]).not.toHaveProperty('exposed');
  });

  it.each<[string, Partial<ReturnType<typeof secret>>]>([
    ['a key that is not the user’s', { writtenLabels: { [versionOf(C)]: ['AWSCURRENT', 'AKIASOMEBODYELSES000'] } }],
    ['a version that names two keys', { writtenLabels: { [versionOf(C)]: ['AWSCURRENT', C, P] } }],
  ])('signs no label of %s', (_, as) => {
    expect(adopt(fromElsewhere(as), true).steps).toMatchObject([{ action: 'adopt-secret', accessKeyIds: [] }]);
  });

  it.each<[string, Partial<ReturnType<typeof secret>>]>([
    ['has another KMS key', { kmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/theirs' }],
    ['is replicated elsewhere', { replicas: [{ region: 'us-east-1', status: 'InSync' }] }],
    ['is managed by a service', { owningService: 'rds' }],
  ])('refuses a secret that %s', (_, as) => {
    expect(inShort(adopt(fromElsewhere(as), true))).toBe('blocked secret-foreign: none');
  });

  it('has nothing to sign in a secret of ours, or without one', () => {
    expect(inShort(adopt(ours, true))).toBe('unchanged adopted: none');
    expect(inShort(adopt(undefined, true))).toBe('blocked secret-foreign: none');
  });
});

it('a secret that Keyturn did not make is nobody’s, whatever else it carries', () => {
  const answer = planOf({ keys, secret: { ...ours, as: { isMade: false } } });
  expect(inShort(answer)).toContain('blocked secret-foreign');
  expect(answer.message).toContain('Keyturn did not create it');
  expect(answer.message).toContain(USER.userName);
});
