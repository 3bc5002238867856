import { afterEach, beforeEach } from 'vitest';
import type { World } from './world.ts';
import { worldListeners } from './world-listeners.ts';

/** Called once in a test file, or in a setup file: after each test, every world that the test made. */
export function afterEachWorld(check: (world: World) => void): void {
  const worlds: World[] = [];
  const listener = (world: World): void => {
    worlds.push(world);
  };
  beforeEach(() => {
    worldListeners.add(listener);
  });
  afterEach(() => {
    worldListeners.delete(listener);
    for (const world of worlds.splice(0)) check(world);
  });
}
