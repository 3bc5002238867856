// Tests of shared/aws/limits.ts and shared/core/checks/heard.ts.

import { SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { createLife, keysOf, live, messages, newKeyOf, secretNameOf, tagOf, use, writes } from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { createWorld, DAY, pass, published, rotateUser, type World } from '../support/world.ts';

searchForSecretsAfterEach();

const ORIGINS = ['schedule', 'config'];

/** Users `u1` to `u<count>`, each with one key that is due. */
function createDue(count: number, environment: Record<string, string> = {}): World {
  const world = createWorld({ environment });
  for (let n = 1; n <= count; n++) world.aws.iam.addUser({ userName: `u${n}`, keys: [{ ageDays: 90 }] });
  return world;
}

const hasNewKey = (world: World, userName: string): boolean => Object.keys(keysOf(world, userName)).length === 2;

function lastReason(world: World): unknown {
  const line = world.logged.filter((text) => text.includes('"message":"Decided"')).at(-1);
  return JSON.parse(line ?? '{}').reason;
}

/** An SCP for people. */
const neverAllowed = ({ operation }: { operation: string }) =>
  operation === 'CreateAccessKey' ? ({ kind: 'error', status: 403, code: 'AccessDenied' } as const) : undefined;

/** No new key ever works. */
const neverProven = ({ service }: { service: string }) =>
  service === 'sts' ? ({ kind: 'error', status: 403, code: 'InvalidClientTokenId' } as const) : undefined;

describe.each(ORIGINS)('a rotation of origin %s', (origin) => {
  const rotate = (world: World, userName: string) => pass(world, userName, undefined, origin);

  it('is put off when the daily limit is reached, and goes on the next UTC day', async () => {
    const world = createDue(3, { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '2' });
    for (const userName of ['u1', 'u2', 'u3']) expect(await rotate(world, userName)).toBe(true);
    expect(['u1', 'u2', 'u3'].map((name) => hasNewKey(world, name))).toEqual([true, true, false]);
    expect(lastReason(world)).toBe('daily-limit');
    expect(published(world)).toEqual(['issued', 'issued']);
    world.aws.clock.set(Date.UTC(2026, 0, 1, 23, 59));
    await rotate(world, 'u3');
    expect(hasNewKey(world, 'u3')).toBe(false);
    world.aws.clock.set(Date.UTC(2026, 0, 2));
    await rotate(world, 'u3');
    expect(hasNewKey(world, 'u3')).toBe(true);
  });

  it('is put off by the breaker after three failed proofs, until the next UTC day', async () => {
    const world = createDue(4);
    for (const userName of ['u1', 'u2', 'u3']) {
      const old = keysOf(world, userName);
      await pass(world, userName, neverProven, origin);
      expect(keysOf(world, userName)).toEqual(old);
    }
    expect(messages(world).map(({ event, reason }) => [event, reason])).toEqual(
      Array(3).fill(['failed', 'not-proven']),
    );
    world.aws.clock.advance(60_000);
    await rotate(world, 'u4');
    expect(hasNewKey(world, 'u4')).toBe(false);
    expect(lastReason(world)).toBe('breaker-open');
    expect(world.metrics.get('BreakerOpen')).toBe(1);
    world.aws.clock.set(Date.UTC(2026, 0, 2));
    await rotate(world, 'u4');
    expect(hasNewKey(world, 'u4')).toBe(true);
  });

  it('goes on after two failed proofs, and when the newest issue was proven', async () => {
    const world = createDue(5);
    await pass(world, 'u1', neverProven, origin);
    await pass(world, 'u2', neverProven, origin);
    await rotate(world, 'u3');
    await pass(world, 'u4', neverProven, origin);
    await rotate(world, 'u5');
    expect(['u3', 'u5'].map((name) => hasNewKey(world, name))).toEqual([true, true]);
  });

  it('is not begun while nobody would be told', async () => {
    const world = createWorld({ emails: [] });
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 90 }] });
    const { sns } = world.runtime('operator').aws;
    const email = { TopicArn: world.topicArn, Protocol: 'email', Endpoint: 'ops@example.com' };
    await sns.send(new SubscribeCommand(email));
    expect(await rotate(world, 'alice')).toBe(true);
    expect(lastReason(world)).toBe('no-subscription');
    expect(world.logged.join('\n')).toContain(`no subscription of ${world.topicArn} would deliver`);
    expect(writes(world)).toEqual([]);
    for (const { arn } of world.aws.sns.subscriptions(world.topicArn)) world.aws.sns.confirm(arn);
    await rotate(world, 'alice');
    expect(published(world)).toEqual([]);
    // As long as SNS itself may take to act on it.
    world.aws.clock.advance(15 * 60_000);
    await rotate(world, 'alice');
    expect(published(world)).toEqual(['issued']);
  });
});

describe('a subscription for alice alone', () => {
  it('lets nothing happen to bob, and is asked about each message', async () => {
    const world = createWorld({ emails: [] });
    for (const userName of ['alice', 'bob']) world.aws.iam.addUser({ userName, keys: [{ ageDays: 90 }] });
    const { sns } = world.runtime('operator').aws;
    const Attributes = { FilterPolicy: '{"userName":["alice"]}' };
    await sns.send(
      new SubscribeCommand({ TopicArn: world.topicArn, Protocol: 'email', Endpoint: 'alice@example.com', Attributes }),
    );
    for (const { arn } of world.aws.sns.subscriptions(world.topicArn)) world.aws.sns.confirm(arn);
    for (const userName of ['bob', 'alice']) expect(await pass(world, userName)).toBe(true);
    expect(messages(world).map(({ event, userName }) => [event, userName])).toEqual([['issued', 'alice']]);
    expect([hasNewKey(world, 'alice'), hasNewKey(world, 'bob')]).toEqual([true, false]);
    expect(world.logged.join('\n')).toContain(`Not done for bob, because no subscription of ${world.topicArn}`);
  });
});

describe('the limits on harm', () => {
  it('are counted over both origins together, and not over rotations by hand', async () => {
    const world = createDue(3, { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '1' });
    await pass(world, 'u1', undefined, 'schedule');
    await pass(world, 'u2', undefined, 'config');
    expect(hasNewKey(world, 'u2')).toBe(false);
    await rotateUser(world, { userName: 'u3', action: 'rotate' });
    expect(hasNewKey(world, 'u3')).toBe(true);
  });

  it('are not used up by rotations by hand', async () => {
    const world = createDue(2, { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '1' });
    await rotateUser(world, { userName: 'u1', action: 'rotate' });
    await pass(world, 'u2', undefined, 'config');
    expect(hasNewKey(world, 'u2')).toBe(true);
  });

  it('need no subscription where the operator says so', async () => {
    const world = createWorld({ emails: [], environment: { KEYTURN_REQUIRE_SUBSCRIPTION: 'false' } });
    world.aws.iam.addUser({ userName: 'alice', keys: [{ ageDays: 90 }] });
    await pass(world, 'alice');
    expect(published(world)).toEqual(['issued']);
  });

  it('stop what is taken away, too, while nobody would be told', async () => {
    const life = createLife({ environment: { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '1' } });
    await live(life, { from: 90, to: 90 });
    const { sns } = life.runtime('operator').aws;
    for (const { arn } of life.aws.sns.subscriptions(life.topicArn)) {
      await sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
    }
    life.environment.KEYTURN_MAX_NEW_ROTATIONS_PER_DAY = '0';
    life.aws.clock.advance(DAY);
    use(life, newKeyOf(life, [life.oldKey]));
    expect(await live(life, { from: 91, to: 111 })).toEqual([]);
    expect(lastReason(life)).toBe('notice-undeliverable');
    expect(Object.values(keysOf(life))).toEqual(['Active', 'Active']);
  });

  it('stop only issuing: the grace period of an issued key goes on', async () => {
    const life = createLife({ environment: { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '1' } });
    await live(life, { from: 90, to: 90 });
    life.environment.KEYTURN_MAX_NEW_ROTATIONS_PER_DAY = '0';
    life.aws.clock.advance(DAY);
    use(life, newKeyOf(life, [life.oldKey]));
    const timeline = await live(life, { from: 91, to: 111 });
    const deactivated = ['93 reminder', '97 reminder', '99 reminder', '100 deactivated'];
    expect(timeline).toEqual([...deactivated, '107 reminder', '110 deleted']);
  });

  it('count no issue that came to nothing', async () => {
    const world = createDue(3, { KEYTURN_MAX_NEW_ROTATIONS_PER_DAY: '1' });
    await pass(world, 'u1', neverAllowed);
    await pass(world, 'u2', neverProven);
    expect([hasNewKey(world, 'u1'), hasNewKey(world, 'u2')]).toEqual([false, false]);
    await pass(world, 'u3');
    expect(hasNewKey(world, 'u3')).toBe(true);
  });

  it('take a refusal for no failed proof', async () => {
    const world = createDue(5);
    for (const userName of ['u1', 'u2']) await pass(world, userName, neverAllowed);
    await pass(world, 'u3');
    expect(hasNewKey(world, 'u3')).toBe(true);
  });

  it('stop what AWS refuses to everybody who is tried', async () => {
    const world = createDue(5);
    for (const userName of ['u1', 'u2', 'u3']) await pass(world, userName, neverAllowed);
    await pass(world, 'u4');
    expect(hasNewKey(world, 'u4')).toBe(false);
    expect(lastReason(world)).toBe('refused-everywhere');
    world.aws.clock.advance(DAY);
    await pass(world, 'u4');
    expect(hasNewKey(world, 'u4')).toBe(true);
  });

  it("leave a secret to Secrets Manager's own rotation", async () => {
    const life = createLife({ ageDays: 89 });
    await rotateUser(life, { userName: 'alice', action: 'hold', holdUntil: '2026-01-02' });
    await rotateUser(life, { userName: 'alice', action: 'policy' });
    life.aws.secrets.configure(secretNameOf(life.userId), { rotationEnabled: true });
    life.aws.clock.advance(DAY);
    const from = life.aws.calls.length;
    await pass(life, 'alice');
    expect(lastReason(life)).toBe('managed-rotation');
    expect(writes(life, from)).toEqual([]);
    // One that never comes is told of, and again every week.
    expect(await live(life, { from: 90, to: 100 })).toEqual(['91 blocked', '98 blocked']);
  });

  it('are read once, and only when an issue is next', async () => {
    const life = createLife({ ageDays: 89 });
    const lists = () => life.aws.calls.filter(({ operation }) => operation === 'ListSecrets').length;
    await pass(life, 'alice');
    expect(lists()).toBe(0);
    life.aws.clock.advance(DAY);
    await pass(life, 'alice');
    expect(lists()).toBe(1);
    expect(tagOf(life, life.userId, 'issued-on')).toBe('2026-01-02 schedule');
  });
});
