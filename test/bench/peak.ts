import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { functionCredentials } from '../../local/aws/principals.ts';
import { startServer } from '../../local/aws/server.ts';
import type { World } from '../support/world.ts';

/** MiB resident, in a world of today: the function runs in a process of its own, over HTTP, so that the embedded AWS is not counted. */
export async function peakOf(
  { aws, environment }: World,
  name: 'evidence-collector' | 'scheduled-rotation',
): Promise<string> {
  const server = await startServer(aws, {});
  const script = fileURLToPath(new URL('function-once.ts', import.meta.url));
  const env = {
    ...process.env,
    ...environment,
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: aws.region,
    AWS_ACCESS_KEY_ID: functionCredentials(name).accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  // Its clock goes on as the function's does, or CloudTrail would say "too fast" for ever.
  const ticking = setInterval(() => aws.clock.set(Math.max(aws.clock.now(), Date.now())), 100);
  const { stdout } = await promisify(execFile)(process.execPath, [script, name], { env });
  clearInterval(ticking);
  await server.close();
  return /peak (\d+) MiB/.exec(stdout)?.[1] ?? 'unknown';
}
