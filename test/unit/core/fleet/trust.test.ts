// Tests of shared/core/fleet/trust.ts.

import { describe, expect, it } from 'vitest';
import { memberRoles } from '../../../../shared/core/fleet/member-roles.ts';
import { rolesTaken } from '../../../../shared/core/fleet/policy.ts';
import {
  areDisjoint,
  expectedTrust,
  isFunctionOf,
  rotatorOf,
  type Trusted,
  tagFindings,
  takersOf,
  trustDifference,
} from '../../../../shared/core/fleet/trust.ts';
import {
  EXTERNAL_ID,
  HUB,
  memberByCloudFormation,
  memberByTerraform,
  ORGANIZATION,
} from '../../../support/member-roles.ts';

const trusted: Trusted = {
  ...{ partition: 'aws', hubAccountId: HUB, organizationId: ORGANIZATION, externalId: EXTERNAL_ID },
  ...{ roleSuffix: '', accountId: '111122223333' },
};

describe('the trust of a role', () => {
  it.each([
    ['CloudFormation', memberByCloudFormation],
    ['Terraform', memberByTerraform],
  ])('is that of the template: %s', (_, member) => {
    const { observe, rotate } = member();
    expect(trustDifference(observe.trust, 'observe', trusted)).toBeUndefined();
    expect(trustDifference(rotate?.trust, 'rotate', trusted)).toBeUndefined();
    expect(observe.trust).toMatchObject(expectedTrust('observe', trusted));
  });

  it('names every function that is compiled to take the role', () => {
    for (const role of memberRoles) {
      const taking = Object.entries(rolesTaken).filter(([, roles]) => roles.some((each) => each === role));
      expect(takersOf(role)).toEqual(expect.arrayContaining(taking.map(([name]) => name)));
    }
    expect(takersOf('rotate')).not.toContain('evidence-collector');
  });

  type Changed = ReturnType<typeof expectedTrust>['Statement'][number];
  const [statement] = expectedTrust('rotate', trusted).Statement;
  if (statement === undefined) throw new Error('no statement');
  const { Condition } = statement;
  const difference = (changed: unknown) => trustDifference({ Statement: changed }, 'rotate', trusted);

  it.each<[string, unknown]>([
    ['one statement alone', { ...statement }],
    ['lists of one', [{ ...statement, Action: ['sts:AssumeRole'], Principal: { AWS: [`arn:aws:iam::${HUB}:root`] } }]],
    ['the account for its root', [{ ...statement, Principal: { AWS: HUB } }]],
    [
      'another order',
      [
        {
          ...statement,
          Condition: {
            ...Condition,
            ArnEquals: { 'aws:PrincipalArn': [...Condition.ArnEquals['aws:PrincipalArn']].reverse() },
          },
        },
      ],
    ],
    [
      'other capitals of a key',
      [{ ...statement, Condition: { ...Condition, StringLike: { 'STS:roleSessionName': 'keyturn-*' } } }],
    ],
    ['no ID', [{ ...statement, Sid: undefined }]],
  ])('may be written with %s', (_, changed) => {
    expect(difference(changed)).toBeUndefined();
  });

  const { StringLike: _, ...withoutNames } = Condition;
  const { ArnEquals: _arns, ...withoutCallers } = Condition;
  it.each<[string, unknown, string]>([
    ['everybody', [{ ...statement, Principal: '*' }], 'principal aws is absent; principal * is *'],
    ['another account', [{ ...statement, Principal: { AWS: '123456789012' } }], 'principal aws is 123456789012'],
    [
      'a service too',
      [{ ...statement, Principal: { ...statement.Principal, Service: 'ec2.amazonaws.com' } }],
      'principal service is ec2.amazonaws.com',
    ],
    ['any session name', [{ ...statement, Condition: withoutNames }], 'stringlike sts:rolesessionname is absent'],
    ['any role of the hub', [{ ...statement, Condition: withoutCallers }], 'arnequals aws:principalarn is absent'],
    [
      'tags of sessions',
      [{ ...statement, Action: ['sts:AssumeRole', 'sts:TagSession'] }],
      'action is sts:AssumeRole, sts:TagSession',
    ],
    ['whoever is not denied', [statement, statement], 'it has 2 statements, not one'],
    ['nobody', [], 'it has 0 statements, not one'],
    ['all others', [{ ...statement, NotPrincipal: { AWS: HUB } }], `notprincipal is {"AWS":"${HUB}"}`],
    [
      'whoever knows another external ID',
      [
        {
          ...statement,
          Condition: {
            ...Condition,
            StringEquals: { ...Condition.StringEquals, 'sts:ExternalId': 'another/111122223333' },
          },
        },
      ],
      'stringequals sts:externalid is another/111122223333',
    ],
    [
      'one function more',
      [
        {
          ...statement,
          Condition: {
            ...Condition,
            ArnEquals: {
              'aws:PrincipalArn': [...Condition.ArnEquals['aws:PrincipalArn'], 'arn:aws:iam::999900001111:role/x'],
            },
          },
        },
      ],
      'arnequals aws:principalarn is',
    ],
  ])('is another one where it lets in %s', (_, changed, says) => {
    expect(difference(changed)?.says).toContain(says);
    expect(difference(changed)?.isNarrower).toBe(false);
  });

  it('is only behind where it names fewer functions than the hub has', () => {
    const fewer: Changed['Condition']['ArnEquals'] = {
      'aws:PrincipalArn': Condition.ArnEquals['aws:PrincipalArn'].slice(1),
    };
    expect(difference([{ ...statement, Condition: { ...Condition, ArnEquals: fewer } }])?.isNarrower).toBe(true);
  });

  it('that cannot be read is another one', () => {
    for (const unread of [undefined, null, 'x', 1, {}]) {
      expect(trustDifference(unread, 'rotate', trusted)).toMatchObject({ isNarrower: false });
    }
  });
});

describe('what the template was given', () => {
  const wanted = { userPathPrefix: '/team/', secretPrefix: 'keyturn', region: 'eu-west-1', kmsKeyId: '', needs: [] };
  const tags = { 'keyturn:template': '1', 'keyturn:user-path-prefix': '/', 'keyturn:secret-prefix': 'keyturn' };
  const kinds = (given: Record<string, string>, of = {}) =>
    tagFindings('keyturn-rotate', { ...tags, ...given }, { ...wanted, ...of }).map(
      ({ kind, message }) => `${kind}: ${message}`,
    );

  it('is enough if it covers what the settings want', () => {
    expect(kinds({})).toEqual([]);
    expect(kinds({ 'keyturn:user-path-prefix': '/team/', 'keyturn:secret-region': 'eu-west-1' })).toEqual([]);
    const own = { kmsKeyId: 'arn:aws:kms:eu-west-1:111122223333:alias/own' };
    expect(kinds({ 'keyturn:kms-alias': 'alias/own' }, own)).toEqual([]);
    expect(kinds({}, { kmsKeyId: 'alias/aws/secretsmanager' })).toEqual([]);
  });

  it.each<[string, Record<string, string>, object, string]>([
    [
      'no lookups',
      { 'keyturn:cloudtrail-lookups': 'false' },
      { needs: ['cloudtrail-lookups'] },
      'keyturn-rotate is for a hub that needs no CloudtrailLookups, and this one does',
    ],
    [
      'no evidence',
      { 'keyturn:evidence': 'false' },
      { needs: ['evidence', 'aws-config'] },
      'keyturn-rotate is for a hub that needs no Evidence, and this one does',
    ],
    [
      'no rule of AWS Config',
      { 'keyturn:aws-config': 'false', 'keyturn:evidence': 'true' },
      { needs: ['evidence', 'aws-config'] },
      'keyturn-rotate is for a hub that needs no AwsConfig, and this one does',
    ],
    [
      'an older template',
      { 'keyturn:template': '0' },
      {},
      'template-outdated: keyturn-rotate is of template 0, and the hub is of 1',
    ],
    [
      'users of another path',
      { 'keyturn:user-path-prefix': '/ops/' },
      {},
      'parameters-differ: keyturn-rotate is for users below /ops/',
    ],
    ['fewer users', { 'keyturn:user-path-prefix': '/team/a/' }, {}, 'and the settings want /team/'],
    ['another prefix', { 'keyturn:secret-prefix': 'keys' }, {}, 'secrets of keys/, and the settings want keyturn/'],
    [
      'another Region',
      { 'keyturn:secret-region': 'us-east-1' },
      {},
      'secrets in us-east-1, and the settings want eu-west-1',
    ],
    ['no key', {}, { kmsKeyId: 'alias/own' }, 'no KMS key, and the settings want alias/own'],
    ['another key', { 'keyturn:kms-alias': 'alias/old' }, { kmsKeyId: 'alias/own' }, 'the KMS key alias/old'],
  ])('is told of: %s', (_, given, of, says) => {
    expect(kinds(given, of)).toEqual([expect.stringContaining(says)]);
  });
});

it.each([
  ['keyturn-rotate', '', undefined],
  ['keyturn-observe', '', undefined],
  ['keyturn-observe-b', '', undefined],
  ['keyturn-rotate-a', '-a', undefined],
  ['keyturn-rotate-b', '-a', 'second-hub'],
  ['keyturn-rotate', '-a', 'second-hub'],
  ['keyturn-rotation-worker', '', 'own-deployment'],
  ['keyturn-rotate-user-x', '', 'own-deployment'],
  ['keyturn-secret-rotation', '-a', 'own-deployment'],
  ['keyturn-operator', '', undefined],
])('a role %s beside the hub with suffix "%s" is %s', (name, suffix, kind) => {
  expect(rotatorOf(name, suffix)).toBe(kind);
});

it('functions of a deployment have its suffix', () => {
  expect(
    ['keyturn-rotate-user', 'keyturn-rotate-user-a', 'keyturn-operator'].map((name) => isFunctionOf(name, '')),
  ).toEqual([true, false, false]);
});

it.each([
  ['/', '/team/', false],
  ['/team/', '/', false],
  ['/team/', '/team/a/', false],
  ['/team/', '/ops/', true],
])('users below %s and %s are others: %s', (one, other, areOthers) => {
  expect(areDisjoint(one, other)).toBe(areOthers);
});
