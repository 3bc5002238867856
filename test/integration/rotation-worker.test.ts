// Tests of functions/rotation-worker.ts, shared/service/rotation-worker.ts, shared/apply/announce-failure.ts,
// shared/core/last-use.ts and shared/lambda/handler.ts.

import { describe, expect, it } from 'vitest';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { deliver, drain } from '../../local/host/event-source.ts';
import {
  createLife,
  createRotated,
  dateIn,
  isoIn,
  keysOf,
  labelsOf,
  live,
  messages,
  newKeyOf,
  tagOf,
  writes,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { bodiesIn, bodyOf, send, waitForVisibility, workerSource } from '../support/queue.ts';
import { setSigned } from '../support/signed.ts';
import { createWorld, DAY, pass, published, rotateUser } from '../support/world.ts';

searchForSecretsAfterEach();

describe('a message that does not parse', () => {
  const good = {
    schemaVersion: 1,
    accountId: '111122223333',
    userId: 'AIDAEXAMPLE000000000',
    userName: 'alice',
    origin: 'schedule',
    requestId: 'r',
  };
  it.each<[string, unknown, string]>([
    ['text', 'rotate alice', 'its body is not JSON'],
    ['an empty object', {}, 'schemaVersion'],
    ['another version', { ...good, schemaVersion: 2 }, 'schemaVersion'],
    ['an account that is none', { ...good, accountId: '1' }, 'accountId'],
    ['an unknown origin', { ...good, origin: 'manual' }, 'origin'],
    ['an unknown field', { ...good, force: true }, 'force'],
    ['a name that is none', { ...good, userName: 'a b' }, 'userName'],
  ])(
    'for it is %s goes to the dead-letter queue by itself after four receives, and says why',
    async (_is, body, why) => {
      const life = createLife();
      const source = workerSource(life);
      await send(life, body, 'AIDABROKEN0000000000');
      await send(life, bodyOf(life, 'alice'), life.userId);
      expect(await drain(life.aws, source)).toMatchObject({ received: 2, deleted: 1, failed: 1, errors: [] });
      expect(published(life)).toEqual(['issued']);
      for (let receive = 2; receive <= 4; receive++) {
        waitForVisibility(life);
        expect(await drain(life.aws, source)).toMatchObject({ received: 1, failed: 1 });
      }
      expect(bodiesIn(life, life.deadLetterQueueUrl)).toEqual([]);
      waitForVisibility(life);
      expect(await drain(life.aws, source)).toMatchObject({ received: 0 });
      expect(bodiesIn(life, life.deadLetterQueueUrl)).toEqual([typeof body === 'string' ? body : JSON.stringify(body)]);
      expect(bodiesIn(life, life.queueUrl)).toEqual([]);
      expect(life.logged.filter((line) => line.includes('"level":"error"') && line.includes(why))).toHaveLength(4);
    },
  );
});

describe('a message', () => {
  it('that comes again, or late, is harmless', async () => {
    const life = createLife();
    const body = bodyOf(life, 'alice');
    const source = workerSource(life);
    await send(life, body, life.userId);
    await drain(life.aws, source);
    const keys = keysOf(life);
    for (const later of [60_000, DAY / 24, DAY]) {
      life.aws.clock.advance(later);
      const from = life.aws.calls.length;
      await send(life, body, life.userId);
      expect(await drain(life.aws, source)).toMatchObject({ received: 1, deleted: 1 });
      expect(writes(life, from)).toEqual([]);
    }
    expect(keysOf(life)).toEqual(keys);
    expect(published(life)).toEqual(['issued']);
  });

  it('about a user whose UserId is another one by now ends as user-changed', async () => {
    const life = createLife();
    const old = bodyOf(life, 'alice');
    life.aws.iam.deleteUser('alice');
    life.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 90 }] });
    await send(life, old, life.userId);
    expect(await drain(life.aws, workerSource(life))).toMatchObject({ deleted: 1, failed: 0 });
    expect(life.logged.join('\n')).toContain('user-changed');
    expect(writes(life)).toEqual([]);
    expect(published(life)).toEqual([]);
  });

  it('about a user who is gone ends as user-changed', async () => {
    const life = createLife();
    const old = bodyOf(life, 'alice');
    life.aws.iam.deleteUser('alice');
    await send(life, old, life.userId);
    expect(await drain(life.aws, workerSource(life))).toMatchObject({ deleted: 1, failed: 0 });
    expect(life.logged.join('\n')).toContain('user-changed');
    expect(writes(life)).toEqual([]);
  });

  it('about a user of another account changes nothing', async () => {
    const life = createLife();
    await send(life, { ...bodyOf(life, 'alice'), accountId: '999988887777' }, life.userId);
    await drain(life.aws, workerSource(life));
    expect(writes(life)).toEqual([]);
    expect(published(life)).toEqual([]);
  });

  it('and a second one about the same user make one key', async () => {
    const life = createLife();
    await send(life, bodyOf(life, 'alice'), life.userId);
    await send(life, bodyOf(life, 'alice', 'config'), life.userId);
    const source = { ...workerSource(life), concurrency: 2 };
    expect(await drain(life.aws, source)).toMatchObject({ received: 2, deleted: 2, failed: 0 });
    expect(Object.keys(keysOf(life))).toHaveLength(2);
    expect(published(life)).toEqual(['issued']);
  });

  it('handled by two workers at once still leaves one new key', async () => {
    const life = createLife();
    const { aws, oldKey, userId } = life;
    const sources = [workerSource(life), workerSource(life)];
    await send(life, bodyOf(life, 'alice'), 'AIDAONE0000000000000');
    await send(life, bodyOf(life, 'alice'), 'AIDATWO0000000000000');
    await Promise.all(sources.map((source) => deliver(aws, source)));
    aws.clock.advance(DAY / 24);
    await pass(life, 'alice');
    const newKey = newKeyOf(life, [oldKey]);
    expect(labelsOf(life, userId)).toMatchObject({ AWSCURRENT: newKey, [newKey]: newKey });
    expect(published(life)).toContain('issued');
  });

  it('about a user whom another run has in hand is success', async () => {
    const life = await createRotated();
    const doing = `delete ${isoIn(life, 0)} ${isoIn(life, 600_000)} other-run ${life.previous} -`;
    await setSigned(life, life.userId, { doing });
    const from = life.aws.calls.length;
    for (const origin of ['schedule', 'config']) {
      await send(life, bodyOf(life, 'alice', origin), life.userId);
      expect(await drain(life.aws, workerSource(life))).toMatchObject({ deleted: 1, failed: 0 });
    }
    expect(writes(life, from)).toEqual([]);
  });

  it('about a user who is blocked is success', async () => {
    const life = createLife();
    life.aws.iam.addKey('alice', { ageDays: 10 });
    await send(life, bodyOf(life, 'alice'), life.userId);
    expect(await drain(life.aws, workerSource(life))).toMatchObject({ deleted: 1, failed: 0 });
    expect(published(life)).toEqual(['blocked']);
    expect(life.metrics.get('Blocked')).toBe(1);
  });

  it.each(['a question', 'a dry run'])('about a user who is blocked counts nothing as %s', async (as) => {
    const life = createLife();
    life.aws.iam.addKey('alice', { ageDays: 10 });
    if (as === 'a dry run') life.environment.KEYTURN_ENFORCE = 'false';
    const answer = await rotateUser(life, { userName: 'alice', action: as === 'a question' ? 'plan' : 'rotate' });
    expect(answer).toMatchObject({ status: 'blocked', dryRun: as === 'a dry run' });
    expect(life.metrics.get('Blocked')).toBeUndefined();
  });
});

describe('a failure', () => {
  it.each([
    ['throttle', { kind: 'throttle' }],
    ['server error', { kind: 'error', status: 500, code: 'ServiceFailure' }],
    ['lost connection', { kind: 'lost-response' }],
  ] as const)('that may pass, a %s, brings the message back', async (_name, fault) => {
    const life = createLife();
    await send(life, bodyOf(life, 'alice'), life.userId);
    const broken = workerSource(life, ({ operation }) => (operation === 'ListAccessKeys' ? fault : undefined));
    expect(await drain(life.aws, broken)).toMatchObject({ deleted: 0, failed: 1, errors: [] });
    expect(writes(life)).toEqual([]);
    expect(published(life)).toEqual([]);
    waitForVisibility(life);
    expect(await drain(life.aws, workerSource(life))).toMatchObject({ deleted: 1, failed: 0 });
    expect(published(life)).toEqual(['issued']);
  });

  it('that stays is announced once, counted, and done with', async () => {
    const life = createLife();
    await send(life, bodyOf(life, 'alice'), life.userId);
    const denied = workerSource(life, ({ operation }) =>
      operation === 'CreateAccessKey' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined,
    );
    expect(await drain(life.aws, denied)).toMatchObject({ deleted: 1, failed: 0 });
    expect(messages(life)).toMatchObject([{ event: 'failed', severity: 'critical', userName: 'alice' }]);
    expect(messages(life)[0]?.message).toContain('iam:CreateAccessKey');
    expect(life.metrics.get('Failed')).toBe(1);
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Active' });
  });

  it('that goes on for days is told when it begins and once a week, and counted every day', async () => {
    const life = createLife();
    const denied: BeforeCall = ({ operation }) =>
      operation === 'CreateAccessKey' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined;
    const told: number[] = [];
    for (let day = 1; day <= 15; day++) {
      const before = published(life).length;
      expect(await pass(life, 'alice', denied)).toBe(true);
      if (published(life).length > before) told.push(day);
      expect(tagOf(life, life.userId, 'announced')?.split(' ')[0]).toBe('failed');
      expect(tagOf(life, life.userId, 'announced')).toContain(dateIn(life, 0));
      life.aws.clock.advance(DAY);
    }
    expect(new Set(published(life))).toEqual(new Set(['failed']));
    const [first, second = 0, ...others] = told;
    expect([first, ...others]).toEqual([1, second + 7]);
    expect(life.metrics.get('Failed')).toBe(15);

    life.aws.clock.advance(DAY);
    await pass(life, 'alice', denied);
    expect(published(life)).toHaveLength(told.length + 1);
  });

  it('is told also when the secret cannot be read, and the message comes back', async () => {
    const life = createLife();
    const denial = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
    let isDenied = false;
    const denied: BeforeCall = ({ operation }) => {
      if (operation === 'CreateAccessKey') isDenied = true;
      return isDenied && ['CreateAccessKey', 'DescribeSecret'].includes(operation) ? denial : undefined;
    };
    expect(await pass(life, 'alice', denied)).toBe(false);
    expect(published(life)).toEqual(['failed']);
  });

  it('to read the last use is not read as "never used"', async () => {
    const life = createLife({ usedDaysAgo: 1, environment: { KEYTURN_UNUSED: 'retire' } });
    const throttled = ({ operation }: { operation: string }) =>
      operation === 'GetAccessKeyLastUsed' ? ({ kind: 'throttle' } as const) : undefined;
    expect(await pass(life, 'alice', throttled)).toBe(false);
    expect(writes(life)).toEqual([]);
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Active' });

    const inGrace = createLife();
    await live(inGrace, { from: 90, to: 99 });
    inGrace.aws.clock.advance(DAY);
    const from = inGrace.aws.calls.length;
    expect(await pass(inGrace, 'alice', throttled)).toBe(false);
    expect(writes(inGrace, from)).toEqual([]);
  });

  it('of the time that is left brings the message back before anything is begun', async () => {
    const life = createLife();
    await send(life, bodyOf(life, 'alice'), life.userId);
    const slow = workerSource(life, ({ operation }) => {
      if (operation === 'DescribeSecret') life.aws.clock.advance(200_000);
      return undefined;
    });
    expect(await drain(life.aws, slow)).toMatchObject({ deleted: 0, failed: 1 });
    expect(writes(life)).toEqual([]);
  });
});

describe('a pass over a user who needs nothing', () => {
  it.each([
    ['a young key', { ageDays: 89 }],
    ['an exemption', { tags: { 'keyturn:exempt': 'true' } }],
    ['a freeze', { environment: { KEYTURN_FREEZE: '[["2026-01-01","2026-01-02"]]' } }],
  ])('for %s makes no mutating call and tells nobody', async (_for, options) => {
    const life = createLife(options);
    expect(await pass(life, 'alice')).toBe(true);
    expect(writes(life)).toEqual([]);
    expect(published(life)).toEqual([]);
  });

  it('in grace, in recovery or held makes none either', async () => {
    const life = await createRotated();
    const from = life.aws.calls.length;
    await pass(life, 'alice');
    expect(writes(life, from)).toEqual([]);
    await rotateUser(life, { userName: 'alice', action: 'rotate', accessKeyId: life.previous });
    life.aws.clock.advance(DAY);
    const recovering = life.aws.calls.length;
    await pass(life, 'alice');
    expect(writes(life, recovering)).toEqual([]);
    await rotateUser(life, { userName: 'alice', action: 'hold', holdUntil: '2026-12-01' });
    life.aws.clock.advance(20 * DAY);
    const held = life.aws.calls.length;
    await pass(life, 'alice');
    expect(writes(life, held)).toEqual([]);
  });

  it('makes at most four calls', async () => {
    const world = createWorld();
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 10 }] });
    await pass(world, 'alice');
    expect(world.aws.calls.length).toBeLessThanOrEqual(4);
  });
});
