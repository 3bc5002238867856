// cli/commands/fleet-plan.ts, cli/fleet/foreseen.ts, cli/fleet/account-head.ts, cli/html/organization.ts,
// cli/html/skeleton.ts

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fleetPlanOutput } from '../../cli/output.ts';
import { answering, failing, withFleetCli } from '../support/fleet-cli.ts';
import { HUB, MANAGEMENT, ORGANIZATION } from '../support/organization.ts';
import type { Typing } from '../support/terminal.ts';

const [PAYMENTS, CANARY, LAB] = ['444455556666', '555566667777', '666677778888'] as const;
const KEY = 'AKIAIOSFODNN7EXAMPLE';
const cli = withFleetCli();
const plan = (args: readonly string[] = [], typing: Typing = {}) => cli.fleet(['plan', ...args], typing);

const step = {
  userName: 'alice',
  action: 'issue',
  accessKeyId: KEY,
  reason: 'due',
  message: 'Key <b> is 97 days old.',
};

/** Of accounts that are not told the deployed fleet knows nothing. */
function hubSays(told: Readonly<Record<string, unknown>>, selected: readonly string[] = []) {
  return answering(cli.organization, 'scheduled-rotation', ({ accountId, check }) => {
    const id = String(accountId);
    if (check) return { status: selected.includes(id) ? 'ready' : 'not-selected', dryRun: true, findings: [] };
    const answer = told[id];
    if (answer instanceof Error) failing(answer.name, answer.message);
    return answer ?? { usersScanned: 1, skipped: { 'nothing-due': 1 }, plan: [], errors: [] };
  });
}

const twoUsers = {
  usersScanned: 4,
  skipped: { exempt: 2 },
  plan: [step, { ...step, userName: 'bob', action: 'deactivate', reason: 'unused' }],
  errors: [],
};

describe('fleet plan', () => {
  it('shows the steps of every account, and what each wave comes to', async () => {
    const asked = hubSays({ [CANARY]: twoUsers });
    const ran = await plan();
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^555566667777 {2}canary +canary +alice +AKIAIOSFODNN7EXAMPLE +issue +due$/m);
    expect(ran.stdout).toContain('\ncanary, from 2020-01-01: 1 account, 4 users, 2 with a step\n');
    expect(ran.stdout).toContain('\nin no wave, a dry run: 2 accounts, 2 users, 0 with a step\n');
    expect(ran.stdout).toContain(
      'Nothing was changed. A run in 3 of 3 accounts would take these steps: issue 1, deactivate 1.\n',
    );
    expect(asked.filter(({ dryRun }) => dryRun).map(({ accountId }) => accountId)).toEqual([PAYMENTS, CANARY, LAB]);
  });

  it('names whom the deployed fleet selects and the file no longer does', async () => {
    hubSays({}, [HUB]);
    const { stdout } = await plan();
    expect(stdout).toContain('These leave the fleet with the next deployment.');
    expect(stdout).toMatch(
      /^ {2}\d+ \S+ is named by nothing in select \(fleet.yml\): keyturn fleet leave --account \d+ --stage test$/m,
    );
    expect(stdout).not.toContain(MANAGEMENT);
    expect(fleetPlanOutput.parse(JSON.parse((await plan(['--json'])).stdout)).departures).toEqual([
      { accountId: HUB, name: expect.any(String), reason: 'not-selected', message: expect.stringContaining(HUB) },
    ]);
  });

  it('goes on where an account refuses, and tells it from one that is not deployed yet', async () => {
    const refused = Object.assign(new Error('Cannot take keyturn-observe in 444455556666.'), { name: 'RotationError' });
    const unknown = Object.assign(new Error('accountId: 666677778888 is excluded.'), { name: 'EventError' });
    hubSays({ [PAYMENTS]: refused, [LAB]: unknown });
    const ran = await plan(['--json']);
    expect(ran.code).toBe(1);
    const { accounts } = fleetPlanOutput.parse(JSON.parse(ran.stdout));
    expect(Object.fromEntries(accounts.map(({ accountId, status }) => [accountId, status]))).toEqual({
      [PAYMENTS]: 'failed',
      [CANARY]: 'planned',
      [LAB]: 'not-deployed',
    });
    expect(ran.stderr).toContain('444455556666 payments: Cannot take keyturn-observe in 444455556666.');
    hubSays({ [LAB]: unknown });
    expect((await plan()).code).toBe(0);
  });

  it('is of one account where one is named', async () => {
    const asked = hubSays({ [CANARY]: twoUsers });
    const ran = await plan(['--account', CANARY]);
    expect(ran.stdout).toContain('A run in 1 of 1 account would');
    expect(asked).toEqual([{ dryRun: true, accountId: CANARY }]);
  });

  it('writes a page in which no name is more than a name', async () => {
    hubSays({ [CANARY]: { ...twoUsers, plan: [{ ...step, userName: '<script>' }] } }, [HUB]);
    const file = join(cli.folder, 'plan.html');
    const ran = await plan(['--html', file]);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(`${file}: Nothing was changed.`) });
    const page = readFileSync(file, 'utf8');
    expect(page).toContain(`<h1>Access keys in organization ${ORGANIZATION}</h1>`);
    expect(page).toContain('<td>&lt;script&gt;</td>');
    expect(page).toContain('Key &lt;b&gt; is 97 days old.');
    expect(page).toContain(`keyturn fleet leave --account ${HUB}`);
    expect(page).not.toMatch(/<script|<b>|https?:/);
    expect(await plan(['--html', file, '--json'])).toMatchObject({ code: 64 });
  });

  it('prints what it stands for, without a call', async () => {
    const { stdout } = await plan(['--account', LAB, '--print']);
    expect(stdout).toMatch(/^printf %s '\{"dryRun":true,"accountId":"666677778888"\}' \| aws lambda invoke /);
    expect(cli.organization.calls).toEqual([]);
  });
});
