import { describe, expect, it } from 'vitest';
import { decisionsOf } from '../../../shared/core/activity.ts';
import { formatPolicyPut, formatStuck } from '../../../shared/core/format-secret-tags.ts';
import { secretTagNames } from '../../../shared/core/secret-tags.ts';
import type { Triage } from '../../../shared/core/triage/triage.ts';
import { C, daysAgo, NOW, type SecretOptions, secret, USER, versionOf } from '../../support/core/builders.ts';

const RUN = { previousAt: daysAgo(1), scheduledAt: NOW };
const HASH = '0'.repeat(32);

interface Case {
  as?: SecretOptions;
  verdict?: Triage;
  /** Events that nobody would hear of. */
  unheard?: readonly string[];
}

/** `reason`, and `!` after what counts as blocked. */
function decided({ as, verdict = { isDue: false, reason: 'nothing-due' }, unheard = [] }: Case): string[] {
  const scanned = { user: USER, ...(as === undefined ? {} : { secret: secret(as) }) };
  const found = decisionsOf([{ scanned, verdict }], RUN, NOW, (_, event) => !unheard.includes(event));
  return found.map(({ reason, isBlocked }) => `${reason}${isBlocked ? '!' : ''}`);
}

const blocked = (reason: string, days = 2): SecretOptions => ({
  current: C,
  announced: { event: 'blocked', at: daysAgo(days), reason, accessKeyId: C },
});
const stuck = (version: string): SecretOptions => ({
  current: C,
  raw: { [secretTagNames.stuck]: formatStuck({ versionId: versionOf(version), at: daysAgo(3) }) },
  as: {
    rotationEnabled: true,
    versions: { [versionOf(C)]: [C, 'AWSCURRENT'], [versionOf('pending')]: ['AWSPENDING'] },
  },
});
const replicas = (toldAt?: number): SecretOptions => ({
  current: C,
  raw: {
    [secretTagNames.policy]: formatPolicyPut({
      hash: HASH,
      triedAt: daysAgo(1),
      ...(toldAt === undefined ? {} : { toldAt }),
    }),
  },
});

describe('a digest names a user', () => {
  it.each<[string, Case, string[]]>([
    ['with nothing due', { as: { current: C } }, []],
    ['whose tag does not parse', { verdict: { isDue: false, reason: 'tags-invalid' } }, ['tags-invalid!']],
    [
      'whose slots are taken',
      { as: blocked('slots-taken'), verdict: { isDue: false, reason: 'slots-taken' } },
      ['slots-taken!'],
    ],
    [
      'whose secret has a rotation of its own that never comes, as was told days ago',
      { as: blocked('managed-rotation'), verdict: { isDue: false, reason: 'managed-rotation' } },
      ['managed-rotation!'],
    ],
    [
      'whose secret is rotated as it should be',
      { as: { current: C }, verdict: { isDue: false, reason: 'managed-rotation' } },
      [],
    ],
    ['whose rotation by Secrets Manager is stuck', { as: stuck('pending') }, ['rotation-stuck']],
    ['whose rotation is pending, and another was stuck', { as: stuck('before') }, []],
    ['with a replica that failed', { as: replicas(daysAgo(3)) }, ['replica-failed']],
    ['with a replica on its way', { as: replicas() }, []],
    [
      'whose last pass failed',
      { as: { announced: { event: 'failed', at: daysAgo(0.5), reason: 'refused' } } },
      ['refused'],
    ],
    ['whose last pass failed before the last run', { as: { announced: { event: 'failed', at: daysAgo(1.1) } } }, []],
  ])('%s', (_, given, expected) => {
    expect(decided(given)).toEqual(expected);
  });

  it.each<[string, Case, string[]]>([
    [
      'gets no new key',
      { verdict: { isDue: true, reason: 'due', isLimited: true }, unheard: ['issued'] },
      ['no-subscription'],
    ],
    [
      'is retired',
      { verdict: { isDue: true, reason: 'unused', isLimited: true }, unheard: ['issued'] },
      ['no-subscription'],
    ],
    ['is heard of', { verdict: { isDue: true, reason: 'due', isLimited: true }, unheard: ['reminder'] }, []],
    [
      'is to be reminded',
      { verdict: { isDue: true, reason: 'reminder-due' }, unheard: ['reminder'] },
      ['notice-undeliverable'],
    ],
    [
      'is in recovery',
      { verdict: { isDue: true, reason: 'deletion-soon' }, unheard: ['reminder'] },
      ['notice-undeliverable'],
    ],
    ['is in grace', { verdict: { isDue: false, reason: 'in-grace' }, unheard: ['issued', 'reminder'] }, []],
    ['has a policy to be put', { verdict: { isDue: true, reason: 'policy-put' }, unheard: ['issued', 'reminder'] }, []],
    [
      'is blocked by something else',
      { verdict: { isDue: false, reason: 'secret-foreign' }, unheard: ['issued', 'reminder'] },
      ['secret-foreign!'],
    ],
  ])('of whom nobody would hear, who %s', (_, given, expected) => {
    expect(decided(given)).toEqual(expected);
  });
});
