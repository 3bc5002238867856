// Tests of shared/apply/bookkeeping.ts, shared/apply/transitions.ts, shared/apply/records.ts and
// shared/apply/resume.ts: confirm, hold, rollback and retire.

import { describe, expect, it } from 'vitest';
import {
  createLife,
  createRotated,
  dateIn,
  keysOf,
  type Life,
  labelsOf,
  live,
  messages,
  newKeyOf,
  secretNameOf,
  tagOf,
  use,
  writes,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { DAY, pass, published, rotateUser } from '../support/world.ts';

searchForSecretsAfterEach();

const ask = (life: Life, action: string, fields: object = {}) =>
  rotateUser(life, { userName: 'alice', action, ...fields });

describe('confirm', () => {
  it('writes its tag with the current key, and nothing else', async () => {
    const life = await createRotated();
    const from = life.aws.calls.length;
    const answer = await ask(life, 'confirm');
    expect(answer).toMatchObject({ status: 'changed', reason: 'confirmed' });
    expect(answer.outcomes).toMatchObject([{ action: 'confirm', accessKeyId: life.current, result: 'done' }]);
    expect(tagOf(life, life.userId, 'confirmed')).toMatch(new RegExp(` ${life.current}$`));
    expect(writes(life, from)).toEqual(['secretsmanager:TagResource']);
    expect(keysOf(life)).toEqual({ [life.previous]: 'Active', [life.current]: 'Active' });
  });

  it('is done once, and refused where no old key waits', async () => {
    const life = await createRotated();
    await ask(life, 'confirm');
    const from = life.aws.calls.length;
    expect(await ask(life, 'confirm')).toMatchObject({ status: 'unchanged', reason: 'confirmed', outcomes: [] });
    const other = createLife();
    expect(await ask(other, 'confirm')).toMatchObject({ status: 'blocked', reason: 'nothing-to-confirm' });
    expect([...writes(life, from), ...writes(other)]).toEqual([]);
  });
});

describe('hold', () => {
  it('writes its date, announces it, and is lifted by a past one', async () => {
    const life = createLife();
    const holdUntil = dateIn(life, 30);
    const held = await ask(life, 'hold', { holdUntil });
    expect(held).toMatchObject({ status: 'changed', reason: 'hold-written' });
    expect(held.plan).toMatchObject([{ action: 'hold', notBefore: `${holdUntil}T00:00:00.000Z` }]);
    expect(tagOf(life, life.userId, 'hold')).toBe(holdUntil);
    // A secret without a value may exist only to carry tags.
    expect(life.aws.secrets.find(secretNameOf(life.userId))?.versions).toEqual([]);
    expect(held.secret).toEqual({ name: secretNameOf(life.userId), arn: expect.stringMatching(/^arn:/) });
    expect(published(life)).toEqual(['held']);
    expect(await ask(life, 'hold', { holdUntil })).toMatchObject({ status: 'unchanged', reason: 'held' });
    const lifted = await ask(life, 'hold', { holdUntil: dateIn(life, 0) });
    expect(lifted).toMatchObject({ status: 'changed', reason: 'hold-lifted' });
    expect(tagOf(life, life.userId, 'hold')).toBeUndefined();
    expect(published(life)).toEqual(['held']);
    expect(await ask(life, 'hold', { holdUntil: '2020-01-01' })).toMatchObject({
      status: 'unchanged',
      reason: 'not-held',
    });
  });

  it('ends at the beginning of its date', async () => {
    const life = createLife();
    await ask(life, 'hold', { holdUntil: dateIn(life, 2) });
    life.aws.clock.advance(60_000);
    expect(await live(life, { from: 90, to: 93 })).toEqual(['92 issued']);
  });

  it('stops every action but hold', async () => {
    const life = await createRotated();
    await ask(life, 'hold', { holdUntil: dateIn(life, 30) });
    const from = life.aws.calls.length;
    for (const action of ['plan', 'status', 'rotate', 'confirm', 'rollback', 'retire']) {
      expect(await ask(life, action), action).toMatchObject({ status: 'unchanged', reason: 'held', outcomes: [] });
    }
    expect(writes(life, from)).toEqual([]);
  });
});

describe('rollback', () => {
  it('puts the previous key back in use, moves AWSCURRENT back to it and holds the user for 30 days', async () => {
    const life = await createRotated();
    const { aws, userId, previous, current } = life;
    const answer = await ask(life, 'rollback');
    expect(answer).toMatchObject({ status: 'changed', reason: 'rolled-back' });
    expect(answer.outcomes).toMatchObject([{ action: 'roll-back', accessKeyId: previous, result: 'done' }]);
    expect(answer.message).toContain('AWSCURRENT moves back to it');
    expect(labelsOf(life, userId).AWSCURRENT).toBe(previous);
    expect(keysOf(life)).toEqual({ [previous]: 'Active', [current]: 'Active' });
    expect(Date.parse(tagOf(life, userId, 'hold') ?? '') - aws.clock.now()).toBeGreaterThanOrEqual(30 * DAY - 60_000);
    expect(Date.parse(tagOf(life, userId, 'hold') ?? '') - aws.clock.now()).toBeLessThanOrEqual(31 * DAY);
    expect(tagOf(life, userId, 'current-since')).toBeUndefined();
    expect(tagOf(life, userId, 'doing')).toBeUndefined();
    expect(messages(life)).toMatchObject([{ event: 'rolled-back', accessKeyId: previous }]);
  });

  it('reactivates a previous key in its recovery, and takes its record off', async () => {
    const life = await createRotated();
    const { userId, previous, current } = life;
    await ask(life, 'rotate', { accessKeyId: previous });
    life.aws.clock.advance(DAY);
    expect(tagOf(life, userId, 'deactivated')).toContain(previous);
    expect((await ask(life, 'rollback')).status).toBe('changed');
    expect(keysOf(life)).toEqual({ [previous]: 'Active', [current]: 'Active' });
    expect(labelsOf(life, userId).AWSCURRENT).toBe(previous);
    expect(tagOf(life, userId, 'deactivated')).toBeUndefined();
    life.aws.clock.advance(DAY);
    expect(await live(life, { from: 1, to: 20 })).toEqual([]);
  });

  it('ends with its hold: the newer key becomes current again, and a new grace begins', async () => {
    const life = await createRotated();
    const { userId, previous, current } = life;
    await ask(life, 'rollback', { holdUntil: dateIn(life, 5) });
    life.aws.clock.advance(DAY);
    const daily = (day: number) => use(life, day < 5 ? previous : current);
    const timeline = await live(life, { from: 1, to: 30, daily });
    expect(timeline).toEqual([
      '5 moved-forward',
      '8 reminder',
      '12 reminder',
      '14 reminder',
      '15 deactivated',
      '22 reminder',
      '25 deleted',
    ]);
    expect(messages(life, 'moved-forward')).toMatchObject([{ reason: 'newer-key-stored' }]);
    expect(labelsOf(life, userId).AWSCURRENT).toBe(current);
    expect(keysOf(life)).toEqual({ [current]: 'Active' });
  });

  it('to a key that was never stored reactivates it, and says that AWSCURRENT was not moved', async () => {
    const life = createLife();
    const { aws, oldKey, userId } = life;
    await live(life, { from: 90, to: 101, on: { 91: () => use(life, newKeyOf(life, [oldKey])) } });
    const newKey = newKeyOf(life, [oldKey]);
    expect(keysOf(life)).toEqual({ [oldKey]: 'Inactive', [newKey]: 'Active' });
    aws.clock.advance(DAY);
    const answer = await ask(life, 'rollback', { holdUntil: dateIn(life, 5) });
    expect(answer.status).toBe('changed');
    expect(answer.message).toContain('AWSCURRENT is not moved, because that key was never stored');
    expect(messages(life, 'rolled-back')[0]?.message).toContain('AWSCURRENT is not moved');
    expect(keysOf(life)).toEqual({ [oldKey]: 'Active', [newKey]: 'Active' });
    expect(labelsOf(life, userId).AWSCURRENT).toBe(newKey);
    aws.clock.advance(DAY);
    const timeline = await live(life, { from: 1, to: 8 });
    expect(timeline).toEqual(['5 grace-restarted', '8 reminder']);
  });

  it('is told of by the next pass when it dies half-way, and is not gone on with', async () => {
    const life = await createRotated();
    const { aws, userId, previous } = life;
    await rotateUser(life, { userName: 'alice', action: 'rollback' }, ({ operation }) =>
      operation === 'UpdateAccessKey' ? { kind: 'crash-after' } : undefined,
    ).catch(() => {});
    expect(labelsOf(life, userId).AWSCURRENT).toBe(life.current);
    aws.clock.advance(DAY / 24);
    await pass(life, 'alice');
    expect(labelsOf(life, userId).AWSCURRENT).toBe(life.current);
    expect(messages(life)).toMatchObject([{ event: 'reactivated', accessKeyId: previous, reason: 'intent-cleared' }]);
    expect(tagOf(life, userId, 'doing')).toBeUndefined();
    expect(keysOf(life)).toEqual({ [previous]: 'Active', [life.current]: 'Active' });
  });

  it('is refused without an older key', async () => {
    const life = createLife();
    expect(await ask(life, 'rollback')).toMatchObject({ status: 'blocked', reason: 'nothing-to-roll-back' });
    expect(writes(life)).toEqual([]);
  });
});

describe('retire', () => {
  it('deactivates the only key at once, without a replacement, and says when it is deleted', async () => {
    const life = createLife({ ageDays: 20 });
    const { aws, oldKey } = life;
    const answer = await ask(life, 'retire');
    expect(answer).toMatchObject({ status: 'changed', reason: 'retired-by-hand' });
    expect(answer.outcomes).toMatchObject([{ action: 'retire', accessKeyId: oldKey, result: 'done' }]);
    const notBefore = Date.parse(answer.plan[0]?.notBefore ?? '');
    expect(Math.round((notBefore - aws.clock.now()) / DAY)).toBe(10);
    expect(keysOf(life)).toEqual({ [oldKey]: 'Inactive' });
    expect(messages(life)).toMatchObject([{ event: 'retired', accessKeyId: oldKey }]);
    aws.clock.advance(DAY);
    expect(await live(life, { from: 1, to: 12 })).toEqual(['7 reminder', '10 deleted']);
  });

  it('deactivates the key it is given, also the current one', async () => {
    const life = await createRotated();
    const { previous, current } = life;
    await ask(life, 'retire', { accessKeyId: current });
    expect(keysOf(life)).toEqual({ [previous]: 'Active', [current]: 'Inactive' });
    life.aws.clock.advance(DAY);
    expect(await live(life, { from: 1, to: 10 })).toEqual(['7 reminder', '10 deleted']);
    expect(keysOf(life)).toEqual({ [previous]: 'Active' });
  });

  it('is refused where it is not clear which key is meant', async () => {
    const life = await createRotated();
    const from = life.aws.calls.length;
    const answer = await ask(life, 'retire');
    expect(answer).toMatchObject({ status: 'blocked', reason: 'key-not-named', outcomes: [] });
    expect(answer.message).toContain('Pass accessKeyId');
    expect(await ask(life, 'retire', { accessKeyId: 'AKIANOBODYSKEY000000' })).toMatchObject({ reason: 'no-such-key' });
    expect(writes(life, from)).toEqual([]);
  });

  it('of a key that is Inactive already only begins its recovery', async () => {
    const life = createLife();
    life.aws.iam.setKeyStatus(life.oldKey, 'Inactive');
    const first = await ask(life, 'retire');
    expect(first).toMatchObject({ status: 'changed', reason: 'inactive-seen' });
    expect(writes(life)).not.toContain('iam:UpdateAccessKey');
    life.aws.clock.advance(DAY);
    expect(await ask(life, 'retire')).toMatchObject({ status: 'unchanged', reason: 'recovery' });
  });
});
