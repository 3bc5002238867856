// Tests of shared/service/reconcile.ts, shared/apply/apply.ts, shared/apply/pass.ts, shared/apply/replan.ts,
// shared/aws/observe.ts, shared/apply/frame.ts and shared/apply/attempt.ts.

import { describe, expect, it } from 'vitest';
import {
  createLife,
  dateIn,
  keysOf,
  labelsOf,
  live,
  messages,
  newKeyOf,
  statusOf,
  tagOf,
  tagsOf,
  use,
  writes,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { DAY, pass, published, rotateUser } from '../support/world.ts';

searchForSecretsAfterEach();

describe('the life of a key', () => {
  it('is issued on day 90, reminded of on 93, 97 and 99, deactivated on 100 and deleted on 110, twice', async () => {
    const life = createLife({ ageDays: 89 });
    const { aws, oldKey, userId } = life;
    expect(await live(life, { from: 89, to: 92 })).toEqual(['90 issued']);
    const second = newKeyOf(life, [oldKey]);
    expect(keysOf(life)).toEqual({ [oldKey]: 'Active', [second]: 'Active' });
    expect(labelsOf(life, userId)).toEqual({ AWSCURRENT: second, AWSPENDING: second, [second]: second });
    use(life, second);
    aws.clock.advance(DAY);
    const first = await live(life, { from: 93, to: 178, on: { 105: () => use(life, second) } });
    expect(first).toEqual([
      '93 reminder',
      '97 reminder',
      '99 reminder',
      '100 deactivated',
      '107 reminder',
      '110 deleted',
    ]);
    expect(keysOf(life)).toEqual({ [second]: 'Active' });

    use(life, second);
    aws.clock.advance(DAY);
    const switchOver = () => use(life, newKeyOf(life, [second]));
    expect(await live(life, { from: 179, to: 205, on: { 182: switchOver } })).toEqual([
      '180 issued',
      '183 reminder',
      '187 reminder',
      '189 reminder',
      '190 deactivated',
      '197 reminder',
      '200 deleted',
    ]);
    const third = newKeyOf(life, [second]);
    expect(keysOf(life)).toEqual({ [third]: 'Active' });
    const labels = labelsOf(life, userId);
    expect(labels).toMatchObject({ AWSCURRENT: third, [third]: third });
    expect(Object.keys(labels)).not.toContain(second);
    expect(Object.keys(tagsOf(life, userId)).toSorted()).toEqual([
      'keyturn:announced',
      'keyturn:current-since',
      'keyturn:issued-on',
      'keyturn:made',
      'keyturn:policy',
      'keyturn:user-id',
      'keyturn:user-name',
    ]);
  });

  it('says in each message which key, what happens next and when, and where the old key was last used', async () => {
    const life = createLife({ usedDaysAgo: undefined });
    const { aws, oldKey, userId } = life;
    aws.iam.useKey(oldKey, { service: 'ec2', region: 'eu-central-1', at: aws.clock.now() - DAY });
    await live(life, { from: 90, to: 110, on: { 91: () => use(life, newKeyOf(life, [oldKey])) } });
    const newKey = newKeyOf(life, [oldKey]);
    const [issued, reminder] = messages(life);
    const common = { schemaVersion: 1, accountId: aws.accountId, userId, userName: 'alice', accessKeyId: oldKey };
    expect(issued).toMatchObject({ ...common, event: 'issued', severity: 'info', newAccessKeyId: newKey });
    expect(issued).toMatchObject({ secretName: `keyturn/${userId}/access-key`, next: { action: 'deactivate' } });
    expect(issued?.next?.notBefore).toMatch(/^2026-01-11T00:00:/);
    expect(reminder).toMatchObject({ ...common, event: 'reminder', next: { action: 'deactivate' } });
    expect(reminder?.lastUsed).toEqual({ at: '2025-12-31T00:00:00.000Z', service: 'ec2', region: 'eu-central-1' });
    const [deactivated] = messages(life, 'deactivated');
    expect(deactivated).toMatchObject({ ...common, reason: 'grace-over', next: { action: 'delete' } });
    expect(deactivated?.transitionId).toMatch(new RegExp(`^deactivate/${userId}/2026-01-11T`));
    expect(messages(life, 'deleted')).toMatchObject([{ ...common, reason: 'recovery-over' }]);
    const attributes = aws.sns.published.map((message) => message.attributes);
    expect(attributes[0]).toEqual({ userName: 'alice', accountId: aws.accountId, event: 'issued', severity: 'info' });
  });

  it('takes an eleventh pass to day 10 when each pass begins at the same time of day', async () => {
    const life = createLife();
    const { aws, oldKey } = life;
    const start = aws.clock.now();
    const timeline: string[] = [];
    for (let day = 90; day <= 112; day++) {
      aws.clock.set(start + (day - 90) * DAY);
      const before = published(life).length;
      await pass(life, 'alice');
      timeline.push(
        ...published(life)
          .slice(before)
          .map((event) => `${day} ${event}`),
      );
      if (day === 90) use(life, newKeyOf(life, [oldKey]));
      if (day === 91) use(life, newKeyOf(life, [oldKey]));
    }
    expect(timeline).toEqual([
      '90 issued',
      '94 reminder',
      '98 reminder',
      '100 reminder',
      '101 deactivated',
      '109 reminder',
      '112 deleted',
    ]);
  });

  it('ends at the hard limit for an owner who never switches, after one more reminder', async () => {
    const life = createLife({ usedDaysAgo: 5 });
    const timeline = await live(life, { from: 90, to: 120 });
    expect(timeline).toEqual([
      '90 issued',
      '93 reminder',
      '97 reminder',
      '99 reminder',
      '100 postponed',
      '109 reminder',
      '110 deactivated',
      '117 reminder',
      '120 deleted',
    ]);
    expect(messages(life, 'postponed')).toMatchObject([{ reason: 'not-switched', accessKeyId: life.oldKey }]);
    expect(messages(life, 'deactivated')).toMatchObject([{ reason: 'postponed-to-limit' }]);
  });

  it('counts an old key that was unused for 90 days as switched', async () => {
    const life = createLife({ ageDays: 95, usedDaysAgo: 80 });
    const timeline = await live(life, { from: 90, to: 101 });
    expect(timeline.at(-1)).toBe('100 deactivated');
  });

  it('takes the proof of a new key for no switch', async () => {
    const life = createLife();
    await live(life, { from: 90, to: 90 });
    const [key] = life.aws.iam.keysOf('alice').filter(({ accessKeyId }) => accessKeyId !== life.oldKey);
    expect(key?.lastUsed?.service).toBe('sts');
    life.aws.clock.advance(DAY);
    expect((await live(life, { from: 91, to: 101 })).at(-1)).toBe('100 postponed');
  });

  it('announces daily that a key in use is put off, and deactivates it at the hard limit', async () => {
    const life = createLife();
    const daily = (day: number): void => {
      use(life, life.oldKey, 'dynamodb');
      if (day > 90) use(life, newKeyOf(life, [life.oldKey]));
    };
    const timeline = await live(life, { from: 90, to: 120, daily });
    expect(timeline).toEqual([
      '90 issued',
      '93 reminder',
      '97 reminder',
      '99 reminder',
      ...[100, 101, 102, 103, 104, 105, 106, 107, 108].map((day) => `${day} postponed`),
      '109 reminder',
      '110 deactivated',
      '117 reminder',
      '120 deleted',
    ]);
    const [postponed] = messages(life, 'postponed');
    expect(postponed).toMatchObject({ reason: 'still-in-use', lastUsed: { service: 'dynamodb' } });
    expect(postponed?.next?.notBefore).toMatch(/^2026-01-11T12:/);
    expect(postponed?.message).toContain('in 10 days (2026-01-21) at the latest');
  });

  it('deactivates a key two days after its last use, when that comes after the grace', async () => {
    const life = createLife();
    const on = { 91: () => use(life, newKeyOf(life, [life.oldKey])), 100: () => use(life, life.oldKey) };
    const timeline = await live(life, { from: 90, to: 103, on });
    expect(timeline.slice(4)).toEqual(['100 postponed', '101 postponed', '102 deactivated']);
  });
});

describe('a confirmed switch', () => {
  const confirm = (life: ReturnType<typeof createLife>) => () =>
    rotateUser(life, { userName: 'alice', action: 'confirm' });

  it('ends the grace after one more reminder', async () => {
    const life = createLife();
    const timeline = await live(life, { from: 90, to: 106, on: { 94: confirm(life) } });
    expect(timeline).toEqual([
      '90 issued',
      '93 reminder',
      '94 reminder',
      '95 deactivated',
      '102 reminder',
      '105 deleted',
    ]);
  });

  it('does not end the quiet check', async () => {
    const life = createLife();
    const on = { 94: confirm(life), 95: () => use(life, life.oldKey) };
    const timeline = await live(life, { from: 90, to: 97, on });
    expect(timeline).toEqual([
      '90 issued',
      '93 reminder',
      '94 reminder',
      '95 postponed',
      '96 postponed',
      '97 deactivated',
    ]);
  });

  it('does not move the hard limit', async () => {
    const life = createLife();
    const on = { 109: confirm(life) };
    const timeline = await live(life, { from: 90, to: 111, on, daily: () => use(life, life.oldKey) });
    expect(timeline.slice(-3)).toEqual(['108 postponed', '109 reminder', '110 deactivated']);
  });

  it('is void for the next rotation', async () => {
    const life = createLife();
    await live(life, { from: 90, to: 105, on: { 94: confirm(life) } });
    const second = newKeyOf(life, [life.oldKey]);
    life.aws.clock.set(life.aws.iam.keysOf('alice')[0]?.createdAt ?? 0);
    life.aws.clock.advance(90 * DAY);
    use(life, second);
    const timeline = await live(life, { from: 180, to: 191 });
    expect(timeline.slice(-2)).toEqual(['189 reminder', '190 postponed']);
  });
});

describe('a grace of its own', () => {
  it('hands over in one run with grace 0', async () => {
    const life = createLife({ environment: { KEYTURN_GRACE_DAYS: '0' } });
    const timeline = await live(life, { from: 90, to: 101, daily: () => use(life, life.oldKey) });
    expect(timeline).toEqual(['90 issued', '90 deactivated', '97 reminder', '100 deleted']);
    expect(messages(life, 'deactivated')).toMatchObject([{ reason: 'no-grace', accessKeyId: life.oldKey }]);
    expect(writes(life)).toContain('iam:UpdateAccessKey');
  });

  it('hands over at once by a tag of the user alone', async () => {
    const life = createLife({ tags: { 'keyturn:grace-days': '0' } });
    expect(await live(life, { from: 90, to: 90 })).toEqual(['90 issued', '90 deactivated']);
  });

  it('holds for the rotation it was asked for, and no other', async () => {
    const life = createLife({ ageDays: 20 });
    await rotateUser(life, { userName: 'alice', action: 'rotate', graceDays: 2 });
    const second = newKeyOf(life, [life.oldKey]);
    expect(tagOf(life, life.userId, 'current-since')).toMatch(new RegExp(` ${second} grace=2 promised=2/10$`));
    life.aws.clock.advance(3_600_000);
    use(life, second);
    const timeline = await live(life, { from: 0, to: 14 });
    expect(timeline).toEqual(['1 reminder', '2 deactivated', '9 reminder', '12 deleted']);
    life.aws.clock.set(life.aws.iam.keysOf('alice')[0]?.createdAt ?? 0);
    life.aws.clock.advance(90 * DAY);
    await live(life, { from: 0, to: 0 });
    expect(tagOf(life, life.userId, 'current-since')).not.toContain('grace=');
  });

  it('of 0 asked for by hand deactivates in the same run', async () => {
    const life = createLife({ ageDays: 20 });
    const { status, outcomes, keys } = await rotateUser(life, { userName: 'alice', action: 'rotate', graceDays: 0 });
    expect(status).toBe('changed');
    expect(outcomes.map(({ action, result }) => [action, result])).toEqual([
      ['issue', 'done'],
      ['deactivate', 'done'],
    ]);
    expect(keys.map((key) => [key.role, key.status])).toEqual([
      ['stranger', 'Inactive'],
      ['current', 'Active'],
    ]);
  });
});

describe('a user who is left alone', () => {
  it('is not touched in a freeze, but reminded, and gets a fresh reminder after it', async () => {
    const life = createLife({ environment: { KEYTURN_FREEZE: '[["2026-01-08","2026-01-15"]]' } });
    const on = { 92: () => use(life, newKeyOf(life, [life.oldKey])) };
    const timeline = await live(life, { from: 90, to: 116, on });
    expect(timeline).toEqual([
      '90 issued',
      '93 reminder',
      '97 reminder',
      '99 reminder',
      '104 reminder',
      '105 deactivated',
      '112 reminder',
      '115 deleted',
    ]);
    const told = life.aws.sns.published.map(({ message }) => JSON.parse(message.default ?? '{}'));
    const promised = told.filter(({ event }) => event === 'issued' || event === 'reminder');
    expect(promised.map(({ next }) => next.notBefore.slice(0, 10)).slice(0, 4)).toEqual(Array(4).fill('2026-01-15'));
  });

  it('gets no new key and loses none in a freeze, except by hand', async () => {
    const frozen = createLife({ environment: { KEYTURN_FREEZE: '[["2025-12-30","2026-01-03"]]' } });
    expect(await live(frozen, { from: 90, to: 93 })).toEqual(['92 issued']);
    const byHand = createLife({ environment: { KEYTURN_FREEZE: '[["2025-12-30","2026-01-03"]]' } });
    const { status } = await rotateUser(byHand, { userName: 'alice', action: 'rotate' });
    expect(status).toBe('changed');
    const deletion = createLife({
      environment: { KEYTURN_GRACE_DAYS: '0', KEYTURN_FREEZE: '[["2026-01-10","2026-01-13"]]' },
    });
    expect((await live(deletion, { from: 90, to: 104 })).at(-1)).toBe('103 deleted');
  });

  it('is not touched while held, and gets a fresh reminder after the hold', async () => {
    const life = createLife();
    const holdUntil = dateIn(life, 14);
    const on = {
      91: () => use(life, newKeyOf(life, [life.oldKey])),
      95: () => rotateUser(life, { userName: 'alice', action: 'hold', holdUntil }),
    };
    const timeline = await live(life, { from: 90, to: 116, on });
    expect(timeline).toEqual([
      '90 issued',
      '93 reminder',
      '95 held',
      '104 reminder',
      '105 deactivated',
      '112 reminder',
      '115 deleted',
    ]);
  });

  it.each([
    ['tag', { tags: { 'keyturn:exempt': 'true' } }],
    ['the same tag in other letters', { tags: { 'Keyturn:Exempt': 'TRUE' } }],
    ['path', { environment: { KEYTURN_EXEMPT_PATHS: '["/"]' } }],
  ])('is exempt by %s: nothing is written or announced', async (_by, options) => {
    const life = createLife(options);
    expect(await live(life, { from: 90, to: 92 })).toEqual([]);
    expect(writes(life)).toEqual([]);
    expect(life.logged.join('\n')).toContain('"reason":"exempt"');
  });

  it('is exempt by membership in a group', async () => {
    const life = createLife({ environment: { KEYTURN_EXEMPT_GROUPS: '["robots,all"]' } });
    const key = { ageDays: 90 };
    life.aws.iam.addUser({ userName: 'robot', groups: ['robots,all'], keys: [key] });
    expect(await live(life, { from: 90, to: 91, userName: 'robot' })).toEqual([]);
    expect(await live(life, { from: 91, to: 91 })).toEqual(['91 issued']);
  });

  it('is rotated on the date at which the exemption ends', async () => {
    const life = createLife({ tags: { 'keyturn:exempt': '2026-01-04' } });
    expect(await live(life, { from: 90, to: 94 })).toEqual(['93 issued']);
  });

  it('gets no first key by schedule', async () => {
    const life = createLife();
    life.aws.iam.deleteKey(life.oldKey);
    expect(await live(life, { from: 90, to: 92 })).toEqual([]);
    expect(writes(life)).toEqual([]);
    expect(statusOf(life.aws, life.oldKey)).toBeUndefined();
  });
});

describe('a schedule rarer than daily', () => {
  it.each([
    ['3', ['0 issued', '6 reminder', '9 reminder', '12 deactivated', '21 reminder', '24 deleted']],
    ['7', ['0 issued', '7 reminder', '14 deactivated', '21 reminder', '28 deleted']],
  ])('every %s days rotates, reminds, deactivates and deletes, never without a notice', async (every, expected) => {
    const life = createLife({ environment: { KEYTURN_RUN_EVERY_DAYS: every } });
    const timeline: string[] = [];
    const start = life.aws.clock.now();
    for (let day = 0; day <= 35; day += Number(every)) {
      life.aws.clock.set(start + day * DAY);
      const before = published(life).length;
      expect(await pass(life, 'alice')).toBe(true);
      timeline.push(
        ...published(life)
          .slice(before)
          .map((event) => `${day} ${event}`),
      );
      life.aws.clock.advance(DAY);
      use(life, newKeyOf(life, [life.oldKey]));
    }
    expect(timeline).toEqual(expected);
  });
});
