// The commands about a fleet against the hub's own functions: cli/commands/fleet-check.ts, cli/commands/fleet-plan.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fleetCheckOutput, fleetPlanOutput } from '../../cli/output.ts';
import { createScheduledRotation } from '../../functions/scheduled-rotation.ts';
import { functionRoleArn } from '../../local/aws/principals.ts';
import type { LocalServer } from '../../local/aws/server.ts';
import { createFleetWorld, type FleetWorld, type FleetWorldOptions } from '../support/fleet-world.ts';
import { EXTERNAL_ID, HUB, ORGANIZATION, UNITS } from '../support/organization.ts';
import { serveOrganization } from '../support/organization-server.ts';
import { keyturn } from '../support/terminal.ts';

const [PAYMENTS, CANARY, LAB] = ['444455556666', '555566667777', '666677778888'] as const;
let world: FleetWorld;
let server: LocalServer | undefined;
let folder: string;

beforeEach(async () => {
  await deploy();
  folder = mkdtempSync(join(tmpdir(), 'keyturn-fleet-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server?.close();
});

async function deploy(options: FleetWorldOptions = {}): Promise<void> {
  await server?.close();
  world = createFleetWorld(options);
  const handler = createScheduledRotation(world.runtime('scheduled-rotation'));
  const functionName = 'keyturn-test-scheduled-rotation';
  world.hub.lambda.deploy({
    ...{ functionName, roleArn: functionRoleArn(HUB, 'scheduled-rotation'), environment: world.environment },
    handler: (event) =>
      handler(event, { awsRequestId: 'r', functionName, getRemainingTimeInMillis: () => 900_000 } as Context),
  });
  server = await serveOrganization(world.organization);
}

/** With the fleet as it is deployed, or as it would be without these accounts, or with more in its file. */
function fleet(args: readonly string[], excluded: readonly string[] = [], more = '') {
  const file = join(folder, 'fleet.yml');
  const exclude =
    excluded.length === 0 ? '' : `exclude: { accounts: [${excluded.map((id) => `'${id}'`).join(', ')}] }\n`;
  writeFileSync(
    file,
    `organizationId: ${ORGANIZATION}
externalId: ${EXTERNAL_ID}
select: { organizationalUnits: [${UNITS.prod}, ${UNITS.dev}] }
${exclude}${more}waves:
  - { name: canary, organizationalUnits: [${UNITS.canary}], enforceFrom: 2025-06-01 }
  - { name: all, organizationalUnits: [${UNITS.prod}, ${UNITS.dev}], enforceFrom: 2025-07-01 }
`,
  );
  const { accessKeyId, secretAccessKey } = world.organization.operatorOf(HUB);
  const environment = {
    ...{ AWS_ENDPOINT_URL: server?.url ?? '', AWS_REGION: 'eu-west-1' },
    ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
  };
  const now = world.organization.clock.now();
  return keyturn(['fleet', ...args, '--fleet', file, '--stage', 'test'], { environment, now });
}

it('an account is ready as its template makes it, and is not without its role or against the organization', async () => {
  expect(await fleet(['check'])).toMatchObject({ code: 0, stdout: '3 ready.\n' });
  world.organization.account(LAB).iam.deleteRole('keyturn-observe');
  world.organization.account(PAYMENTS).iam.simulateOrganization(['iam:CreateAccessKey']);
  world.organization.account(CANARY).iam.setRoleTags('keyturn-rotate', { 'keyturn:paused': 'true' });
  const ran = await fleet(['check', '--json']);
  expect(ran.code).toBe(3);
  const { accounts } = fleetCheckOutput.parse(JSON.parse(ran.stdout));
  const found = accounts.map(({ accountId, status, findings }) => [accountId, status, findings[0]?.reason]);
  expect(found).toEqual([
    [PAYMENTS, 'refused', 'denied-by-organization'],
    [CANARY, 'ready', 'paused'],
    [LAB, 'refused', 'role-refused'],
  ]);
});

it('of a role that is refused it says how to see why, and nothing that leads back to itself', async () => {
  const { iam } = world.organization.account(LAB);
  const others = JSON.stringify(iam.role('keyturn-observe')?.trust.document).replaceAll(EXTERNAL_ID, 'of-another-hub');
  iam.setTrust('keyturn-observe', JSON.parse(others));
  const { code, stdout } = await fleet(['check', '--account', LAB]);
  expect(code).toBe(3);
  expect(stdout).toContain(`Cannot take keyturn-observe in ${LAB} (lab): AWS refuses.`);
  expect(stdout).not.toContain('fleet check');
  expect(stdout).toContain(`${LAB}: keyturn fleet members --hub-account ${HUB}`);
  expect(stdout).toContain(
    'In that account: aws iam get-role --role-name keyturn-observe --query Role.AssumeRolePolicyDocument',
  );
  expect(stdout).toContain(`should say "sts:ExternalId": "${EXTERNAL_ID}/<account>"`);
});

it('it names the external ID of another hub where the role that looks is let in', async () => {
  const { iam } = world.organization.account(LAB);
  const others = JSON.stringify(iam.role('keyturn-rotate')?.trust.document).replaceAll(EXTERNAL_ID, 'of-another-hub');
  iam.setTrust('keyturn-rotate', JSON.parse(others));
  const { stdout } = await fleet(['check', '--account', LAB]);
  expect(stdout).toContain('trust changed');
  expect(stdout).toContain(`stringequals sts:externalid is of-another-hub/${LAB}`);
});

it('an account that lets the hub look only is told of no tag of a role that it has not', async () => {
  await deploy({ parameters: { Rotates: 'false' } });
  const { stdout } = await fleet(['check', '--account', LAB]);
  expect(stdout).toContain('lets the hub look only (Rotates=false)');
  expect(stdout).toContain('Rotates=true');
  expect(stdout).not.toContain('untag-role');
});

it('the command that enables a Region names that of the account', async () => {
  await deploy({ fleet: { settings: [{ accounts: [LAB], region: 'eu-south-1' }] } });
  world.organization.account(LAB).disableRegion('eu-south-1');
  const ran = await fleet(
    ['check', '--account', LAB],
    [],
    `settings: [{ accounts: ['${LAB}'], region: eu-south-1 }]\n`,
  );
  expect(ran.stdout).toContain(`aws account enable-region --account-id ${LAB} --region-name eu-south-1, or set`);
});

it('the plan is what the hub would do in each account, and departures are those that only it still knows', async () => {
  world.organization.account(LAB).iam.addUser({ userName: 'alice', keys: [{ ageDays: 100 }] });
  const before = world.organization.calls.length;
  const ran = await fleet(['plan', '--json'], [PAYMENTS]);
  expect(ran.code).toBe(0);
  const { accounts, departures, waves } = fleetPlanOutput.parse(JSON.parse(ran.stdout));
  expect(accounts.map(({ accountId, status }) => [accountId, status])).toEqual([
    [LAB, 'planned'],
    [CANARY, 'planned'],
  ]);
  expect(accounts[0]?.plan).toMatchObject([{ userName: 'alice', action: 'issue' }]);
  expect(departures.map(({ accountId, reason }) => [accountId, reason])).toEqual([[PAYMENTS, 'excluded']]);
  expect(waves.map(({ name, accounts: count, changed }) => [name, count, changed])).toEqual([
    ['canary', 1, 0],
    ['all', 1, 1],
  ]);
  const writes = world.organization.calls.slice(before).filter(({ call }) => call.mutating);
  expect(writes).toEqual([]);
});
