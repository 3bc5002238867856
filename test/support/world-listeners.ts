import type { FleetWorld } from './fleet-world.ts';
import type { World } from './world.ts';

/** Each is told of every world that a test makes. Apart from `world.ts`, so that a listener need not load the SDK. */
export const worldListeners = new Set<(world: World) => void>();
/** The same of fleets. */
export const fleetWorldListeners = new Set<(world: FleetWorld) => void>();
