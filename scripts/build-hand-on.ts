import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type HandOnFile, parseHandOnFile } from '../hand-on/hand-on-file.ts';
import { handOnTemplate } from '../hand-on/template.ts';
import { messageOf } from '../shared/core/errors.ts';
import { bundleFunction } from './build.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes `<outDir>/<domain>/template.json` with the folder `code` beside it, for `aws cloudformation package`. Role and
 * code are of the same hand-on.yml: a destination that is not in it is refused by both.
 */
export async function buildHandOn(text: string, secretPrefix: string, outDir: string): Promise<HandOnFile> {
  const file = parseHandOnFile(parse(text), secretPrefix);
  const folder = join(outDir, file.domain);
  const code = join(folder, 'code');
  await rm(folder, { recursive: true, force: true });
  await mkdir(code, { recursive: true });
  await bundleFunction(join(ROOT, 'hand-on', 'function.ts'), code);
  await writeFile(join(code, 'hand-on.json'), `${JSON.stringify(file)}\n`);
  await writeFile(
    join(folder, 'template.json'),
    `${JSON.stringify(handOnTemplate(file, secretPrefix), undefined, 2)}\n`,
  );
  return file;
}

async function main([path = 'hand-on/hand-on.yml', secretPrefix = 'keyturn']: readonly string[]): Promise<void> {
  const { domain } = await buildHandOn(await readFile(path, 'utf8'), secretPrefix, join(ROOT, 'dist-hand-on'));
  console.log(`dist-hand-on/${domain}: template.json and code`);
}

function say(error: unknown): void {
  console.error(messageOf(error));
  process.exitCode = 1;
}

if (import.meta.main) await main(process.argv.slice(2)).catch(say);
