// Tests of cli/html/forecast.ts: what is foreseen is what happens, if people do as is assumed.

import { expect, it } from 'vitest';
import { forecast } from '../../cli/html/forecast.ts';
import { observeUser } from '../../shared/aws/observe.ts';
import { parseSettings } from '../../shared/core/settings.ts';
import { asRecorded } from '../../shared/core/state-key.ts';
import { runOnce } from '../support/runs.ts';
import { createWorld, DAY, type World } from '../support/world.ts';

const DAYS = 60;

const eventOf: Readonly<Record<string, string>> = {
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

interface Owner {
  keys: { ageDays: number; usedDaysAgo?: number; isInactive?: boolean }[];
  tags?: Record<string, string>;
}

const owners: Readonly<Record<string, Owner>> = {
  'one-key-that-is-due': { keys: [{ ageDays: 95, usedDaysAgo: 1 }] },
  'one-that-will-be': { keys: [{ ageDays: 70, usedDaysAgo: 1 }] },
  'an-inactive-one-beside-it': {
    keys: [
      { ageDays: 100, usedDaysAgo: 1 },
      { ageDays: 300, isInactive: true },
    ],
  },
  'one-that-nobody-uses-to-be-retired': { keys: [{ ageDays: 200 }], tags: { 'keyturn:unused': 'retire' } },
  'a-short-grace-period': { keys: [{ ageDays: 90, usedDaysAgo: 1 }], tags: { 'keyturn:grace-days': '4' } },
};

function addOwner({ aws }: World, userName: string, { keys, tags = {} }: Owner): void {
  const toKey = ({ ageDays, usedDaysAgo, isInactive }: Owner['keys'][number]) => ({
    ageDays,
    status: isInactive ? ('Inactive' as const) : ('Active' as const),
    ...(usedDaysAgo === undefined
      ? {}
      : { lastUsed: { at: aws.clock.now() - usedDaysAgo * DAY, service: 's3', region: aws.region } }),
  });
  aws.iam.addUser({ userName, tags, keys: keys.map(toKey) });
}

/** What each of them is told, as `day event`. */
const told = ({ aws }: World): string[] =>
  aws.sns.published
    .filter(({ attributes }) => attributes.event !== 'digest')
    .map(({ attributes }) => `${attributes.userName} ${attributes.event}`);

it('each owner is told on the day that was foreseen, and of nothing else', async () => {
  const world = createWorld();
  const { aws } = world;
  for (const [userName, owner] of Object.entries(owners)) addOwner(world, userName, owner);
  const settings = parseSettings(world.environment);
  const reader = { aws: world.runtime('operator').aws, settings, verifier: asRecorded };
  const observed = await Promise.all(Object.keys(owners).map((userName) => observeUser(reader, { userName })));
  const from = aws.clock.now();
  const foreseen = forecast(
    observed.flatMap((state) => state ?? []),
    settings,
    from,
    DAYS,
  );
  const happened: string[] = [];
  for (let day = 0; day <= DAYS; day++) {
    aws.clock.set(Math.max(aws.clock.now(), from + day * DAY));
    if (day > 0) work(world);
    const before = told(world).length;
    await runOnce(world);
    happened.push(
      ...told(world)
        .slice(before)
        .map((event) => `${day} ${event}`),
    );
  }
  for (const userName of Object.keys(owners)) {
    const events = foreseen.find(({ user }) => user.userName === userName)?.events ?? [];
    const shown = events.map(
      ({ at, step }) => `${(at - from) / DAY} ${userName} ${eventOf[step.action] ?? step.action}`,
    );
    expect(shown).toEqual(happened.filter((event) => event.includes(` ${userName} `)));
    expect(shown.length).toBeGreaterThan(1);
  }
});
