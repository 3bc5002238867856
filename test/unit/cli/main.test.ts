// Tests of cli/main.ts and cli/reason.ts.

import { expect, it } from 'vitest';
import { keyturn } from '../../support/terminal.ts';

const SENTENCE = 'reason: there is no "nothing". `keyturn explain` lists all of them.\n';

it('an error is its sentence, on stderr', async () => {
  expect(await keyturn(['explain', 'nothing'])).toEqual({ code: 64, stdout: '', stderr: SENTENCE });
});

it.each(['--verbose', '-v'])('with %s it is followed by where it was thrown', async (option) => {
  const { code, stdout, stderr } = await keyturn(['explain', 'nothing', option]);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain(SENTENCE);
  expect(stderr).toMatch(/\n {4}at parseReason /);
});
