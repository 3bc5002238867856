// Tests of shared/apply/exposed.ts and shared/service/is-dealt-with.ts.

import { readFileSync } from 'node:fs';
import { CreateSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { createExposedKey } from '../../functions/exposed-key.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { deliver, drain } from '../../local/host/event-source.ts';
import { signMessage } from '../../shared/core/signed-message.ts';
import { currentKey } from '../support/faults.ts';
import {
  createLife,
  createRotated,
  createStored,
  keysOf,
  type Life,
  labelsOf,
  messages,
  newKeyOf,
  secretNameOf,
  statusOf,
  tagOf,
  tagsOf,
  writes,
} from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { bodiesIn, bodyOf, send, workerSource } from '../support/queue.ts';
import { makeSecret, stateKeyOf } from '../support/signed.ts';
import { DAY, invoke, pass, published, rotateUser, type World } from '../support/world.ts';
import { clientsOf } from '../unit/local/clients.ts';

searchForSecretsAfterEach();

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const health = JSON.parse(readFileSync(new URL('../../events/exposed-key-health.json', import.meta.url), 'utf8'));

/** AWS Health names these keys. */
async function expose(world: World, accessKeyIds: readonly string[], before?: BeforeCall): Promise<unknown> {
  const affectedEntities = accessKeyIds.map((entityValue) => ({ entityValue }));
  const handler = createExposedKey(world.runtime('exposed-key', before));
  return invoke(world, 'exposed-key', handler, { ...health, detail: { ...health.detail, affectedEntities } });
}

const refuses =
  (...operations: readonly string[]): BeforeCall =>
  ({ operation }) =>
    operations.includes(operation)
      ? { kind: 'error', status: 403, code: 'AccessDenied', message: 'not authorized: no policy allows' }
      : undefined;

function readWith(life: Life, accessKeyId: string): Promise<unknown> {
  const pair = { accessKeyId, secretAccessKey: life.aws.iam.secretAccessKeyOf(accessKeyId) };
  const { secrets } = clientsOf(life.aws.connect('somebody'), pair);
  return secrets.send(new GetSecretValueCommand({ SecretId: secretNameOf(life.userId) }));
}

function policyOf({ aws }: World, userId: string): string {
  return JSON.stringify(aws.secrets.find(secretNameOf(userId))?.policy);
}

describe('what the finder of an exposed key can read', () => {
  it('is never the replacement: the key is Inactive before there is one, and the policy knows before it is stored', async () => {
    const life = createLife({ ageDays: 5 });
    const seen: string[] = [];
    await expose(life, [life.oldKey], ({ operation }) => {
      if (operation === 'CreateAccessKey') seen.push(`${statusOf(life.aws, life.oldKey)}`);
      if (operation === 'PutSecretValue')
        seen.push(`${policyOf(life, life.userId).includes('OlderSessionsNeverRead')}`);
      return undefined;
    });
    expect(seen).toEqual(['Inactive', 'true']);
    expect(tagOf(life, life.userId, 'exposed')).toMatch(new RegExp(`Z ${life.oldKey}$`));
  });

  it('is denied to the new key, too, for a quarter of an hour, and not after it', async () => {
    const life = createLife({ ageDays: 5 });
    await expose(life, [life.oldKey]);
    const newKey = newKeyOf(life, [life.oldKey]);
    await expect(readWith(life, newKey)).rejects.toThrow('explicit deny');
    life.aws.clock.advance(15 * MINUTE);
    await readWith(life, newKey);
  });

  it('is what it could read in its grace: the current key goes the same way', async () => {
    const life = await createRotated();
    await expose(life, [life.previous]);
    expect(Object.values(keysOf(life))).toHaveLength(2);
    expect(statusOf(life.aws, life.current) ?? 'gone').not.toBe('Active');
    expect(statusOf(life.aws, life.previous) ?? 'gone').not.toBe('Active');
    expect(currentKey(life.aws, life.userId)?.works).toBe(true);
    expect(published(life)).toEqual(['exposed', 'exposed', 'deleted', 'issued']);
    expect(messages(life, 'exposed').map(({ accessKeyId }) => accessKeyId)).toEqual([life.previous, life.current]);
    life.aws.clock.advance(2 * HOUR);
    await pass(life, 'alice');
    expect(published(life)).toHaveLength(4);
  });
});

describe('a key that was exposed', () => {
  it('and is Active again is deactivated by the schedule, with what it could read, and both are replaced', async () => {
    const life = createLife({ ageDays: 5 });
    await expose(life, [life.oldKey]);
    const replacement = newKeyOf(life, [life.oldKey]);
    life.aws.clock.advance(DAY);
    life.aws.iam.setKeyStatus(life.oldKey, 'Active');
    life.aws.sns.published.length = 0;
    await pass(life, 'alice');
    expect(statusOf(life.aws, replacement) ?? 'gone').not.toBe('Active');
    expect(currentKey(life.aws, life.userId)?.works).toBe(true);
    expect(currentKey(life.aws, life.userId)?.accessKeyId).not.toBe(replacement);
    expect(life.aws.sns.published.map(({ attributes }) => `${attributes.event} ${attributes.severity}`)).toEqual([
      'exposed critical',
      'exposed critical',
      'deleted info',
      'issued critical',
    ]);
    life.aws.clock.advance(DAY);
    await pass(life, 'alice');
    expect(published(life)).toHaveLength(4);
  });

  it('is not rolled back to, with force neither', async () => {
    const life = createLife({ ageDays: 5 });
    await expose(life, [life.oldKey]);
    life.aws.clock.advance(HOUR);
    for (const force of [false, true]) {
      const answer = await rotateUser(life, { userName: 'alice', action: 'rollback', force });
      expect(answer).toMatchObject({ status: 'blocked', reason: 'rollback-to-exposed' });
    }
    expect(statusOf(life.aws, life.oldKey)).toBe('Inactive');
  });

  it('leaves nothing behind once it is gone and its sessions are over', async () => {
    const life = createLife({ ageDays: 5 });
    await expose(life, [life.oldKey]);
    const plain = policyOf(life, life.userId);
    for (let day = 0; day < 12; day++) {
      life.aws.clock.advance(DAY + MINUTE);
      await pass(life, 'alice');
    }
    expect(statusOf(life.aws, life.oldKey)).toBeUndefined();
    expect(tagsOf(life, life.userId)).not.toHaveProperty('keyturn:exposed');
    expect(plain).toContain('OwnerWaits');
    expect(policyOf(life, life.userId)).not.toContain('OwnerWaits');
  });

  it.each([
    'TagResource',
    'PutResourcePolicy',
    'CreateAccessKey',
    'PutSecretValue',
    'UpdateSecretVersionStage',
    'Publish',
  ])(
    'is replaced by the schedule, in spite of hold, freeze, limit and no subscription, if the function died at %s',
    async (operation) => {
      const life = createLife({
        ageDays: 5,
        environment: { KEYTURN_FREEZE: '[["2025-12-01","2026-12-31"]]', KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '0' },
        emails: [],
      });
      await rotateUser(life, { userName: 'alice', action: 'hold', holdUntil: '2026-06-01' });
      life.aws.clock.advance(HOUR);
      await expose(life, [life.oldKey], (call) =>
        call.operation === operation ? { kind: 'crash-before' } : undefined,
      ).catch(() => {});
      expect(statusOf(life.aws, life.oldKey)).toBe('Inactive');
      // Lambda tries again, as the queue would.
      life.aws.clock.advance(10 * MINUTE);
      await expose(life, [life.oldKey]);
      await drain(life.aws, workerSource(life));
      for (let day = 0; day < 3; day++) {
        life.aws.clock.advance(DAY);
        await pass(life, 'alice');
      }
      expect(currentKey(life.aws, life.userId)?.works).toBe(true);
      expect(published(life)).toContain('exposed');
    },
  );
});

it.each(['planted', 'ours'])(
  'a live lease that somebody forged keeps no exposed key Active: secret %s',
  async (whose) => {
    const life = createLife({ ageDays: 5 });
    if (whose === 'ours') await makeSecret(life, life.userId);
    const { secrets } = life.runtime('somebody').aws;
    const SecretId = secretNameOf(life.userId);
    if (whose === 'planted') await secrets.send(new CreateSecretCommand({ Name: SecretId }));
    const [at, ahead] = [0, DAY].map((ms) => new Date(life.aws.clock.now() + ms).toISOString());
    const doing = `issue ${at} ${ahead} 11111111-1111-4111-8111-111111111111 - -`;
    life.aws.secrets.setTags(SecretId, { 'keyturn:user-id': life.userId, 'keyturn:doing': doing });
    await expose(life, [life.oldKey]);
    expect(statusOf(life.aws, life.oldKey)).toBe('Inactive');
  },
);

describe('a deactivation that does not succeed', () => {
  it('is told with the command by every run, and nothing is issued before it does', async () => {
    const life = createLife({ ageDays: 5 });
    await expect(expose(life, [life.oldKey], refuses('UpdateAccessKey'))).rejects.toThrow('UpdateAccessKey');
    for (let run = 1; run <= 2; run++) {
      expect(life.aws.sns.published.map(({ attributes }) => `${attributes.event} ${attributes.severity}`)).toEqual(
        Array(run).fill('exposed critical'),
      );
      const { message } = life.aws.sns.published.at(-1) ?? {};
      expect(message?.email).toMatch(/^Others know .*\n.*still\s+active/);
      expect(message?.email).toContain(`--access-key-id ${life.oldKey} --status Inactive`);
      expect(message?.email).not.toContain('Never reactivate');
      life.aws.clock.advance(DAY);
      await pass(life, 'alice', refuses('UpdateAccessKey'));
    }
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Active' });
    life.aws.clock.advance(DAY);
    await pass(life, 'alice');
    expect(statusOf(life.aws, life.oldKey)).toBe('Inactive');
    expect(currentKey(life.aws, life.userId)?.works).toBe(true);
  });

  it('of what it could read is over with the next run, and one replacement is enough', async () => {
    const life = await createRotated();
    const refusesCurrent: BeforeCall = (call) =>
      call.input.AccessKeyId === life.current ? refuses('UpdateAccessKey')(call) : undefined;
    await expect(expose(life, [life.previous], refusesCurrent)).rejects.toThrow('UpdateAccessKey');
    expect(tagOf(life, life.userId, 'exposed')).toMatch(/ active$/);
    life.aws.clock.advance(HOUR);
    await pass(life, 'alice');
    expect(tagOf(life, life.userId, 'exposed')).not.toMatch(/ active$/);
    expect(currentKey(life.aws, life.userId)?.works).toBe(true);
    expect(published(life).filter((event) => event === 'issued')).toHaveLength(1);
  });

  it('since no list shows it is told in the same way', async () => {
    const life = createLife({ ageDays: 5 });
    life.aws.clock.advance(DAY);
    const stale: BeforeCall = ({ operation }) =>
      operation === 'ListAccessKeys' ? { kind: 'stale', ms: HOUR } : undefined;
    const answer = await expose(life, [life.oldKey], stale);
    expect(answer).toMatchObject({ keys: [{ status: 'enqueued' }] });
    expect(published(life)).toEqual(['exposed']);
    expect(messages(life, 'exposed')[0]).toMatchObject({ keyStatus: 'Active' });
    expect(life.aws.calls.some(({ operation }) => operation === 'CreateAccessKey')).toBe(false);
  });

  it('without the state key deactivates and tells all the same, and records nothing', async () => {
    const life = createLife({ ageDays: 5 });
    await expect(expose(life, [life.oldKey], refuses('GenerateMac'))).rejects.toThrow(life.oldKey);
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Inactive' });
    expect(published(life)).toEqual(['exposed']);
    expect(life.aws.secrets.find(secretNameOf(life.userId))).toBeUndefined();
    life.aws.clock.advance(MINUTE);
    await expose(life, [life.oldKey]);
    expect(currentKey(life.aws, life.userId)?.works).toBe(true);
  });
});

describe('a user who is left alone for another reason than an exemption', () => {
  const reasons: [string, (life: Life) => unknown, BeforeCall?][] = [
    [
      'a tag of the user does not parse',
      ({ aws: { iam } }) =>
        iam.state.save({ ...iam.state.user('alice'), tags: [{ Key: 'keyturn:exmept', Value: '1' }] }),
    ],
    [
      'the secret is somebody else’s',
      ({ aws, userId }) => aws.secrets.setTags(secretNameOf(userId), { 'keyturn:user-id': 'AIDASOMEBODYELSE00000' }),
    ],
    ['KMS gives no state key', () => {}, refuses('GenerateMac')],
  ];

  it.each(reasons)('has the key deactivated and is told what it is now, on any day: %s', async (_, prepare, before) => {
    for (let day = 1; day <= 7; day++) {
      const life = await createStored();
      const [key = ''] = Object.keys(keysOf(life));
      await prepare(life);
      life.aws.clock.advance(day * DAY);
      life.aws.sns.published.length = 0;
      await expose(life, [key], before).catch(() => {});
      expect(keysOf(life)).toEqual({ [key]: 'Inactive' });
      expect(messages(life, 'exposed')).toMatchObject([{ severity: 'critical', keyStatus: 'Inactive' }]);
    }
  });

  it.each(reasons)(
    'and AWS refuses: the message has the command, and no word of "never": %s',
    async (_, prepare, before) => {
      const life = await createStored();
      const [key = ''] = Object.keys(keysOf(life));
      await prepare(life);
      life.aws.clock.advance(DAY);
      life.aws.sns.published.length = 0;
      const either: BeforeCall = (call) => refuses('UpdateAccessKey')(call) ?? before?.(call);
      await expect(expose(life, [key], either)).rejects.toThrow('UpdateAccessKey');
      expect(messages(life)).toMatchObject([{ event: 'exposed', severity: 'critical', keyStatus: 'Active' }]);
      const email = life.aws.sns.published[0]?.message.email;
      expect(email).toContain(`--access-key-id ${key} --status Inactive`);
      expect(email).not.toContain('Never reactivate');
    },
  );
});

describe('a secret that cannot be read', () => {
  const answers: [string, BeforeCall][] = [
    ['is denied', refuses('DescribeSecret')],
    ['is throttled', ({ operation }) => (operation === 'DescribeSecret' ? { kind: 'throttle' } : undefined)],
  ];

  it.each(answers)('keeps no exposed key Active: the read %s', async (_, before) => {
    const life = await createStored();
    const [current = ''] = Object.keys(keysOf(life));
    life.aws.clock.advance(DAY);
    life.aws.sns.published.length = 0;
    await expose(life, [current], before).catch(() => {});
    expect(keysOf(life)).toEqual({ [current]: 'Inactive' });
    expect(messages(life)).toMatchObject([{ event: 'exposed', severity: 'critical', keyStatus: 'Inactive' }]);
    life.aws.clock.advance(10 * MINUTE);
    await expose(life, [current]);
    expect(currentKey(life.aws, life.userId)?.works).toBe(true);
    expect(tagOf(life, life.userId, 'exposed')).toContain(current);
  });

  it('fails the run all the same, and leaves the key of an exempt user alone', async () => {
    const life = createLife({ tags: { 'keyturn:exempt': 'true' } });
    await expect(expose(life, [life.oldKey], refuses('DescribeSecret'))).rejects.toThrow('DescribeSecret');
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Active' });
    expect(published(life)).toEqual(['exposed']);
  });

  it('keeps nobody from being told in a dry run', async () => {
    const life = createLife({ environment: { KEYTURN_ENFORCE: 'false' } });
    await expect(expose(life, [life.oldKey], refuses('DescribeSecret'))).rejects.toThrow('DescribeSecret');
    expect(life.aws.calls.filter(({ mutating }) => mutating)).toEqual([]);
    expect(published(life)).toEqual(['exposed']);
  });

  it('changes nothing about a key that nobody calls exposed', async () => {
    const life = createLife();
    await expect(
      rotateUser(life, { userName: 'alice', action: 'rotate' }, refuses('DescribeSecret')),
    ).rejects.toThrow();
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Active' });
    const compromised = { userName: 'alice', action: 'rotate', compromised: true };
    await expect(rotateUser(life, compromised, refuses('DescribeSecret'))).rejects.toThrow('DescribeSecret');
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Inactive' });
  });
});

describe('through the queue', () => {
  /** Everything but the deactivation fails for now. */
  async function enqueued(life: Life, ids: readonly string[] = [life.oldKey]): Promise<void> {
    const throttled: BeforeCall = ({ operation }) =>
      operation === 'PutResourcePolicy' ? { kind: 'throttle' } : undefined;
    expect(await expose(life, ids, throttled)).toMatchObject({ keys: ids.map(() => ({ status: 'enqueued' })) });
  }

  it('two keys of one user in one event both go, each in its own group', async () => {
    const life = await createRotated();
    await enqueued(life, [life.previous, life.current]);
    expect(Object.values(keysOf(life))).toEqual(['Inactive', 'Inactive']);
    const ids = life.aws.sqs.messages(life.queueUrl).map(({ groupId, deduplicationId }) => [groupId, deduplicationId]);
    expect(ids).toEqual(
      [life.previous, life.current].map((id) => [`exposed/${id}`, `exposed/${health.id}/${life.userId}/${id}`]),
    );
    life.aws.clock.advance(2 * MINUTE);
    for (let tries = 0; tries < 4; tries++) {
      await drain(life.aws, workerSource(life));
      life.aws.clock.advance(31 * MINUTE);
    }
    expect(currentKey(life.aws, life.userId)?.works).toBe(true);
    expect(bodiesIn(life, life.queueUrl)).toEqual([]);
    expect(bodiesIn(life, life.deadLetterQueueUrl)).toEqual([]);
  });

  it('a message that nobody signed deactivates nothing', async () => {
    const life = createLife({ ageDays: 5 });
    for (const mac of [undefined, `1${'A'.repeat(22)}`]) {
      await send(life, { ...bodyOf(life, 'alice', 'exposed'), accessKeyId: life.oldKey, ...(mac && { mac }) });
      expect(await drain(life.aws, workerSource(life))).toMatchObject({ deleted: 1 });
    }
    expect(keysOf(life)).toEqual({ [life.oldKey]: 'Active' });
    expect(published(life)).toEqual([]);
  });

  it('one that fails is back after 30 s, 2, 10 and 30 minutes, and in the end user and key are named', async () => {
    const life = createLife({ ageDays: 5 });
    await enqueued(life);
    const source = workerSource(life, refuses('CreateAccessKey'));
    const body = bodiesIn(life, life.queueUrl)[0] ?? '';
    for (const seconds of [30, 120, 600, 1_800]) {
      life.aws.clock.advance(2 * MINUTE);
      expect(await deliver(life.aws, source)).toMatchObject({ received: 1, failed: 1 });
      const [{ visibleAt = 0 } = {}] = life.aws.sqs.messages(life.queueUrl);
      expect(Math.round((visibleAt - life.aws.clock.now()) / 1_000)).toBe(seconds);
      life.aws.clock.set(visibleAt);
    }
    expect(await deliver(life.aws, source)).toMatchObject({ received: 0 });
    expect(bodiesIn(life, life.deadLetterQueueUrl)).toEqual([body]);
    const last = messages(life, 'exposed').at(-1);
    expect(last).toMatchObject({ userName: 'alice', accessKeyId: life.oldKey, severity: 'critical' });
    expect(last?.message).toContain('was not dealt with in 4 tries');
  });

  it.each([
    ['of an exempt user is told of', 'true', 'Active'],
    ['of a user whose tags do not parse is deactivated, and told of', 'perhaps', 'Inactive'],
  ])('a key %s', async (_, exempt, status) => {
    const life = createLife({ ageDays: 5, tags: { 'keyturn:exempt': exempt } });
    const body = { ...bodyOf(life, 'alice', 'exposed'), origin: 'exposed', accessKeyId: life.oldKey } as const;
    await send(life, signMessage(await stateKeyOf(life), body));
    expect(await drain(life.aws, workerSource(life))).toMatchObject({ deleted: 1, failed: 0 });
    expect(keysOf(life)).toEqual({ [life.oldKey]: status });
    expect(messages(life, 'exposed')).toMatchObject([{ severity: 'critical', accessKeyId: life.oldKey }]);
  });

  it('one that cannot be told from a forged one, for want of the state key, is back as soon', async () => {
    const life = createLife({ ageDays: 5 });
    await enqueued(life);
    life.aws.clock.advance(2 * MINUTE);
    const from = life.aws.calls.length;
    expect(await deliver(life.aws, workerSource(life, refuses('GenerateMac')))).toMatchObject({ failed: 1 });
    expect(writes(life, from)).toEqual([]);
    const [{ visibleAt = 0 } = {}] = life.aws.sqs.messages(life.queueUrl);
    expect(Math.round((visibleAt - life.aws.clock.now()) / 1_000)).toBe(30);
    life.aws.clock.set(visibleAt);
    expect(await deliver(life.aws, workerSource(life))).toMatchObject({ deleted: 1 });
    expect(currentKey(life.aws, life.userId)?.works).toBe(true);
  });

  it('a record of a moment ago is waited out, not left to the next delivery', async () => {
    const life = createLife({ ageDays: 5 });
    await enqueued(life);
    expect(await drain(life.aws, workerSource(life))).toMatchObject({ deleted: 1, failed: 0 });
    expect(currentKey(life.aws, life.userId)?.works).toBe(true);
  });
});

describe('by hand, compromised', () => {
  it('is the same order, and the key is recorded as exposed', async () => {
    const life = createLife({ ageDays: 5 });
    const reportedAt = new Date(life.aws.clock.now()).toISOString();
    const answer = await rotateUser(life, { userName: 'alice', action: 'rotate', compromised: true });
    expect(answer).toMatchObject({ status: 'changed', reason: 'compromised' });
    expect(messages(life, 'exposed')).toMatchObject([{ reportedAt }]);
    expect(answer.outcomes.map(({ action }) => action)).toEqual(['deactivate-exposed', 'issue']);
    expect(tagOf(life, life.userId, 'exposed')).toContain(life.oldKey);
    expect(life.aws.sns.published.map(({ attributes }) => `${attributes.event} ${attributes.severity}`)).toEqual([
      'exposed critical',
      'issued critical',
    ]);
  });

  it('with two keys needs to be told which, and replaces it beside a key that it could not read', async () => {
    const life = createLife({ ageDays: 5 });
    const { keys } = life.aws.iam.addUser({ userName: 'bob', keys: [{ ageDays: 5 }, { ageDays: 9 }] });
    const [exposed = '', other = ''] = keys.map(({ accessKeyId }) => accessKeyId);
    const ask = { userName: 'bob', action: 'rotate', compromised: true };
    expect(await rotateUser(life, ask)).toMatchObject({ status: 'blocked', reason: 'key-not-named', outcomes: [] });
    const answer = await rotateUser(life, { ...ask, accessKeyId: exposed });
    expect(answer.outcomes.map(({ action }) => action)).toEqual(['deactivate-exposed', 'delete', 'issue']);
    expect(keysOf(life, 'bob')).toMatchObject({ [other]: 'Active' });
    expect(labelsOf(life, answer.userId).AWSCURRENT).toBe(newKeyOf(life, [other], 'bob'));
    life.aws.clock.advance(HOUR);
    expect(await rotateUser(life, { ...ask, accessKeyId: exposed })).toMatchObject({
      status: 'unchanged',
      outcomes: [],
    });
  });

  it('passes a hold, never an exemption', async () => {
    const life = createLife({ ageDays: 5 });
    await rotateUser(life, { userName: 'alice', action: 'hold', holdUntil: '2026-06-01' });
    life.aws.clock.advance(HOUR);
    expect(await rotateUser(life, { userName: 'alice', action: 'rotate', compromised: true })).toMatchObject({
      status: 'changed',
    });
    const exempt = createLife({ tags: { 'keyturn:exempt': 'true' } });
    const answer = await rotateUser(exempt, { userName: 'alice', action: 'rotate', compromised: true, force: true });
    expect(answer).toMatchObject({ status: 'unchanged', reason: 'exempt' });
    expect(keysOf(exempt)).toEqual({ [exempt.oldKey]: 'Active' });
    expect(published(exempt)).toEqual(['exposed']);
  });
});
