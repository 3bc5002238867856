import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { functionNames } from '../../scripts/build.ts';
import type { Template } from './template.ts';
import type { Variant } from './variants.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SLS = join(ROOT, 'node_modules/serverless/bin/serverless.js');
const run = promisify(execFile);

export interface Packaged {
  template: Template;
  zips: Map<string, Buffer>;
}

/** What `npm run package` makes. Once for all test files of a run. */
export async function packageStack(): Promise<Packaged> {
  return read(await once('default', makePackage));
}

/**
 * The same with parameters of its own, but that its functions are of one line: enough for all who look at the template,
 * and there in a third of the time. Throws what osls says if it refuses.
 */
export async function packageVariant(variant: Variant): Promise<Packaged> {
  const directory = join(await once('variants', makeVariants), variant);
  const refused = join(directory, 'refused.txt');
  if (existsSync(refused)) throw new Error(await readFile(refused, 'utf8'));
  return read(directory);
}

/** What `npm run package` makes with these parameters, bundled once more, in a directory of its own. */
export async function packageAgain(params: Readonly<Record<string, string>> = {}): Promise<Packaged> {
  const directory = await mkdtemp(join(inject('packages'), 'again-'));
  await makePackage(directory, params);
  return read(directory);
}

/** A directory of this run of vitest. Whoever asks first fills it, and the others wait. */
async function once(name: string, fill: (directory: string) => Promise<void>): Promise<string> {
  const directory = join(inject('packages'), name);
  const isFirst = (await mkdir(directory, { recursive: true })) !== undefined;
  const answer = join(inject('packages'), `${name}.answer`);
  if (isFirst) {
    await fill(directory).then(
      () => writeFile(answer, ''),
      (error: unknown) => writeFile(answer, `${error}\n${outputOf(error)}`),
    );
  }
  while (!existsSync(answer)) await setTimeout(100);
  const failure = await readFile(answer, 'utf8');
  if (failure !== '') throw new Error(failure);
  return directory;
}

/** osls says what is wrong where it says everything else. */
function outputOf(error: unknown): string {
  return error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
}

/** Others may be using `dist` and `.serverless`. */
async function makePackage(directory: string, params: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const source of ['serverless.yml', 'resources', 'package.json']) {
    await cp(join(ROOT, source), join(directory, source), { recursive: true });
  }
  // No node_modules: osls would search it for each function.
  await symlink(join(ROOT, 'scripts'), join(directory, 'scripts'));
  const options = Object.entries(params).map(([name, value]) => `--param=${name}=${value}`);
  await runNode([SLS, 'package', ...options], directory);
}

async function makeVariants(directory: string): Promise<void> {
  await runNode([join(ROOT, 'test/package/package-variants.ts'), directory], directory);
}

/** No AWS credentials, and nothing else of the caller's. */
async function runNode(args: readonly string[], cwd: string): Promise<void> {
  // What osls compiles into its home serves every package of this run.
  const { NODE_COMPILE_CACHE } = process.env;
  const env = {
    PATH: dirname(process.execPath),
    HOME: inject('packages'),
    AWS_REGION: 'eu-west-1',
    NODE_COMPILE_CACHE,
  };
  await run(process.execPath, args, { cwd, env });
}

async function read(directory: string): Promise<Packaged> {
  const made = join(directory, '.serverless');
  const template = await readFile(join(made, 'cloudformation-template-update-stack.json'), 'utf8');
  const zips = new Map<string, Buffer>();
  for (const name of await functionNames()) zips.set(name, await readFile(join(made, `${name}.zip`)));
  return { template: JSON.parse(template) as Template, zips };
}
