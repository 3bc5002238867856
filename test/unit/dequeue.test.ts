// Tests of shared/aws/dequeue.ts.

import { describe, expect, it } from 'vitest';
import { discard, drain, hideFor, type Received, receive } from '../../shared/aws/dequeue.ts';
import { sendAll } from '../../shared/aws/enqueue.ts';
import { createWorld } from '../support/world.ts';

async function results(count: number) {
  const world = createWorld();
  const url = world.aws.sqs.addQueue('keyturn-test-results', { VisibilityTimeout: '300' });
  const { aws, clock, sleep } = world.runtime('operator');
  await sendAll(
    aws,
    url,
    Array.from({ length: count }, (_, n) => ({ MessageBody: String(n) })),
  );
  const all = (isEnough: (received: readonly Received[]) => boolean) => drain(aws, url, { clock, sleep, isEnough });
  return { world, url, aws, all, left: () => world.aws.sqs.messages(url).length };
}

describe('draining', () => {
  it('reads all, deletes nothing, and what is discarded then is gone', async () => {
    const { all, left, aws, url } = await results(123);
    const received = await all(() => true);
    expect(new Set(received.map(({ body }) => body)).size).toBe(123);
    expect(left()).toBe(123);
    await discard(aws, url, received);
    expect(left()).toBe(0);
  });

  it('waits for what a reader has that died, and no longer than six minutes', async () => {
    const { all, aws, url, world } = await results(4);
    await receive(aws, url, { visibilitySeconds: 300 });
    const beganAt = world.aws.clock.now();
    expect(await all((received) => received.length === 4)).toHaveLength(4);
    expect(world.aws.clock.now() - beganAt).toBeLessThanOrEqual(360_000);
  });

  it('gives up on what somebody keeps', async () => {
    const { all, aws, url, world } = await results(4);
    await receive(aws, url, { visibilitySeconds: 3_600 });
    const beganAt = world.aws.clock.now();
    expect(await all(() => false)).toEqual([]);
    expect(world.aws.clock.now() - beganAt).toBeLessThan(380_000);
  });

  it('does not wait where nothing is under way', async () => {
    const { all, world } = await results(0);
    const beganAt = world.aws.clock.now();
    expect(await all(() => false)).toEqual([]);
    expect(world.aws.clock.now() - beganAt).toBeLessThan(1_000);
  });

  it('shows what is shown again', async () => {
    const { aws, url } = await results(2);
    const received = await receive(aws, url, { visibilitySeconds: 300 });
    expect(await receive(aws, url, { visibilitySeconds: 300 })).toEqual([]);
    await hideFor(aws, url, received, 0);
    expect(await receive(aws, url, { visibilitySeconds: 300 })).toHaveLength(2);
  });
});
