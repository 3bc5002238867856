#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { setTimeout } from 'node:timers/promises';
import { exitCodes } from './exit-code.ts';
import { main } from './main.ts';

enableCompileCache();
// At once; a second one ends the process without even that.
process.once('SIGINT', () => {
  process.stderr.write('Interrupted. What was asked of AWS before goes on there.\n');
  process.exit(exitCodes.interrupted);
});
const { env, stdin, stdout, stderr, platform } = process;
process.exitCode = await main(process.argv.slice(2), {
  environment: env,
  stdin,
  stdout,
  stderr,
  workingDirectory: process.cwd(),
  platform,
  clock: Date.now,
  sleep: (ms) => setTimeout(ms),
});
