// cli/commands/fleet-check.ts, cli/fleet/hub.ts, cli/fleet/readiness.ts, cli/invoke.ts
import { describe, expect, it } from 'vitest';
import { fleetCheckOutput } from '../../cli/output.ts';
import { actionsOutside, answering, FLEET_STAGE, failing, withFleetCli } from '../support/fleet-cli.ts';
import { HUB, ORGANIZATION } from '../support/organization.ts';
import { keyturn, type Typing } from '../support/terminal.ts';

const [PAYMENTS, CANARY, LAB] = ['444455556666', '555566667777', '666677778888'] as const;
const cli = withFleetCli();
const check = (args: readonly string[] = [], typing: Typing = {}) => cli.fleet(['check', ...args], typing);

interface Told {
  status: string;
  reason?: string;
  message?: string;
}

/** What the hub says of each account; of one that is not named that it is ready. */
function hubSays(told: Readonly<Record<string, Told>>) {
  return answering(cli.organization, 'scheduled-rotation', ({ accountId }) => {
    const { status, reason, message = 'It is so.' } = told[String(accountId)] ?? { status: 'ready' };
    if (status === 'throws') failing('RotationError', message);
    const findings = reason === undefined ? [] : [{ reason, message }];
    return { schemaVersion: 1, accountId, accountName: 'x', dryRun: true, status, findings, awsCalls: 3 };
  });
}

describe('fleet check', () => {
  it('asks the hub about every selected account, and nobody else', async () => {
    const asked = hubSays({});
    const ran = await check();
    expect(ran).toMatchObject({ code: 0, stdout: '3 ready.\n' });
    expect(ran.stderr).toContain(`Account ${HUB} may run 1000 functions concurrently.`);
    expect(ran.stderr).toContain('Next: keyturn fleet plan --fleet');
    expect(asked.toSorted((a, b) => String(a.accountId).localeCompare(String(b.accountId)))).toEqual(
      [PAYMENTS, CANARY, LAB].map((accountId) => ({ check: true, accountId })),
    );
  });

  it('names what is not ready, with the command that puts it right, and ends with 3', async () => {
    hubSays({
      [PAYMENTS]: { status: 'refused', reason: 'role-refused', message: 'Cannot take keyturn-observe.' },
      [LAB]: { status: 'ready', reason: 'paused', message: 'Somebody has paused the hub.' },
    });
    const ran = await check();
    expect(ran.code).toBe(3);
    expect(ran.stdout).toMatch(/^444455556666 +payments +– +✖ no role +Cannot take keyturn-observe\.$/m);
    expect(ran.stdout).toMatch(/^666677778888 +lab +– +! ready +Somebody/m);
    expect(ran.stdout).toContain('\n2 ready · 1 no role.\n');
    expect(ran.stdout).toContain(
      `444455556666: keyturn fleet members --hub-account ${HUB} --fleet ${cli.file} --profile <management account>. If its stack is there,`,
    );
    expect(ran.stdout).toContain('aws iam untag-role --role-name keyturn-rotate --tag-keys keyturn:paused');
    expect(ran.stderr).toMatch(
      /Again, only these: keyturn fleet check --fleet \S+ --account 444455556666 --stage test\n$/,
    );
  });

  it('knows what every reason of an account means', async () => {
    const codes = [
      'own-deployment',
      'second-hub',
      'trust-changed',
      'joining',
      'region-not-enabled',
      'denied-by-organization',
    ];
    for (const reason of codes) {
      hubSays({ [LAB]: { status: 'refused', reason } });
      const { code, stdout } = await check(['--account', LAB]);
      expect([code, stdout]).toEqual([
        3,
        expect.stringMatching(/^0 ready · 1 (?!not known)\D+\.\n {2}666677778888: \S/m),
      ]);
    }
    hubSays({ [LAB]: { status: 'refused', reason: 'new-tomorrow' } });
    expect((await check(['--account', LAB])).stdout).toContain('1 new-tomorrow');
  });

  it('says of an account that the deployed fleet does not know that the file is not deployed', async () => {
    hubSays({
      [LAB]: { status: 'not-selected', reason: 'excluded' },
      [PAYMENTS]: { status: 'not-selected', reason: 'not-tagged' },
    });
    const ran = await check();
    expect(ran.code).toBe(3);
    expect(ran.stdout).toContain('1 ready · 1 not tagged · 1 not deployed yet.');
    expect(ran.stdout).toContain(`666677778888: npx sls deploy --param="fleet=${cli.file}"`);
  });

  it('goes on where the hub fails with one account, and ends with 1', async () => {
    hubSays({ [CANARY]: { status: 'throws', message: 'Cannot list roles: Throttling' } });
    const ran = await check();
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('Cannot list roles: Throttling');
    expect(ran.stdout).toContain('2 ready · 1 failed.');
  });

  it('prints a document that its schema knows', async () => {
    hubSays({ [PAYMENTS]: { status: 'refused', reason: 'trust-changed' } });
    const { code, stdout } = await check(['--json']);
    expect(code).toBe(3);
    const document = fleetCheckOutput.parse(JSON.parse(stdout));
    expect(document).toMatchObject({ organizationId: ORGANIZATION, ready: 2, notReady: 1, leftOut: 0 });
    expect(document.hub).toEqual({ accountId: HUB, region: 'eu-west-1', stage: FLEET_STAGE, concurrency: 1000 });
    expect(document.accounts.map(({ accountId, status }) => [accountId, status])).toContainEqual([PAYMENTS, 'refused']);
  });

  it('says where the hub may run too few functions for its limits', async () => {
    hubSays({});
    cli.organization.hub.lambda.limitConcurrency(10);
    const { stderr } = await check();
    expect(stderr).toContain('may run 10 functions concurrently, and limits of fleet.yml ask for 70');
    expect(stderr).toContain('--quota-code L-B99A9384');
  });

  it('asks of one account only what is named, and says why another is left out', async () => {
    const asked = hubSays({});
    const ran = await check(['--account', LAB, '--account', HUB]);
    expect(asked).toEqual([{ check: true, accountId: LAB }]);
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain(`${HUB} is named by nothing in select (fleet.yml).`);
    expect(await check(['--account', '123456789012'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining(`--account: 123456789012 is not in organization ${ORGANIZATION}.`),
    });
  });

  it('says that there is no function, and how the hub is given its list of accounts', async () => {
    expect((await check()).stderr).toContain('There is no function keyturn-test-scheduled-rotation in eu-west-1');
    cli.organization.organizations.delegation = undefined;
    expect((await check()).stderr).toContain('Run `keyturn fleet grant` with credentials of the management account.');
  });

  it('leaves a command for one user in a member to the hub, which is told the account', async () => {
    const answer = {
      accountId: LAB,
      userName: 'alice',
      status: 'changed',
      reason: 'asked',
      message: 'Done.',
      plan: [],
      keys: [],
    };
    const asked = answering(cli.organization, 'rotate-user', ({ action }) => ({
      ...answer,
      dryRun: action === 'confirm',
    }));
    const environment = cli.environmentOf(HUB);
    const there = ['alice', '--account', LAB, '--stage', FLEET_STAGE];
    const ran = await keyturn(['rollback', ...there], { environment, answers: [{ to: /Roll alice back/, keys: 'y' }] });
    expect(ran.stderr).toContain(`Roll alice back in account ${LAB}, by the hub in ${HUB} (`);
    expect(ran).toMatchObject({ code: 0, stdout: 'Done.\n' });
    expect(ran.stderr).toContain(`keyturn hold alice --until <day> --account ${LAB} --stage test`);
    expect(asked).toEqual([
      { accountId: LAB, userName: 'alice', action: 'plan' },
      { accountId: LAB, userName: 'alice', action: 'rollback' },
    ]);
    const dry = await keyturn(['confirm', ...there, '--yes'], { environment });
    expect(dry.stderr).toContain(`the wave of ${LAB} has not begun`);
  });

  it('makes no call but those of its table, and one that it names below', async () => {
    hubSays({});
    await check();
    expect(actionsOutside(cli.organization)).toEqual(['lambda:Invoke']);
  });

  it('prints what it stands for, without a call', async () => {
    hubSays({});
    const one = await check(['--account', LAB, '--print']);
    expect(one.stdout).toBe(
      `printf %s '{"check":true,"accountId":"666677778888"}' | aws lambda invoke --function-name keyturn-test-scheduled-rotation ` +
        '--region eu-west-1 --cli-read-timeout 910 --payload fileb:///dev/stdin /dev/stdout\n',
    );
    const all = await check(['--print']);
    expect(all.stdout).toMatch(
      /^aws organizations list-accounts .* \| while read -r id; do printf '\{"check":true,"accountId":"%s"\}' "\$id" \| aws lambda invoke /,
    );
    expect(cli.organization.calls).toEqual([]);
  });
});
