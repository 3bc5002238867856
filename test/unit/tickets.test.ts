// Tests of shared/aws/tickets.ts and shared/core/fleet/queues.ts.

import { describe, expect, it } from 'vitest';
import { clearTickets, putTickets, takeTicket } from '../../shared/aws/tickets.ts';
import { fleetQueue } from '../../shared/core/fleet/queues.ts';
import { createWorld, DAY } from '../support/world.ts';

function tickets() {
  const world = createWorld();
  const url = world.aws.sqs.addQueue('keyturn-test-tickets.fifo', { VisibilityTimeout: '30' });
  const runtime = (before?: Parameters<typeof world.runtime>[1]) => world.runtime('operator', before);
  const now = () => world.aws.clock.now();
  const put = (count: number, scheduledAt = now()) => putTickets(runtime().aws, url, { scheduledAt, count });
  const take = (before?: Parameters<typeof world.runtime>[1]) => takeTicket(runtime(before).aws, url, now);
  return { world, url, put, take, runtime, now, left: () => world.aws.sqs.messages(url).length };
}

describe('tickets', () => {
  it('are taken once each, and none is left then', async () => {
    const { put, take, left } = tickets();
    await put(25);
    const taken: boolean[] = [];
    for (let n = 0; n < 30; n++) taken.push(await take());
    expect(taken.filter(Boolean)).toHaveLength(25);
    expect(left()).toBe(0);
  });

  it('are taken once each by workers that run at once', async () => {
    const { put, take } = tickets();
    await put(7);
    const taken = await Promise.all(Array.from({ length: 20 }, () => take()));
    const rest = [await take(), await take(), await take(), await take(), await take(), await take(), await take()];
    expect([...taken, ...rest].filter(Boolean)).toHaveLength(7);
  });

  it('of another day are worth nothing, and go', async () => {
    const { world, put, take, left } = tickets();
    await put(3);
    world.aws.clock.advance(DAY);
    expect(await take()).toBe(false);
    expect(left()).toBe(0);
  });

  it('that are put twice are there once, and a new run begins with none of the old', async () => {
    const { put, left, runtime, url, now } = tickets();
    const at = now();
    await put(5, at);
    await put(5, at);
    expect(left()).toBe(5);
    await clearTickets(runtime().aws, url);
    expect(left()).toBe(0);
  });

  it('are not taken where SQS does not say that they are gone', async () => {
    const { put, take, left, world } = tickets();
    await put(1);
    const failing = take(({ operation }) =>
      operation === 'DeleteMessage' ? { kind: 'error', status: 503, code: 'ServiceUnavailable' } : undefined,
    );
    await expect(failing).rejects.toThrow('DeleteMessage');
    expect(left()).toBe(1);
    world.aws.clock.advance(31_000);
    expect(await take()).toBe(true);
  });

  it('that two have received are one worker’s: whoever stood still with it does not know whose it is', async () => {
    const { put, take, left, world } = tickets();
    await put(1);
    const taken: boolean[] = [];
    const slow = await take(async ({ operation }) => {
      if (operation !== 'DeleteMessage' || taken.length > 0) return undefined;
      world.aws.clock.advance(31_000);
      taken.push(await take());
      return undefined;
    });
    expect([slow, ...taken]).toEqual([false, true]);
    expect(left()).toBe(0);
  });

  it('of which SQS says too late that they are gone are lost, and another is taken', async () => {
    const { put, take, left, world } = tickets();
    await put(3);
    let deletions = 0;
    const slow = await take(({ operation }) => {
      if (operation !== 'DeleteMessage') return undefined;
      if (++deletions === 2) world.aws.clock.advance(30_000);
      return deletions === 1 ? { kind: 'lost-response' } : undefined;
    });
    expect([slow, deletions, left()]).toEqual([true, 3, 1]);
  });

  it('clear, while another run clears', async () => {
    const { runtime, url } = tickets();
    const busy = runtime(({ operation }) =>
      operation === 'PurgeQueue' ? { kind: 'error', status: 403, code: 'PurgeQueueInProgress' } : undefined,
    );
    await expect(clearTickets(busy.aws, url)).resolves.toBeUndefined();
  });

  it('do not clear where AWS refuses, which is said', async () => {
    const { runtime, url } = tickets();
    const denied = runtime(({ operation }) =>
      operation === 'PurgeQueue' ? { kind: 'error', status: 403, code: 'AccessDenied' } : undefined,
    );
    await expect(clearTickets(denied.aws, url)).rejects.toThrow('PurgeQueue');
  });

  it('are not sought for ever, where none is taken in time', async () => {
    const { put, take, left, world } = tickets();
    await put(9);
    let deletions = 0;
    const taken = await take(({ operation }) => {
      if (operation !== 'DeleteMessage') return undefined;
      if (++deletions % 2 === 0) world.aws.clock.advance(30_000);
      return deletions % 2 === 1 ? { kind: 'lost-response' } : undefined;
    });
    expect([taken, left()]).toEqual([false, 4]);
  });
});

it('the queues of a fleet are named where one is missing', () => {
  expect(() => fleetQueue({}, 'ticketsQueueUrl')).toThrow('KEYTURN_TICKETS_QUEUE_URL is missing');
  expect(fleetQueue({ KEYTURN_TICKETS_QUEUE_URL: 'https://x' }, 'ticketsQueueUrl')).toBe('https://x');
});
