import { describe, expect, it } from 'vitest';
import { decide, parseStatements } from '../../../../local/aws/policies/policy.ts';
import { sessionPolicy } from '../../../../shared/core/fleet/session-policy.ts';

const alice = { accountId: '444455556666', region: 'eu-west-1', userName: 'alice', userId: 'AIDAALICE' };
const settings = { secretPrefix: 'keyturn', cloudtrailLookups: false };
const SECRET = 'arn:aws:secretsmanager:eu-west-1:444455556666:secret:keyturn/AIDAALICE/access-key';

function may(action: string, resource: string, context: Record<string, string> = {}, own = settings): boolean {
  const statements = parseStatements(JSON.parse(sessionPolicy(alice, own)));
  return decide(statements, { action, resource, context }) === 'allowed';
}

describe('the policy of a session for one user', () => {
  it.each([
    ['alice herself', 'user/alice', true],
    ['alice, whatever her path', 'user/teams/a/alice', true],
    ['one whose name ends in hers', 'user/malice', false],
    ['one whose name begins with hers', 'user/alice2', false],
    ['one in a path of her name', 'user/alice/bob', false],
    ['a role of her name', 'role/alice', false],
  ])('lets keys be made for %s: %s', (_, resource, isAllowed) => {
    expect(may('iam:CreateAccessKey', `arn:aws:iam::444455556666:${resource}`)).toBe(isAllowed);
  });

  it('is of one account', () => {
    expect(may('iam:GetUser', 'arn:aws:iam::111122223333:user/alice')).toBe(false);
    expect(may('secretsmanager:PutSecretValue', `${SECRET.replace('4444', '1111')}-AbCdEf`)).toBe(false);
  });

  it.each([
    ['her secret', `${SECRET}-AbCdEf`, true],
    ['her secret before it is there', SECRET, true],
    ['another secret of hers', `${SECRET}-old-AbCdEf`, false],
    ['the secret of somebody else', `${SECRET.replace('ALICE', 'BOB')}-AbCdEf`, false],
    ['a secret elsewhere', `${SECRET.replace('eu-west-1', 'us-east-1')}-AbCdEf`, false],
  ])('lets values be stored in %s: %s', (_, resource, isAllowed) => {
    expect(may('secretsmanager:CreateSecret', resource)).toBe(isAllowed);
    expect(may('secretsmanager:PutSecretValue', resource)).toBe(isAllowed);
  });

  it('reads no value, and changes neither users nor their policies', () => {
    for (const action of ['secretsmanager:GetSecretValue', 'secretsmanager:DeleteSecret']) {
      expect(may(action, `${SECRET}-AbCdEf`)).toBe(false);
    }
    for (const action of ['iam:DeleteUser', 'iam:PutUserPolicy', 'iam:TagUser', 'iam:CreateLoginProfile']) {
      expect(may(action, 'arn:aws:iam::444455556666:user/alice')).toBe(false);
    }
  });

  it('uses KMS keys for her secret alone, through Secrets Manager', () => {
    const key = 'arn:aws:kms:eu-west-1:444455556666:key/1';
    const via = (service: string, arn: string) => ({
      'kms:ViaService': `${service}.eu-west-1.amazonaws.com`,
      'kms:EncryptionContext:SecretARN': arn,
    });
    expect(may('kms:GenerateDataKey', key, via('secretsmanager', `${SECRET}-AbCdEf`))).toBe(true);
    expect(may('kms:Decrypt', key, via('secretsmanager', 'RequestToValidateKeyAccess'))).toBe(true);
    expect(may('kms:Decrypt', key, via('secretsmanager', `${SECRET.replace('ALICE', 'BOB')}-AbCdEf`))).toBe(false);
    expect(may('kms:Decrypt', key, via('s3', `${SECRET}-AbCdEf`))).toBe(false);
    expect(may('kms:Decrypt', key)).toBe(false);
  });

  it('asks CloudTrail only where the settings do', () => {
    expect(may('secretsmanager:ListSecrets', '*')).toBe(true);
    expect(may('cloudtrail:LookupEvents', '*')).toBe(false);
    expect(may('cloudtrail:LookupEvents', '*', {}, { ...settings, cloudtrailLookups: true })).toBe(true);
  });

  it('sees in a fleet of several Regions whether she has a secret in another, and does no more there', () => {
    const there = SECRET.replace('eu-west-1', 'us-east-1');
    const statements = parseStatements(JSON.parse(sessionPolicy({ ...alice, otherRegions: ['us-east-1'] }, settings)));
    const can = (action: string, resource: string) => decide(statements, { action, resource }) === 'allowed';
    for (const resource of [there, `${there}-AbCdEf`]) {
      expect(can('secretsmanager:DescribeSecret', resource)).toBe(true);
      expect(can('secretsmanager:PutSecretValue', resource)).toBe(false);
      expect(can('secretsmanager:DescribeSecret', resource.replace('ALICE', 'BOB'))).toBe(false);
      expect(may('secretsmanager:DescribeSecret', resource)).toBe(false);
    }
  });

  it('is of the partition of its Region', () => {
    const document = sessionPolicy({ ...alice, region: 'cn-north-1' }, settings);
    expect(document).toContain('arn:aws-cn:iam::');
    expect(document).not.toContain('arn:aws:');
  });

  it('is one that STS takes, however long the names are', () => {
    const longest = {
      accountId: '444455556666',
      region: 'us-gov-west-1',
      userName: '+'.repeat(64),
      userId: 'A'.repeat(32),
      otherRegions: ['us-gov-east-1'],
    };
    const document = sessionPolicy(longest, { secretPrefix: 'p'.repeat(200), cloudtrailLookups: true });
    expect(document.length).toBeLessThanOrEqual(2_048);
  });
});
