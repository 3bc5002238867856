// Tests of shared/aws/observe.ts and shared/aws/scan.ts: what an answer may lack, and whose it must be.

import { describe, expect, it } from 'vitest';
import { accountIdOf, observeUser, required, tagsOf } from '../../shared/aws/observe.ts';
import { scanAccount } from '../../shared/aws/scan.ts';
import { parseSettings } from '../../shared/core/settings.ts';
import { nothingVerified } from '../../shared/core/state-key.ts';
import { makeSecret } from '../support/signed.ts';
import { createWorld } from '../support/world.ts';

describe('an answer of AWS', () => {
  it('may lack tags, and what an ARN says of an account', () => {
    expect(tagsOf(undefined)).toEqual({});
    expect(tagsOf([{ Key: 'team' }, { Key: 'a', Value: 'b' }])).toEqual({ team: '', a: 'b' });
    expect(accountIdOf('nobody')).toBe('');
    expect(accountIdOf('arn:aws:iam::111122223333:user/alice')).toBe('111122223333');
  });

  it('that lacks what AWS promises is a doubt', () => {
    expect(required(0, 'iam:GetUser', 'Arn')).toBe(0);
    expect(() => required(undefined, 'iam:GetUser', 'Arn')).toThrow('The answer of iam:GetUser has no Arn.');
  });
});

describe('another account', () => {
  const settings = parseSettings(createWorld().environment);

  it('whose secret the session shows is not worked with', async () => {
    const world = createWorld();
    const { userId } = world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 1 }] });
    await makeSecret(world, userId);
    const { aws } = world.runtime('operator');
    const elsewhere = createWorld({ accountId: '444455556666' });
    elsewhere.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 1 }] });
    const { iam } = elsewhere.runtime('operator').aws;
    const mixed = { aws: { ...aws, iam }, settings, verifier: nothingVerified };
    const [alice] = elsewhere.aws.iam.users();
    expect(alice?.userId).toBe(userId);
    await expect(observeUser(mixed, { userName: 'alice' })).rejects.toThrow('is not of the account of alice');
  });

  it('than was expected is not scanned', async () => {
    const world = createWorld();
    world.aws.iam.addUser({ userName: 'alice', keys: [] });
    const runtime = world.runtime('scheduled-rotation');
    const reader = { aws: runtime.aws, settings, verifier: nothingVerified };
    await expect(scanAccount(reader, runtime, undefined, '444455556666')).rejects.toThrow(
      'The session is of account 111122223333, and not of 444455556666; nothing was done.',
    );
    expect(await scanAccount(reader, runtime, undefined, '111122223333')).toMatchObject({ accountId: '111122223333' });
  });
});
