import { globSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { judged, TEMPLATES } from '../../scripts/check-template.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('every template of the repository goes to AWS’s validator', () => {
  const written = globSync('{resources,examples}/**/*.yml', { cwd: root }).filter((file) =>
    readFileSync(`${root}/${file}`, 'utf8').includes('AWSTemplateFormatVersion'),
  );
  const checked = TEMPLATES.map((file) => relative(root, file)).filter((file) => !file.startsWith('.serverless/'));
  expect(checked.toSorted()).toEqual(written.toSorted());
});

it('what it says fails the check, unless it is advice or accepted with a reason', () => {
  const said = (severity: 'ERROR' | 'WARN' | 'INFO', ruleId: string) => ({ severity, ruleId, message: 'it is so' });
  expect(
    judged([said('INFO', 'I1'), said('WARN', 'W3005'), said('WARN', 'W3005'), said('WARN', 'W1'), said('ERROR', 'E1')]),
  ).toEqual({
    found: ['WARN W1: it is so', 'ERROR E1: it is so'],
    accepted: ['accepted W3005: osls writes a DependsOn for each role, beside the reference to it'],
  });
});
