import { afterEach, beforeEach } from 'vitest';
import type { FleetWorld } from './fleet-world.ts';
import type { World } from './world.ts';
import { fleetWorldListeners, worldListeners } from './world-listeners.ts';

/** Called once in a test file, or in a setup file: after each test, every world that the test made. */
export function afterEachWorld(check: (world: World) => void): void {
  afterEachOf(worldListeners, check);
}

/** The same of every fleet. */
export function afterEachFleetWorld(check: (world: FleetWorld) => void): void {
  afterEachOf(fleetWorldListeners, check);
}

function afterEachOf<T>(listeners: Set<(world: T) => void>, check: (world: T) => void): void {
  const worlds: T[] = [];
  const listener = (world: T): void => {
    worlds.push(world);
  };
  beforeEach(() => {
    listeners.add(listener);
  });
  afterEach(() => {
    listeners.delete(listener);
    for (const world of worlds.splice(0)) check(world);
  });
}
