import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { gapKinds } from '../../cli/evidence/period/gaps.ts';
import { statesOfDays } from '../../cli/evidence/period/states.ts';
import { controlIds, findingStatuses } from '../../shared/core/evidence/finding.ts';
import { readExceptions } from '../../shared/core/evidence/read-exceptions.ts';
import { verdictWords } from '../../shared/core/evidence/verdict.ts';

const page = readFileSync(new URL('../../docs/evidence.md', import.meta.url), 'utf8');

/** The codes in the first column of the table with this head. */
function rowsBelow(head: string): string[] {
  const [, table = ''] = page.split(`| ${head} | `);
  const [rows = ''] = table.split(/\n\s*\n/);
  const cells = rows.split('\n').slice(2);
  return cells.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
}

test.each([
  ['status', findingStatuses],
  ['control', controlIds],
  ['word', verdictWords],
  ['kind', gapKinds],
  ['state', statesOfDays],
])('docs/evidence.md has every %s in order, and no other', (head, words) => {
  expect(rowsBelow(head)).toEqual([...words]);
});

test('its exceptions are such as the build takes', () => {
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  expect(readExceptions(parse(yaml), Date.parse('2026-06-01'))).toMatchObject({ value: [{ resource: 'payroll-raw' }] });
});
