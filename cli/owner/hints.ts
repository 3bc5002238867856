import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { textOf } from './files.ts';
import type { SharedFiles } from './shared-files.ts';

/** Where a key ID stands: `path`, line 3. */
export interface Place {
  path: string;
  line: number;
}

/** Longer files hold data, not settings. */
const LONGEST = 1_000_000;

/**
 * Where else the old key stands: in both shared files, and in the files of the working directory that hold settings.
 * Names and lines only.
 */
export async function placesOf(accessKeyId: string, files: SharedFiles, workingDirectory: string): Promise<Place[]> {
  const names = await readdir(workingDirectory).catch(() => []);
  const paths = names
    .filter((name) => /^\.env(\..+)?$|\.tfvars$/.test(name))
    .map((name) => join(workingDirectory, name));
  const places: Place[] = [];
  for (const path of [files.credentials.path, files.config.path, ...paths]) {
    const text = (await textOf(path).catch(() => undefined)) ?? '';
    if (text.length > LONGEST) continue;
    for (const [index, line] of text.split('\n').entries()) {
      if (line.includes(accessKeyId)) places.push({ path, line: index + 1 });
    }
  }
  return places;
}
