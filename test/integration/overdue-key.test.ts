import { expect, it } from 'vitest';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import { drain } from '../../local/host/event-source.ts';
import { createLife, type LifeOptions, use } from '../support/life.ts';
import { workerSource } from '../support/queue.ts';
import { DAY, invoke } from '../support/world.ts';

/** The days to the nearest deadline, as each daily scan measured them while the old key was in use. */
async function measure(days: number, { isWorking = true, ...options }: LifeOptions & { isWorking?: boolean }) {
  const life = createLife({ emails: ['ops@example.com'], ...options });
  const left: number[] = [];
  const meter = {
    add: (name: string, value: number): void => {
      if (name === 'DaysToNearestDeadline') left.push(value);
    },
  };
  const scan = createScheduledRotation({ ...life.runtime('scan'), meter });
  const source = workerSource(life);
  const start = life.aws.clock.now();
  for (let day = 0; day < days; day++) {
    life.aws.clock.set(Math.max(life.aws.clock.now(), start + day * DAY));
    use(life, life.oldKey);
    await invoke(life, 'scheduled-rotation', scan, {});
    if (isWorking) await drain(life.aws, source);
  }
  return left;
}

it('no healthy rotation is overdue by more than two days, even put off to the limit by a pass that came late', async () => {
  const onTime = await measure(30, { ageDays: 89 });
  const late = await measure(30, { ageDays: 89.999 });
  for (const left of [onTime, late]) {
    expect(Math.min(...left)).toBeGreaterThanOrEqual(-2);
    // The old key is gone, and the new one has most of its time before it.
    expect(left.at(-1)).toBeGreaterThan(80);
  }
});

it('a key that nobody rotates is', async () => {
  const left = await measure(30, { ageDays: 89, isWorking: false });
  expect(left.at(-1)).toBeCloseTo(-8, 1);
});
