import { describe, expect, it } from 'vitest';
import {
  createLife,
  keysOf,
  type Life,
  labelsOf,
  live,
  messages,
  newKeyOf,
  rename,
  secretNameOf,
  statusOf,
  tagOf,
  use,
  writes,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { createWorld, DAY, pass, rotateUser } from '../support/world.ts';

searchForSecretsAfterEach();

/** The owner uses the new key from the day after its issue. */
function switchOver(life: Life, known: readonly string[] = [life.oldKey]) {
  return () => use(life, newKeyOf(life, known));
}

describe('retiring unused keys', () => {
  it.each([
    ['setting', { environment: { KEYTURN_UNUSED: 'retire' } }],
    ['tag of the user', { tags: { 'keyturn:unused': 'retire' } }],
  ])('by %s deactivates a due key without a replacement, and deletes it', async (_by, options) => {
    const life = createLife({ usedDaysAgo: undefined, ...options });
    expect(await live(life, { from: 90, to: 102 })).toEqual([
      '90 reminder',
      '91 retired',
      '98 reminder',
      '101 deleted',
    ]);
    expect(messages(life, 'retired')).toMatchObject([
      { accessKeyId: life.oldKey, reason: 'unused', next: { action: 'delete' } },
    ]);
    expect(keysOf(life)).toEqual({});
    expect(labelsOf(life, life.userId)).toEqual({});
  });

  it('replaces a key that was used in the last 90 days all the same', async () => {
    const life = createLife({ usedDaysAgo: 89, environment: { KEYTURN_UNUSED: 'retire' } });
    expect(await live(life, { from: 90, to: 90 })).toEqual(['90 issued']);
  });
});

describe('an owner', () => {
  it('who uses the old key between the plan and the write keeps it, and no intent is left', async () => {
    const life = createLife();
    await live(life, { from: 90, to: 99, on: { 91: switchOver(life) } });
    life.aws.clock.advance(DAY);
    const from = life.aws.calls.length;
    await pass(life, 'alice', ({ operation }) => {
      if (operation === 'TagResource') use(life, life.oldKey);
      return undefined;
    });
    expect(writes(life, from)).toEqual(['secretsmanager:TagResource', 'secretsmanager:UntagResource']);
    expect(statusOf(life.aws, life.oldKey)).toBe('Active');
    expect(tagOf(life, life.userId, 'doing')).toBeUndefined();
  });
});

describe('an operator', () => {
  it('who reactivates the old key gives its owner a whole new grace', async () => {
    const life = createLife();
    const { aws, oldKey, userId } = life;
    const on = { 91: switchOver(life), 103: () => aws.iam.setKeyStatus(oldKey, 'Active') };
    const timeline = await live(life, { from: 90, to: 124, on });
    expect(timeline.slice(4)).toEqual([
      '100 deactivated',
      '103 reactivated',
      '106 reminder',
      '110 reminder',
      '112 reminder',
      '113 postponed',
      '122 reminder',
      '123 deactivated',
    ]);
    expect(tagOf(life, userId, 'deactivated')).toContain(oldKey);
  });

  it('who reactivates the old key for an owner who goes on with the new one sees it deactivated after the grace', async () => {
    const life = createLife();
    const { aws, oldKey } = life;
    const on = { 103: () => aws.iam.setKeyStatus(oldKey, 'Active') };
    const daily = (day: number) => (day > 90 ? switchOver(life)() : undefined);
    const timeline = await live(life, { from: 90, to: 124, on, daily });
    expect(timeline.slice(5)).toEqual([
      '103 reactivated',
      '106 reminder',
      '110 reminder',
      '112 reminder',
      '113 deactivated',
      '120 reminder',
      '123 deleted',
    ]);
  });

  it('who deletes the current key gets another one, not before the grace of the first is over', async () => {
    const life = createLife();
    const { aws, oldKey, userId } = life;
    const on = { 95: () => aws.iam.deleteKey(newKeyOf(life, [oldKey])) };
    const timeline = await live(life, { from: 90, to: 101, on });
    expect(timeline).toEqual(['90 issued', '93 reminder', '100 issued', '101 deleted']);
    const newKey = newKeyOf(life, [oldKey]);
    expect(keysOf(life)).toEqual({ [oldKey]: 'Active', [newKey]: 'Active' });
    expect(labelsOf(life, userId)).toMatchObject({ AWSCURRENT: newKey });
  });

  it('who deletes the old key is announced, and nothing is left of it', async () => {
    const life = createLife({ ageDays: 90 });
    const { aws, oldKey, userId } = life;
    await live(life, { from: 90, to: 111, on: { 91: switchOver(life) } });
    const second = newKeyOf(life, [oldKey]);
    aws.clock.set((aws.iam.keysOf('alice')[0]?.createdAt ?? 0) + 90 * DAY);
    use(life, second);
    const timeline = await live(life, { from: 180, to: 190, on: { 182: () => aws.iam.deleteKey(second) } });
    expect(timeline).toEqual(['180 issued', '182 deleted']);
    expect(messages(life, 'deleted').at(-1)).toMatchObject({ accessKeyId: second, reason: 'key-gone' });
    expect(Object.keys(labelsOf(life, userId))).not.toContain(second);
  });

  it('who deletes a key in its recovery is announced, and the record is taken off', async () => {
    const life = createLife();
    const { aws, oldKey, userId } = life;
    const on = { 91: switchOver(life), 104: () => aws.iam.deleteKey(oldKey) };
    const timeline = await live(life, { from: 90, to: 112, on });
    expect(timeline.slice(4)).toEqual(['100 deactivated', '104 deleted']);
    expect(tagOf(life, userId, 'deactivated')).toBeUndefined();
  });

  it('who deactivates the current key blocks the user: that is a decision', async () => {
    const life = createLife();
    const { aws, oldKey } = life;
    const on = { 95: () => aws.iam.setKeyStatus(newKeyOf(life, [oldKey]), 'Inactive') };
    const timeline = await live(life, { from: 90, to: 125, on });
    expect(timeline).toEqual(['90 issued', '93 reminder', ...[95, 102, 109, 116, 123].map((day) => `${day} blocked`)]);
    expect(statusOf(aws, oldKey)).toBe('Active');
  });
});

describe('a key made by hand', () => {
  it('and Active blocks a due rotation: announced when it begins and weekly, with the evidence', async () => {
    const life = createLife();
    const { aws, oldKey, userId } = life;
    const { accessKeyId } = aws.iam.addKey('alice', { ageDays: 10 });
    const timeline = await live(life, { from: 90, to: 105 });
    expect(timeline).toEqual(['90 blocked', '97 blocked', '104 blocked']);
    const [blocked] = messages(life);
    expect(blocked).toMatchObject({ reason: 'slots-taken', severity: 'warning', accessKeyId: oldKey });
    expect(blocked?.message).toContain(`${oldKey} (active, 90 days old, last used 2025-12-29T00:00:00.000Z by s3`);
    expect(blocked?.message).toContain(`${accessKeyId} (active, 10 days old, no recorded use)`);
    expect(keysOf(life)).toEqual({ [oldKey]: 'Active', [accessKeyId]: 'Active' });
    expect(aws.secrets.find(secretNameOf(userId))?.versions).toEqual([]);
    expect(life.metrics.get('Blocked')).toBe(16);
  });

  it('beside the current key, and newer, blocks the next rotation only', async () => {
    const life = createLife();
    const { aws, oldKey } = life;
    await live(life, { from: 90, to: 111, on: { 91: switchOver(life) } });
    aws.clock.set((aws.iam.keysOf('alice')[0]?.createdAt ?? 0) + 60 * DAY);
    aws.iam.addKey('alice');
    use(life, newKeyOf(life, [oldKey, aws.iam.keysOf('alice')[1]?.accessKeyId ?? '']));
    expect(await live(life, { from: 150, to: 188 })).toEqual(['180 blocked', '187 blocked']);
  });

  it('and Inactive is recorded, announced and deleted, which frees the slot', async () => {
    const life = createLife();
    const { aws, oldKey, userId } = life;
    const { accessKeyId } = aws.iam.addKey('alice', { ageDays: 10, status: 'Inactive' });
    const timeline = await live(life, { from: 90, to: 101 });
    expect(timeline).toEqual(['90 inactive-seen', '97 reminder', '100 deleted', '101 issued']);
    expect(messages(life, 'inactive-seen')).toMatchObject([{ accessKeyId, next: { action: 'delete' } }]);
    expect(Object.keys(keysOf(life))).toEqual([oldKey, newKeyOf(life, [oldKey])]);
    expect(tagOf(life, userId, 'inactive-seen')).toBeUndefined();
  });

  it('and Inactive is kept when somebody reactivates it in its recovery', async () => {
    const life = createLife();
    const { aws } = life;
    const { accessKeyId } = aws.iam.addKey('alice', { ageDays: 10, status: 'Inactive' });
    const on = { 95: () => aws.iam.setKeyStatus(accessKeyId, 'Active') };
    const timeline = await live(life, { from: 90, to: 101, on });
    expect(timeline).toEqual(['90 inactive-seen', '95 reactivated', '95 blocked']);
    expect(statusOf(aws, accessKeyId)).toBe('Active');
  });

  it('gives way where onBlocked says so: the least used of two is deactivated after a grace period, then one is issued', async () => {
    const life = createLife({ environment: { KEYTURN_ON_BLOCKED: 'retire-least-used' } });
    const { aws, oldKey, userId } = life;
    const { accessKeyId: spare } = aws.iam.addKey('alice', { ageDays: 30 });
    const timeline = await live(life, { from: 90, to: 111, daily: () => use(life, oldKey) });
    expect(timeline).toEqual([
      '90 grace-restarted',
      '93 reminder',
      '97 reminder',
      '99 reminder',
      '100 deactivated',
      '107 reminder',
      '110 deleted',
      '111 issued',
    ]);
    expect(statusOf(aws, oldKey)).toBe('Active');
    expect(statusOf(aws, spare)).toBeUndefined();
    expect(messages(life, 'grace-restarted')).toMatchObject([{ newAccessKeyId: oldKey, accessKeyId: spare }]);
    expect(labelsOf(life, userId)).toMatchObject({ AWSCURRENT: newKeyOf(life, [oldKey]) });
  });

  it('in use is never deactivated by onBlocked', async () => {
    const life = createLife({ environment: { KEYTURN_ON_BLOCKED: 'retire-least-used' } });
    const { accessKeyId: spare } = life.aws.iam.addKey('alice', { ageDays: 30 });
    const daily = () => {
      use(life, life.oldKey);
      use(life, spare);
    };
    const timeline = await live(life, { from: 90, to: 125, daily });
    expect(timeline).not.toContain('110 deactivated');
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Active', [spare]: 'Active' });
  });
});

describe('a name', () => {
  it('that changes keeps the secret, whose description and tag follow with the next issue', async () => {
    const life = createLife();
    const { aws, userId } = life;
    await live(life, { from: 90, to: 111, on: { 91: switchOver(life) } });
    const before = aws.secrets.find(secretNameOf(userId));
    rename(life, 'alice', 'alicia,build=1');
    const second = newKeyOf(life, [], 'alicia,build=1');
    aws.clock.set((aws.iam.keysOf('alicia,build=1')[0]?.createdAt ?? 0) + 90 * DAY);
    use(life, second);
    expect(await live(life, { from: 180, to: 180, userName: 'alicia,build=1' })).toEqual(['180 issued']);
    const after = aws.secrets.find(secretNameOf(userId));
    expect(after?.arn).toBe(before?.arn);
    expect(aws.secrets.all()).toHaveLength(1);
    expect(after?.description).toBe('Access key of IAM user alicia,build=1, kept by Keyturn');
    expect(after?.tags['keyturn:user-name']).toBe('alicia_build=1');
    expect(after?.policy).toContain('user/alicia,build=1');
    expect(JSON.parse(after?.currentValue ?? '{}').UserName).toBe('alicia,build=1');
  });

  it('that is given to a new user gets a new secret, and the old one is not touched', async () => {
    const life = createLife();
    const { aws, userId } = life;
    await live(life, { from: 90, to: 90 });
    const before = aws.secrets.find(secretNameOf(userId));
    aws.iam.deleteUser('alice');
    const again = aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 90 }] });
    aws.clock.advance(DAY);
    expect(await live(life, { from: 91, to: 91 })).toEqual(['91 issued']);
    expect(again.userId).not.toBe(userId);
    expect(aws.secrets.find(secretNameOf(userId))).toEqual(before);
    expect(labelsOf(life, again.userId).AWSCURRENT).toBe(newKeyOf(life, [again.keys[0]?.accessKeyId ?? '']));
  });

  it('with a user who has no keys is left alone', async () => {
    const world = createWorld();
    world.aws.iam.addUser({ userName: 'consultant' });
    expect(await pass(world, 'consultant')).toBe(true);
    const { status, reason, keys } = await rotateUser(world, { userName: 'consultant' });
    expect({ status, reason, keys }).toEqual({ status: 'unchanged', reason: 'no-active-key', keys: [] });
    expect(writes(world)).toEqual([]);
    expect(world.aws.sns.published).toEqual([]);
  });
});
