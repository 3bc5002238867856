import type { Announcement } from './account.ts';
import { drain } from './event-source.ts';
import { type Owner, worksWith } from './owner.ts';
import { done } from './report.ts';
import { type Deployed, runSchedule, type World } from './world.ts';

export interface Said extends Announcement {
  day: number;
}

/** A diary of the days since the first rotation: what was announced, and who was without a working key. */
export interface Diary {
  day: number;
  said: Said[];
  outages: string[];
}

/**
 * Lets days pass: time moves on, every owner makes a call with the key they have, the scheduled run enqueues, the queue
 * drives the worker.
 */
export async function passDay(
  world: World,
  { mapping, schedule }: Pick<Deployed, 'mapping' | 'schedule'>,
  owners: readonly Owner[],
  diary: Diary,
  days = 1,
): Promise<Said[]> {
  const { account, emulator } = world;
  await emulator.advanceDays(days);
  diary.day += days;
  for (const { userName, inUse } of owners) {
    if (!(await worksWith(emulator, inUse))) diary.outages.push(`${userName} on day ${diary.day}`);
  }
  await runSchedule(world, schedule);
  await drain(emulator, account, mapping);
  const announced = (await account.readInbox()).filter(({ event }) => event !== 'digest');
  const today = announced.map((announcement) => ({ ...announcement, day: diary.day }));
  for (const { event, userName } of today) done(`day ${diary.day}: ${event} ${userName}`);
  diary.said.push(...today);
  return today;
}

/** The days on which something was announced about a user, or about one key of theirs. */
export function daysOf({ said }: Diary, userName: string, event: string, accessKeyId?: string): number[] {
  return said
    .filter((one) => one.userName === userName && one.event === event)
    .filter((one) => accessKeyId === undefined || one.accessKeyId === accessKeyId)
    .map(({ day }) => day);
}
