import { setTimeout } from 'node:timers/promises';
import { run } from '../../cli/commands/switch.ts';
import { createContext, type GlobalOptions } from '../../cli/context.ts';

/*
 * `keyturn switch --profile alice` in a process of its own that is killed right after the named step, as nothing of the
 * product can be told to do.
 *
 *   switch-until.ts <step> <endpoint> <working directory> [command…]
 */

const [fatal = '', endpointUrl = '', workingDirectory = '', ...command] = process.argv.slice(2);
const { env: environment, stdin, stdout, stderr, platform } = process;
const options: GlobalOptions = {
  ...{ profile: ['alice'], region: 'eu-west-1', stage: 'dev', json: false },
  ...{ input: false, quiet: false, verbose: false, color: false },
};
const sleep = (ms: number) => setTimeout(ms);
const shell = { environment, stdin, stdout, stderr, workingDirectory, platform, clock: Date.now, sleep };
const hooks = {
  onStep(step: string): void {
    if (step === fatal) process.kill(process.pid, 'SIGKILL');
  },
};
process.exitCode = await run(createContext(shell, options), command, { ...options, file: true, endpointUrl }, hooks);
