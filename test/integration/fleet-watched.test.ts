// Tests of `post` in local/checker/expectations.ts: a member is judged by the messages of the hub.

import { expect, it } from 'vitest';
import type { LocalAws } from '../../local/aws/aws.ts';
import { DAY } from '../../local/aws/clock.ts';
import { createChecker } from '../../local/checker/checker.ts';
import type { Limits, Violation } from '../../local/checker/expectations.ts';
import { crossTalk } from '../../local/organization/cross-talk.ts';
import { createFleetWorld, day, type FleetWorld } from '../support/fleet-world.ts';
import { HUB, UNITS } from '../support/organization.ts';

const CANARY = '555566667777';
const limits: Limits = {
  ...{ maxAgeDays: 90, graceDays: 2, quietDays: 1, maxPostponeDays: 10, recoveryDays: 10, unusedDays: 90 },
};

/** Until the old key is Inactive; judged by what is published in the account that is named. */
async function play(postOf: (world: FleetWorld) => LocalAws): Promise<readonly Violation[]> {
  const accounts = [{ accountId: CANARY, parent: UNITS.canary }];
  const environment = { KEYTURN_GRACE_DAYS: '2', KEYTURN_QUIET_DAYS: '1' };
  const world = createFleetWorld({ accounts, environment, fleet: { limits: { maxNewRotationsPerDay: 10 } } });
  const { organization } = world;
  const { clock } = organization;
  const canary = organization.account(CANARY);
  canary.iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
  const checker = createChecker(canary, { limits, post: postOf(world) });
  for (const caller of ['scheduled-rotation', 'rotation-worker']) checker.begin({ caller });
  for (let n = 1; n <= 5; n++) {
    const tomorrow = clock.now() + DAY;
    await day(world);
    clock.set(Math.max(tomorrow, clock.now()));
  }
  checker.upTo(clock.now() - DAY);
  expect(canary.iam.keysOf('alice').map(({ status }) => status)).toEqual(['Inactive', 'Active']);
  expect(crossTalk(organization.calls, HUB)).toEqual([]);
  return checker.violations;
}

it('judges a member after each of its calls by what the hub published', async () => {
  expect(await play(({ hub }) => hub)).toEqual([]);
});

it('finds that nobody was told where the hub published nothing', async () => {
  const rules = (await play(({ organization }) => organization.account(CANARY))).map(({ rule }) => rule);
  expect(rules).toEqual(expect.arrayContaining(['told', '6 announced']));
});
