// Tests of cli/html/forecast.ts: what is foreseen is what happens, if people do as is assumed.

import { expect, it } from 'vitest';
import { forecast } from '../../cli/html/forecast.ts';
import { observeUser } from '../../shared/aws/observe.ts';
import { parseSettings } from '../../shared/core/settings.ts';
import { asRecorded } from '../../shared/core/state-key.ts';
import { runOnce } from '../support/runs.ts';
import { createWorld, DAY, published, type World } from '../support/world.ts';

const DAYS = 60;

const events: Readonly<Record<string, string>> = {
  issue: 'issued',
  remind: 'reminder',
  deactivate: 'deactivated',
  retire: 'retired',
  delete: 'deleted',
  'record-inactive': 'inactive-seen',
  postpone: 'postponed',
};

/** A day of people: the newest key is used from its second day on, and a key that was in use until then. */
function work({ aws }: World): void {
  for (const { keys } of aws.iam.users()) {
    const newest = keys.filter(({ status }) => status === 'Active').toSorted((a, b) => b.createdAt - a.createdAt)[0];
    const isInUse = keys.some(({ lastUsed }) => lastUsed !== undefined);
    if (newest !== undefined && isInUse) aws.iam.useKey(newest.accessKeyId, { service: 's3', region: aws.region });
  }
}

it.each([
  ['one key that is due', [{ ageDays: 95, usedDaysAgo: 1 }], {}],
  ['one that will be', [{ ageDays: 70, usedDaysAgo: 1 }], {}],
  [
    'an inactive one beside it',
    [
      { ageDays: 100, usedDaysAgo: 1 },
      { ageDays: 300, isInactive: true },
    ],
    {},
  ],
  ['one that nobody uses, to be retired', [{ ageDays: 200 }], { 'keyturn:unused': 'retire' }],
  ['a short grace period', [{ ageDays: 90, usedDaysAgo: 1 }], { 'keyturn:grace-days': '4' }],
])('%s', async (_, keys: { ageDays: number; usedDaysAgo?: number; isInactive?: boolean }[], tags) => {
  const world = createWorld();
  const { aws } = world;
  aws.iam.addUser({
    userName: 'alice',
    tags,
    keys: keys.map(({ ageDays, usedDaysAgo, isInactive }) => ({
      ageDays,
      status: isInactive ? ('Inactive' as const) : ('Active' as const),
      ...(usedDaysAgo === undefined
        ? {}
        : { lastUsed: { at: aws.clock.now() - usedDaysAgo * DAY, service: 's3', region: aws.region } }),
    })),
  });
  const settings = parseSettings(world.environment);
  const reader = { aws: world.runtime('operator').aws, settings, verifier: asRecorded };
  const state = await observeUser(reader, { userName: 'alice' });
  const from = aws.clock.now();
  const [foreseen] = state === undefined ? [] : forecast([state], settings, from, DAYS);
  const expected: string[] = [];
  for (let day = 0; day <= DAYS; day++) {
    aws.clock.set(Math.max(aws.clock.now(), from + day * DAY));
    if (day > 0) work(world);
    const before = published(world).length;
    await runOnce(world);
    const told = published(world)
      .slice(before)
      .filter((event) => event !== 'digest');
    expected.push(...told.map((event) => `${day} ${event}`));
  }
  const shown = foreseen?.events.map(({ at, step }) => `${(at - from) / DAY} ${events[step.action] ?? step.action}`);
  expect(shown).toEqual(expected);
  expect(expected.length).toBeGreaterThan(1);
});
