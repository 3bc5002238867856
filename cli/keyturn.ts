#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { main } from './main.ts';

enableCompileCache();
const { env, stdin, stdout, stderr, platform } = process;
process.exitCode = await main(process.argv.slice(2), {
  environment: env,
  stdin,
  stdout,
  stderr,
  workingDirectory: process.cwd(),
  platform,
  clock: Date.now,
});
