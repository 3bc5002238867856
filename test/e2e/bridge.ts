import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT, VENV } from './emulator.ts';
import { done } from './report.ts';
import type { World } from './world.ts';

/** Makes what moto's CloudFormation left out of the stack, and says so. */
export async function bridge({ emulator }: Pick<World, 'emulator'>, stackName = 'keyturn-e2e'): Promise<void> {
  const script = join(ROOT, 'test/e2e/bridge.py');
  const env = { PATH: '/usr/bin:/bin', HOME: emulator.workDir, PYTHONDONTWRITEBYTECODE: '1' };
  const args = [script, emulator.endpoint, stackName];
  const { stdout } = await promisify(execFile)(join(VENV, 'bin/python'), args, { env });
  for (const line of stdout.trim().split('\n')) done(line);
}
