import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';

/**
 * CommonJS modules inside the bundle still call `require`, which an ES module does not have: without this line the SDK
 * throws "Dynamic require of node:https is not supported" when it is loaded.
 */
export const REQUIRE =
  "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);";

/** Of its package.json a client of the SDK uses the version alone, as we do; the rest would be 2 KiB for each of them. */
export const versionsOnly: Plugin = {
  name: 'versions-only',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]package\.json$/ }, async ({ path }) => {
      const { version }: { version: string } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/** A file of a bundle, by its name, and all that it imports at once; `import()` waits until it is called. */
export function loadedBy(name: string, { outputs }: Metafile): Set<string> {
  const found = new Set(Object.keys(outputs).filter((file) => basename(file) === name));
  for (const file of found) {
    for (const { path, kind, external } of outputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && !external) found.add(path);
    }
  }
  return found;
}

/** The folders of the packages that the files are of. One inside another's node_modules counts for itself. */
export function packagesOf(files: readonly string[]): string[] {
  const folders = files.flatMap((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].sort();
}
