import { describe, expect, it } from 'vitest';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { drain } from '../../local/host/event-source.ts';
import {
  createLife,
  createRotated,
  createStored,
  keysOf,
  live,
  messages,
  newKeyOf,
  statusOf,
  use,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { workerSource } from '../support/queue.ts';
import { createWorld, DAY, invoke, pass, published, rotateUser, type World } from '../support/world.ts';

searchForSecretsAfterEach();

const MINUTE = 60_000;

/** Runs by schedule, each so many days after the one before, and the worker after each. */
async function runs(world: World, count: number, everyDays = 1, before?: BeforeCall): Promise<void> {
  const { aws } = world;
  for (let run = 0; run < count; run++) {
    const scheduledAt = aws.clock.now();
    const scan = createScheduledRotation(world.runtime('scheduled-rotation'));
    await invoke(world, 'scheduled-rotation', scan, { scheduledAt: new Date(scheduledAt).toISOString() });
    await drain(aws, workerSource(world, before));
    aws.clock.set(Math.max(aws.clock.now(), scheduledAt + everyDays * DAY));
  }
}

describe('a setting that is made shorter', () => {
  it.each(['0', '3'])('does not cut a running grace off: graceDays 10, then %s', async (graceDays) => {
    const life = createLife();
    await live(life, { from: 90, to: 90 });
    life.environment.KEYTURN_GRACE_DAYS = graceDays;
    life.aws.clock.advance(DAY);
    use(life, newKeyOf(life, [life.oldKey]));
    expect(await live(life, { from: 91, to: 100 })).toEqual([
      '93 reminder',
      '97 reminder',
      '99 reminder',
      '100 deactivated',
    ]);
  });

  it('does not bring the limit of a deactivation forward: maxPostponeDays 10, then 0', async () => {
    const life = createLife();
    await live(life, { from: 90, to: 90 });
    life.environment.KEYTURN_MAX_POSTPONE_DAYS = '0';
    life.aws.clock.advance(DAY);
    await live(life, { from: 91, to: 109, daily: () => use(life, life.oldKey) });
    expect(statusOf(life.aws, life.oldKey)).toBe('Active');
  });

  it('does not cut a recovery off: recoveryDays 10, then 1', async () => {
    const life = await createRotated();
    await rotateUser(life, { userName: 'alice', action: 'retire', accessKeyId: life.previous });
    life.environment.KEYTURN_RECOVERY_DAYS = '1';
    life.aws.clock.advance(DAY);
    expect(await live(life, { from: 1, to: 10 })).toEqual(['7 reminder', '10 deleted']);
  });
});

describe('where unused keys are retired', () => {
  const createUnused = (count: number): World => {
    const world = createWorld({ environment: { KEYTURN_UNUSED: 'retire', KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '2' } });
    for (let n = 0; n < count; n++) world.aws.iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 200 }] });
    return world;
  };
  const inactive = ({ aws }: World): number =>
    aws.iam.users().filter(({ keys }) => keys.some(({ status }) => status === 'Inactive')).length;

  it('everybody is told first, and so many are retired a day as are issued', async () => {
    const world = createUnused(5);
    const seen: number[] = [];
    for (let day = 0; day < 4; day++) {
      await runs(world, 1);
      seen.push(inactive(world));
    }
    expect(published(world).filter((event) => event === 'reminder')).toHaveLength(5);
    expect(seen).toEqual([0, 2, 4, 5]);
  });

  it('nobody is while SNS refuses to publish', async () => {
    const world = createUnused(3);
    await runs(world, 5, 1, ({ operation }) =>
      operation === 'Publish' ? { kind: 'error', status: 403, code: 'AuthorizationError' } : undefined,
    );
    expect(inactive(world)).toBe(0);
  });
});

it.each([2, 4, 7])('with a run every %i days a rotation ends like any other', async (everyDays) => {
  const life = createLife({ environment: { KEYTURN_RUN_EVERY_DAYS: String(everyDays) } });
  await runs(life, 1, everyDays);
  const current = newKeyOf(life, [life.oldKey]);
  use(life, current);
  await runs(life, Math.ceil(45 / everyDays), everyDays);
  expect(keysOf(life)).toEqual({ [current]: 'Active' });
  const told = published(life).filter((event) => ['issued', 'deactivated', 'deleted'].includes(event));
  expect(told).toEqual(['issued', 'deactivated', 'deleted']);
});

it('a use that IAM shows seconds after the deactivation delays no deletion, and nobody is told of it', async () => {
  const life = await createRotated();
  await rotateUser(life, { userName: 'alice', action: 'retire', accessKeyId: life.previous });
  const lastUsed = { at: life.aws.clock.now() + 30_000, service: 's3', region: 'eu-west-1' };
  const user = life.aws.iam.state.user('alice');
  const keys = user.keys.map((key) => (key.accessKeyId === life.previous ? { ...key, lastUsed } : key));
  life.aws.iam.state.save({ ...user, keys });
  life.aws.clock.advance(DAY);
  expect(await live(life, { from: 1, to: 10 })).toEqual(['7 reminder', '10 deleted']);
});

it('a current key that its owner deactivates is told of by the next run', async () => {
  const life = await createStored();
  await runs(life, 2);
  const [current = ''] = Object.keys(keysOf(life));
  life.aws.iam.setKeyStatus(current, 'Inactive');
  life.aws.sns.published.length = 0;
  await runs(life, 1);
  expect(messages(life, 'blocked').map(({ reason }) => reason)).toEqual(['current-inactive']);
});

it('a key made by hand, and used, in the minute of an issue that died keeps nobody busy', async () => {
  const life = createLife();
  await pass(life, 'alice', ({ operation }) => (operation === 'TagResource' ? { kind: 'crash-after' } : undefined));
  life.aws.clock.advance(20_000);
  const { accessKeyId } = life.aws.iam.addKey('alice');
  use(life, accessKeyId);
  life.aws.clock.advance(DAY);
  await pass(life, 'alice');
  life.aws.clock.advance(2 * MINUTE);
  const answer = await rotateUser(life, { userName: 'alice', action: 'rotate', force: true });
  expect(answer).toMatchObject({ status: 'blocked', reason: 'two-keys' });
  expect(keysOf(life)).toEqual({ [life.oldKey]: 'Active', [accessKeyId]: 'Active' });
  expect(messages(life, 'blocked').map(({ reason }) => reason)).toEqual(['slots-taken']);
});
