import { expect, it } from 'vitest';
import { ownAccountId } from '../../shared/aws/own-account.ts';
import { createWorld } from '../support/world.ts';

it('is the one of the credentials, and an answer without it is a doubt', async () => {
  const world = createWorld();
  expect(await ownAccountId(world.runtime('rotate-user').aws)).toBe(world.aws.accountId);
  const sts = { send: async () => ({}) };
  await expect(ownAccountId({ sts: sts as never })).rejects.toThrow(
    'The answer of sts:GetCallerIdentity has no Account.',
  );
});
