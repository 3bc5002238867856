import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import { drain } from '../../local/host/event-source.ts';
import type { ScheduledRun } from '../../shared/service/scheduled-rotation.ts';
import { workerSource } from './queue.ts';
import { invoke, type World } from './world.ts';

/** A run by schedule as it comes every day: the scan, then the worker over everybody whom it enqueued. */
export async function runOnce(world: World): Promise<ScheduledRun> {
  const handler = createScheduledRotation(world.runtime('scheduled-rotation'));
  const answer = (await invoke(world, 'scheduled-rotation', handler, {})) as ScheduledRun;
  await drain(world.aws, workerSource(world));
  return answer;
}
