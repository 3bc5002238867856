import type { Runtime } from '../aws/runtime.ts';
import type { Fleet } from '../core/fleet/fleet.ts';

// Apart from all that a fleet needs: a deployment without one loads nothing of it.

/** A runtime of a deployment that has a fleet. */
export type FleetRuntime = Runtime & { fleet: Fleet };

export function hasFleet(runtime: Runtime): runtime is FleetRuntime {
  return runtime.fleet !== undefined;
}
