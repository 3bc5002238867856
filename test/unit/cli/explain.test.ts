import { expect, it } from 'vitest';
import { reasons } from '../../../shared/core/reasons.ts';
import { keyturn } from '../../support/terminal.ts';

const { says, todo } = reasons['slots-taken'];

it('one reason is what it says, and what to do', async () => {
  const stdout = `slots-taken\n  ${says}\n  To do: ${todo}\n`;
  expect(await keyturn(['explain', 'slots-taken'])).toEqual({ code: 0, stdout, stderr: '' });
});

it('without a name it is all of them, in the order of the table', async () => {
  const { code, stdout } = await keyturn(['explain']);
  expect(code).toBe(0);
  expect(stdout.match(/^[a-z]\S*$/gm)).toEqual(Object.keys(reasons));
});

it('with --json it is one document', async () => {
  const { stdout } = await keyturn(['explain', 'slots-taken', '--json']);
  expect(JSON.parse(stdout)).toEqual({ schemaVersion: 1, reasons: { 'slots-taken': { says, todo } } });
});
