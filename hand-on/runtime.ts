import type { Runtime } from '../shared/aws/runtime.ts';
import type { Instant } from '../shared/core/time.ts';
import type { HandOnFile } from './hand-on-file.ts';

/** Everything that the function is given: no module reads a clock, an environment or a network by itself. */
export interface HandOnRuntime extends Pick<Runtime, 'aws' | 'clock' | 'sleep' | 'log'> {
  file: HandOnFile;
  secretPrefix: string;
  topicArn: string;
  region: string;
  /** For GitHub, which no SDK speaks to. */
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** One invocation. */
export interface HandOnRun {
  deadlineAt: Instant;
  /** A schedule tries again by itself, and tells of what goes on once a day. */
  isScheduled: boolean;
}
