import type { Account, User } from './account.ts';
import type { Emulator } from './emulator.ts';
import type { Mapping } from './event-source.ts';
import type { Owner } from './owner.ts';
import type { Terminal } from './terminal.ts';

export interface World {
  emulator: Emulator;
  terminal: Terminal;
  account: Account;
}

/** What the deployed stack says of itself. */
export interface Deployed {
  outputs: Record<string, string>;
  mapping: Mapping;
  schedule: Schedule;
}

/** What EventBridge Scheduler calls, and with what, in which it puts the time. */
export interface Schedule {
  functionName: string;
  input: string;
}

/** As EventBridge Scheduler does, on time. */
export async function runSchedule({ emulator }: Pick<World, 'emulator'>, schedule: Schedule): Promise<unknown> {
  const now = `${(await emulator.now()).slice(0, 19)}Z`;
  const input = schedule.input.replaceAll('<aws.scheduler.scheduled-time>', now);
  return emulator.invoke(schedule.functionName, JSON.parse(input));
}

export interface People {
  /** Her key is 95 days old; she is rotated by hand and switches at once. */
  alice: Owner;
  /** 91 days; the schedule finds him, and he switches two days after the end of the grace period. */
  bob: Owner;
  /** 30 days: nothing is due. */
  carol: Owner;
  /** 400 days, but exempt. */
  dave: User;
  /** Two Active keys, 120 and 100 days old: both slots are taken. */
  erin: User;
  /** 95 days; somebody made a secret in her name before the first run. */
  gina: Owner;
}

export function everyone({ alice, bob, carol, dave, erin, gina }: People): User[] {
  return [alice, bob, carol, dave, erin, gina];
}
