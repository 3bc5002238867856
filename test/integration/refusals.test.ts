// Tests of shared/apply/refusals.ts.

import { describe, expect, it } from 'vitest';
import { createRotationWorker } from '../../functions/rotation-worker.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import type { BeforeCall } from '../../local/aws/aws.ts';
import { createWorld, DAY, invoke, sqsEvent, type World } from '../support/world.ts';

const scp = 'with an explicit deny in a service control policy';

const refusing =
  (operation: string, isRefused: (userName: string) => boolean = () => true): BeforeCall =>
  (call) =>
    call.operation === operation && isRefused(String(call.input.UserName ?? ''))
      ? { kind: 'error', status: 403, code: 'AccessDenied', message: scp }
      : undefined;

/** Daily runs, each with a container of its own for the worker, as Lambda has by then. */
async function days(world: World, count: number, before?: BeforeCall): Promise<void> {
  const { aws, queueUrl } = world;
  for (let day = 0; day < count; day++) {
    const scheduledAt = new Date(aws.clock.now()).toISOString();
    await invoke(world, 'scheduled-rotation', createScheduledRotation(world.runtime('scan')), { scheduledAt });
    const worker = createRotationWorker(world.runtime('worker', before));
    for (let [message] = aws.sqs.take(queueUrl, 1); message; [message] = aws.sqs.take(queueUrl, 1)) {
      await invoke(world, 'rotation-worker', worker, sqsEvent(message.body));
      aws.sqs.drop(queueUrl, message.receiptHandle ?? '');
    }
    aws.clock.set(Date.parse(scheduledAt) + DAY);
  }
}

const documents = (world: World, event: string) =>
  world.aws.sns.published
    .filter(({ attributes }) => attributes.event === event)
    .map(({ message }) => JSON.parse(message.default ?? '{}'));

const failures = (world: World) => documents(world, 'failed').map(({ reason }) => reason);
const tries = (world: World, operation: string) =>
  world.aws.calls.filter((call) => call.operation === operation).length;

function withDue(count: number): World {
  const world = createWorld();
  for (let n = 0; n < count; n++) world.aws.iam.addUser({ userName: `user-${n}`, keys: [{ ageDays: 200 - n }] });
  return world;
}

describe('a refusal of everybody is told once', () => {
  it('where AWS refuses to make keys, and one user is tried in each run', async () => {
    const world = withDue(12);
    await days(world, 7, refusing('CreateAccessKey'));
    expect(failures(world)).toEqual(['refused', 'refused', 'refused-everywhere']);
    const { message } = documents(world, 'failed').at(-1);
    expect(message).toContain(
      'AWS refuses iam:CreateAccessKey (AccessDenied) for every user tried: 3 users, user-0, user-1, user-2.',
    );
    expect(message).toContain('service control policy');
    expect(tries(world, 'CreateAccessKey')).toBe(3 + 6);
    for (const each of documents(world, 'digest').slice(1)) {
      expect(each.note).toMatch(/^AWS refuses iam:CreateAccessKey \(AccessDenied\) for every user tried: \d+ users/);
    }
  });

  it('where AWS refuses to make secrets, as far as one container knows', async () => {
    const world = withDue(12);
    await days(world, 7, refusing('CreateSecret'));
    expect(failures(world)).toEqual(['refused', 'refused', 'refused-everywhere']);
    expect(tries(world, 'CreateSecret')).toBe(3 + 6);
    expect(documents(world, 'digest').at(-1)?.note).toMatch(
      /^12 users have waited .* AWS may refuse it for all of them/,
    );
  });

  it('and all are rotated once it is over', async () => {
    const world = withDue(6);
    await days(world, 3, refusing('CreateAccessKey'));
    await days(world, 2);
    expect(documents(world, 'issued')).toHaveLength(6);
    expect(documents(world, 'digest').at(-1)?.note).toBeUndefined();
  });

  it('and again after a week', async () => {
    const world = withDue(10);
    await days(world, 9, refusing('CreateAccessKey'));
    expect(failures(world)).toEqual(['refused', 'refused', 'refused-everywhere', 'refused-everywhere']);
  });
});

describe('a refusal of some', () => {
  const isRefused = (userName: string) => ['user-0', 'user-1', 'user-2', 'user-3'].includes(userName);

  it('keeps nobody else from being rotated, and stands first only once', async () => {
    const world = withDue(9);
    await days(world, 4, refusing('CreateAccessKey', isRefused));
    const issued = documents(world, 'issued').map(({ userName }) => userName);
    expect(issued.toSorted()).toEqual(['user-4', 'user-5', 'user-6', 'user-7', 'user-8']);
  });

  it('is told of each, once a week', async () => {
    const world = withDue(2);
    await days(world, 8, refusing('CreateAccessKey'));
    expect(failures(world)).toEqual(['refused', 'refused', 'refused', 'refused']);
  });
});
