// The preview of cli/preview.ts and the dry run of shared/service/scheduled-rotation.ts are one path.

import { GenerateCredentialReportCommand } from '@aws-sdk/client-iam';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PlanOutput } from '../../cli/output.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { ScheduledRun } from '../../shared/service/scheduled-rotation.ts';
import { startAccounts } from '../support/accounts.ts';
import { runCommand } from '../support/run-command.ts';
import { runOnce } from '../support/runs.ts';
import { createWorld, DAY, invoke, type World } from '../support/world.ts';

const SEED = Number(process.env.KEYTURN_SEED ?? 20261128);
/** A share of them, as in the other models; `npm run proof` makes all. */
const SHARE = Number(process.env.KEYTURN_MODEL_SHARE ?? 11);

const key = fc.record({
  ageDays: fc.constantFrom(0, 5, 60, 79, 80, 89, 90, 95, 100, 119, 200, 800),
  status: fc.constantFrom('Active', 'Active', 'Active', 'Inactive'),
  usedDaysAgo: fc.constantFrom(undefined, 0, 1, 3, 60),
});
const tag = fc.constantFrom<Record<string, string>>(
  {},
  {},
  {},
  { 'keyturn:owner': 'team-a' },
  { 'keyturn:exempt': 'true' },
  { 'keyturn:unused': 'retire' },
  { 'keyturn:max-age-days': '60' },
  { 'keyturn:grace-days': 'soon' },
);
const user = fc.record({ keys: fc.array(key, { maxLength: 2 }), tags: tag });
/** Runs with days between them, on which some of the users work with their newest key, others with their oldest. */
const run = fc.record({ days: fc.constantFrom(1, 3, 7, 11), works: fc.constantFrom('newest', 'oldest', 'nobody') });
const story = fc.record({
  users: fc.array(user, { minLength: 1, maxLength: 6 }),
  runs: fc.array(run, { maxLength: 5 }),
  emails: fc.constantFrom<string[] | undefined>(undefined, undefined, []),
  settings: fc.constantFrom<Record<string, string>>(
    {},
    {},
    { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '1' },
    { KEYTURN_ON_BLOCKED: 'retire-least-used' },
    { KEYTURN_STATE_EPOCH: '2' },
    { KEYTURN_GRACE_DAYS: '0' },
  ),
});
type Story = typeof story extends fc.Arbitrary<infer Told> ? Told : never;

async function tell({ users, runs, emails, settings }: Story): Promise<World> {
  const world = createWorld({ latencyMs: 0, ...(emails === undefined ? {} : { emails }) });
  const { clock, iam, region } = world.aws;
  for (const [index, { keys, tags }] of users.entries()) {
    iam.addUser({
      userName: `user-${index}`,
      tags,
      keys: keys.map(({ ageDays, status, usedDaysAgo }) => ({
        ageDays,
        status: status === 'Inactive' ? 'Inactive' : 'Active',
        ...(usedDaysAgo === undefined || usedDaysAgo > ageDays
          ? {}
          : { lastUsed: { at: clock.now() - usedDaysAgo * DAY, service: 's3', region } }),
      })),
    });
  }
  for (const { days, works } of runs) {
    await runOnce(world);
    clock.advance(days * DAY);
    for (const { userName } of works === 'nobody' ? [] : iam.users()) {
      const active = iam.keysOf(userName).filter(({ status }) => status === 'Active');
      const byAge = active.toSorted((a, b) => b.createdAt - a.createdAt);
      const used = works === 'newest' ? byAge[0] : byAge.at(-1);
      if (used !== undefined) iam.useKey(used.accessKeyId, { service: 's3', region });
    }
  }
  // What is signed is of the epoch before then, as after an operator has raised it.
  Object.assign(world.environment, settings);
  await world.runtime('operator').aws.iam.send(new GenerateCredentialReportCommand({}));
  clock.advance(2_000);
  return world;
}

it('keyturn plan --json has the steps of the dry run, for any account whose state is valid', {
  timeout: 900_000,
}, async () => {
  let steps = 0;
  const isSame = async (told: Story): Promise<void> => {
    const world = await tell(told);
    const handler = createScheduledRotation(world.runtime('scheduled-rotation'));
    const dry = (await invoke(world, 'scheduled-rotation', handler, { dryRun: true })) as ScheduledRun;
    const accounts = await startAccounts([world.aws]);
    try {
      accounts.deployed.set(world.aws.accountId, { 'keyturn-dev-scheduled-rotation': world.environment });
      const { stdout, stderr } = await runCommand(accounts, ['plan', '--json'], { now: world.aws.clock.now() });
      const [account] = (JSON.parse(stdout) as PlanOutput).accounts;
      expect(stderr).toContain('Settings of the deployment keyturn-dev in eu-west-1.');
      expect(account?.plan).toEqual(dry.plan?.map((step) => ({ ...step, basis: 'as-recorded' })));
      expect(account).toMatchObject({ skipped: dry.skipped, usersScanned: dry.usersScanned, errors: [] });
      steps += dry.plan?.length ?? 0;
    } finally {
      await accounts.close();
    }
  };
  await fc.assert(fc.asyncProperty(story, isSame), { seed: SEED, numRuns: Math.ceil(110 / SHARE) });
  console.log(`${steps} steps compared, fast-check seed ${SEED} (KEYTURN_SEED)`);
  expect(steps).toBeGreaterThan(10);
});
