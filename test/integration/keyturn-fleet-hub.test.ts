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
import { createFleetWorld, type FleetWorld } from '../support/fleet-world.ts';
import { EXTERNAL_ID, HUB, ORGANIZATION, UNITS } from '../support/organization.ts';
import { serveOrganization } from '../support/organization-server.ts';
import { keyturn } from '../support/terminal.ts';

const [PAYMENTS, CANARY, LAB] = ['444455556666', '555566667777', '666677778888'] as const;
let world: FleetWorld;
let server: LocalServer;
let folder: string;

beforeEach(async () => {
  world = createFleetWorld();
  const handler = createScheduledRotation(world.runtime('scheduled-rotation'));
  const functionName = 'keyturn-test-scheduled-rotation';
  world.hub.lambda.deploy({
    ...{ functionName, roleArn: functionRoleArn(HUB, 'scheduled-rotation'), environment: world.environment },
    handler: (event) =>
      handler(event, { awsRequestId: 'r', functionName, getRemainingTimeInMillis: () => 900_000 } as Context),
  });
  server = await serveOrganization(world.organization);
  folder = mkdtempSync(join(tmpdir(), 'keyturn-fleet-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

/** With the fleet as it is deployed, or as it would be without these accounts. */
function fleet(args: readonly string[], excluded: readonly string[] = []) {
  const file = join(folder, 'fleet.yml');
  const exclude =
    excluded.length === 0 ? '' : `exclude: { accounts: [${excluded.map((id) => `'${id}'`).join(', ')}] }\n`;
  writeFileSync(
    file,
    `organizationId: ${ORGANIZATION}
externalId: ${EXTERNAL_ID}
select: { organizationalUnits: [${UNITS.prod}, ${UNITS.dev}] }
${exclude}waves:
  - { name: canary, organizationalUnits: [${UNITS.canary}], enforceFrom: 2025-06-01 }
  - { name: all, organizationalUnits: [${UNITS.prod}, ${UNITS.dev}], enforceFrom: 2025-07-01 }
`,
  );
  const { accessKeyId, secretAccessKey } = world.organization.operatorOf(HUB);
  const environment = {
    ...{ AWS_ENDPOINT_URL: server.url, AWS_REGION: 'eu-west-1' },
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
