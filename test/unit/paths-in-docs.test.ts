// What README.md, docs/ and the pages beside it say of files of this repository.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (file: string): string => readFileSync(`${root}/${file}`, 'utf8');

it('a path that they quote is there', () => {
  const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root });
  expect(pages.length).toBeGreaterThan(30);
  const quoted = /`((?:test|shared|local|cli|scripts|functions|hand-on|resources|examples|events|picture)\/[\w./-]*)`/g;
  const named = pages.flatMap((page) => [...textOf(page).matchAll(quoted)].map(([, path = '']) => path));
  // The one that each team writes for itself.
  const wrong = named.filter((path) => path !== 'hand-on/hand-on.yml' && !existsSync(`${root}/${path}`));
  expect(named.length).toBeGreaterThan(50);
  expect(wrong).toEqual([]);
});

it('docs/proofs.md has every proof, and no other', () => {
  const table = textOf('docs/proofs.md').split('| file in `test/proof/` |')[1]?.split('\n\n')[0] ?? '';
  const rows = [...table.matchAll(/^\| `([\w-]+)` \| /gm)].map(([, name]) => name);
  const proofs = globSync('test/proof/*.test.ts', { cwd: root }).map((file) => basename(file, '.test.ts'));
  expect(rows.toSorted()).toEqual(proofs.toSorted());
});
