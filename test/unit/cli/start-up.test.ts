import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Prints every module that is loaded after it, by its URL. */
const spy = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  registerHooks({ load(url, context, next) { writeSync(2, 'loads ' + url + '\\n'); return next(url, context); } });
`)}`;

function loadedBy(...args: string[]): string[] {
  const command = `exec "${process.execPath}" --import "${spy}" cli/keyturn.ts ${args.join(' ')} 2>&1`;
  const said = execFileSync('sh', ['-c', command], { cwd: root, encoding: 'utf8' });
  return [...said.matchAll(/^loads (.*)$/gm)].map(([, url = '']) => url);
}

it.each([['--version'], ['--help'], ['plan', '--help'], ['explain', 'due']])(
  '%s %s loads nothing of the SDK',
  (...args) => {
    const loaded = loadedBy(...args);
    expect(loaded.some((url) => url.includes('/node_modules/commander/'))).toBe(true);
    expect(loaded.filter((url) => /\/node_modules\/@(aws-sdk|smithy)\//.test(url))).toEqual([]);
  },
);
