import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createLocalAws } from '../../local/aws/aws.ts';
import { operatorCredentials } from '../../local/aws/principals.ts';
import { startServer } from '../../local/aws/server.ts';
import { cast } from '../../local/demo/cast.ts';
import { addCharacter } from '../../local/host/set-up.ts';
import manifest from '../../package.json' with { type: 'json' };

const run = promisify(execFile);

it('the preview of the README works as it stands there, before anything is deployed, and changes nothing', async () => {
  const deploying = readFileSync('README.md', 'utf8').split('\n## Deploying\n')[1] ?? '';
  const [, line = ''] = /^npm run keyturn -- (plan[^#\n]*)/m.exec(deploying) ?? [];
  expect(deploying.indexOf(line)).toBeLessThan(deploying.indexOf('npx sls deploy'));
  const aws = createLocalAws({ now: Date.now(), ticking: true });
  for (const character of cast) addCharacter(aws, character);
  const server = await startServer(aws);
  try {
    const [command, script = ''] = manifest.scripts.keyturn.split(' ');
    expect(command).toBe('node');
    const { stdout, stderr } = await run(process.execPath, [script, ...line.trim().split(/\s+/)], {
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        HOME: '/nowhere',
        AWS_ENDPOINT_URL: server.url,
        AWS_ACCESS_KEY_ID: operatorCredentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: operatorCredentials.secretAccessKey,
      },
    });
    expect(stderr).toContain('Settings: defaults (no deployment "dev" found in eu-west-1)');
    for (const { userName } of cast) expect(stdout).toContain(userName);
    expect(aws.calls.filter(({ operation }) => !/^(Get|List|Describe|Generate)/.test(operation))).toEqual([]);
  } finally {
    await server.close();
  }
});
