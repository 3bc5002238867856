import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkNames } from '../../../shared/core/plan.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('the chain of checks', () => {
  it('stands in docs/architecture.md, in its order and by its names', () => {
    const [, table = ''] = read('docs/architecture.md').split('## The chain of checks\n');
    const [chain = ''] = table.split('\n## ');
    expect([...chain.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name)).toEqual(checkNames);
  });

  it('has a phrase for each check where it is made', () => {
    const lines = read('shared/core/plan.ts').split('\n');
    const [first, last] = ['const checks = {', '} as const'].map((text) => lines.findIndex((l) => l.startsWith(text)));
    const chain = lines.slice((first ?? 0) + 1, last);
    expect(chain).toHaveLength(checkNames.length);
    expect(chain.filter((line) => !/^ {2}\S.*, \/\/ \w/.test(line))).toEqual([]);
  });
});
