// Tests of docs/switch.md against cli/program.ts.

import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createProgram } from '../../../cli/program.ts';

const page = readFileSync('docs/switch.md', 'utf8');
const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
const shell = {
  ...streams,
  environment: {},
  workingDirectory: '/',
  platform: process.platform,
  clock: () => 0,
  sleep: async () => {},
};
const program = createProgram(shell, () => {});
const command = program.commands.find((each) => each.name() === 'switch');
const own = command?.options.map(({ long }) => long ?? '') ?? [];
const global = program.options.map(({ long }) => long ?? '');

it('the page for owners names every option of `switch`, and none that is not there', () => {
  // Of other programs, in the lines of their own.
  const ours = page.replaceAll(/^(aws|systemctl) .*$/gm, '').replaceAll('systemctl --user', 'systemctl');
  const named = new Set([...ours.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option));

  expect(own.filter((option) => !named.has(option))).toEqual([]);
  expect([...named].filter((option) => ![...own, ...global].includes(option))).toEqual([]);
});

it('the page for owners names no registry', () => {
  expect(page).not.toMatch(/\bnpx\b|npm (install|i) |registry/);
  expect(page).toContain('npm run keyturn -- switch');
});
