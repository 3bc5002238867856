// scripts/docs.ts, cli/program.ts, cli/command-tree.ts, cli/fleet/fleet-commands.ts, cli/evidence/evidence-commands.ts
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exitCodes } from '../../cli/exit-code.ts';
import { withReference } from '../../scripts/docs.ts';

const page = readFileSync('docs/cli.md', 'utf8');

it('docs/cli.md has every command and option as the program has them: npm run docs:cli', () => {
  expect(page).toBe(withReference(page));
  expect(page).toContain('### `keyturn retire <user>`');
  expect(page).toContain('| `--access-key-id <id>` | The key to deactivate. Required. |');
  expect(page).not.toContain('keyturn complete ');
});

it('docs/cli.md has every exit code', () => {
  const listed = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(exitCodes));
});

it('docs/cli.md says of every command who runs it', () => {
  const commands = [...page.matchAll(/^### `keyturn ((?:fleet |evidence )?[\w-]+)/gm)].map(([, name]) => name);
  const table = page.split('## Who runs what')[1]?.split('##')[0] ?? '';
  expect(commands.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
});
