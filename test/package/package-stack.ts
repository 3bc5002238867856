import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { functionNames } from '../../cli/build.ts';
import type { Template } from './template.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SLS = join(ROOT, 'node_modules/serverless/bin/serverless.js');
const run = promisify(execFile);

export interface Packaged {
  template: Template;
  zips: Map<string, Buffer>;
}

/**
 * What `npm run package` makes, in a directory of its own: others may be using `dist` and `.serverless`. Its environment
 * has no AWS credentials, no Region and nothing of the caller's.
 */
export async function packageStack(params: Record<string, string> = {}): Promise<Packaged> {
  const directory = await mkdtemp(join(tmpdir(), 'keyturn-package-'));
  try {
    for (const source of ['serverless.yml', 'resources', 'package.json']) {
      await cp(join(ROOT, source), join(directory, source), { recursive: true });
    }
    for (const source of ['node_modules', 'cli']) await symlink(join(ROOT, source), join(directory, source));
    const options = Object.entries(params).map(([name, value]) => `--param=${name}=${value}`);
    const env = { PATH: dirname(process.execPath), HOME: directory };
    await run(process.execPath, [SLS, 'package', ...options], { cwd: directory, env });
    return await read(join(directory, '.serverless'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function read(directory: string): Promise<Packaged> {
  const template = await readFile(join(directory, 'cloudformation-template-update-stack.json'), 'utf8');
  const zips = new Map<string, Buffer>();
  for (const name of await functionNames()) zips.set(name, await readFile(join(directory, `${name}.zip`)));
  return { template: JSON.parse(template) as Template, zips };
}
