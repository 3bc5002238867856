// Tests of shared/service/exposed-key.ts, shared/service/quarantine.ts, shared/aws/quarantine-policies.ts and
// shared/aws/key-owner.ts.

import { readFileSync } from 'node:fs';
import { DeleteAccessKeyCommand, DeleteUserCommand } from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { createExposedKey } from '../../functions/exposed-key.ts';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { drain } from '../../local/host/event-source.ts';
import { currentKey } from '../support/faults.ts';
import { contextOf, createWorld, DAY, invoke, pass, published, rotateUser, type World } from '../support/world.ts';

const event = JSON.parse(readFileSync(new URL('../../events/exposed-key-health.json', import.meta.url), 'utf8'));

function exposure(accessKeyId: string): unknown {
  return { ...event, detail: { ...event.detail, affectedEntities: [{ entityValue: accessKeyId }] } };
}

async function expose(world: World, accessKeyId: string, before?: BeforeCall): Promise<Record<string, unknown>> {
  const handler = createExposedKey(world.runtime('exposed-key', before));
  const answer = (await invoke(world, 'exposed-key', handler, exposure(accessKeyId))) as {
    keys: Record<string, unknown>[];
  };
  return answer.keys[0] ?? {};
}

async function userWith(world: World, options: Omit<Parameters<World['aws']['iam']['addUser']>[0], 'userName'> = {}) {
  const user = world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 5 }], ...options });
  return { ...user, exposed: user.keys[0]?.accessKeyId ?? '' };
}

function statuses({ aws }: World): Record<string, string> {
  return Object.fromEntries(aws.iam.keysOf('alice').map(({ accessKeyId, status }) => [accessKeyId, status]));
}

describe('an exposed key', () => {
  it('is deactivated, replaced in the same run, announced as critical, and deleted after the recovery period', async () => {
    const world = createWorld();
    const { exposed, userId } = await userWith(world);
    expect(await expose(world, exposed)).toMatchObject({
      status: 'changed',
      userName: 'alice',
      quarantinePolicies: [],
    });
    const current = currentKey(world.aws, userId);
    expect(current?.works).toBe(true);
    expect(statuses(world)).toEqual({ [exposed]: 'Inactive', [current?.accessKeyId ?? '']: 'Active' });
    expect(world.aws.sns.published.map(({ attributes }) => [attributes.event, attributes.severity])).toEqual([
      ['exposed', 'critical'],
      ['issued', 'critical'],
    ]);
    world.aws.clock.advance(10.1 * DAY);
    await pass(world, 'alice');
    expect(Object.keys(statuses(world))).toEqual([current?.accessKeyId]);
  });

  it('is deactivated also when the issue fails, and the failure is loud', async () => {
    const denied = {
      kind: 'error',
      status: 403,
      code: 'AccessDenied',
      message: 'not authorized: no policy allows',
    } as const;
    for (const operation of ['CreateSecret', 'PutResourcePolicy', 'TagResource', 'CreateAccessKey', 'PutSecretValue']) {
      const world = createWorld();
      const { exposed } = await userWith(world);
      await expect(
        expose(world, exposed, (call) => (call.operation === operation ? denied : undefined)),
      ).rejects.toThrow(operation);
      expect(statuses(world)[exposed]).toBe('Inactive');
      expect(published(world)).toContain('exposed');
    }
  });

  it('is deactivated also when the new key never works', async () => {
    const world = createWorld({ propagationMs: 3_600_000 });
    const { exposed } = await userWith(world);
    await expose(world, exposed);
    expect(statuses(world)).toEqual({ [exposed]: 'Inactive' });
    expect(published(world)).toEqual(['exposed', 'failed']);
  });

  it('is replaced by the worker when the first issue left a live intent behind', async () => {
    const world = createWorld();
    const { exposed, userId } = await userWith(world);
    const lost = (call: { operation: string }) =>
      call.operation === 'CreateAccessKey'
        ? ({ kind: 'error', status: 500, code: 'ServiceFailure' } as const)
        : undefined;
    expect(await expose(world, exposed, lost)).toMatchObject({ status: 'enqueued' });
    expect(statuses(world)[exposed]).toBe('Inactive');
    const handler = createRotationWorker(world.runtime('worker'));
    for (let tries = 0; tries < 4; tries++) {
      await drain(world.aws, {
        queueUrl: world.queueUrl,
        handler: (batch) => handler(batch, contextOf(world, 'rotation-worker')),
      });
      world.aws.clock.advance(31 * 60_000);
    }
    expect(currentKey(world.aws, userId)?.works).toBe(true);
    expect(Object.values(statuses(world)).filter((status) => status === 'Active')).toHaveLength(1);
  });

  it('is said to have been reported when AWS did, though the worker deactivates it later', async () => {
    const reportedAt = event.time.replace('Z', '.000Z');
    const told = ({ aws }: World) =>
      aws.sns.published
        .map(({ message }) => JSON.parse(message.default ?? '{}'))
        .filter((each) => each.event === 'exposed' && each.keyStatus === 'Inactive');
    const world = createWorld();
    const { exposed } = await userWith(world);
    const lost = (call: { operation: string }) =>
      call.operation === 'UpdateAccessKey'
        ? ({ kind: 'error', status: 500, code: 'ServiceFailure' } as const)
        : undefined;
    expect(await expose(world, exposed, lost)).toMatchObject({ status: 'enqueued' });
    expect(told(world)).toEqual([]);
    const handler = createRotationWorker(world.runtime('worker'));
    world.aws.clock.advance(31 * 60_000);
    await drain(world.aws, {
      queueUrl: world.queueUrl,
      handler: (batch) => handler(batch, contextOf(world, 'rotation-worker')),
    });
    expect(told(world)).toMatchObject([{ accessKeyId: exposed, reportedAt }]);
    const atOnce = createWorld();
    await expose(atOnce, (await userWith(atOnce)).exposed);
    expect(told(atOnce)).toMatchObject([{ reportedAt }]);
  });

  it('is deleted and replaced when the issue has died and left a key behind, which nobody is told to use', async () => {
    const world = createWorld();
    const { exposed } = await userWith(world);
    const dead = expose(world, exposed, ({ operation }) =>
      operation === 'CreateAccessKey' ? { kind: 'crash-after' } : undefined,
    );
    await expect(dead).rejects.toThrow();
    world.aws.clock.advance(10 * 60_000);
    await expose(world, exposed);
    const told = world.aws.sns.published.map(({ message }) => JSON.parse(message.default ?? '{}'));
    expect(told[0]).toMatchObject({ event: 'exposed', accessKeyId: exposed });
    expect(told[0]).not.toHaveProperty('newAccessKeyId');
    expect(told[0].message).toContain('no key is left to work with');
    for (const days of [0.1, 1, 1, 10]) {
      world.aws.clock.advance(days * DAY);
      await pass(world, 'alice');
    }
    expect(Object.values(statuses(world))).toEqual(['Active']);
    expect(Object.keys(statuses(world))).not.toContain(exposed);
    expect(published(world)).toEqual(['exposed', 'orphan-removed', 'orphan-removed', 'issued', 'deleted']);
  });

  it('does not wait for an Inactive key that takes the other slot: its own is free', async () => {
    const world = createWorld();
    const { exposed, keys, userId } = await userWith(world, {
      keys: [{ ageDays: 5 }, { ageDays: 300, status: 'Inactive' }],
    });
    await expose(world, exposed);
    const current = currentKey(world.aws, userId)?.accessKeyId ?? '';
    expect(statuses(world)).toEqual({ [keys[1]?.accessKeyId ?? '']: 'Inactive', [current]: 'Active' });
    expect(published(world)).toEqual(['exposed', 'deleted', 'issued']);
    expect(world.aws.sns.published[0]?.message.default).toContain('no key is left to work with');
  });

  it('leaves an Active other key as the one to work with, and says which', async () => {
    const world = createWorld();
    const { exposed, keys } = await userWith(world, { keys: [{ ageDays: 5 }, { ageDays: 300 }] });
    await expose(world, exposed);
    const other = keys[1]?.accessKeyId ?? '';
    expect(statuses(world)).toEqual({ [exposed]: 'Inactive', [other]: 'Active' });
    expect(JSON.parse(world.aws.sns.published.at(-1)?.message.default ?? '{}')).toMatchObject({
      newAccessKeyId: other,
    });
  });

  it('of an exempt user is only told of', async () => {
    const world = createWorld();
    const { exposed } = await userWith(world, { tags: { 'keyturn:exempt': 'true' } });
    expect(await expose(world, exposed)).toMatchObject({ status: 'unchanged' });
    expect(world.aws.calls.filter(({ mutating }) => mutating)).toEqual([]);
    expect(world.aws.sns.published.map(({ attributes }) => attributes.event)).toEqual(['exposed']);
  });

  it('of a user outside the path is only told of', async () => {
    const world = createWorld({ environment: { KEYTURN_USER_PATH_PREFIX: '/team-a/' } });
    const { exposed } = await userWith(world);
    expect(await expose(world, exposed)).toMatchObject({
      status: 'unchanged',
      message: expect.stringContaining('not below the path /team-a/'),
    });
    expect(world.aws.calls.filter(({ mutating }) => mutating)).toEqual([]);
    expect(published(world)).toEqual(['exposed']);
  });

  it.each([
    ['the user', 'GetUser'],
    ['the key', 'ListAccessKeys'],
  ])("is nobody's any more when %s goes before it is looked at", async (_, operation) => {
    const world = createWorld();
    const { exposed } = await userWith(world);
    const { iam } = world.runtime('operator').aws;
    const answer = await expose(world, exposed, async (call) => {
      if (call.operation !== operation) return undefined;
      await iam.send(new DeleteAccessKeyCommand({ UserName: 'alice', AccessKeyId: exposed }));
      if (operation === 'GetUser') await iam.send(new DeleteUserCommand({ UserName: 'alice' }));
      return undefined;
    });
    expect(answer).toMatchObject({ status: 'unknown' });
    expect(world.aws.calls.filter(({ caller, mutating }) => caller === 'exposed-key' && mutating)).toEqual([]);
    expect(published(world)).toEqual([]);
  });

  it('is found though it was made seconds ago and IAM does not show it yet', async () => {
    const world = createWorld();
    const { exposed } = await userWith(world);
    let isFirst = true;
    const answer = await expose(world, exposed, ({ operation }) => {
      if (operation !== 'GetAccessKeyLastUsed' || !isFirst) return undefined;
      isFirst = false;
      return { kind: 'stale', ms: 10_000 };
    });
    expect(answer).toMatchObject({ status: 'changed', userName: 'alice' });
    expect(statuses(world)).toMatchObject({ [exposed]: 'Inactive' });
    expect(published(world)).toEqual(['exposed', 'issued']);
  });

  it('fails loudly where neither the secret nor the queue can be had', async () => {
    const world = createWorld();
    const { exposed } = await userWith(world);
    const refused = expose(world, exposed, ({ operation }) => {
      if (operation === 'SendMessageBatch') return { kind: 'error', status: 403, code: 'AccessDenied' };
      return operation === 'DescribeSecret' ? { kind: 'throttle' } : undefined;
    });
    await expect(refused).rejects.toThrow('Not every exposed key was dealt with');
    expect(statuses(world)).toEqual({ [exposed]: 'Inactive' });
  });

  it('is dealt with in spite of a hold and of a freeze', async () => {
    const world = createWorld({ environment: { KEYTURN_FREEZE: '[["2025-12-01","2026-12-31"]]' } });
    const { exposed } = await userWith(world);
    await rotateUser(world, { userName: 'alice', action: 'hold', holdUntil: '2026-06-01' });
    world.aws.clock.advance(DAY);
    await expose(world, exposed);
    expect(statuses(world)[exposed]).toBe('Inactive');
    expect(Object.keys(statuses(world))).toHaveLength(2);
  });

  it('reported twice, from two Regions, changes nothing the second time', async () => {
    const world = createWorld();
    const { exposed } = await userWith(world);
    await expose(world, exposed);
    world.aws.clock.advance(120_000);
    const from = world.aws.calls.length;
    expect(await expose(world, exposed)).toMatchObject({ status: 'unchanged' });
    expect(world.aws.calls.slice(from).filter(({ mutating }) => mutating)).toEqual([]);
  });

  it('reports quarantine policies of any version, and leaves them', async () => {
    const world = createWorld();
    const policies = ['ReadOnlyAccess', 'AWSCompromisedKeyQuarantineV4'];
    const { exposed } = await userWith(world, { policies });
    expect(await expose(world, exposed)).toMatchObject({ quarantinePolicies: ['AWSCompromisedKeyQuarantineV4'] });
    expect(world.aws.sns.published.at(-1)?.message.default).toContain('AWSCompromisedKeyQuarantineV4');
  });

  it('cannot be kept Active by quarantine policies that cannot be read', async () => {
    const world = createWorld();
    const { exposed } = await userWith(world);
    const answer = await expose(world, exposed, ({ operation }) =>
      operation === 'ListAttachedUserPolicies' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined,
    );
    expect(answer).toMatchObject({ status: 'changed', quarantinePolicies: [] });
    expect(published(world)).toEqual(['exposed', 'issued']);
    const operations = world.aws.calls.map(({ operation }) => operation);
    expect(operations.indexOf('UpdateAccessKey')).toBeLessThan(operations.indexOf('ListAttachedUserPolicies'));
  });

  it("of nobody in this account is told of: it may be the root user's", async () => {
    const world = createWorld();
    expect(await expose(world, 'AKIAIOSFODNN7EXAMPLE')).toMatchObject({ status: 'unknown' });
    const [{ attributes, message } = {}] = world.aws.sns.published;
    expect(attributes).toEqual({ accountId: world.aws.accountId, event: 'exposed', severity: 'critical' });
    expect(JSON.parse(message?.default ?? '{}')).toMatchObject({
      reason: 'key-of-nobody',
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    });
  });

  it('is dealt with beside an entity that is no key, which is named', async () => {
    const world = createWorld();
    const { exposed } = await userWith(world);
    const affectedEntities = [{ entityValue: 'arn:aws:iam::111122223333:user/alice' }, { entityValue: exposed }];
    const handler = createExposedKey(world.runtime('exposed-key'));
    const mixed = { ...event, detail: { ...event.detail, affectedEntities } };
    await expect(invoke(world, 'exposed-key', handler, mixed)).rejects.toThrow('user/alice is no access key ID');
    expect(statuses(world)[exposed]).toBe('Inactive');
  });

  it.each([
    ['COMPROMISED', 'Inactive'],
    ['EXPOSURE_SUSPECTED', 'Active'],
    ['COMPROMISE_SUSPECTED', 'Active'],
  ])('by the code %s is %s afterwards', async (code, status) => {
    const world = createWorld();
    const { exposed } = await userWith(world);
    const eventTypeCode = `AWS_RISK_CREDENTIALS_${code}`;
    const detail = { ...event.detail, eventTypeCode, affectedEntities: [{ entityValue: exposed }] };
    const handler = createExposedKey(world.runtime('exposed-key'));
    await invoke(world, 'exposed-key', handler, { ...event, detail });
    expect(statuses(world)[exposed]).toBe(status);
    expect(published(world)).toEqual(status === 'Active' ? ['exposed'] : ['exposed', 'issued']);
    const [{ attributes, message } = {}] = world.aws.sns.published;
    expect(attributes?.severity).toBe('critical');
    expect(message?.email?.includes(`--access-key-id ${exposed} --status Inactive`)).toBe(status === 'Active');
  });

  it('is deactivated on suspicion where `suspectedKeys` is act', async () => {
    const world = createWorld({ environment: { KEYTURN_SUSPECTED_KEYS: 'act' } });
    const { exposed } = await userWith(world);
    const eventTypeCode = 'AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED';
    const detail = { ...event.detail, eventTypeCode, affectedEntities: [{ entityValue: exposed }] };
    const handler = createExposedKey(world.runtime('exposed-key'));
    await invoke(world, 'exposed-key', handler, { ...event, detail });
    expect(statuses(world)[exposed]).toBe('Inactive');
  });

  it('is changed by no dry run, which tells, and says what would have been done', async () => {
    const world = createWorld({ environment: { KEYTURN_ENFORCE: 'false' } });
    const { exposed } = await userWith(world);
    expect(await expose(world, exposed)).toMatchObject({ status: 'planned' });
    expect(world.aws.calls.filter(({ mutating }) => mutating)).toEqual([]);
    const [{ attributes, message } = {}] = world.aws.sns.published;
    expect(attributes).toMatchObject({ event: 'exposed', severity: 'critical', userName: 'alice' });
    expect(JSON.parse(message?.default ?? '{}')).toMatchObject({ keyStatus: 'Active' });
    expect(message?.default).toContain('This is a dry run, so nothing was changed. Otherwise: Key');
    expect(message?.email).toContain(`--access-key-id ${exposed} --status Inactive`);
  });

  it.each([
    [{ ...event, detail: { ...event.detail, eventTypeCode: 'AWS_EC2_ISSUE' } }, /eventTypeCode/],
    [{ ...event, detail: { ...event.detail, affectedEntities: [] } }, /affectedEntities/],
    [{}, /detail/],
  ])('is not read from another event', async (other, message) => {
    const world = createWorld();
    const handler = createExposedKey(world.runtime('exposed-key'));
    await expect(invoke(world, 'exposed-key', handler, other)).rejects.toThrow(message);
    expect(world.aws.calls).toEqual([]);
  });
});
