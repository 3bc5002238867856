// Tests of shared/service/rotate-user.ts and shared/core/shown-step.ts.

import { describe, expect, it } from 'vitest';
import { createRotateUser } from '../../functions/rotate-user.ts';
import {
  createLife,
  createRotated,
  isoIn,
  keysOf,
  newKeyOf,
  secretNameOf,
  tagOf,
  use,
  writes,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { makeSecret, setSigned, signed } from '../support/signed.ts';
import { contextOf, createWorld, DAY, pass, rotateUser, type World } from '../support/world.ts';

searchForSecretsAfterEach();

const MINUTE = 60_000;
const sentence = expect.stringMatching(/^[A-Z].*[.)]$/);

describe('the answer', () => {
  it('of plan, the default, is the step that the schedule would take, and nothing is done', async () => {
    const { aws, oldKey, userId, ...world } = createLife();
    const life = { aws, ...world };
    expect(await rotateUser(life, { userName: 'alice' })).toEqual({
      schemaVersion: 1,
      accountId: '111122223333',
      userId,
      userName: 'alice',
      action: 'plan',
      dryRun: false,
      status: 'planned',
      reason: 'due',
      message: sentence,
      plan: [{ action: 'issue', reason: 'due', message: sentence }],
      outcomes: [],
      keys: [
        {
          accessKeyId: oldKey,
          status: 'Active',
          createdAt: '2025-10-03T00:00:00.000Z',
          role: 'stranger',
          lastUsed: { at: '2025-12-29T00:00:00.000Z', service: 's3', region: 'eu-west-1' },
        },
      ],
    });
    expect(writes(life)).toEqual([]);
    expect(aws.sns.published).toEqual([]);
  });

  it('of status shows each key in its role, its last use, and the secret with its current version', async () => {
    const life = await createRotated();
    const { aws, userId, previous, current } = life;
    const from = aws.calls.length;
    const answer = await rotateUser(life, { userName: 'alice', action: 'status' });
    const secret = aws.secrets.find(secretNameOf(userId));
    const versionId = secret?.versions.find(({ labels }) => labels.includes('AWSCURRENT'))?.versionId;
    const [old, young] = aws.iam.keysOf('alice');
    expect(answer).toEqual({
      schemaVersion: 1,
      accountId: '111122223333',
      userId,
      userName: 'alice',
      action: 'status',
      dryRun: false,
      status: 'unchanged',
      reason: 'in-grace',
      message: sentence,
      plan: [
        {
          action: 'none',
          accessKeyId: previous,
          reason: 'in-grace',
          message: sentence,
          notBefore: expect.stringMatching(/^2026-01-26T/),
        },
      ],
      outcomes: [],
      keys: [
        {
          accessKeyId: previous,
          status: 'Active',
          createdAt: new Date(old?.createdAt ?? 0).toISOString(),
          role: 'previous',
          lastUsed: { at: expect.stringMatching(/Z$/), service: 's3', region: 'eu-west-1' },
        },
        {
          accessKeyId: current,
          status: 'Active',
          createdAt: new Date(young?.createdAt ?? 0).toISOString(),
          role: 'current',
          lastUsed: { at: expect.stringMatching(/Z$/), service: 'sts', region: 'eu-west-1' },
        },
      ],
      secret: { name: secretNameOf(userId), arn: secret?.arn, versionId },
    });
    expect(writes(life, from)).toEqual([]);
  });

  it('of rotate names the outcome with the transitionId of the message, and the new state', async () => {
    const life = createLife({ ageDays: 20 });
    const { aws, oldKey, userId } = life;
    const answer = await rotateUser(life, { userName: 'alice', action: 'rotate' });
    const newKey = newKeyOf(life, [oldKey]);
    const [message] = aws.sns.published;
    expect(answer).toMatchObject({ action: 'rotate', dryRun: false, status: 'changed', reason: 'asked' });
    expect(answer.plan).toEqual([{ action: 'issue', reason: 'asked', message: sentence }]);
    expect(answer.outcomes).toEqual([
      {
        action: 'issue',
        accessKeyId: newKey,
        result: 'done',
        transitionId: JSON.parse(message?.message.default ?? '{}').transitionId,
      },
    ]);
    expect(answer.outcomes[0]?.transitionId).toMatch(new RegExp(`^issue/${userId}/2026-01-01T00:00:\\d\\d\\.\\d{3}Z$`));
    expect(answer.keys.map(({ accessKeyId, role }) => [accessKeyId, role])).toEqual([
      [oldKey, 'stranger'],
      [newKey, 'current'],
    ]);
    expect(answer.secret).toMatchObject({ name: secretNameOf(userId), versionId: expect.any(String) });
  });

  it('shows a stored key that never became current as pending, and the leftover of a crash as an orphan', async () => {
    const stored = createLife();
    await pass(stored, 'alice', ({ operation }) =>
      operation === 'UpdateSecretVersionStage' ? { kind: 'crash-before' } : undefined,
    ).catch(() => {});
    const first = await rotateUser(stored, { userName: 'alice', action: 'status' });
    // AWS makes the very first version current by itself.
    expect(first.keys.map(({ role }) => role)).toEqual(['stranger', 'current']);

    const second = await createRotated();
    second.aws.iam.deleteKey(second.previous);
    await pass(second, 'alice');
    second.aws.clock.advance(90 * DAY);
    use(second, second.current);
    await pass(second, 'alice', ({ operation }) =>
      operation === 'UpdateSecretVersionStage' ? { kind: 'crash-before' } : undefined,
    ).catch(() => {});
    const pending = await rotateUser(second, { userName: 'alice', action: 'status' });
    expect(pending.keys.map(({ role }) => role)).toEqual(['current', 'pending']);
    expect(pending.status).toBe('busy');

    const crashed = createLife();
    await pass(crashed, 'alice', ({ operation }) =>
      operation === 'PutSecretValue' ? { kind: 'crash-before' } : undefined,
    ).catch(() => {});
    const third = await rotateUser(crashed, { userName: 'alice', action: 'status' });
    expect(third.keys.map(({ role }) => role)).toEqual(['stranger', 'orphan']);
  });
});

describe('a user whom the role may not look at', () => {
  const denied = { kind: 'error', status: 403, code: 'AccessDenied', message: 'no identity-based policy' } as const;

  it.each([
    ['/', 'Cannot look at alice: Cannot call iam:GetUser on alice'],
    ['/team-a/', 'Cannot look at alice, who may not be below /team-a/: Cannot call iam:GetUser on alice'],
  ])('with the path %s', async (path, sentence) => {
    const world = createWorld({ environment: { KEYTURN_USER_PATH_PREFIX: path } });
    world.aws.iam.addUser({ userName: 'alice', path, keys: [{ ageDays: 91 }] });
    const asked = rotateUser(world, { userName: 'alice', action: 'rotate' }, ({ operation }) =>
      operation === 'GetUser' ? denied : undefined,
    );
    await expect(asked).rejects.toThrow(sentence);
    expect(world.aws.calls.filter(({ mutating }) => mutating)).toEqual([]);
  });
});

describe('a run outside the queue', () => {
  const isIntent = (input: unknown) => JSON.stringify(input).includes('keyturn:doing');

  it('waits 15 seconds and reads its lease back before it makes a key', async () => {
    const life = createLife({ ageDays: 20 });
    await rotateUser(life, { userName: 'alice', action: 'rotate' });
    const { calls } = life.aws;
    const intent = calls.findIndex(({ operation, input }) => operation === 'TagResource' && isIntent(input));
    const creation = calls.findIndex(({ operation }) => operation === 'CreateAccessKey');
    const [intended, made] = [calls[intent], calls[creation]];
    const readBack = calls
      .slice(intent, creation)
      .filter(({ operation }) => operation === 'DescribeSecret')
      .at(-1);
    expect((readBack?.at ?? 0) - (intended?.at ?? 0)).toBeGreaterThanOrEqual(15_000);
    expect((made?.at ?? 0) - (readBack?.at ?? 0)).toBeLessThanOrEqual(10_000);
    expect((made?.at ?? 0) - (intended?.at ?? 0)).toBeLessThanOrEqual(30_000);
  });

  it('waits 35 seconds before it deactivates: of two deactivations only the lease excludes one', async () => {
    const life = createLife({ ageDays: 20 });
    await rotateUser(life, { userName: 'alice', action: 'retire' });
    const { calls } = life.aws;
    const intended = calls.find(({ operation, input }) => operation === 'TagResource' && isIntent(input));
    const deactivation = calls.findIndex(({ operation }) => operation === 'UpdateAccessKey');
    const after = calls.slice(0, deactivation).filter(({ at }) => at >= (intended?.at ?? 0) + 35_000);
    expect(after.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(['ListAccessKeys', 'DescribeSecret']),
    );
  });

  it('gives way to a run that wrote its intent at the same moment', async () => {
    const life = createLife({ ageDays: 20 });
    const { aws, userId } = life;
    const other = `issue ${isoIn(life, 0)} ${isoIn(life, 10 * MINUTE)} other-run - -`;
    await makeSecret(life, userId);
    const theirs = await signed(life, userId, { doing: other });
    const stop = aws.onCall(({ operation, input }) => {
      if (operation !== 'TagResource' || !isIntent(input)) return;
      aws.secrets.setTags(secretNameOf(userId), theirs);
    });
    const { status, outcomes } = await rotateUser(life, { userName: 'alice', action: 'rotate' });
    stop();
    expect(status).toBe('busy');
    expect(outcomes).toMatchObject([{ action: 'issue', result: 'busy' }]);
    expect(Object.keys(keysOf(life))).toHaveLength(1);
    expect(tagOf(life, userId, 'doing')).toBe(other);
  });

  it('answers busy while another run holds the lease, until its deadline', async () => {
    const life = await createRotated();
    const { aws, userId, previous } = life;
    const doing = `retire ${isoIn(life, -2 * MINUTE)} ${isoIn(life, MINUTE)} other-run ${previous} -`;
    await setSigned(life, userId, { doing });
    const from = aws.calls.length;
    const busy = await rotateUser(life, { userName: 'alice', action: 'retire', accessKeyId: previous });
    expect(busy).toMatchObject({ status: 'busy', reason: 'busy', outcomes: [] });
    expect(busy.plan[0]?.notBefore).toBe(doing.split(' ')[2]);
    expect(writes(life, from)).toEqual([]);
    aws.clock.advance(2 * MINUTE);
    const later = await rotateUser(life, { userName: 'alice', action: 'retire', accessKeyId: previous });
    expect(later.status).toBe('changed');
    expect(later.outcomes.map(({ action }) => action)).toEqual(['clear-intent', 'retire']);
  });

  it('waits out a record of somebody else that is younger than a minute', async () => {
    const life = createLife({ ageDays: 20 });
    await rotateUser(life, { userName: 'alice', action: 'rotate' });
    const written = Date.parse(tagOf(life, life.userId, 'current-since')?.split(' ')[0] ?? '');
    const { status } = await rotateUser(life, { userName: 'alice', action: 'confirm' });
    expect(status).toBe('changed');
    const tagged = life.aws.calls.filter(({ operation, input }) => {
      return operation === 'TagResource' && JSON.stringify(input).includes('keyturn:confirmed');
    });
    expect((tagged[0]?.at ?? 0) - written).toBeGreaterThanOrEqual(MINUTE);
  });

  it('starts no issue that cannot finish before the function ends', async () => {
    const life = createLife({ ageDays: 20 });
    const handler = createRotateUser(life.runtime('rotate-user'));
    const run = handler({ userName: 'alice', action: 'rotate' }, contextOf(life, 'rotate-user', MINUTE));
    await expect(run).rejects.toThrow('Too little time is left to issue an access key for alice');
    expect(writes(life)).toEqual([]);
  });
});

describe('a dry run', () => {
  /** Enforcement ends; whatever was asked for is only planned from here on. */
  function dry<T extends World>(world: T): T {
    delete world.environment.KEYTURN_ENFORCE;
    world.aws.sns.published.length = 0;
    return world;
  }

  it.each([
    { action: 'rotate', accessKeyId: 'previous' },
    { action: 'confirm' },
    { action: 'hold', holdUntil: '2026-12-01' },
    { action: 'rollback' },
    { action: 'retire', accessKeyId: 'previous' },
  ])('of $action is answered as planned, and changes and publishes nothing', async ({ accessKeyId, ...event }) => {
    const life = dry(await createRotated());
    const from = life.aws.calls.length;
    const about = accessKeyId === undefined ? {} : { accessKeyId: life.previous };
    const answer = await rotateUser(life, { userName: 'alice', ...event, ...about });
    expect(answer).toMatchObject({ dryRun: true, status: 'planned', outcomes: [] });
    expect(answer.plan[0]?.action).not.toBe('none');
    expect(writes(life, from)).toEqual([]);
    expect(life.aws.sns.published).toEqual([]);
  });

  it('of a due rotation is planned, by hand and in the queue', async () => {
    const life = dry(createLife());
    const answer = await rotateUser(life, { userName: 'alice', action: 'rotate' });
    expect(answer).toMatchObject({ dryRun: true, status: 'planned', plan: [{ action: 'issue' }], outcomes: [] });
    expect(await pass(life, 'alice')).toBe(true);
    expect(writes(life)).toEqual([]);
    expect(life.aws.sns.published).toEqual([]);
  });

  it('of a first key makes none', async () => {
    const world = dry(createWorld());
    world.aws.iam.addUser({ userName: 'bob' });
    expect(await rotateUser(world, { userName: 'bob', action: 'rotate' })).toMatchObject({
      status: 'planned',
      keys: [],
    });
    expect(writes(world)).toEqual([]);
  });
});
