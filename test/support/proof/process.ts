import type { BeforeCall } from '../../../local/aws/aws.ts';
import type { FunctionName } from '../../../local/aws/principals.ts';
import * as host from '../../../local/host/process.ts';
import { directLine } from '../../../local/host/runtime.ts';
import { logTo, STACK, type World } from '../world.ts';

/** How an invocation ended. A process that died did nothing more after its last call, not even a log line. */
export type Ending =
  | { readonly kind: 'answered'; readonly answer: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'died' };

export interface ProcessOptions {
  readonly name: string;
  readonly before?: BeforeCall | undefined;
  /** Instead of moving the clock: how a schedule makes a sleeper wait for its turn. */
  readonly sleep?: (ms: number) => Promise<void>;
}

export interface Process {
  invoke(event: unknown): Promise<Ending>;
}

/** One Lambda environment, with a connection of its own; what it answers and throws is shown to the world. */
export function startProcess(world: World, functionName: FunctionName, options: ProcessOptions): Process {
  const { name, before, ...own } = options;
  const { aws, environment, shown } = world;
  const line = directLine(aws.connect(name, before));
  const onLog = logTo(world);
  const process = host.startProcess(functionName, { aws, line, environment, onLog, stack: STACK, ...own });
  return {
    async invoke(event) {
      try {
        const answer = await process.invoke(event);
        shown.push(answer);
        return { kind: 'answered', answer };
      } catch (error) {
        if (error instanceof host.ProcessDied) return { kind: 'died' };
        shown.push(error);
        return { kind: 'threw', error };
      }
    },
  };
}
