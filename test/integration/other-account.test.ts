// Tests of shared/service/other-account.ts.

import { describe, expect, test } from 'vitest';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import { createWorld, invoke, rotateUser } from '../support/world.ts';

const elsewhere = '999988887777';

describe('a deployment without a fleet', () => {
  test('looks after its own account, also if that is named', async () => {
    const world = createWorld();
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 5 }] });
    const answer = await rotateUser(world, { accountId: world.aws.accountId, userName: 'alice' });
    expect(answer).toMatchObject({ accountId: world.aws.accountId, status: 'unchanged' });
  });

  test('refuses any other, and says what a fleet needs', async () => {
    const world = createWorld();
    const because =
      `accountId: this deployment looks after ${world.aws.accountId} only; ` +
      `deploy it with fleet=fleet.yml to reach ${elsewhere}.`;
    await expect(rotateUser(world, { accountId: elsewhere, userName: 'alice' })).rejects.toThrow(because);
    const scan = createScheduledRotation(world.runtime('scheduled-rotation'));
    const run = (event: unknown) => invoke(world, 'scheduled-rotation', scan, event);
    await expect(run({ dryRun: true, accountId: elsewhere })).rejects.toThrow(because);
    await expect(run({ check: true, accountId: elsewhere })).rejects.toThrow('check: this deployment has no fleet');
    await expect(run({ digest: true })).rejects.toThrow('digest: this deployment has no fleet');
    expect(world.aws.calls.map(({ operation }) => operation)).toEqual(['GetCallerIdentity', 'GetCallerIdentity']);
  });
});
