import { once } from 'node:events';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VARIANTS } from './variants.ts';

/**
 * `sls package` in `<folder>/<variant>` for each variant, one after the other in this process: by itself each would take
 * a second to load osls, and another to bundle functions that are the same in all of them. What osls refuses is in
 * `<folder>/<variant>/refused.txt`, as it says it.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const CLI = require.resolve('serverless/scripts/serverless.js');
const resolveInput: { clear: () => void } = require('serverless/lib/cli/resolve-input');
const state: { saveServiceState: () => Promise<void> } =
  require('serverless/lib/plugins/aws/package/lib/save-service-state');

async function packageVariant(folder: string, params: Readonly<Record<string, string>>): Promise<void> {
  for (const source of ['serverless.yml', 'resources', 'package.json']) {
    await cp(join(ROOT, source), join(folder, source), { recursive: true });
  }
  await symlink(join(ROOT, 'test/package'), join(folder, 'plugins'));
  const file = join(folder, 'serverless.yml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('./scripts/build.ts', './plugins/unbundled-plugin.ts'));
  process.chdir(folder);
  const options = Object.entries(params).map(([name, value]) => `--param=${name}=${value}`);
  const said = await runCli(['package', ...options]);
  if (process.exitCode !== 0) await writeFile(join(folder, 'refused.txt'), said);
}

/** The program of osls as a process of its own would run it, to its end: what it prints. Its exit code is the process's. */
async function runCli(args: readonly string[]): Promise<string> {
  process.argv = [process.execPath, CLI, ...args];
  process.exitCode = 0;
  let said = '';
  const { write } = process.stdout;
  process.stdout.write = (chunk: string | Uint8Array) => {
    said += String(chunk);
    return write.call(process.stdout, chunk);
  };
  resolveInput.clear();
  delete require.cache[CLI];
  require(CLI);
  await once(process, 'beforeExit');
  process.stdout.write = write;
  return said;
}

const [folder = ''] = process.argv.slice(2);
// What a later `sls deploy --package` would read: to write it takes longer than all else.
state.saveServiceState = async () => {};
// Each run of osls listens for signals and errors of its own.
process.setMaxListeners(0);
for (const [name, params] of Object.entries(VARIANTS)) {
  await mkdir(join(folder, name), { recursive: true });
  await packageVariant(join(folder, name), params);
}
process.exitCode = 0;
