import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import manifest from '../package.json' with { type: 'json' };
import { loadedBy, packagesOf, REQUIRE, versionsOnly } from './bundling.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = 'keyturn.mjs';
/** What `fleet members` deploys. */
const MEMBER = 'resources/member/keyturn-member.yml';
const LICENCES = 'THIRD-PARTY-LICENSES.txt';

export interface PackedProgram {
  /** What every start loads. */
  startBytes: number;
  bytes: number;
  /** Whose code it holds, by their folders, and whose of that every start loads. */
  packages: string[];
  atStart: string[];
  warnings: string[];
}

/**
 * Writes the command line as a package that needs no other: the program, its package.json, and the licences of what is
 * inside. What a command needs is a file of its own: as one file, every start would read all of the SDK, which takes
 * four times as long. Not minified: an uncaught error prints the line that it is in. Throws what esbuild reports.
 */
export async function buildKeyturn(outDir: string): Promise<PackedProgram> {
  await rm(outDir, { recursive: true, force: true });
  const { metafile, warnings } = await bundle({
    absWorkingDir: ROOT,
    entryPoints: [{ in: join(ROOT, 'cli', 'keyturn.ts'), out: basename(PROGRAM, '.mjs') }],
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    // The default of platform node puts `main` first: CommonJS, which esbuild cannot tree-shake.
    mainFields: ['module', 'main'],
    plugins: [versionsOnly],
    legalComments: 'none',
    banner: { js: REQUIRE },
    logLevel: 'warning',
    metafile: true,
  });
  const outputs = Object.entries(metafile.outputs);
  const started = loadedBy(PROGRAM, metafile);
  const inside = (files: typeof outputs) => packagesOf(files.flatMap(([, { inputs }]) => Object.keys(inputs)));
  const size = (files: typeof outputs) => files.reduce((sum, [, { bytes }]) => sum + bytes, 0);
  const packages = inside(outputs);
  await mkdir(outDir, { recursive: true });
  await writeFile(join(outDir, 'package.json'), `${JSON.stringify(packedManifest, undefined, 2)}\n`);
  await writeFile(join(outDir, LICENCES), await licencesOf(packages));
  for (const file of ['LICENSE', MEMBER]) await cp(join(ROOT, file), join(outDir, file));
  return {
    startBytes: size(outputs.filter(([file]) => started.has(file))),
    bytes: size(outputs),
    packages,
    atStart: inside(outputs.filter(([file]) => started.has(file))),
    warnings: warnings.map(({ text }) => text),
  };
}

const packedManifest = {
  name: manifest.name,
  version: manifest.version,
  description: 'Preview and control the rotation of IAM access keys.',
  license: manifest.license,
  type: 'module',
  bin: { keyturn: PROGRAM },
  engines: { node: '>=22.12' },
};

interface Licensed {
  /** `zod 4.6.7`. */
  name: string;
  text: string;
}

/** Each text once, below the packages that it is of. */
async function licencesOf(folders: readonly string[]): Promise<string> {
  const byText = new Map<string, string[]>();
  for (const { name, text } of await Promise.all(folders.map(licenceOf))) {
    byText.set(text, [...(byText.get(text) ?? []), name]);
  }
  const parts = [...byText].map(([text, names]) => `${names.sort().join('\n')}\n\n${text.trim()}\n`);
  return `This program holds code of these packages, under these licences.\n\n${parts.sort().join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** Throws for a package that says neither by a file nor by its manifest what its licence is. */
async function licenceOf(folder: string): Promise<Licensed> {
  const path = join(ROOT, folder);
  const { name, version, license }: { name: string; version: string; license?: string } = JSON.parse(
    await readFile(join(path, 'package.json'), 'utf8'),
  );
  const file = (await readdir(path)).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? license : await readFile(join(path, file), 'utf8');
  if (text === undefined) throw new Error(`${name} ${version} does not say what its licence is.`);
  return { name: `${name} ${version}`, text: text.replaceAll('\r\n', '\n') };
}

async function main(): Promise<void> {
  const { bytes, startBytes, packages } = await buildKeyturn(join(ROOT, 'dist-cli'));
  const kib = (size: number) => `${(size / 1024).toFixed(0)} KiB`;
  console.log(`dist-cli: ${kib(bytes)}, ${kib(startBytes)} of it at every start, from ${packages.length} packages`);
}

if (import.meta.main) await main();
