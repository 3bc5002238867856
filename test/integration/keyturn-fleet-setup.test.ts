// cli/commands/fleet-init.ts, cli/commands/fleet-grant.ts, cli/commands/fleet-members.ts, cli/fleet/stack-set.ts,
// cli/fleet/tree.ts

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { WireRequest, WireResponse } from '../../local/aws/call.ts';
import type { LocalServer } from '../../local/aws/server.ts';
import type { LocalOrganization } from '../../local/organization/organization.ts';
import { parseFleet } from '../../shared/core/fleet/fleet.ts';
import { createFleetOrganization, HUB, MANAGEMENT, MEMBERS, UNITS } from '../support/organization.ts';
import { serveOrganization } from '../support/organization-server.ts';
import { keyturn, type Typing } from '../support/terminal.ts';

let organization: LocalOrganization;
let server: LocalServer;
let folder: string;
let file: string;
const stackSets = fakeStackSets();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-fleet-'));
  file = join(folder, 'fleet.yml');
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  organization = createFleetOrganization();
  stackSets.reset();
  server = await serveOrganization(organization, stackSets.answer);
});
afterEach(() => server.close());

function fleet(args: readonly string[], typing: Typing = {}) {
  const { accessKeyId, secretAccessKey } = organization.operatorOf(MANAGEMENT);
  const environment = {
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  return keyturn(['fleet', ...args], { environment, ...typing });
}

describe('fleet init', () => {
  afterEach(() => rmSync(file, { force: true }));

  it('writes a file that reads as it was meant, once', async () => {
    const ran = await fleet(['init', '--fleet', file]);
    expect(ran).toMatchObject({
      code: 0,
      stdout: `${file}: organization ${organization.organizationId}, ${organization.accountIds.length} accounts, all of them in a dry run.\n`,
    });
    const text = readFileSync(file, 'utf8');
    const read = parseFleet(parse(text));
    expect(read).toMatchObject({ select: { organizationalUnits: [UNITS.root] }, waves: [] });
    expect(read.externalId).toMatch(/^[0-9a-f-]{36}$/);
    for (const { accountId } of MEMBERS) expect(text).toContain(`'${accountId}'`);
    const again = await fleet(['init', '--fleet', file]);
    expect(again).toMatchObject({ code: 64, stdout: '' });
    expect(again.stderr).toContain('the file is there already');
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('prints instead, and writes nothing', async () => {
    const { code, stdout } = await fleet(['init', '--fleet', file, '--print']);
    expect(code).toBe(0);
    expect(parseFleet(parse(stdout)).organizationId).toBe(organization.organizationId);
    expect(existsSync(file)).toBe(false);
  });
});

describe('fleet grant', () => {
  const grant = ['grant', '--hub-account', HUB];
  const policy = () => organization.organizations.delegation?.document;
  const put = (document: string): void => {
    organization.organizations.delegation = { document, statements: [] };
  };

  beforeEach(() => {
    put(
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'Backup',
            Effect: 'Allow',
            Principal: { AWS: MANAGEMENT },
            Action: 'organizations:List*',
            Resource: '*',
          },
        ],
      }),
    );
  });

  it('merges, shows what will be, asks, and is done only once', async () => {
    const ran = await fleet(grant, { answers: [{ to: /list accounts/, keys: 'y' }] });
    expect(ran).toMatchObject({ code: 0, stdout: `${HUB} can list the accounts of the organization.\n` });
    expect(ran.stderr).toContain('"Sid": "Backup"');
    expect(JSON.parse(policy() ?? '')).toMatchObject({ Statement: [{ Sid: 'Backup' }, { Sid: `KeyturnHub${HUB}` }] });
    const again = await fleet([...grant, '--yes']);
    expect(again.stdout).toContain('already: nothing to do');
  });

  it('changes nothing when it is told no, or only prints', async () => {
    const before = policy();
    const no = await fleet(grant, { answers: [{ to: /list accounts/, keys: 'n' }] });
    expect(no).toMatchObject({ code: 1, stdout: '' });
    const { stdout } = await fleet([...grant, '--print']);
    expect(stdout).toMatch(/^aws organizations put-resource-policy --content '\{.*"Backup".*KeyturnHub/);
    expect(policy()).toBe(before);
  });

  it('takes the right away, and the policy with it where nothing else is in it', async () => {
    await fleet([...grant, '--yes']);
    await fleet([...grant, '--revoke', '--yes']);
    expect(JSON.parse(policy() ?? '')).toMatchObject({ Statement: [{ Sid: 'Backup' }] });
    organization.organizations.delegation = undefined;
    await fleet([...grant, '--yes']);
    const { stdout } = await fleet([...grant, '--revoke', '--yes', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ hubAccount: HUB, changed: true });
    expect(policy()).toBeUndefined();
  });

  it('leaves a policy alone that it does not understand', async () => {
    put('{"Version":"2008-10-17"}');
    const ran = await fleet([...grant, '--yes']);
    expect(ran.code).toBe(64);
    expect(ran.stderr).toContain('Nothing was changed');
    expect(policy()).toBe('{"Version":"2008-10-17"}');
  });
});

describe('fleet members', () => {
  const members = ['members', '--hub-account', HUB, '--yes'];

  beforeEach(() => {
    writeFileSync(
      file,
      `organizationId: ${organization.organizationId}
externalId: a3f1c2d4-9f00-4000-8000-000000000000
select: { organizationalUnits: [${UNITS.prod}], accounts: ['666677778888'] }
exclude: { accounts: ['555566667777'] }
`,
    );
  });

  it('deploys the template with what the fleet says, and updates it the next time', async () => {
    const ran = await fleet([...members, '--fleet', file, '--suffix', '-prod', '--parameter', 'AwsConfig=true']);
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('StackSet keyturn-member-prod in eu-west-1 was created'),
    });
    const [access, describe, create, units, single] = stackSets.asked;
    expect([access?.get('Action'), describe?.get('Action')]).toEqual([
      'DescribeOrganizationsAccess',
      'DescribeStackSet',
    ]);
    expect(create?.get('Action')).toBe('CreateStackSet');
    expect(create?.get('TemplateBody')).toBe(readFileSync('resources/member/keyturn-member.yml', 'utf8'));
    expect(create?.get('PermissionModel')).toBe('SERVICE_MANAGED');
    expect(parametersIn(create)).toEqual({
      HubAccountId: HUB,
      OrganizationId: organization.organizationId,
      ExternalId: 'a3f1c2d4-9f00-4000-8000-000000000000',
      Suffix: '-prod',
      AwsConfig: 'true',
    });
    const targets = 'DeploymentTargets';
    expect(units?.get(`${targets}.OrganizationalUnitIds.member.1`)).toBe(UNITS.prod);
    expect(units?.get(`${targets}.Accounts.member.1`)).toBe('555566667777');
    expect(units?.get(`${targets}.AccountFilterType`)).toBe('DIFFERENCE');
    expect(single?.get(`${targets}.OrganizationalUnitIds.member.1`)).toBe(UNITS.root);
    expect(single?.get(`${targets}.AccountFilterType`)).toBe('INTERSECTION');
    const again = await fleet([...members, '--fleet', file, '--suffix', '-prod']);
    expect(again.stdout).toContain('was updated');
    expect(stackSets.asked.map((each) => each.get('Action'))).toContain('UpdateStackSet');
  });

  it('asks for trusted access first, and says how it is given', async () => {
    stackSets.access = 'DISABLED';
    const ran = await fleet([...members, '--fleet', file]);
    expect(ran.code).toBe(64);
    expect(ran.stderr).toContain('aws cloudformation activate-organizations-access');
    expect(stackSets.asked).toHaveLength(1);
  });

  it('prints commands without a call', async () => {
    const { code, stdout } = await fleet([...members, '--fleet', file, '--print', '--region', 'eu-central-1']);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'aws cloudformation activate-organizations-access',
      'aws cloudformation create-stack-set',
      'aws cloudformation create-stack-instances',
      'aws cloudformation create-stack-instances',
    ]);
    expect(lines[1]).toContain('ParameterKey=ExternalId,ParameterValue=a3f1c2d4-9f00-4000-8000-000000000000');
    expect(stackSets.asked).toEqual([]);
    expect(organization.calls).toEqual([]);
  });

  it.each([
    [['--parameter', 'AwsConfig'], '--parameter "AwsConfig"'],
    [['--fleet', 'nowhere.yml'], 'nowhere.yml'],
  ])('refuses %j', async (args, said) => {
    const ran = await fleet([...members, '--fleet', file, ...args]);
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).toContain(said);
  });
});

it('a hub has an account of 12 digits', async () => {
  expect(await fleet(['grant', '--hub-account', '1234'])).toMatchObject({ code: 64 });
  expect(await fleet(['grant'])).toMatchObject({ code: 64 });
});

function parametersIn(form: URLSearchParams | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of form ?? []) {
    const [, index] = /^Parameters\.member\.(\d+)\.ParameterKey$/.exec(name) ?? [];
    if (index !== undefined) found[value] = form?.get(`Parameters.member.${index}.ParameterValue`) ?? '';
  }
  return found;
}

/** As much of CloudFormation as these commands ask, by its query protocol. */
function fakeStackSets() {
  const asked: URLSearchParams[] = [];
  const sets = new Set<string>();
  const fake = {
    asked,
    access: 'ENABLED',
    reset() {
      asked.length = 0;
      sets.clear();
      fake.access = 'ENABLED';
    },
    answer(request: WireRequest): WireResponse | undefined {
      if (!(request.headers.authorization ?? '').includes('/cloudformation/')) return undefined;
      const form = new URLSearchParams(Buffer.from(request.body).toString('utf8'));
      asked.push(form);
      return answerTo(form.get('Action') ?? '', form.get('StackSetName') ?? '', fake.access);
    },
  };
  function answerTo(action: string, name: string, access: string): WireResponse {
    const xml = (statusCode: number, body: string): WireResponse => ({
      statusCode,
      headers: { 'content-type': 'text/xml' },
      body,
    });
    const result = (inner: string) =>
      xml(200, `<${action}Response><${action}Result>${inner}</${action}Result></${action}Response>`);
    if (action === 'DescribeOrganizationsAccess') return result(`<Status>${access}</Status>`);
    if (action === 'DescribeStackSet') {
      if (sets.has(name)) return result('<StackSet><Status>ACTIVE</Status></StackSet>');
      const code = '<Code>StackSetNotFoundException</Code><Message>There is none.</Message>';
      return xml(404, `<ErrorResponse><Error><Type>Sender</Type>${code}</Error></ErrorResponse>`);
    }
    if (action === 'CreateStackSet') {
      sets.add(name);
      return result('<StackSetId>keyturn-member:1</StackSetId>');
    }
    return result(`<OperationId>operation-${asked.length}</OperationId>`);
  }
  return fake;
}
