import type { ActOptions } from '../acting.ts';
import type { CommandModule } from '../command-tree.ts';
import { switchWorker } from '../worker.ts';

/** No user is worked on until `resume`. */
export const pause: CommandModule<ActOptions> = { run: (context, _, options) => switchWorker(context, options, false) };

/** Ends a `pause`. */
export const resume: CommandModule<ActOptions> = { run: (context, _, options) => switchWorker(context, options, true) };
