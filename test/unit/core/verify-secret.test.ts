import { describe, expect, it } from 'vitest';
import type { Secret } from '../../../shared/core/model.ts';
import { secretProblem } from '../../../shared/core/verify-secret.ts';
import { C, NOW, secret, settings, USER } from '../../support/core/builders.ts';

const check = (as: Partial<Secret>, more: Parameters<typeof settings>[0] = {}) =>
  secretProblem(secret({ current: C, as }), USER, settings(more));

it('a secret as Keyturn makes it is fine', () => {
  expect(check({})).toBeUndefined();
});

describe('a secret that Keyturn would not have made is foreign, and says in what', () => {
  const FN = 'arn:aws:lambda:eu-west-1:123456789012:function:theirs';
  it.each<[string, Partial<Secret>, Parameters<typeof settings>[0], string]>([
    ['another name', { name: 'keyturn/AIDAOTHER/access-key' }, {}, 'its name is not keyturn/AIDAALICEALICEALICE00'],
    ['another prefix', {}, { secretPrefix: 'prod' }, 'its name is not prod/'],
    ['another user', { tags: { 'keyturn:user-id': 'AIDAOTHER' } }, {}, 'its tag keyturn:user-id is not AIDAALICE'],
    ['no user', { tags: {} }, {}, 'its tag keyturn:user-id'],
    ['an owning service', { owningService: 'rds' }, {}, 'it is managed by rds'],
    ['a rotation function', { rotationLambdaArn: FN }, {}, `it is rotated by ${FN}`],
    [
      'another rotation function',
      { rotationLambdaArn: FN },
      { secretRotationFunctionArn: `${FN}2` },
      `it is rotated by ${FN}`,
    ],
  ])('%s', (_, as, more, fact) => {
    const problem = check(as, more);
    expect(problem?.reason).toBe('secret-foreign');
    expect(problem?.message).toContain(fact);
    expect(problem?.message).toContain('alice');
  });

  it('and says all of it', () => {
    const message = check({ owningService: 'rds', isMade: false })?.message ?? '';
    expect(message).toContain('managed by rds');
    expect(message).toContain('did not create it');
  });
});

it('one that another deployment rotates says how this one gets it', () => {
  const rotationLambdaArn = 'arn:aws:lambda:eu-west-1:123456789012:function:before';
  const message = check({ rotationLambdaArn }, { secretRotationFunctionArn: 'arn:ours' })?.message;
  expect(message).toContain('--rotation-lambda-arn arn:ours --no-rotate-immediately');
});

describe('what the settings put right by themselves is fine', () => {
  it.each<[string, Partial<Secret>, Parameters<typeof settings>[0]]>([
    ['another KMS key', { kmsKeyId: 'alias/theirs' }, { kmsKeyId: 'alias/ours' }],
    ['a replica that is not listed', { replicas: [{ region: 'us-east-1', status: 'InSync' }] }, {}],
    ['our rotation function', { rotationLambdaArn: 'arn:ours' }, { secretRotationFunctionArn: 'arn:ours' }],
    ['rotation that is enabled', { rotationEnabled: true }, {}],
  ])('%s', (_, as, more) => {
    expect(check(as, more)).toBeUndefined();
  });
});

it('a secret of ours that is pending deletion says how to restore it', () => {
  const problem = check({ deletedAt: NOW });
  expect(problem?.reason).toBe('secret-pending-deletion');
  expect(problem?.message).toContain('restoreSecret');
});

it('a foreign secret is foreign first, so that nobody restores it', () => {
  expect(check({ deletedAt: NOW, owningService: 'rds' })?.reason).toBe('secret-foreign');
});

describe('a secret that Keyturn did not make', () => {
  it('is foreign', () => {
    expect(check({ isMade: false })?.message).toContain('Keyturn did not create it');
  });

  it('says which settings decide whether its signature counts, if it has one', () => {
    const tags = { ...secret({ current: C }).tags, 'keyturn:made': '2026-01-01T00:00:00.000Z 1AAAAAAAAAAAAAAAAAAAAAA' };
    expect(check({ isMade: false, tags })?.message).toContain('if stateKeyArn, roleSuffix or stateEpoch was changed');
  });
});

describe('room for the tags of Keyturn', () => {
  const crowded = (others: number, secretTags: Record<string, string> = {}) => {
    const names = Array.from({ length: others }, (_, n) => [`team-${n}`, 'x'] as const);
    const tags = { ...secret({ current: C }).tags, 'aws:cloudformation:stack-name': 's', ...Object.fromEntries(names) };
    return check({ tags }, { secretTags });
  };
  it('is left by 34 tags of others', () => {
    expect(crowded(34)).toBeUndefined();
  });
  it('is not left by 35, and that is said before anything is begun', () => {
    expect(crowded(35)).toMatchObject({ reason: 'too-many-tags' });
    expect(crowded(35)?.message).toContain('remove all but 34');
  });
  it('counts the tags of `secretTags`, whether or not they are there', () => {
    expect(crowded(33, { team: 'x', 'team-1': 'x' })).toBeUndefined();
    expect(crowded(34, { team: 'x', 'team-1': 'x' })).toMatchObject({ reason: 'too-many-tags' });
  });
});
