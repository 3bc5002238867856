// Tests of shared/aws/enqueue.ts in a fleet.

import { describe, expect, it } from 'vitest';
import { enqueue } from '../../shared/aws/enqueue.ts';
import type { WorkMessage } from '../../shared/core/events.ts';
import { createWorld, type World } from '../support/world.ts';

const messageOf = (userId: string, more: Partial<WorkMessage> = {}): WorkMessage => ({
  schemaVersion: 1,
  accountId: '111122223333',
  userId,
  userName: userId,
  origin: 'schedule',
  requestId: 'run',
  ...more,
});
const userIds = Array.from({ length: 40 }, (_, n) => `AIDA${String(n).padStart(16, '0')}`);
const groups = ({ aws, queueUrl }: World) => aws.sqs.messages(queueUrl).map(({ groupId }) => groupId);

describe('groups of messages', () => {
  it('are of users in one account', async () => {
    const world = createWorld();
    await enqueue(
      world.runtime('scan').aws,
      world.queueUrl,
      userIds.map((id) => messageOf(id)),
    );
    expect(groups(world)).toEqual(userIds);
  });

  it('are shards of an account in a fleet, so that no account has more passes at once, and all are used', async () => {
    const world = createWorld();
    const { aws } = world.runtime('scan');
    const both = ['111122223333', '444455556666'];
    for (const accountId of both) {
      const messages = userIds.map((id) => messageOf(id, { accountId, requestId: accountId }));
      await enqueue(aws, world.queueUrl, messages, 2);
    }
    const expected = both.flatMap((accountId) => [`${accountId}/0`, `${accountId}/1`]);
    expect([...new Set(groups(world))].toSorted()).toEqual(expected);
    await enqueue(
      aws,
      world.queueUrl,
      userIds.map((id) => messageOf(id, { requestId: 'again' })),
      2,
    );
    expect(groups(world).slice(-40)).toEqual(groups(world).slice(0, 40));
  });

  it('of exposed keys wait for nobody, in a fleet too', async () => {
    const world = createWorld();
    const exposed = messageOf('AIDA0000000000000000', { origin: 'exposed', accessKeyId: 'AKIA0000000000000001' });
    await enqueue(world.runtime('scan').aws, world.queueUrl, [exposed], 2);
    expect(groups(world)).toEqual(['exposed/AKIA0000000000000001']);
  });
});
