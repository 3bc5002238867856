import { describe, expect, it } from 'vitest';
import type { AccessKey } from '../../../shared/core/model.ts';
import { assess, type Situation } from '../../../shared/core/situation.ts';
import {
  C,
  key,
  minutesAgo,
  NOW,
  O,
  P,
  record,
  request,
  S,
  type SecretOptions,
  settings,
  user,
  versionOf,
} from '../../support/core/builders.ts';
import { inShort, planOf } from '../../support/core/cases.ts';

const inactive = { status: 'Inactive' } as const;

describe('a situation', () => {
  const situation = (keys: readonly AccessKey[], secret: SecretOptions): Situation =>
    assess(user({ keys, secret }), request(), settings(), NOW);
  const roles = ({ keys }: Situation): string[] => keys.map(({ accessKeyId, role }) => `${accessKeyId.at(4)} ${role}`);

  it('tells a pending key from a previous one', () => {
    const keys = [key(C), key(P)];
    expect(roles(situation(keys, { current: C, previous: P }))).toEqual(['C current', 'P previous']);
    expect(roles(situation(keys, { current: C, pending: P }))).toEqual(['C current', 'P pending']);
  });

  it('finds the current key wherever its label comes', () => {
    const versions = { [versionOf(P)]: [P, 'AWSPREVIOUS'], [versionOf(C)]: [C, 'AWSCURRENT'] };
    const { current, currentKeyId } = situation([key(P), key(C)], { as: { versions } });
    expect([current?.accessKeyId, currentKeyId]).toEqual([C, C]);
  });

  it('counts no recovery for a key that is Active', () => {
    const [view] = situation([key(S)], { deactivated: record(S, 1) }).keys;
    expect(view).toMatchObject({ record: 'deactivated' });
    expect(view).not.toHaveProperty('inactiveSince');
  });

  it('leaves an orphan one that was last used when it was recorded', () => {
    const recorded = minutesAgo(50);
    const orphan = key(O, { createdAt: minutesAgo(60), ...inactive, usedAt: recorded, usedBy: 'sts' });
    const secret = { intent: { accessKeyIds: [S] }, deactivated: { at: recorded, accessKeyId: O } };
    expect(roles(situation([key(S), orphan], secret))).toEqual(['S stranger', 'O orphan']);
  });

  it('takes what was announced when the second of two keys was made for being about both', () => {
    const keys = [key(S, { ageDays: 95, usedDaysAgo: 3 }), key(O, { ageDays: 5, usedDaysAgo: 4 })];
    const secret = { currentSince: record(O, 5) };
    const given = { keys, secret, settings: { onBlocked: 'retire-least-used' } } as const;
    expect(inShort(planOf(given))).toBe('act reminder-due: remind S');
  });
});
